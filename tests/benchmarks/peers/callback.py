"""The callback ceiling: a loop that fills one order and calls a method that reads two numbers."""

from __future__ import annotations

import platform

import numpy as np

from tests.benchmarks.outcome import Outcome, Program, Run
from tests.benchmarks.workloads import CASH, EPSILON, FEE, SIZE, Array, Task, prices_of


class Rule:
    """The strategy: told the bar's number, leaves the units it wants in `wanted`."""

    __slots__ = ("fast", "held", "slow", "wanted")

    def __init__(self, fast: list[float], slow: list[float]) -> None:
        self.fast, self.slow = fast, slow
        self.held = self.wanted = 0.0

    def on_bar(self, now: int) -> None:
        gap = self.fast[now] - self.slow[now]
        if self.held:
            if gap < -EPSILON:
                self.wanted = -SIZE
        elif gap > EPSILON:
            self.wanted = SIZE


def average(values: Array, period: int, known_from: int) -> list[float]:
    """A moving average, 0 before row `known_from`."""
    sums = np.cumsum(np.concatenate(([0.0], values)))
    result = np.zeros(len(values))
    result[period - 1 :] = (sums[period:] - sums[:-period]) / period
    result[:known_from] = 0.0
    return result.tolist()


def prepare(task: Task) -> Run:
    """Averages and opens as lists; the loop alone is timed."""
    prices = prices_of(task)
    fast, slow = task.pairs[0]
    lines = [average(prices.close, period, slow - 1) for period in (fast, slow)]
    opens = prices.open.tolist()

    def run() -> Outcome:
        rule = Rule(*lines)
        on_bar = rule.on_bar
        cash, trades = CASH, 0
        for now, price in enumerate(opens):
            if rule.wanted:
                value = rule.wanted * price
                cash -= value + abs(value) * FEE
                rule.held += rule.wanted
                rule.wanted = 0.0
                trades += not rule.held
            on_bar(now)
        return Outcome.of(trades, cash + rule.held * float(prices.close[-1]))

    return run


PROGRAM = Program(f"Python {platform.python_version()}", {"sma": prepare})
