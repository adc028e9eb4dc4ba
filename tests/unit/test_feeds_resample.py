"""Longer bars start at the session's open; ranges are whole days of the exchange."""

from __future__ import annotations

import numpy as np
import pytest

from framework.calendar import TradingCalendar, day_of, day_text, utc_text
from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.errors import ConfigError, DataError
from framework.feeds.ranges import between, day_range, parse_day
from framework.feeds.resample import frame_name, measure_frame, parse_frame, resample, row_map
from framework.feeds.synthetic import synthetic_intraday

MINUTE = 60 * 10**9


def minutes(first: str, last: str, step: int = 5, calendar: str = "XNYS") -> Bars:
    """Every bar of `step` minutes of the sessions; closes count 1, 2, 3 ..."""
    trading = TradingCalendar(calendar)
    days = trading.sessions_between(day_of(first), day_of(last))
    opens, ends = trading.session_open_of(days), trading.session_close_of(days)
    closes = np.concatenate(
        [
            np.arange(o + step * MINUTE, e + 1, step * MINUTE)
            for o, e in zip(opens, ends, strict=True)
        ]
    )
    session = trading.session_of(closes)
    count = np.arange(1.0, len(closes) + 1)
    return Bars(
        Instrument("ABC", calendar=calendar),
        f"{step}m",
        closes,
        session,
        trading.session_close_of(session),
        count - 0.5,
        count + 1,
        count - 1,
        count,
        np.ones(len(closes)),
    )


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30s", MINUTE // 2),
        ("5m", 5 * MINUTE),
        ("1h", 60 * MINUTE),
        ("4H", 240 * MINUTE),
        ("1d", 1440 * MINUTE),
        ("1w", 10080 * MINUTE),
    ],
)
def test_frames(text: str, length: int) -> None:
    assert parse_frame(text) == length
    assert frame_name(length) == text.lower()


@pytest.mark.parametrize(
    "text", ["", "5", "m", "0m", "5 m", "1.5h", "2d", "3w", "24h", "5min", "-5m"]
)
def test_frames_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError, match="bar length"):
        parse_frame(text)


def test_measure_frame_takes_the_most_common_spacing() -> None:
    assert measure_frame(np.array([0, 5, 10, 15, 100, 105])) == 5
    assert measure_frame(np.array([7])) == 0


def test_hours_start_at_the_open_and_the_last_is_short() -> None:
    fine = minutes("2024-01-02", "2024-01-02")
    hours = resample(fine, "1h")
    assert [utc_text(t)[11:16] for t in hours.close_time] == [
        "15:30",
        "16:30",
        "17:30",
        "18:30",
        "19:30",
        "20:30",
        "21:00",
    ]
    assert hours.frame == "1h"
    assert hours.open[:2].tolist() == [0.5, 12.5]
    assert hours.high[:2].tolist() == [13, 25]
    assert hours.low[:2].tolist() == [0, 12]
    assert hours.close.tolist() == [12, 24, 36, 48, 60, 72, 78]
    assert hours.volume.tolist() == [12, 12, 12, 12, 12, 12, 6]


def test_an_early_close_ends_the_bar() -> None:
    hours = resample(minutes("2023-11-24", "2023-11-27"), "4h")
    assert [utc_text(t) for t in hours.close_time] == [
        "2023-11-24 18:00 UTC",
        "2023-11-27 18:30 UTC",
        "2023-11-27 21:00 UTC",
    ]


def test_days_and_weeks() -> None:
    fine = minutes("2024-01-12", "2024-01-19", step=30)  # the 15th is a holiday
    days = resample(fine, "1d")
    assert [day_text(d) for d in days.session] == [
        "2024-01-12",
        "2024-01-16",
        "2024-01-17",
        "2024-01-18",
        "2024-01-19",
    ]
    assert np.array_equal(days.close_time, days.session_close)
    weeks = resample(days, "1w")
    assert [day_text(d) for d in weeks.session] == ["2024-01-12", "2024-01-19"]
    assert weeks.volume.tolist() == [13, 52]
    assert np.array_equal(resample(fine, "1w").close, weeks.close)


def test_weeks_run_from_monday_to_sunday() -> None:
    weeks = resample(minutes("2024-01-01", "2024-01-14", step=60, calendar="24/7"), "1w")
    assert [utc_text(t) for t in weeks.close_time] == [
        "2024-01-08 00:00 UTC",  # a Monday
        "2024-01-15 00:00 UTC",
    ]


