"""Trading calendars: sessions, early closes and "the day" as arrays over exchange_calendars."""

from __future__ import annotations

__all__ = [
    "DAY",
    "TradingCalendar",
    "WELL_KNOWN",
    "day_of",
    "day_text",
    "utc_text",
    "well_known_fits",
]

import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from framework.domain.bars import IntArray
from framework.errors import ConfigError, DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    from exchange_calendars import ExchangeCalendar

DAY = 86_400_000_000_000
"""Nanoseconds of a day."""

WELL_KNOWN = (
    "XNYS",
    "CMES",
    "XTSE",
    "XLON",
    "XETR",
    "XEUR",
    "XPAR",
    "XAMS",
    "XSWX",
    "XTKS",
    "XHKG",
    "XASX",
    "24/5",
    "24/7",
)
"""Calendars proposed when a file's own is not known."""

_EPOCH = date(1970, 1, 1)


def day_of(text: str) -> int:
    """Days since 1970-01-01 of an ISO date; ValueError if it is none."""
    return (date.fromisoformat(text) - _EPOCH).days


def day_text(day: int) -> str:
    """ISO date of `day` days since 1970-01-01."""
    return (_EPOCH + timedelta(days=int(day))).isoformat()


def utc_text(ns: int) -> str:
    """An instant as "2024-01-02 14:30 UTC"; seconds only where there are any."""
    moment = datetime.fromtimestamp(int(ns) // 1_000_000_000, UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC" if moment.second else "%Y-%m-%d %H:%M UTC")


@dataclass(frozen=True, slots=True, eq=False)
class _Schedule:
    """Sessions of a span of years: days, and nanoseconds UTC of opens and closes, shape (s,)."""

    days: IntArray
    opens: IntArray
    closes: IntArray


class TradingCalendar:
    """The sessions of one exchange, for arrays of instants and days.

    Instants are nanoseconds UTC, days are days since 1970-01-01. Sessions of "24/7" are UTC days.

    Args:
        name: an exchange_calendars name or alias ("XNYS", "NYSE", "24/5"), in any case.

    Raises:
        ConfigError: no calendar has that name.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = _canonical(name)

    def __repr__(self) -> str:
        return f"TradingCalendar({self.name!r})"

    @property
    def tz(self) -> str:
        """Name of the exchange's time zone."""
        return _facts(self.name).zone

    @property
    def periods_per_year(self) -> int:
        """Sessions a year counts by convention: 252, 260 for "24/5", 365 for "24/7"."""
        return {"24/5": 260, "24/7": 365}.get(self.name, 252)

    def session_of(self, close_ns: IntArray) -> IntArray:
        """The session each instant belongs to: the first whose close is not before it.

        An instant at a session's close is that session's; one outside hours is the next session's.
        """
        schedule = self._around(close_ns // DAY)
        return schedule.days[self._row(schedule, close_ns)]

    def in_session(self, close_ns: IntArray) -> NDArray[np.bool_]:
        """Whether bars closing at these instants lie in regular hours: open < close <= close."""
        schedule = self._around(close_ns // DAY)
        return schedule.opens[self._row(schedule, close_ns)] < close_ns

    def date_of(self, close_ns: IntArray) -> IntArray:
        """The date in the exchange's zone on which each bar ends; midnight ends the day before."""
        import pandas as pd  # noqa: PLC0415

        moments = pd.DatetimeIndex((close_ns - 1).view("M8[ns]"), tz="UTC")
        return _nanoseconds(moments.tz_convert(self.tz).tz_localize(None)) // DAY

    def day_end_of(self, days: IntArray) -> IntArray:
        """Nanoseconds UTC until which bars after the close still belong to these sessions: midnight
        in the exchange's zone, or the next session's open where that comes first.

        Raises:
            DataError: for a day without session.
        """
        import pandas as pd  # noqa: PLC0415

        schedule = self._around(days)
        rows = self._exact(schedule, days)
        after = np.append(schedule.opens[1:], np.iinfo(np.int64).max)[rows]
        midnights = pd.DatetimeIndex(((days + 1) * DAY).view("M8[ns]"))
        ends = _nanoseconds(
            midnights.tz_localize(self.tz, ambiguous=True, nonexistent="shift_forward")
        )
        found: IntArray = np.maximum(np.minimum(ends, after), schedule.closes[rows])
        return found

    def session_open_of(self, days: IntArray) -> IntArray:
        """Nanoseconds UTC at which the sessions open; DataError for a day without session."""
        schedule = self._around(days)
        return schedule.opens[self._exact(schedule, days)]

    def session_close_of(self, days: IntArray) -> IntArray:
        """Nanoseconds UTC at which the sessions close; DataError for a day without session."""
        schedule = self._around(days)
        return schedule.closes[self._exact(schedule, days)]

    def is_session(self, days: IntArray) -> NDArray[np.bool_]:
        """Whether each day has a session."""
        return np.isin(days, self._around(days).days)

    def sessions_between(self, first_day: int, last_day: int) -> IntArray:
        """The days of all sessions from `first_day` to `last_day`, both included."""
        days = self._around(np.array([first_day, last_day])).days
        left, right = np.searchsorted(days, [first_day, last_day + 1])
        return days[left:right]

    def _around(self, days: IntArray) -> _Schedule:
        if len(days) == 0:
            return _schedule(self.name, 2010, 2019)
        first, last = day_text(int(days.min()) - 15), day_text(int(days.max()) + 15)
        # Whole decades, so that neighbouring requests share one cached schedule.
        return _schedule(self.name, int(first[:3]) * 10, int(last[:3]) * 10 + 9)

    def _row(self, schedule: _Schedule, close_ns: IntArray) -> IntArray:
        rows = np.searchsorted(schedule.closes, close_ns, side="left").astype(np.int64)
        if len(close_ns) and (
            int(rows.max()) == len(schedule.days) or int(close_ns.min()) // DAY < schedule.days[0]
        ):
            raise self._beyond(schedule)
        return rows

    def _exact(self, schedule: _Schedule, days: IntArray) -> IntArray:
        rows = np.searchsorted(schedule.days, days).clip(0, len(schedule.days) - 1)
        wrong = schedule.days[rows] != days
        if wrong.any():
            day = day_text(int(days[wrong][0]))
            raise DataError(f"{day} is not a session of {self.name}.", "Check the calendar.")
        return rows.astype(np.int64)

    def _beyond(self, schedule: _Schedule) -> DataError:
        first, last = day_text(int(schedule.days[0])), day_text(int(schedule.days[-1]))
        return DataError(
            f"The calendar {self.name} knows sessions from {first} to {last}; the data go beyond.",
            "Shorten the data with --from and --to, or name another --calendar.",
        )


def well_known_fits(days: IntArray) -> tuple[tuple[str, float], ...]:
    """Which well-known calendars fit the days of a file, the best first.

    Returns:
        (name, share) of each calendar of which at least 95 % of `days`, one for each bar, are
        sessions; of equal shares the one with the fewest sessions missing comes first.
    """
    unique = np.unique(days)
    found = []
    for name in WELL_KNOWN:
        calendar = TradingCalendar(name)
        expected = calendar.sessions_between(int(unique[0]), int(unique[-1]))
        share = float(np.isin(days, expected).mean())
        if share >= 0.95:
            found.append((-share, len(np.setdiff1d(expected, unique)), WELL_KNOWN.index(name)))
    return tuple((WELL_KNOWN[index], -negative) for negative, _, index in sorted(found))


@lru_cache(maxsize=64)
def _canonical(name: str) -> str:
    if name in WELL_KNOWN:
        return name
    import exchange_calendars  # noqa: PLC0415 - half a second, paid only when used

    names = exchange_calendars.get_calendar_names(include_aliases=True)
    by_lower = {known.lower(): known for known in names}
    known = by_lower.get(name.strip().lower())
    if known is None:
        near = get_close_matches(name.lower(), list(by_lower), n=3)
        options = {*WELL_KNOWN, *(by_lower[option] for option in near)}
        raise ConfigError(
            f"Unknown calendar {name!r}.",
            f"{did_you_mean(name, options)} Any other exchange_calendars name works too.",
        )
    return str(exchange_calendars.resolve_alias(known))


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a calendar is whatever span of it is built; building one takes a tenth of a second.

    Attributes:
        zone: name of its time zone.
        first, last: days it cannot be built beyond, None without such.
    """

    zone: str
    first: pd.Timestamp | None
    last: pd.Timestamp | None


@lru_cache(maxsize=64)
def _facts(name: str) -> _Facts:
    calendar = _library(name)
    return _Facts(str(calendar.tz), calendar.bound_min(), calendar.bound_max())


@lru_cache(maxsize=32)
def _schedule(name: str, first_year: int, last_year: int) -> _Schedule:
    import pandas as pd  # noqa: PLC0415

    start, end = pd.Timestamp(f"{first_year}-01-01"), pd.Timestamp(f"{last_year}-12-31")
    facts = _facts(name)
    start = start if facts.first is None else max(start, facts.first)
    end = end if facts.last is None else min(end, facts.last)
    if start >= end:
        raise DataError(
            f"The calendar {name} knows no sessions in {first_year}-{last_year}.",
            "Name another --calendar.",
        )
    calendar = _library(name, start, end)
    schedule = _Schedule(
        _nanoseconds(calendar.sessions) // DAY,
        _nanoseconds(pd.DatetimeIndex(calendar.schedule["open"])),
        _nanoseconds(pd.DatetimeIndex(calendar.schedule["close"])),
    )
    for array in (schedule.days, schedule.opens, schedule.closes):
        array.setflags(write=False)
    return schedule


def _library(
    name: str, start: pd.Timestamp | None = None, end: pd.Timestamp | None = None
) -> ExchangeCalendar:
    import exchange_calendars  # noqa: PLC0415

    with warnings.catch_warnings():
        # The library lags behind pandas: its deprecations are not the user's to act on.
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return exchange_calendars.get_calendar(name, start=start, end=end)
        except ValueError as error:
            raise DataError(
                f"exchange_calendars cannot build the calendar {name}: {str(error)[:120]}",
                "Name another --calendar, or update exchange_calendars.",
            ) from error


def _nanoseconds(index: pd.DatetimeIndex) -> IntArray:
    return np.array(index.as_unit("ns").asi8, dtype=np.int64)
