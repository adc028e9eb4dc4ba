"""Outlook: the first bar in which the resting orders of an instrument may have something to do."""

from __future__ import annotations

__all__ = ["next_stir"]

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, isnan

import numpy as np

from framework.brokers.simulated.instants import nanoseconds
from framework.brokers.simulated.resting import Resting
from framework.brokers.simulated.tape import Tape
from framework.domain.bars import Bars, BoolArray
from framework.domain.orders import DONE, Offset, OrderStatus, OrderType, Side, TimeInForce

_WAITS_FOR_A_PRICE = frozenset(
    {
        OrderType.LIMIT,
        OrderType.STOP,
        OrderType.STOP_LIMIT,
        OrderType.TRAIL,
        OrderType.TRAIL_LIMIT,
        OrderType.MARKET_IF_TOUCHED,
        OrderType.LIMIT_IF_TOUCHED,
    }
)


def next_stir(tape: Tape, queue: Sequence[Resting], start: int, stop: int) -> int:
    """The first instant of start..stop-1 at which one of the orders may trade, end or move; `stop`
    if there is none.

    It never is too late. It may be too early: then the bar leaves everything as it is.

    Args:
        tape: the instrument's bars.
        queue: its orders, those that are done included.
        start, stop: instants of the run, start < stop.
    """
    watch = _Watch()
    for resting in queue:
        if resting.status not in DONE and not watch.add(resting):
            return start
    first, end = tape.rows_between(start, stop)
    if first == end:
        return stop
    stirs = watch.stirs(tape.bars, slice(first, end))
    row = int(stirs.argmax())
    return tape.instant_of(first + row, start, stop) if stirs[row] else stop


@dataclass(slots=True)
class _Watch:
    """What the orders of an instrument wait for, taken together.

    Attributes:
        rise: a price from which on upwards something may happen.
        fall: a price from which on downwards something may happen.
        day: the first session a day order has met; inf without one.
        till: nanoseconds UTC after which an order ends.
        trails: side, stop and distance of the trailing orders.
    """

    rise: float = inf
    fall: float = -inf
    day: float = inf
    till: float = inf
    trails: list[tuple[Side, float, Offset]] = field(default_factory=list)

    def add(self, resting: Resting) -> bool:
        """Whether what an order waits for can be told beforehand; it is watched then."""
        return self._ends(resting) and (resting.status is OrderStatus.HELD or self._trades(resting))

    def _ends(self, resting: Resting) -> bool:
        """Watch for the end of an order's time."""
        order = resting.order
        if order.tif is TimeInForce.GTC:
            return True
        if order.tif is TimeInForce.DAY and resting.day is not None:
            self.day = min(self.day, resting.day)
            return True
        if order.tif is TimeInForce.GTD and order.terms.good_till is not None:
            self.till = min(self.till, nanoseconds(order.terms.good_till))
            return True
        return False

    def _trades(self, resting: Resting) -> bool:
        """Watch for the price an order waits for, and for what moves it."""
        price, trail = resting.awaited, resting.order.trail
        if (
            resting.kind not in _WAITS_FOR_A_PRICE
            or not resting.is_live
            or resting.order.terms.algo is not None
            or isnan(price)
        ):
            return False
        adverse = resting.rule.adverse and not resting.triggered
        if (resting.side is Side.BUY) is adverse:
            self.rise = min(self.rise, price)
        else:
            self.fall = max(self.fall, price)
        if trail is not None and not resting.triggered:
            self.trails.append((resting.side, price, trail))
        return True

    def stirs(self, bars: Bars, rows: slice) -> BoolArray:
        """In which of these rows something may happen."""
        found = np.zeros(rows.stop - rows.start, dtype=bool)
        if self.rise < inf:
            found |= (bars.high[rows] >= self.rise) | (bars.open[rows] >= self.rise)
        if self.fall > -inf:
            found |= (bars.low[rows] <= self.fall) | (bars.open[rows] <= self.fall)
        if self.day < inf:
            found |= bars.session[rows] > self.day
            found |= bars.close_time[rows] >= bars.session_close[rows]
        if self.till < inf:
            found |= bars.close_time[rows] > self.till
        for side, stop, trail in self.trails:
            close = bars.close[rows]
            away = trail.amount or close * (trail.percent or 0.0) / 100.0
            found |= (close + side * away - stop) * side < 0.0
        return found
