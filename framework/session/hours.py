"""Hours: when a session's bars close, and whether a decision still reaches its market."""

from __future__ import annotations

__all__ = ["Hours"]

import numpy as np

from framework.brokers.ib.frames import Frame, scheduled_closes
from framework.calendar import DAY, TradingCalendar

_SECOND = 1_000_000_000
_AHEAD = 15


class Hours:
    """The hours of what a session trades.

    Args:
        frame: length of its bars.
        calendar: name of its first instrument's.
    """

    def __init__(self, frame: Frame, calendar: str) -> None:
        self.frame = frame
        self._name = calendar
        self._calendar = TradingCalendar(calendar)

    def is_due(self, time: int, now: int) -> bool:
        """Whether a decision of an instant can still reach the market it was made for: nothing has
        traded since but what would have traded anyway."""
        if self.frame.is_daily:
            return now < self._close_after(time)
        return now - time < max(self.frame.length // 2, 10 * _SECOND) or not self._is_open(now)

    def session(self, now: int) -> int:
        """The trading day, as days since 1970-01-01."""
        return int(self._calendar.session_of(np.array([now]))[0])

    def has_closed(self, after: int, until: int) -> bool:
        """Whether a bar closes in (after, until]."""
        return bool(len(scheduled_closes(self.frame, self._name, after, until)))

    def next_close(self, now: int) -> int:
        """When the next bar closes; 0 where that is not known."""
        closes = scheduled_closes(self.frame, self._name, now, now + _AHEAD * DAY)
        return int(closes[0]) if len(closes) else 0

    def _close_after(self, time: int) -> int:
        """The close of the session after the one that was on at an instant."""
        days = self._calendar.sessions_between(time // DAY - 1, time // DAY + _AHEAD)
        closes = self._calendar.session_close_of(days)
        later = closes[closes > time]
        return int(later[0]) if len(later) else time + DAY

    def _is_open(self, now: int) -> bool:
        return bool(self._calendar.in_session(np.array([now]))[0])
