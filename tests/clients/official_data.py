"""Steps of the official client: coming, contracts, bars, quotes, depth, single ticks, leaving."""

from __future__ import annotations

import re
import time
from decimal import Decimal
from itertools import pairwise

import official
from official import Session, contract, stock
from steps import Steps, check, equal, near, on_tick

COMING = Steps()
CONTRACTS = Steps()
DATA = Steps()
LATER = Steps()
LEAVING = Steps()


def go(s: Session) -> None:
    """Connect, and wait for accounts and the first id."""
    since = s.mark
    s.app.go(s.options.host, s.options.port, s.options.client_id)
    s.next_id = int(s.wait("nextValidId", since=since)[0])
    accounts = s.wait("managedAccounts", since=since)[0]
    s.account = accounts.split(",")[0]


@COMING("connect: accounts, first id, notices")
def connect(s: Session) -> str:
    go(s)
    check(s.app.isConnected(), "not connected")
    equal(s.app.serverVersion(), official.VERSION, "server version")
    accounts = s.found("managedAccounts")[0][0].split(",")
    equal(len([name for name in accounts if name]), s.options.accounts, "number of accounts")
    check(s.next_id > 0, f"next id {s.next_id}")
    s.until(lambda: {t[1] for t in s.found("error")} & official.NOTICES, "a notice", 2)
    check(all(t[0] == -1 for t in s.found("error")), str([t.values for t in s.found("error")]))
    return f"version {s.app.serverVersion()}, {accounts}, next id {s.next_id}"


@COMING("ids, accounts, time on demand")
def on_demand(s: Session) -> str:
    since = s.mark
    s.app.reqIds(1)
    again = int(s.wait("nextValidId", since=since)[0])
    check(again >= s.next_id, f"{again} after {s.next_id}")
    s.next_id = again
    s.app.reqManagedAccts()
    s.wait("managedAccounts", since=since)
    s.app.reqCurrentTime()
    now = int(s.wait("currentTime", since=since)[0])
    check(now > 1_000_000_000, f"time {now}")
    s.kept["started"] = now
    return str(now)


@COMING("nothing is left of earlier sessions")
def swept(s: Session) -> str:
    with s.expecting(202):
        s.global_cancel()
        for _ in range(40):
            since = s.mark
            s.app.reqAllOpenOrders()
            s.wait("openOrderEnd", since=since)
            left = s.found("openOrder", since=since)
            if not left:
                break
            time.sleep(0.05)
    equal([told[0] for told in left], [], "open orders after a global cancel")
    return "no open orders"


def details(s: Session, asked: object) -> list[object]:
    rows = s.ask(
        lambda req_id: s.app.reqContractDetails(req_id, asked),
        "contractDetails",
        "contractDetailsEnd",
    )
    return [told[1] for told in rows]


def one(s: Session, name: str, asked: object) -> object:
    rows = details(s, asked)
    check(len(rows) == 1, f"{len(rows)} contracts for {name}")
    found = rows[0]
    check(found.contract.conId > 0 and found.minTick > 0, f"{found}")
    s.details[name], s.contracts[name] = found, found.contract
    return found


@CONTRACTS("details of stocks")
def stocks(s: Session) -> str:
    for symbol in ("AAPL", "MSFT", "SPY"):
        found = one(s, symbol, stock(symbol))
        made = found.contract
        equal((made.symbol, made.secType, made.currency), (symbol, "STK", "USD"), "contract")
        equal((made.exchange, found.minTick), ("SMART", 0.01), "exchange and tick")
        check(found.longName and made.primaryExchange, f"{found}")
        exchanges, rules = found.validExchanges.split(","), found.marketRuleIds.split(",")
        equal(len(rules), len(exchanges), "a market rule for each exchange")
    again = details(s, contract(conId=s.contract("AAPL").conId))
    equal([row.contract.symbol for row in again], ["AAPL"], "by con id")
    return str({name: made.conId for name, made in s.contracts.items()})


