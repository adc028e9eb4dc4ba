"""Closed bars: when they are final, what is missing, and what never was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest

from framework.brokers.ib.bars import BarSeen, closed_at, seen_bars, what_to_show
from framework.brokers.ib.following import Following
from framework.brokers.ib.frames import frame_of, native_frame, scheduled_closes
from framework.brokers.ib.times import SECOND, nanoseconds
from framework.calendar import TradingCalendar
from framework.domain.bars import PriceBasis
from framework.domain.instruments import AssetType, Instrument
from framework.errors import ConfigError, DataError

MINUTE = 60 * SECOND
STOCK = Instrument("AAPL")


def at(*parts: int) -> int:
    return nanoseconds(datetime(*parts, tzinfo=UTC))  # type: ignore[misc]


def bar(close: int, price: float = 100.0) -> BarSeen:
    return BarSeen("AAPL", close, 0, 0, price, price, price, price, 1.0)


@dataclass
class Told:
    """A bar as the library has it."""

    date: date | datetime
    open: float = 1.0
    high: float = 2.0
    low: float = 0.5
    close: float = 1.5
    volume: float = 10.0
    average: float = 1.0
    barCount: int = 1  # noqa: N815 - the library's


@pytest.mark.parametrize(
    ("name", "calendar", "found"),
    [
        ("5m", "XNYS", "5m"),
        ("1h", "XNYS", "30m"),
        ("4h", "XNYS", "30m"),
        ("1h", "24/7", "1h"),
        ("90m", "24/7", "30m"),
        ("1d", "XNYS", "1d"),
    ],
)
def test_longest_length_that_folds(name: str, calendar: str, found: str) -> None:
    assert native_frame(name, calendar).name == found


def test_a_length_the_broker_has_not_got_is_named() -> None:
    with pytest.raises(ConfigError, match="7m"):
        frame_of("7m")


def test_scheduled_closes_end_with_the_session_early_ones_too() -> None:
    closes = scheduled_closes(
        frame_of("1h"), "XNYS", at(2024, 7, 3, 12), at(2024, 7, 4, 0)
    )  # closes at 13:00 in New York
    assert closes.tolist() == [
        at(2024, 7, 3, 14, 30),
        at(2024, 7, 3, 15, 30),
        at(2024, 7, 3, 16, 30),
        at(2024, 7, 3, 17, 0),
    ]
    daily = scheduled_closes(frame_of("1d"), "XNYS", at(2024, 7, 2, 20), at(2024, 7, 5, 20))
    assert daily.tolist() == [at(2024, 7, 3, 17), at(2024, 7, 5, 20)]


def test_scheduled_closes_begin_after_the_instant() -> None:
    five = frame_of("5m")
    first = at(2024, 1, 2, 14, 35)
    assert scheduled_closes(five, "XNYS", first - 1, first).tolist() == [first]
    assert scheduled_closes(five, "XNYS", first, first + 5 * MINUTE).tolist() == [
        first + 5 * MINUTE
    ]


def test_a_bar_carries_its_close() -> None:
    calendar = TradingCalendar("XNYS")
    start = datetime(2024, 7, 3, 16, 30, tzinfo=UTC)
    close, _ = closed_at(Told(start), frame_of("1h"), calendar, "UTC")
    assert close == at(2024, 7, 3, 17), "the session is over by then"
    close, _ = closed_at(Told(date(2024, 7, 3)), frame_of("1d"), calendar, "UTC")
    assert close == at(2024, 7, 3, 17)
    local = datetime(2024, 1, 2, 9, 30)  # noqa: DTZ001 - of a server that names no zone
    close, _ = closed_at(Told(local), frame_of("5m"), calendar, "US/Eastern")
    assert close == at(2024, 1, 2, 14, 35)


def test_bars_without_prices_are_left_out() -> None:
    start = datetime(2024, 1, 2, 14, 30, tzinfo=UTC)
    bars = [Told(start), Told(start.replace(minute=35), open=-1.0), Told(start.replace(minute=40))]
    found = seen_bars(STOCK, frame_of("5m"), bars, "UTC")
    assert [one.close_time for one in found] == [at(2024, 1, 2, 14, 35), at(2024, 1, 2, 14, 45)]


def test_what_to_show() -> None:
    assert what_to_show(STOCK, PriceBasis.SPLIT) == "TRADES"
    assert what_to_show(STOCK, PriceBasis.TOTAL) == "ADJUSTED_LAST"
    assert what_to_show(Instrument("EUR.USD", AssetType.FOREX), PriceBasis.SPLIT) == "MIDPOINT"
    with pytest.raises(DataError, match="adjusted for splits"):
        what_to_show(STOCK, PriceBasis.RAW)


OPEN = at(2024, 1, 2, 14, 30)
FIVE = 5 * MINUTE
GRACE = 3 * SECOND


def following() -> Following:
    return Following(STOCK, frame_of("5m"), OPEN, GRACE)


def test_a_bar_is_final_at_its_scheduled_close_and_a_grace_and_told_once() -> None:
    line = following()
    line.take([bar(OPEN + FIVE)])
    line.confirm(OPEN + FIVE)
    assert line.due(OPEN + FIVE + GRACE - 1) == []
    assert [one.close_time for one in line.due(OPEN + FIVE + GRACE)] == [OPEN + FIVE]
    line.take([bar(OPEN + FIVE, 101.0)])
    assert line.due(OPEN + FIVE + 2 * GRACE) == []


def test_the_last_word_on_a_bar_counts() -> None:
    line = following()
    line.take([bar(OPEN + FIVE, 100.0)])
    line.take([bar(OPEN + FIVE, 101.0)])
    line.confirm(OPEN + FIVE)
    assert [one.close for one in line.due(OPEN + FIVE + GRACE)] == [101.0]


def test_a_bar_nothing_was_heard_of_since_its_close_may_be_incomplete() -> None:
    line = following()
    line.take([bar(OPEN + FIVE)])
    line.confirm(OPEN + FIVE - 1)
    assert line.due(OPEN + FIVE + GRACE) == []
    assert line.missing(OPEN + FIVE + GRACE) == [OPEN + FIVE]
    line.take([bar(OPEN + FIVE, 105.0)])
    line.answered(OPEN + FIVE)
    assert [one.close for one in line.due(OPEN + FIVE + GRACE)] == [105.0]


def test_nothing_is_told_behind_a_gap_until_it_is_filled_or_proven() -> None:
    line = following()
    now = OPEN + 3 * FIVE + GRACE
    line.take([bar(OPEN + FIVE), bar(OPEN + 3 * FIVE)])
    line.confirm(now)
    assert [one.close_time for one in line.due(now)] == [OPEN + FIVE]
    assert line.missing(now) == [OPEN + 2 * FIVE]
    line.answered(OPEN + 2 * FIVE)
    assert line.absent == [OPEN + 2 * FIVE]
    assert [one.close_time for one in line.due(now)] == [OPEN + 3 * FIVE]


def test_a_backfilled_bar_is_told_in_its_place() -> None:
    line = following()
    now = OPEN + 3 * FIVE + GRACE
    line.take([bar(OPEN + 3 * FIVE), bar(OPEN + 2 * FIVE), bar(OPEN + FIVE)])
    line.answered(OPEN + 3 * FIVE)
    told = [one.close_time for one in line.due(now)]
    assert told == [OPEN + FIVE, OPEN + 2 * FIVE, OPEN + 3 * FIVE]
    assert line.absent == []


def test_an_absence_in_the_midst_of_known_bars() -> None:
    line = following()
    now = OPEN + 4 * FIVE + GRACE
    line.take([bar(OPEN + FIVE), bar(OPEN + 2 * FIVE), bar(OPEN + 4 * FIVE)])
    line.answered(OPEN + 4 * FIVE)
    told = [one.close_time for one in line.due(now)]
    assert told == [OPEN + FIVE, OPEN + 2 * FIVE, OPEN + 4 * FIVE]
    assert line.absent == [OPEN + 3 * FIVE]


def test_bars_outside_regular_hours_are_told_where_they_come() -> None:
    line = Following(STOCK, frame_of("5m"), OPEN - 3 * FIVE, GRACE)
    line.take([bar(OPEN - FIVE), bar(OPEN + FIVE)])
    line.confirm(OPEN + FIVE)
    told = [one.close_time for one in line.due(OPEN + FIVE + GRACE)]
    assert told == [OPEN - FIVE, OPEN + FIVE]


def test_where_regular_hours_were_asked_for_the_broker_says_which_they_are() -> None:
    """A market that trades when our calendar has it closed: its bars are regular all the same."""
    at_night = datetime(2024, 1, 9, 2, 0, tzinfo=UTC)
    bars = [Told(at_night)]
    (asked,) = seen_bars(STOCK, frame_of("5m"), bars, "UTC", rth=True)
    (whole,) = seen_bars(STOCK, frame_of("5m"), bars, "UTC", rth=False)
    assert (asked.regular, whole.regular) == (True, False)
    assert asked == replace(whole, regular=True)
