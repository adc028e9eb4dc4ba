"""backtesting.py: one Backtest per instrument, Backtest.optimize for the sweep."""

from __future__ import annotations

import warnings
from multiprocessing.dummy import Pool

import backtesting
import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

from tests.benchmarks.outcome import Outcome, Program, Run
from tests.benchmarks.peers.frames import frames
from tests.benchmarks.workloads import (
    CASH,
    EPSILON,
    FAST,
    FEE,
    SIZE,
    SLOW,
    STOP,
    TARGET,
    Array,
    Task,
)

warnings.filterwarnings("ignore", module="backtesting")
warnings.filterwarnings("ignore", message=".*trades remain open.*")
backtesting.Pool = Pool  # threads: one core, as everybody has
backtesting.backtesting._tqdm = lambda several, **_: several  # progress bars cost time


def gap_of(close: Array, fast: int, slow: int) -> Array:
    """Difference of two averages, 0 while they warm up: NaN would hold back the first bars."""
    values = pd.Series(close)
    difference = values.rolling(fast).mean() - values.rolling(slow).mean()
    return np.nan_to_num(difference.to_numpy())


class Averages(Strategy):
    """The average rule."""

    fast = FAST
    slow = SLOW

    def init(self) -> None:
        self.gap = self.I(gap_of, self.data.Close, self.fast, self.slow)

    def next(self) -> None:
        gap = self.gap[-1]
        if not self.position:
            if gap > EPSILON:
                self.buy(size=int(SIZE))
        elif gap < -EPSILON:
            self.position.close()


class Bracketed(Strategy):
    """Always in, behind a stop and before a target."""

    def init(self) -> None:
        pass

    def next(self) -> None:
        if not self.position:
            close = self.data.Close[-1]
            self.buy(
                size=int(SIZE),
                sl=float(np.round(close * (1.0 - STOP), 2)),
                tp=float(np.round(close * (1.0 + TARGET), 2)),
            )


def tests_of(task: Task, strategy: type[Strategy]) -> list[Backtest]:
    """One backtest per instrument."""
    return [
        Backtest(frame.rename(columns=str.capitalize), strategy, cash=CASH, commission=FEE)
        for frame in frames(task)
    ]


def together(tests: list[Backtest]) -> Outcome:
    """Run them all: each has a purse of its own, so their profits are added."""
    found = [test.run() for test in tests]
    trades = sum(len(one["_trades"]) for one in found)
    return Outcome([trades], [sum(one["Equity Final [$]"] - CASH for one in found)])


def averages(task: Task) -> Run:
    """One instrument or many."""
    tests = tests_of(task, Averages)
    return lambda: together(tests)


def bracket(task: Task) -> Run:
    """Stop and target."""
    tests = tests_of(task, Bracketed)
    return lambda: together(tests)


def sweep(task: Task) -> Run:
    """Its optimisation, which tells final equities but no trades."""
    test = tests_of(task, Averages)[0]
    fast, slow = (sorted({pair[side] for pair in task.pairs}) for side in (0, 1))

    def run() -> Outcome:
        _, found = test.optimize(
            fast=fast, slow=slow, maximize="Equity Final [$]", return_heatmap=True
        )
        return Outcome([], [float(found.loc[pair]) - CASH for pair in task.pairs])

    return run


PROGRAM = Program(
    backtesting.__version__,
    {"sma": averages, "panel": averages, "sweep": sweep, "bracket": bracket},
)
