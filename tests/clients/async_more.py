"""Steps of ib_insync and ib_async: what a user tries next."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

from async_combos import spread_quote, vertical
from async_session import Session
from steps import Steps, check, equal, near, rounded, sane_bars

DATA = Steps()
ORDERS = Steps()


@DATA("bars of every kind of contract and of other sizes")
async def other_bars(s: Session) -> str:
    counts = {}
    for name, span, size, what in (
        ("ES", "2 D", "1 hour", "TRADES"),
        ("EUR", "3600 S", "1 min", "MIDPOINT"),
        ("index", "5 D", "1 day", "TRADES"),
        ("call", "2 D", "30 mins", "TRADES"),
        ("MSFT", "1 Y", "1 week", "TRADES"),
        ("MSFT", "1 M", "1 day", "TRADES"),
        ("SPY", "300 S", "5 secs", "TRADES"),
    ):
        ask = s.ib.reqHistoricalDataAsync(s.contract(name), "", span, size, what, False)
        bars = await s.answer(ask, f"{size} of {name}")
        check(bars, f"no bars of {size} of {name}: {s.seen[-1:]}")
        sane_bars(list(bars), f"{size} of {name}")
        check(all(a.date < b.date for a, b in pairwise(bars)), f"dates of {size} of {name}")
        counts[f"{name} {size}"] = len(bars)
    check(40 <= counts["MSFT 1 week"] <= 54, f"{counts['MSFT 1 week']} weeks in a year")
    return str(counts)


@DATA("bars up to a day long past")
async def past_bars(s: Session) -> str:
    end = (s.kept["started"] - dt.timedelta(days=30)).replace(microsecond=0)
    ask = s.ib.reqHistoricalDataAsync(
        s.contract("MSFT"), end, "2 D", "1 hour", "TRADES", False, formatDate=2
    )
    bars = await s.answer(ask, "bars of the past")
    check(bars, "no bars")
    check(bars[-1].date <= end, f"{bars[-1].date} is after {end}")
    check(bars[0].date >= end - dt.timedelta(days=5), f"{bars[0].date} is long before {end}")
    return f"{bars[0].date} to {bars[-1].date}"


@DATA("generic ticks")
async def generic_ticks(s: Session) -> str:
    contract = s.contract("MSFT")
    ticker = s.ib.reqMktData(contract, "100,101,104,106,165,221,233,236,258,293,294,295,411,456")
    await s.until(ticker.hasBidAsk, "bid and ask")
    await asyncio.sleep(0.5)
    s.ib.cancelMktData(contract)
    bad = s.lib.Contract(conId=s.contract("higher call").conId, exchange="SMART")
    with s.expecting(321) as errors:
        s.ib.reqMktData(bad, "nonsense")
        await asyncio.sleep(0.3)
        if errors:
            s.ib.wrapper.endTicker(s.ib.ticker(bad), "mktData")
    if not errors:
        s.ib.cancelMktData(bad)
    return f"MSFT {ticker.bid}/{ticker.ask}"


@DATA("what is not served is answered all the same")
async def not_served(s: Session) -> str:
    """A result or an error; never silence. (ib_async waits on after 321, a warning to it.)"""
    lib, ib = s.lib, s.ib
    contract = s.contract("AAPL")
    asked: dict[str, Any] = {
        "fundamental data": ib.reqFundamentalDataAsync(contract, "ReportSnapshot"),
        "histogram": ib.reqHistogramDataAsync(contract, True, "3 days"),
        "news": ib.reqHistoricalNewsAsync(contract.conId, "BRFG", "", "", 10),
        "article": ib.reqNewsArticleAsync("BRFG", "BRFG$1"),
        "smart components": ib.reqSmartComponentsAsync("9c0001"),
        "user": ib.reqUserInfoAsync(),
        "scanner": ib.reqScannerDataAsync(
            lib.ScannerSubscription(
                instrument="STK", locationCode="STK.US", scanCode="TOP_PERC_GAIN"
            )
        ),
        "schedule": ib.reqHistoricalScheduleAsync(contract, 5),
        "scanner parameters": ib.reqScannerParametersAsync(),
        "news providers": ib.reqNewsProvidersAsync(),
    }
    start = len(s.seen)
    tasks = {what: asyncio.ensure_future(awaited) for what, awaited in asked.items()}
    await asyncio.wait(tasks.values(), timeout=0.8)
    told = {
        what: type(task.result()).__name__ if task.done() else "silence"
        for what, task in tasks.items()
    }
    for task in tasks.values():
        task.cancel()
    s.expected += s.seen[start:]
    silent = [what for what, found in told.items() if found == "silence"]
    said = [(seen.req_id, seen.code, seen.text[:60]) for seen in s.seen[start:]]
    check(len(silent) <= len(said), f"silence: {silent}, with codes {said}")
    return f"{told} {said}"


@DATA("client id 0 connects and binds manual orders")
async def client_zero(s: Session) -> str:
    other = Session(s.lib, replace(s.options, client_id=0))
    host, port = s.options.host, s.options.port
    await other.ib.connectAsync(host, port, clientId=0, timeout=5)
    await asyncio.sleep(0.2)
    equal(other.unexpected(), [], "codes")
    other.ib.disconnect()
    return "connected"


@ORDERS("times in force: IOC, FOK, GTC, GTD")
async def times_in_force(s: Session) -> str:
    contract, ticker = s.contract("AAPL"), await s.quote("AAPL")
    far = rounded(ticker.bid * 0.5, 0.01)
    told = []
    for tif in ("IOC", "FOK"):
        with s.expecting(202, 201, 10349):
            track = await s.place(contract, s.lib.LimitOrder("BUY", 3, far, tif=tif))
            await s.reaches(track, "Cancelled")
            await asyncio.sleep(0.1)
        equal(track.trade.fills, [], f"executions of {tif}")
        limit = rounded(ticker.ask * 1.02, 0.01)
        track = await s.place(contract, s.lib.LimitOrder("BUY", 3, limit, tif=tif))
        await s.filled(track)
        s.check_fill(track, 3)
        told.append(f"{tif} {track.statuses}")
    later = (s.kept["started"] + dt.timedelta(days=3)).strftime("%Y%m%d %H:%M:%S UTC")
    for tif, parts in (("GTC", {}), ("GTD", {"goodTillDate": later})):
        order = s.lib.LimitOrder("BUY", 3, far, tif=tif, **parts)
        track = await s.place(contract, order)
        await s.stays(track, "Submitted", 0.1)
        rows = await s.answer(s.ib.reqAllOpenOrdersAsync(), "open orders")
        found = {trade.order.permId: trade.order for trade in rows}
        equal(found[track.trade.order.permId].tif, tif, "tif")
        await s.cancel(track)
        told.append(f"{tif} {track.statuses}")
    back = await s.place(contract, s.lib.MarketOrder("SELL", 6))
    await s.filled(back)
    return ", ".join(told)


@ORDERS("conditions hold an order until they are met")
async def conditions(s: Session) -> str:
    contract, ticker = s.contract("AAPL"), await s.quote("AAPL")
    order = s.lib.MarketOrder("BUY", 4)
    order.conditions = [
        s.lib.PriceCondition(
            conId=contract.conId, exch="SMART", isMore=True, price=rounded(ticker.ask * 1.5, 0.01)
        )
    ]
    track = await s.place(contract, order)
    await s.stays(track, "PreSubmitted", 0.4)
    with s.expecting(202):
        s.ib.cancelOrder(order)
        await s.reaches(track, "Cancelled")
    order = s.lib.MarketOrder("BUY", 4)
    order.conditions = [
        s.lib.PriceCondition(
            conId=contract.conId, exch="SMART", isMore=True, price=rounded(ticker.bid * 0.5, 0.01)
        )
    ]
    track = await s.place(contract, order)
    await s.filled(track, 15)
    s.check_fill(track, 4)
    back = await s.place(contract, s.lib.MarketOrder("SELL", 4))
    await s.filled(back)
    return str(track.statuses)


@ORDERS("an adaptive algo, and market and limit if touched")
async def other_kinds(s: Session) -> str:
    contract, ticker = s.contract("AAPL"), await s.quote("AAPL")
    algo = s.lib.LimitOrder("BUY", 5, rounded(ticker.ask * 1.02, 0.01))
    algo.algoStrategy = "Adaptive"
    algo.algoParams = [s.lib.TagValue("adaptivePriority", "Normal")]
    track = await s.place(contract, algo)
    await s.filled(track, 15)
    s.check_fill(track, 5)
    touched = s.lib.Order(
        action="SELL",
        orderType="MIT",
        totalQuantity=5,
        auxPrice=rounded(ticker.bid * 1.5, 0.01),
    )
    mit = await s.place(contract, touched)
    await s.stays(mit, "PreSubmitted", 0.2)
    touched.auxPrice = rounded(ticker.bid * 0.9, 0.01)
    s.ib.placeOrder(contract, touched)
    await s.filled(mit, 15)
    return f"{track.statuses} {mit.statuses}"


@ORDERS("quotes of a combo, or a word that there are none")
async def combo_quotes(s: Session) -> str:
    low, high = await spread_quote(s)
    bag = vertical(s)
    start = len(s.seen)
    ticker = s.ib.reqMktData(bag, "", False, False)

    def quoted() -> bool:
        return not math.isnan(ticker.bid) and not math.isnan(ticker.ask)

    await s.until(lambda: quoted() or len(s.seen) > start, "bid and ask, or a refusal")
    s.expected += [seen for seen in s.seen[start:] if seen.code in (321, 354)]
    if not quoted():
        return s.seen[start].text
    near(ticker.bid, low, 0.3, "bid against the legs")
    near(ticker.ask, high, 0.3, "ask against the legs")
    s.ib.cancelMktData(bag)
    return f"{ticker.bid:.2f}/{ticker.ask:.2f}"
