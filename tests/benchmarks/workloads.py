"""The workloads: their rules in numbers, and seeded prices to run them on.

sma        flat and fast - slow > EPSILON: buy 100. Long and fast - slow < -EPSILON: sell 100.
panel      the same rule on each of 100 instruments.
sweep      the same rule on one instrument with each of 500 pairs of periods.
bracket    from the second bar on, flat: buy 100 with a stop 1 % below and a target 1 % above the
           decision's close, both to the nearest cent. A gap through either fills at the open; of
           two reached inside one bar the stop is the one that counts.
portfolio  five instruments on one account: the fast average crossing above the slow one is bought
           with a fifth of equity, cut down to 15 % by a position limit; crossing below, it is sold.
           Once the session has lost 0.5 % everything is sold, and nothing is bought until the next.

All are decided at a bar's close and filled at the next open; an order of the last bar never fills.
Prices are geometric Brownian motion, rounded to the cent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

CASH = 1_000_000.0
FEE = 0.001
"""Commission as a fraction of the value traded, on each side."""
SIZE = 100.0
FAST, SLOW = 10, 30
EPSILON = 1e-6
"""Dead band: how an average was summed up must not decide a tie."""
STOP, TARGET = 0.01, 0.01
PAIRS = tuple(product(range(5, 25), range(30, 130, 4)))

INSTRUMENTS = 100

PORTFOLIO = 5
PORTFOLIO_FAST, PORTFOLIO_SLOW = 60, 240
PORTFOLIO_FEE = 0.0001
SLIPPAGE = 0.0001
SHARE = 1.0 / PORTFOLIO
MOST = 0.15
DAILY_LOSS = 0.005
TIE = 1e-9
"""Relative distance up to which two averages count as equal."""

MINUTES_A_DAY = 1440
FIRST_DAY = 14_610
"""2010-01-01, in days since 1970."""

SIZES = {
    "sma": 1_000_000,
    "panel": 2_520,
    "sweep": 5_000,
    "bracket": 100_000,
    "portfolio": 100_000,
}
SMALL = {"sma": 6_000, "panel": 260, "sweep": 800, "bracket": 6_000, "portfolio": 6_000}

_SEED = 20_240_101

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """One workload at one size.

    Attributes:
        workload: its name.
        bars: bars per instrument.
        gapless: every bar opens at the close before, so that engines which fill at the close of
            the decision can be compared too.
        seed: 0 for the prices that are compared; others warm programs up.
    """

    workload: str
    bars: int
    gapless: bool = False
    seed: int = 0

    @property
    def instruments(self) -> int:
        """How many there are."""
        return {"panel": INSTRUMENTS, "portfolio": PORTFOLIO}.get(self.workload, 1)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Periods to run with, fast and slow."""
        return PAIRS if self.workload == "sweep" else ((FAST, SLOW),)

    @property
    def steps(self) -> int:
        """Bars that are gone through in all."""
        return self.bars * self.instruments * len(self.pairs)

    @property
    def daily(self) -> bool:
        """Whether bars are days; they are minutes otherwise."""
        return self.workload == "panel"


@dataclass(frozen=True)
class Prices:
    """Columns of shape (n,), or (n, instruments) when there are several."""

    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array

    def each(self) -> Iterator[Prices]:
        """The columns of one instrument after the other."""
        if self.open.ndim == 1:
            yield self
            return
        for j in range(self.open.shape[1]):
            yield Prices(
                *(
                    np.ascontiguousarray(column[:, j])
                    for column in (self.open, self.high, self.low, self.close, self.volume)
                )
            )

    def table(self) -> dict[str, Array]:
        """The columns by name."""
        return {
            "open": self.open,
            "high": self.high,
            "low": self.low,
            "close": self.close,
            "volume": self.volume,
        }


def prices_of(task: Task) -> Prices:
    """The prices a task is run on."""
    if task.daily:
        rng = np.random.default_rng(_SEED + 1 + task.seed)
        first = np.round(rng.uniform(20.0, 80.0, size=INSTRUMENTS), 2)
        return _walk(rng, (task.bars, INSTRUMENTS), first, 0.015, 0.0 if task.gapless else 0.3)
    gap = 0.0 if task.gapless else 0.1
    if task.instruments > 1:
        rng = np.random.default_rng(_SEED + 2 + task.seed)
        first = np.linspace(40.0, 200.0, task.instruments)
        return _walk(rng, (task.bars, task.instruments), first, 0.0008, gap)
    rng = np.random.default_rng(_SEED + task.seed)
    return _walk(rng, (task.bars,), np.float64(100.0), 0.0008, gap)


def days_of(task: Task) -> NDArray[np.int64]:
    """The trading day of each bar, as days since 1970; markets never close."""
    rows = np.arange(task.bars)
    return FIRST_DAY + (rows if task.daily else rows // MINUTES_A_DAY)


def _walk(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    first: Array | np.float64,
    sigma: float,
    gap: float,
) -> Prices:
    """Bars of a walk whose bar deviates by `sigma`, and whose open by `gap` times that."""
    inside = rng.standard_normal(shape) * sigma
    between = rng.standard_normal(shape) * (sigma * gap)
    level = np.cumsum(inside + between, axis=0)
    close = np.round(first * np.exp(level), 2)
    opened = np.round(first * np.exp(level - inside), 2)
    if not gap:
        opened[1:] = close[:-1]
    opened[0] = np.round(first, 2)
    above = np.abs(rng.standard_normal(shape)) * (0.3 * sigma)
    below = np.abs(rng.standard_normal(shape)) * (0.3 * sigma)
    top, bottom = np.maximum(opened, close), np.minimum(opened, close)
    high = np.maximum(top, np.round(top * (1.0 + above), 2))
    low = np.minimum(bottom, np.round(bottom * (1.0 - below), 2))
    volume = rng.integers(10_000, 100_000, size=shape).astype(np.float64)
    return Prices(opened, high, low, close, volume)
