"""Pages: the requests that a stretch of the past takes, one after the other, the last first.

Bars of a minute and longer are asked for in days. Shorter ones are asked for in seconds, and only
where the calendar has the market open: what nothing can have happened in takes no request.
"""

from __future__ import annotations

__all__ = ["Page", "Pages", "pages_back"]

from dataclasses import dataclass
from math import ceil
from typing import Protocol

from framework.brokers.ib.frames import Frame
from framework.calendar import DAY, TradingCalendar

_LOOK_BACK = 15
"""Days among which every market has a session."""


@dataclass(frozen=True, slots=True)
class Page:
    """One request: the bars of the last `span` nanoseconds before `end`, nanoseconds UTC."""

    end: int
    span: int


class Pages(Protocol):
    """What is asked for next depends on what came."""

    def ask(self) -> Page | None:
        """The next request; None if there is none left."""
        ...

    def told(self, oldest: int | None) -> None:
        """The close of the oldest bar that came; None if none did."""
        ...


def pages_back(frame: Frame, calendar: str, rth: bool, since: int, until: int) -> Pages:
    """The requests for the bars that close in (since, until].

    Args:
        frame: of the bars.
        calendar: of the instrument.
        rth: whether only regular hours are wanted.
        since, until: nanoseconds UTC.
    """
    if frame.is_short:
        return _Seconds(frame, TradingCalendar(calendar), rth, since, until)
    return _Days(frame, since, until)


class _Days:
    """Whole days, as many as one request may have; without a bar in so many, the past has ended."""

    def __init__(self, frame: Frame, since: int, until: int) -> None:
        self._reach = frame.reach
        self._since = since
        self._page = Page(until, 0)
        self._cursor = until

    def ask(self) -> Page | None:
        if self._cursor <= self._since:
            return None
        days = max(1, ceil((self._cursor - self._since) / DAY) + 1)
        self._page = Page(self._cursor, min(self._reach, days * DAY))
        return self._page

    def told(self, oldest: int | None) -> None:
        if oldest is None or oldest <= self._since or self._page.span < self._reach:
            self._cursor = self._since
        else:
            self._cursor = min(oldest, self._cursor - DAY)


class _Seconds:
    """Seconds, as many as one request may have.

    The broker may count them where the market was open alone: then an answer goes back further
    than was asked for, and the next request begins where it began.
    """

    def __init__(
        self, frame: Frame, calendar: TradingCalendar, rth: bool, since: int, until: int
    ) -> None:
        self._frame = frame
        self._calendar = calendar
        self._rth = rth
        # Bars close on the clock: one that closes after `since` begins at or after this.
        self._since = since // frame.length * frame.length
        self._cursor = until // frame.length * frame.length
        self._page = Page(self._cursor, 0)

    def ask(self) -> Page | None:
        if self._cursor > self._since:
            self._cursor = self._open(self._cursor)
        if self._cursor <= self._since:
            return None
        self._page = Page(self._cursor, min(self._frame.reach, self._cursor - self._since))
        return self._page

    def told(self, oldest: int | None) -> None:
        self._cursor = self._page.end - self._page.span
        if oldest is not None:
            self._cursor = min(self._cursor, oldest - self._frame.length)

    def _open(self, cursor: int) -> int:
        """The last instant, not after `cursor`, at which the market was open, or may have been
        where all hours are wanted: then only days without a session are left out."""
        day = cursor // DAY
        days = self._calendar.sessions_between(day - _LOOK_BACK, day + 2)
        begins = self._calendar.session_open_of(days)
        if self._rth:
            ends = self._calendar.session_close_of(days)
        else:
            begins, ends = begins - DAY, self._calendar.day_end_of(days)
        row = int(begins.searchsorted(cursor)) - 1
        return cursor - _LOOK_BACK * DAY if row < 0 else min(cursor, int(ends[row]))
