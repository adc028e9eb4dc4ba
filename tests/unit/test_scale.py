"""Scale orders: ladders of limits, rung by rung.

A ladder of 10 at 98: 4 at 98.00, then 3 at 97.50, then 3 at 97.00.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from framework.brokers.simulated.policy import FillPolicy
from framework.domain.instruments import Instrument
from framework.domain.orders import Order, Side, TimeInForce, points
from framework.domain.terms import Scale, Terms
from framework.engine.changes import rounded
from framework.errors import OrderError
from tests.builders import Market, Row, bars_of, bracket_of, mirrored, order_of

START: Row = (100, 100, 100, 100)
LADDER = order_of("limit", limit=98, terms=Terms(scale=Scale(first=4, step=0.5, size=3)))
POLICIES = {
    "pessimistic": FillPolicy(),
    "next_bar": FillPolicy(intrabar="next_bar"),
    "path": FillPolicy(intrabar="path"),
    "submission": FillPolicy(queue="submission"),
}


@dataclass(frozen=True)
class Cap:
    most: float

    def units(
        self, instrument: Instrument, price: float, high: float, low: float, volume: float
    ) -> float:
        return self.most


def upside_down(order: Order) -> Order:
    assert order.limit is not None
    return replace(order, side=order.side.opposite, limit=200 - order.limit)


# name, ladder, bars, (bar, units, price) of its fills
RUNGS: list[tuple[str, Order, list[Row], list[tuple[int, float, float]]]] = [
    ("none", LADDER, [(100, 101, 98.01, 99)], []),
    ("the first", LADDER, [(100, 101, 98, 99)], [(1, 4, 98)]),
    ("the first, and nearly the second", LADDER, [(100, 101, 97.51, 99)], [(1, 4, 98)]),
    ("two in one bar", LADDER, [(100, 101, 97.5, 99)], [(1, 4, 98), (1, 3, 97.5)]),
    ("all in one bar", LADDER, [(100, 101, 90, 99)], [(1, 4, 98), (1, 3, 97.5), (1, 3, 97)]),
    (
        "one a bar",
        LADDER,
        [(100, 101, 98, 99), (99, 99, 97.5, 98), (98, 99, 97, 98)],
        [(1, 4, 98), (2, 3, 97.5), (3, 3, 97)],
    ),
    (
        "the open is beyond the first",
        LADDER,
        [(97.8, 99, 97.6, 98)],
        [(1, 4, 97.8)],
    ),
    (
        "the open is beyond two of them",
        LADDER,
        [(97.2, 99, 97.1, 98)],
        [(1, 4, 97.2), (1, 3, 97.2)],
    ),
    (
        "the open is beyond all, and the bar never comes back",
        LADDER,
        [(95, 96, 94, 95.5)],
        [(1, 4, 95), (1, 3, 95), (1, 3, 95)],
    ),
    (
        "equal rungs, the last one smaller",
        replace(LADDER, terms=Terms(scale=Scale(first=4, step=1))),
        [(100, 101, 90, 99)],
        [(1, 4, 98), (1, 4, 97), (1, 2, 96)],
    ),
    (
        "a first rung larger than all",
        replace(LADDER, terms=Terms(scale=Scale(first=40, step=1))),
        [(100, 101, 90, 99)],
        [(1, 10, 98)],
    ),
    (
        "tenths of another size add up",
        replace(LADDER, quantity=0.9, terms=Terms(scale=Scale(first=0.7, step=1, size=0.1))),
        [(100, 101, 90, 99)],
        [(1, 0.7, 98), (1, 0.1, 97), (1, 0.1, 96)],
    ),
    (
        "tenths add up",
        replace(LADDER, quantity=0.6, terms=Terms(scale=Scale(first=0.1, step=1))),
        [(100, 101, 90, 99)],
        [(1, 0.1, 98.0 - i) for i in range(6)],
    ),
]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
@pytest.mark.parametrize(
    ("ladder", "rows", "expected"), [c[1:] for c in RUNGS], ids=[c[0] for c in RUNGS]
)
def test_ladder(
    ladder: Order,
    rows: list[Row],
    expected: list[tuple[int, float, float]],
    side: Side,
    policy: str,
) -> None:
    if side is Side.SELL:
        ladder, rows = upside_down(ladder), mirrored(rows)
        expected = [(bar, units, 200 - price) for bar, units, price in expected]
    market = Market(bars_of([START, *rows], lot=0.1), policy=POLICIES[policy])
    market.step()
    market.submit(ladder)
    market.step(len(rows))
    found = [(bar, side * units, price) for _, bar, units, price in market.trades()]
    assert found == [pytest.approx(each) for each in expected]
    assert all(units == round(units, 1) for _, units, _ in found)
    filled = sum(units for _, units, _ in expected)
    states = ["working", "partial", "filled"]
    if filled == pytest.approx(ladder.quantity):
        assert market.path("o1")[-1] == "filled"
    else:
        assert market.path("o1") == states[: 2 if filled else 1]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
def test_a_rung_filled_in_part_goes_on_at_its_own_price(side: Side, policy: str) -> None:
    """Three units a bar: 3 of the first rung, its last one, and then the rungs below."""
    rows: list[Row] = [START, *[(100, 101, 90, 99)] * 5]
    ladder = LADDER
    if side is Side.SELL:
        ladder, rows = upside_down(ladder), mirrored(rows)
    market = Market(bars_of(rows), policy=POLICIES[policy], liquidity=Cap(3))
    market.step()
    market.submit(ladder)
    market.step(5)
    found = [
        (bar, side * u, p if side is Side.BUY else 200 - p) for _, bar, u, p in market.trades()
    ]
    assert found == [(1, 3, 98), (2, 1, 98), (2, 2, 97.5), (3, 1, 97.5), (3, 2, 97), (4, 1, 97)]


def test_a_ladder_that_must_trade_at_once_does_so_at_the_open_alone() -> None:
    market = Market(bars_of([START, (97.6, 99, 90, 98)]))
    market.step()
    market.submit(replace(LADDER, tif=TimeInForce.IOC))
    market.step()
    assert market.trades() == [("o1", 1, 4.0, 97.6)]
    assert market.path("o1") == ["working", "partial", "cancelled"]


def test_protection_grows_with_the_rungs_and_counts_from_their_average() -> None:
    """4 at 98 and 3 at 97.5 are 97.7857 on average; 5 below are 92.7857."""
    rows: list[Row] = [START, (100, 101, 98, 99), (99, 99, 97.5, 98)]
    market = Market(bars_of(rows))
    market.step()
    market.submit(*bracket_of(LADDER, points(5), points(10)))
    market.step()
    assert (market.last("o1.sl").order.quantity, market.last("o1.sl").order.stop) == (4, 93)
    market.step()
    assert (market.last("o1.sl").order.quantity, market.last("o1.sl").order.stop) == (7, 92.78)
    assert (market.last("o1.tp").order.quantity, market.last("o1.tp").order.limit) == (7, 107.79)


def test_the_door_puts_a_ladder_on_the_grid() -> None:
    instrument = Instrument("AAA", tick=0.05, lot=10.0)
    ladder = order_of(
        "limit", quantity=57.0, limit=98.03, terms=Terms(scale=Scale(first=25, step=0.12, size=4))
    )
    found = rounded(ladder, instrument)
    assert (found.quantity, found.limit) == (50.0, 98.0)
    assert found.terms.scale == Scale(first=20.0, step=0.15, size=10.0)


@pytest.mark.parametrize("kind", ["market", "stop", "peg_mid"])
def test_a_ladder_is_a_limit_order(kind: str) -> None:
    with pytest.raises(OrderError, match="limit order"):
        order_of(kind, stop=90 if kind == "stop" else None, terms=Terms(scale=Scale(1, 1)))
