"""Placing bars in time: the close instant, the session and the length of each."""

from __future__ import annotations

__all__ = ["Placed", "place", "spacing"]

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framework.calendar import DAY, TradingCalendar, day_text, utc_text, well_known_fits
from framework.domain.bars import IntArray
from framework.errors import DataError
from framework.feeds.answers import FileAnswers
from framework.feeds.resample import frame_name, measure_frame
from framework.feeds.stamps import Stamps, localize
from framework.feeds.table import Table
from framework.feeds.validate import check_order

_SECOND = 1_000_000_000
_DAILY = DAY * 5 // 6
"""Spacing from which on bars are daily: winter time to summer time makes a day of 23 hours."""
_WEEKLY = 5 * DAY
_STRAY = 0.02
"""Share of bars outside regular hours that is suspicious when the hours are not filled either."""
_FEWEST = 1 / 3
"""Share of bars in regular hours below which they are not this calendar's; with the extended hours
of a US stock, 4:00 to 20:00, it is 0.4."""
_REGULAR = 0.5
"""Share of steps inside sessions that are one bar long from which on a longer one is a gap."""
_PAUSE = 0.2
"""Share of sessions with the same gap at the same time that makes it the exchange's pause."""
_FILLED = 0.9
"""Part of a session that bars must span for bars outside it to be taken as extended hours."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Bars in time; arrays of the m kept bars.

    Attributes:
        frame: bar length.
        kept: which of the file's n rows are in regular hours, shape (n,).
        close_time: nanoseconds UTC at which each is complete.
        session: its trading day, days since 1970-01-01.
        session_close: nanoseconds UTC at which that closes.
        warnings: what was dropped or is missing.
    """

    frame: str
    kept: NDArray[np.bool_]
    close_time: IntArray
    session: IntArray
    session_close: IntArray
    warnings: tuple[str, ...]


