"""If-touched, trailing-limit, auction and pegged orders: gap, touch and miss, on both sides.

Bar 0 is the decision, flat at 100. Tables are written for a buyer; the seller's market is the same
one upside down, every price p becoming 200 - p.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.brokers.simulated.policy import FillPolicy
from framework.components.slippage import FixedSlippage
from framework.domain.orders import Order, OrderType, Side, TimeInForce, pct, points
from framework.domain.terms import Peg, Terms
from tests.builders import Market, Row, bars_of, five_minutes, mirrored, order_of

START: Row = (100, 100, 100, 100)
OPG = TimeInForce.OPG
POLICIES = {
    "pessimistic": FillPolicy(quoted_spread=20.0),
    "next_bar": FillPolicy(intrabar="next_bar", quoted_spread=20.0),
    "path": FillPolicy(intrabar="path", quoted_spread=20.0),
    "finer": FillPolicy(intrabar="finer", quoted_spread=20.0),
    "submission": FillPolicy(queue="submission", quoted_spread=20.0),
}
"""A quote 20 ticks of 0.01 wide: the open - 0.10 bid, the open + 0.10 asked."""


def upside_down(order: Order) -> Order:
    return replace(
        order,
        side=order.side.opposite,
        limit=None if order.limit is None else 200 - order.limit,
        stop=None if order.stop is None else 200 - order.stop,
    )


MIT = order_of("market_if_touched", stop=95)
LIT = order_of("limit_if_touched", stop=95, limit=94)
WIDE = order_of("limit_if_touched", stop=95, limit=96)
SAME = order_of("limit_if_touched", stop=95, limit=95)
TRAIL = order_of("trail_limit", trail=points(5), terms=Terms(limit_offset=1.0))
TIGHT = order_of("trail_limit", trail=points(5), terms=Terms(limit_offset=0.0))
ODD = order_of("trail_limit", trail=points(5), terms=Terms(limit_offset=0.009))

# name, order of a buyer, bars after the decision, (bar, price) of the fill, only just touched
TRIGGERED = [
    ("mit missed", MIT, [(100, 101, 95.01, 97)], None, False),
    ("mit touched", MIT, [(100, 101, 95, 97)], (1, 95), False),
    ("mit passed", MIT, [(100, 101, 90, 97)], (1, 95), False),
    ("mit gapped takes the better open", MIT, [(93, 96, 92, 95)], (1, 93), False),
    ("mit, open is it", MIT, [(95, 96, 94, 95)], (1, 95), False),
    ("mit already touched", replace(MIT, stop=105), [(101, 103, 99, 100)], (1, 101), False),
    ("mit waits", MIT, [(100, 101, 96, 97), (97, 98, 94, 95)], (2, 95), False),
    ("lit missed", LIT, [(100, 101, 95.01, 97)], None, False),
    ("lit touched, its limit not", LIT, [(100, 101, 94.01, 97)], None, False),
    ("lit touched and its limit too", LIT, [(100, 101, 94, 97)], (1, 94), True),
    ("lit, bar goes beyond its limit", LIT, [(100, 101, 90, 97)], (1, 94), False),
    (
        "lit once touched is a limit in later bars",
        LIT,
        [(100, 101, 94.5, 97), (97, 98, 94, 95)],
        (2, 94),
        True,
    ),
    (
        "lit once touched takes a better open",
        LIT,
        [(100, 101, 94.5, 97), (93, 94, 92, 93)],
        (2, 93),
        False,
    ),
    (
        "lit once touched needs no second touch",
        replace(LIT, limit=96, stop=90),
        [(100, 101, 96, 97), (97, 98, 90, 95)],
        (2, 90),
        False,
    ),
    ("lit gapped between trigger and limit", LIT, [(94.5, 96, 94.01, 95)], None, False),
    ("lit gapped, the bar goes to its limit", LIT, [(94.5, 96, 93.5, 95)], (1, 94), False),
    ("lit gapped beyond its limit", LIT, [(93, 96, 92, 95)], (1, 93), False),
    ("lit, limit above the trigger", WIDE, [(100, 101, 95, 97)], (1, 95), False),
    ("lit, limit above the trigger, gapped", WIDE, [(94, 96, 93, 95)], (1, 94), False),
    ("lit, limit at the trigger", SAME, [(100, 101, 95, 97)], (1, 95), True),
    ("trail-limit missed", TRAIL, [(100, 104.99, 98, 101)], None, False),
    ("trail-limit touched", TRAIL, [(100, 105, 98, 101)], (1, 105), False),
    ("trail-limit gapped within its limit", TRAIL, [(105.5, 109, 105, 108)], (1, 105.5), False),
    ("trail-limit gapped beyond its limit", TRAIL, [(108, 110, 106.01, 109)], None, False),
    (
        "trail-limit gapped beyond, the bar comes back",
        TRAIL,
        [(108, 110, 105.5, 109)],
        (1, 106),
        False,
    ),
    (
        "trail-limit once triggered no longer moves",
        TRAIL,
        [(108, 110, 107, 107.5), (107, 108, 106.5, 107), (107, 107, 106, 106.5)],
        (3, 106),
        True,
    ),
    (
        "trail-limit follows the close with its limit",
        TRAIL,
        [(100, 101, 90, 96), (96, 100.99, 95, 97), (101.5, 103, 101, 102)],
        (3, 101.5),
        False,
    ),
    (
        "trail-limit followed, gapped beyond its limit",
        TRAIL,
        [(100, 101, 90, 96), (102.5, 103, 102.01, 102.5)],
        None,
        False,
    ),
    ("trail-limit without an offset", TIGHT, [(100, 105, 98, 101)], (1, 105), False),
    ("trail-limit without an offset, gapped", TIGHT, [(105.01, 107, 105.01, 106)], None, False),
    ("its limit lies on the grid", ODD, [(105.005, 107, 105.005, 106)], None, False),
]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
@pytest.mark.parametrize(
    ("order", "rows", "expected", "touch"),
    [c[1:] for c in TRIGGERED],
    ids=[c[0] for c in TRIGGERED],
)
def test_triggered_order(
    order: Order,
    rows: list[Row],
    expected: tuple[int, float] | None,
    touch: bool,
    side: Side,
    policy: str,
) -> None:
    if policy == "submission" and order.terms.limit_offset == 0.0:
        expected = None  # the published queue takes a limit at the stop as seen before it
    if side is Side.SELL:
        order, rows = upside_down(order), mirrored(rows)
        expected = expected and (expected[0], 200 - expected[1])
    market = Market(bars_of([START, *rows]), policy=POLICIES[policy])
    market.step()
    market.submit(order)
    assert not market.fills, "nothing fills inside submit"
    market.step(len(rows))
    if expected is None:
        assert market.trades() == []
        assert market.path("o1") == ["working"]
        return
    assert market.trades() == [("o1", expected[0], side * 10.0, expected[1])]
    assert market.path("o1") == ["working", "filled"]
    if policy == "pessimistic":
        assert market.fills[0].touch is touch


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
def test_a_percent_trail_carries_its_limit(side: Side) -> None:
    """5 % above a close of 80 is 84 and the limit 84.5; below 120 it is 114 and 113.5."""
    order = order_of("trail_limit", side, trail=pct(5), terms=Terms(limit_offset=0.5))
    rows = [(100, 101, 79, 80), (81, 90, 80, 81)]
    stop, limit = 84.0, 84.5
    if side is Side.SELL:
        rows = [(100, 121, 99, 120), (119, 120, 110, 119)]
        stop, limit = 114.0, 113.5
    market = Market(bars_of([START, *rows]))
    market.step()
    market.submit(order)
    market.step(2)
    assert market.trades() == [("o1", 2, side * 10.0, stop)]
    assert (market.fills[0].order.stop, market.fills[0].order.limit) == (stop, limit)


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
@pytest.mark.parametrize(
    ("order", "slips"),
    [
        (order_of("market_if_touched", stop=98), True),
        (order_of("limit_if_touched", stop=98, limit=97), False),
        (order_of("trail_limit", trail=points(1), terms=Terms(limit_offset=9.0)), False),
        (order_of("market", tif=OPG), False),
        (order_of("market_on_close"), False),
        (order_of("limit_on_close", limit=120), False),
        (order_of("peg_mid", terms=Terms(peg=Peg.MID)), False),
        (order_of("relative", terms=Terms(peg=Peg.PRIMARY)), False),
    ],
    ids=lambda value: str(value.type) if isinstance(value, Order) else "",
)
def test_what_takes_liquidity_slips(order: Order, slips: bool, side: Side) -> None:
    """The auctions have one price for all, and limits wait for whoever comes."""
    rows: list[Row] = [START, (100, 103, 90, 101)]
    if side is Side.SELL:
        order, rows = upside_down(order), mirrored(rows)
    market = Market(bars_of(rows), slippage=FixedSlippage(0.25))
    market.step()
    market.submit(order)
    market.step()
    (fill,) = market.fills
    assert fill.price - fill.reference == (side * 0.25 if slips else 0.0)


# the auctions ------------------------------------------------------------------------------

MORNING: Row = (103, 106, 94, 102)
NOON: Row = (102, 104, 93, 98)
CLOSING: Row = (98, 101, 92, 99)
SESSION = [MORNING, NOON, CLOSING]
"""One session of three bars; its opening auction trades at 103, its closing auction at 99."""

# name, order of a buyer, fill as (bar of the session, price), only just touched
AUCTIONS = [
    ("market on open", order_of("market", tif=OPG), (0, 103), False),
    ("limit on open at the limit", order_of("limit", limit=103, tif=OPG), (0, 103), True),
    ("limit on open takes the better open", order_of("limit", limit=105, tif=OPG), (0, 103), False),
    ("limit on open missed, reached later", order_of("limit", limit=102, tif=OPG), None, False),
    ("market on close", order_of("market_on_close"), (2, 99), False),
    ("limit on close at the limit", order_of("limit_on_close", limit=99), (2, 99), True),
    ("limit on close, close is better", order_of("limit_on_close", limit=100), (2, 99), False),
    ("limit on close missed, reached before", order_of("limit_on_close", limit=98), None, False),
]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
@pytest.mark.parametrize("after", [1, 3], ids=["sent in mid-session", "sent at the close"])
@pytest.mark.parametrize(
    ("order", "expected", "touch"), [c[1:] for c in AUCTIONS], ids=[c[0] for c in AUCTIONS]
)
def test_auction(
    order: Order,
    expected: tuple[int, float] | None,
    touch: bool,
    after: int,
    side: Side,
    policy: str,
) -> None:
    """An order sent in mid-session has the close of that session and the open of the next."""
    rows: list[Row] = SESSION * 3
    if side is Side.SELL:
        order, rows = upside_down(order), mirrored(rows)
    if order.tif is not OPG:
        order = replace(order, tif=TimeInForce.DAY)
    market = Market(five_minutes(rows, 3), policy=POLICIES[policy])
    market.step(after)
    market.submit(order)
    market.step(9 - after)
    if expected is None:
        assert market.trades() == []
        assert market.path("o1") == ["working", "expired"]
        return
    at_open = order.tif is OPG
    session = 0 if after < 3 and not at_open else 1
    price = expected[1] if side is Side.BUY else 200 - expected[1]
    assert market.trades() == [("o1", 3 * session + expected[0], side * 10.0, price)]
    assert market.path("o1") == ["working", "filled"]
    assert market.fills[0].touch is touch


def test_on_daily_bars_the_auctions_are_the_open_and_the_close() -> None:
    market = Market(bars_of([START, (103, 106, 94, 102)]))
    market.step()
    market.submit(order_of("market", tif=OPG, id="open"))
    market.submit(order_of("market_on_close", id="close"))
    market.step()
    assert [t[::3] for t in market.trades()] == [("open", 103), ("close", 102)]


# pegged ------------------------------------------------------------------------------------


def pegged(peg: Peg, offset: float = 0.0, limit: float | None = None) -> Order:
    kind = {
        Peg.MID: OrderType.PEG_MID,
        Peg.BEST: OrderType.PEG_BEST,
        Peg.PRIMARY: OrderType.RELATIVE,
    }[peg]
    return order_of(kind, limit=limit, terms=Terms(peg=peg, peg_offset=offset))


# name, order of a buyer, lows of the bars, which open at 100 and 101; (bar, price) of the fill
PEGGED = [
    ("mid: the market comes to the bid", pegged(Peg.MID), [99.90], (1, 100)),
    ("mid: it does not come to the bid", pegged(Peg.MID), [99.91], None),
    ("mid, less an offset", pegged(Peg.MID, 0.04), [99.90], (1, 99.96)),
    ("mid, less an offset, missed", pegged(Peg.MID, 0.04), [99.91], None),
    ("mid, behind the bid", pegged(Peg.MID, 0.30), [99.70], (1, 99.70)),
    ("mid, behind the bid, missed", pegged(Peg.MID, 0.30), [99.71], None),
    ("mid, no worse than its limit", pegged(Peg.MID, limit=99.95), [99.90], (1, 99.95)),
    ("mid, its limit behind the bid", pegged(Peg.MID, limit=99.50), [99.51], None),
    ("mid follows the next bar's quote", pegged(Peg.MID), [99.95, 100.90], (2, 101)),
    ("best, at the bid", pegged(Peg.BEST), [99.90], (1, 99.90)),
    ("best, at the bid, missed", pegged(Peg.BEST), [99.91], None),
    ("best, a cent in front", pegged(Peg.BEST, 0.01), [99.90], (1, 99.91)),
    ("relative, at the bid", pegged(Peg.PRIMARY), [99.90], (1, 99.90)),
    ("relative, in front by its offset", pegged(Peg.PRIMARY, 0.04), [99.90], (1, 99.94)),
    ("relative, in front, missed", pegged(Peg.PRIMARY, 0.04), [99.91], None),
    ("relative, never beyond the middle", pegged(Peg.PRIMARY, 5.0), [99.90], (1, 100)),
    ("relative, no worse than its limit", pegged(Peg.PRIMARY, 0.04, 99.92), [99.90], (1, 99.92)),
    ("relative follows the next bar's quote", pegged(Peg.PRIMARY), [99.95, 100.90], (2, 100.90)),
]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
@pytest.mark.parametrize(
    ("order", "lows", "expected"), [c[1:] for c in PEGGED], ids=[c[0] for c in PEGGED]
)
def test_pegged_order(
    order: Order, lows: list[float], expected: tuple[int, float] | None, side: Side, policy: str
) -> None:
    rows: list[Row] = [(o, o + 1, low, o) for o, low in zip((100, 101), lows, strict=False)]
    if side is Side.SELL:
        order, rows = upside_down(order), mirrored(rows)
        expected = expected and (expected[0], 200 - expected[1])
    market = Market(bars_of([START, *rows]), policy=POLICIES[policy])
    market.step()
    market.submit(order)
    market.step(len(rows))
    assert market.trades() == (
        [] if expected is None else [("o1", expected[0], side * 10.0, round(expected[1], 9))]
    )


def test_a_pegged_order_wants_more_where_limits_must_be_exceeded() -> None:
    policy = FillPolicy(quoted_spread=20.0, limit_fill="through")
    for low, filled in ((99.90, False), (99.89, True)):
        market = Market(bars_of([START, (100, 101, low, 100)]), policy=policy)
        market.step()
        market.submit(pegged(Peg.MID))
        market.step()
        assert bool(market.fills) is filled
