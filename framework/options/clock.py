"""UnderlyingClock: the times that count for options on one underlying, along its bars."""

from __future__ import annotations

__all__ = ["UnderlyingClock"]

from functools import cached_property

import numpy as np

from framework.calendar import TradingCalendar
from framework.domain.bars import Bars, FloatArray, IntArray

_YEAR = 365.0 * 86_400 * 10**9
_HOLIDAYS = 10
"""Days before an expiry among which there is a session for certain."""


class UnderlyingClock:
    """When an underlying opens, and how long its options live.

    Args:
        bars: of the underlying.
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._calendar = TradingCalendar(bars.instrument.calendar)
        self._ends: dict[int, int] = {}

    def expiry_time(self, expiry: int) -> int:
        """Nanoseconds UTC of the close of the expiry's session."""
        if expiry not in self._ends:
            self._ends[expiry] = int(self._calendar.session_close_of(np.array([expiry]))[0])
        return self._ends[expiry]

    def last_session(self, expiry: int) -> int:
        """The last trading day of an option: the expiry, or the session before it where the
        exchange is closed that day, as of the Saturdays of before 2015."""
        return int(self._calendar.sessions_between(expiry - _HOLIDAYS, expiry)[-1])

    def years(self, end: int | IntArray, times: IntArray) -> FloatArray:
        """Years of 365 days from each time to the end, or to its own end; 0 after it."""
        return np.maximum((end - times) / _YEAR, 0.0)

    def traded_time(self, start: int, stop: int) -> int:
        """Nanoseconds in which the underlying traded, from the close of one row to another's."""
        return int(self._traded[stop] - self._traded[start])

    @cached_property
    def open_times(self) -> IntArray:
        """Nanoseconds UTC at which each bar of the underlying opened."""
        bars = self._bars
        opens = self._calendar.session_open_of(bars.session)
        within = np.flatnonzero(bars.session[1:] == bars.session[:-1]) + 1
        opens[within] = bars.close_time[within - 1]
        return np.minimum(opens, bars.close_time)

    @cached_property
    def _traded(self) -> IntArray:
        """Nanoseconds the underlying has traded by each close."""
        return np.cumsum(self._bars.close_time - self.open_times)