def place(table: Table, stamps: Stamps, answers: FileAnswers) -> Placed:
    """Give every bar its close instant and session.

    Args:
        table: the file, for messages.
        stamps: its timestamps.
        answers: stamp, tz and calendar are set.

    Raises:
        DataError: a date without session, times that do not fit the sessions, times that do not
            exist or go backwards in the zone, weekly or longer bars.
    """
    calendar = TradingCalendar(answers.calendar or "")
    if stamps.date_only:
        return _by_date(table, stamps.wall // DAY, calendar)
    utc = stamps.utc if stamps.utc is not None else localize(stamps.wall, answers.tz or "", table)
    check_order(table, utc)
    length = spacing(table, utc)
    opening = answers.stamp == "open"
    if length >= _DAILY:
        _refuse_weeks(table, length)
        if opening:
            _refuse_closes(table, utc, calendar)
        return _by_date(table, calendar.session_of(utc + opening), calendar)
    return _by_time(table, utc, length, calendar, opening)


def spacing(table: Table, times: IntArray) -> int:
    """Nanoseconds between most bars; DataError if there is only one, or they are ticks."""
    length = measure_frame(times)
    if length % _SECOND:
        raise DataError(
            f"{table.where}: most rows are {length / _SECOND:g} seconds apart, like ticks.",
            "Give bars of whole seconds or longer.",
        )
    if length == 0:
        raise DataError(
            f"{table.where} has one bar with a time of day: its length cannot be measured.",
            "Give a file with at least two bars.",
        )
    return length


def _by_date(table: Table, days: IntArray, calendar: TradingCalendar) -> Placed:
    if len(days) > 2:
        _refuse_weeks(table, int(np.median(np.diff(days))) * DAY)
    known = calendar.is_session(days)
    if not known.all():
        raise _no_session(table, days, known, calendar)
    twice = np.diff(days) == 0
    if twice.any():
        row = int(twice.argmax()) + 1
        raise DataError(
            f"{table.at(row)}: a second daily bar of the session {day_text(int(days[row]))}.",
            "Check --tz, --calendar and --stamp.",
        )
    closes = calendar.session_close_of(days)
    missing = np.setdiff1d(calendar.sessions_between(int(days[0]), int(days[-1])), days)
    warnings: tuple[str, ...] = ()
    if len(missing):
        warnings = (
            f"{table.where}: {len(missing)} sessions of {calendar.name} have no bar, the first "
            f"{day_text(int(missing[0]))}.",
        )
    return Placed("1d", np.ones(len(days), dtype=np.bool_), closes, days, closes, warnings)


def _by_time(
    table: Table, utc: IntArray, length: int, calendar: TradingCalendar, opening: bool
) -> Placed:
    closes = utc
    if opening:
        until_next = np.append(utc[1:], utc[-1] + length)
        session_end = calendar.session_close_of(calendar.session_of(utc + 1))
        closes = np.minimum(np.minimum(utc + length, until_next), session_end)
    kept = calendar.in_session(closes)
    sessions = calendar.session_of(closes)
    stray = len(kept) - int(kept.sum())
    if stray and _looks_shifted(kept, closes, sessions, length, calendar):
        raise _shifted(table, closes, kept, calendar)
    warnings: tuple[str, ...] = ()
    if stray:
        row = int((~kept).argmax())
        warnings = (
            f"{table.where}: {stray} of {len(kept)} bars close outside the regular hours of "
            f"{calendar.name} and are left out, the first in {table.unit} {table.lines[row]} "
            f"({utc_text(closes[row])}). Another --calendar, or --stamp, would keep them.",
        )
    warnings += _gaps(table, closes, kept, sessions, length)
    sessions, closes = sessions[kept], closes[kept]
    return Placed(
        frame_name(length), kept, closes, sessions, calendar.session_close_of(sessions), warnings
    )


def _gaps(
    table: Table, closes: IntArray, kept: NDArray[np.bool_], sessions: IntArray, length: int
) -> tuple[str, ...]:
    """Bars missing between the first and the last one of a session."""
    rows = np.flatnonzero(kept)
    steps, same = np.diff(closes[rows]), np.diff(sessions[rows]) == 0
    if not same.any() or (steps[same] == length).mean() < _REGULAR:
        return ()
    gaps = np.flatnonzero(same & (steps >= 2 * length))
    where = np.column_stack((closes[rows[gaps]] % DAY, steps[gaps]))
    _, kind, counts = np.unique(where, axis=0, return_inverse=True, return_counts=True)
    days = len(np.unique(sessions[rows]))
    gaps = gaps[(counts[kind] == 1) | (counts[kind] < _PAUSE * days)]
    if len(gaps) == 0:
        return ()
    missing, row = int((steps[gaps] // length - 1).sum()), int(rows[gaps[0]])
    bars = "1 bar is" if missing == 1 else f"{missing} bars are"
    return (
        f"{table.where}: {bars} missing inside {len(np.unique(sessions[rows[gaps]]))} of {days} "
        f"sessions, the first after {table.unit} {table.lines[row]} ({utc_text(closes[row])}).",
    )


def _looks_shifted(
    kept: NDArray[np.bool_],
    closes: IntArray,
    sessions: IntArray,
    length: int,
    calendar: TradingCalendar,
) -> bool:
    """Whether bars lie outside the sessions while the sessions are not filled by the others."""
    if kept.mean() < _FEWEST:
        return True
    if 1 - kept.mean() <= _STRAY:
        return False
    days, first = np.unique(sessions[kept], return_index=True)
    last = np.append(first[1:], int(kept.sum())) - 1
    span = closes[kept][last] - closes[kept][first] + length
    whole = calendar.session_close_of(days) - calendar.session_open_of(days)
    return bool(np.median(span / whole) < _FILLED)


def _shifted(
    table: Table, closes: IntArray, kept: NDArray[np.bool_], calendar: TradingCalendar
) -> DataError:
    row = int((~kept).argmax())
    day = calendar.session_of(closes[row : row + 1])
    opens, ends = calendar.session_open_of(day)[0], calendar.session_close_of(day)[0]
    return DataError(
        f"{table.where}: {(~kept).mean():.0%} of the bars close outside the sessions of "
        f"{calendar.name}: {table.unit} {table.lines[row]} closes "
        f"at {utc_text(closes[row])}, the session is {utc_text(opens)} to {utc_text(ends)}.",
        "One of --tz, --calendar and --stamp is likely wrong.",
    )


def _no_session(
    table: Table, days: IntArray, known: NDArray[np.bool_], calendar: TradingCalendar
) -> DataError:
    row, count = int((~known).argmax()), int((~known).sum())
    more = f" ({count - 1} more row{'s' * (count > 2)} like it)" if count > 1 else ""
    fits = [name for name, share in well_known_fits(days) if share == 1.0]
    remedy = f"The days of this file fit {', '.join(fits)}: name one with --calendar, "
    if not fits:
        remedy = "No well-known calendar fits all its days: name its own with --calendar, "
    return DataError(
        f"{table.at(row)}: {day_text(int(days[row]))} is not a session of {calendar.name}{more}.",
        f"{remedy}or repair the row.",
    )


def _refuse_closes(table: Table, utc: IntArray, calendar: TradingCalendar) -> None:
    """A daily bar cannot open when its session closes, unless the next one opens there and then."""
    ends = calendar.session_close_of(calendar.session_of(utc)) == utc
    ends &= calendar.session_open_of(calendar.session_of(utc + 1)) > utc
    if ends.any():
        row = int(ends.argmax())
        raise DataError(
            f"{table.at(row)}: a daily bar of {utc_text(utc[row])} cannot open there: it is when "
            f"a session of {calendar.name} closes.",
            "Give --stamp close.",
        )


def _refuse_weeks(table: Table, length: int) -> None:
    if length >= _WEEKLY:
        raise DataError(
            f"{table.where}: the bars are {length / DAY:g} days apart.",
            "Give daily bars; --bar 1w makes weeks of them.",
        )
