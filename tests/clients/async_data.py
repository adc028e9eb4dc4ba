"""Steps of ib_insync and ib_async: bars, quotes, depth, single ticks, Greeks."""

from __future__ import annotations

import asyncio
import datetime as dt
from itertools import pairwise
from typing import Any

from async_session import Session
from steps import Steps, check, equal, near, on_tick, sane_bars

HISTORY = Steps()
LIVE = Steps()
LATER = Steps()
DELAYED = {49, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 80, 81, 82, 83, 88, 90}
"""Tick types of delayed data; 49 says whether trading is halted."""
QUOTED = {1, 2, 4, 66, 67, 68}


async def history(s: Session, name: str, span: str, size: str, what: str = "TRADES") -> Any:
    """Bars; the same may not be asked for twice within 15 seconds, nor many within two."""
    bars = await s.answer(
        s.ib.reqHistoricalDataAsync(s.contract(name), "", span, size, what, True),
        f"{size} {what} of {name}",
    )
    check(bars, f"no {size} bars of {what} of {name}")
    times = [bar.date for bar in bars]
    check(all(a < b for a, b in pairwise(times)), f"times {times[:5]}")
    return bars


@HISTORY("daily bars")
async def daily(s: Session) -> str:
    bars = await history(s, "AAPL", "20 D", "1 day")
    check(15 <= len(bars) <= 20, f"{len(bars)} bars for 20 days")
    check(all(type(bar.date) is dt.date for bar in bars), f"date {bars[0].date!r}")
    sane_bars(bars, "AAPL")
    check(all(bar.volume > 0 and bar.barCount > 0 for bar in bars), "a day without volume")
    check(all(bar.low <= bar.average <= bar.high for bar in bars), "an average outside its bar")
    s.kept["daily"] = bars
    year = await history(s, "SPY", "1 Y", "1 day")
    check(len(year) >= 200, f"{len(year)} days in a year")
    return f"{len(bars)} days from {bars[0].date}"


@HISTORY("bars of 5 minutes")
async def five_minutes(s: Session) -> str:
    bars = await history(s, "AAPL", "1 D", "5 mins")
    check(len(bars) > 5, f"{len(bars)} bars")
    sane_bars(bars, "AAPL")
    for bar in bars:
        check(isinstance(bar.date, dt.datetime), f"date {bar.date!r}")
        check(bar.date.tzinfo is not None, "a time without its zone")
        equal((bar.date.minute % 5, bar.date.second), (0, 0), f"start of the bar {bar.date}")
    s.kept["five minutes"] = bars
    now = await s.answer(s.ib.reqCurrentTimeAsync(), "current time")
    check(bars[-1].date <= now, f"the last bar, {bars[-1].date}, begins after {now}")
    utc = await s.answer(
        s.ib.reqHistoricalDataAsync(
            s.contract("AAPL"), bars[-1].date, "3600 S", "5 mins", "TRADES", True, 2
        ),
        "bars up to an instant, as epoch seconds",
    )
    check(utc and utc[-1].date <= bars[-1].date, f"bars after {bars[-1].date}: {utc[-1:]}")
    same = {bar.date: bar.close for bar in bars}
    check(any(bar.date in same for bar in utc), "the two lists share no bar")
    for bar in utc[:-1]:
        if bar.date in same:
            equal(bar.close, same[bar.date], f"close of {bar.date}")
    return f"{len(bars)} bars to {bars[-1].date}"


@HISTORY("bars of bid and ask, and of the midpoint")
async def bid_ask(s: Session) -> str:
    for name in ("AAPL", "EUR"):
        bars = await history(s, name, "1 D", "5 mins", "BID_ASK")
        for bar in bars:  # open and close are the averages of bid and of ask
            check(bar.low <= bar.open <= bar.close <= bar.high, f"BID_ASK {bar}")
        middle = await history(s, name, "1 D", "5 mins", "MIDPOINT")
        sane_bars(list(middle), name)
    return f"{len(bars)} bars"


@HISTORY("a bad bar size is refused")
async def bad_bar_size(s: Session) -> str:
    with s.expecting(162, 321, 366) as errors:  # ib_async takes 321 for a warning, and gives up
        bars = await s.answer(
            s.ib.reqHistoricalDataAsync(
                s.contract("AAPL"), "", "1 D", "7 mins", "TRADES", True, timeout=1
            ),
            "bars of 7 minutes",
        )
        await asyncio.sleep(0.05)
    equal(list(bars), [], "bars")
    refusals = [seen for seen in errors if seen.code != 366]
    equal(len(refusals), 1, f"errors 162 or 321, of {s.seen[-3:]}")
    return f"{errors[0].code} {errors[0].text}"


