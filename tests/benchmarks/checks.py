"""Checks: what the checks before an order cost once a thousand orders are open.

`python -m tests.benchmarks.checks` prints it, and so does `python -m tests.benchmarks.session`.
Each check is timed twice: by the clock, in which other programs of the machine have their part, and
by the time the processor gave to it alone.
"""

from __future__ import annotations

__all__ = ["OPEN", "Checked", "Crowd", "MixedCrowd", "checked", "report"]

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from unittest.mock import patch

import numpy as np

from framework import PriceCondition, Strategy, Terms, all_of, pct
from framework.backtest.settings import BacktestSettings
from framework.components.limits import (
    MaxGrossExposure,
    MaxOrderNotional,
    MaxOrders,
    MaxPositionPercent,
    PriceCollar,
)
from framework.components.venue.sets import IB_RULES
from framework.domain.orders import OrderRequest
from framework.engine.judge import Judge
from framework.engine.slot import Slot
from framework.engine.verdict import Verdict
from tests.builders import five_minutes, flat_rows
from tests.live_runs import history_of, rows_at, session

OPEN = 1_000
BARS, PER_SESSION, REQUESTS = 52, 13, 200
RULES = (
    MaxPositionPercent(500.0),
    MaxGrossExposure(500.0),
    MaxOrderNotional(1e9),
    MaxOrders(10**9),
    PriceCollar(99.9),
)
T = TypeVar("T")
SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE")


class Crowd(Strategy):
    """A thousand limit orders of one instrument; then requests, each taken back at once."""

    open = OPEN

    def on_bar(self) -> None:
        """Requests enough for a figure."""
        while len(self.orders) < self.open:
            if not self.ask(len(self.orders)):
                return
        for k in range(REQUESTS):
            if order := self.ask(k):
                self.cancel(order)

    def ask(self, k: int) -> object:
        """An order that rests, the `k`-th."""
        return self.buy(1, limit=50.0, tif="GTC")


class MixedCrowd(Crowd):
    """The same with limit, stop, stop-limit, trailing and market orders of five instruments, both
    ways; the market orders wait for a price."""

    universe = True

    def ask(self, k: int) -> object:
        """An order that rests, the `k`-th."""
        symbol = SYMBOLS[k % len(SYMBOLS)]
        up, down = 150.0 + k % 7, 50.0 + k % 7
        match k // len(SYMBOLS) % 10:
            case 0 | 1 | 2:
                return self.buy(1, limit=down, tif="GTC", symbol=symbol)
            case 3:
                return self.sell(1, limit=up, tif="GTC", symbol=symbol)
            case 4 | 5:
                return self.buy(1, stop=up, tif="GTC", symbol=symbol)
            case 6:
                return self.sell(1, stop=down, tif="GTC", symbol=symbol)
            case 7:
                return self.buy(1, stop=up, limit=up + 1.0, tif="GTC", symbol=symbol)
            case 8:
                return self.buy(1, trailing=pct(40), tif="GTC", symbol=symbol)
        waits = Terms(conditions=all_of(PriceCondition(symbol, 1_000.0)))
        return self.buy(1, tif="GTC", symbol=symbol, terms=waits)


@dataclass(slots=True)
class Checked:
    """What was measured, in seconds.

    Attributes:
        clock, processor: of each check.
        first: of those that were the first after a bar had closed, by the clock.
        marks: of what is reckoned when a bar closes, before the strategy is called; by the clock.
    """

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    marks: list[float] = field(default_factory=list)


def main() -> None:
    """Both crowds."""
    print("\n".join(report()))


def report() -> Iterator[str]:
    """What the checks cost, one line after the other."""
    for crowd, what in ((Crowd, "limit orders of one instrument"), (MixedCrowd, "five, mixed")):
        yield f"checks before an order, {OPEN:,} orders open ({what}), {len(RULES)} limits"
        found = checked(crowd)
        yield _row("every check", found.clock)
        yield _row("  processor time", found.processor)
        yield _row("first after a bar", found.first)
        yield _row("reckoned at a bar", found.marks)


def _row(what: str, seconds: Sequence[float]) -> str:
    p50, p99, most = np.percentile(seconds, (50, 99, 100)) * 1e6
    return f"  {what:18} p50 {p50:8.2f} us  p99 {p99:8.2f} us  max {most:8.2f} us"


def checked(crowd: type[Crowd], bars: int = BARS) -> Checked:
    """The cost of each verdict once all orders are open: rounding, rules, limits, buying power.

    Args:
        crowd: who asks.
        bars: how long the market is open; the first two are history.
    """
    symbols = SYMBOLS if crowd.universe else SYMBOLS[:1]
    market = [
        five_minutes(flat_rows([100.0 + (k + n) % 3 for k in range(bars)]), PER_SESSION, symbol)
        for n, symbol in enumerate(symbols)
    ]
    settings = BacktestSettings(cash=1e7, order_rules=IB_RULES, rules=RULES)
    core = session(crowd, history_of(market, 2), settings)
    found = Checked()
    with _timed(found, crowd.open):
        for instant, rows in rows_at(market, 2):
            core.instant(instant, rows)
    return found


@contextmanager
def _timed(found: Checked, least: int) -> Iterator[None]:
    verdict, mark = Judge.verdict, Judge.mark
    is_first = False

    def judged(judge: Judge, slot: Slot, request: OrderRequest) -> Verdict:
        nonlocal is_first
        if len(judge.blotter.at_work) < least:
            return verdict(judge, slot, request)
        answer, clock, processor = _both(lambda: verdict(judge, slot, request))
        found.clock.append(clock)
        found.processor.append(processor)
        if is_first:
            found.first.append(clock)
        is_first = False
        return answer

    def marked(judge: Judge) -> None:
        nonlocal is_first
        _, clock, _ = _both(lambda: mark(judge))
        if len(judge.blotter.at_work) >= least:
            found.marks.append(clock)
            is_first = True

    with patch.object(Judge, "verdict", judged), patch.object(Judge, "mark", marked):
        yield


def _both(work: Callable[[], T]) -> tuple[T, float, float]:
    processor = time.thread_time()
    clock = time.perf_counter()
    answer = work()
    passed = time.perf_counter() - clock
    return answer, passed, time.thread_time() - processor


if __name__ == "__main__":
    main()
