"""Sessions, early closes and days of exchanges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from framework.calendar import TradingCalendar, day_of, day_text, utc_text, well_known_fits
from framework.errors import ConfigError, DataError


def ns(text: str) -> int:
    return int(pd.Timestamp(text, tz="UTC").as_unit("ns").value)


def days(*texts: str) -> np.ndarray:
    return np.array([day_of(text) for text in texts])


@pytest.mark.parametrize(
    ("calendar", "instant", "session"),
    [
        ("XNYS", "2024-01-02 14:31", "2024-01-02"),
        ("XNYS", "2024-01-02 21:00", "2024-01-02"),  # exactly the close
        ("XNYS", "2024-01-02 21:01", "2024-01-03"),  # after it: the next
        ("XNYS", "2023-11-24 18:00", "2023-11-24"),  # early close after Thanksgiving
        ("XNYS", "2023-11-24 18:01", "2023-11-27"),
        ("XNYS", "2024-07-02 20:00", "2024-07-02"),  # summer time
        ("XETR", "2024-01-02 16:30", "2024-01-02"),
        ("24/7", "2024-01-03 00:00", "2024-01-02"),  # UTC days
        ("24/7", "2024-01-06 12:00", "2024-01-06"),
        ("24/5", "2024-01-06 12:00", "2024-01-08"),
        ("CMES", "2024-01-02 23:30", "2024-01-03"),  # opens the evening before
        ("XNYS", "1999-01-04 21:00", "1999-01-04"),  # beyond the library's default range
    ],
)
def test_session_of(calendar: str, instant: str, session: str) -> None:
    found = TradingCalendar(calendar).session_of(np.array([ns(instant)]))
    assert [day_text(day) for day in found] == [session]


def test_opens_and_closes_are_nanoseconds_utc() -> None:
    calendar = TradingCalendar("XNYS")
    wanted = days("2023-11-24", "2024-07-02")
    assert [utc_text(t) for t in calendar.session_open_of(wanted)] == [
        "2023-11-24 14:30 UTC",
        "2024-07-02 13:30 UTC",
    ]
    assert [utc_text(t) for t in calendar.session_close_of(wanted)] == [
        "2023-11-24 18:00 UTC",
        "2024-07-02 20:00 UTC",
    ]


def test_in_session_excludes_the_open_and_includes_the_close() -> None:
    instants = [ns(f"2024-01-02 {time}") for time in ("14:30", "14:31", "21:00", "21:01")]
    found = TradingCalendar("XNYS").in_session(np.array(instants))
    assert found.tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("calendar", "close", "date"),
    [
        ("XNYS", "2024-01-03 01:00", "2024-01-02"),  # 20:00 in New York
        ("XNYS", "2024-01-03 05:00", "2024-01-02"),  # midnight ends the day
        ("XNYS", "2024-01-03 05:01", "2024-01-03"),
        ("XNYS", "2024-07-03 04:00", "2024-07-02"),  # summer time
        ("XTKS", "2024-01-03 15:30", "2024-01-04"),
        ("24/7", "2024-01-03 00:00", "2024-01-02"),
    ],
)
def test_date_of(calendar: str, close: str, date: str) -> None:
    found = TradingCalendar(calendar).date_of(np.array([ns(close)]))
    assert [day_text(day) for day in found] == [date]


@pytest.mark.parametrize(
    ("calendar", "session", "end"),
    [
        ("XNYS", "2024-01-03", "2024-01-04 05:00"),
        ("XNYS", "2024-07-03", "2024-07-04 04:00"),  # summer time
        ("XNYS", "2024-03-08", "2024-03-09 05:00"),  # the day before it begins
        ("CMES", "2023-11-23", "2023-11-23 23:00"),  # an early close; the next opens that evening
        ("CMES", "2023-11-24", "2023-11-25 06:00"),  # an early close on a Friday
        ("24/7", "2024-01-06", "2024-01-07 00:00"),
    ],
)
def test_day_end_of(calendar: str, session: str, end: str) -> None:
    found = TradingCalendar(calendar).day_end_of(days(session))
    assert [utc_text(time) for time in found] == [f"{end} UTC"]


def test_sessions_between_and_is_session() -> None:
    calendar = TradingCalendar("XNYS")
    found = calendar.sessions_between(day_of("2023-12-30"), day_of("2024-01-03"))
    assert [day_text(day) for day in found] == ["2024-01-02", "2024-01-03"]
    assert calendar.is_session(days("2024-01-01", "2024-01-02")).tolist() == [False, True]
    assert len(calendar.sessions_between(day_of("1999-01-04"), day_of("2018-12-31"))) == 5031


def test_a_day_without_session_has_no_close() -> None:
    with pytest.raises(DataError, match="2024-01-01 is not a session of XNYS"):
        TradingCalendar("XNYS").session_close_of(days("2024-01-01"))


@pytest.mark.parametrize(
    ("name", "canonical", "zone", "periods"),
    [
        ("nyse", "XNYS", "America/New_York", 252),
        ("XETR", "XETR", "Europe/Berlin", 252),
        ("24/5", "24/5", "UTC", 260),
        ("24/7", "24/7", "UTC", 365),
    ],
)
def test_names(name: str, canonical: str, zone: str, periods: int) -> None:
    calendar = TradingCalendar(name)
    assert (calendar.name, calendar.tz, calendar.periods_per_year) == (canonical, zone, periods)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'24-7'.*Did you mean '24/7'"):
        TradingCalendar("24-7")


def test_instants_beyond_the_calendar_are_refused() -> None:
    with pytest.raises(DataError, match="XSHG knows no sessions"):
        TradingCalendar("XSHG").session_of(np.array([ns("1980-01-02 07:00")]))


def test_no_instants_no_sessions() -> None:
    assert len(TradingCalendar("XNYS").session_of(np.array([], dtype=np.int64))) == 0


def test_fits_are_measured() -> None:
    german = TradingCalendar("XETR").sessions_between(day_of("2005-01-03"), day_of("2006-12-29"))
    exact = [name for name, share in well_known_fits(german) if share == 1.0]
    assert exact[0] == "XETR"
    assert "XNYS" not in exact
