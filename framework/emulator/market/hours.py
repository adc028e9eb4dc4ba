"""Trading hours, last days and time zones as TWS spells them."""

from __future__ import annotations

__all__ = ["close_text", "compact_day", "hours_of", "zone_of"]

from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from framework.calendar import TradingCalendar, day_text
from framework.domain.instruments import AssetType, Instrument

_DAYS = 6
"""Calendar days whose hours are told."""

_ZONES = {"America/New_York": "US/Eastern", "America/Chicago": "US/Central"}
"""Zones that TWS calls by their older name."""

_EXTENDED = frozenset({"XNYS", "XNAS", "XASE", "BATS"})
"""Calendars of US stocks, that trade before the open and after the close as well."""

_PRE, _POST, _POST_EARLY = "0400", "2000", "1700"


@lru_cache(maxsize=64)
def zone_of(calendar: str) -> str:
    """The time zone of a calendar, such as "US/Eastern"."""
    zone = TradingCalendar(calendar).tz
    return _ZONES.get(zone, zone)


def compact_day(day: int) -> str:
    """YYYYMMDD of days since 1970-01-01."""
    return day_text(day).replace("-", "")


@lru_cache(maxsize=1024)
def close_text(calendar: str, day: int) -> str:
    """HH:MM at which the session of a day closes, in the calendar's zone; "" without one."""
    known = TradingCalendar(calendar)
    if not known.is_session(np.array([day]))[0]:
        return ""
    close = int(known.session_close_of(np.array([day]))[0])
    # A day that ends at midnight would seem to end where it begins.
    text = f"{pd.Timestamp(close, tz='UTC').tz_convert(known.tz):%H:%M}"
    return "23:59" if text == "00:00" else text


def hours_of(instrument: Instrument, day: int) -> tuple[str, str]:
    """tradingHours and liquidHours of a contract from a day on, such as
    `20240722:0930-20240722:1600;20240723:CLOSED`."""
    extended = instrument.type is AssetType.STOCK and instrument.calendar in _EXTENDED
    return _hours(instrument.calendar, day, extended)


@lru_cache(maxsize=64)
def _hours(calendar: str, day: int, extended: bool) -> tuple[str, str]:
    known = TradingCalendar(calendar)
    zone = ZoneInfo(known.tz)
    trading, liquid = [], []
    for each in range(day, day + _DAYS):
        date = compact_day(each)
        if not known.is_session(np.array([each]))[0]:
            trading.append(f"{date}:CLOSED")
            liquid.append(f"{date}:CLOSED")
            continue
        opened, closed = (
            pd.Timestamp(int(find(np.array([each]))[0]), tz="UTC").tz_convert(zone)
            for find in (known.session_open_of, known.session_close_of)
        )
        span = f"{opened:%Y%m%d:%H%M}-{closed:%Y%m%d:%H%M}"
        liquid.append(span)
        last = _POST if closed.hour >= 16 else _POST_EARLY
        trading.append(f"{date}:{_PRE}-{date}:{last}" if extended else span)
    return ";".join(trading), ";".join(liquid)
