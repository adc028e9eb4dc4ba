"""Steps of the official client: lists of orders and executions, the account, several clients."""

from __future__ import annotations

import time
from dataclasses import replace

from ibapi.execution import ExecutionFilter
from official import Session, Track, order
from official_data import go
from steps import Steps, check, equal, near, number, rounded

STEPS = Steps()
LEAVING = Steps()
TWO_ACCOUNTS = Steps()


@STEPS("own open orders, those of all clients, a global cancel")
def open_orders(s: Session) -> str:
    other = Session(replace(s.options, client_id=s.options.client_id + 50), s.mishaps)
    go(other)
    other.contracts = s.contracts
    price = rounded(s.bid("AAPL") * 0.5, 0.01)
    mine = s.place(s.contract("AAPL"), order("BUY", 1, "LMT", lmtPrice=price, orderRef="mine"))
    other.next_id = max(other.next_id, s.next_id + 100)
    theirs = other.place(
        s.contract("MSFT"),
        order("BUY", 2, "LMT", lmtPrice=rounded(price / 4, 0.01), orderRef="theirs"),
    )
    s.reaches(mine, "Submitted")
    other.reaches(theirs, "Submitted")
    since = s.mark
    s.app.reqOpenOrders()
    s.wait("openOrderEnd", since=since)
    own = s.found("openOrder", since=since)
    equal([told[0] for told in own], [mine.order_id], "own open orders")
    check(s.found("orderStatus", mine.order_id, since=since), "no status with the open order")
    since = s.mark
    s.app.reqAllOpenOrders()
    s.wait("openOrderEnd", since=since)
    found = {told[2].permId: told for told in s.found("openOrder", since=since)}
    wanted = {max(track.perm_ids()) for track in (mine, theirs)}
    equal(set(found), wanted, "all open orders")
    foreign = found[max(theirs.perm_ids())]
    equal(foreign[2].clientId, other.options.client_id, "clientId of the other's order")
    equal((foreign[2].orderRef, foreign[1].symbol), ("theirs", "MSFT"), "the other's order")
    since = s.mark
    s.cancel_id(theirs.order_id)
    s.refused(theirs.order_id, 10147, 10148, since=since)
    with s.expecting(202), other.expecting(202):
        s.global_cancel()
        s.reaches(mine, "Cancelled")
        other.reaches(theirs, "Cancelled")
        time.sleep(0.1)
    equal(other.unexpected(), [], "codes of the other client")
    other.app.leave()
    return f"{len(own)} of {len(found)}"


def executions(s: Session, **parts: object) -> list[object]:
    wanted = ExecutionFilter()
    for name, value in parts.items():
        setattr(wanted, name, value)
    return s.ask(
        lambda req_id: s.app.reqExecutions(req_id, wanted), "execDetails", "execDetailsEnd"
    )


@STEPS("executions, by filter, each with its commission")
def filtered(s: Session) -> str:
    since = s.mark
    rows = executions(s)
    found = {told[2].execId for told in rows}
    own = {fill.execId for fill in s.kept["bought"].fills()}
    check(own <= found, f"the first executions are missing from {len(found)}")
    reports = {told[0].execId for told in s.found("commission", since=since)}
    check(own <= reports, "their commissions are missing")
    bought = executions(s, symbol="AAPL", secType="STK", side="BUY")
    equal({told[2].side for told in bought}, {"BOT"}, "side")
    equal({told[1].symbol for told in bought}, {"AAPL"}, "symbol")
    mine = executions(s, clientId=s.options.client_id, acctCode=s.account)
    equal({told[2].clientId for told in mine}, {s.options.client_id}, "client")
    equal(executions(s, symbol="NOSUCHTHING"), [], "executions of nothing")
    return f"{len(rows)}, {len(bought)}, {len(mine)}"


@STEPS("completed orders")
def completed(s: Session) -> str:
    since = s.mark
    s.app.reqCompletedOrders(False)
    s.wait("completedOrdersEnd", since=since)
    found = {told[1].permId: told for told in s.found("completedOrder", since=since)}
    for name, status, filled in (("bought", "Filled", 100), ("cancelled", "Cancelled", 0)):
        track: Track = s.kept[name]
        perm_id = max(track.perm_ids())
        check(perm_id in found, f"the {name} order is not among {len(found)}")
        _, made, state = found[perm_id].values
        equal(state.status, status, f"status of the {name} order")
        equal(float(made.filledQuantity), filled, f"filledQuantity of the {name} order")
        equal(made.orderRef, track.order.orderRef, "orderRef")
        check(state.completedTime and state.completedStatus, f"{state.completedTime!r}")
    return f"{len(found)} orders"


