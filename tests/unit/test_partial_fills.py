"""Orders larger than a bar can give: parts over bars, and what follows each part.

Ten units are wanted and a bar gives four. Bar 0 is the decision, flat at 100. Tables are written
for a buyer; the seller's market is the same one upside down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, nan

import pytest

from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import PerOrder
from framework.components.slippage import FixedSlippage
from framework.domain.instruments import Instrument
from framework.domain.orders import Order, Origin, Side, TimeInForce, pct, points
from framework.domain.terms import Peg, Terms
from framework.errors import ConfigError
from tests.builders import Market, Row, bars_of, bracket_of, mirrored, order_of

START: Row = (100, 100, 100, 100)
DAY, OPG = TimeInForce.DAY, TimeInForce.OPG
POLICIES = {
    "pessimistic": FillPolicy(),
    "next_bar": FillPolicy(intrabar="next_bar"),
    "path": FillPolicy(intrabar="path"),
    "finer": FillPolicy(intrabar="finer"),
    "submission": FillPolicy(queue="submission"),
}


@dataclass(frozen=True)
class Cap:
    """So many units a bar, and no more."""

    most: float

    def units(
        self, instrument: Instrument, price: float, high: float, low: float, volume: float
    ) -> float:
        return self.most


def upside_down(order: Order) -> Order:
    return replace(
        order,
        side=order.side.opposite,
        limit=None if order.limit is None else 200 - order.limit,
        stop=None if order.stop is None else 200 - order.stop,
    )


RISE: list[Row] = [(103, 106, 102, 104), (104, 107, 103, 105), (105, 108, 104, 106)]
DIP: list[Row] = [(100, 101, 93, 97), (97, 99, 92, 96), (98, 99, 95, 97)]
BREAK: list[Row] = [(100, 107, 99, 104), (103, 104, 101, 102), (102, 103, 100, 101)]
TRAIL_LIMIT = order_of("trail_limit", trail=points(5), terms=Terms(limit_offset=1.0))
MID = order_of("peg_mid", terms=Terms(peg=Peg.MID))

# name, order of a buyer, bars, (bar, units, price) of its fills, its last state
PARTS = [
    ("market", order_of("market"), RISE, [(1, 4, 103), (2, 4, 104), (3, 2, 105)], "filled"),
    ("market of a day", order_of("market", tif=DAY), RISE, [(1, 4, 103)], "expired"),
    ("limit", order_of("limit", limit=98), DIP, [(1, 4, 98), (2, 4, 97), (3, 2, 98)], "filled"),
    (
        "limit not reached again",
        order_of("limit", limit=93),
        DIP,
        [(1, 4, 93), (2, 4, 93)],
        "partial",
    ),
    (
        "stop goes on as market",
        order_of("stop", stop=105),
        BREAK,
        [(1, 4, 105), (2, 4, 103), (3, 2, 102)],
        "filled",
    ),
    (
        "stop-limit goes on as a limit",
        order_of("stop_limit", stop=105, limit=102.5),
        BREAK,
        [(2, 4, 102.5), (3, 4, 102)],
        "partial",
    ),
    (
        "trailing stop goes on as market",
        order_of("trail", trail=points(5)),
        BREAK,
        [(1, 4, 105), (2, 4, 103), (3, 2, 102)],
        "filled",
    ),
    (
        "trailing stop-limit goes on as a limit",
        TRAIL_LIMIT,
        [BREAK[0], (107, 108, 106.5, 107), (107, 107, 105, 106)],
        [(1, 4, 105), (3, 4, 106)],
        "partial",
    ),
    (
        "if touched goes on as market",
        order_of("market_if_touched", stop=95),
        DIP,
        [(1, 4, 95), (2, 4, 97), (3, 2, 98)],
        "filled",
    ),
    (
        "limit if touched goes on as a limit",
        order_of("limit_if_touched", stop=95, limit=94),
        DIP,
        [(1, 4, 94), (2, 4, 94)],
        "partial",
    ),
    ("market on open", order_of("market", tif=OPG), RISE, [(1, 4, 103)], "expired"),
    (
        "market on close",
        order_of("market_on_close"),
        RISE,
        [(1, 4, 104), (2, 4, 105), (3, 2, 106)],
        "filled",
    ),
    (
        "market on close of a day",
        order_of("market_on_close", tif=DAY),
        RISE,
        [(1, 4, 104)],
        "expired",
    ),
    (
        "limit on close",
        order_of("limit_on_close", limit=105),
        RISE,
        [(1, 4, 104), (2, 4, 105)],
        "partial",
    ),
    ("pegged", MID, DIP, [(1, 4, 100), (2, 4, 97), (3, 2, 98)], "filled"),
]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
@pytest.mark.parametrize(
    ("order", "rows", "expected", "state"), [c[1:] for c in PARTS], ids=[c[0] for c in PARTS]
)
def test_parts_over_bars(
    order: Order,
    rows: list[Row],
    expected: list[tuple[int, float, float]],
    state: str,
    side: Side,
    policy: str,
) -> None:
    if side is Side.SELL:
        order, rows = upside_down(order), mirrored(rows)
        expected = [(bar, units, 200 - price) for bar, units, price in expected]
    market = Market(bars_of([START, *rows]), policy=POLICIES[policy], liquidity=Cap(4))
    market.step()
    market.submit(order)
    market.step(len(rows))
    assert [(bar, side * units, price) for _, bar, units, price in market.trades()] == expected
    assert market.path("o1")[-1] == state
    assert market.path("o1")[:2] == ["working", "partial"]


def test_a_bar_that_gives_nothing_is_waited_out() -> None:
    market = Market(bars_of([START, *RISE]), liquidity=Cap(0))
    market.step()
    market.submit(order_of("market"))
    market.step(3)
    assert market.trades() == []
    assert market.path("o1") == ["working"]


@pytest.mark.parametrize(
    ("most", "lot", "units"), [(inf, 1, 10), (4.9, 1, 4), (4.9, 0.5, 4.5), (4.9, 0, 4.9)]
)
def test_what_a_bar_gives_in_whole_lots(most: float, lot: float, units: float) -> None:
    market = Market(bars_of([START, RISE[0]], lot=lot), liquidity=Cap(most))
    market.step()
    market.submit(order_of("market"))
    market.step()
    assert [t[2] for t in market.trades()] == [units]


@pytest.mark.parametrize("most", [nan, -1.0])
def test_a_model_that_answers_nonsense_is_named(most: float) -> None:
    market = Market(bars_of([START, RISE[0]]), liquidity=Cap(most))
    market.step()
    market.submit(order_of("market"))
    with pytest.raises(ConfigError, match="Cap answered"):
        market.step()


def test_exits_are_served_before_entries() -> None:
    """Four units in the bar: the sale gets them all."""
    market = Market(bars_of([START, *RISE]), liquidity=Cap(4))
    market.step()
    market.submit(order_of("market", quantity=4, id="held"))
    market.step()
    market.submit(order_of("market", id="more"))
    market.submit(order_of("market", Side.SELL, 4, id="out"))
    market.step()
    assert [t[::2] for t in market.trades()[1:]] == [("out", -4.0)]


def test_what_each_order_gets_where_orders_do_not_compete() -> None:
    policy = FillPolicy(participation="order")
    market = Market(bars_of([START, RISE[0]]), liquidity=Cap(4), policy=policy)
    market.step()
    market.submit(order_of("market", id="a"))
    market.submit(order_of("market", id="b"))
    market.step()
    assert [t[::2] for t in market.trades()] == [("a", 4.0), ("b", 4.0)]


def test_the_fee_of_an_order_is_charged_once_and_slippage_on_every_part() -> None:
    market = Market(
        bars_of([START, *RISE]),
        liquidity=Cap(4),
        commission=PerOrder(3.0),
        slippage=FixedSlippage(0.25),
    )
    market.step()
    market.submit(order_of("market"))
    market.step(3)
    assert market.fees == [3.0, 0.0, 0.0]
    assert [t[3] for t in market.trades()] == [103.25, 104.25, 105.25]


# brackets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
def test_children_follow_every_part(side: Side) -> None:
    """4 at 98, 4 at 97: protection of 4, then of 8, 5 and 10 from 98, then from 97.5."""
    rows: list[Row] = [START, (100, 101, 97, 99), (97, 99, 96, 98), (99, 100, 98.5, 99)]
    entry = order_of("limit", limit=98)
    if side is Side.SELL:
        entry, rows = upside_down(entry), mirrored(rows)
    market = Market(bars_of(rows), liquidity=Cap(4))
    market.step()
    market.submit(*bracket_of(entry, points(5), points(10)))
    found = []
    for _ in range(3):
        market.step()
        stop, target = market.last("o1.sl").order, market.last("o1.tp").order
        assert stop.quantity == target.quantity
        found.append((stop.quantity, stop.stop, target.limit))
    around = 0 if side is Side.BUY else 200
    assert found == [
        (4, abs(around - 93), abs(around - 108)),
        (8, abs(around - 92.5), abs(around - 107.5)),
        (8, abs(around - 92.5), abs(around - 107.5)),
    ]


def test_a_percent_offset_counts_from_the_average() -> None:
    """4 at 100 and 4 at 104 are 102 on average; 10 % below is 91.8."""
    rows: list[Row] = [START, (100, 101, 99, 100), (104, 105, 103, 104)]
    market = Market(bars_of(rows), liquidity=Cap(4))
    market.step()
    market.submit(*bracket_of(order_of("market"), pct(10)))
    market.step(2)
    assert market.last("o1.sl").order.stop == 91.8


def test_prices_given_as_prices_stay() -> None:
    rows: list[Row] = [START, (100, 101, 99, 100), (104, 105, 103, 104)]
    market = Market(bars_of(rows), liquidity=Cap(4))
    market.step()
    market.submit(*bracket_of(order_of("market"), 95.0, 120.0))
    market.step(2)
    assert (market.last("o1.sl").order.stop, market.last("o1.tp").order.limit) == (95, 120)


@pytest.mark.parametrize("policy", ["pessimistic", "next_bar", "path"])
def test_once_protection_has_closed_what_was_opened_the_entry_is_over(policy: str) -> None:
    """4 of 10 bought at 98, stopped out at 95: the other 6 are not bought on the way down."""
    rows: list[Row] = [START, (100, 101, 97, 97.5), (97.5, 97.6, 94, 94), (94, 99, 90, 98)]
    market = Market(bars_of(rows), policy=POLICIES[policy], liquidity=Cap(8))
    market.step()
    market.submit(order_of("market", quantity=4, id="other"))
    market.submit(*bracket_of(order_of("limit", limit=98), 95.0, 110.0))
    market.step()
    assert market.trades() == [("other", 1, 4.0, 100.0), ("o1", 1, 4.0, 98.0)]
    market.step(2)
    mine = [t for t in market.trades() if t[0] != "other"]
    bought = sum(units for name, _, units, _ in mine if name == "o1")
    sold = -sum(units for name, _, units, _ in mine if name == "o1.sl")
    assert sold == bought
    assert market.path("o1")[-1] in ("cancelled", "filled")
    assert market.broker.book().positions["AAA"].quantity == 4.0


def test_the_rest_of_an_entry_ends_with_its_target() -> None:
    rows: list[Row] = [START, (100, 101, 97, 99), (99, 111, 98.5, 110), (110, 111, 90, 91)]
    market = Market(bars_of(rows), liquidity=Cap(4))
    market.step()
    market.submit(*bracket_of(order_of("limit", limit=98), 80.0, 110.0))
    market.step(3)
    assert market.trades() == [("o1", 1, 4.0, 98.0), ("o1.tp", 2, -4.0, 110.0)]
    assert market.path("o1") == ["working", "partial", "cancelled"]
    assert market.last("o1").reason == "its protection has closed it"
    assert market.path("o1.sl") == ["held", "working", "cancelled"]


def test_a_stop_that_sells_in_parts_keeps_selling_and_its_mate_shrinks() -> None:
    rows: list[Row] = [START, *[(100, 101, 99, 100)] * 3, (100, 101, 94, 96), (97, 98, 96, 97)]
    market = Market(bars_of([*rows, (98, 99, 97, 98)]), liquidity=Cap(4))
    market.step()
    market.submit(*bracket_of(order_of("market"), 95.0, 110.0))
    market.step(4)
    assert market.last("o1.sl").order.quantity == 10
    assert market.last("o1.tp").order.quantity == 6
    market.step(2)
    sold = [t[1:] for t in market.trades() if t[0] == "o1.sl"]
    assert sold == [(4, -4.0, 95.0), (5, -4.0, 97.0), (6, -2.0, 98.0)]
    assert market.path("o1.tp") == ["held", "working", "cancelled"]


def test_protection_waits_for_the_rest_of_an_entry_whose_first_part_was_sold() -> None:
    """4 bought and sold by hand; the next 4 are protected as if nothing had been before."""
    rows: list[Row] = [START, (100, 101, 97, 99), (99, 101, 98.5, 99), (99, 100, 97, 98)]
    market = Market(bars_of([*rows, (98, 98.5, 90, 91)]), liquidity=Cap(4))
    market.step()
    market.submit(*bracket_of(order_of("limit", limit=98), 95.0, 110.0))
    market.step()
    market.submit(order_of("market", Side.SELL, 4, id="out", origin=Origin.CLOSE))
    market.step()
    assert market.broker.book().positions["AAA"].is_flat
    market.step()
    assert market.last("o1.sl").order.quantity == 4
    market.step()
    assert [t[:3] for t in market.trades()] == [
        ("o1", 1, 4.0),
        ("out", 2, -4.0),
        ("o1", 3, 4.0),
        ("o1", 4, 2.0),
        ("o1.sl", 4, -2.0),
    ]


def test_protection_ends_with_an_entry_nothing_is_left_of() -> None:
    rows: list[Row] = [START, (100, 101, 97, 99), (99, 101, 98.5, 99), (99, 100, 97, 98)]
    market = Market(bars_of(rows), liquidity=Cap(4))
    market.step()
    market.submit(*bracket_of(order_of("limit", limit=98), 95.0, 110.0))
    market.step()
    market.submit(order_of("market", Side.SELL, 4, id="out", origin=Origin.CLOSE))
    market.step()
    market.broker.cancel("o1")
    market.step()
    assert market.path("o1.sl") == ["held", "working", "cancelled"]
    assert market.path("o1.tp") == ["held", "working", "cancelled"]