@CONTRACTS("details of a future, a pair and an index")
def others(s: Session) -> str:
    months = details(s, contract(symbol="ES", secType="FUT", exchange="CME"))
    check(len(months) > 1, f"{len(months)} months of ES")
    months.sort(key=lambda row: row.contract.lastTradeDateOrContractMonth)
    for row in months:
        check(re.fullmatch(r"\d{8}", row.contract.lastTradeDateOrContractMonth), f"{row}")
        equal((row.contract.multiplier, row.minTick), ("50", 0.25), "multiplier and tick")
    one(s, "ES", contract(conId=months[0].contract.conId, exchange="CME"))
    pair = contract(symbol="EUR", secType="CASH", exchange="IDEALPRO", currency="USD")
    found = one(s, "EUR", pair)
    equal(found.contract.localSymbol, "EUR.USD", "localSymbol")
    with s.expecting(200):
        for symbol, exchange in (("SPX", "CBOE"), ("VIX", "CBOE"), ("NDX", "NASDAQ")):
            rows = details(s, contract(symbol=symbol, secType="IND", exchange=exchange))
            if rows:
                break
    equal([row.contract.secType for row in rows], ["IND"], "an index")
    return f"{months[0].contract.localSymbol}, {symbol}"


@CONTRACTS("an unknown contract: 200 and no end")
def unknown(s: Session) -> str:
    since, req_id = s.mark, s.request()
    s.app.reqContractDetails(req_id, stock("NOSUCHTHING"))
    seen = s.refused(req_id, 200, since=since)
    time.sleep(0.2)
    equal(s.found("contractDetailsEnd", req_id), [], "ends")
    return seen[2]


@CONTRACTS("matching symbols, market rule")
def matching(s: Session) -> str:
    req_id = s.request()
    s.app.reqMatchingSymbols(req_id, "SPY")
    rows = s.wait("symbolSamples", req_id)[1]
    spy = [row for row in rows if row.contract.conId == s.contract("SPY").conId]
    check(spy and "OPT" in spy[0].derivativeSecTypes, f"{[r.contract.symbol for r in rows]}")
    rule = int(s.details["AAPL"].marketRuleIds.split(",")[0])
    s.app.reqMarketRule(rule)
    steps = s.wait("marketRule", rule)[1]
    check(steps[0].lowEdge == 0 and any(row.increment == 0.01 for row in steps), f"{steps}")
    return f"{len(rows)} symbols"


@CONTRACTS("option chain, an option, an ambiguous option")
def chain(s: Session) -> str:
    spy = s.contract("SPY")
    rows = s.ask(
        lambda req_id: s.app.reqSecDefOptParams(req_id, "SPY", "", "STK", spy.conId),
        "securityDefinitionOptionParameter",
        "securityDefinitionOptionParameterEnd",
    )
    found = [told for told in rows if told[1] == "SMART" and told[3] == "SPY"]
    equal(len(found), 1, "chains on SMART")
    _, _, under, _, multiplier, days, strikes = found[0].values
    equal((under, multiplier), (spy.conId, "100"), "underlying and multiplier")
    bid = s.bid("SPY")
    strikes = sorted(strikes, key=lambda strike: abs(strike - bid))
    month = time.strftime("%Y%m%d", time.gmtime(s.kept["started"] + 25 * 86_400))
    day = min([day for day in days if day >= month] or [max(days)])
    near_by, above = strikes[0], min(k for k in strikes if k >= strikes[0] + 5)
    parts = {"symbol": "SPY", "secType": "OPT", "exchange": "SMART", "currency": "USD"}
    for name, strike, right in (
        ("call", near_by, "C"),
        ("put", near_by, "P"),
        ("higher call", above, "C"),
    ):
        asked = contract(lastTradeDateOrContractMonth=day, strike=strike, right=right, **parts)
        made = one(s, name, asked).contract
        equal((made.strike, made.right, made.multiplier), (strike, right, "100"), "option")
        equal(made.lastTradeDateOrContractMonth, day, "expiry")
    both = details(s, contract(lastTradeDateOrContractMonth=day, strike=near_by, **parts))
    wanted = {s.contracts["call"].conId, s.contracts["put"].conId}
    equal({row.contract.conId for row in both}, wanted, "call and put")
    calls = details(s, contract(lastTradeDateOrContractMonth=day, right="C", **parts))
    check(len(calls) > 10, f"{len(calls)} calls of one day")
    return f"{s.contracts['call'].localSymbol} of {len(calls)}"


