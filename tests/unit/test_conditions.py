"""Conditions: each kind, joined by and/or, that wake an order or cancel it.

The order is one for AAA, made after bar 0; the conditions look at BBB. They are looked at when a
bar closes, so that an order they wake works from the bar after.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from framework.domain.bars import Bars
from framework.domain.conditions import (
    Condition,
    Conditions,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
    all_of,
    any_of,
)
from framework.domain.orders import Order, Side, TimeInForce, points
from framework.domain.terms import Terms
from tests.builders import Market, Row, bars_of, bracket_of, flat_rows, order_of

BBB: list[Row] = [
    (100, 109, 91, 100),
    (100, 103, 99, 102),
    (102, 105, 101, 101),
    (101, 102, 95, 96),
    (96, 98, 94, 97),
    (97, 98, 96, 97),
]
"""Up to 105 in bar 2 and down to 95 in bar 3; the extremes of bar 0 came before the order."""
VOLUMES = [100.0, 200.0, 300.0, 50.0, 100.0, 400.0]
BARS = len(BBB)


def other() -> Bars:
    """Two sessions of three bars of BBB."""
    bars = bars_of(
        BBB, "BBB", sessions=[0, 0, 0, 1, 1, 1], minutes=[10, 5, 0, 10, 5, 0], frame="5m"
    )
    return replace(bars, volume=np.array(VOLUMES))


def own() -> Bars:
    """The same sessions of AAA, which opens at 100, 101, 102 ..."""
    return bars_of(
        flat_rows([100.0 + i for i in range(BARS)]),
        sessions=[0, 0, 0, 1, 1, 1],
        minutes=[10, 5, 0, 10, 5, 0],
        frame="5m",
    )


def at(row: int, microseconds: int = 0) -> datetime:
    ns = int(own().close_time[row])
    return datetime.fromtimestamp(ns // 10**9, UTC).replace(microsecond=microseconds)


def conditional(conditions: Conditions, order: Order | None = None) -> Order:
    return replace(order or order_of("market"), terms=Terms(conditions=conditions))


def price(level: float, above: bool = True) -> PriceCondition:
    return PriceCondition("BBB", level, above)


def volume(units: float, above: bool = True) -> VolumeCondition:
    return VolumeCondition("BBB", units, above)


def change(percent: float, above: bool = True) -> PercentChangeCondition:
    return PercentChangeCondition("BBB", percent, above)


# name, condition, the bar at whose close it first holds; 0 when the order is made, None for never
KINDS: list[tuple[str, Condition, int | None]] = [
    ("price at the level", price(105), 2),
    ("price above the level", price(104.5), 2),
    ("price short of the level", price(105.01), None),
    ("price down to the level", price(95, above=False), 3),
    ("price never so low", price(93.99, above=False), None),
    ("price there when the order is made", price(100), 0),
    ("what a bar reached before the order does not count", price(109), None),
    ("time", TimeCondition(at(3)), 3),
    ("time between two bars", TimeCondition(at(2, 1)), 3),
    ("time gone by when the order is made", TimeCondition(at(0)), 0),
    ("before a time", TimeCondition(at(1), after=False), 0),
    ("volume of the session so far", volume(600), 2),
    ("volume reached when the order is made", volume(100), 0),
    ("volume starts anew with the session", volume(601), None),
    ("volume not above", volume(50, above=False), 3),
    ("percent up from the session before", change(0.99), 3),
    ("percent not so far up", change(1.0), None),
    ("percent down from the session before", change(-5, above=False), 3),
    ("percent has no base in the first session", change(-99), 3),
    ("nobody traded", ExecutionCondition("BBB"), None),
]


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
@pytest.mark.parametrize(("condition", "holds"), [c[1:] for c in KINDS], ids=[c[0] for c in KINDS])
def test_an_order_works_from_the_bar_after_its_condition_holds(
    condition: Condition, holds: int | None, side: Side
) -> None:
    order = conditional(all_of(condition), order_of("market", side))
    market = Market(own(), other())
    market.step()
    market.submit(order)
    market.step(BARS - 1)
    if holds is None:
        assert market.trades() == []
        assert market.path("o1") == ["working"]
    else:
        assert market.trades() == [("o1", holds + 1, side * 10.0, 100.0 + holds + 1)]


# name, conditions, the bar at whose close they first hold
JOINED = [
    ("both, at different times", all_of(price(105), price(95, above=False)), None),
    ("both, in one bar", all_of(price(105), TimeCondition(at(2))), 2),
    ("the later of two that stay", all_of(TimeCondition(at(1)), TimeCondition(at(4))), 4),
    ("either: the earlier", any_of(price(95, above=False), price(105)), 2),
    ("either, one never", any_of(price(200), price(95, above=False)), 3),
    (
        "and binds more tightly than or",
        Conditions(((price(105), price(95, above=False)), (TimeCondition(at(3)),))),
        3,
    ),
    (
        "the first of two groups",
        Conditions(((price(105), TimeCondition(at(2))), (TimeCondition(at(4)),))),
        2,
    ),
]


@pytest.mark.parametrize(
    ("conditions", "holds"), [c[1:] for c in JOINED], ids=[c[0] for c in JOINED]
)
def test_and_or(conditions: Conditions, holds: int | None) -> None:
    market = Market(own(), other())
    market.step()
    market.submit(conditional(conditions))
    market.step(BARS - 1)
    assert [t[1] for t in market.trades()] == ([] if holds is None else [holds + 1])


@pytest.mark.parametrize(
    ("conditions", "holds"), [c[1:] for c in JOINED], ids=[c[0] for c in JOINED]
)
def test_conditions_that_cancel(conditions: Conditions, holds: int | None) -> None:
    """The order works until they hold, at the close of the bar in which they do."""
    market = Market(own(), other())
    market.step()
    market.submit(
        conditional(replace(conditions, cancels=True), order_of("limit", Side.SELL, limit=105))
    )
    market.step(BARS - 1)
    if holds is None:
        assert market.trades() == [("o1", 5, -10.0, 105.0)]
    else:
        assert market.trades() == []
        assert market.path("o1") == ["working", "cancelled"]
        assert market.last("o1").reason == "its conditions hold"
        assert market.last("o1").time == int(own().close_time[holds])


def test_what_fills_first_is_not_cancelled() -> None:
    market = Market(own(), other())
    market.step()
    waits = all_of(price(105), cancels=True)
    market.submit(conditional(waits, order_of("limit", Side.SELL, limit=101)))
    market.step(3)
    assert market.trades() == [("o1", 1, -10.0, 101.0)]


def test_a_cancel_that_holds_already_leaves_no_order() -> None:
    market = Market(own(), other())
    market.step()
    market.submit(conditional(all_of(price(100), cancels=True)))
    market.step(2)
    assert market.trades() == []
    assert market.path("o1") == ["working", "cancelled"]


# executions and margin ---------------------------------------------------------------------


def test_an_execution_counts_once_the_order_is_there() -> None:
    """One of BBB before it, and one in bar 2 that wakes it for bar 3."""
    market = Market(own(), other())
    market.step()
    market.submit(order_of("market", id="early", symbol="BBB"))
    market.step()
    market.submit(conditional(all_of(ExecutionCondition("BBB"))))
    market.submit(order_of("limit", id="late", symbol="BBB", limit=101))
    market.step(3)
    assert [t[:2] for t in market.trades()] == [("early", 1), ("late", 2), ("o1", 3)]


@pytest.mark.parametrize(
    ("percent", "above", "holds"), [(50, False, 2), (39, False, None), (70, True, 0)]
)
def test_margin_is_what_positions_leave_free_of_equity(
    percent: float, above: bool, holds: int | None
) -> None:
    """100,000 of cash; 600 units bought at 100 leave 40 percent."""
    market = Market(bars_of(flat_rows([100.0] * BARS)), cash=100_000.0)
    market.step()
    market.submit(
        conditional(all_of(MarginCondition(percent, above)), order_of("market", Side.SELL))
    )
    market.step()
    market.submit(order_of("market", quantity=600, id="big"))
    market.step(BARS - 2)
    found = [bar for name, bar, _, _ in market.trades() if name == "o1"]
    assert found == ([] if holds is None else [holds + 1])


# hours -------------------------------------------------------------------------------------

EARLY: list[Row] = [
    (100, 100, 100, 100),
    (100, 110, 90, 100),
    (100, 101, 99, 100),
    (99, 99, 99, 99),
]


@pytest.mark.parametrize(
    ("condition", "ignored", "bar"),
    [
        (PriceCondition("AAA", 110), False, None),
        (PriceCondition("AAA", 110), True, 2),
        (PriceCondition("AAA", 90, above=False), True, 2),
        (VolumeCondition("AAA", 1e6), True, 2),
        (VolumeCondition("AAA", 1e6), False, 3),
        (TimeCondition(datetime(2020, 2, 25, 14, 15, tzinfo=UTC)), True, 2),
        (TimeCondition(datetime(2020, 2, 25, 14, 15, tzinfo=UTC)), False, 3),
    ],
)
def test_conditions_and_hours(condition: Condition, ignored: bool, bar: int | None) -> None:
    """Bar 1 closes at 14:20 UTC, before the open: only those that ignore hours look at it."""
    bars = bars_of(EARLY, sessions=[0, 1, 1, 1], minutes=[0, 400, 10, 0], frame="5m")
    bars = replace(bars, volume=np.array([0.0, 1e6, 1e6, 1e6]))
    market = Market(replace(bars, regular=np.array([True, False, True, True])))
    market.step()
    market.submit(conditional(all_of(condition, ignore_hours=ignored)))
    market.step(3)
    assert [t[1] for t in market.trades()] == ([] if bar is None else [bar])


def test_the_hours_of_the_market_that_is_looked_at_count_too() -> None:
    """BBB goes to 105 in bar 2, which is a regular one of AAA but not of BBB."""
    closed = replace(other(), regular=np.array([True, True, False, True, True, True]))
    for ignored, found in ((False, []), (True, [3])):
        market = Market(own(), closed)
        market.step()
        market.submit(conditional(all_of(price(105), ignore_hours=ignored)))
        market.step(BARS - 1)
        assert [t[1] for t in market.trades()] == found


# what sleeps -------------------------------------------------------------------------------

ROWS: list[Row] = [
    (100, 100, 100, 100),
    (100, 112, 88, 101),
    (101, 105, 99, 104),
    (104, 106, 93, 96),
    (96, 110, 95, 104),
]
FROM_TWO = all_of(TimeCondition(datetime(2020, 2, 26, 21, tzinfo=UTC)))
"""Holds at the close of daily bar 2: the order works from bar 3."""

# name, order, (bar, price) of the fill
SLEEPERS = [
    ("limit reached while asleep", order_of("limit", limit=90), None),
    ("limit reached later", order_of("limit", limit=94), (3, 94)),
    ("stop reached while asleep", order_of("stop", stop=111), None),
    ("stop reached later", order_of("stop", stop=106), (3, 106)),
    ("touched while asleep", order_of("market_if_touched", stop=90), None),
    ("trailing starts from the close it wakes at", order_of("trail", trail=points(5)), (4, 101)),
    ("at once means once it is awake", order_of("market", tif=TimeInForce.IOC), (3, 104)),
    ("all of it, once it is awake", order_of("market", tif=TimeInForce.FOK), (3, 104)),
    ("the auction after it is awake", order_of("market_on_close"), (3, 96)),
]


@pytest.mark.parametrize(
    ("order", "expected"), [c[1:] for c in SLEEPERS], ids=[c[0] for c in SLEEPERS]
)
def test_nothing_happens_to_an_order_asleep(
    order: Order, expected: tuple[int, float] | None
) -> None:
    market = Market(bars_of(ROWS))
    market.step()
    market.submit(conditional(FROM_TWO, order))
    market.step(4)
    assert market.trades() == ([] if expected is None else [("o1", expected[0], 10.0, expected[1])])


@pytest.mark.parametrize("tif", [TimeInForce.DAY, TimeInForce.OPG])
def test_a_day_passes_while_an_order_sleeps(tif: TimeInForce) -> None:
    market = Market(bars_of(ROWS))
    market.step()
    market.submit(conditional(FROM_TWO, order_of("market", tif=tif)))
    market.step(4)
    assert market.trades() == []
    assert market.path("o1") == ["working", "expired"]


def test_protection_of_a_conditional_entry_waits_for_its_fill() -> None:
    market = Market(bars_of(ROWS))
    market.step()
    market.submit(*bracket_of(conditional(FROM_TWO), 94.0, 120.0))
    market.step(2)
    assert market.path("o1.sl") == ["held"]
    market.step()
    assert market.trades() == [("o1", 3, 10.0, 104.0), ("o1.sl", 3, -10.0, 94.0)]
