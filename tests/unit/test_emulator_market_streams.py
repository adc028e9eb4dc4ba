"""The market moves through time in order, options follow, and quotes say where it stands."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import isnan
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.calendar import DAY, TradingCalendar, day_of
from framework.domain.instruments import AssetType, Instrument
from framework.emulator.market.day import Day
from framework.emulator.market.depth import book
from framework.emulator.market.grid import on_grid
from framework.emulator.market.market import Market
from framework.emulator.market.markets import (
    bars_market,
    file_market,
    sample_market,
    synthetic_market,
)
from framework.emulator.market.quotes import option_snapshot, sizes, snapshot
from framework.emulator.market.segment import Segment, merged
from framework.emulator.market.sides import quoted
from framework.emulator.market.sources import BarsSource
from framework.errors import ConfigError, DataError
from framework.feeds.answers import FileAnswers
from framework.feeds.sample import sample
from framework.options.listing import ListingRule
from framework.options.market import ModelMarket
from framework.options.model import OptionModel
from framework.options.volatility import ConstantVolatility, VolatilitySeries
from tests.builders import bars_of

SECOND = 10**9
MINUTE = 60 * SECOND
START = day_of("2026-03-10") * DAY + 15 * 60 * MINUTE
CALL, PUT = "SPY 260417C650", "SPY 260417P650"


def made_up(**settings: object) -> Market:
    return synthetic_market(START, **settings)  # type: ignore[arg-type]


# time --------------------------------------------------------------------------------------------


def test_segments_come_in_order_of_time_then_of_subscription() -> None:
    market = made_up()
    market.activate(CALL)
    found = market.until(START + 3 * MINUTE)
    order = [one.key for one in market.directory.listings] + [CALL]
    places = [(one.time, order.index(one.key)) for one in found]
    assert places == sorted(places)
    assert len(found) == 3 * 12 * len(order)
    assert market.now == found[-1].time == START + 3 * MINUTE


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=8), st.integers(0, 59))
def test_however_one_looks_the_segments_are_the_same(steps: list[int], late: int) -> None:
    start = START + late * SECOND
    one, other = (synthetic_market(start, streaming=["SPY", "ESZ6"]) for _ in range(2))
    stops = np.cumsum(steps).tolist()
    found = [segment for stop in stops for segment in one.until(start + stop * SECOND)]
    assert found == list(other.until(start + stops[-1] * SECOND))
    assert one.quote("SPY") == other.quote("SPY")
    assert one.quote("MSFT") == other.quote("MSFT")


def test_a_later_start_joins_the_same_market() -> None:
    early, late = made_up(), synthetic_market(START + 2 * 60 * MINUTE + 17 * SECOND)
    early.until(START + 2 * 60 * MINUTE + 17 * SECOND)
    for key in ("SPY", "EUR.USD", "ESZ6", "SPX"):
        assert early.quote(key) == late.quote(key)
    stop = START + 3 * 60 * MINUTE
    assert list(early.until(stop)) == list(late.until(stop))


def test_segments_add_up_to_the_bars() -> None:
    market = made_up(streaming=["SPY"])
    whole = made_up(streaming=["SPY"], points=0)
    parts, bars = (list(one.until(START + 60 * MINUTE)) for one in (market, whole))
    assert len(parts) == 12 * len(bars) == 720
    for place, bar in enumerate(bars):
        assert merged(parts[12 * place : 12 * place + 12]) == bar
    assert [one.time for one in parts[:3]] == [START + 5 * SECOND * n for n in (1, 2, 3)]


def test_next_time_skips_closed_hours_and_ends_with_the_data() -> None:
    bars = sample("synthetic-5m").bars[0]
    market = bars_market([bars], points=4)
    times = []
    while (time := market.next_time()) is not None:
        times.append(time)
        assert all(one.time == time for one in market.until(time))
    assert len(times) == 4 * len(bars)
    assert times[3::4] == bars.close_time.tolist()
    steps = np.diff(times)
    assert steps.min() == 75 * SECOND
    assert steps.max() > 12 * 3600 * SECOND
    assert market.until(times[-1] + DAY) == ()
    assert market.close_of("SYNTH5M") == bars.close[-1]


def test_the_samples_trade() -> None:
    market = sample_market("sp500", points=0)
    time = market.next_time()
    assert time is not None
    assert [one.key for one in market.until(time)] == ["SP500"]


def test_lockstep_gives_the_bars_themselves() -> None:
    bars = sample("synthetic-5m").bars[0]
    market = bars_market([bars], int(bars.close_time[99]), points=0)
    found: list[Segment] = []
    while (time := market.next_time()) is not None:
        found += market.until(time)
    assert [one.time for one in found] == bars.close_time[100:].tolist()
    assert [one.close for one in found] == bars.close[100:].tolist()
    assert [one.volume for one in found] == bars.volume[100:].tolist()
    assert [one.session_close for one in found] == bars.session_close[100:].tolist()


def test_bars_of_different_lengths_share_a_clock() -> None:
    long = bars_of([(100.0, 101.0, 99.0, 100.5)] * 2, "LONG")
    short = bars_of(
        [(10.0, 10.2, 9.9, 10.1)] * 4,
        "SHORT",
        sessions=[0] * 4,
        minutes=[385, 380, 375, 370],
        frame="5m",
    )
    market = bars_market([long, short], points=4)
    found = market.until(int(long.close_time[-1]))
    assert [one.time for one in found] == sorted(one.time for one in found)
    opened = int(TradingCalendar("XNYS").session_open_of(long.session[:1])[0])
    step = (int(long.close_time[0]) - opened) // 4
    assert [one.time for one in found if one.key == "LONG"][:4] == [
        opened + step * place for place in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [({"points": 3}, "3 segments"), ({"streaming": ["NONE"]}, "no 'NONE' to stream")],
)
def test_bad_settings(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        made_up(**change)


def test_bars_that_cannot_be_traded() -> None:
    bars = bars_of([(1.0, 1.0, 1.0, 1.0)], "A")
    for series, message in (
        ([], "no bars"),
        ([bars, bars], "two series of A"),
        ([replace(bars, frame="1w")], "bars of 1w"),
        ([bars.take(0, 0)], "A has no bars"),
    ):
        with pytest.raises(DataError, match=message):
            BarsSource(series)


def test_a_folder_of_files(tmp_path) -> None:  # type: ignore[no-untyped-def]
    rows = "".join(f"2024-01-{day:02d},10,11,9,10.5,1000\n" for day in (2, 3, 4, 5))
    for name in ("AAA", "BBB"):
        (tmp_path / f"{name}.csv").write_text("date,open,high,low,close,volume\n" + rows)
    questions = FileAnswers(stamp="close", calendar="XNYS", prices="split")
    market = file_market(tmp_path, questions=questions, points=4)
    assert [one.key for one in market.directory.listings] == ["AAA", "BBB"]
    assert len(market.until(10**19)) == 2 * 4 * 4
    assert market.quote("BBB").previous_close == 10.5


# idle and active ---------------------------------------------------------------------------------


def test_what_nobody_watches_is_quoted_all_the_same() -> None:
    quiet, loud = made_up(streaming=["SPY"]), made_up()
    for time in (START + MINUTE, START + 90 * MINUTE, START + 3 * DAY):
        assert {one.key for one in quiet.until(time)} == {"SPY"}
        loud.until(time)
        for key in ("MSFT", "ESZ6"):
            assert quiet.quote(key) == loud.quote(key)
    assert not quiet.active("MSFT")
    quiet.activate("MSFT")
    stop = START + 3 * DAY + 5 * MINUTE
    mine = [one for one in quiet.until(stop) if one.key == "MSFT"]
    assert mine == [one for one in loud.until(stop) if one.key == "MSFT"]
    quiet.deactivate("MSFT")
    assert {one.key for one in quiet.until(stop + MINUTE)} == {"SPY"}


def test_nothing_streams_where_nothing_was_asked_for() -> None:
    market = made_up(streaming=())
    assert market.next_time() is None
    assert market.until(START + DAY) == ()
    assert market.close_of("SPY") == market.quote("SPY").last


# options -----------------------------------------------------------------------------------------


def test_an_option_follows_from_the_moment_it_is_activated() -> None:
    market = made_up(streaming=["SPY"])
    market.until(START + 90 * SECOND)
    before = market.close_of(CALL)
    market.activate(CALL)
    assert market.active(CALL)
    found = [one for one in market.until(START + 20 * MINUTE) if one.key == CALL]
    assert len(found) == 12 * 20 - 18
    assert found[0].open == before
    assert all(one.open == last.close for last, one in pairwise(found) if one.time % MINUTE)
    assert market.close_of(CALL) == found[-1].close
    market.deactivate(CALL)
    assert not market.active(CALL)
    assert {one.key for one in market.until(START + 21 * MINUTE)} == {"SPY"}


def test_a_quote_is_what_the_stream_said_last() -> None:
    market = made_up(streaming=["SPY"])
    for key in (CALL, PUT):
        market.activate(key)
    while (time := market.next_time()) is not None and time < START + 5 * MINUTE:
        last = {one.key: one.close for one in market.until(time)}
        assert last == {key: market.quote(key).last for key in ("SPY", CALL, PUT)}


def test_lockstep_lists_strikes_around_the_last_price() -> None:
    bars = bars_of(
        [(100.0, 101.0, 99.0, 100.0), (100.0, 201.0, 99.0, 200.0)],
        sessions=[0, 0],
        minutes=[10, 5],
        frame="5m",
    )
    market = bars_market([bars], points=0)
    number = market.directory.by_key("AAA").con_id
    strikes = []
    while (time := market.next_time()) is not None:
        market.until(time)
        strikes.append(market.directory.chains(number)[0].strikes)
    assert [(one[0], one[-1]) for one in strikes] == [(75.0, 125.0), (150.0, 250.0)]


def test_an_option_moves_with_its_underlying() -> None:
    market = made_up(streaming=["SPY"])
    market.activate(CALL)
    market.activate(PUT)
    found = market.until(START + 240 * MINUTE)
    moves = {
        key: np.array([one.close for one in found if one.key == key][11::12])
        for key in ("SPY", CALL, PUT)
    }
    assert np.corrcoef(moves["SPY"], moves[CALL])[0, 1] > 0.98
    assert np.corrcoef(moves["SPY"], moves[PUT])[0, 1] < -0.95
    assert all(price == on_grid(np.array([price]), 0.05)[0] for price in moves[CALL])


def test_an_option_ends_with_its_expiry() -> None:
    expiry = day_of("2026-03-13")
    start = (expiry + 1) * DAY - 3 * MINUTE
    market = synthetic_market(start, streaming=["SPY"])
    key = "SPY 260313C600"
    market.activate(key)
    found = [one for one in market.until(start + 10 * MINUTE) if one.key == key]
    assert found[-1].time == (expiry + 1) * DAY
    assert not market.active(key)
    market.activate(key)
    assert not market.active(key)


def test_the_last_price_is_what_the_option_pays() -> None:
    expiry = day_of("2026-03-13")
    market = synthetic_market((expiry + 1) * DAY - 3 * MINUTE, streaming=["SPY"])
    market.activate("SPY 260313C600")
    found = market.until((expiry + 1) * DAY)
    spot = [one.close for one in found if one.key == "SPY"][-1]
    paid = [one.close for one in found if one.key != "SPY"][-1]
    assert paid == pytest.approx(spot - 600.0, abs=0.03)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 30), st.sampled_from([600, 625, 650, 680, 710]))
def test_put_call_parity_of_middles(minutes: int, strike: int) -> None:
    market = synthetic_market(START + minutes * MINUTE, streaming=())
    call, put = (market.quote(f"SPY 260417{right}{strike}") for right in "CP")
    spot = market.close_of("SPY")
    assert call.middle - put.middle == pytest.approx(spot - strike, abs=0.06)


def test_quotes_of_options() -> None:
    market = made_up(streaming=())
    near, far = market.quote(CALL), market.quote("SPY 260313C780")
    assert near.bid < near.last < near.ask
    assert near.ask - near.bid >= 0.1 - 1e-9
    assert near.ask - near.bid == pytest.approx(0.02 * near.last, abs=0.06)
    assert near.low <= near.last <= near.high
    assert near.previous_close > 0.0
    assert (far.bid, far.bid_size, far.ask) == (0.0, 0.0, 0.01)
    assert far.ask_size > 0.0


def test_greeks() -> None:
    market = made_up(streaming=())
    found = market.greeks(CALL)
    assert found.model is not None and found.bid is not None
    assert found.ask is not None and found.last is not None
    assert found.bid.implied_volatility < found.last.implied_volatility
    assert found.last.implied_volatility < found.ask.implied_volatility
    assert 0.4 < found.model.delta < 0.8
    assert found.model.theta < 0.0 < found.model.gamma
    assert found.model.price == pytest.approx(market.close_of(CALL), abs=0.03)
    put = market.greeks(PUT).model
    assert put is not None
    assert found.model.delta - put.delta == pytest.approx(1.0, abs=1e-6)
    more = market.priced(CALL, found.model.implied_volatility + 0.01, found.model.under_price)
    less = market.priced(CALL, found.model.implied_volatility - 0.01, found.model.under_price)
    assert more is not None and less is not None
    assert (more.price - less.price) / 2.0 == pytest.approx(found.model.vega, rel=1e-2)
    worthless = market.greeks("SPY 260313C780")
    assert worthless.bid is None and worthless.model is not None


def test_volatility_and_price_are_inverse() -> None:
    market = made_up(streaming=())
    dear = market.priced(CALL, 0.31, 640.0)
    assert dear is not None
    read = market.implied(CALL, dear.price, 640.0)
    assert read is not None
    assert read.implied_volatility == pytest.approx(0.31, abs=1e-8)
    assert read.delta == pytest.approx(dear.delta)
    assert market.implied(CALL, 700.0, 640.0) is None


def risen(times: np.ndarray) -> VolatilitySeries:  # type: ignore[type-arg]
    """A volatility that rises from bar to bar."""
    return VolatilitySeries("VOL", times, np.linspace(0.1, 0.4, len(times)))


@pytest.mark.parametrize(("rate", "rising"), [(0.0, False), (0.04, False), (0.0, True)])
def test_lockstep_prices_options_as_the_backtest_does(rate: float, rising: bool) -> None:
    bars = sample("sp500-vix").bars[0].take(0, 120)
    volatility = risen(bars.close_time) if rising else ConstantVolatility(0.2)
    model = OptionModel(volatility, rate=rate, listing=ListingRule(horizon=60))
    market = bars_market([bars], int(bars.close_time[59]), points=0, options={"SP500": model})
    backtest = ModelMarket(bars, model)
    chain = backtest.chain(59)
    listed = market.directory.chains(market.directory.by_key("SP500").con_id)[0]
    assert listed.strikes == chain.strikes(chain.expiries[0])
    contract = next(one for one in chain.contracts if one.option and one.option.right == "P")
    assert market.directory.by_key(contract.symbol).instrument == contract
    market.activate(contract.symbol)
    whole = backtest.listing(contract, 59).bars
    expected = whole.take(1, len(whole))
    found: list[Segment] = []
    while (time := market.next_time()) is not None:
        found += [one for one in market.until(time) if one.key == contract.symbol]
    assert len(found) == len(expected)
    for name in ("open", "high", "low", "close"):
        assert [getattr(one, name) for one in found] == pytest.approx(
            getattr(expected, name).tolist(), abs=1e-9
        )


def test_what_an_option_loses_in_a_day_it_loses_after_the_open() -> None:
    bars = bars_of([(100.0, 100.0, 100.0, 100.0)] * 3)
    market = bars_market([bars], int(bars.close_time[0]), points=4)
    key = "AAA 200320C100"
    market.activate(key)
    quoted_, streamed = [], []
    while (time := market.next_time()) is not None:
        streamed += [one.close for one in market.until(time) if one.key == key]
        quoted_.append(market.close_of(key))
    assert quoted_ == streamed
    assert streamed[0] > streamed[1] == streamed[2] == streamed[3] > streamed[5]


def test_bars_before_now_of_anything() -> None:
    market = made_up(streaming=["SPY"])
    market.until(START + 90 * SECOND)
    for key in ("SPY", "ESZ6", CALL):
        bars = market.bars_before(key, 10)
        assert bars.instrument.symbol == key
        assert bars.close_time.tolist() == [START - place * MINUTE for place in range(8, -2, -1)]
    assert market.streaming == ("SPY",)
    assert market.spacing == 5 * SECOND


# quotes ------------------------------------------------------------------------------------------


def test_quotes_of_what_has_bars() -> None:
    market = made_up()
    for key, tick in (("SPY", 0.01), ("ESZ6", 0.25), ("EUR.USD", 0.00005)):
        quote = market.quote(key)
        assert quote.bid == pytest.approx(quote.last - tick, abs=1e-9)
        assert quote.ask == pytest.approx(quote.last + tick, abs=1e-9)
        assert quote.bid_size > 0.0 < quote.ask_size
        assert quote.low <= quote.last <= quote.high
        assert not quote.halted
    index = market.quote("SPX")
    assert (index.bid, index.ask, index.bid_size, index.ask_size) == (-1.0, -1.0, 0.0, 0.0)
    assert index.middle == index.last > 0.0


def test_the_day_of_a_quote_is_what_traded_since_its_open() -> None:
    market = made_up(streaming=["SPY"])
    market.until(START + 200 * MINUTE + 20 * SECOND)
    today = START // DAY
    quote = market.quote("SPY")
    whole = synthetic_market(today * DAY, streaming=["SPY"])
    parts = whole.until(START + 200 * MINUTE + 20 * SECOND)
    day = merged(list(parts))
    assert (quote.open, quote.high, quote.low) == (day.open, day.high, day.low)
    assert (quote.last, quote.volume) == (day.close, day.volume)
    market.until((today + 1) * DAY + MINUTE)
    following = market.quote("SPY")
    assert following.volume < quote.volume
    assert following.previous_close == synthetic_market((today + 1) * DAY).close_of("SPY")


def test_before_the_first_bar_there_is_no_price() -> None:
    bars = bars_of([(100.0, 101.0, 99.0, 100.0)] * 3, "AAA")
    market = bars_market([bars], points=4)
    assert isnan(market.close_of("AAA"))
    quote = market.quote("AAA")
    assert (quote.bid, quote.last, quote.previous_close, quote.volume) == (-1.0, -1.0, -1.0, 0.0)
    key = "AAA 200320C100"
    assert market.quote(key).bid == -1.0
    assert market.greeks(key).model is None
    market.until(int(bars.close_time[0]))
    assert market.quote("AAA").last == 100.0
    assert market.quote(key).bid > 0.0


def test_a_penny_stock_is_never_bid_below_nothing() -> None:
    bars = bars_of([(0.01, 0.01, 0.01, 0.01)], "PENNY")
    market = bars_market([bars], points=4)
    market.until(int(bars.close_time[0]))
    quote = market.quote("PENNY")
    assert (quote.bid, quote.bid_size, quote.ask) == (0.0, 0.0, 0.02)


def test_extended_hours_count_in_volume_alone() -> None:
    bars = bars_of(
        [(9.0, 9.5, 8.0, 9.2), (10.0, 10.2, 9.9, 10.1)],
        "AAA",
        sessions=[0, 0],
        minutes=[500, 385],
        frame="5m",
    )
    bars = replace(bars, regular=np.array([False, True]), volume=np.array([7.0, 5.0]))
    market = bars_market([bars], points=0)
    market.until(int(bars.close_time[0]))
    early = market.quote("AAA")
    assert (early.last, early.open, early.volume) == (9.2, -1.0, 7.0)
    market.until(int(bars.close_time[1]))
    later = market.quote("AAA")
    assert (later.open, later.high, later.low, later.volume) == (10.0, 10.2, 9.9, 12.0)


@given(st.integers(1, 100_000), st.booleans())
def test_arrays_are_quoted_as_single_prices_are(steps: int, is_option: bool) -> None:
    market = bars_market([bars_of([(1.0, 1.0, 1.0, 1.0)], "A")], points=4)
    kind = AssetType.STOCK
    instrument = Instrument("A", kind, tick_bands=((3.0, 0.05),))
    price = steps / 100.0
    last = Segment("A", START, 1, START, price, price, price, price, 1.0, True)
    if is_option:
        instrument = market.directory.by_key("A 200320C1").instrument
        single = option_snapshot(instrument, last, Day(), 0.02)
    else:
        single = snapshot(instrument, last, Day())
    bid, ask = quoted(np.array([price]), instrument, 0.02)
    assert (single.bid, single.ask) == (float(bid[0]), float(ask[0]))


def test_sizes_are_always_the_same() -> None:
    stock = Instrument("SPY")
    assert sizes(stock, START) == sizes(stock, START)
    drawn = {sizes(stock, START + place) for place in range(200)}
    assert len(drawn) > 100
    assert all(one % 100 == 0 and 100 <= one <= 2000 for pair in drawn for one in pair)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 600), st.integers(1, 12), st.sampled_from(["SPY", "ESZ6", "EUR.USD", CALL]))
def test_the_book_lies_around_the_quote(minutes: int, rows: int, key: str) -> None:
    market = synthetic_market(START + minutes * MINUTE, streaming=())
    instrument, quote = market.directory.by_key(key).instrument, market.quote(key)
    bids, asks = book(instrument, quote, rows)
    assert (bids, asks) == book(instrument, quote, rows)
    assert (bids[0].price, bids[0].size) == (quote.bid, quote.bid_size)
    assert (asks[0].price, asks[0].size) == (quote.ask, quote.ask_size)
    assert len(asks) == rows >= len(bids)
    assert all(one.price > other.price > 0.0 for one, other in pairwise(bids))
    assert all(one.price < other.price for one, other in pairwise(asks))
    assert all(row.size > 0.0 for row in (*bids, *asks))


def test_an_index_has_no_book() -> None:
    market = made_up(streaming=())
    instrument = market.directory.by_key("SPX").instrument
    assert book(instrument, market.quote("SPX"), 5) == ((), ())


# cost --------------------------------------------------------------------------------------------


def test_the_market_starts_at_once_and_moves_fast() -> None:
    TradingCalendar("24/7").sessions_between(20000, 20001)  # what is imported once is not its cost
    begun = perf_counter()
    market = made_up()
    assert perf_counter() - begun < 1.0
    begun = perf_counter()
    count = sum(len(market.until(START + place * MINUTE)) for place in range(240))
    assert (perf_counter() - begun) / count < 20e-6


def test_days_of_running_keep_memory_bounded() -> None:
    market = made_up(streaming=["SPY"], points=4)
    market.activate("SPY 260313C650")
    for day in range(12):
        market.until(START + day * DAY)
        market.quote("MSFT")
    assert not market.active("SPY 260313C650")
    assert market.next_time() == market.now + 15 * SECOND