@STEPS("account values, portfolio, summary with the ledger")
def account(s: Session) -> str:
    made = s.contract("AAPL")
    track = s.place(made, order("BUY", 10, "MKT"))
    s.filled(track)
    since = s.mark
    values = s.values()
    worth = number(values["NetLiquidation", "USD"], "NetLiquidation")
    check({"BuyingPower", "AvailableFunds", "InitMarginReq"} <= {tag for tag, _ in values}, "tags")
    rows = [t for t in s.found("updatePortfolio", since=since) if t[0].conId == made.conId]
    check(rows, "no portfolio row of AAPL")
    _, position, price, value, cost, unrealised, _, owner = rows[-1].values
    equal((float(position), owner), (s.holds(made.conId), s.account), "position, account")
    near(value, float(position) * price, 0.02 * abs(float(position)), "market value")
    near(unrealised, value - float(position) * cost, 0.05 * abs(float(position)), "unrealised")
    check(s.found("updateAccountTime", since=since), "no time of the account")
    req_id = s.request()
    s.app.reqAccountSummary(req_id, "All", "NetLiquidation,BuyingPower")
    s.wait("accountSummaryEnd", req_id)
    rows = [told for told in s.found("accountSummary", req_id) if told[1] == s.account]
    equal({told[2] for told in rows}, {"NetLiquidation", "BuyingPower"}, "tags of the summary")
    s.app.cancelAccountSummary(req_id)
    req_id = s.request()
    s.app.reqAccountSummary(req_id, "All", "$LEDGER:ALL")
    s.wait("accountSummaryEnd", req_id)
    rows = [told for told in s.found("accountSummary", req_id) if told[1] == s.account]
    ledger = {told[4]: told[3] for told in rows if told[2] == "CashBalance"}
    check({"USD", "BASE"} <= ledger.keys(), f"currencies of the ledger {sorted(ledger)}")
    near(float(ledger["USD"]), s.cash(), 1, "USD in the ledger")
    s.app.cancelAccountSummary(req_id)
    req_id = s.request()
    s.app.reqAccountUpdatesMulti(req_id, s.account, "", False)
    s.wait("accountUpdateMultiEnd", req_id)
    check(s.found("accountUpdateMulti", req_id, s.account), "no values of one account")
    s.app.cancelAccountUpdatesMulti(req_id)
    return f"NetLiquidation {worth}, {sorted(ledger)}"


@STEPS("PnL, and positions of one account")
def pnl(s: Session) -> str:
    made = s.contract("AAPL")
    row = s.positions()[made.conId]
    whole, single, multi = s.request(), s.request(), s.request()
    s.app.reqPnL(whole, s.account, "")
    s.app.reqPnLSingle(single, s.account, "", made.conId)
    told = s.wait("pnl", whole)
    check(all(abs(value) < 1e300 for value in told.values[1:]), f"{told}")
    told = s.wait("pnlSingle", single)
    equal(float(told[1]), float(row[2]), "position of the PnL")
    near(told[5], float(row[2]) * row[3], 0.05 * abs(float(row[2]) * row[3]), "value")
    near(told[3], told[5] - float(row[2]) * row[3], 0.02 * abs(told[5]), "unrealised")
    s.app.cancelPnL(whole)
    s.app.cancelPnLSingle(single)
    s.app.reqPositionsMulti(multi, s.account, "")
    s.wait("positionMultiEnd", multi)
    rows = {t[3].conId: t for t in s.found("positionMulti", multi, s.account)}
    equal(float(rows[made.conId][4]), float(row[2]), "position of one account")
    s.app.cancelPositionsMulti(multi)
    back = s.place(made, order("SELL", 10, "MKT"))
    s.filled(back)
    return f"{told.values}"


@TWO_ACCOUNTS("two accounts: each order names one")
def two_accounts(s: Session) -> str:
    second = s.found("managedAccounts")[0][0].split(",")[1]
    made = s.contract("MSFT")
    track = s.place(made, order("BUY", 9, "MKT", account=second))
    s.reaches(track, "Filled")
    equal({fill.acctNumber for fill in track.fills()}, {second}, "account")
    since = s.mark
    s.app.reqPositions()
    s.wait("positionEnd", since=since)
    s.app.cancelPositions()
    rows = {(t[0], t[1].conId): float(t[2]) for t in s.found("position", since=since)}
    equal(rows.get((second, made.conId)), 9.0, "position of the second account")
    back = s.place(made, order("SELL", 9, "MKT", account=second))
    s.reaches(back, "Filled")
    return second


@LEAVING("reconnect: ids go on, open orders, executions and positions are there")
def reconnect(s: Session) -> str:
    price = rounded(s.bid("AAPL") * 0.5, 0.01)
    resting = s.place(
        s.contract("AAPL"), order("BUY", 3, "LMT", lmtPrice=price, orderRef="over-night")
    )
    s.reaches(resting, "Submitted")
    perm_id = max(resting.perm_ids())
    before = {told[2].execId for told in executions(s)}
    positions = {con_id: float(told[2]) for con_id, told in s.positions().items()}
    s.app.leave()
    s.streams.clear()
    last_id = s.next_id - 1
    since = s.mark
    go(s)
    check(s.next_id > last_id, f"next id {s.next_id} after {last_id}")
    s.app.reqOpenOrders()
    s.wait("openOrderEnd", since=since)
    found = {told[2].permId: told for told in s.found("openOrder", since=since)}
    check(perm_id in found, f"the open order is not among {sorted(found)}")
    told = found[perm_id]
    equal((told[0], told[2].orderRef), (resting.order_id, "over-night"), "orderId, orderRef")
    equal((told[2].lmtPrice, float(told[2].totalQuantity)), (price, 3.0), "price, quantity")
    equal(told[3].status, "Submitted", "status")
    check(before <= {told[2].execId for told in executions(s)}, "executions are gone")
    equal(
        {con_id: float(told[2]) for con_id, told in s.positions().items()}, positions, "positions"
    )
    s.cancel(resting)
    return f"{len(before)} executions, order {resting.order_id}, next id {s.next_id}"
