"""Cutting bars to a range of dates, as --from and --to give them."""

from __future__ import annotations

__all__ = ["between", "day_range", "parse_day"]

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from framework.calendar import TradingCalendar, utc_text
from framework.domain.bars import Bars
from framework.errors import ConfigError, DataError

_FIRST, _LAST = -(2**63), 2**63 - 1


def parse_day(text: str, flag: str) -> date:
    """The date a flag such as "--from" was given; ConfigError unless it is YYYY-MM-DD."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise ConfigError(
            f"{flag} is {text!r}, not a date.", "Write it as 2024-01-31; the whole day counts."
        ) from error


def day_range(first: str | None, last: str | None, calendar: str) -> tuple[int, int]:
    """Nanoseconds UTC (start, end] of the whole days `first` .. `last` in the calendar's zone.

    Args:
        first: date of --from, None for the beginning of the data.
        last: date of --to, None for their end.
        calendar: name of the calendar whose zone counts.

    Raises:
        ConfigError: a date cannot be read, or `first` is after `last`.
    """
    known = TradingCalendar(calendar)
    if first is None and last is None:
        return _FIRST, _LAST
    zone = ZoneInfo(known.tz)
    start = None if first is None else parse_day(first, "--from")
    end = None if last is None else parse_day(last, "--to")
    if start is not None and end is not None and start > end:
        raise ConfigError(f"--from {start} is after --to {end}.", "Swap them.")
    return (
        _FIRST if start is None else _midnight(start, zone),
        _LAST if end is None else _midnight(end + timedelta(days=1), zone),
    )


def between(bars: Bars, start_ns: int, end_ns: int) -> Bars:
    """The bars that close after `start_ns` and not after `end_ns`.

    Raises:
        DataError: there are none.
    """
    first, stop = np.searchsorted(bars.close_time, [start_ns, end_ns], side="right")
    if first >= stop:
        span = "no bars at all"
        if len(bars):
            span = f"bars from {utc_text(bars.close_time[0])} to {utc_text(bars.close_time[-1])}"
        raise DataError(
            f"{bars.symbol} has no bars in the range asked for; it has {span}.",
            "Change --from and --to.",
        )
    return bars.take(int(first), int(stop))


def _midnight(day: date, zone: ZoneInfo) -> int:
    moment = datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(moment.timestamp()) * 1_000_000_000