@HISTORY("head timestamp")
async def head(s: Session) -> str:
    ask = s.ib.reqHeadTimeStampAsync(s.contract("AAPL"), "TRADES", True, 2)
    found = await s.answer(ask, "head timestamp")
    check(isinstance(found, dt.datetime), f"{found!r}")
    first = s.kept["daily"][0].date
    check(found.date() <= first, f"head {found} after the bar of {first}")
    return found.isoformat()


@HISTORY("historical ticks")
async def historical_ticks(s: Session) -> str:
    since = s.kept["five minutes"][-3].date
    counts = []
    for what in ("TRADES", "BID_ASK", "MIDPOINT"):
        ask = s.ib.reqHistoricalTicksAsync(s.contract("AAPL"), since, "", 50, what, False)
        ticks = await s.answer(ask, f"historical ticks of {what}")
        check(len(ticks) > 0, f"no ticks of {what}")
        times = [tick.time for tick in ticks]
        equal(sorted(times), times, f"times of {what}")
        check(times[0] >= since, f"{what}: {times[0]} is before {since}")
        if what == "BID_ASK":
            check(all(t.priceBid < t.priceAsk for t in ticks), "a crossed quote")
        else:
            check(all(t.price > 0 for t in ticks), f"a price of {what}")
        counts.append(len(ticks))
    return str(counts)


@LIVE("quotes in a stream")
async def stream(s: Session) -> str:
    s.ib.reqMarketDataType(1)
    ticker = await s.quote("AAPL")
    check(0 < ticker.bid < ticker.ask, f"bid {ticker.bid}, ask {ticker.ask}")
    await s.until(lambda: ticker.last > 0 and ticker.lastSize > 0, "a last trade")
    await s.until(lambda: ticker.volume > 0, "a volume")
    await s.until(lambda: ticker.close > 0 and ticker.high >= ticker.low > 0, "high, low, close")
    tick = s.tick_of("AAPL")
    for name in ("bid", "ask", "last"):
        check(on_tick(getattr(ticker, name), tick), f"{name} {getattr(ticker, name)}")
    check(ticker.bidSize > 0 and ticker.askSize > 0, "sizes")
    equal(ticker.marketDataType, 1, "market data type")
    near(ticker.minTick, tick, 1e-9, "minTick")
    start = len(s.quotes)
    await s.until(lambda: len(s.quotes) >= start + 3, "three more updates", 15)
    check(all(bid < ask for bid, ask in s.quotes[start:]), f"crossed: {s.quotes[start:][:5]}")
    for name in ("SPY", "EUR", "ES"):
        other = await s.quote(name)
        check(other.bid < other.ask, f"{name}: bid {other.bid}, ask {other.ask}")
        for price in (other.bid, other.ask):
            check(on_tick(price, s.tick_of(name)), f"{name}: {price}, tick {s.tick_of(name)}")
    return f"AAPL {ticker.bid}/{ticker.ask}"


@LIVE("a snapshot")
async def snapshot(s: Session) -> str:
    (ticker,) = await s.answer(s.ib.reqTickersAsync(s.contract("MSFT")), "snapshot", 12)
    check(ticker.hasBidAsk() and ticker.bid < ticker.ask, f"{ticker.bid} {ticker.ask}")
    bid, ask = ticker.bid, ticker.ask
    await asyncio.sleep(0.3)
    equal((ticker.bid, ticker.ask), (bid, ask), "a snapshot moves")
    return f"MSFT {bid}/{ask}"


async def of_type(s: Session, kind: int, allowed: set[int]) -> Any:
    """A ticker of the market data type, and the types of its ticks."""
    s.ib.reqMarketDataType(kind)
    contract = s.lib.Contract(conId=s.contract("MSFT").conId, exchange="SMART")
    ticker = s.ib.reqMktData(contract, "", False, False)
    kinds: set[int] = set()
    ticker.updateEvent += lambda t: kinds.update(tick.tickType for tick in t.ticks)
    try:
        with s.expecting(10167):
            await s.until(lambda: len(kinds & QUOTED) >= 2, f"ticks of market data type {kind}")
            await s.until(ticker.hasBidAsk, f"bid and ask of market data type {kind}")
        check(ticker.marketDataType in allowed, f"type {ticker.marketDataType}, asked {kind}")
        check(ticker.bid < ticker.ask, f"{ticker.bid} {ticker.ask}")
    finally:
        s.ib.cancelMktData(contract)
        s.ib.reqMarketDataType(1)
    return kinds


