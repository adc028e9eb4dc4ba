"""Questions about the past, in TWS's durations, sizes, times and errors."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.calendar import DAY, day_of
from framework.emulator.market.buckets import HistoryBar
from framework.emulator.market.candles import candle, candles
from framework.emulator.market.durations import BAR_SIZES, allow, read_bar_size, read_duration
from framework.emulator.market.history import HistoryAnswer, HistoryRequest
from framework.emulator.market.market import Market
from framework.emulator.market.markets import bars_market, sample_market, synthetic_market
from framework.emulator.market.refusal import HistoryRefused
from framework.emulator.market.times import bar_date, read_instant, tws_time
from framework.feeds.sample import sample
from tests.builders import bars_of

SECOND = 10**9
MINUTE = 60 * SECOND
START = day_of("2026-03-10") * DAY + 15 * 60 * MINUTE
MARKET = synthetic_market(START + 20 * SECOND, streaming=())
NEW_YORK = sample("synthetic-5m").bars[0]


def asked(market: Market, key: str = "SPY", **fields: object) -> HistoryAnswer:
    plain = HistoryRequest(market.directory.by_key(key), "", "1 D", "1 hour")
    return market.history.bars(replace(plain, **fields))  # type: ignore[arg-type]


def refused(market: Market, key: str = "SPY", **fields: object) -> HistoryRefused:
    with pytest.raises(HistoryRefused) as caught:
        asked(market, key, **fields)
    return caught.value


def at(text: str, zone: str = "UTC") -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return int(moment.timestamp()) * SECOND


# words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60 S", 60),
        ("1 D", 86_400),
        ("2 W", 14 * 86_400),
        ("1 M", 28 * 86_400),
        ("1 Y", 365 * 86_400),
        ("86400 S", 86_400),
        ("365 D", 365 * 86_400),
        (" 10 d ", 10 * 86_400),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert read_duration(text).seconds == seconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "whole number"),
        ("0 D", "whole number"),
        ("-1 D", "whole number"),
        ("1.5 D", "whole number"),
        ("1 H", "whole number"),
        ("1", "whole number"),
        ("86401 S", "must be made in days"),
        ("366 D", "must be made in years"),
    ],
)
def test_bad_durations(text: str, message: str) -> None:
    with pytest.raises(HistoryRefused, match=message) as caught:
        read_duration(text)
    assert caught.value.code == 321


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1 secs", 1),
        ("1 sec", 1),
        ("30 secs", 30),
        ("1 min", 60),
        ("5 mins", 300),
        ("1 hour", 3600),
        ("8 hours", 28_800),
        ("1 day", 86_400),
        ("1 week", 604_800),
        ("1W", 604_800),
        ("1 month", 28 * 86_400),
        ("1M", 28 * 86_400),
    ],
)
def test_bar_sizes(text: str, seconds: int) -> None:
    assert read_bar_size(text).seconds == seconds


@pytest.mark.parametrize("text", ["", "7 mins", "1 hours 1", "2 days", "1 year", "tick"])
def test_bad_bar_sizes(text: str) -> None:
    with pytest.raises(HistoryRefused, match="Legal ones are: 1 secs, 5 secs") as caught:
        read_bar_size(text)
    assert caught.value.code == 321


@pytest.mark.parametrize(
    ("duration", "shortest", "longest"),
    [
        ("60 S", "1 secs", "1 min"),
        ("120 S", "1 secs", "2 mins"),
        ("1800 S", "1 secs", "30 mins"),
        ("3600 S", "5 secs", "1 hour"),
        ("14400 S", "10 secs", "4 hours"),
        ("28800 S", "30 secs", "8 hours"),
        ("1 D", "30 secs", "1 day"),
        ("2 D", "1 min", "1 day"),
        ("1 W", "1 min", "1 week"),
        ("1 M", "1 min", "1 month"),
        ("3 M", "1 min", "1 month"),
        ("1 Y", "5 mins", "1 month"),
        ("3 Y", "30 mins", "1 month"),
        ("20 Y", "1 day", "1 month"),
    ],
)
def test_what_goes_together(duration: str, shortest: str, longest: str) -> None:
    whole = read_duration(duration)
    texts = [size.text for size in BAR_SIZES]
    for size in BAR_SIZES:
        place = texts.index(size.text)
        if texts.index(shortest) <= place <= texts.index(longest):
            allow(whole, size)
            continue
        with pytest.raises(HistoryRefused) as caught:
            allow(whole, size)
        assert caught.value.code == 162
        words = "Time length exceed max" if place < texts.index(shortest) else "invalid step"
        assert words in caught.value.message


# times -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", START),
        ("20240102 15:30:00", at("2024-01-02 15:30", "US/Eastern")),
        ("20240102  15:30:00", at("2024-01-02 15:30", "US/Eastern")),
        ("20240102 15:30:00 US/Eastern", at("2024-01-02 15:30", "US/Eastern")),
        ("20240702 15:30:00 US/Eastern", at("2024-07-02 19:30")),
        ("20240102 15:30:00 UTC", at("2024-01-02 15:30")),
        ("20240102 15:30:00 Europe/Berlin", at("2024-01-02 14:30")),
        ("20240102-15:30:00", at("2024-01-02 15:30")),
        ("20240102 15:30", at("2024-01-02 15:30", "US/Eastern")),
        ("20240102", at("2024-01-02 00:00", "US/Eastern")),
        ("10:15:00 UTC", at("2026-03-10 10:15")),
        # The night the clocks go forward, and the two half past ones of the night they go back.
        ("20240310 01:59:59 US/Eastern", at("2024-03-10 06:59:59")),
        ("20240310 03:00:00 US/Eastern", at("2024-03-10 07:00")),
        ("20241103 01:30:00 US/Eastern", at("2024-11-03 05:30")),
        ("20241103 03:00:00 US/Eastern", at("2024-11-03 08:00")),
    ],
)
def test_ends(text: str, expected: int) -> None:
    assert read_instant(text, "US/Eastern", START) == expected


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2024-01-02 15:30:00",
        "20241302 15:30:00",
        "20240102 25:00:00",
        "20240102 15:30:00 Mars/Olympus",
        "20240102 15:30:00 ../etc",
        "202401 15:30:00",
    ],
)
def test_bad_ends(text: str) -> None:
    with pytest.raises(HistoryRefused, match="correct format is yyyymmdd") as caught:
        read_instant(text, "UTC", START)
    assert caught.value.code == 10314


@pytest.mark.parametrize(
    ("time", "daily", "format_date", "version", "expected"),
    [
        ("2024-01-02 15:30", False, 1, 157, "20240102  10:30:00"),
        ("2024-01-02 15:30", False, 1, 173, "20240102  10:30:00"),
        ("2024-01-02 15:30", False, 1, 174, "20240102 10:30:00 US/Eastern"),
        ("2024-01-02 15:30", False, 1, 178, "20240102 10:30:00 US/Eastern"),
        ("2024-01-02 15:30", False, 2, 178, str(at("2024-01-02 15:30") // SECOND)),
        ("2024-01-02", True, 1, 157, "20240102"),
        ("2024-01-02", True, 2, 178, "20240102"),
        ("2024-03-10 06:59:59", False, 1, 176, "20240310 01:59:59 US/Eastern"),
        ("2024-03-10 07:00", False, 1, 176, "20240310 03:00:00 US/Eastern"),
        ("2024-11-03 05:30", False, 1, 176, "20241103 01:30:00 US/Eastern"),
        ("2024-11-03 06:30", False, 1, 176, "20241103 01:30:00 US/Eastern"),
    ],
)
def test_dates_of_bars(
    time: str, daily: bool, format_date: int, version: int, expected: str
) -> None:
    found = bar_date(
        at(time), daily=daily, format_date=format_date, version=version, zone="US/Eastern"
    )
    assert found == expected


@given(st.integers(at("2015-01-01"), at("2035-01-01")), st.sampled_from(["UTC", "US/Eastern"]))
def test_written_times_read_back(time: int, zone: str) -> None:
    second = time // SECOND * SECOND
    read = read_instant(tws_time(second, 176, zone), "UTC", 0)
    assert read == second or (zone != "UTC" and second - read == 3600 * SECOND)
    assert (
        read_instant(f"{datetime.fromtimestamp(second // SECOND, UTC):%Y%m%d-%H:%M:%S}", zone, 0)
        == second
    )


@pytest.mark.parametrize(
    ("size", "format_date", "version", "first"),
    [
        ("1 hour", 1, 176, "20260309 15:00:00 UTC"),
        ("1 hour", 1, 157, "20260309  15:00:00"),
        ("1 hour", 2, 178, str(at("2026-03-09 15:00") // SECOND)),
        ("1 day", 2, 178, "20260310"),
    ],
)
def test_candles(size: str, format_date: int, version: int, first: str) -> None:
    answer = asked(MARKET, bar_size=size)
    found = candles(answer, format_date, version, "UTC")
    assert found[0].date == first
    assert (found[-1].close, found[-1].count) == (answer.bars[-1].close, answer.bars[-1].trades)
    assert candle(answer.bars[0], answer.daily, format_date, version, "UTC") == found[0]


# bars of the market that never closes -------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration", "size", "count"),
    [
        ("1 D", "1 min", 1441),
        ("1 D", "5 mins", 289),
        ("1 D", "1 hour", 25),
        ("1 W", "30 mins", 6 * 48 + 31),
        ("5 D", "1 day", 5),
        ("1 W", "1 day", 7),
        ("5 Y", "1 day", 1826),
        ("1 M", "1 week", 5),
        ("1 Y", "1 month", 13),
        ("60 S", "5 secs", 12),
        ("120 S", "1 secs", 116),
    ],
)
def test_counts(duration: str, size: str, count: int) -> None:
    found = asked(MARKET, duration=duration, bar_size=size)
    assert abs(len(found.bars) - count) <= 1
    times = [bar.time for bar in found.bars]
    assert times == sorted(set(times))
    assert found.bars[-1].close == MARKET.close_of("SPY")
    assert found.daily is ("day" in size or "week" in size or "month" in size)


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 60 * 24 * 60),
    st.sampled_from(["5 mins", "15 mins", "1 hour", "4 hours"]),
    st.sampled_from(["SPY", "EUR.USD", "ESM6"]),
)
def test_longer_bars_are_what_shorter_ones_add_up_to(back: int, size: str, key: str) -> None:
    end = (START - back * MINUTE) // (240 * MINUTE) * 240 * MINUTE
    text = tws_time(end, 176, "UTC")
    what = "MIDPOINT" if key == "EUR.USD" else "TRADES"
    fine = asked(MARKET, key, end=text, bar_size="1 min", what=what).bars
    long = asked(MARKET, key, end=text, bar_size=size, what=what).bars
    length = read_bar_size(size).length
    for bar in long:
        mine = [one for one in fine if bar.time <= one.time < bar.time + length]
        assert bar.open == mine[0].open
        assert bar.high == max(one.high for one in mine)
        assert bar.low == min(one.low for one in mine)
        assert bar.close == mine[-1].close
        if what == "TRADES":
            assert bar.volume == sum(one.volume for one in mine)
            assert bar.low <= bar.wap <= bar.high
            assert bar.trades == sum(one.trades for one in mine)


def test_days_are_what_their_minutes_add_up_to() -> None:
    days = asked(MARKET, duration="3 D", bar_size="1 day").bars
    minutes = asked(MARKET, duration="1 W", bar_size="1 min").bars
    for day in days:
        mine = [one for one in minutes if day.time <= one.time < day.time + DAY]
        assert (day.open, day.close) == (mine[0].open, mine[-1].close)
        assert (day.high, day.low) == (max(b.high for b in mine), min(b.low for b in mine))
        assert day.volume == sum(one.volume for one in mine)


def test_finer_bars_are_the_ticks_of_the_market() -> None:
    market = synthetic_market(START, streaming=["SPY"])
    segments = market.until(START + 2 * MINUTE)
    bars = asked(market, duration="120 S", bar_size="5 secs").bars
    assert [bar.time + 5 * SECOND for bar in bars] == [one.time for one in segments]
    for bar, one in zip(bars, segments, strict=True):
        assert bar[1:6] == one[4:9]
    gapless = asked(market, duration="120 S", bar_size="1 secs").bars
    assert len(gapless) >= 115
    assert [one.volume for one in gapless if one.volume] == [one.volume for one in bars]


def test_the_last_bar_is_that_of_now() -> None:
    market = synthetic_market(START, streaming=["SPY"])
    market.until(START + 2 * MINUTE + 30 * SECOND)
    bars = asked(market, bar_size="1 min").bars
    assert bars[-1].time == START + 2 * MINUTE
    assert bars[-1].close == market.close_of("SPY")
    later = synthetic_market(START + 3 * MINUTE, streaming=())
    whole = asked(later, bar_size="1 min").bars
    assert bars[-2] == whole[-2]
    assert bars[-1].open == whole[-1].open
    assert bars[-1].volume < whole[-1].volume
    past = asked(market, end=tws_time(START, 176, "UTC"), bar_size="1 min").bars
    assert past[-1].time == START - MINUTE


def test_the_future_is_not_told() -> None:
    assert asked(MARKET, end="20300101 00:00:00 UTC") == asked(MARKET)


@pytest.mark.parametrize(
    ("size", "what"),
    [("1 min", "TRADES"), ("5 mins", "BID"), ("30 secs", "MIDPOINT"), ("1 day", "TRADES")],
)
def test_bars_kept_up_to_date_become_what_history_tells(size: str, what: str) -> None:
    market = synthetic_market(START + 35 * SECOND, streaming=["SPY"])
    request = HistoryRequest(
        market.directory.by_key("SPY"),
        "",
        "3600 S" if size != "1 day" else "2 D",
        size,
        what,
        keep=True,
    )
    answer, rolling = market.history.follow(request)
    assert rolling.bar[:5] == answer.bars[-1][:5]
    shown = {bar.time: bar for bar in answer.bars}
    for place in range(40):
        for segment in market.until(START + MINUTE + 15 * place * SECOND):
            bar = rolling.fold(segment)
            assert bar is not None
            shown[bar.time] = bar
    after = {bar.time: bar for bar in market.history.bars(request).bars}
    for time in set(shown) & set(after):
        assert shown[time][1:6] == pytest.approx(after[time][1:6])
    assert max(shown) == max(after)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"end": "20260301 00:00:00 UTC"}, "requires an empty end date"),
        ({"what": "HISTORICAL_VOLATILITY"}, "not available for HISTORICAL_VOLATILITY"),
        ({"what": "BID_ASK"}, "not available for BID_ASK"),
    ],
)
def test_what_cannot_be_kept_up_to_date(fields: dict[str, object], message: str) -> None:
    request = HistoryRequest(MARKET.directory.by_key("SPY"), "", "1 D", "1 hour", keep=True)
    with pytest.raises(HistoryRefused, match=message) as caught:
        MARKET.history.follow(replace(request, **fields))  # type: ignore[arg-type]
    assert caught.value.code == 321


# what is shown -----------------------------------------------------------------------------------


def test_sides_of_the_quote() -> None:
    shown = {
        what: asked(MARKET, what=what).bars[-1]
        for what in ("TRADES", "BID", "ASK", "MIDPOINT", "BID_ASK")
    }
    trades = shown["TRADES"]
    for what, away in (("BID", -0.01), ("ASK", 0.01), ("MIDPOINT", 0.0)):
        for place in range(1, 5):
            assert shown[what][place] == pytest.approx(trades[place] + away)
        assert shown[what][5:] == (-1.0, -1.0, -1)
    both = shown["BID_ASK"]
    assert (both.high, both.low) == (shown["ASK"].high, shown["BID"].low)
    assert both.open < both.close
    assert asked(MARKET, what="ADJUSTED_LAST").bars[-1] == trades
    quote = MARKET.quote("SPY")
    assert (shown["BID"].close, shown["ASK"].close) == (quote.bid, quote.ask)


def test_volatilities() -> None:
    realised = asked(MARKET, duration="1 Y", bar_size="1 day", what="HISTORICAL_VOLATILITY").bars
    levels = [bar.close for bar in realised]
    assert np.mean(levels) == pytest.approx(0.16, rel=0.2)
    assert len(set(levels)) > 300
    hourly = asked(MARKET, duration="2 D", what="HISTORICAL_VOLATILITY").bars
    assert hourly[-1].close == levels[-1]
    implied = asked(MARKET, what="OPTION_IMPLIED_VOLATILITY").bars
    assert {bar.close for bar in implied} == {0.16}


@pytest.mark.parametrize(
    ("key", "fields", "code", "message"),
    [
        ("SPY", {"what": "SCHEDULE"}, 162, "type SCHEDULE for STK"),
        ("SPY", {"what": ""}, 162, "type nothing for STK"),
        ("EUR.USD", {"what": "TRADES"}, 162, "no data: EUR.USD@IDEALPRO Trades"),
        ("SPX", {"what": "BID"}, 162, "no data: SPX@CBOE Bid"),
        ("MSFT", {"what": "OPTION_IMPLIED_VOLATILITY"}, 162, "MSFT@SMART OptionImpliedVolatility"),
        (
            "SPY",
            {"what": "ADJUSTED_LAST", "end": "20260301 00:00:00 UTC"},
            321,
            "End Date not supported",
        ),
        ("SPY", {"bar_size": "7 mins"}, 321, "Legal ones"),
        ("SPY", {"duration": "1 X"}, 321, "whole number"),
        ("SPY", {"duration": "1 D", "bar_size": "1 secs"}, 162, "Time length exceed max"),
        ("SPY", {"end": "noon"}, 10314, "yyyymmdd"),
        ("SPY", {"end": "19800101 00:00:00 UTC"}, 162, "no data: SPY@SMART Trades"),
    ],
)
def test_refusals(key: str, fields: dict[str, object], code: int, message: str) -> None:
    found = refused(MARKET, key, **fields)
    assert found.code == code
    assert message in found.message


def test_options_have_a_history() -> None:
    key = "SPY 260417C650"
    bars = asked(MARKET, key, bar_size="1 min").bars
    assert len(bars) == 1441
    assert bars[-1].close == MARKET.close_of(key)
    assert all(bar.low <= bar.open <= bar.high and bar.volume == 0.0 for bar in bars)
    hours = asked(MARKET, key).bars
    assert hours[-1].close == bars[-1].close
    days = asked(MARKET, key, duration="2 D", bar_size="1 day").bars
    assert days[-1].close == bars[-1].close
    assert days[-1].high == max(bar.high for bar in bars if bar.time >= days[-1].time)
    assert asked(MARKET, key, what="ASK").bars[-1].close == MARKET.quote(key).ask
    market = synthetic_market(START, streaming=["SPY"])
    market.activate(key)
    mine = [one for one in market.until(START + MINUTE) if one.key == key]
    ticks = asked(market, key, duration="60 S", bar_size="5 secs").bars
    assert [bar.close for bar in ticks] == [one.close for one in mine]


# bars of New York --------------------------------------------------------------------------------


def new_york(row: int, **settings: object) -> Market:
    return bars_market([NEW_YORK], int(NEW_YORK.close_time[row]), **settings)  # type: ignore[arg-type]


def local(bars: tuple[HistoryBar, ...]) -> list[str]:
    zone = ZoneInfo("America/New_York")
    return [f"{datetime.fromtimestamp(bar.time // SECOND, zone):%m%d %H:%M}" for bar in bars]


def test_hours_start_on_the_clock() -> None:
    market = new_york(77)
    found = asked(market, "SYNTH5M").bars
    assert local(found) == [
        f"1002 {text}" for text in ["09:30", "10:00", "11:00", "12:00", "13:00", "14:00", "15:00"]
    ]
    by_session = new_york(77, by_session=True)
    assert local(asked(by_session, "SYNTH5M").bars)[:3] == [
        "1002 09:30",
        "1002 10:30",
        "1002 11:30",
    ]


def test_bars_given_from_the_open_on_stay_as_they_are() -> None:
    market = sample_market("synthetic-5m", int(NEW_YORK.close_time[77]), frame="1h")
    found = asked(market, "SYNTH5M").bars
    assert local(found)[:3] == ["1002 09:30", "1002 10:30", "1002 11:30"]
    assert len(found) == 7


def test_days_and_seconds_count_trading_time() -> None:
    market = new_york(78 * 5 + 11)
    assert local(asked(market, "SYNTH5M", bar_size="5 mins").bars)[::11] == [
        "1009 09:30",
        "1009 10:25",
    ]
    assert len(asked(market, "SYNTH5M", duration="2 D", bar_size="5 mins").bars) == 78 + 12
    hours = asked(market, "SYNTH5M", duration="7200 S", bar_size="5 mins").bars
    assert len(hours) == 24
    assert local(hours)[0] == "1006 15:00"
    week = asked(market, "SYNTH5M", duration="1 W", bar_size="1 day").bars
    assert local(tuple(bar._replace(time=bar.time + DAY // 2) for bar in week))[0] == "1003 08:00"
    assert len(week) == 5
    night = tws_time(int(NEW_YORK.close_time[78 * 5 - 1]) + 40 * 3600 * SECOND, 176, "UTC")
    assert local(asked(market, "SYNTH5M", end=night, bar_size="1 hour").bars)[-1] == "1006 15:00"


def test_extended_hours() -> None:
    bars = bars_of(
        [(9.0, 9.5, 8.0, 9.2), (10.0, 10.2, 9.9, 10.1), (10.1, 10.6, 10.1, 10.5)],
        "AAA",
        sessions=[0, 0, 0],
        minutes=[395, 385, 380],
        frame="5m",
    )
    bars = replace(bars, regular=np.array([False, True, True]))
    market = bars_market([bars], int(bars.close_time[-1]), points=0)
    regular = asked(market, "AAA", bar_size="1 day").bars[0]
    every = asked(market, "AAA", bar_size="1 day", regular=False).bars[0]
    assert (regular.open, regular.low) == (10.0, 9.9)
    assert (every.open, every.low) == (9.0, 8.0)
    assert local(asked(market, "AAA", bar_size="1 hour", regular=False).bars) == ["0224 09:00"]
    assert local(asked(market, "AAA", bar_size="1 hour").bars) == ["0224 09:30"]


def test_daily_bars_have_ticks_but_not_in_lockstep() -> None:
    bars = bars_of([(100.0, 103.0, 99.0, 102.0)] * 3, "AAA")
    path = bars_market([bars], int(bars.close_time[1]), points=13)
    found = asked(path, "AAA", bar_size="30 mins").bars
    assert len(found) == 13
    assert (found[0].open, found[-1].close) == (100.0, 102.0)
    lockstep = bars_market([bars], int(bars.close_time[1]), points=0)
    assert "No data finer than its bars" in refused(lockstep, "AAA", bar_size="30 mins").message
    assert len(asked(lockstep, "AAA", duration="5 D", bar_size="1 day").bars) == 2


def test_before_the_first_bar_there_is_nothing() -> None:
    market = bars_market([NEW_YORK])
    assert refused(market, "SYNTH5M").code == 162


# ticks, head, histogram --------------------------------------------------------------------------


def test_past_ticks_are_the_segments() -> None:
    market = synthetic_market(START, streaming=["SPY"])
    segments = market.until(START + 10 * MINUTE)
    listing = market.directory.by_key("SPY")
    first = tws_time(START + MINUTE, 176, "UTC")
    found = market.past_ticks.find(listing, first, "", 20, "TRADES", regular=True)
    mine = [one for one in segments if one.time >= START + MINUTE][:20]
    assert [(one.time, one.price, one.size) for one in found] == [
        (one.time, one.close, one.volume) for one in mine
    ]
    before = market.past_ticks.find(listing, "", first, 5, "MIDPOINT", regular=False)
    assert [one.time for one in before] == [
        START + MINUTE - 5 * SECOND * n for n in (4, 3, 2, 1, 0)
    ]
    quotes = market.past_ticks.find(listing, "", first, 1000, "BID_ASK", regular=True)
    assert len(quotes) == 1000
    assert all(one.ask - one.price == pytest.approx(0.02) for one in quotes)


def test_past_ticks_reach_over_a_weekend() -> None:
    market = new_york(78 * 5)
    listing = market.directory.by_key("SYNTH5M")
    night = tws_time(int(NEW_YORK.close_time[78 * 5 - 1]) + 40 * 3600 * SECOND, 176, "UTC")
    found = market.past_ticks.find(listing, "", night, 3, "TRADES", regular=True)
    assert found[-1].time == NEW_YORK.close_time[78 * 5 - 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"what": "BID"}, "type 'BID'"),
        ({"start": "20260309-10:00:00"}, "not both"),
        ({"end": ""}, "not both"),
        ({"count": 0}, "1 to 1000"),
        ({"count": 1001}, "1 to 1000"),
    ],
)
def test_bad_questions_for_ticks(change: dict[str, object], message: str) -> None:
    asked_for = {"start": "", "end": "20260309-10:00:00", "count": 5, "what": "TRADES"} | change
    listing = MARKET.directory.by_key("SPY")
    with pytest.raises(HistoryRefused, match=message):
        MARKET.past_ticks.find(listing, regular=True, **asked_for)  # type: ignore[arg-type]


def test_head_and_histogram() -> None:
    spy = MARKET.directory.by_key("SPY")
    assert MARKET.history.head(spy, "TRADES", regular=True) == at("1990-01-01")
    with pytest.raises(HistoryRefused):
        MARKET.history.head(MARKET.directory.by_key("EUR.USD"), "TRADES", regular=True)
    found = MARKET.history.histogram(spy, "1 day", regular=True)
    assert [price for price, _ in found] == sorted({price for price, _ in found})
    minutes = asked(MARKET, bar_size="1 min").bars
    assert sum(volume for _, volume in found) == sum(bar.volume for bar in minutes)
    for wrong in ("", "day", "1 fortnight"):
        with pytest.raises(HistoryRefused):
            MARKET.history.histogram(spy, wrong, regular=True)