def test_a_bar_the_data_do_not_complete_is_left_out() -> None:
    fine = minutes("2024-01-02", "2024-01-03")
    cut = fine.take(0, len(fine) - 1)
    assert len(resample(cut, "1d")) == 1
    assert len(resample(fine, "1d")) == 2
    assert len(resample(resample(fine, "1d"), "1w")) == 0


def test_gaps_keep_the_scheduled_close() -> None:
    fine = minutes("2024-01-02", "2024-01-02")
    holes = np.delete(np.arange(len(fine)), [10, 11])  # the two bars before 15:30 are missing
    columns = {
        name: getattr(fine, name)[holes]
        for name in ("close_time", "session", "session_close", "open", "high", "low", "close")
    }
    hours = resample(Bars(fine.instrument, "5m", volume=fine.volume[holes], **columns), "1h")
    assert utc_text(hours.close_time[0]) == "2024-01-02 15:30 UTC"
    assert (hours.close[0], hours.open[1]) == (10, 12.5)


@pytest.mark.parametrize(
    ("frame", "message"),
    [("1m", "5m; 1m is shorter"), ("7m", "5m; 7m is not a multiple"), ("5x", "bar length '5x'")],
)
def test_refused(frame: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resample(minutes("2024-01-02", "2024-01-02"), frame)


def test_own_frame_is_unchanged() -> None:
    fine = minutes("2024-01-02", "2024-01-02")
    assert resample(fine, "5m") is fine


def test_row_map_finds_the_fine_rows() -> None:
    fine = synthetic_intraday()
    coarse = resample(fine, "1h")
    rows = row_map(coarse, fine)
    assert rows[0] == 0
    assert rows[-1] == len(fine)
    for i in (0, 1, 6, 7, len(coarse) - 1):
        part = slice(rows[i], rows[i + 1])
        assert fine.high[part].max() == coarse.high[i]
        assert fine.low[part].min() == coarse.low[i]
        assert fine.volume[part].sum() == coarse.volume[i]
        assert fine.close_time[part][-1] <= coarse.close_time[i]


def test_no_longer_bar_knows_its_future() -> None:
    fine = synthetic_intraday()
    whole = resample(fine, "1h")
    for stop in (1, 50, 200, 1000):
        part = resample(fine.take(0, stop), "1h")
        known = int((whole.close_time <= fine.close_time[stop - 1]).sum())
        assert len(part) == known
        assert np.array_equal(part.close, whole.close[:known])


def test_a_date_is_the_whole_day_of_the_exchange() -> None:
    bars = minutes("2024-01-02", "2024-01-05")
    cut = between(bars, *day_range("2024-01-03", "2024-01-04", "XNYS"))
    assert [day_text(d) for d in np.unique(cut.session)] == ["2024-01-03", "2024-01-04"]
    assert len(cut) == 156
    assert len(between(bars, *day_range(None, None, "XNYS"))) == len(bars)
    assert len(between(bars, *day_range("2024-01-05", None, "XNYS"))) == 78
    start, end = day_range("2024-07-01", "2024-07-01", "XNYS")
    assert (utc_text(start), utc_text(end)) == ("2024-07-01 04:00 UTC", "2024-07-02 04:00 UTC")


def test_midnight_belongs_to_the_day_before() -> None:
    bars = minutes("2024-01-01", "2024-01-03", step=60, calendar="24/7")
    cut = between(bars, *day_range("2024-01-02", "2024-01-02", "24/7"))
    assert len(cut) == 24
    assert utc_text(cut.close_time[-1]) == "2024-01-03 00:00 UTC"


def test_ranges_refused() -> None:
    with pytest.raises(ConfigError, match=r"--from is 'Jan 2', not a date"):
        parse_day("Jan 2", "--from")
    with pytest.raises(ConfigError, match=r"--from 2024-01-03 is after --to 2024-01-02"):
        day_range("2024-01-03", "2024-01-02", "XNYS")
    with pytest.raises(DataError, match=r"ABC has no bars in the range.*from 2024-01-02"):
        between(minutes("2024-01-02", "2024-01-02"), *day_range("2025-01-01", None, "XNYS"))
