"""Where every kind of order fills: gap, touch and miss, both sides, prices worked out by hand.

Bar 0 is the decision, flat at 100. Tables are written for one side; the other side is the same
market upside down, every price p becoming 200 - p.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import PerShare
from framework.components.slippage import FixedSlippage, PercentSlippage
from framework.domain.events import OrderUpdate
from framework.domain.orders import (
    Offset,
    Order,
    OrderStatus,
    Origin,
    Side,
    TimeInForce,
    pct,
    points,
)
from tests.builders import (
    Market,
    Row,
    bars_of,
    bracket_of,
    five_minutes,
    flat_rows,
    mirrored,
    order_of,
)

START: Row = (100, 100, 100, 100)


def upside_down(order: Order) -> Order:
    return replace(
        order,
        side=order.side.opposite,
        limit=None if order.limit is None else 200 - order.limit,
        stop=None if order.stop is None else 200 - order.stop,
    )


# name, order of a buyer, bars after the decision, (bar, price) of the fill, only just touched
SINGLE = [
    ("market at the next open", order_of("market"), [(103, 105, 99, 101)], (1, 103), False),
    ("market on a flat bar", order_of("market"), [(98, 98, 98, 98)], (1, 98), False),
    ("limit missed", order_of("limit", limit=95), [(100, 101, 95.01, 97)], None, False),
    ("limit touched", order_of("limit", limit=95), [(100, 101, 95, 97)], (1, 95), True),
    ("limit exceeded", order_of("limit", limit=95), [(100, 101, 90, 97)], (1, 95), False),
    ("limit, open is better", order_of("limit", limit=95), [(93, 96, 92, 95)], (1, 93), False),
    ("limit, open is it", order_of("limit", limit=95), [(95, 96, 95, 96)], (1, 95), True),
    ("limit above the market", order_of("limit", limit=108), [(103, 110, 99, 105)], (1, 103), 0),
    (
        "limit waits for a later bar",
        order_of("limit", limit=95),
        [(100, 101, 96, 97), (97, 98, 94, 95)],
        (2, 95),
        False,
    ),
    ("stop missed", order_of("stop", stop=105), [(100, 104.99, 99, 104)], None, False),
    ("stop touched", order_of("stop", stop=105), [(100, 105, 99, 101)], (1, 105), False),
    ("stop exceeded", order_of("stop", stop=105), [(100, 109, 99, 108)], (1, 105), False),
    ("stop gapped", order_of("stop", stop=105), [(107, 109, 104, 108)], (1, 107), False),
    ("stop, open is it", order_of("stop", stop=105), [(105, 109, 104, 108)], (1, 105), False),
    ("stop below the market", order_of("stop", stop=95), [(99, 101, 98, 100)], (1, 99), False),
    (
        "stop-limit missed",
        order_of("stop_limit", stop=105, limit=106),
        [(100, 104, 90, 101)],
        None,
        False,
    ),
    (
        "stop-limit touched",
        order_of("stop_limit", stop=105, limit=106),
        [(100, 105, 99, 101)],
        (1, 105),
        False,
    ),
    (
        "stop-limit gapped within its limit",
        order_of("stop_limit", stop=105, limit=106),
        [(105.5, 109, 105, 108)],
        (1, 105.5),
        False,
    ),
    (
        "stop-limit gapped beyond its limit",
        order_of("stop_limit", stop=105, limit=106),
        [(108, 110, 106.5, 109)],
        None,
        False,
    ),
    (
        "stop-limit gapped beyond, the bar comes back",
        order_of("stop_limit", stop=105, limit=106),
        [(108, 110, 105.5, 109)],
        (1, 106),
        False,
    ),
    (
        "stop-limit once triggered is a limit in later bars",
        order_of("stop_limit", stop=105, limit=106),
        [(108, 110, 107, 109), (109, 110, 106, 107)],
        (2, 106),
        True,
    ),
    (
        "stop-limit once triggered takes a better open",
        order_of("stop_limit", stop=105, limit=106),
        [(108, 110, 107, 109), (101, 102, 100, 101)],
        (2, 101),
        False,
    ),
    (
        "stop-limit with its limit on the other side waits for the next bar",
        order_of("stop_limit", stop=105, limit=104),
        [(100, 106, 99, 105), (105, 106, 103, 104)],
        (2, 104),
        False,
    ),
    (
        "stop-limit untriggered ignores its limit",
        order_of("stop_limit", stop=105, limit=106),
        [(100, 104, 90, 92), (92, 93, 91, 92)],
        None,
        False,
    ),
    ("trail missed", order_of("trail", trail=points(5)), [(100, 104.99, 98, 101)], None, False),
    ("trail touched", order_of("trail", trail=points(5)), [(100, 105, 98, 101)], (1, 105), False),
    ("trail gapped", order_of("trail", trail=points(5)), [(107, 109, 104, 108)], (1, 107), False),
    (
        "trail follows the close, not the extreme",
        order_of("trail", trail=points(5)),
        [(100, 101, 90, 96), (96, 100.99, 95, 97), (97, 101, 96, 99)],
        (3, 101),
        False,
    ),
    (
        "trail moves only after the bar has closed",
        order_of("trail", trail=points(5)),
        [(100, 104, 90, 90), (94, 94.5, 93, 94), (94, 95, 93, 94)],
        (3, 95),
        False,
    ),
    (
        "trail never moves back",
        order_of("trail", trail=points(5)),
        [(96, 97, 95, 96), (97, 100, 97, 100), (100, 101, 99, 100)],
        (3, 101),
        False,
    ),
]


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
@pytest.mark.parametrize(
    ("order", "rows", "expected", "touch"), [c[1:] for c in SINGLE], ids=[c[0] for c in SINGLE]
)
def test_single_order(
    order: Order, rows: list[Row], expected: tuple[int, float] | None, touch: bool, side: Side
) -> None:
    if side is Side.SELL:
        order, rows = upside_down(order), mirrored(rows)
        expected = expected and (expected[0], 200 - expected[1])
    for policy in (FillPolicy(), FillPolicy(exits_first=False), FillPolicy(intrabar="next_bar")):
        market = Market(bars_of([START, *rows]), policy=policy)
        market.step()
        market.submit(order)
        assert not market.fills, "nothing fills inside submit"
        market.step(len(rows))
        if expected is None:
            assert market.trades() == []
            assert market.path("o1") == ["working"]
        else:
            assert market.trades() == [("o1", expected[0], side * 10.0, expected[1])]
            assert market.fills[0].touch == touch
            assert market.path("o1") == ["working", "filled"]


@pytest.mark.parametrize(
    ("order", "rows", "expected", "touch"), [c[1:] for c in SINGLE], ids=[c[0] for c in SINGLE]
)
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
def test_single_order_along_the_path(
    order: Order, rows: list[Row], expected: tuple[int, float] | None, touch: bool, side: Side
) -> None:
    """One order alone fills at the same price whatever the order of prices inside the bar, but
    for a stop-limit whose limit lies before its stop: the path tells which came first."""
    if order.limit is not None and order.stop is not None and order.limit < order.stop:
        expected = (1, 104)  # open 100, low 99, high 106 (trigger), close 105: seen in the next bar
        rows = [(100, 106, 99, 103)]
    if side is Side.SELL:
        order, rows = upside_down(order), mirrored(rows)
        expected = expected and (expected[0], 200 - expected[1])
    market = Market(bars_of([START, *rows]), policy=FillPolicy(intrabar="path"))
    market.step()
    market.submit(order)
    market.step(len(rows))
    assert market.trades() == (
        [] if expected is None else [("o1", expected[0], side * 10.0, expected[1])]
    )


PERCENT_TRAIL = [
    # 5 % of 100 is 5; after a close at 120 the stop of a long is 114, at 80 that of a short 84
    (Side.SELL, [(100, 101, 95, 99)], (1, 95)),
    (Side.SELL, [(100, 121, 99, 120), (118, 119, 114, 116)], (2, 114)),
    (Side.SELL, [(100, 121, 99, 120), (118, 119, 114.01, 116)], None),
    (Side.BUY, [(100, 105, 99, 99)], (1, 105)),
    (Side.BUY, [(100, 101, 79, 80), (82, 84, 81, 83)], (2, 84)),
    (Side.BUY, [(100, 101, 79, 80), (82, 83.99, 81, 83)], None),
]


@pytest.mark.parametrize(("side", "rows", "expected"), PERCENT_TRAIL)
def test_percent_trail(side: Side, rows: list[Row], expected: tuple[int, float] | None) -> None:
    market = Market(bars_of([START, *rows]))
    market.step()
    market.submit(order_of("trail", side, trail=pct(5)))
    market.step(len(rows))
    assert market.trades() == (
        [] if expected is None else [("o1", expected[0], side * 10.0, expected[1])]
    )


# brackets ----------------------------------------------------------------------------------

MARKET = order_of("market")
LIMIT = order_of("limit", limit=98)
STOP = order_of("stop", stop=102)

# name, entry of a buyer, stop loss, target, bars, trades as (order, bar, price)
BRACKETS = [
    ("neither", MARKET, 95, 105, [(100, 104, 96, 101)], [("o1", 1, 100)]),
    ("stop only", MARKET, 95, 105, [(100, 104, 95, 101)], [("o1", 1, 100), ("o1.sl", 1, 95)]),
    ("target only", MARKET, 95, 105, [(100, 106, 96, 101)], [("o1", 1, 100), ("o1.tp", 1, 105)]),
    (
        "both reached in the entry's bar: the stop",
        MARKET,
        95,
        105,
        [(100, 106, 94, 101)],
        [("o1", 1, 100), ("o1.sl", 1, 95)],
    ),
    (
        "both reached in a later bar: the stop",
        MARKET,
        95,
        105,
        [(100, 101, 99, 100), (100, 106, 94, 101)],
        [("o1", 1, 100), ("o1.sl", 2, 95)],
    ),
    (
        "a later bar opens beyond the target and then falls to the stop: the target",
        MARKET,
        95,
        105,
        [(100, 101, 99, 100), (107, 108, 94, 101)],
        [("o1", 1, 100), ("o1.tp", 2, 107)],
    ),
    (
        "a later bar gaps through the stop",
        MARKET,
        95,
        105,
        [(100, 101, 99, 100), (93, 106, 92, 101)],
        [("o1", 1, 100), ("o1.sl", 2, 93)],
    ),
    (
        "the entry itself gaps below its stop",
        MARKET,
        95,
        105,
        [(94, 106, 93, 101)],
        [("o1", 1, 94), ("o1.sl", 1, 94)],
    ),
    ("entry missed, children sleep", LIMIT, 95, 105, [(100, 106, 98.5, 101)], []),
    (
        "limit entry, stop in its own bar",
        LIMIT,
        95,
        105,
        [(100, 101, 94, 96)],
        [("o1", 1, 98), ("o1.sl", 1, 95)],
    ),
    (
        "limit entry, target not in its own bar",
        LIMIT,
        95,
        105,
        [(100, 106, 97, 101), (101, 105, 100, 104)],
        [("o1", 1, 98), ("o1.tp", 2, 105)],
    ),
    (
        "stop entry, stop in its own bar",
        STOP,
        97,
        105,
        [(100, 103, 96, 103)],
        [("o1", 1, 102), ("o1.sl", 1, 97)],
    ),
    (
        "stop entry at the open, target in its own bar",
        STOP,
        97,
        105,
        [(102.5, 106, 99, 103)],
        [("o1", 1, 102.5), ("o1.tp", 1, 105)],
    ),
    (
        "stop loss beyond the entry at the open",
        STOP,
        101,
        None,
        [(100, 103, 99, 103)],
        [("o1", 1, 102), ("o1.sl", 1, 101)],
    ),
]


@pytest.mark.parametrize(
    "policy", [FillPolicy(), FillPolicy(exits_first=False)], ids=["exits first", "as submitted"]
)
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
@pytest.mark.parametrize(
    ("entry", "stop", "target", "rows", "expected"),
    [c[1:] for c in BRACKETS],
    ids=[c[0] for c in BRACKETS],
)
def test_bracket(
    entry: Order,
    stop: float,
    target: float | None,
    rows: list[Row],
    expected: list[tuple[str, int, float]],
    side: Side,
    policy: FillPolicy,
) -> None:
    if side is Side.SELL:
        entry, rows, stop = upside_down(entry), mirrored(rows), 200 - stop
        target = None if target is None else 200 - target
        expected = [(name, bar, 200 - price) for name, bar, price in expected]
    market = Market(bars_of([START, *rows]), policy=policy)
    market.step()
    market.submit(*bracket_of(entry, stop, target))
    assert market.path("o1.sl") == ["held"]
    market.step(len(rows))
    assert [(name, bar, price) for name, bar, _, price in market.trades()] == expected
    done = {name for name, _, _ in expected}
    if "o1.sl" in done and target is not None:
        assert market.path("o1.tp") == ["held", "working", "cancelled"]
    if "o1.tp" in done:
        assert market.path("o1.sl") == ["held", "working", "cancelled"]
    if "o1" not in done:
        assert market.path("o1.sl") == ["held"]
    sign = {"o1": int(side)}
    assert [q for _, _, q, _ in market.trades()] == [
        10.0 * sign.get(name, -int(side)) for name, _, _ in expected
    ]


# A buy fills at 102 + 0.03 = 102.03: 4 away is 98.03, 10 % is 91.827, 5 % above is 107.1315.
# A sale fills at 101.97: 4 away is 105.97, 10 % is 112.167, 5 % below is 96.8715.
# A stop is rounded so that it triggers no earlier, a target so that it asks for no less.
OFFSETS = [
    (Side.BUY, points(4), None, [(102, 103, 98, 99)], "o1.sl", 98.03),
    (Side.BUY, pct(10), None, [(102, 103, 91, 92)], "o1.sl", 91.82),
    (Side.BUY, None, pct(5), [(102, 108, 101, 107)], "o1.tp", 107.14),
    (Side.SELL, points(4), None, [(102, 107, 101, 103)], "o1.sl", 105.97),
    (Side.SELL, pct(10), None, [(102, 113, 101, 112)], "o1.sl", 112.17),
    (Side.SELL, None, pct(5), [(102, 103, 96, 97)], "o1.tp", 96.87),
]


@pytest.mark.parametrize(("side", "stop", "target", "rows", "name", "price"), OFFSETS)
def test_distances_count_from_the_average_fill_and_are_rounded_to_the_tick(
    side: Side,
    stop: Offset | None,
    target: Offset | None,
    rows: list[Row],
    name: str,
    price: float,
) -> None:
    market = Market(bars_of([START, *rows]), slippage=FixedSlippage(0.03))
    market.step()
    market.submit(*bracket_of(order_of("market", side), stop, target))
    market.step()
    assert market.trades()[0][3] == pytest.approx(102 + side * 0.03)
    leave = market.fills[1]
    assert (leave.order.id, leave.reference) == (name, price)


def test_a_trailing_child_starts_from_the_fill_and_ratchets_on_closes() -> None:
    rows: list[Row] = [
        START,
        (102, 103, 98, 101),  # filled at 102, stop 97; best close 101 leaves it
        (101, 112, 97.01, 110),  # stop 105 from the next bar
        (109, 110, 105.01, 106),
        (106, 107, 104, 106),
    ]
    market = Market(bars_of(rows))
    market.step()
    market.submit(*bracket_of(order_of("market"), trail=points(5)))
    market.step(4)
    assert market.trades() == [("o1", 1, 10.0, 102.0), ("o1.tr", 4, -10.0, 105.0)]


# slippage and limits -----------------------------------------------------------------------


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
def test_what_slips(side: Side) -> None:
    """Market, stop and trailing fills slip, even out of a flat bar; limits never do."""
    rows: list[Row] = [START, (106, 106, 106, 106)]
    for order, price in (
        (order_of("market"), 106.5),
        (order_of("stop", stop=105), 106.5),
        (order_of("trail", trail=points(5)), 106.5),
        (order_of("limit", limit=107), 106),
        (order_of("stop_limit", stop=105, limit=107), 106),
    ):
        wanted, bars = (order, rows) if side is Side.BUY else (upside_down(order), mirrored(rows))
        market = Market(bars_of(bars), slippage=FixedSlippage(0.5))
        market.step()
        market.submit(wanted)
        market.step()
        assert market.trades()[0][3] == (price if side is Side.BUY else 200 - price)
        assert market.fills[0].reference == (106 if side is Side.BUY else 94)


# time in force -----------------------------------------------------------------------------


def test_a_day_order_lives_for_one_daily_bar_and_a_gtc_order_until_filled() -> None:
    rows: list[Row] = [START, (100, 101, 99, 100), (100, 101, 94, 95)]
    market = Market(bars_of(rows))
    market.step()
    market.submit(order_of("limit", limit=95, id="day", tif=TimeInForce.DAY))
    market.submit(order_of("limit", limit=95, id="gtc", tif=TimeInForce.GTC))
    market.step(2)
    assert market.trades() == [("gtc", 2, 10.0, 95.0)]
    assert market.path("day") == ["working", "expired"]
    assert market.last("day").time == int(market.bars[0].close_time[1])


def test_a_day_order_works_until_its_session_closes() -> None:
    rows = [START, (100, 101, 99, 100), (100, 101, 99, 100), (100, 101, 94, 100)]
    for last_session, expected in ((0, [("o1", 3, 10.0, 95.0)]), (1, [])):
        bars = bars_of(
            rows,
            sessions=[0, 0, 0, last_session],
            minutes=[15, 10, 5 if last_session == 0 else 0, 0],
            frame="5m",
        )
        market = Market(bars)
        market.step()
        market.submit(order_of("limit", limit=95, tif=TimeInForce.DAY))
        market.step(3)
        assert market.trades() == expected


def test_a_day_order_made_at_the_close_works_in_the_next_session() -> None:
    rows = [START, START, (100, 101, 99, 100), (100, 101, 94, 95), (95, 96, 90, 91)]
    bars = bars_of(rows, sessions=[0, 0, 1, 1, 2], minutes=[5, 0, 5, 0, 5], frame="5m")
    market = Market(bars)
    market.step(2)
    market.submit(order_of("limit", limit=95, id="fills", tif=TimeInForce.DAY))
    market.submit(order_of("limit", limit=93, id="expires", tif=TimeInForce.DAY))
    market.step(3)
    assert market.trades() == [("fills", 3, 10.0, 95.0)]
    assert market.path("expires") == ["working", "expired"]


def test_a_day_order_expires_even_if_its_session_ends_without_a_bar() -> None:
    rows = [START, (100, 101, 99, 100), (100, 101, 94, 95)]
    bars = bars_of(rows, sessions=[0, 0, 1], minutes=[30, 25, 5], frame="5m")
    market = Market(bars)
    market.step()
    market.submit(order_of("limit", limit=95, tif=TimeInForce.DAY))
    market.step(2)
    assert market.trades() == []
    assert market.path("o1") == ["working", "expired"]


def test_children_of_an_expired_entry_end_with_it_but_stay_once_it_has_filled() -> None:
    rows: list[Row] = [START, (100, 101, 99, 100), (100, 101, 99, 100), (100, 101, 90, 95)]
    market = Market(bars_of(rows))
    market.step()
    unfilled = order_of("limit", limit=90, id="a", tif=TimeInForce.DAY)
    market.submit(*bracket_of(unfilled, 85, 105))
    market.submit(*bracket_of(order_of("market", id="b", tif=TimeInForce.DAY), 95, 105))
    market.step(3)
    assert market.path("a.sl") == ["held", "cancelled"]
    assert market.path("a.tp") == ["held", "cancelled"]
    assert [t[:2] for t in market.trades()] == [("b", 1), ("b.sl", 3)]


# one cancels all ---------------------------------------------------------------------------


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
def test_oca_the_first_fill_cancels_the_rest(side: Side) -> None:
    rows: list[Row] = [START, (100, 104, 96, 100), (100, 106, 99, 105), (105, 106, 90, 91)]
    up = order_of("stop", Side.BUY, id="up", stop=105, oca="straddle")
    down = order_of("stop", Side.SELL, id="down", stop=95, oca="straddle")
    if side is Side.SELL:
        rows, up, down = mirrored(rows), upside_down(down), upside_down(up)
        up, down = replace(up, id="other"), replace(down, id="up")
    market = Market(bars_of(rows))
    market.step()
    market.submit(up)
    market.submit(down)
    market.step(3)
    assert [t[:2] for t in market.trades()] == [("up", 2)]
    assert [t[2:] for t in market.trades()] == [(side * 10.0, 105.0 if side is Side.BUY else 95.0)]


def test_oca_when_one_bar_reaches_all_of_them_one_fills() -> None:
    for policy in (FillPolicy(), FillPolicy(intrabar="path"), FillPolicy(queue="submission")):
        market = Market(bars_of([START, (100, 110, 90, 100)]), policy=policy)
        market.step()
        market.submit(order_of("stop", Side.BUY, id="up", stop=105, oca="g"))
        market.submit(order_of("stop", Side.SELL, id="down", stop=95, oca="g"))
        market.submit(order_of("limit", Side.BUY, id="low", limit=93, oca="g"))
        market.step()
        assert len(market.fills) == 1
        ends = [market.last(name).status for name in ("up", "down", "low")]
        assert sorted(ends) == [OrderStatus.CANCELLED, OrderStatus.CANCELLED, OrderStatus.FILLED]


def test_oca_across_instruments() -> None:
    rows: list[Row] = [START, (100, 106, 94, 100)]
    market = Market(bars_of(rows), bars_of(rows, "BBB"))
    market.step()
    market.submit(order_of("stop", id="b", symbol="BBB", stop=105, oca="g"))
    market.submit(order_of("stop", id="a", stop=105, oca="g"))
    market.step()
    assert [t[0] for t in market.trades()] == ["a"]
    assert market.path("b") == ["working", "cancelled"]


# every axis of the policy ------------------------------------------------------------------


def bracket_trades(policy: FillPolicy, entry: Order, rows: list[Row]) -> list[tuple[str, int]]:
    market = Market(bars_of([START, *rows]), policy=policy)
    market.step()
    market.submit(*bracket_of(entry, 95, 105))
    market.step(len(rows))
    return [(name, bar) for name, bar, _, _ in market.trades()]


HIGH_FIRST: Row = (100, 105.5, 94, 95)
LOW_FIRST: Row = (100, 110, 94, 101)
QUIET: Row = (100, 101, 99, 100)

INTRABAR = [
    ("pessimistic", MARKET, [HIGH_FIRST], [("o1", 1), ("o1.sl", 1)]),
    ("pessimistic", MARKET, [LOW_FIRST], [("o1", 1), ("o1.sl", 1)]),
    ("path", MARKET, [HIGH_FIRST], [("o1", 1), ("o1.tp", 1)]),
    ("path", MARKET, [LOW_FIRST], [("o1", 1), ("o1.sl", 1)]),
    ("next_bar", MARKET, [LOW_FIRST, QUIET], [("o1", 1)]),
    ("next_bar", MARKET, [QUIET, HIGH_FIRST], [("o1", 1), ("o1.sl", 2)]),
    ("next_bar", MARKET, [QUIET, (106, 107, 94, 100)], [("o1", 1), ("o1.tp", 2)]),
    # low first: the limit at 98 fills on the way down, then the stop at 95 on the same way
    ("path", LIMIT, [LOW_FIRST], [("o1", 1), ("o1.sl", 1)]),
    # high first to 105.5, then down through 98 and 95, close 95: the target was passed before
    ("path", LIMIT, [HIGH_FIRST], [("o1", 1), ("o1.sl", 1)]),
    # down to 97 first (entry at 98), up to 106: target
    ("path", LIMIT, [(100, 106, 97, 101)], [("o1", 1), ("o1.tp", 1)]),
    # up to 102 first is nearer? 2 up, 4 down: entry 102 on the way up, then the low 96, no stop
    ("path", STOP, [(100, 102, 96, 97)], [("o1", 1)]),
    # the low comes first, before the stop entry at 102: its stop loss is not reached afterwards
    ("path", STOP, [(100, 108, 94, 103)], [("o1", 1), ("o1.tp", 1)]),
]


@pytest.mark.parametrize(("intrabar", "entry", "rows", "expected"), INTRABAR)
def test_intrabar(
    intrabar: str, entry: Order, rows: list[Row], expected: list[tuple[str, int]]
) -> None:
    assert bracket_trades(FillPolicy(intrabar=intrabar), entry, rows) == expected  # type: ignore[arg-type]


def test_intrabar_path_on_the_way_back_from_the_far_extreme() -> None:
    """Open 100, low 99.8, high 106, close 99.9: entry at 104 on the way up, stop at 103 down."""
    market = Market(bars_of([START, (100, 106, 99.8, 99.9)]), policy=FillPolicy(intrabar="path"))
    market.step()
    market.submit(*bracket_of(order_of("stop", stop=104), 103, 107))
    market.step()
    assert market.trades() == [("o1", 1, 10.0, 104.0), ("o1.sl", 1, -10.0, 103.0)]


def test_intrabar_finer_bars_decide() -> None:
    whole = bars_of([START, (100, 106, 94, 101)])
    up_then_down = five_minutes(
        [START, START, (100, 106, 99, 105), (105, 105, 94, 101)], per_session=2
    )
    down_then_up = five_minutes(
        [START, START, (100, 101, 94, 95), (95, 106, 95, 101)], per_session=2
    )
    for finer, expected in ((up_then_down, "o1.tp"), (down_then_up, "o1.sl")):
        market = Market(whole, policy=FillPolicy(intrabar="finer"), finer={"AAA": finer})
        market.step()
        market.submit(*bracket_of(order_of("market", tif=TimeInForce.DAY), 95, 105))
        market.step()
        assert [t[0] for t in market.trades()] == ["o1", expected]


def test_children_of_market_entries_only() -> None:
    policy = FillPolicy(children="market_entries")
    assert bracket_trades(policy, MARKET, [(100, 106, 96, 101)]) == [("o1", 1), ("o1.tp", 1)]
    dips = [(100, 101, 94, 96), QUIET, (100, 101, 94, 96)]
    assert bracket_trades(policy, LIMIT, dips) == [("o1", 1), ("o1.sl", 3)]
    assert bracket_trades(FillPolicy(), LIMIT, dips) == [("o1", 1), ("o1.sl", 1)]


def test_queue_open_first_or_as_submitted() -> None:
    """A limit to sell at 99, submitted before a market order to buy; the bar opens at 98."""
    for queue, expected in (("open_first", ["buy", "sell"]), ("submission", ["sell", "buy"])):
        policy = FillPolicy(queue=queue)  # type: ignore[arg-type]
        market = Market(bars_of([START, (98, 101, 97, 100)]), policy=policy)
        market.step()
        market.submit(order_of("limit", Side.SELL, id="sell", limit=99))
        market.submit(order_of("market", id="buy"))
        market.step()
        assert [t[0] for t in market.trades()] == expected


def test_exits_first() -> None:
    """Long 10 and, at the same open, an entry submitted before the exit."""
    for first, expected in ((True, ["out", "in"]), (False, ["in", "out"])):
        market = Market(bars_of([START, QUIET, QUIET]), policy=FillPolicy(exits_first=first))
        market.step()
        market.submit(order_of("market", id="start"))
        market.step()
        market.submit(order_of("market", id="in"))
        market.submit(order_of("market", Side.SELL, id="out", origin=Origin.CLOSE))
        market.step()
        assert [t[0] for t in market.trades()] == ["start", *expected]


def test_gap_slip() -> None:
    """A stop gapped at the open slips unless the policy says not; one met in the bar always."""
    gap: list[Row] = [START, (107, 109, 104, 108)]
    inside: list[Row] = [START, (100, 109, 99, 108)]
    for rows, slips, price in ((gap, True, 108), (gap, False, 107), (inside, False, 106)):
        market = Market(
            bars_of(rows), policy=FillPolicy(gap_slip=slips), slippage=FixedSlippage(1.0)
        )
        market.step()
        market.submit(order_of("stop", stop=105))
        market.step()
        assert market.trades()[0][3] == price


@pytest.mark.parametrize(
    ("cap", "row", "price"),
    [
        ("none", (100, 100.5, 99, 100), 102),
        ("range", (100, 100.5, 99, 100), 100.5),
        ("range", (100, 103, 99, 100), 102),
        ("range", (100, 100, 100, 100), 100),
    ],
)
def test_slip_cap(cap: str, row: Row, price: float) -> None:
    for side, rows, wanted in (
        (Side.BUY, [START, row], price),
        (Side.SELL, mirrored([START, row]), 200 - price),
    ):
        market = Market(
            bars_of(rows),
            policy=FillPolicy(slip_cap=cap),  # type: ignore[arg-type]
            slippage=FixedSlippage(2.0),
        )
        market.step()
        market.submit(order_of("market", side))
        market.step()
        assert market.trades()[0][3] == wanted


def test_trade_on_close_fills_at_the_decision_close() -> None:
    rows: list[Row] = [START, (110, 112, 108, 111)]
    for cap in ("none", "range"):
        policy = FillPolicy(trade_on_close=True, slip_cap=cap)  # type: ignore[arg-type]
        market = Market(bars_of(rows), policy=policy)
        market.step()
        market.submit(order_of("market", id="m"))
        market.submit(order_of("limit", id="l", limit=109))
        market.step()
        assert market.trades() == [("m", 0, 10.0, 100.0), ("l", 1, 10.0, 109.0)]


@pytest.mark.parametrize(
    ("fills", "low", "bar", "touch"),
    [("touch", 95, 1, True), ("through", 95, None, False), ("through", 94.99, 1, False)],
)
@pytest.mark.parametrize("intrabar", ["pessimistic", "path"])
def test_limit_fill(fills: str, low: float, bar: int | None, touch: bool, intrabar: str) -> None:
    policy = FillPolicy(limit_fill=fills, intrabar=intrabar)  # type: ignore[arg-type]
    rows: list[Row] = [START, (100, 101, low, 97)]
    for side, bars, price in ((Side.BUY, rows, 95.0), (Side.SELL, mirrored(rows), 105.0)):
        market = Market(bars_of(bars), policy=policy)
        market.step()
        market.submit(order_of("limit", side, limit=price))
        market.step()
        assert market.trades() == ([] if bar is None else [("o1", 1, side * 10.0, price)])
        assert [fill.touch for fill in market.fills] == ([] if bar is None else [touch])


def test_stop_limit_gap() -> None:
    """Stop 105, limit 108, open 107: filled there, or at the stop as if there were no gap."""
    rows: list[Row] = [START, (107, 109, 104, 108)]
    for gap, queue, price in (
        ("open", "open_first", 107),
        ("open", "submission", 107),
        ("stop", "submission", 105),
    ):
        policy = FillPolicy(stop_limit_gap=gap, queue=queue)  # type: ignore[arg-type]
        market = Market(bars_of(rows), policy=policy)
        market.step()
        market.submit(order_of("stop_limit", stop=105, limit=108))
        market.step()
        assert market.trades()[0][3] == price


def test_stop_limit_gap_at_the_stop_means_the_same_in_every_queue() -> None:
    rows: list[Row] = [START, (107, 109, 104, 108)]
    market = Market(bars_of(rows), policy=FillPolicy(stop_limit_gap="stop"))
    market.step()
    market.submit(order_of("stop_limit", stop=105, limit=108))
    market.step()
    assert market.trades()[0][3] == 105


def test_fee_per_order_or_per_lot() -> None:
    """Two lots of 10 closed by one order of 20 at 0.01 a share, at least 1: 1 once, or 1 a lot."""
    fee = PerShare(0.01, minimum=1.0)
    for per, expected in (("order", [1.0, 1.0, 1.0]), ("lot", [1.0, 1.0, 1.0, 1.0])):
        market = Market(
            bars_of([START, QUIET, QUIET, QUIET]),
            policy=FillPolicy(fee_per=per),  # type: ignore[arg-type]
            commission=fee,
        )
        market.step()
        market.submit(order_of("market", id="a"))
        market.step()
        market.submit(order_of("market", id="b"))
        market.step()
        market.submit(order_of("market", Side.SELL, 20.0, id="c"))
        market.step()
        assert market.fees == expected


def test_fees_of_an_order_that_fills_in_parts_are_those_of_the_whole() -> None:
    """The reversal 10 long -> 10 short under slippage on entries is two fills of one order of 20
    shares: 1 for the order, not 1 for each."""
    market = Market(
        bars_of([START, QUIET, QUIET]),
        policy=FillPolicy(slippage_on="entries"),
        commission=PerShare(0.01, minimum=1.0),
        slippage=FixedSlippage(0.5),
    )
    market.step()
    market.submit(order_of("market", id="a"))
    market.step()
    market.submit(order_of("market", Side.SELL, 20.0, id="b"))
    market.step()
    assert market.trades()[1:] == [("b", 2, -10.0, 100.0), ("b", 2, -10.0, 99.5)]
    assert market.fees == [1.0, 1.0, 0.0]


def test_slippage_on_entries() -> None:
    """What opens slips, limits included; what closes does not, stops included."""
    policy = FillPolicy(slippage_on="entries")
    rows: list[Row] = [START, (100, 101, 97, 98), (98, 99, 94, 95)]
    market = Market(bars_of(rows), policy=policy, slippage=FixedSlippage(0.5))
    market.step()
    market.submit(*bracket_of(order_of("limit", limit=98), 95))
    market.step(2)
    assert market.trades() == [("o1", 1, 10.0, 98.5), ("o1.sl", 2, -10.0, 95.0)]


def test_sizing_at_the_fill() -> None:
    """Half of 10,000 free at an open of 50 is 100; what rests is then 5,000."""
    policy = FillPolicy(sizing="fill", cash_check="fill")
    bars = bars_of([START, (50, 51, 49, 50), (50, 51, 49, 50)])
    market = Market(bars, policy=policy, cash=10_000.0)
    market.step()
    market.submit(order_of("market", quantity=0.0, fraction=0.5))
    market.step()
    assert market.trades() == [("o1", 1, 100.0, 50.0)]
    market.submit(order_of("market", quantity=0.0, fraction=0.5, id="o2"))
    market.step()
    assert market.trades()[1] == ("o2", 2, 50.0, 50.0)


def test_sizing_at_the_fill_counts_slippage_and_fees() -> None:
    """9,999 / (50 + 0.5 + fee of a share): 0.10 each makes 50.6, so 197 units."""
    market = Market(
        bars_of([START, (50, 51, 49, 50)]),
        policy=FillPolicy(sizing="fill", cash_check="fill"),
        cash=9_999.0,
        slippage=PercentSlippage(1.0),
        commission=PerShare(0.10),
    )
    market.step()
    market.submit(order_of("market", quantity=0.0, fraction=0.9999999))
    market.step()
    assert market.trades() == [("o1", 1, 197.0, 50.5)]
    assert market.broker.book().cash >= 0.0


def test_sized_at_the_fill_to_nothing_is_a_rejection_that_says_so() -> None:
    market = Market(
        bars_of([START, (50, 51, 49, 50)]),
        policy=FillPolicy(sizing="fill", cash_check="fill"),
        cash=30.0,
    )
    market.step()
    market.submit(*bracket_of(order_of("market", quantity=0.0, fraction=0.5), 40, 60))
    market.step()
    assert market.trades() == []
    assert market.last("o1").status is OrderStatus.REJECTED
    assert market.last("o1").reason
    assert market.path("o1.sl") == ["held", "cancelled"]


def test_cash_check_at_the_fill() -> None:
    """100 x 100 = 10,000 was affordable at the decision, 100 x 101 is not at the fill."""
    for check, expected in (("fill", []), ("door", [("o1", 1, 100.0, 101.0)])):
        market = Market(
            bars_of([START, (101, 102, 100, 101)]),
            policy=FillPolicy(cash_check=check),  # type: ignore[arg-type]
            cash=10_000.0,
        )
        market.step()
        market.submit(order_of("market", quantity=100.0))
        market.step()
        assert market.trades() == expected
        if check == "fill":
            assert market.last("o1").status is OrderStatus.REJECTED


def test_cash_check_at_the_fill_never_stops_an_exit() -> None:
    market = Market(
        bars_of([START, QUIET, QUIET]), policy=FillPolicy(cash_check="fill"), cash=1_050.0
    )
    market.step()
    market.submit(order_of("market", quantity=10.0))
    market.step()
    market.submit(order_of("market", Side.SELL, 30.0, id="o2"))
    market.step()
    assert market.trades() == [("o1", 1, 10.0, 100.0), ("o2", 2, -10.0, 100.0)]
    assert market.last("o2").reason


# what must never happen --------------------------------------------------------------------


def test_protection_never_opens_a_position_after_a_close() -> None:
    rows: list[Row] = [START, QUIET, (100, 101, 90, 91), (91, 92, 80, 81)]
    market = Market(bars_of(rows))
    market.step()
    market.submit(*bracket_of(order_of("market"), 95, 105))
    market.step()
    market.submit(order_of("market", Side.SELL, id="close", origin=Origin.CLOSE))
    market.step(2)
    assert market.trades() == [("o1", 1, 10.0, 100.0), ("close", 2, -10.0, 100.0)]
    assert market.path("o1.sl") == ["held", "working", "cancelled"]


def test_protection_covers_what_is_left_after_a_partial_close() -> None:
    rows: list[Row] = [START, QUIET, QUIET, (100, 101, 90, 91)]
    market = Market(bars_of(rows))
    market.step()
    market.submit(*bracket_of(order_of("market"), 95, 105))
    market.step()
    market.submit(order_of("market", Side.SELL, 4.0, id="part"))
    market.step()
    assert market.last("o1.sl").order.quantity == 6.0
    assert market.last("o1.tp").order.quantity == 6.0
    market.step()
    assert market.trades()[2:] == [("o1.sl", 3, -6.0, 95.0)]


def test_every_entry_keeps_its_own_protection() -> None:
    """Two entries with stops at 95 and 90; the first stop sells the first entry alone."""
    rows: list[Row] = [START, QUIET, QUIET, (96, 97, 94, 95), (95, 96, 89, 90)]
    market = Market(bars_of(rows))
    market.step()
    market.submit(*bracket_of(order_of("market", id="a"), 95))
    market.step()
    market.submit(*bracket_of(order_of("market", id="b", quantity=5.0), 90))
    market.step(3)
    assert market.trades()[2:] == [("a.sl", 3, -10.0, 95.0), ("b.sl", 4, -5.0, 90.0)]


def test_a_close_order_reduces_and_never_opens() -> None:
    rows: list[Row] = [START, QUIET, QUIET]
    market = Market(bars_of(rows))
    market.step()
    market.submit(order_of("market", quantity=4.0))
    market.step()
    market.submit(order_of("market", Side.SELL, 10.0, id="close", origin=Origin.CLOSE))
    market.step()
    assert market.trades()[1] == ("close", 2, -4.0, 100.0)
    assert market.broker.book().positions["AAA"].is_flat


def test_a_market_order_waits_for_the_next_bar_of_its_own_instrument() -> None:
    market = Market(bars_of(flat_rows([100, 101, 102])))
    market.step()
    market.submit(order_of("market"))
    market.step(2)
    assert market.trades() == [("o1", 1, 10.0, 101.0)]


def test_a_cancelled_order_never_fills() -> None:
    market = Market(bars_of([START, (100, 101, 90, 95)]))
    market.step()
    market.submit(order_of("limit", limit=95))
    market.broker.cancel("o1")
    market.step()
    assert market.trades() == []
    assert [e.status for e in market.events if isinstance(e, OrderUpdate)][-1] == "cancelled"


def test_a_replaced_order_fills_at_its_new_price() -> None:
    market = Market(bars_of([START, (100, 101, 90, 95)]))
    market.step()
    order = order_of("limit", limit=95)
    market.submit(order)
    market.broker.replace(replace(market.stamped(order), limit=92.0, quantity=7.0))
    market.step()
    assert market.trades() == [("o1", 1, 7.0, 92.0)]


def test_a_multiplier_counts_in_cash() -> None:
    market = Market(bars_of([START, (100, 101, 99, 101)], multiplier=50.0), cash=100_000.0)
    market.step()
    market.submit(order_of("market", quantity=2.0))
    market.step()
    book = market.broker.book()
    assert book.cash == 100_000.0 - 2 * 50 * 100
    assert book.equity({"AAA": 101.0}) == 100_100.0
