"""Requests for the past: within the broker's limits, without a hole, and none in closed hours."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.brokers.ib.frames import Frame, frame_of
from framework.brokers.ib.pages import Page, pages_back
from framework.calendar import DAY, TradingCalendar, day_of
from framework.emulator.market.durations import allow, read_bar_size, read_duration

SECOND, HOUR = 10**9, 3600 * 10**9
SHORT = ("5s", "10s", "15s", "30s")
LONG = ("1m", "2m", "3m", "5m", "10m", "15m", "20m", "30m", "1h", "2h", "4h", "8h", "1d")
MONDAY = day_of("2024-01-08")
OPEN, CLOSE = MONDAY * DAY + 14 * HOUR + HOUR // 2, MONDAY * DAY + 21 * HOUR
"""Of New York on that day."""


# what is written on the wire -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("bar", "longest", "kept"),
    [
        ("5s", "3600 S", "3600 S"),
        ("10s", "14400 S", "14400 S"),
        ("15s", "14400 S", "14400 S"),
        ("30s", "28800 S", "28800 S"),
        ("1m", "7 D", "2 D"),
        ("3m", "7 D", "2 D"),
        ("5m", "28 D", "2 D"),
        ("20m", "28 D", "2 D"),
        ("30m", "180 D", "2 D"),
        ("4h", "180 D", "2 D"),
        ("1d", "10 Y", "10 D"),
    ],
)
def test_the_longest_duration_of_each_length_is_one_the_broker_takes(
    bar: str, longest: str, kept: str
) -> None:
    frame = frame_of(bar)
    assert frame.duration(frame.reach) == longest
    assert frame.duration(frame.recent) == kept
    for text in (longest, kept):
        allow(read_duration(text), read_bar_size(frame.size))


@pytest.mark.parametrize(
    ("bar", "span", "text"),
    [
        ("5s", 5 * SECOND, "5 S"),
        ("30s", 90 * SECOND, "90 S"),
        ("5s", 5 * SECOND + 1, "6 S"),
        ("1m", DAY, "1 D"),
        ("1m", 2 * DAY + 1, "3 D"),
        ("1d", 365 * DAY, "365 D"),
        ("1d", 366 * DAY, "2 Y"),
        ("1d", 731 * DAY, "3 Y"),
    ],
)
def test_durations_are_as_long_as_asked_for(bar: str, span: int, text: str) -> None:
    assert frame_of(bar).duration(span) == text


# in days, as ever ----------------------------------------------------------------------------


def in_days(chunk: int, since: int, until: int, first: int) -> list[tuple[int, int]]:
    """The requests for days: as many as are wanted and one, `chunk` at most, from the oldest bar
    that came on; `first` is the first bar of a market that never closes."""
    found, cursor = [], until
    while cursor > since:
        days = min(chunk, max(1, ceil((cursor - since) / DAY) + 1))
        found.append((cursor, days))
        oldest = max(first, cursor - days * DAY)
        if oldest >= cursor or oldest <= since or days < chunk:
            break
        cursor = min(oldest, cursor - DAY)
    return found


@given(
    st.sampled_from(LONG),
    st.integers(0, 4000 * DAY),
    st.integers(0, 4000 * DAY),
    st.integers(0, 4000 * DAY),
)
def test_bars_of_a_minute_and_longer_are_asked_for_in_days(
    bar: str, since: int, span: int, first: int
) -> None:
    frame, until = frame_of(bar), since + span
    chunk = {"1m": 7, "2m": 7, "3m": 7, "30m": 180, "1d": 3650}.get(bar, 28)
    chunk = 180 if bar.endswith("h") else chunk
    pages, found = pages_back(frame, "XNYS", True, since, until), []
    while (page := pages.ask()) is not None:
        found.append((page.end, page.span // DAY))
        oldest = max(first, page.end - page.span)
        pages.told(oldest if oldest < page.end else None)
    assert found == in_days(chunk, since, until, first)


# in seconds ----------------------------------------------------------------------------------


def asked(
    frame: Frame, bars: np.ndarray, since: int, until: int, *, by_clock: bool,
    calendar: str = "XNYS", rth: bool = True,
) -> tuple[list[Page], set[int]]:  # fmt: skip
    """The requests made of a broker that has bars with these closes, and what came.

    Args:
        by_clock: whether the broker counts seconds by the clock; else where there are bars alone.
    """
    pages, asked, came = pages_back(frame, calendar, rth, since, until), [], set[int]()
    while (page := pages.ask()) is not None:
        assert len(asked) < 5000
        asked.append(page)
        before = bars[bars <= page.end]
        if by_clock:
            answer = before[before - frame.length >= page.end - page.span]
        else:
            answer = before[-(page.span // frame.length) :]
        came |= set(answer.tolist())
        pages.told(int(answer[0]) if len(answer) else None)
    return asked, came


def closes(
    frame: Frame, calendar: str, first: int, last: int, before: int = 0, after: int = 0
) -> np.ndarray:
    """Of the bars of sessions, with so many nanoseconds of trading around each."""
    known = TradingCalendar(calendar)
    days = known.sessions_between(first, last)
    found = [
        np.arange(opened - before + frame.length, closed + after + 1, frame.length)
        for opened, closed in zip(
            known.session_open_of(days), known.session_close_of(days), strict=True
        )
    ]
    return np.unique(np.concatenate([np.empty(0, np.int64), *found]))


spans = st.tuples(
    st.integers((MONDAY - 4) * DAY, (MONDAY + 9) * DAY), st.integers(0, 4 * DAY)
)  # a weekend, a holiday on the 15th


@given(
    st.sampled_from(SHORT), spans, st.sampled_from(["XNYS", "CMES", "XTKS", "24/5", "24/7"]),
    st.booleans(), st.booleans(), st.floats(0.0, 1.0), st.integers(0, 99),
)  # fmt: skip
def test_short_bars_are_asked_for_within_the_limit_and_without_a_hole(
    bar: str, span: tuple[int, int], calendar: str, by_clock: bool, rth: bool, holes: float,
    seed: int,
) -> None:  # fmt: skip
    frame, since, until = frame_of(bar), span[0], sum(span)
    around = 0 if rth or calendar != "XNYS" else 4 * HOUR  # more would be another day's
    bars = closes(frame, calendar, MONDAY - 7, MONDAY + 14, around, around)
    kept = np.random.default_rng(seed).random(len(bars) // 50 + 1) >= holes
    bars = bars[np.repeat(kept, 50)[: len(bars)]]  # what hardly trades has hours without a bar
    pages, came = asked(frame, bars, since, until, by_clock=by_clock, calendar=calendar, rth=rth)
    assert set(bars[(bars > since) & (bars <= until)].tolist()) <= came
    for page in pages:
        assert 0 < page.span <= frame.reach
        allow(read_duration(frame.duration(page.span)), read_bar_size(frame.size))
        assert since < page.end <= until
    assert all(later.end > earlier.end for later, earlier in pairwise(pages))
    if rth:
        ends = np.array([page.end for page in pages], np.int64)
        assert TradingCalendar(calendar).in_session(ends).all()


@pytest.mark.parametrize(("bar", "a_day"), [("5s", 7), ("10s", 2), ("15s", 2), ("30s", 1)])
@pytest.mark.parametrize("by_clock", [True, False])
def test_no_hour_of_a_night_or_a_weekend_is_asked_for(bar: str, a_day: int, by_clock: bool) -> None:
    frame = frame_of(bar)
    bars = closes(frame, "XNYS", MONDAY - 10, MONDAY + 10)
    since, until = (MONDAY - 4) * DAY, (MONDAY + 1) * DAY  # Thursday, Friday, Monday
    pages, _ = asked(frame, bars, since, until, by_clock=by_clock)
    assert len(pages) == 3 * a_day if by_clock else len(pages) <= 3 * a_day
    night = asked(frame, bars, CLOSE, OPEN + DAY, by_clock=by_clock)[0]
    assert night == []


def test_the_first_hours_of_a_day_are_asked_for_one_by_one() -> None:
    frame = frame_of("5s")
    bars = closes(frame, "XNYS", MONDAY - 10, MONDAY + 10)
    now = OPEN + 2 * HOUR + 13 * SECOND + 5
    pages, came = asked(frame, bars, OPEN, now, by_clock=True)
    grid = OPEN + 2 * HOUR + 10 * SECOND
    assert pages == [
        Page(grid, HOUR),
        Page(grid - HOUR, HOUR),
        Page(OPEN + 10 * SECOND, 10 * SECOND),
    ]
    assert min(came) == OPEN + frame.length
    assert max(came) == grid


def test_all_hours_leave_out_whole_days_without_a_session() -> None:
    frame = frame_of("5s")
    bars = closes(frame, "XNYS", MONDAY - 10, MONDAY + 10, 5 * HOUR, 4 * HOUR)
    saturday, sunday = (MONDAY - 2) * DAY, (MONDAY - 1) * DAY
    pages, came = asked(frame, bars, saturday, OPEN, by_clock=True, rth=False)
    assert OPEN - 5 * HOUR + frame.length in came
    assert saturday + HOUR in came, "Friday's evening in New York"
    assert not [page for page in pages if saturday + 5 * HOUR < page.end < sunday + 14 * HOUR]


def test_long_answers_are_not_asked_for_again() -> None:
    """Where seconds count while there is trade alone, an answer may reach back for days."""
    frame, rng = frame_of("30s"), Random(3)
    bars = closes(frame, "XNYS", MONDAY - 10, MONDAY + 10)
    rare = np.array(sorted(rng.sample(bars.tolist(), 400)))
    since, until = int(rare[0]) - frame.length, (MONDAY + 11) * DAY
    pages, came = asked(frame, rare, since, until, by_clock=False)
    assert len(pages) == 1
    assert came == set(rare.tolist())


def test_what_was_answered_without_a_bar_is_not_asked_for_again() -> None:
    frame = frame_of("5s")
    rare = np.array([OPEN + HOUR // 2, OPEN + 3 * HOUR // 2])
    pages, came = asked(frame, rare, OPEN, OPEN + 2 * HOUR, by_clock=True)
    assert [page.end for page in pages] == [OPEN + 2 * HOUR, OPEN + HOUR]
    assert came == set(rare.tolist())
