"""The compiled ceiling: the reference loops through numba, on one core."""

from __future__ import annotations

import numba
import numpy as np

from tests.benchmarks import reference
from tests.benchmarks.outcome import Outcome, Program, Run
from tests.benchmarks.workloads import CASH, Array, Task, days_of, prices_of

_sma = numba.njit(reference.sma)
_panel = numba.njit(reference.panel)
_bracket = numba.njit(reference.bracket)
_portfolio = numba.njit(reference.portfolio)


@numba.njit
def _sweep(opens: Array, closes: Array, pairs: Array, trades: Array, equities: Array) -> None:
    for k in range(len(pairs)):
        trades[k], equities[k] = _sma(opens, closes, pairs[k, 0], pairs[k, 1])


def sma(task: Task) -> Run:
    """One instrument."""
    prices = prices_of(task)
    return lambda: Outcome.of(*_sma(prices.open, prices.close, *task.pairs[0]))


def panel(task: Task) -> Run:
    """Many instruments."""
    prices = prices_of(task)
    return lambda: Outcome.of(*_panel(prices.open, prices.close, *task.pairs[0]))


def sweep(task: Task) -> Run:
    """Many pairs of periods."""
    prices = prices_of(task)
    pairs = np.array(task.pairs)

    def run() -> Outcome:
        trades, equities = np.zeros(len(pairs), dtype=np.int64), np.zeros(len(pairs))
        _sweep(prices.open, prices.close, pairs, trades, equities)
        return Outcome(trades.tolist(), (equities - CASH).tolist())

    return run


def bracket(task: Task) -> Run:
    """Stop and target."""
    prices = prices_of(task)
    return lambda: Outcome.of(*_bracket(prices.open, prices.high, prices.low, prices.close))


def portfolio(task: Task) -> Run:
    """Five instruments with limits."""
    prices, days = prices_of(task), days_of(task)
    return lambda: Outcome.of(*_portfolio(prices.open, prices.close, days))


PROGRAM = Program(
    f"numba {numba.__version__}",
    {"sma": sma, "panel": panel, "sweep": sweep, "bracket": bracket, "portfolio": portfolio},
    compiles=True,
)