def history(s: Session, name: str, span: str, size: str, what: str = "TRADES") -> list[object]:
    made = s.contract(name)
    rows = s.ask(
        lambda req_id: s.app.reqHistoricalData(req_id, made, "", span, size, what, 1, 1, False, []),
        "historicalData",
        "historicalDataEnd",
    )
    bars = [told[1] for told in rows]
    check(bars, f"no bars of {size} of {what} of {name}")
    check(all(a.date < b.date for a, b in pairwise(bars)), f"dates {bars[0].date}")
    for bar in bars:
        check(0 < bar.low <= min(bar.open, bar.close), f"{bar}")
        check(max(bar.open, bar.close) <= bar.high, f"{bar}")
    return bars


@DATA("history: daily, of 5 minutes, bid and ask, a bad size")
def bars(s: Session) -> str:
    daily = history(s, "AAPL", "15 D", "1 day")
    check(all(re.fullmatch(r"\d{8}", bar.date) for bar in daily), daily[0].date)
    check(all(bar.volume > 0 for bar in daily), "a day without volume")
    zoned = r"\d{8} \d\d:\d\d:\d\d \S+" if official.NEWER else r"\d{8}  \d\d:\d\d:\d\d"
    fine = history(s, "AAPL", "1 D", "5 mins")
    check(all(re.fullmatch(zoned, bar.date) for bar in fine), f"date {fine[0].date!r}")
    check(all(int(bar.date.split()[1][3:5]) % 5 == 0 for bar in fine), fine[0].date)
    quoted = history(s, "AAPL", "1 D", "5 mins", "BID_ASK")
    check(all(bar.open <= bar.close for bar in quoted), "average bid above average ask")
    req_id, since = s.request(), s.mark
    made = s.contract("AAPL")
    s.app.reqHistoricalData(req_id, made, "", "1 D", "7 mins", "TRADES", 1, 1, False, [])
    seen = s.refused(req_id, 162, 321, since=since)
    req_id = s.request()
    s.app.reqHeadTimeStamp(req_id, made, "TRADES", 1, 1)
    head = s.wait("headTimestamp", req_id)[1]
    check(head[:8] <= daily[0].date, f"head {head}")
    s.app.cancelHeadTimeStamp(req_id)
    return f"{len(daily)}, {len(fine)}, {len(quoted)} bars; {seen[1]}"


@DATA("quotes in a stream")
def stream(s: Session) -> str:
    s.app.reqMarketDataType(1)
    req_id = s.stream("AAPL")
    bid, ask = s.bid("AAPL"), s.ask_price("AAPL")
    check(0 < bid < ask, f"{bid} {ask}")
    for kind in (4, 9):
        s.until(lambda kind=kind: s.price(req_id, kind) > 0, f"tick {kind}")
    s.wait("tickSize", req_id, 8)
    equal(s.wait("marketDataType", req_id)[1], 1, "market data type")
    params = s.wait("tickReqParams", req_id)
    equal(params[1], 0.01, "minTick")
    first = s.found("tickPrice", req_id)[0]
    check(params.place < first.place, "prices before their parameters")
    for told in s.found("tickPrice", req_id):
        if told[1] in (1, 2, 4):
            check(on_tick(told[2], 0.01), f"price {told[2]}")
    for kind in (0, 3, 5):
        size = s.wait("tickSize", req_id, kind)[2]
        check(size > 0 and isinstance(size, Decimal if official.NEWER else int), f"size {size!r}")

    def told() -> int:
        return len(s.found("tickPrice", req_id)) + len(s.found("tickSize", req_id))

    count = told()
    s.until(lambda: told() > count + 2, "further ticks", 15)
    return f"{bid}/{ask}"


@DATA("a snapshot, delayed and frozen quotes")
def kinds_of_data(s: Session) -> str:
    req_id = s.request()
    s.app.reqMktData(req_id, s.contract("MSFT"), "", True, False, [])
    s.wait("tickSnapshotEnd", req_id, seconds=12)
    check(0 < s.price(req_id, 1) < s.price(req_id, 2), "bid and ask of the snapshot")
    found = {}
    for asked, allowed, kinds in ((3, {3}, (66, 67)), (2, {1, 2}, (1, 2)), (4, {3, 4}, (66, 67))):
        s.app.reqMarketDataType(asked)
        req_id = s.request()
        since = s.mark
        s.app.reqMktData(req_id, s.contract("MSFT"), "", False, False, [])
        for kind in kinds:
            s.until(lambda r=req_id, k=kind: s.price(r, k) > 0, f"tick {kind} of type {asked}")
        told = s.wait("marketDataType", req_id, since=since)
        check(told[1] in allowed, f"type {told[1]}, asked {asked}")
        s.app.cancelMktData(req_id)
        found[asked] = told[1]
    s.app.reqMarketDataType(1)
    s.expected |= {(t[0], t[1]) for t in s.found("error") if t[1] == 10167}
    return str(found)


