"""Placing intraday bars: those in regular trading hours alone, or all of them."""

from __future__ import annotations

__all__ = ["Placed", "in_all_hours", "in_regular_hours"]

from dataclasses import dataclass

import numpy as np

from framework.calendar import DAY, TradingCalendar, utc_text
from framework.domain.bars import BoolArray, IntArray
from framework.errors import DataError
from framework.feeds.resample import frame_name
from framework.feeds.table import Table

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
        kept: which of the file's n rows are used, shape (n,).
        close_time: nanoseconds UTC at which each is complete.
        session: its trading day, days since 1970-01-01.
        session_close: nanoseconds UTC at which that closes.
        warnings: what was dropped or is missing.
        regular: whether each lies in regular hours; None when all do.
    """

    frame: str
    kept: BoolArray
    close_time: IntArray
    session: IntArray
    session_close: IntArray
    warnings: tuple[str, ...]
    regular: BoolArray | None = None


def in_regular_hours(
    table: Table, utc: IntArray, length: int, calendar: TradingCalendar, opening: bool
) -> Placed:
    """The bars that close in regular hours; the others are left out.

    Args:
        table: the file, for messages.
        utc: nanoseconds UTC its rows are stamped with, shape (n,).
        length: nanoseconds between most of them.
        calendar: whose sessions they belong to.
        opening: whether the stamps are the bars' starts.

    Raises:
        DataError: too few bars are in the sessions for the answers to be right.
    """
    closes = utc
    if opening:
        closes = _closes(utc, length, _session_end(utc, calendar))
    kept = calendar.in_session(closes)
    sessions = calendar.session_of(closes)
    stray = len(kept) - int(kept.sum())
    if stray and (
        kept.mean() < _FEWEST or _looks_shifted(kept, closes, sessions, length, calendar)
    ):
        raise _shifted(table, closes, kept, calendar)
    warnings: tuple[str, ...] = ()
    if stray:
        row = int((~kept).argmax())
        warnings = (
            f"{table.where}: {stray} of {len(kept)} bars close outside the regular hours of "
            f"{calendar.name} and are left out, the first in {table.unit} {table.lines[row]} "
            f"({utc_text(closes[row])}). --hours all, another --calendar or --stamp would keep "
            "them.",
        )
    warnings += _gaps(table, closes, kept, sessions, length)
    sessions, closes = sessions[kept], closes[kept]
    return Placed(
        frame_name(length), kept, closes, sessions, calendar.session_close_of(sessions), warnings
    )


def in_all_hours(
    table: Table, utc: IntArray, length: int, calendar: TradingCalendar, opening: bool
) -> Placed:
    """All bars of trading days; those outside regular hours belong to the session of the date,
    in the exchange's zone, on which they end.

    A bar that begins before the open and ends after it counts as outside. The arguments are those
    of `in_regular_hours`.

    Raises:
        DataError: the bars do not fill the sessions, so the answers are hardly right; or none lies
            in regular hours alone.
    """
    starts, closes = utc - length, utc
    if opening:
        ends = None if _run_over_closes(utc, calendar) else _session_end(utc, calendar)
        starts, closes = utc, _closes(utc, length, ends)
    inside = calendar.in_session(closes)
    if inside.all():
        return in_regular_hours(table, utc, length, calendar, opening)
    sessions = calendar.session_of(closes)
    if _looks_shifted(inside, closes, sessions, length, calendar):
        raise _shifted(table, closes, inside, calendar)
    across = inside & (starts < calendar.session_open_of(sessions))
    regular = inside & ~across
    if not regular.any():
        raise DataError(
            f"{table.where}: no bar of {frame_name(length)} lies in the regular hours of "
            f"{calendar.name} alone.",
            "Give shorter bars, or leave --hours out.",
        )
    sessions = np.where(inside, sessions, calendar.date_of(closes))
    kept = inside | calendar.is_session(sessions)
    warnings = (
        *_off_days(table, closes, kept, calendar),
        *_across(table, closes, across, calendar),
        *_gaps(table, closes, regular, sessions, length),
    )
    sessions, closes = sessions[kept], closes[kept]
    return Placed(
        frame_name(length),
        kept,
        closes,
        sessions,
        calendar.session_close_of(sessions),
        warnings,
        None if regular[kept].all() else regular[kept],
    )


def _run_over_closes(utc: IntArray, calendar: TradingCalendar) -> bool:
    """Whether bars that open at these instants go on after hours, and none opens at a close."""
    goes_on = calendar.session_of(utc + 1) > calendar.date_of(utc + 1)
    goes_on &= ~calendar.in_session(utc + 1)
    return bool(goes_on.any()) and not (utc[1:] == _session_end(utc, calendar)[:-1]).any()


def _session_end(utc: IntArray, calendar: TradingCalendar) -> IntArray:
    """The next close after each instant."""
    return calendar.session_close_of(calendar.session_of(utc + 1))


def _closes(utc: IntArray, length: int, ends: IntArray | None) -> IntArray:
    """When bars that open at these instants are complete: never after the next one opens, nor
    after the close of their session."""
    closes: IntArray = np.minimum(utc + length, np.append(utc[1:], utc[-1] + length))
    if ends is not None:
        closes = np.minimum(closes, ends)
    return closes


def _off_days(
    table: Table, closes: IntArray, kept: BoolArray, calendar: TradingCalendar
) -> tuple[str, ...]:
    if kept.all():
        return ()
    row = int((~kept).argmax())
    return (
        f"{table.where}: {int((~kept).sum())} of {len(kept)} bars end on days without a session of "
        f"{calendar.name} and are left out, the first in {table.unit} {table.lines[row]} "
        f"({utc_text(closes[row])}).",
    )


def _across(
    table: Table, closes: IntArray, across: BoolArray, calendar: TradingCalendar
) -> tuple[str, ...]:
    if not across.any():
        return ()
    row = int(across.argmax())
    return (
        f"{table.where}: {int(across.sum())} bars begin before the open of {calendar.name} and end "
        f"after it, the first in {table.unit} {table.lines[row]} ({utc_text(closes[row])}); they "
        "count as outside regular hours. Give shorter bars to trade from the open on.",
    )


def _gaps(
    table: Table, closes: IntArray, kept: BoolArray, sessions: IntArray, length: int
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
    kept: BoolArray,
    closes: IntArray,
    sessions: IntArray,
    length: int,
    calendar: TradingCalendar,
) -> bool:
    """Whether bars lie outside the sessions while the sessions are not filled by the others."""
    if not kept.any():
        return True
    if 1 - kept.mean() <= _STRAY:
        return False
    days, first = np.unique(sessions[kept], return_index=True)
    last = np.append(first[1:], int(kept.sum())) - 1
    span = closes[kept][last] - closes[kept][first] + length
    whole = calendar.session_close_of(days) - calendar.session_open_of(days)
    return bool(np.median(span / whole) < _FILLED)


def _shifted(
    table: Table, closes: IntArray, kept: BoolArray, calendar: TradingCalendar
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
