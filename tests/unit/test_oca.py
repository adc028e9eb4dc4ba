"""One-cancels-all groups: type 1 cancels, type 2 reduces, type 3 reduces too late for the bar."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from framework.brokers.simulated.policy import FillPolicy
from framework.domain.instruments import Instrument
from framework.domain.orders import Order, Side
from framework.domain.terms import OcaType, Terms
from tests.builders import Market, Row, bars_of, order_of

START: Row = (100, 100, 100, 100)
POLICIES = {
    "pessimistic": FillPolicy(),
    "next_bar": FillPolicy(intrabar="next_bar"),
    "path": FillPolicy(intrabar="path"),
    "submission": FillPolicy(queue="submission"),
}
ONE, TWO, THREE = OcaType.CANCEL, OcaType.REDUCE, OcaType.REDUCE_UNBLOCKED


@dataclass(frozen=True)
class Cap:
    """So many units a bar may trade for each order."""

    most: float

    def units(
        self, instrument: Instrument, price: float, high: float, low: float, volume: float
    ) -> float:
        return self.most


def mate(name: str, kind: OcaType, quantity: float, symbol: str = "AAA", **prices: float) -> Order:
    order_type = "limit" if "limit" in prices else "stop"
    return order_of(
        order_type,
        quantity=quantity,
        id=name,
        symbol=symbol,
        oca="g",
        terms=Terms(oca_type=kind),
        **prices,  # type: ignore[arg-type]
    )


NEAR: Row = (100, 101, 97, 99)
"""Reaches a buyer's limit at 98 and not the one at 95."""
FAR: Row = (96, 97, 94, 95)
"""Reaches both."""

# type, units a bar gives an order, bars, trades of a (10 at 98) and of b (20 at 95)
GROUPS: list[tuple[str, OcaType, float, list[Row], list[float], list[float]]] = [
    ("1: a whole fill cancels", ONE, 99, [NEAR, FAR], [10], []),
    ("1: a part of it cancels too", ONE, 4, [NEAR, FAR, FAR], [4, 4, 2], []),
    ("2: a whole fill leaves nothing", TWO, 99, [NEAR, FAR], [10], []),
    # 4 of 10 leave 6 and 20 x 0.6 = 12; then 4 of 6 leave 2 and 4, which the same bar fills
    ("2: parts reduce in proportion", TWO, 4, [NEAR, FAR], [4, 4], [4]),
    ("3: a whole fill leaves nothing", THREE, 99, [NEAR, FAR], [10], []),
    # 4 of 10 leave 6, and 12 from the next bar on; of which 4 trade before the 4 of 6 count
    ("3: parts reduce from the next bar on", THREE, 4, [NEAR, FAR], [4, 4], [4]),
    ("3: one bar fills both", THREE, 99, [FAR], [10], [20]),
    ("2: one bar fills one of them", TWO, 99, [FAR], [10], []),
    ("1: one bar fills one of them", ONE, 99, [FAR], [10], []),
]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("kind", "most", "rows", "first", "second"),
    [c[1:] for c in GROUPS],
    ids=[c[0] for c in GROUPS],
)
def test_group(
    kind: OcaType,
    most: float,
    rows: list[Row],
    first: list[float],
    second: list[float],
    policy: str,
) -> None:
    chosen = POLICIES[policy]
    each = FillPolicy(intrabar=chosen.intrabar, queue=chosen.queue, participation="order")
    market = Market(bars_of([START, *rows]), policy=each, liquidity=Cap(most))
    market.step()
    market.submit(mate("a", kind, 10, limit=98))
    market.submit(mate("b", kind, 20, limit=95))
    market.step(len(rows))
    assert [t[2] for t in market.trades() if t[0] == "a"] == first
    assert [t[2] for t in market.trades() if t[0] == "b"] == second


