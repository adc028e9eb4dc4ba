"""Bar lengths: as Slipway and as the broker writes them, and where their bars begin and end."""

from __future__ import annotations

__all__ = ["Frame", "frame_of", "native_frame", "scheduled_closes"]

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from framework.brokers.ib.times import SECOND
from framework.calendar import DAY, TradingCalendar
from framework.domain.bars import IntArray
from framework.errors import ConfigError

_MINUTE, _HOUR = 60 * SECOND, 3600 * SECOND
_UNITS = {"s": SECOND, "m": _MINUTE, "h": _HOUR, "d": DAY}
_NAMES = {
    **{count * _MINUTE: f"{count} mins" for count in (2, 3, 5, 10, 15, 20, 30)},
    **{count * _HOUR: f"{count} hours" for count in (2, 3, 4, 8)},
    **{count * SECOND: f"{count} secs" for count in (5, 10, 15, 30)},
    _MINUTE: "1 min",
    _HOUR: "1 hour",
    DAY: "1 day",
}
"""The broker's names of the lengths it has."""
_SHORT_REACH = {
    5 * SECOND: _HOUR,
    10 * SECOND: 4 * _HOUR,
    15 * SECOND: 4 * _HOUR,
    30 * SECOND: 8 * _HOUR,
}
_YEAR = 365
"""Days above which the broker wants to be asked in years."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A bar length the broker has.

    Attributes:
        name: such as "5m" or "1d".
        length: nanoseconds.
        size: as the broker writes it.
    """

    name: str
    length: int
    size: str

    @property
    def is_daily(self) -> bool:
        """Whether a bar is a session."""
        return self.length == DAY

    @property
    def is_short(self) -> bool:
        """Whether a bar is below a minute: the broker then wants to be asked in seconds."""
        return self.length < _MINUTE

    @property
    def reach(self) -> int:
        """Nanoseconds the broker answers for in one request: whole days, or a few hours of bars
        below a minute, by the durations its API guide has as valid for each bar size."""
        if self.is_daily:
            return 3650 * DAY
        if self.is_short:
            return _SHORT_REACH[self.length]
        if self.length < 5 * _MINUTE:
            return 7 * DAY
        return (28 if self.length < 30 * _MINUTE else 180) * DAY

    @property
    def recent(self) -> int:
        """Nanoseconds before now that bars kept up to date begin with: more than a reconnection
        takes; what is missing beyond is asked for."""
        if self.is_short:
            return self.reach
        return (10 if self.is_daily else 2) * DAY

    def duration(self, span: int) -> str:
        """So many nanoseconds, or just more, as the broker writes them."""
        if self.is_short:
            return f"{-(-span // SECOND)} S"
        days = -(-span // DAY)
        return f"{days} D" if days <= _YEAR else f"{-(-days // _YEAR)} Y"


def frame_of(name: str) -> Frame:
    """The bar length called `name`.

    Raises:
        ConfigError: the broker has none of that length.
    """
    match = re.fullmatch(r"([1-9]\d*)([smhd])", name.strip().lower())
    length = int(match[1]) * _UNITS[match[2]] if match else 0
    size = _NAMES.get(length)
    if size is None:
        known = "5s, 10s, 15s, 30s, 1m, 2m, 3m, 5m, 10m, 15m, 20m, 30m, 1h, 2h, 3h, 4h, 8h, 1d"
        raise ConfigError(
            f"The broker has no bars of {name!r}.",
            f"Ask for one of {known}; longer ones are folded from them.",
        )
    return Frame(name, length, size)


def native_frame(name: str, calendar: str) -> Frame:
    """The longest bar length of the broker's that bars of `name` can be folded from.

    The broker starts bars on the clock, Slipway at the session's open: an hour of a New York stock
    is 9:30 to 10:30 here and 9:30 to 10:00 there. Half hours are the same in both.

    Raises:
        ConfigError: there is none.
    """
    match = re.fullmatch(r"([1-9]\d*)([smhd])", name.strip().lower())
    wanted = int(match[1]) * _UNITS[match[2]] if match else 0
    if wanted >= DAY:
        return frame_of("1d")
    offset = _open_offset(calendar)
    for length in sorted(_NAMES, reverse=True):
        if length < DAY and wanted % length == 0 and offset % length == 0 and wanted:
            unit, letter = (_HOUR, "h") if length % _HOUR == 0 else (_MINUTE, "m")
            if length < _MINUTE:
                unit, letter = SECOND, "s"
            return frame_of(f"{length // unit}{letter}")
    return frame_of(name)


def _open_offset(calendar: str) -> int:
    """Nanoseconds from midnight on the exchange's clock to a session's open."""
    known = TradingCalendar(calendar)
    days = known.sessions_between(19_723, 19_737)  # the first fortnight of 2024
    opened = pd.Timestamp(int(known.session_open_of(days[:1])[0]), tz="UTC")
    local = opened.tz_convert(ZoneInfo(known.tz))
    return (local.hour * 60 + local.minute) * _MINUTE + local.second * SECOND


def scheduled_closes(frame: Frame, calendar: str, after: int, until: int) -> IntArray:
    """When bars in regular hours are complete, in (after, until], nanoseconds UTC."""
    return np.fromiter(_closes(frame, calendar, after, until), dtype=np.int64)


def _closes(frame: Frame, calendar: str, after: int, until: int) -> Iterator[int]:
    known = TradingCalendar(calendar)
    days = known.sessions_between(after // DAY - 2, until // DAY + 2)
    if not len(days):
        return
    opens, closes = known.session_open_of(days), known.session_close_of(days)
    for opened, closed in zip(opens.tolist(), closes.tolist(), strict=True):
        if closed <= after or opened >= until:
            continue
        first = max(1, (after - opened) // frame.length + 1)
        close = closed if frame.is_daily else min(opened + first * frame.length, closed)
        while close <= until:
            if close > after:
                yield close
            if close >= closed:
                break
            close = min(close + frame.length, closed)
