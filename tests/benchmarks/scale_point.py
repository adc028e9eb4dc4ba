"""One point of the scale picture: makes its prices in one process, runs on them in another."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

from framework import Bars, Instrument
from framework.backtest.run import run_verified
from framework.research.trades import trades_of
from tests.benchmarks.machine import peak_mb
from tests.benchmarks.slipway import PLAIN, all_bars
from tests.benchmarks.trader import SmaOnBar, SmaWhen
from tests.benchmarks.workloads import CASH, Prices, Task, prices_of

_DAYS = 2_520
_RUN_BARS = 2_000
GRIDS = {
    1: (1, 1),
    10: (2, 5),
    100: (10, 10),
    1_000: (20, 50),
    10_000: (100, 100),
    100_000: (200, 500),
}
"""By number of runs, how many fast and how many slow periods."""
_COLUMNS = ("open", "high", "low", "close", "volume")


def make(axis: str, size: int, file: Path) -> None:
    """Write the prices of a point."""
    count = _bars(axis, size)
    walks = [prices_of(Task("sma", count, seed=seed)) for seed in range(_instruments(axis, size))]
    np.save(file, np.stack([[walk.table()[name] for walk in walks] for name in _COLUMNS]))


def load(axis: str, size: int, file: Path) -> tuple[Bars, ...]:
    """The prices of a point as bars."""
    columns = np.load(file)
    count = _bars(axis, size)
    task = Task("panel" if axis == "instruments" else "sma", count)
    bars = []
    for number in range(_instruments(axis, size)):
        prices = Prices(*(column[number] for column in columns))
        one = all_bars(task, prices)[0]
        bars.append(replace(one, instrument=Instrument(f"I{number:04d}", calendar="24/7")))
    return tuple(bars)


def run(axis: str, size: int, bars: Sequence[Bars]) -> None:
    """The work that is timed."""
    if axis == "runs":
        from tests.benchmarks.swept import swept

        fast, slow = GRIDS[size]
        swept(bars[0], range(2, 2 + fast), range(205, 205 + slow))
        return
    strategy = SmaOnBar if axis == "bars_on_bar" else SmaWhen
    settings = replace(PLAIN, cash=CASH * len(bars))
    record = run_verified(strategy, bars, settings, {}, {})
    if record.error:
        raise RuntimeError(record.error)
    trades_of(record)


def _bars(axis: str, size: int) -> int:
    if axis == "instruments":
        return _DAYS
    return _RUN_BARS if axis == "runs" else size


def _instruments(axis: str, size: int) -> int:
    return size if axis == "instruments" else 1


def main(step: str, axis: str, size: int, file: Path) -> None:
    """Make the prices, or run on them and print the point."""
    if step == "make":
        make(axis, size, file)
        return
    bars = load(axis, size, file)
    loaded = peak_mb()
    began = perf_counter()
    run(axis, size, bars)
    seconds = perf_counter() - began
    print(axis, size, round(seconds, 4), round(loaded, 1), round(peak_mb(), 1), sep=",")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
