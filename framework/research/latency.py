"""Latency: how long orders were on their way, and how many left in a second.

Times are those of the session's clock when it wrote a report down: the broker's answer and the time
until the session looked are both in them.
"""

from __future__ import annotations

__all__ = ["Latency", "Quantiles", "Throughput", "latency_of", "throughput_of"]

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from framework.domain.instruments import Instrument
from framework.research.order_lives import JournalOrders
from framework.research.trading_hours import could_trade

_SECOND = 1_000_000_000
_MILLISECOND = 1_000_000.0


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Milliseconds, over `count` orders (Hyndman and Fan's type 7); 0 of none."""

    count: int
    p50: float
    p90: float
    p99: float
    longest: float


@dataclass(frozen=True, slots=True)
class Latency:
    """How long orders were on their way.

    Attributes:
        acknowledged: from sending an order to the broker's first word on it.
        filled: from sending an order that trades at once, while the exchange was open, to its
            first fill.
        unanswered: orders sent and not heard of by the session that sent them.
    """

    acknowledged: Quantiles
    filled: Quantiles
    unanswered: int


@dataclass(frozen=True, slots=True)
class Throughput:
    """What left in a time: orders, changes and cancels, an order's children counted too.

    Attributes:
        messages: how many left.
        peak_second, peak_minute: most within any second, any minute.
        per_second: mean within the seconds in which any left.
    """

    messages: int
    peak_second: int
    peak_minute: int
    per_second: float


def latency_of(found: Iterable[JournalOrders]) -> Latency:
    """Of every journal whose clock is not the market's own."""
    told, traded, unanswered = [], [], 0
    for journal in found:
        if journal.on_market_clock:
            continue
        for life in journal.lives:
            if life.sent is None:
                continue
            if life.acknowledged is None:
                unanswered += 1
            else:
                told.append(life.acknowledged - life.sent)
            known = journal.instruments.get(life.order.symbol, Instrument(life.order.symbol))
            at_once = life.order.trades_at_once and could_trade(known, life.order, life.sent)
            if life.first_fill is not None and at_once:
                traded.append(life.first_fill - life.sent)
    return Latency(_quantiles(told), _quantiles(traded), unanswered)


def throughput_of(found: Iterable[JournalOrders]) -> Throughput:
    """Of every journal whose clock is not the market's own; sessions do not add up."""
    runs = []
    for journal in found:
        if not journal.on_market_clock:
            numbers = {run for run, _ in journal.messages}
            runs += [[time for run, time in journal.messages if run == each] for each in numbers]
    times = [sorted(run) for run in runs]
    count = sum(map(len, times))
    busy = sum(len({time // _SECOND for time in run}) for run in times)
    return Throughput(
        count,
        max((_peak(run, _SECOND) for run in times), default=0),
        max((_peak(run, 60 * _SECOND) for run in times), default=0),
        count / busy if busy else 0.0,
    )


def _quantiles(waits: Sequence[int]) -> Quantiles:
    if not waits:
        return Quantiles(0, 0.0, 0.0, 0.0, 0.0)
    found = np.quantile(np.array(waits) / _MILLISECOND, [0.5, 0.9, 0.99, 1.0]).tolist()
    return Quantiles(len(waits), *found)


def _peak(times: Sequence[int], span: int) -> int:
    """The most that lie within any half-open span of so many nanoseconds."""
    most = first = 0
    for place, time in enumerate(times):
        while time - times[first] >= span:
            first += 1
        most = max(most, place - first + 1)
    return most
