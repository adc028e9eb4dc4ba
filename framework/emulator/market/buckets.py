"""Buckets: which bar of a longer size a piece of the past belongs to.

TWS starts intraday bars on the clock, so that the first hour of a New York stock is 9:30 to 10:00.
Only where bars of that very size are given, counted from the session's open, do they stay so. Bars
of days and longer are made of whole trading days and carry the date of their last one.
"""

from __future__ import annotations

__all__ = ["Buckets", "HistoryBar", "dates_of", "fold"]

from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from framework.calendar import DAY, TradingCalendar
from framework.domain.bars import FloatArray, IntArray
from framework.emulator.market.durations import BarSize
from framework.emulator.market.past import Rows

_MONDAY = 3
"""1970-01-01 was a Thursday: days + 3 counts from a Monday."""


class HistoryBar(NamedTuple):
    """One bar of an answer.

    Attributes:
        time: nanoseconds UTC at which it starts; of daily bars, midnight UTC of its date.
        open, high, low, close: prices.
        volume, wap, trades: units, their average price and trades; -1 where nothing was traded.
    """

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    wap: float
    trades: int


class Buckets:
    """The intraday bars of one size.

    Args:
        calendar: whose sessions they lie in.
        size: their length.
        by_session: counts them from the session's open instead of midnight on its clock.
        clipped: whether the first of a session starts with it.
    """

    def __init__(self, calendar: str, size: BarSize, *, by_session: bool, clipped: bool) -> None:
        self._calendar = calendar
        self._length = size.length
        self._by_session = by_session
        self._clipped = clipped

    def starts(self, closes: IntArray, session: IntArray) -> IntArray:
        """When the bar starts that each piece belongs to, by when it ends and its trading day."""
        found = np.empty(len(closes), dtype=np.int64)
        for day in np.unique(session).tolist():
            mine = session == day
            opened, midnight = _anchors(self._calendar, day)
            anchor = opened if self._by_session else midnight
            started = anchor + (closes[mine] - 1 - anchor) // self._length * self._length
            inside = self._clipped & (closes[mine] > opened)
            found[mine] = np.where(inside, np.maximum(started, opened), started)
        return found


def dates_of(session: IntArray, size: BarSize) -> IntArray:
    """A number for each trading day's bar of a day, week or month."""
    if size.text == "1 week":
        return (session + _MONDAY) // 7
    if size.text == "1 month":
        return session.astype("M8[D]").astype("M8[M]").astype(np.int64)
    return session


def fold(rows: Rows, names: IntArray, times: IntArray) -> list[HistoryBar]:
    """Neighbouring rows of one name as one bar each, starting at the time of the last of them."""
    if not len(rows):
        return []
    starts = np.flatnonzero(np.diff(names, prepend=names[:1] - 1))
    ends = np.append(starts[1:], len(names)) - 1
    volume = np.add.reduceat(rows.volume, starts)
    columns = (
        times[ends],
        rows.open[starts],
        np.maximum.reduceat(rows.high, starts),
        np.minimum.reduceat(rows.low, starts),
        rows.close[ends],
        volume,
        _average(rows, starts, volume),
        np.add.reduceat(rows.count, starts),
    )
    return list(map(HistoryBar._make, zip(*(one.tolist() for one in columns), strict=True)))


def _average(rows: Rows, starts: IntArray, volume: FloatArray) -> FloatArray:
    """Average price weighted by volume; plain where nothing was traded."""
    typical: FloatArray = (rows.open + rows.high + rows.low + rows.close) / 4.0
    traded = np.add.reduceat(typical * rows.volume, starts)
    lengths = np.diff(np.append(starts, len(rows))).astype(np.float64)
    plain = np.add.reduceat(typical, starts) / lengths
    found: FloatArray = np.where(volume > 0.0, traded / np.where(volume > 0.0, volume, 1.0), plain)
    return np.round(found, 6)


@lru_cache(maxsize=4096)
def _anchors(calendar: str, session: int) -> tuple[int, int]:
    """When a session opens, and the midnight before on its clock."""
    known = TradingCalendar(calendar)
    day = np.array([session], dtype=np.int64)
    opened = int(known.session_open_of(day)[0]) if known.is_session(day)[0] else session * DAY
    local = pd.Timestamp(opened, tz="UTC").tz_convert(ZoneInfo(known.tz))
    return opened, int(local.normalize().as_unit("ns").value)