@DATA("Greeks of an option, and its price and volatility on demand")
def greeks(s: Session) -> str:
    req_id = s.stream("call")
    model = s.wait("tickOptionComputation", req_id, 13).values
    _, _, _, volatility, delta, price, _, gamma, vega, theta, under = model
    check(0.01 < volatility < 3 and 0.2 < delta < 0.8, f"{model}")
    check(gamma > 0 and vega > 0 and theta < 0, f"{model}")
    near(under, s.bid("SPY"), 0.02 * under, "price of the underlying")
    made = s.contract("call")
    req_id = s.request()
    s.app.calculateOptionPrice(req_id, made, volatility, under, [])
    priced = s.wait("tickOptionComputation", req_id, 53).values
    near(priced[5], price, 0.1 + 0.02 * price, "price on demand")
    req_id = s.request()
    s.app.calculateImpliedVolatility(req_id, made, priced[5], under, [])
    implied = s.wait("tickOptionComputation", req_id, 53).values
    near(implied[3], volatility, 0.01, "volatility on demand")
    return f"iv {volatility:.3f}, delta {delta:.3f}, {price:.2f}"


@DATA("depth of book")
def depth(s: Session) -> str:
    s.app.reqMktDepthExchanges()
    check(s.wait("mktDepthExchanges")[0], "no exchange with depth")
    req_id = s.request()
    s.app.reqMktDepth(req_id, s.contract("AAPL"), 5, True, [])

    def rows() -> tuple[list[float], list[float]]:
        books: dict[int, list[float]] = {0: [], 1: []}
        level_two = s.found("updateMktDepthL2", req_id)
        for told in level_two or s.found("updateMktDepth", req_id):
            values = (*told.values[:2], *told.values[3:]) if level_two else told.values
            _, place, operation, side, price = values[:5]
            book = books[side]
            check(place <= len(book) - (operation > 0), f"row {place} of {len(book)}: {told}")
            if operation == 0:
                book.insert(place, price)
            elif operation == 1:
                book[place] = price
            else:
                del book[place]
        return books[1], books[0]

    s.until(lambda: min(map(len, rows())) >= 2, "two levels")
    time.sleep(0.5)
    bids, asks = rows()
    equal(sorted(bids, reverse=True), bids, "bids")
    equal(sorted(asks), asks, "asks")
    check(bids[0] < asks[0] and max(len(bids), len(asks)) <= 5, f"{bids} {asks}")
    s.app.cancelMktDepth(req_id, True)
    return f"{len(bids)} and {len(asks)} rows"


@DATA("tick by tick, and ticks of the past")
def ticks(s: Session) -> str:
    counts = {}
    for kind, name in (
        ("Last", "tickByTickAllLast"),
        ("AllLast", "tickByTickAllLast"),
        ("BidAsk", "tickByTickBidAsk"),
        ("MidPoint", "tickByTickMidPoint"),
    ):
        req_id = s.request()
        s.app.reqTickByTickData(req_id, s.contract("SPY"), kind, 0, False)
        s.until(lambda r=req_id, n=name: len(s.found(n, r)) >= 2, f"two ticks of {kind}", 15)
        s.app.cancelTickByTickData(req_id)
        rows = s.found(name, req_id)
        if kind == "BidAsk":
            check(all(0 < row[2] < row[3] and row[4] > 0 for row in rows), f"{rows[0]}")
        counts[kind] = len(rows)
    since = time.strftime("%Y%m%d-%H:%M:%S", time.gmtime(s.kept["started"] - 3600))
    for what, name in (("TRADES", "historicalTicksLast"), ("BID_ASK", "historicalTicksBidAsk")):
        req_id = s.request()
        s.app.reqHistoricalTicks(req_id, s.contract("AAPL"), since, "", 20, what, 0, False, [])
        s.until(lambda r=req_id, n=name: any(t[2] for t in s.found(n, r)), f"ticks of {what}")
        found = [tick for told in s.found(name, req_id) for tick in told[1]]
        check(found and all(a.time <= b.time for a, b in pairwise(found)), f"{what} {found[:1]}")
        counts[what] = len(found)
    return str(counts)