@LIVE("delayed quotes")
async def delayed(s: Session) -> str:
    kinds = await of_type(s, 3, {3})
    check(kinds <= DELAYED, f"tick types {sorted(kinds)}")
    return str(sorted(kinds))


@LIVE("frozen quotes")
async def frozen(s: Session) -> str:
    kinds = await of_type(s, 2, {1, 2})
    check(not kinds & (DELAYED - {49}), f"tick types {sorted(kinds)}")
    kinds_delayed = await of_type(s, 4, {3, 4})
    check(kinds_delayed <= DELAYED, f"tick types {sorted(kinds_delayed)}")
    return str(sorted(kinds))


@LIVE("Greeks of an option")
async def greeks(s: Session) -> str:
    under = await s.quote("SPY")
    found = {}
    for name in ("call", "put"):
        ticker = await s.quote(name)
        await s.until(lambda t=ticker: t.modelGreeks is not None, f"model Greeks of the {name}")
        model = ticker.modelGreeks
        check(0.01 < model.impliedVol < 3, f"implied volatility {model.impliedVol}")
        check(model.gamma > 0 and model.vega > 0 and model.theta < 0, f"{model}")
        check(ticker.bid - 0.05 <= model.optPrice <= ticker.ask + 0.05, f"{model} {ticker.bid}")
        near(model.undPrice, under.midpoint(), 0.02 * model.undPrice, "price of the underlying")
        for side in ("bidGreeks", "askGreeks"):
            await s.until(lambda t=ticker, side=side: getattr(t, side) is not None, side)
        found[name] = model
    check(0.2 < found["call"].delta < 0.8, f"delta of the call {found['call'].delta}")
    check(-0.8 < found["put"].delta < -0.2, f"delta of the put {found['put'].delta}")
    near(found["call"].gamma, found["put"].gamma, 0.2 * found["call"].gamma, "gamma of the put")
    s.kept["greeks"] = found["call"]
    return f"iv {found['call'].impliedVol:.3f}, delta {found['call'].delta:.3f}"


@LIVE("implied volatility and price of an option on demand")
async def calculations(s: Session) -> str:
    model = s.kept["greeks"]
    call = s.contract("call")
    priced = await s.answer(
        s.ib.calculateOptionPriceAsync(call, model.impliedVol, model.undPrice), "price"
    )
    check(priced, "no price")
    near(priced.optPrice, model.optPrice, 0.1 + 0.02 * model.optPrice, "price at that volatility")
    implied = await s.answer(
        s.ib.calculateImpliedVolatilityAsync(call, priced.optPrice, model.undPrice), "volatility"
    )
    check(implied, "no volatility")
    near(implied.impliedVol, model.impliedVol, 0.01, "volatility at that price")
    return f"{priced.optPrice:.2f} at {implied.impliedVol:.3f}"


@LIVE("depth of book")
async def depth(s: Session) -> str:
    exchanges = await s.answer(s.ib.reqMktDepthExchangesAsync(), "exchanges with depth")
    check(exchanges, "no exchange with depth")
    contract = s.contract("AAPL")
    ticker = s.ib.reqMktDepth(contract, 5, True)
    await s.until(lambda: len(ticker.domBids) >= 2 and len(ticker.domAsks) >= 2, "two levels")
    rows: list[tuple[int, int]] = []
    ticker.updateEvent += lambda t: rows.append((len(t.domBids), len(t.domAsks)))
    await s.until(lambda: len(rows) >= 3, "three updates", 15)
    check(all(max(counts) <= 5 for counts in rows), f"rows {rows}")
    bids = [level.price for level in ticker.domBids]
    asks = [level.price for level in ticker.domAsks]
    equal(sorted(bids, reverse=True), bids, "bids, best first")
    equal(sorted(asks), asks, "asks, best first")
    check(bids[0] < asks[0], f"best bid {bids[0]}, best ask {asks[0]}")
    check(all(level.size > 0 for level in ticker.domBids + ticker.domAsks), "a size")
    lost = [line for line in s.mishaps.lines if "MktDepth" in line]
    equal(lost, [], "rows that fit nowhere")
    s.ib.cancelMktDepth(contract, True)
    await s.answer(s.ib.reqCurrentTimeAsync(), "the time, after the cancel")
    # rows on their way meanwhile found a book that ib_insync forgets with its cancel
    s.mishaps.lines = [line for line in s.mishaps.lines if "MktDepth" not in line]
    return f"{len(bids)} and {len(asks)} rows"


