"""bt: one Algo that trades fixed sizes.

It knows one price per bar and trades at it at once, so it is given the opens, what was decided at
the close before, and a last row with the final closes on which nothing trades. It has no resting
orders, so there is no bracket.
"""

from __future__ import annotations

import bt
import numpy as np
import pandas as pd

from tests.benchmarks.outcome import Outcome, Program, Run
from tests.benchmarks.peers.frames import index_of
from tests.benchmarks.workloads import CASH, EPSILON, FEE, SIZE, Array, Task, prices_of


class FixedSize(bt.Algo):
    """Buys where the gap of the bar before is above, sells where it is below."""

    def __init__(self, gaps: Array, names: list[str]) -> None:
        super().__init__()
        self.gaps, self.names = gaps, names
        self.row, self.closed = -1, 0
        self.held = [False] * len(names)

    def __call__(self, target: bt.core.StrategyBase) -> bool:
        self.row += 1
        gaps = self.gaps[self.row]
        for column in np.flatnonzero(np.abs(gaps) > EPSILON):
            rising = bool(gaps[column] > 0.0)
            if rising is not self.held[column]:
                target.transact(SIZE if rising else -SIZE, child=self.names[column])
                self.held[column] = rising
                self.closed += not rising
        return True


def backtest_of(task: Task, opens: Array, closes: Array, pair: tuple[int, int]) -> bt.Backtest:
    """One backtest; opens and closes have shape (n, instruments)."""
    names = [f"I{number:03d}" for number in range(opens.shape[1])]
    table = pd.DataFrame(closes)
    averages = [table.rolling(period).mean().to_numpy() for period in pair]
    gaps = np.zeros((task.bars + 1, len(names)))
    gaps[1:-1] = np.nan_to_num(averages[0] - averages[1])[:-1]
    index = index_of(task, task.bars + 1)
    prices = pd.DataFrame(np.vstack([opens, closes[-1:]]), index=index, columns=names)
    return bt.Backtest(
        bt.Strategy("averages", [FixedSize(gaps, names)], children=names),
        prices,
        initial_capital=CASH,
        commissions=lambda quantity, price: abs(quantity) * price * FEE,
        progress_bar=False,
    )


def outcome_of(backtest: bt.Backtest) -> Outcome:
    """Run it."""
    backtest.run()
    strategy = backtest.strategy
    return Outcome.of(strategy.stack.algos[0].closed, strategy.value)


def averages(task: Task) -> Run:
    """One instrument or many."""
    prices = prices_of(task)
    opens, closes = (one.reshape(task.bars, -1) for one in (prices.open, prices.close))
    backtest = backtest_of(task, opens, closes, task.pairs[0])
    return lambda: outcome_of(backtest)


def sweep(task: Task) -> Run:
    """A loop: every pair is another backtest, and its making is part of the work."""
    prices = prices_of(task)
    opens, closes = (one.reshape(task.bars, -1) for one in (prices.open, prices.close))

    def run() -> Outcome:
        found = [outcome_of(backtest_of(task, opens, closes, pair)) for pair in task.pairs]
        return Outcome([one.trades[0] for one in found], [one.profits[0] for one in found])

    return run


PROGRAM = Program(bt.__version__, {"sma": averages, "panel": averages, "sweep": sweep})
