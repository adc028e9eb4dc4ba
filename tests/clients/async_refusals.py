"""Steps of ib_insync and ib_async: orders that must not be taken, and how each is answered."""

from __future__ import annotations

import asyncio

from async_session import Session
from steps import Steps, check, equal, rounded

STEPS = Steps()
READ_ONLY = Steps()


async def nothing_open(s: Session) -> None:
    left = await s.answer(s.ib.reqAllOpenOrdersAsync(), "open orders")
    equal([trade.order.orderId for trade in left], [], "open orders after a refusal")


@STEPS("cancel of an unknown order: 10147")
async def cancel_unknown(s: Session) -> str:
    order_id = s.ib.client.getReqId() + 5000
    s.ib.client.cancelOrder(order_id)
    seen = await s.refused(order_id, 10147)
    return seen.text


@STEPS("cancel of a filled order: 10148 or 161")
async def cancel_filled(s: Session) -> str:
    track = s.kept["bought"]
    s.ib.client.cancelOrder(track.order_id)
    seen = await s.refused(track.order_id, 10148, 161)
    equal(track.status, "Filled", "status of the filled order")
    return f"{seen.code} {seen.text}"


@STEPS("an order in an unknown contract: 200")
async def unknown_contract(s: Session) -> str:
    contract = s.lib.Stock("NOSUCHTHING", "SMART", "USD")
    track = await s.place(contract, s.lib.MarketOrder("BUY", 1))
    seen = await s.refused(track.order_id, 200)
    equal(track.trade.fills, [], "executions")
    await nothing_open(s)
    return seen.text


@STEPS("a duplicate order id: 103")
async def duplicate(s: Session) -> str:
    held = await s.holds(s.contract("AAPL").conId)
    for name, codes in (("cancelled", (103,)), ("bought", (103, 104))):
        track = s.kept[name]
        order = s.lib.MarketOrder("BUY", 1, account=s.account, tif="DAY", orderRef="twice")
        s.ib.client.placeOrder(track.order_id, s.contract("AAPL"), order)
        seen = await s.refused(track.order_id, *codes)
    await asyncio.sleep(0.2)
    equal(await s.holds(s.contract("AAPL").conId), held, "position")
    return seen.text


@STEPS("a quantity of 0 is refused")
async def no_quantity(s: Session) -> str:
    track = await s.place(s.contract("AAPL"), s.lib.MarketOrder("BUY", 0))
    seen = await s.refused(track.order_id, 321, 434, 201)
    await nothing_open(s)
    return f"{seen.code} {seen.text}"


@STEPS("a limit order without a price is refused")
async def no_price(s: Session) -> str:
    order = s.lib.Order(action="BUY", orderType="LMT", totalQuantity=1)
    track = await s.place(s.contract("AAPL"), order)
    seen = await s.refused(track.order_id, 321, 201, 109, 320, 110)
    await nothing_open(s)
    return f"{seen.code} {seen.text}"


@STEPS("a price off the tick: 110")
async def off_tick(s: Session) -> str:
    ticker = await s.quote("AAPL")
    price = rounded(ticker.bid * 0.5, 0.01) + 0.003
    track = await s.place(s.contract("AAPL"), s.lib.LimitOrder("BUY", 1, price))
    seen = await s.refused(track.order_id, 110)
    await nothing_open(s)
    return seen.text


@STEPS("an unknown order type is refused")
async def unknown_type(s: Session) -> str:
    order = s.lib.Order(action="BUY", orderType="NONSENSE", totalQuantity=1)
    track = await s.place(s.contract("AAPL"), order)
    seen = await s.refused(track.order_id, 321, 387, 201)
    await nothing_open(s)
    return f"{seen.code} {seen.text}"


@STEPS("an order to an unknown account is refused")
async def unknown_account(s: Session) -> str:
    order = s.lib.MarketOrder("BUY", 1, account="DU0000000")
    track = await s.place(s.contract("AAPL"), order)
    seen = await s.refused(track.order_id, 321, 435, 436, 201)
    equal(track.trade.fills, [], "executions")
    await nothing_open(s)
    return f"{seen.code} {seen.text}"


@READ_ONLY("read-only: an order is refused with 321")
async def read_only(s: Session) -> str:
    contract = s.lib.Stock("AAPL", "SMART", "USD")
    order = s.lib.MarketOrder("BUY", 1, account=s.account, tif="DAY", orderRef="read-only")
    trade = s.ib.placeOrder(contract, order)
    await s.until(
        lambda: any(
            seen.code == 321 for seen in s.seen if seen.req_id in (-1, trade.order.orderId)
        ),
        "321",
    )
    s.expected += [seen for seen in s.seen if seen.code == 321]
    await asyncio.sleep(0.3)
    equal(trade.fills, [], "executions")
    check(trade.orderStatus.status != "Submitted", "the order was taken")
    return next(seen.text for seen in s.seen if seen.code == 321)
