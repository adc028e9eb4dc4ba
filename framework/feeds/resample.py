"""Bar lengths: measuring them, and folding bars into longer ones anchored at the session open."""

from __future__ import annotations

__all__ = ["frame_name", "measure_frame", "parse_frame", "resample", "row_map"]

import re
from dataclasses import replace

import numpy as np

from framework.calendar import DAY, TradingCalendar
from framework.domain.bars import Bars, IntArray
from framework.errors import ConfigError

_UNITS = {"s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": DAY, "w": 7 * DAY}
_MONDAY = 3
"""1970-01-01 was a Thursday: days + 3 counts from a Monday."""


def parse_frame(text: str) -> int:
    """Nanoseconds of a bar length such as "30s", "5m", "1h", "1d" or "1w".

    Raises:
        ConfigError: it is no bar length; days and weeks come one at a time.
    """
    match = re.fullmatch(r"([1-9]\d*)([smhdw])", text.strip().lower())
    if match is None or (match[2] in "dw" and match[1] != "1"):
        raise ConfigError(
            f"The bar length {text!r} is not known.",
            "Use a whole number of s, m or h below a day, such as 5m, 15m, 1h or 4h; or 1d, 1w.",
        )
    length = int(match[1]) * _UNITS[match[2]]
    if match[2] not in "dw" and length >= DAY:
        raise ConfigError(f"The bar length {text!r} is a day or more.", "Use 1d or 1w.")
    return length


def frame_name(length: int) -> str:
    """The name of a bar length in nanoseconds: the largest unit that divides it."""
    for unit in ("w", "d", "h", "m", "s"):
        if length % _UNITS[unit] == 0:
            return f"{length // _UNITS[unit]}{unit}"
    raise ConfigError(
        f"Bars {length / 1e9:g} seconds long are not supported.", "Use bars of whole seconds."
    )


def measure_frame(times: IntArray) -> int:
    """The most common spacing of increasing `times`, the shorter of two; 0 for a single one."""
    if len(times) < 2:
        return 0
    lengths, counts = np.unique(np.diff(times), return_counts=True)
    return int(lengths[counts.argmax()])


def resample(bars: Bars, frame: str, until: int | None = None) -> Bars:
    """Bars of a longer frame.

    Intraday buckets start at the session's open; the last of a session may be short and closes
    with it. A day is a session, a week Monday to Sunday closing with its last session. Each bar
    carries its scheduled close; a last bar whose close has not come by then is left out.

    Bars outside regular hours stay by themselves: before the open buckets are counted back from
    it, after the close from it on, the last ending with the day. Days and weeks are made of the
    bars in regular hours alone.

    Args:
        bars: what to fold.
        frame: length wanted; the bars' own returns them unchanged.
        until: nanoseconds UTC up to which all bars are known; None is the close of the last.

    Raises:
        ConfigError: it is shorter than the bars, or not a multiple of their length.
    """
    length, own = parse_frame(frame), parse_frame(bars.frame)
    if length == own:
        return bars
    if length < own:
        raise ConfigError(
            f"{bars.symbol} has bars of {bars.frame}; {frame} is shorter.",
            f"Use {bars.frame} or longer with --bar, or give finer data.",
        )
    if length % own:
        raise ConfigError(
            f"{bars.symbol} has bars of {bars.frame}; {frame} is not a multiple.",
            f"Use a multiple of {bars.frame} with --bar.",
        )
    known = until
    if length >= DAY and bars.regular is not None:
        bars = replace(bars.where(bars.regular), regular=None)
    if not len(bars):
        return replace(bars, frame=frame_name(length))
    if known is None:
        known = int(bars.close_time[-1])
    closes, sessions = _scheduled(bars, length)
    starts = np.flatnonzero(np.diff(closes, prepend=closes[:1] - 1))
    ends = np.append(starts[1:], len(bars)) - 1
    if closes[-1] > known:
        starts, ends = starts[:-1], ends[:-1]
    whole = slice(0, int(ends[-1]) + 1 if len(ends) else 0)
    calendar = TradingCalendar(bars.instrument.calendar)
    return replace(
        bars,
        frame=frame_name(length),
        close_time=closes[starts],
        session=sessions[starts],
        session_close=calendar.session_close_of(sessions[starts]),
        open=bars.open[starts],
        high=np.maximum.reduceat(bars.high[whole], starts) if len(starts) else bars.high[whole],
        low=np.minimum.reduceat(bars.low[whole], starts) if len(starts) else bars.low[whole],
        close=bars.close[ends],
        volume=np.add.reduceat(bars.volume[whole], starts) if len(starts) else bars.volume[whole],
        regular=None if bars.regular is None else bars.regular[starts],
    )


def row_map(coarse: Bars, fine: Bars) -> IntArray:
    """Which fine rows make each coarse row, shape (len(coarse) + 1,).

    Coarse row i is made of fine rows map[i] .. map[i + 1] - 1: those that close after the coarse
    row before and not after row i. Fine rows before map[0] are never; there are none.
    """
    stops = np.searchsorted(fine.close_time, coarse.close_time, side="right")
    return np.concatenate((np.zeros(1, dtype=np.int64), stops.astype(np.int64)))


def _scheduled(bars: Bars, length: int) -> tuple[IntArray, IntArray]:
    """Scheduled close and session of the bucket each bar falls in, shape (n,) each."""
    calendar = TradingCalendar(bars.instrument.calendar)
    if length == DAY:
        return bars.session_close, bars.session
    if length == 7 * DAY:
        week = (bars.session + _MONDAY) // 7
        first, last = int(week[0]) * 7 - _MONDAY, int(week[-1]) * 7 - _MONDAY + 6
        known = calendar.sessions_between(first, last)
        rows = np.searchsorted((known + _MONDAY) // 7, week, side="right") - 1
        sessions = known[rows]
        return calendar.session_close_of(sessions), sessions
    opens = calendar.session_open_of(bars.session)
    closes = np.minimum(_bucket_end(bars.close_time, opens, length), bars.session_close)
    if bars.regular is None:
        return closes, bars.session
    across = ~bars.regular & (opens < bars.close_time) & (bars.close_time <= bars.session_close)
    late = np.minimum(
        _bucket_end(bars.close_time, bars.session_close, length),
        calendar.day_end_of(bars.session),
    )
    after = bars.close_time > bars.session_close
    return np.select([across, after], [bars.close_time, late], closes), bars.session


def _bucket_end(times: IntArray, anchor: IntArray, length: int) -> IntArray:
    """The end of the bucket each time lies in, counted from `anchor` both ways."""
    return anchor - (anchor - times) // length * length
