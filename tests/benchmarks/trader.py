"""The workloads as a trader writes them for Slipway."""

from __future__ import annotations

import numpy as np

from framework import Strategy, crosses_above, crosses_below, flat, long, sma
from framework.domain.bars import FloatArray
from tests.benchmarks.workloads import (
    EPSILON,
    FAST,
    PORTFOLIO_FAST,
    PORTFOLIO_SLOW,
    SIZE,
    SLOW,
    STOP,
    TARGET,
)


class SmaOnBar(Strategy):
    """Long while the fast average is above the slow one, decided bar by bar."""

    fast: int = FAST
    slow: int = SLOW

    def setup(self) -> None:
        self.fast_line = self.indicator(sma, self.fast)
        self.slow_line = self.indicator(sma, self.slow)

    def on_bar(self) -> None:
        gap = self.fast_line[-1] - self.slow_line[-1]
        if self.position.is_flat:
            if gap > EPSILON:
                self.buy(SIZE)
        elif gap < -EPSILON:
            self.sell(SIZE)


class SmaWhen(Strategy):
    """The same, said in conditions."""

    fast: int = FAST
    slow: int = SLOW

    def setup(self) -> None:
        gap = self.indicator(sma, self.fast) - self.indicator(sma, self.slow)
        self.when(flat & (gap > EPSILON), self.buy, quantity=SIZE)
        self.when(long & (gap < -EPSILON), self.sell, quantity=SIZE)


class Bracket(Strategy):
    """Always in, behind a stop and before a target."""

    def setup(self) -> None:
        close = self.data.close
        second_on = close.shift(1) > 0.0
        self.when(
            flat & second_on,
            self.buy,
            quantity=SIZE,
            stop_loss=self.indicator(to_the_cent, on=close * (1.0 - STOP)),
            take_profit=self.indicator(to_the_cent, on=close * (1.0 + TARGET)),
        )


class Portfolio(Strategy):
    """Every instrument while its fast average is above its slow one, from one account."""

    universe = True

    fast: int = PORTFOLIO_FAST
    slow: int = PORTFOLIO_SLOW

    def setup(self) -> None:
        for symbol in self.symbols:
            close = self.data[symbol].close
            fast = self.indicator(sma, self.fast, on=close)
            slow = self.indicator(sma, self.slow, on=close)
            self.when(crosses_above(fast, slow), self.go_long, symbol=symbol)
            self.when(crosses_below(fast, slow), self.close, symbol=symbol)


def to_the_cent(values: FloatArray) -> FloatArray:
    """Prices rounded to the nearest cent."""
    return np.round(values, 2)
