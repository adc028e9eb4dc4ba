"""Placing bars in time: the close instant, the session and the length of each."""

from __future__ import annotations

__all__ = ["place", "spacing"]

import numpy as np

from framework.calendar import DAY, TradingCalendar, day_text, utc_text, well_known_fits
from framework.domain.bars import BoolArray, IntArray
from framework.errors import DataError
from framework.feeds.answers import FileAnswers
from framework.feeds.hours import Placed, in_all_hours, in_regular_hours
from framework.feeds.resample import measure_frame
from framework.feeds.stamps import Stamps, localize
from framework.feeds.table import Table
from framework.feeds.validate import check_order

_SECOND = 1_000_000_000
_DAILY = DAY * 5 // 6
"""Spacing from which on bars are daily: winter time to summer time makes a day of 23 hours."""
_WEEKLY = 5 * DAY


def place(table: Table, stamps: Stamps, answers: FileAnswers) -> Placed:
    """Give every bar its close instant and session.

    Args:
        table: the file, for messages.
        stamps: its timestamps.
        answers: stamp, tz and calendar are set; hours "all" keeps the bars outside regular hours.

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
    if answers.hours == "all":
        return in_all_hours(table, utc, length, calendar, opening)
    return in_regular_hours(table, utc, length, calendar, opening)


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


def _no_session(
    table: Table, days: IntArray, known: BoolArray, calendar: TradingCalendar
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
