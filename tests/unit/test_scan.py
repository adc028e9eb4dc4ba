"""One look at a curve: by arrays and by scalars the same, and what the metrics make of it."""

from __future__ import annotations

from dataclasses import astuple
from math import isnan, sqrt

import numpy as np
import pytest

from framework.research import metrics
from framework.research.curves import daily_returns, drawdown_curve, underwater
from framework.research.scan import Timeline, scan_arrays, scan_curve, scan_scalars, timeline_of
from framework.research.summary import performance_of
from tests.unit.records import DAY, bars_of, record_of


def timeline(count: int, per_session: int = 1, risk_free: float = 0.0) -> Timeline:
    last = np.arange(per_session - 1, count, per_session)
    ends = np.unique(np.append(last, count - 1))
    times = np.arange(count, dtype=np.int64) * DAY
    return Timeline(times, ends[ends > 0], 10.0, risk_free, 252.0)


CURVES = {
    "recovered": [10, 9, 8, 10, 11],
    "the longest is another one": [10, 5, 10, 9, 9, 9],
    "never recovered": [10, 12, 6, 7],
    "below the opening cash from the start": [9, 8, 8],
    "below it once, and at the start": [9, 10, 11, 12],
    "below it once, and no more": [9, 10],
    "twice as deep": [10, 5, 20, 10, 30],
    "none": [10, 11, 12],
    "flat": [10, 10, 10],
    "one instant": [11],
    "one lower instant": [9],
    "lost everything, and more": [10, 0, -5, -5, 20],
    "not a number": [10, float("nan"), 12],
}


def scanned(line: Timeline, curve: np.ndarray) -> tuple[float, ...]:
    found, room = np.empty(9), np.empty((2, len(line.ends)))
    scan_scalars(curve, line.times, line.ends, line.opening, line.risk_free, *room, found)
    return tuple(found.tolist())


def bits(values: tuple[float, ...]) -> list[str]:
    return [float(value).hex() for value in values]


@pytest.mark.parametrize("risk_free", [0.0, 1e-4])
@pytest.mark.parametrize("name", CURVES)
def test_scalars_find_what_arrays_find(name: str, risk_free: float) -> None:
    curve = np.array(CURVES[name], dtype=float)
    line = timeline(len(curve), risk_free=risk_free)
    assert bits(scanned(line, curve)) == bits(astuple(scan_arrays(line, curve)))


@pytest.mark.parametrize("seed", range(30))
def test_so_they_do_on_any_curve(seed: int) -> None:
    chance = np.random.default_rng(seed)
    count = int(chance.integers(1, 3_000))
    steps = chance.choice([0.0, 0.01, -0.01, 0.05, -0.05], count)
    curve = np.round(10.0 * np.cumprod(1.0 + steps), 4)
    line = timeline(count, int(chance.integers(1, 9)), float(chance.choice([0.0, 1e-4])))
    assert bits(scanned(line, curve)) == bits(astuple(scan_arrays(line, curve)))


def test_the_figures_of_a_curve_are_those_of_its_returns() -> None:
    record = record_of(bars_of([100.0] * 600, per_session=3))
    curve = 100_000 * np.cumprod(1 + np.random.default_rng(1).normal(0.001, 0.01, 600))
    line = timeline_of(record, 0.02, 252.0)
    found, returns = performance_of(line, curve), daily_returns(record, curve)
    below = underwater(record.instants, drawdown_curve(record, curve))
    growth = metrics.annualised(curve[-1] / 100_000 - 1.0, len(returns) / 252.0)
    assert found.sharpe == metrics.sharpe(returns, line.risk_free, 252.0)
    assert found.sortino == pytest.approx(metrics.sortino(returns, line.risk_free, 252.0))
    assert found.volatility == metrics.deviation(returns) * sqrt(252.0)
    assert found.annual_return == growth
    assert found.calmar == growth / -below.depth
    assert (found.max_drawdown, found.drawdown_days) == (below.depth, below.days)


def test_nothing_ran() -> None:
    line = timeline(0)
    found = performance_of(line, np.empty(0))
    assert (found.final_equity, found.total_return) == (10.0, 0.0)
    assert isnan(found.sharpe) and isnan(found.max_drawdown)


def test_a_curve_has_a_value_for_each_instant() -> None:
    with pytest.raises(ValueError, match="4 values for 5 instants"):
        scan_curve(timeline(5), np.ones(4))
