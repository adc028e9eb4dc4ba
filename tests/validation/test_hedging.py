"""Published hedging experiments, through the event engine and its hedger.

Source of both: Hull, Options, Futures and Other Derivatives, chapter on the Greek letters: S = 49,
K = 50, r = 5 %, sigma = 20 %, 20 weeks, expected return 13 %, 100,000 calls sold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
import pytest

from framework.components.hedging import Interval
from framework.domain.bars import FloatArray
from framework.hedge_ports import Hedger, HedgeState
from framework.hedgelab.experiment import Experiment
from framework.hedgelab.lab import hedge_lab
from framework.hedgelab.outcome import Outcome, costs_of
from framework.hedgelab.trial import Hedged, Trial

WEEKLY = Experiment(cost=0.0, step=1.0)
REFERENCE_ERROR = 0.002
"""Most a reference figure is off by chance (one standard error)."""

# (policy, weeks between two checks, hedging error by Monte Carlo on 200,000 paths, mean cost,
# the book's own figures of its older and newer editions, which come from 1,000 paths or fewer)
PERFORMANCE = [
    ("interval:bars=5", 5, 0.4149, 2.4198, (0.43, 0.42)),
    ("interval:bars=1", 1, 0.1921, 2.4057, (0.19, 0.21)),
    ("stop_loss:bars=5", 5, 1.0285, 2.6623, (1.02, 0.98)),
    ("stop_loss:bars=1", 1, 0.8185, 2.5197, (0.77, 0.79)),
]
DELTA_HEDGES, STOP_LOSSES = PERFORMANCE[:2], PERFORMANCE[2:]
Row = tuple[str, int, float, float, tuple[float, float]]


def measured(row: Row, paths: int, jobs: int = 1) -> Outcome:
    outcome = hedge_lab([row[0]], WEEKLY, paths=paths, jobs=jobs).outcomes[0]
    print(
        f"every {row[1]} weeks: hedging error {outcome.error:.4f}, standard error "
        f"{outcome.standard_error:.4f}; published {row[2]} and {row[4]}"
    )
    return outcome


@pytest.mark.parametrize("row", DELTA_HEDGES)
def test_the_hedging_error_of_delta_hedges_on_some_paths(row: Row) -> None:
    paths = 2_000
    outcome = measured(row, paths)
    by_chance = 3.5 * (outcome.standard_error**2 + REFERENCE_ERROR**2) ** 0.5
    assert abs(outcome.error - row[2]) < by_chance
    assert by_chance < 0.1 * row[2]
    assert abs(outcome.mean_cost - row[3]) < 3.5 * outcome.error * outcome.price / paths**0.5


@pytest.mark.parametrize("row", STOP_LOSSES)
def test_the_hedging_error_of_stop_losses_on_some_paths(row: Row) -> None:
    paths = 1_000
    outcome = measured(row, paths)
    assert abs(outcome.error - row[2]) < 3.5 * outcome.standard_error
    assert abs(outcome.mean_cost - row[3]) < 3.5 * outcome.error * outcome.price / paths**0.5


@pytest.mark.slow
@pytest.mark.parametrize("row", DELTA_HEDGES)
def test_the_hedging_error_of_delta_hedges(row: Row) -> None:
    assert abs(measured(row, 20_000, jobs=2).error - row[2]) < 0.005


@pytest.mark.slow
@pytest.mark.parametrize("row", STOP_LOSSES)
def test_the_hedging_error_of_stop_losses(row: Row) -> None:
    outcome = measured(row, 20_000, jobs=2)
    assert abs(outcome.error - row[2]) < 3.0 * outcome.standard_error


def test_the_rule_of_thumb() -> None:
    """Derman and Kamal's, at the intervals of the table."""
    assert [round(WEEKLY.rule_of_thumb(weeks), 4) for weeks in (5, 1)] == [0.4469, 0.1999]


