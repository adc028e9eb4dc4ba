"""Instants as TWS reads and writes them."""

from __future__ import annotations

__all__ = ["bar_date", "read_instant", "tws_time"]

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from framework.calendar import DAY, day_text
from framework.emulator.market.refusal import HistoryRefused

_SECOND = 10**9
_WITH_ZONE = 174
"""Server version from which times carry their zone."""
_WRONG_TIME = 10314
_WRONG_TEXT = (
    "End Date/Time: The date, time, or time-zone entered is invalid. The correct format is "
    "yyyymmdd hh:mm:ss xx/xxxx where yyyymmdd and xx/xxxx are optional. E.g.: 20031126 15:59:00 "
    "US/Eastern  Note that there is a space between the date and time, and between the time and "
    "time-zone.  If no date is specified, current date is assumed. If no time-zone is specified, "
    "local time-zone is assumed(deprecated).  You can also provide yyyymmddd-hh:mm:ss time is in "
    "UTC. Note that there is a dash between the date and time in UTC notation."
)
_FORM = re.compile(r"(?:(\d{8})(?:([ -]) *|$))?(?:(\d{1,2}):(\d{2})(?::(\d{2}))?)?(?: +(\S+))?")


def read_instant(text: str, zone: str, now: int) -> int:
    """Nanoseconds UTC of an instant a client wrote; `now` of an empty one.

    Args:
        text: "", "YYYYMMDD HH:MM:SS", the same with a time zone after it, "YYYYMMDD-HH:MM:SS" for
            UTC, or without the date for today's.
        zone: that of texts without one, of TWS's own machine.
        now: nanoseconds UTC.

    Raises:
        HistoryRefused: 10314, it is none of these, or no such time zone.
    """
    plain = text.strip()
    if not plain:
        return now
    match = _FORM.fullmatch(plain)
    if match is None or not (match[1] or match[3]):
        raise HistoryRefused(_WRONG_TIME, _WRONG_TEXT)
    named = match[6] or (zone if match[2] != "-" else "UTC")
    place = _zone(named)
    if place is None:
        raise HistoryRefused(_WRONG_TIME, _WRONG_TEXT)
    today = datetime.fromtimestamp(now // _SECOND, place)
    try:
        day = date(int(match[1][:4]), int(match[1][4:6]), int(match[1][6:])) if match[1] else today
        moment = datetime(
            day.year,
            day.month,
            day.day,
            int(match[3] or 0),
            int(match[4] or 0),
            int(match[5] or 0),
            tzinfo=place,
        )
    except ValueError as error:
        raise HistoryRefused(_WRONG_TIME, _WRONG_TEXT) from error
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(seconds=1) * _SECOND


def tws_time(time: int, version: int, zone: str) -> str:
    """An instant as `YYYYMMDD  HH:MM:SS`, from server version 174 on with its zone."""
    place = _zone(zone) or UTC
    moment = datetime.fromtimestamp(time // _SECOND, place)
    if version < _WITH_ZONE:
        return moment.strftime("%Y%m%d  %H:%M:%S")
    return f"{moment:%Y%m%d %H:%M:%S} {zone}"


def bar_date(time: int, *, daily: bool, format_date: int, version: int, zone: str) -> str:
    """The date of a bar as its reader asked for it.

    Args:
        time: nanoseconds UTC at which it starts; of daily bars, midnight UTC of the date.
        daily: whether it is of a day or longer: its date alone, however asked for.
        format_date: 1 is text, 2 seconds since 1970.
        version: the server version agreed on.
        zone: in which text is written.
    """
    if daily:
        return day_text(time // DAY).replace("-", "")
    if format_date == 2:
        return str(time // _SECOND)
    return tws_time(time, version, zone)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
