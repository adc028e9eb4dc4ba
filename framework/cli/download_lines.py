"""Bars as lines of a file that `--data` reads without a question about its times.

Daily bars are written by their date. Bars of a time of day are written by their opening, in UTC and
under the short header whose times are known to mean that.
"""

from __future__ import annotations

__all__ = ["Form", "Lines", "differ", "in_span"]

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose

import numpy as np

from framework.brokers.ib.frames import Frame
from framework.calendar import TradingCalendar, day_text, utc_text, well_known_fits
from framework.domain.bars import Bars, FloatArray, IntArray
from framework.errors import DataError

Lines = dict[int, str]
"""Lines by nanoseconds UTC at which their bars are complete."""

_DAILY = "date,open,high,low,close,volume"
_INTRADAY = "t,o,h,l,c,v"
_SAME = 1e-6
"""Relative difference up to which two prices are the same."""
_INSIDE = 0.95
"""Share of bars of regular hours below which they are not this calendar's."""
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Form:
    """How bars of one length and calendar are written.

    Attributes:
        frame: their length, one of the broker's whose bars end where sessions do.
        calendar: whose sessions.
        regular: whether only bars in regular hours are wanted.
    """

    frame: Frame
    calendar: TradingCalendar
    regular: bool = True

    @property
    def header(self) -> str:
        """The first line."""
        return _DAILY if self.frame.is_daily else _INTRADAY

    def lines(self, bars: Bars) -> Lines:
        """The lines of bars.

        Raises:
            DataError: a daily bar of a day without a session of the calendar, or bars of regular
                hours that are none there.
        """
        if not len(bars):
            return {}
        if self.frame.is_daily:
            stamps = self._days(bars)
        else:
            self._check_hours(bars)
            stamps = _times(self._opens(bars.close_time))
        columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
        numbers = zip(*(_texts(column) for column in columns), strict=True)
        return {
            close: ",".join((stamp, *row))
            for close, stamp, row in zip(bars.close_time.tolist(), stamps, numbers, strict=True)
        }

    def text(self, lines: Lines) -> str:
        """A whole file."""
        return "\n".join((self.header, *(lines[close] for close in sorted(lines)))) + "\n"

    def read(self, text: str) -> Lines:
        """The lines of a file written by `text`.

        Raises:
            ValueError: it was not.
        """
        header, *rows = text.splitlines()
        if header != self.header:
            raise ValueError(f"the header is {header!r}")
        if not rows:
            return {}
        stamps = [row.partition(",")[0].removesuffix("Z") for row in rows]
        when = np.array(stamps, dtype="M8[ns]").astype(np.int64)
        closes = self._closes(when)
        return dict(zip(closes.tolist(), rows, strict=True))

    def _days(self, bars: Bars) -> list[str]:
        known = self.calendar.is_session(bars.session)
        if not known.all():
            raise self._misfit(bars, int((~known).argmax()), "no session")
        return [day_text(day) for day in bars.session.tolist()]

    def _check_hours(self, bars: Bars) -> None:
        inside = self.calendar.in_session(bars.close_time)
        if self.regular and inside.mean() < _INSIDE:
            raise self._misfit(bars, int((~inside).argmax()), "outside the hours")

    def _misfit(self, bars: Bars, row: int, what: str) -> DataError:
        fits = [name for name, share in well_known_fits(bars.session) if share == 1.0]
        named = fits[0] if fits and self.frame.is_daily else "24/7"
        return DataError(
            f"{bars.symbol}: the broker has a bar that ends {utc_text(bars.close_time[row])}, "
            f"{what} of {self.calendar.name}.",
            f"If it trades by another calendar, such as {named}, give that with --calendar or in "
            "data/instruments.yaml.",
        )

    def _opens(self, closes: IntArray) -> IntArray:
        """A session's last bar may be short: it opens where the grid from the open on says."""
        length = self.frame.length
        starts = self.calendar.session_open_of(self.calendar.session_of(closes))
        within = starts + (closes - 1 - starts) // length * length
        opens: IntArray = np.where(closes > starts, within, closes - length)
        return opens

    def _closes(self, when: IntArray) -> IntArray:
        if self.frame.is_daily:
            return self.calendar.session_close_of(when // (86_400 * _SECOND))
        days = self.calendar.session_of(when + 1)
        starts, ends = self.calendar.session_open_of(days), self.calendar.session_close_of(days)
        full = when + self.frame.length
        closes: IntArray = np.where(when >= starts, np.minimum(full, ends), full)
        return closes


def in_span(lines: Lines, first: int, last: int) -> Lines:
    """Those whose bars close in (first, last]."""
    return {close: line for close, line in lines.items() if first < close <= last}


def differ(old: Lines, new: Lines) -> bool:
    """Whether two answers about the same bars disagree in a price; volumes are corrected for days,
    and say nothing about a split."""
    return any(
        not isclose(was, now, rel_tol=_SAME)
        for close in old.keys() & new.keys()
        for was, now in zip(_prices(old[close]), _prices(new[close]), strict=True)
    )


def _prices(line: str) -> Sequence[float]:
    return [float(field) for field in line.split(",")[1:5]]


def _times(moments: IntArray) -> list[str]:
    return [f"{text}Z" for text in np.datetime_as_string(moments.view("M8[ns]"), unit="s")]


def _texts(column: FloatArray) -> list[str]:
    return [repr(value).removesuffix(".0") for value in column.tolist()]