@LATER("live bars are asked for")
def live_bars(s: Session) -> str:
    kept, five = s.request(), s.request()
    made = s.contract("AAPL")
    s.app.reqHistoricalData(kept, made, "", "900 S", "5 secs", "TRADES", 0, 1, True, [])
    s.wait("historicalDataEnd", kept)
    check(s.found("historicalData", kept), "the first list is empty")
    s.app.reqRealTimeBars(five, made, 5, "TRADES", False, [])
    s.kept |= {"kept": kept, "five": five}
    return f"{len(s.found('historicalData', kept))} bars"


@LATER("bars kept up to date, and of 5 seconds")
def later_bars(s: Session) -> str:
    kept, five = s.kept["kept"], s.kept["five"]
    s.until(lambda: len(s.found("historicalDataUpdate", kept)) >= 3, "three updates", 12)
    s.until(lambda: len(s.found("realtimeBar", five)) >= 3, "three bars", 20)
    last = s.found("historicalData", kept)[-1][1].date
    dates = [told[1].date for told in s.found("historicalDataUpdate", kept)]
    equal(sorted(dates), dates, "dates of the updates")
    check(dates[0] >= last and len(dates[0]) == len(last), f"{last!r}, then {dates[0]!r}")
    for told in s.found("historicalDataUpdate", kept):
        bar = told[1]
        check(0 < bar.low <= min(bar.open, bar.close), f"{bar}")
        check(max(bar.open, bar.close) <= bar.high, f"{bar}")
    times = [told[1] for told in s.found("realtimeBar", five)]
    check(all(t % 5 == 0 for t in times) and all(a < b for a, b in pairwise(times)), f"{times}")
    s.app.cancelHistoricalData(kept)
    s.app.cancelRealTimeBars(five)
    for req_id in s.streams.values():
        s.app.cancelMktData(req_id)
    s.streams.clear()
    since = s.mark
    s.app.reqCurrentTime()
    s.wait("currentTime", since=since)
    mark = s.mark
    time.sleep(0.4)
    late = {told.name for told in s.app.told[mark:]}
    check(
        not late & {"historicalDataUpdate", "realtimeBar", "tickPrice", "tickSize"},
        f"after the cancels: {late}",
    )
    return f"{len(dates)} updates, {len(times)} bars"


@LEAVING("a client id in use: 326, and the newcomer is closed")
def id_in_use(s: Session) -> str:
    other = official.App(s.mishaps)
    other.go(s.options.host, s.options.port, s.options.client_id)

    def codes() -> list[tuple[int, int]]:
        return [(told[0], told[1]) for told in other.told if told.name == "error"]

    end = time.monotonic() + 4
    while time.monotonic() < end and ((-1, 326) not in codes() or other.isConnected()):
        time.sleep(0.02)
    check((-1, 326) in codes(), f"codes {codes()}")
    check(not other.isConnected(), "the second connection stays open")
    check(s.app.isConnected(), "the first client lost its connection")
    since = s.mark
    s.app.reqCurrentTime()
    s.wait("currentTime", since=since)
    return str(codes())


@LEAVING("disconnect")
def disconnect(s: Session) -> str:
    s.app.leave()
    check(not s.app.isConnected(), "still connected")
    other = official.App(s.mishaps)
    other.go(s.options.host, s.options.port, s.options.client_id)
    end = time.monotonic() + 4
    while time.monotonic() < end and not any(t.name == "nextValidId" for t in other.told):
        time.sleep(0.02)
    check(any(t.name == "nextValidId" for t in other.told), "the id is not free again")
    other.leave()
    return "the id was free at once"


@LEAVING("no code that no step asked for")
def no_other_codes(s: Session) -> str:
    left = s.unexpected()
    check(not left, f"{len(left)}: {left[:12]}")
    return f"{len(s.found('error'))} messages"


@LEAVING("the library read every message")
def nothing_misread(s: Session) -> str:
    lines = list(dict.fromkeys(s.mishaps.lines))
    check(not lines, f"{len(s.mishaps.lines)}: {lines[:8]}")
    return f"{len(s.app.told)} callbacks"