# the book's table of a call that closes in the money: price of the underlying, delta, units bought,
# their cost, cumulative cost and a week's interest on it, the last three in thousands
IN_THE_MONEY = [
    (49.00, 0.522, 52_200, 2557.8, 2557.8, 2.5),
    (48.12, 0.458, -6_400, -308.0, 2252.3, 2.2),
    (47.37, 0.400, -5_800, -274.7, 1979.8, 1.9),
    (50.25, 0.596, 19_600, 984.9, 2966.6, 2.9),
    (51.75, 0.693, 9_700, 502.0, 3471.5, 3.3),
    (53.12, 0.774, 8_100, 430.3, 3905.1, 3.8),
    (53.00, 0.771, -300, -15.9, 3893.0, 3.7),
    (51.87, 0.706, -6_500, -337.2, 3559.5, 3.4),
    (51.38, 0.674, -3_200, -164.4, 3398.5, 3.3),
    (53.00, 0.787, 11_300, 598.9, 4000.7, 3.8),
    (49.88, 0.550, -23_700, -1182.2, 2822.3, 2.7),
    (48.50, 0.413, -13_700, -664.4, 2160.6, 2.1),
    (49.88, 0.542, 12_900, 643.5, 2806.2, 2.7),
    (50.37, 0.591, 4_900, 246.8, 3055.7, 2.9),
    (52.13, 0.768, 17_700, 922.7, 3981.3, 3.8),
    (51.88, 0.759, -900, -46.7, 3938.4, 3.8),
    (52.87, 0.865, 10_600, 560.4, 4502.6, 4.3),
    (54.87, 0.978, 11_300, 620.0, 5126.9, 4.9),
    (54.62, 0.990, 1_200, 65.5, 5197.3, 5.0),
    (55.87, 1.000, 1_000, 55.9, 5258.2, 5.1),
    (57.25, 1.000, 0, 0.0, 5263.3, 5.1),
]
COST_OF_HEDGING = 263.3
UNROUNDED = 263.2416
"""Thousands, with deltas that are not rounded to three digits."""

SOLD = Experiment(cost=0.0, step=1.0, options=100_000.0)
PRICES = np.array([row[0] for row in IN_THE_MONEY])


@dataclass(frozen=True, slots=True)
class WholeHundreds:
    """Trades the number of hundreds that brings a book nearest to its target.

    While the hedge is whole hundreds, that leaves the delta hedged rounded to three digits.
    """

    def net_delta(self, state: HedgeState) -> float:
        return state.book.delta + 100.0 * round((state.target - state.book.delta) / 100.0)


def hedged(hedger: Hedger) -> Hedged:
    return Trial(SOLD, hedger).run(PRICES)


def printed(traded: FloatArray) -> Sequence[tuple[float, ...]]:
    """The table of these trades, each column rounded before it goes into the next, as printed."""
    rows, interest, total = [], 0.0, 0.0
    for price, held, units in zip(PRICES, np.cumsum(traded), traded, strict=True):
        cost = round(units * price / 1_000.0, 1)
        total = round(total + interest + cost, 1)
        interest = round((exp(0.05 / 52.0) - 1.0) * total, 1)
        rows.append((float(price), round(held / 1e5, 6), round(units, 6), cost, total, interest))
    return rows


def test_the_path_in_the_money_to_the_printed_digit() -> None:
    rows = printed(hedged(WholeHundreds()).traded)
    assert rows == IN_THE_MONEY
    assert round(rows[-1][4] - 5_000.0, 1) == COST_OF_HEDGING


def test_its_deltas_without_rounding() -> None:
    trial = hedged(Interval(bars=1))
    held = np.cumsum(trial.traded)[:-1] / 1e5
    assert [round(delta, 3) for delta in held] == [row[1] for row in IN_THE_MONEY[:-1]]
    cost = costs_of(trial, SOLD).cost * 100.0 * exp(0.05 * SOLD.years)
    assert round(cost, 4) == UNROUNDED
    assert round(trial.premium, 4) == round(SOLD.price, 4) == 2.4005
