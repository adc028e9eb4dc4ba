"""Steps of ib_insync and ib_async: coming, being somebody, leaving and coming back."""

from __future__ import annotations

import asyncio
import datetime as dt

from async_session import NOTICES, Session
from steps import Steps, check, equal

COMING = Steps()
LEAVING = Steps()
VERSIONS = {"ib_insync": 176, "ib_async": 178}


@COMING("connect")
async def connect(s: Session) -> str:
    host, port = s.options.host, s.options.port
    await s.ib.connectAsync(
        host, port, clientId=s.options.client_id, timeout=8, readonly=s.options.read_only
    )
    check(s.ib.isConnected(), "not connected")
    version = s.ib.client.serverVersion()
    equal(version, VERSIONS[s.lib.__name__], "server version")
    return f"version {version}"


@COMING("the start-up notices")
async def notices(s: Session) -> str:
    def told() -> set[int]:
        return {seen.code for seen in s.seen if seen.req_id == -1}

    await s.until(lambda: told() & {2104, 2106, 2158}, "a notice of a data farm", 2)
    check(told() <= NOTICES, f"more than notices: {told()}")
    return str(sorted(told()))


@COMING("managed accounts")
async def managed_accounts(s: Session) -> str:
    accounts = s.ib.managedAccounts()
    equal(len(accounts), s.options.accounts, "number of accounts")
    equal(s.ib.client.getAccounts(), accounts, "accounts of the client")
    check(all(accounts), f"an account without a name: {accounts}")
    s.account = accounts[0]
    return ", ".join(accounts)


@COMING("order ids")
async def ids(s: Session) -> str:
    first, second = s.ib.client.getReqId(), s.ib.client.getReqId()
    check(first > 0, f"next valid id {first}")
    equal(second, first + 1, "the id after the first")
    s.kept["first id"] = first
    return f"from {first}"


@COMING("current time")
async def current_time(s: Session) -> str:
    first = await s.answer(s.ib.reqCurrentTimeAsync(), "current time")
    second = await s.answer(s.ib.reqCurrentTimeAsync(), "current time")
    check(isinstance(first, dt.datetime) and first.tzinfo is not None, f"no instant: {first!r}")
    check(second >= first, f"time runs backwards: {first} {second}")
    s.kept["started"] = first
    return first.isoformat()


@COMING("nothing is left of earlier sessions")
async def swept(s: Session) -> str:
    with s.expecting(202):
        s.ib.reqGlobalCancel()
        for _ in range(40):
            left = await s.answer(s.ib.reqAllOpenOrdersAsync(), "all open orders")
            if not left:
                break
            await asyncio.sleep(0.05)
    equal([trade.order.orderId for trade in left], [], "orders left by a global cancel")
    return "no open orders"


@LEAVING("a client id in use: 326, and the newcomer is closed")
async def id_in_use(s: Session) -> str:
    other = s.lib.IB()
    codes: list[tuple[int, int]] = []
    other.errorEvent += lambda req_id, code, *_: codes.append((req_id, code))
    try:
        await other.connectAsync(
            s.options.host, s.options.port, clientId=s.options.client_id, timeout=0.8
        )
    except (ConnectionError, TimeoutError, OSError) as error:
        check(not other.isConnected(), "the second connection is up")
        check((-1, 326) in codes, f"{type(error).__name__}, but codes {codes}")
    else:
        other.disconnect()
        check(False, "a second client got the same id")
    check(s.ib.isConnected(), "the first client lost its connection")
    await s.answer(s.ib.reqCurrentTimeAsync(), "current time of the first client")
    return str(codes)


@LEAVING("reconnect: ids, open orders, executions and positions are there")
async def reconnect(s: Session) -> str:
    contract = s.contract("AAPL")
    ticker = await s.quote("AAPL")
    price = round(ticker.bid * 0.5, 2)
    resting = await s.place(contract, s.lib.LimitOrder("BUY", 3, price, orderRef="over-night"))
    await s.reaches(resting, "Submitted")
    order_id, perm_id = resting.order_id, resting.trade.orderStatus.permId
    fills = {fill.execution.execId: fill.execution for fill in s.ib.fills()}
    positions = {(p.account, p.contract.conId): p.position for p in s.ib.positions()}
    check(fills, "no execution before the reconnect")
    next_id = s.ib.client.getReqId()
    s.ib.disconnect()
    check(not s.ib.isConnected(), "still connected")
    s.tickers.clear()
    await asyncio.sleep(0.05)
    host, port = s.options.host, s.options.port
    await s.ib.connectAsync(host, port, clientId=s.options.client_id, timeout=8)
    check(s.ib.client.getReqId() > order_id, "the next id is not above the ids used")
    opened = {trade.order.permId: trade for trade in s.ib.openTrades()}
    check(perm_id in opened, f"order {order_id} is not among the open ones: {sorted(opened)}")
    found = opened[perm_id]
    equal(found.order.orderId, order_id, "orderId")
    equal(found.order.clientId, s.options.client_id, "clientId")
    equal(found.order.orderRef, "over-night", "orderRef")
    equal(found.order.lmtPrice, price, "lmtPrice")
    equal(found.order.totalQuantity, 3, "totalQuantity")
    equal(found.contract.conId, contract.conId, "conId")
    equal(found.orderStatus.status, "Submitted", "status")
    again = {fill.execution.execId: fill.execution for fill in s.ib.fills()}
    missing = fills.keys() - again.keys()
    check(not missing, f"{len(missing)} of {len(fills)} executions are gone")
    for exec_id, execution in fills.items():
        for name in ("orderId", "permId", "clientId", "side", "shares", "price", "orderRef"):
            wanted = getattr(execution, name)
            equal(getattr(again[exec_id], name), wanted, f"{name} of {exec_id}")
        equal(again[exec_id].time, execution.time, f"time of {exec_id}")
    charged = [fill for fill in s.ib.fills() if fill.commissionReport.execId]
    check(charged, "executions come back without their commissions")
    held = {(p.account, p.contract.conId): p.position for p in s.ib.positions()}
    equal(held, positions, "positions")
    track = s.follow(found)
    await s.cancel(track)
    return f"next id {next_id}, order {order_id}, {len(again)} executions"


@LEAVING("disconnect")
async def disconnect(s: Session) -> str:
    ended: list[bool] = []
    s.ib.disconnectedEvent += lambda: ended.append(True)
    s.ib.disconnect()
    check(not s.ib.isConnected(), "still connected")
    check(ended, "no disconnectedEvent")
    await asyncio.sleep(0.1)
    other = s.lib.IB()
    host, port = s.options.host, s.options.port
    await other.connectAsync(
        host, port, clientId=s.options.client_id, timeout=8, readonly=s.options.read_only
    )
    other.disconnect()
    return "the id was free at once"


@LEAVING("no code that no step asked for")
async def no_other_codes(s: Session) -> str:
    left = sorted({(seen.req_id, seen.code, seen.text) for seen in s.unexpected()})
    check(not left, f"{len(left)}: {left[:12]}")
    return f"{len(s.seen)} messages, {len(s.expected)} asked for"


@LEAVING("the library read every message")
async def nothing_misread(s: Session) -> str:
    lines = list(dict.fromkeys(s.mishaps.lines))
    check(not lines, f"{len(s.mishaps.lines)}: {lines[:8]}")
    return "its log is clean"
