"""Replays: a strategy that reaches the future by itself decides otherwise when it is cut off."""

from __future__ import annotations

import random

import numpy as np
import pytest

from framework import sma
from framework.backtest.run import run, run_verified
from framework.domain.bars import FloatArray
from framework.errors import LookaheadError
from framework.strategy import Strategy
from tests.builders import Row, bars_of, free

STOLEN: list[FloatArray] = []


def walk(count: int) -> list[Row]:
    rng = np.random.default_rng(3)
    closes = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, count)))
    return [(c, c * 1.01, c * 0.99, c) for c in closes.round(2)]


def keep(values: FloatArray) -> FloatArray:
    """An honest-looking indicator that keeps what it was shown."""
    STOLEN.append(values)
    return values


class Thief(Strategy):
    """Buys when tomorrow is higher, from an array an indicator was shown."""

    def setup(self) -> None:
        self.indicator(keep)
        self._all = STOLEN[-1]

    def on_bar(self) -> None:
        row = len(self.data)
        if row < len(self._all) and self._all[row] > self.data.close[-1]:
            self.go_long()
        else:
            self.close()


class Gambler(Strategy):
    def on_bar(self) -> None:
        if random.random() < 0.3:
            self.buy(1)


class Cross(Strategy):
    def setup(self) -> None:
        self._fast, self._slow = self.indicator(sma, 3), self.indicator(sma, 9)

    def on_bar(self) -> None:
        if self._fast[-1] > self._slow[-1]:
            self.go_long(stop_loss=self.data.close[-1] * 0.98)
        else:
            self.go_short()


def verified(strategy: type[Strategy]) -> object:
    return run_verified(strategy, [bars_of(walk(300))], free(), {}, {})


def test_a_stolen_array_is_caught_although_the_indicator_is_honest() -> None:
    assert run(Thief, [bars_of(walk(300))], free()).error == ""
    with pytest.raises(LookaheadError, match=r"The strategy looks ahead: when the bars end at"):
        verified(Thief)


def test_chance_is_caught_too() -> None:
    with pytest.raises(LookaheadError, match="never from chance"):
        verified(Gambler)


def test_an_honest_strategy_is_the_same_run_twice() -> None:
    bars = [bars_of(walk(300))]
    once = run(Cross, bars, free())
    record = run_verified(Cross, bars, free(), {}, {})
    assert record.fills == once.fills
    assert len(record.fills) > 20


@pytest.mark.parametrize("verb", ["indicator", "when"])
def test_nothing_can_be_declared_after_setup(verb: str) -> None:
    class Late(Strategy):
        def on_bar(self) -> None:
            if verb == "indicator":
                self.indicator(sma, 3)
            else:
                self.when(self.data.close > 0, self.go_long)

    record = run(Late, [bars_of(walk(5))], free())
    assert f"{verb} was used after setup" in record.error