@LIVE("tick by tick")
async def tick_by_tick(s: Session) -> str:
    counts = {}
    for kind in ("Last", "AllLast", "BidAsk", "MidPoint"):
        contract = s.lib.Contract(conId=s.contract("SPY").conId, exchange="SMART")
        ticks: list[Any] = []
        ticker = s.ib.reqTickByTickData(contract, kind)
        ticker.updateEvent += lambda t, ticks=ticks: ticks.extend(t.tickByTicks)
        await s.until(lambda ticks=ticks: len(ticks) >= 2, f"two ticks of {kind}", 15)
        s.ib.cancelTickByTickData(contract, kind)
        for tick in ticks:
            if kind == "BidAsk":
                check(0 < tick.bidPrice < tick.askPrice, str(tick))
                check(tick.bidSize > 0 and tick.askSize > 0, str(tick))
            elif kind == "MidPoint":
                check(tick.midPoint > 0, str(tick))
            else:
                check(tick.price > 0 and tick.size > 0, str(tick))
        counts[kind] = len(ticks)
    return str(counts)


@LIVE("live bars are asked for")
async def subscribe_bars(s: Session) -> str:
    updates: list[bool] = []
    kept = await s.answer(
        s.ib.reqHistoricalDataAsync(
            s.contract("AAPL"), "", "1800 S", "5 secs", "TRADES", False, 1, True
        ),
        "bars kept up to date",
    )
    check(kept, "the first list is empty")
    kept.updateEvent += lambda _, new: updates.append(new)
    s.live |= {"kept": kept, "updates": updates, "first": len(kept)}
    five = s.ib.reqRealTimeBars(s.contract("AAPL"), 5, "TRADES", False)
    s.live["five"] = five
    return f"{len(kept)} bars to {kept[-1].date}"


@LATER("bars kept up to date")
async def kept_bars(s: Session) -> str:
    kept, updates = s.live["kept"], s.live["updates"]
    await s.until(lambda: len(updates) >= 3, "three updates", 12)
    await s.until(lambda: any(updates), "a new bar", 12)
    check(len(kept) > s.live["first"], "the list does not grow")
    times = [bar.date for bar in kept]
    check(all(a < b for a, b in pairwise(times)), f"times {times[-5:]}")
    check(all(time.second % 5 == 0 for time in times), f"times {times[-5:]}")
    sane_bars(list(kept), "kept bars")
    s.ib.cancelHistoricalData(kept)
    await s.answer(s.ib.reqCurrentTimeAsync(), "the time, after the cancel")
    count = len(updates)
    await asyncio.sleep(0.4)
    equal(len(updates), count, "updates after the cancel")
    return f"{count} updates, {sum(updates)} new bars"


@LATER("bars of 5 seconds")
async def five_seconds(s: Session) -> str:
    five = s.live["five"]
    await s.until(lambda: len(five) >= 3, "three bars", 20)
    times = [int(bar.time.timestamp()) for bar in five]
    check(all(time % 5 == 0 for time in times), f"times {times[:5]}")
    check(all(a < b for a, b in pairwise(times)), f"times {times[:5]}")
    for bar in five:
        check(0 < bar.low <= min(bar.open_, bar.close), f"bar {bar}")
        check(max(bar.open_, bar.close) <= bar.high, f"bar {bar}")
    s.ib.cancelRealTimeBars(five)
    await s.answer(s.ib.reqCurrentTimeAsync(), "the time, after the cancel")
    count = len(five)
    await asyncio.sleep(0.4)
    equal(len(five), count, "bars after the cancel")
    return f"{count} bars from {five[0].time}"


@LATER("a stream ends when it is cancelled")
async def stream_ends(s: Session) -> str:
    count = 0

    def counted(_: object) -> None:
        nonlocal count
        count += 1

    ended = [s.tickers.pop(name) for name in list(s.tickers) if name != "AAPL"]
    for ticker in ended:
        s.ib.cancelMktData(ticker.contract)
    await s.answer(s.ib.reqCurrentTimeAsync(), "the time, after the cancels")
    for ticker in ended:
        ticker.updateEvent += counted
    await asyncio.sleep(0.5)
    equal(count, 0, "updates after the cancel")
    return "quiet"
