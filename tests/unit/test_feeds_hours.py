"""Bars outside regular hours: left out, or kept, marked and given to the session of their day."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from framework.calendar import day_text, utc_text
from framework.config.market import load_market
from framework.domain.bars import Bars
from framework.errors import DataError
from framework.feeds.files import FileAnswers, Loaded, fingerprint, load_bars
from framework.feeds.resample import resample

HEAD = "Date,Open,High,Low,Close,Volume\n"
NEW_YORK = FileAnswers("open", "America/New_York", "XNYS", "split", "all")
CHICAGO = FileAnswers("open", "America/Chicago", "CMES", "split", "all")


def clocks(day: str, first: str, last: str, minutes: int = 30) -> list[str]:
    """Starts of the bars of a day from `first` until `last`, its end, in wall time."""
    begin, end = (pd.Timestamp(day) + pd.Timedelta(f"{time}:00") for time in (first, last))
    return [str(step) for step in pd.date_range(begin, end, freq=f"{minutes}min")[:-1]]


def load(folder: Path, times: list[str], asked: FileAnswers = NEW_YORK) -> Loaded:
    rows = [f"{time},{n},{n + 1},{n - 1},{n},{n}\n" for n, time in enumerate(times, start=10)]
    path = folder / "ABC.csv"
    path.write_text(HEAD + "".join(rows))
    return load_bars(path, asked, {})


def at(bars: Bars, close: str) -> tuple[bool, str, str]:
    """Of the bar that closes then: regular, session, close of that session."""
    (row,) = np.flatnonzero([utc_text(time) == f"{close} UTC" for time in bars.close_time])
    assert bars.regular is not None
    return (
        bool(bars.regular[row]),
        day_text(int(bars.session[row])),
        utc_text(bars.session_close[row])[:16],
    )


def extended(*days: str) -> list[str]:
    return [time for day in days for time in clocks(day, "04:00", "20:00")]


@pytest.mark.parametrize(
    ("days", "close", "expected"),
    [
        pytest.param(
            ["2024-01-02"], "2024-01-02 09:30", (False, "2024-01-02", "2024-01-02 21:00"),
            id="the first before the open",
        ),
        pytest.param(
            ["2024-01-02"], "2024-01-02 14:30", (False, "2024-01-02", "2024-01-02 21:00"),
            id="the last before the open",
        ),
        pytest.param(
            ["2024-01-02"], "2024-01-02 15:00", (True, "2024-01-02", "2024-01-02 21:00"),
            id="the first of the session",
        ),
        pytest.param(
            ["2024-01-02"], "2024-01-02 21:00", (True, "2024-01-02", "2024-01-02 21:00"),
            id="the last of the session",
        ),
        pytest.param(
            ["2024-01-02"], "2024-01-02 21:30", (False, "2024-01-02", "2024-01-02 21:00"),
            id="the first after the close",
        ),
        pytest.param(
            ["2024-01-02", "2024-01-03"], "2024-01-03 01:00",
            (False, "2024-01-02", "2024-01-02 21:00"), id="after midnight UTC, the same evening",
        ),
        pytest.param(
            ["2023-11-24"], "2023-11-24 18:00", (True, "2023-11-24", "2023-11-24 18:00"),
            id="the last before an early close",
        ),
        pytest.param(
            ["2023-11-24", "2023-11-27"], "2023-11-24 18:30",
            (False, "2023-11-24", "2023-11-24 18:00"), id="the first after an early close",
        ),
        pytest.param(
            ["2024-03-08", "2024-03-11"], "2024-03-08 15:00",
            (True, "2024-03-08", "2024-03-08 21:00"), id="the Friday before summer time",
        ),
        pytest.param(
            ["2024-03-08", "2024-03-11"], "2024-03-11 13:30",
            (False, "2024-03-11", "2024-03-11 20:00"), id="the Monday after: before the open",
        ),
        pytest.param(
            ["2024-03-08", "2024-03-11"], "2024-03-11 14:00",
            (True, "2024-03-11", "2024-03-11 20:00"), id="the Monday after: an hour earlier, UTC",
        ),
    ],
)  # fmt: skip
def test_a_bar_of_the_new_york_stock_exchange(
    days: list[str], close: str, expected: tuple[bool, str, str], tmp_path: Path
) -> None:
    assert at(load(tmp_path, extended(*days)).bars[0], close) == expected


@pytest.mark.parametrize("stamp", ["open", "close"])
def test_both_stamps_mark_the_same_bars(stamp: str, tmp_path: Path) -> None:
    times = extended("2024-01-02", "2024-01-03")
    if stamp == "close":
        times = [str(pd.Timestamp(time) + pd.Timedelta("30min")) for time in times]
    bars = load(tmp_path, times, replace(NEW_YORK, stamp=stamp)).bars[0]  # type: ignore[arg-type]
    assert bars.regular is not None
    assert (len(bars), int(bars.regular.sum())) == (64, 26)
    assert np.diff(bars.session).min() >= 0


def test_the_regular_ones_of_all_are_those_of_regular(tmp_path: Path) -> None:
    times = extended("2023-11-22", "2023-11-24", "2023-11-27")
    every, some = (
        load(tmp_path, times, replace(NEW_YORK, hours=hours))  # type: ignore[arg-type]
        for hours in ("all", "regular")
    )
    kept, plain = every.bars[0], some.bars[0]
    assert kept.regular is not None
    assert plain.regular is None
    for name in ("close_time", "session", "session_close", "open", "high", "low", "volume"):
        assert np.array_equal(getattr(kept, name)[kept.regular], getattr(plain, name)), name
    assert len(kept) == 96
    assert every.warnings == ()
    assert "--hours all" in some.warnings[0]
    assert (every.answers.hours, some.answers.hours) == ("all", "regular")
    assert "hours" not in every.guessed + some.guessed


def test_the_hash_knows_which_are_regular(tmp_path: Path) -> None:
    bars = load(tmp_path, extended("2024-01-02")).bars[0]
    assert bars.regular is not None
    other = replace(bars, regular=~bars.regular)
    assert len({fingerprint([one]) for one in (bars, other, replace(bars, regular=None))}) == 3


@pytest.mark.parametrize(
    ("asked", "times"),
    [
        pytest.param(
            NEW_YORK, clocks("2024-01-02", "09:30", "16:00"), id="a file of regular hours alone"
        ),
        pytest.param(
            FileAnswers("open", "UTC", "24/7", "split", "all"),
            clocks("2024-01-06", "00:00", "24:00"), id="24/7, a Saturday",
        ),
        pytest.param(
            FileAnswers("open", "UTC", "24/5", "split", "all"),
            clocks("2024-01-05", "00:00", "24:00"), id="24/5",
        ),
        pytest.param(
            CHICAGO, clocks("2024-01-07", "17:00", "40:00"), id="futures from the evening before",
        ),
        pytest.param(
            FileAnswers(calendar="XNYS", prices="split", hours="all"), ["2024-01-02", "2024-01-03"],
            id="daily",
        ),
    ],
)  # fmt: skip
def test_where_everything_is_regular_nothing_is_marked(
    asked: FileAnswers, times: list[str], tmp_path: Path
) -> None:
    loaded = load(tmp_path, times, asked)
    assert loaded.bars[0].regular is None
    assert len(loaded.bars[0]) == len(times)
    assert loaded.warnings == ()


def test_a_future_after_an_early_close_until_the_next_session_opens(tmp_path: Path) -> None:
    times = clocks("2023-11-22", "17:00", "60:00")
    bars = load(tmp_path, times, CHICAGO).bars[0]
    thanksgiving = (True, "2023-11-23", "2023-11-23 18:00")
    assert at(bars, "2023-11-22 23:30") == thanksgiving  # the evening before is its session's
    assert at(bars, "2023-11-23 18:00") == thanksgiving
    assert at(bars, "2023-11-23 18:30") == (False, *thanksgiving[1:])
    assert at(bars, "2023-11-23 23:00") == (False, *thanksgiving[1:])
    assert at(bars, "2023-11-23 23:30") == (True, "2023-11-24", "2023-11-24 18:00")


def test_bars_of_days_without_a_session_are_left_out_and_counted(tmp_path: Path) -> None:
    friday, monday = extended("2024-01-05"), extended("2024-01-08")
    loaded = load(tmp_path, friday + clocks("2024-01-07", "20:00", "21:30") + monday)
    assert len(loaded.bars[0]) == 64
    assert loaded.warnings == (
        "ABC.csv: 3 of 67 bars end on days without a session of XNYS and are left out, the first "
        "in line 34 (2024-01-08 01:30 UTC).",
    )


def test_a_bar_across_the_open_does_not_count_as_regular(tmp_path: Path) -> None:
    times = clocks("2024-01-02", "04:00", "20:00", 60) + clocks("2024-01-03", "04:00", "20:00", 60)
    loaded = load(tmp_path, times)
    bars = loaded.bars[0]
    assert at(bars, "2024-01-02 15:00")[0] is False
    assert at(bars, "2024-01-02 16:00")[0] is True
    assert at(bars, "2024-01-02 21:00")[0] is True
    assert loaded.warnings[0].startswith(
        "ABC.csv: 2 bars begin before the open of XNYS and end after it, the first in line 7"
    )


def test_a_bar_across_the_close_is_known_at_its_own_end(tmp_path: Path) -> None:
    hours = ["09:30", "10:30", "11:30", "12:30", "13:30", "14:30", "15:30", "16:30", "17:30"]
    bars = load(tmp_path, [f"2024-01-0{day} {clock}" for day in (2, 3) for clock in hours]).bars[0]
    assert at(bars, "2024-01-02 21:30")[0] is False
    assert at(bars, "2024-01-02 20:30")[0] is True


def test_a_short_last_bar_of_the_session_still_ends_at_the_close(tmp_path: Path) -> None:
    hours = ["09:30", "10:30", "11:30", "12:30", "13:30", "14:30", "15:30", "16:00", "17:00"]
    bars = load(tmp_path, [f"2024-01-0{day} {clock}" for day in (2, 3) for clock in hours]).bars[0]
    assert at(bars, "2024-01-02 21:00")[0] is True
    assert at(bars, "2024-01-02 22:00")[0] is False


@pytest.mark.parametrize(
    ("asked", "times", "message"),
    [
        pytest.param(
            replace(NEW_YORK, tz="Europe/Berlin"), extended("2024-01-02", "2024-01-03"),
            r"close outside the sessions of XNYS.*--tz, --calendar and --stamp", id="a wrong zone",
        ),
        pytest.param(
            NEW_YORK, clocks("2024-01-02", "04:00", "09:00"), "close outside the sessions",
            id="nothing in the session",
        ),
        pytest.param(
            NEW_YORK,
            clocks("2024-01-02", "00:00", "48:00", 480),
            "no bar of 8h lies in the regular hours of XNYS alone.*leave --hours out",
            id="bars too long",
        ),
    ],
)  # fmt: skip
def test_refused(asked: FileAnswers, times: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        load(tmp_path, times, asked)


# resampling -----------------------------------------------------------------------------------


def fold(bars: Bars, frame: str) -> list[tuple[str, bool | None, float]]:
    """Close (UTC), whether regular, and volume of each longer bar."""
    longer = resample(bars, frame)
    marks = [None] * len(longer) if longer.regular is None else longer.regular.tolist()
    times = [utc_text(time)[5:16] for time in longer.close_time]
    return list(zip(times, marks, longer.volume.tolist(), strict=True))


def of(bars: Bars) -> Bars:
    """The bars with a volume of 1 each."""
    return replace(bars, volume=np.ones(len(bars)))


def test_longer_bars_never_mix(tmp_path: Path) -> None:
    bars = of(load(tmp_path, extended("2024-01-02")).bars[0])
    assert fold(bars, "4h") == [
        ("01-02 10:30", False, 3.0),  # 01:30 to 05:30 in New York, from 04:00 on
        ("01-02 14:30", False, 8.0),
        ("01-02 18:30", True, 8.0),
        ("01-02 21:00", True, 5.0),  # short: ends with the session
        ("01-03 01:00", False, 8.0),
    ]


def test_an_early_close_moves_what_comes_after_it(tmp_path: Path) -> None:
    bars = of(load(tmp_path, extended("2023-11-24", "2023-11-27")).bars[0])
    assert fold(bars, "6h")[:5] == [
        ("11-24 14:30", False, 11.0),
        ("11-24 18:00", True, 7.0),
        ("11-25 00:00", False, 12.0),
        ("11-25 05:00", False, 2.0),  # ends with the day
        ("11-27 14:30", False, 11.0),
    ]


@pytest.mark.parametrize("frame", ["1d", "1w"])
def test_days_and_weeks_are_made_of_regular_bars(frame: str, tmp_path: Path) -> None:
    days = ("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05")
    bars = load(tmp_path, extended(*days)).bars[0]
    assert bars.regular is not None
    plain = replace(bars.where(bars.regular), regular=None)
    found, expected = resample(bars, frame), resample(plain, frame)
    assert fingerprint([found]) == fingerprint([expected])
    assert len(found) == (4 if frame == "1d" else 1)


def test_a_day_of_which_only_the_time_before_the_open_is_known_is_none(tmp_path: Path) -> None:
    bars = load(tmp_path, extended("2024-01-02")).bars[0].take(0, 5)
    assert [len(resample(bars, frame)) for frame in ("1d", "1w", "1h")] == [0, 0, 3]


def test_a_source_bar_across_the_open_stays_by_itself(tmp_path: Path) -> None:
    bars = of(load(tmp_path, clocks("2024-01-02", "04:00", "20:00", 60)).bars[0])
    assert fold(bars, "2h")[:5] == [
        ("01-02 10:30", False, 1.0),
        ("01-02 12:30", False, 2.0),
        ("01-02 14:30", False, 2.0),
        ("01-02 15:00", False, 1.0),
        ("01-02 16:30", True, 1.0),
    ]


@pytest.mark.parametrize("frame", ["1h", "4h", "1d"])
def test_no_longer_bar_knows_its_future(frame: str, tmp_path: Path) -> None:
    bars = load(tmp_path, extended("2023-11-22", "2023-11-24", "2023-11-27")).bars[0]
    whole = resample(bars, frame)
    for stop in range(1, len(bars)):
        part = resample(bars.take(0, stop), frame)
        known = int((whole.close_time <= bars.close_time[stop - 1]).sum())
        assert len(part) == known
        assert np.array_equal(part.close, whole.close[:known])


def test_the_finer_bars_of_a_day_are_the_regular_ones(tmp_path: Path) -> None:
    days = ("2024-01-02", "2024-01-03")
    bars = load(tmp_path, extended(*days)).bars[0]
    daily, hourly = (load_market(tmp_path / "ABC.csv", NEW_YORK, bar=bar) for bar in ("1d", "1h"))
    assert daily.bars[0].regular is daily.finer["ABC"].regular is None
    assert len(daily.finer["ABC"]) == 26
    assert hourly.bars[0].regular is not None
    assert len(hourly.finer["ABC"]) == len(bars) == 64
    assert daily.answers.hours == "all"


def test_without_bars_after_the_close_none_runs_over_it(tmp_path: Path) -> None:
    hours = ["08:30", "09:30", "10:30", "11:30", "12:30", "13:30", "14:30", "15:30"]
    bars = load(tmp_path, [f"2024-01-0{day} {clock}" for day in (2, 3) for clock in hours]).bars[0]
    assert at(bars, "2024-01-02 21:00")[0] is True
    assert at(bars, "2024-01-02 14:30")[0] is False


def test_when_only_bars_of_days_without_a_session_go_nothing_is_marked(tmp_path: Path) -> None:
    friday, saturday = (clocks(day, "00:00", "24:00") for day in ("2024-01-05", "2024-01-06"))
    asked = FileAnswers("open", "UTC", "24/5", "split", "all")
    loaded = load(tmp_path, friday + saturday[:1], asked)
    assert loaded.bars[0].regular is None
    assert len(loaded.bars[0]) == 48
    assert "1 of 49 bars end on days without a session of 24/5" in loaded.warnings[0]


def test_a_part_of_the_bars_keeps_its_marks(tmp_path: Path) -> None:
    bars = load(tmp_path, extended("2024-01-02", "2024-01-03")).bars[0]
    assert bars.regular is not None
    part = bars.take(10, 40)
    assert part.regular is not None
    assert part.regular.tolist() == bars.regular[10:40].tolist()
    assert not part.regular.flags.writeable
