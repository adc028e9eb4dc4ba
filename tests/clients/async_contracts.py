"""Steps of ib_insync and ib_async: what is listed, and how it is found."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from async_session import Session
from steps import Steps, check, equal

STEPS = Steps()


async def one(s: Session, name: str, asked: object) -> object:
    """The details of a contract that must be unique; kept under its name."""
    rows = await s.answer(s.ib.reqContractDetailsAsync(asked), f"details of {name}")
    check(len(rows) == 1, f"{len(rows)} contracts for {asked}: {[r.contract for r in rows[:4]]}")
    details = rows[0]
    contract = details.contract
    check(contract.conId > 0, f"conId {contract.conId}")
    check(details.minTick > 0, f"minTick {details.minTick}")
    s.details[name] = details
    s.contracts[name] = contract
    return details


def check_hours(details: object) -> None:
    """Trading hours as TWS writes them, in a zone that exists."""
    ZoneInfo(details.timeZoneId)
    for hours in (details.tradingHours, details.liquidHours):
        days = [day for day in hours.split(";") if day]
        check(any("-" in day for day in days), f"no open day in {hours!r}")
        for day in days:
            if re.fullmatch(r"\d{8}:CLOSED", day):
                continue
            check(re.fullmatch(r"\d{8}:\d{4}-\d{8}:\d{4}", day), f"hours {day!r}")
            opens, closes = day.split("-")
            check(opens < closes, f"hours {day!r}")


@STEPS("details of a stock")
async def stock(s: Session) -> str:
    for symbol in ("AAPL", "MSFT", "SPY"):
        details = await one(s, symbol, s.lib.Stock(symbol, "SMART", "USD"))
        contract = details.contract
        equal((contract.symbol, contract.secType), (symbol, "STK"), "symbol and type")
        equal((contract.currency, contract.exchange), ("USD", "SMART"), "currency and exchange")
        check(contract.primaryExchange not in ("", "SMART"), f"{contract.primaryExchange!r}")
        check(contract.localSymbol, "no localSymbol")
        equal(details.minTick, 0.01, "minTick")
        equal(details.priceMagnifier, 1, "priceMagnifier")
        check(details.longName, "no longName")
        exchanges = details.validExchanges.split(",")
        check("SMART" in exchanges, f"validExchanges {exchanges}")
        rules = details.marketRuleIds.split(",")
        equal(len(rules), len(exchanges), "a market rule for each exchange")
        check({"LMT", "MKT", "STP"} <= set(details.orderTypes.split(",")), details.orderTypes)
        check_hours(details)
    return ", ".join(f"{n} {s.contracts[n].conId}" for n in ("AAPL", "MSFT", "SPY"))


@STEPS("details by con id alone")
async def by_con_id(s: Session) -> str:
    wanted = s.contract("AAPL")
    for asked in (
        s.lib.Contract(conId=wanted.conId),
        s.lib.Contract(conId=wanted.conId, exchange="SMART"),
    ):
        rows = await s.answer(s.ib.reqContractDetailsAsync(asked), "details by con id")
        equal([row.contract.conId for row in rows], [wanted.conId], "con ids")
        equal(rows[0].contract.symbol, "AAPL", "symbol")
    return str(wanted.conId)


@STEPS("qualify")
async def qualify(s: Session) -> str:
    contracts = [s.lib.Stock(name, "SMART", "USD") for name in ("AAPL", "MSFT")]
    found = await s.answer(s.ib.qualifyContractsAsync(*contracts), "qualify")
    equal(found, contracts, "qualified contracts")
    equal([c.conId for c in contracts], [s.contracts[n].conId for n in ("AAPL", "MSFT")], "con ids")
    return str([c.primaryExchange for c in contracts])


@STEPS("details of a future")
async def future(s: Session) -> str:
    rows = await s.answer(
        s.ib.reqContractDetailsAsync(s.lib.Future("ES", exchange="CME")), "details of ES"
    )
    check(len(rows) > 1, f"{len(rows)} months of ES")
    rows.sort(key=lambda row: row.contract.lastTradeDateOrContractMonth)
    dates = [row.contract.lastTradeDateOrContractMonth for row in rows]
    check(all(len(date) == 8 and date.isdigit() for date in dates), f"dates {dates}")
    equal(len(set(dates)), len(dates), "different months")
    for row in rows:
        contract = row.contract
        equal((contract.symbol, contract.secType, contract.currency), ("ES", "FUT", "USD"), "ES")
        equal((contract.multiplier, row.minTick), ("50", 0.25), "multiplier and tick")
        check(re.fullmatch(r"\d{6}", row.contractMonth), f"contractMonth {row.contractMonth!r}")
        check(row.underConId > 0 and row.underSymbol == "ES", f"under {row.underSymbol}")
        check(contract.localSymbol.startswith("ES"), contract.localSymbol)
    front = rows[0].contract
    asked = s.lib.Future("ES", dates[0], "CME")
    await one(s, "ES", asked)
    equal(s.contracts["ES"].conId, front.conId, "the month asked for")
    month = s.lib.Future("ES", dates[0][:6], "CME")
    rows = await s.answer(s.ib.reqContractDetailsAsync(month), "details of a month")
    equal([row.contract.conId for row in rows], [front.conId], "the month by its name")
    return f"{front.localSymbol} of {len(dates)}"


@STEPS("details of a currency pair")
async def forex(s: Session) -> str:
    details = await one(s, "EUR", s.lib.Forex("EURUSD"))
    contract = details.contract
    equal((contract.symbol, contract.currency), ("EUR", "USD"), "pair")
    equal((contract.secType, contract.exchange), ("CASH", "IDEALPRO"), "type and exchange")
    equal(contract.localSymbol, "EUR.USD", "localSymbol")
    check(details.minTick in (0.00005, 0.00001), f"minTick {details.minTick}")
    return str(contract.conId)


@STEPS("details of an index")
async def index(s: Session) -> str:
    with s.expecting(200):
        for symbol in ("SPX", "VIX", "NDX"):
            asked = s.lib.Index(symbol, "CBOE" if symbol != "NDX" else "NASDAQ")
            if await s.answer(s.ib.reqContractDetailsAsync(asked), f"details of {symbol}"):
                break
    details = await one(s, "index", asked)
    equal((details.contract.symbol, details.contract.secType), (symbol, "IND"), "index")
    return f"{symbol} {details.contract.conId}"


@STEPS("an unknown contract: 200 and no answer")
async def unknown(s: Session) -> str:
    with s.expecting(200) as errors:
        asked = s.lib.Stock("NOSUCHTHING", "SMART", "USD")
        rows = await s.answer(s.ib.reqContractDetailsAsync(asked), "details of nothing")
    equal(list(rows), [], "details")
    equal(len(errors), 1, "errors 200")
    with s.expecting(200):
        found = await s.answer(s.ib.qualifyContractsAsync(asked), "qualify nothing")
    check(found in ([], [None]), f"qualified {found}")
    return errors[0].text


@STEPS("matching symbols")
async def matching(s: Session) -> str:
    found = await s.answer(s.ib.reqMatchingSymbolsAsync("AAP"), "matching symbols")
    con_ids = [row.contract.conId for row in found]
    check(s.contract("AAPL").conId in con_ids, f"AAPL is not among {con_ids}")
    found = await s.answer(s.ib.reqMatchingSymbolsAsync("SPY"), "matching symbols")
    spy = [row for row in found if row.contract.conId == s.contract("SPY").conId]
    check(spy, "SPY does not match SPY")
    equal((spy[0].contract.secType, spy[0].contract.currency), ("STK", "USD"), "SPY")
    check("OPT" in spy[0].derivativeSecTypes, f"derivatives {spy[0].derivativeSecTypes}")
    none = await s.answer(s.ib.reqMatchingSymbolsAsync("ZZZZZZ"), "matching nothing")
    check(not none, f"matches of nothing: {none}")
    return f"{len(found)} for SPY"


@STEPS("a market rule")
async def market_rule(s: Session) -> str:
    rule = int(s.details["AAPL"].marketRuleIds.split(",")[0])
    steps = await s.answer(s.ib.reqMarketRuleAsync(rule), "market rule")
    check(steps, f"no rule {rule}")
    equal(steps[0].lowEdge, 0, "the first low edge")
    edges = [row.lowEdge for row in steps]
    equal(sorted(set(edges)), edges, "rising edges")
    check(all(row.increment > 0 for row in steps), str(steps))
    check(any(row.increment == 0.01 for row in steps), f"AAPL's tick is not in {steps}")
    return f"{rule}: {len(steps)} bands"


@STEPS("option chain parameters")
async def chain(s: Session) -> str:
    spy = s.contract("SPY")
    chains = await s.answer(
        s.ib.reqSecDefOptParamsAsync("SPY", "", "STK", spy.conId), "option chain"
    )
    smart = [row for row in chains if row.exchange == "SMART" and row.tradingClass == "SPY"]
    check(len(smart) == 1, f"{len(smart)} chains on SMART among {[c.exchange for c in chains]}")
    found = smart[0]
    equal(found.multiplier, "100", "multiplier")
    equal(int(found.underlyingConId), spy.conId, "underlying")
    expirations, strikes = sorted(found.expirations), sorted(found.strikes)
    check(len(expirations) > 1 and len(strikes) > 10, f"{expirations} {strikes}")
    check(all(len(day) == 8 and day.isdigit() for day in expirations), str(expirations))
    today = s.kept["started"].strftime("%Y%m%d")
    check(expirations[0] >= today, f"expired {expirations[0]}, today is {today}")
    bars = await s.answer(
        s.ib.reqHistoricalDataAsync(spy, "", "2 D", "1 day", "TRADES", True), "history of SPY"
    )
    check(bars, "no history of SPY")
    spot = bars[-1].close
    check(strikes[0] < spot < strikes[-1], f"SPY at {spot}, strikes {strikes[0]}..{strikes[-1]}")
    month = (s.kept["started"] + dt.timedelta(days=25)).strftime("%Y%m%d")
    later = [day for day in expirations if day >= month] or expirations[-1:]
    s.kept["expiry"] = later[0]
    s.kept["strikes"] = sorted(strikes, key=lambda strike: abs(strike - spot))
    return f"{len(expirations)} expirations, {len(strikes)} strikes, SPY at {spot}"


@STEPS("details of an option")
async def option(s: Session) -> str:
    day, strikes = s.kept["expiry"], s.kept["strikes"]
    near, above = strikes[0], min(k for k in strikes if k >= strikes[0] + 5)
    for name, strike, right in (
        ("call", near, "C"),
        ("put", near, "P"),
        ("higher call", above, "C"),
    ):
        asked = s.lib.Option("SPY", day, strike, right, "SMART")
        details = await one(s, name, asked)
        contract = details.contract
        equal((contract.symbol, contract.secType), ("SPY", "OPT"), "symbol and type")
        equal(contract.lastTradeDateOrContractMonth, day, "expiry")
        equal((contract.strike, contract.right), (strike, right), "strike and right")
        equal((contract.multiplier, contract.tradingClass), ("100", "SPY"), "multiplier, class")
        equal(contract.currency, "USD", "currency")
        equal(details.underConId, s.contract("SPY").conId, "underConId")
        equal((details.underSymbol, details.underSecType), ("SPY", "STK"), "underlying")
        equal(details.contractMonth, day[:6], "contractMonth")
        equal(details.realExpirationDate, day, "realExpirationDate")
        check(f"{int(strike * 1000):08d}" in contract.localSymbol, contract.localSymbol)
        check(right in contract.localSymbol.replace("SPY", ""), contract.localSymbol)
    check(len({s.contracts[n].conId for n in ("call", "put", "higher call")}) == 3, "con ids")
    return s.contracts["call"].localSymbol


@STEPS("an ambiguous option: all of them")
async def ambiguous(s: Session) -> str:
    day, strike = s.kept["expiry"], s.kept["strikes"][0]
    both = s.lib.Option("SPY", day, strike, "", "SMART")
    rows = await s.answer(s.ib.reqContractDetailsAsync(both), "details without a right")
    wanted = {s.contracts["call"].conId, s.contracts["put"].conId}
    equal({row.contract.conId for row in rows}, wanted, "call and put")
    calls = s.lib.Option("SPY", day, 0.0, "C", "SMART")
    rows = await s.answer(s.ib.reqContractDetailsAsync(calls), "details without a strike")
    check(len(rows) > 10, f"{len(rows)} calls of one day")
    equal({row.contract.right for row in rows}, {"C"}, "rights")
    equal({row.contract.lastTradeDateOrContractMonth for row in rows}, {day}, "days")
    found = await s.answer(s.ib.qualifyContractsAsync(both), "qualify")
    check(found in ([], [None]), f"an ambiguous contract was qualified: {found}")
    by_id = s.lib.Contract(conId=s.contracts["put"].conId)
    rows = await s.answer(s.ib.reqContractDetailsAsync(by_id), "an option by con id")
    equal([row.contract.localSymbol for row in rows], [s.contracts["put"].localSymbol], "option")
    return f"{len(rows)} by con id"
