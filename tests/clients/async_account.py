"""Steps of ib_insync and ib_async: several clients, executions, completed orders, the account."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from dataclasses import replace

from async_session import Session
from steps import Steps, check, equal, near, number, rounded

STEPS = Steps()
TWO_ACCOUNTS = Steps()

SUMMARY = {
    "AccountType",
    "NetLiquidation",
    "TotalCashValue",
    "SettledCash",
    "BuyingPower",
    "EquityWithLoanValue",
    "GrossPositionValue",
    "InitMarginReq",
    "MaintMarginReq",
    "AvailableFunds",
    "ExcessLiquidity",
    "Cushion",
}
"""Tags of the summary the library asks for that any account has."""


@STEPS("own open orders, and those of all clients")
async def open_orders(s: Session) -> str:
    other = Session(s.lib, replace(s.options, client_id=s.options.client_id + 50))
    s.kept["other"] = other
    await other.ib.connectAsync(
        s.options.host, s.options.port, clientId=other.options.client_id, timeout=8
    )
    other.account = s.account
    other.contracts, other.details = s.contracts, s.details
    ticker = await s.quote("AAPL")
    price = rounded(ticker.bid * 0.5, 0.01)
    mine = await s.place(s.contract("AAPL"), s.lib.LimitOrder("BUY", 1, price, orderRef="mine"))
    theirs = await other.place(
        s.contract("MSFT"), s.lib.LimitOrder("BUY", 2, rounded(price / 4, 0.01), orderRef="theirs")
    )
    await s.reaches(mine, "Submitted")
    await other.reaches(theirs, "Submitted")
    own = await s.answer(s.ib.reqOpenOrdersAsync(), "own open orders")
    equal([trade.order.permId for trade in own], [mine.trade.order.permId], "own open orders")
    rows = await s.answer(s.ib.reqAllOpenOrdersAsync(), "all open orders")
    found = {trade.order.permId: trade for trade in rows}
    wanted = {mine.trade.order.permId, theirs.trade.order.permId}
    equal(set(found), wanted, "all open orders")
    foreign = found[theirs.trade.order.permId]
    equal(foreign.order.clientId, other.options.client_id, "clientId of the other's order")
    equal(foreign.order.orderId, theirs.order_id, "orderId of the other's order")
    equal(foreign.order.orderRef, "theirs", "orderRef of the other's order")
    equal((foreign.order.action, foreign.order.totalQuantity), ("BUY", 2), "order")
    equal(foreign.contract.conId, s.contract("MSFT").conId, "contract")
    s.kept |= {"mine": mine, "theirs": theirs}
    return f"{len(own)} of {len(rows)}"


@STEPS("another client's order cannot be cancelled")
async def foreign_cancel(s: Session) -> str:
    theirs, other = s.kept["theirs"], s.kept["other"]
    own = [trade.order for trade in s.ib.trades()]
    own_ids = {order.orderId for order in own if order.clientId == s.options.client_id}
    foreign = theirs.order_id
    while foreign in own_ids:  # the same number may be an own order
        track = await other.place(
            s.contract("MSFT"), s.lib.LimitOrder("BUY", 2, theirs.trade.order.lmtPrice)
        )
        await other.reaches(track, "Submitted")
        foreign = track.order_id
        s.kept.setdefault("more", []).append(track)
    s.ib.client.cancelOrder(foreign)
    seen = await s.refused(foreign, 10147, 10148)
    await asyncio.sleep(0.2)
    equal(theirs.status, "Submitted", "status of the other's order")
    return seen.text


@STEPS("a global cancel: every client's orders")
async def global_cancel(s: Session) -> str:
    other = s.kept["other"]
    tracks = [(s, s.kept["mine"]), (other, s.kept["theirs"])]
    tracks += [(other, track) for track in s.kept.get("more", [])]
    with s.expecting(202), other.expecting(202):
        s.ib.reqGlobalCancel()
        for session, track in tracks:
            await session.reaches(track, "Cancelled")
        left = await s.answer(s.ib.reqAllOpenOrdersAsync(), "all open orders")
    equal(left, [], "open orders after a global cancel")
    check(not other.unexpected(), f"codes of the other client: {other.unexpected()}")
    check(not other.mishaps.lines, f"log of the other client: {other.mishaps.lines[:3]}")
    other.ib.disconnect()
    return f"{len(tracks)} orders"


@STEPS("executions, by filter")
async def executions(s: Session) -> str:
    lib = s.lib
    all_fills = await s.answer(s.ib.reqExecutionsAsync(), "executions")
    own = {fill.execution.execId: fill for fill in s.ib.fills()}
    found = {fill.execution.execId for fill in all_fills}
    missing = [exec_id for exec_id in own if exec_id not in found]
    check(not missing, f"{len(missing)} of {len(own)} executions are missing")

    async def count(filter_: object) -> list[object]:
        fills = await s.answer(s.ib.reqExecutionsAsync(filter_), "executions")
        check(all(fill.commissionReport is not None for fill in fills), "commissions")
        return fills

    bought = await count(lib.ExecutionFilter(symbol="AAPL", secType="STK", side="BUY"))
    check(bought, "no purchases of AAPL")
    equal({f.execution.side for f in bought}, {"BOT"}, "side")
    equal({f.contract.symbol for f in bought}, {"AAPL"}, "symbol")
    options = await count(lib.ExecutionFilter(secType="OPT"))
    equal({f.contract.secType for f in options}, {"OPT"}, "type")
    mine = await count(lib.ExecutionFilter(clientId=s.options.client_id))
    equal({f.execution.clientId for f in mine}, {s.options.client_id}, "client")
    account = await count(lib.ExecutionFilter(acctCode=s.account))
    equal({f.execution.acctNumber for f in account}, {s.account}, "account")
    now = await s.answer(s.ib.reqCurrentTimeAsync(), "current time")
    later = (now + dt.timedelta(hours=12)).strftime("%Y%m%d %H:%M:%S UTC")
    equal(await count(lib.ExecutionFilter(time=later)), [], "executions of the future")
    nothing = await count(lib.ExecutionFilter(symbol="NOSUCHTHING"))
    equal(nothing, [], "executions of nothing")
    own_times = [f.execution.time for f in all_fills if f.execution.execId in own]
    slack = dt.timedelta(seconds=2)
    check(
        all(s.kept["started"] - slack <= time <= now + slack for time in own_times),
        f"executions from {min(own_times)} to {max(own_times)}, session from "
        f"{s.kept['started']} to {now}",
    )
    return f"{len(all_fills)} in all, {len(bought)} purchases of AAPL, {len(options)} of options"


@STEPS("completed orders")
async def completed(s: Session) -> str:
    rows = await s.answer(s.ib.reqCompletedOrdersAsync(False), "completed orders")
    found = {trade.order.permId: trade for trade in rows}
    for name, status in (("bought", "Filled"), ("cancelled", "Cancelled")):
        track = s.kept[name]
        perm_id = track.trade.orderStatus.permId
        check(perm_id in found, f"the {name} order is not among {len(found)} completed ones")
        trade = found[perm_id]
        equal(trade.orderStatus.status, status, f"status of the {name} order")
        equal(trade.contract.conId, s.contract("AAPL").conId, "contract")
        equal(trade.order.action, "BUY", "action")
        equal(trade.order.orderRef, track.trade.order.orderRef, "orderRef")
        equal(trade.order.totalQuantity, track.trade.order.totalQuantity, "totalQuantity")
        filled = 100 if status == "Filled" else 0
        equal(trade.order.filledQuantity, filled, f"filledQuantity of the {name} order")
    return f"{len(rows)} orders"


@STEPS("account values")
async def account_values(s: Session) -> str:
    values = await s.values()
    tags = {tag for tag, _ in values}
    wanted = {"NetLiquidation", "BuyingPower", "AvailableFunds", "InitMarginReq", "CashBalance"}
    check(wanted <= tags, f"without {wanted - tags}")
    worth = number(values["NetLiquidation", "USD"], "NetLiquidation")
    check(worth > 0, f"NetLiquidation {worth}")
    currencies = {currency for tag, currency in values if tag == "CashBalance"}
    check({"USD", "BASE"} <= currencies, f"currencies of CashBalance {currencies}")
    check("EUR" in currencies, f"no balance in EUR after a trade in EUR.USD: {currencies}")
    stock = sum(
        row.marketValue for row in s.ib.portfolio(s.account) if row.contract.secType == "STK"
    )
    near(worth, await s.cash("BASE") + stock, 0.02 * worth, "NetLiquidation against its parts")
    return f"NetLiquidation {worth}, currencies {sorted(currencies)}"


@STEPS("the account summary, with a ledger by currency")
async def summary(s: Session) -> str:
    rows = await s.answer(s.ib.accountSummaryAsync(), "account summary")
    mine = {(row.tag, row.currency): row.value for row in rows if row.account == s.account}
    tags = {tag for tag, _ in mine}
    check(tags >= SUMMARY, f"without {SUMMARY - tags}")
    for (tag, currency), value in mine.items():
        if tag in SUMMARY - {"AccountType", "Cushion"}:
            number(value, tag)
            equal(currency, "USD", f"currency of {tag}")
    ledger = {currency for tag, currency in mine if tag == "CashBalance"}
    check({"USD", "EUR", "BASE"} <= ledger, f"currencies of the ledger {ledger}")
    for tag in ("ExchangeRate", "RealCurrency", "StockMarketValue", "UnrealizedPnL"):
        check(tag in tags, f"no {tag} in the ledger")
    equal(number(mine["ExchangeRate", "USD"], "ExchangeRate"), 1.0, "ExchangeRate of USD")
    rate = number(mine["ExchangeRate", "EUR"], "ExchangeRate")
    quote = await s.quote("EUR")
    near(rate, quote.midpoint(), 0.03, "ExchangeRate of EUR")
    worth = number(mine["NetLiquidation", "USD"], "NetLiquidation")
    values = await s.values()
    near(worth, number(values["NetLiquidation", "USD"], "NetLiquidation"), 0.02 * worth, "worth")
    return f"{len(mine)} rows"


@STEPS("PnL of the account and of one position")
async def pnl(s: Session) -> str:
    contract = s.contract("AAPL")
    await s.quote("AAPL")
    track = await s.place(contract, s.lib.MarketOrder("BUY", 10))
    await s.filled(track)
    held = await s.holds(contract.conId)
    whole = s.ib.reqPnL(s.account)
    single = s.ib.reqPnLSingle(s.account, "", contract.conId)
    await s.until(lambda: math.isfinite(whole.dailyPnL), "PnL", 6)
    await s.until(lambda: math.isfinite(single.value), "PnL of the position", 6)
    equal(single.position, held, "position")
    row = await s.position(contract.conId)
    near(single.value, held * row.avgCost, 0.05 * abs(held) * row.avgCost, "value")
    near(single.unrealizedPnL, single.value - held * row.avgCost, 0.02 * single.value, "unrealised")
    for name in ("dailyPnL", "unrealizedPnL", "realizedPnL"):
        check(abs(getattr(whole, name)) < 1e300, f"{name} {getattr(whole, name)}")
    updates: list[float] = []
    s.ib.pnlSingleEvent += lambda row: updates.append(row.value)
    await s.until(lambda: updates, "an update of the position's PnL", 8)
    s.ib.cancelPnL(s.account)
    s.ib.cancelPnLSingle(s.account, "", contract.conId)
    sold = await s.place(contract, s.lib.MarketOrder("SELL", 10))
    await s.filled(sold)
    return f"daily {whole.dailyPnL:.2f}, position {single.position} worth {single.value:.2f}"


@STEPS("positions of one account")
async def positions_multi(s: Session) -> str:
    contract = s.contract("MSFT")
    await s.quote("MSFT")
    track = await s.place(contract, s.lib.MarketOrder("BUY", 15))
    await s.filled(track)
    rows: list[tuple[object, ...]] = []
    ends: list[int] = []
    s.ib.wrapper.positionMulti = lambda *fields: rows.append(fields)
    s.ib.wrapper.positionMultiEnd = ends.append
    req_id = s.ib.client.getReqId()
    s.ib.client.reqPositionsMulti(req_id, s.account, "")
    await s.until(lambda: req_id in ends, "the end of the positions")
    held = {row[3].conId: row for row in rows}
    check(contract.conId in held, f"MSFT is not among {sorted(held)}")
    row = held[contract.conId]
    equal((row[0], row[1], row[2]), (req_id, s.account, ""), "request, account, model")
    equal(row[4], await s.holds(contract.conId), "position")
    price = track.trade.orderStatus.avgFillPrice
    near(row[5], price, s.commission_of(track) / 15 + 0.02 * price, "average cost")
    s.ib.client.cancelPositionsMulti(req_id)
    sold = await s.place(contract, s.lib.MarketOrder("SELL", 15))
    await s.filled(sold)
    return f"{len(held)} positions"


@TWO_ACCOUNTS("two accounts: each order names one")
async def two_accounts(s: Session) -> str:
    contract = s.contract("MSFT")
    nameless = s.lib.MarketOrder("BUY", 1, tif="DAY", orderRef="nobody's")
    trade = s.ib.placeOrder(contract, nameless)
    seen = await s.refused(trade.order.orderId, 321, 435)
    second = s.ib.managedAccounts()[1]
    before = await s.holds(contract.conId)
    order = s.lib.MarketOrder("BUY", 9, account=second)
    track = await s.place(contract, order)
    await s.reaches(track, "Filled")
    equal({f.execution.acctNumber for f in track.trade.fills}, {second}, "account")
    equal(await s.holds(contract.conId), before, "position of the first account")
    rows = await s.answer(s.ib.reqPositionsAsync(), "positions")
    held = {row.contract.conId: row.position for row in rows if row.account == second}
    equal(held.get(contract.conId), 9, "position of the second account")
    back = await s.place(contract, s.lib.MarketOrder("SELL", 9, account=second))
    await s.reaches(back, "Filled")
    summary_rows = await s.answer(s.ib.accountSummaryAsync(), "account summary")
    accounts = {row.account for row in summary_rows}
    check(set(s.ib.managedAccounts()) <= accounts, f"accounts of the summary {accounts}")
    return f"{second}; {seen.code} {seen.text}"