def test_how_far_a_mate_is_reduced() -> None:
    """4 of 10 leave 20 x 0.6 = 12; the next 3 of 6 leave 12 x 0.5 = 6; the last 3 leave none."""
    market = Market(bars_of([START, NEAR, NEAR, NEAR]), liquidity=Cap(4))
    market.step()
    market.submit(mate("a", TWO, 10, limit=98))
    market.submit(mate("b", TWO, 20, limit=90))
    market.step()
    assert market.last("b").order.quantity == 12.0
    assert market.last("b").reason == "reduced with its group"
    market.step()
    assert market.last("b").order.quantity == 4.0  # 4 of 6: 12 / 3
    market.step()
    assert market.path("b") == ["working", "cancelled"]


@pytest.mark.parametrize(("lot", "left"), [(1.0, 3.0), (2.0, 2.0), (0.0, 10.0 / 3)])
def test_a_reduced_mate_keeps_whole_lots_and_rather_less(lot: float, left: float) -> None:
    market = Market(bars_of([START, NEAR], lot=lot), liquidity=Cap(2))
    market.step()
    market.submit(mate("a", TWO, 6, limit=98))
    market.submit(mate("b", TWO, 5, limit=90))
    market.step()
    assert market.last("b").order.quantity == pytest.approx(left)


def test_a_type_3_reduction_counts_from_the_next_bar() -> None:
    """a: 6 of 10 in bar 1, so b has 20 x 0.4 = 8 left less the 6 it got itself in that bar."""
    each = FillPolicy(participation="order")
    market = Market(bars_of([START, FAR, FAR, FAR]), liquidity=Cap(6), policy=each)
    market.step()
    market.submit(mate("a", THREE, 10, limit=98))
    market.submit(mate("b", THREE, 20, limit=95))
    market.step()
    assert [t[::2] for t in market.trades()] == [("a", 6.0), ("b", 6.0)]
    # b: 14 left, of which the part a got (6 of 10) goes: 14 x 0.4 = 5.6, five in whole lots
    assert market.last("b").order.quantity == 11.0
    # a: 4 left, of which the part b got (6 of 20) goes: 4 x 0.7 = 2.8, two in whole lots
    assert market.last("a").order.quantity == 8.0


@pytest.mark.parametrize("kind", [ONE, TWO, THREE])
def test_across_instruments(kind: OcaType) -> None:
    rows = [START, NEAR, FAR]
    market = Market(bars_of(rows), bars_of(rows, "BBB"))
    market.step()
    market.submit(mate("b", kind, 20, "BBB", limit=95))
    market.submit(mate("a", kind, 10, limit=98))
    market.step(2)
    assert [t[0] for t in market.trades()] == ["a"]
    assert market.path("b") == ["working", "cancelled"]


def test_a_straddle_trades_one_side() -> None:
    for kind in (ONE, TWO):
        for policy in POLICIES.values():
            market = Market(bars_of([START, (100, 110, 90, 100)]), policy=policy)
            market.step()
            up = mate("up", kind, 10, stop=105)
            down = order_of("stop", Side.SELL, id="down", stop=95, oca="g", terms=up.terms)
            market.submit(up)
            market.submit(down)
            market.step()
            assert len(market.fills) == 1


def test_groups_do_not_touch_each_other() -> None:
    market = Market(bars_of([START, FAR]))
    market.step()
    market.submit(mate("a", ONE, 10, limit=98))
    market.submit(order_of("limit", id="c", limit=95, oca="other"))
    market.submit(order_of("limit", id="d", limit=95))
    market.step()
    assert sorted(t[0] for t in market.trades()) == ["a", "c", "d"]


def test_an_end_without_a_fill_leaves_the_group_alone() -> None:
    market = Market(bars_of([START, NEAR, FAR]))
    market.step()
    market.submit(mate("a", ONE, 10, limit=90))
    market.submit(mate("b", ONE, 20, limit=95))
    market.broker.cancel("a")
    market.step(2)
    assert market.trades() == [("b", 2, 20.0, 95.0)]
