"""Steps of ib_insync and ib_async: orders of one contract, alone and in families."""

from __future__ import annotations

import asyncio
import math

from async_session import Session, Track
from steps import Steps, check, equal, in_order, near, rounded

STEPS = Steps()


def check_price(s: Session, track: Track, name: str) -> None:
    """The average price lies within the quotes from the order to its fill, to a tick."""
    price, tick = track.trade.orderStatus.avgFillPrice, s.tick_of(name)
    quotes = s.quotes[track.first_quote :]
    low = min(bid for bid, _ in quotes) - tick
    high = max(ask for _, ask in quotes) + tick
    check(low <= price <= high, f"filled at {price}, quotes from {low} to {high}")


@STEPS("a market order: execution, commission, price, position, cash")
async def market_order(s: Session) -> str:
    contract = s.contract("AAPL")
    await s.quote("AAPL")
    held, cash = await s.holds(contract.conId), await s.cash()
    order = s.lib.MarketOrder("BUY", 100, orderRef="first of all")
    track = await s.place(contract, order)
    await s.filled(track)
    s.check_fill(track, 100)
    s.check_order_of_events(track)
    check_price(s, track, "AAPL")
    fee = s.commission_of(track)
    check(0 < fee < 50, f"commission {fee}")
    for fill in track.trade.fills:
        report = fill.commissionReport
        if not held:
            equal(report.realizedPNL, 0.0, "realised by an opening trade")
        equal(fill.execution.orderRef, "first of all", "orderRef")
    price = track.trade.orderStatus.avgFillPrice
    pushed = [p for p in s.ib.positions(s.account) if p.contract.conId == contract.conId]
    if not pushed or pushed[0].position != held + 100:
        await s.until(
            lambda: any(
                p.contract.conId == contract.conId and p.position == held + 100
                for p in s.ib.positions(s.account)
            ),
            "the new position pushed to its subscriber",
        )
    position = await s.position(contract.conId)
    equal(position.position, held + 100, "position")
    equal(position.contract.symbol, "AAPL", "symbol of the position")
    if not held:
        near(position.avgCost, price, fee / 100 + 0.005, "average cost, commission in or out")
    await s.cash_becomes(cash - 100 * price - fee, "cash after the purchase")
    s.kept |= {"bought": track, "cash before": cash, "held before": held}
    return f"{price}, commission {fee}"


@STEPS("the portfolio follows")
async def portfolio(s: Session) -> str:
    con_id = s.contract("AAPL").conId

    def item() -> object:
        rows = [row for row in s.ib.portfolio(s.account) if row.contract.conId == con_id]
        return rows[0] if rows else None

    held = await s.holds(con_id)
    await s.until(lambda: item() is not None and item().position == held, "the position", 6)
    row = item()
    near(row.marketValue, row.position * row.marketPrice, 0.02 * abs(held), "market value")
    unrealised = row.marketValue - row.position * row.averageCost
    near(row.unrealizedPNL, unrealised, 0.05 * abs(held), "unrealised")
    ticker = await s.quote("AAPL")
    near(row.marketPrice, ticker.midpoint(), 0.03 * ticker.midpoint(), "market price")
    return f"{row.position} at {row.marketPrice}, unrealised {row.unrealizedPNL}"


@STEPS("a round trip: realised PnL, no position, cash")
async def round_trip(s: Session) -> str:
    bought = s.kept["bought"]
    contract = s.contract("AAPL")
    track = await s.place(contract, s.lib.MarketOrder("SELL", 100))
    await s.filled(track)
    s.check_fill(track, 100)
    s.check_order_of_events(track)
    check_price(s, track, "AAPL")
    buy, sell = (t.trade.orderStatus.avgFillPrice for t in (bought, track))
    fees = s.commission_of(bought) + s.commission_of(track)
    gain = 100 * (sell - buy) - fees
    if not s.kept["held before"]:
        realised = sum(fill.commissionReport.realizedPNL for fill in track.trade.fills)
        near(realised, gain, 0.02, "realised, both commissions off")
        equal(await s.holds(contract.conId), 0.0, "position")
    await s.cash_becomes(s.kept["cash before"] + gain, "cash after the round trip")
    return f"{buy} to {sell}: {gain:.2f}"


@STEPS("a limit order far away stays Submitted")
async def limit_order(s: Session) -> str:
    ticker = await s.quote("AAPL")
    price = rounded(ticker.bid * 0.5, 0.01)
    track = await s.place(s.contract("AAPL"), s.lib.LimitOrder("BUY", 10, price))
    await s.stays(track, "Submitted")
    status = track.trade.orderStatus
    equal((status.filled, status.remaining), (0, 10), "filled and remaining")
    equal(status.avgFillPrice, 0, "avgFillPrice")
    check(status.permId > 0, "permId")
    check("Filled" not in track.statuses, str(track.statuses))
    s.kept["resting"] = track
    return f"{price}, {track.statuses}"


@STEPS("modified to a marketable price it fills")
async def modify(s: Session) -> str:
    track = s.kept["resting"]
    order, perm_id = track.trade.order, track.trade.orderStatus.permId
    order.totalQuantity = 12
    s.ib.placeOrder(s.contract("AAPL"), order)
    await s.until(lambda: track.trade.orderStatus.remaining == 12, "the new quantity")
    equal(track.status, "Submitted", "status after a change of quantity")
    ticker = await s.quote("AAPL")
    order.lmtPrice = rounded(ticker.ask * 1.02, 0.01)
    s.ib.placeOrder(s.contract("AAPL"), order)
    await s.filled(track)
    s.check_fill(track, 12)
    equal(track.trade.orderStatus.permId, perm_id, "permId after the changes")
    price = track.trade.orderStatus.avgFillPrice
    check(price <= order.lmtPrice, f"bought at {price}, limit {order.lmtPrice}")
    near(price, ticker.midpoint(), 0.01 * price, "price against the quote")
    return f"{price}, limit {order.lmtPrice}"


@STEPS("a stop order: PreSubmitted until its price, then filled")
async def stop_order(s: Session) -> str:
    ticker = await s.quote("AAPL")
    price = rounded(ticker.bid * 0.7, 0.01)
    track = await s.place(s.contract("AAPL"), s.lib.StopOrder("SELL", 12, price))
    await s.stays(track, "PreSubmitted")
    order = track.trade.order
    order.auxPrice = rounded(ticker.ask * 1.01, 0.01)
    s.ib.placeOrder(s.contract("AAPL"), order)
    await s.filled(track, 15)
    s.check_fill(track, 12)
    near(track.trade.orderStatus.avgFillPrice, ticker.midpoint(), 0.02 * price, "price")
    return f"{track.trade.orderStatus.avgFillPrice}, {track.statuses}"


@STEPS("a stop-limit order: PreSubmitted, triggered it rests at its limit")
async def stop_limit(s: Session) -> str:
    ticker = await s.quote("AAPL")
    stop, limit = rounded(ticker.bid * 0.7, 0.01), rounded(ticker.ask * 1.5, 0.01)
    order = s.lib.StopLimitOrder("SELL", 10, limit, stop)
    track = await s.place(s.contract("AAPL"), order)
    await s.stays(track, "PreSubmitted")
    order.auxPrice = rounded(ticker.ask * 1.01, 0.01)
    s.ib.placeOrder(s.contract("AAPL"), order)
    await s.reaches(track, "Submitted", 15)
    await s.stays(track, "Submitted", 0.2)
    await s.cancel(track)
    return str(track.statuses)


@STEPS("a trailing stop: PreSubmitted, through its price filled")
async def trailing_stop(s: Session) -> str:
    ticker = await s.quote("AAPL")
    away = rounded(ticker.bid * 0.3, 0.01)
    order = s.lib.Order(action="SELL", orderType="TRAIL", totalQuantity=10, auxPrice=away)
    track = await s.place(s.contract("AAPL"), order)
    await s.stays(track, "PreSubmitted", 0.3)
    await s.cancel(track)
    percent = s.lib.Order(action="SELL", orderType="TRAIL", totalQuantity=10, trailingPercent=20)
    track = await s.place(s.contract("AAPL"), percent)
    await s.stays(track, "PreSubmitted", 0.2)
    await s.cancel(track)
    near_by = s.lib.Order(
        action="SELL",
        orderType="TRAIL",
        totalQuantity=10,
        auxPrice=1.0,
        trailStopPrice=rounded(ticker.ask * 1.01, 0.01),
    )
    track = await s.place(s.contract("AAPL"), near_by)
    await s.filled(track, 15)
    s.check_fill(track, 10)
    near(track.trade.orderStatus.avgFillPrice, ticker.midpoint(), 0.02 * ticker.bid, "price")
    return str(track.statuses)


async def bracket(s: Session, price: float, quantity: int = 20) -> list[Track]:
    """The three orders of a bracket, on their way."""
    ticker = await s.quote("AAPL")
    target, stop = rounded(ticker.ask * 1.4, 0.01), rounded(ticker.bid * 0.3, 0.01)
    orders = s.ib.bracketOrder("BUY", quantity, price, target, stop)
    return [await s.place(s.contract("AAPL"), order) for order in orders]


@STEPS("a bracket is held until a member transmits")
async def held_bracket(s: Session) -> str:
    ticker = await s.quote("AAPL")
    marketable = rounded(ticker.ask * 1.03, 0.01)
    orders = s.ib.bracketOrder(
        "BUY", 20, marketable, rounded(ticker.ask * 1.4, 0.01), rounded(ticker.bid * 0.3, 0.01)
    )
    parent = await s.place(s.contract("AAPL"), orders.parent)
    target = await s.place(s.contract("AAPL"), orders.takeProfit)
    await asyncio.sleep(0.6)
    for track in (parent, target):
        check(
            track.status in ("PendingSubmit", "Inactive", "ApiPending", "PreSubmitted"),
            f"{track.status} before the last member came",
        )
        equal(track.trade.fills, [], "executions before the last member came")
    stop = await s.place(s.contract("AAPL"), orders.stopLoss)
    await s.filled(parent)
    s.check_fill(parent, 20)
    await s.reaches(target, "Submitted")
    await s.reaches(stop, "PreSubmitted")
    await asyncio.sleep(0.2)
    equal(
        (target.status, stop.status), ("Submitted", "PreSubmitted"), "children of a filled parent"
    )
    for child in (target, stop):
        equal(child.trade.orderStatus.parentId, parent.order_id, "parentId")
    s.kept["bracket"] = (parent, target, stop)
    return f"{parent.statuses} {target.statuses} {stop.statuses}"


@STEPS("its take-profit fills and cancels the stop")
async def take_profit(s: Session) -> str:
    _, target, stop = s.kept["bracket"]
    ticker = await s.quote("AAPL")
    order = target.trade.order
    order.lmtPrice = rounded(ticker.bid * 0.97, 0.01)
    with s.expecting(202):
        s.ib.placeOrder(s.contract("AAPL"), order)
        await s.filled(target)
        await s.reaches(stop, "Cancelled")
    s.check_fill(target, 20)
    check(target.trade.orderStatus.avgFillPrice >= order.lmtPrice, "sold below the limit")
    equal(stop.trade.fills, [], "executions of the stop")
    return f"{target.statuses} {stop.statuses}"


@STEPS("children are PreSubmitted until the parent fills; its cancel cancels them")
async def cancelled_bracket(s: Session) -> str:
    ticker = await s.quote("AAPL")
    tracks = await bracket(s, rounded(ticker.bid * 0.5, 0.01))
    parent, *children = tracks
    await s.stays(parent, "Submitted", 0.2)
    for child in children:
        await s.stays(child, "PreSubmitted", 0.1)
    with s.expecting(202):
        s.ib.cancelOrder(parent.trade.order)
        for track in tracks:
            await s.reaches(track, "Cancelled")
    return " ".join(str(track.statuses) for track in tracks)


@STEPS("one cancels all: one fills, the other is cancelled")
async def oca(s: Session) -> str:
    ticker = await s.quote("AAPL")
    far = rounded(ticker.bid * 0.5, 0.01)
    first, second = s.ib.oneCancelsAll(
        [s.lib.LimitOrder("BUY", 5, far), s.lib.LimitOrder("BUY", 6, rounded(far - 1, 0.01))],
        f"group-{s.ib.client.getReqId()}",
        1,
    )
    one, other = [await s.place(s.contract("AAPL"), order) for order in (first, second)]
    await s.stays(one, "Submitted", 0.1)
    await s.stays(other, "Submitted", 0.2)
    first.lmtPrice = rounded(ticker.ask * 1.02, 0.01)
    with s.expecting(202):
        s.ib.placeOrder(s.contract("AAPL"), first)
        await s.filled(one)
        await s.reaches(other, "Cancelled")
    s.check_fill(one, 5)
    equal(other.trade.fills, [], "executions of the cancelled member")
    return f"{one.statuses} {other.statuses}"


@STEPS("a cancel: 202 and Cancelled")
async def cancel(s: Session) -> str:
    ticker = await s.quote("AAPL")
    price = rounded(ticker.bid * 0.5, 0.01)
    track = await s.place(s.contract("AAPL"), s.lib.LimitOrder("BUY", 7, price))
    await s.reaches(track, "Submitted")
    await s.cancel(track)
    check(in_order(["Submitted", "PendingCancel", "Cancelled"], track.statuses), "statuses")
    await s.until(lambda: track.trade.orderStatus.remaining == 7, "remaining after the cancel")
    s.kept["cancelled"] = track
    return str(track.statuses)


@STEPS("what-if: margins and commission, and no order")
async def what_if(s: Session) -> str:
    contract = s.contract("AAPL")
    trades = len(s.ib.trades())
    order = s.lib.MarketOrder("BUY", 100, account=s.account, tif="DAY")
    state = await s.answer(s.ib.whatIfOrderAsync(contract, order), "what-if")
    check(not isinstance(state, list), "the what-if failed")
    for name in ("initMargin", "maintMargin", "equityWithLoan"):
        before, change, after = (
            float(getattr(state, name + part)) for part in ("Before", "Change", "After")
        )
        check(all(math.isfinite(x) and abs(x) < 1e300 for x in (before, change, after)), name)
        near(after, before + change, 0.02, f"{name} after")
    ticker = await s.quote("AAPL")
    value = 100 * ticker.midpoint()
    change = float(state.initMarginChange)
    check(0.1 * value < change < 1.1 * value, f"initial margin {change} of {value}")
    check(0 < state.commission < 50, f"commission {state.commission}")
    equal(state.commissionCurrency, "USD", "currency of the commission")
    await asyncio.sleep(0.3)
    equal(len(s.ib.trades()), trades, "orders after a what-if")
    left = await s.answer(s.ib.reqAllOpenOrdersAsync(), "open orders")
    equal([trade.order.orderId for trade in left], [], "open orders after a what-if")
    return f"margin {change:.2f}, commission {state.commission}"


@STEPS("a currency pair: two balances move")
async def forex_order(s: Session) -> str:
    contract = s.contract("EUR")
    await s.quote("EUR")
    before = {currency: await _balance(s, currency) for currency in ("EUR", "USD")}
    track = await s.place(contract, s.lib.MarketOrder("BUY", 20_000))
    await s.filled(track)
    s.check_fill(track, 20_000)
    price, fee = track.trade.orderStatus.avgFillPrice, s.commission_of(track)
    check(1.0 <= fee < 10, f"commission {fee}")
    moves = {"EUR": 20_000.0, "USD": -20_000 * price - fee}
    for currency, move in moves.items():
        for _ in range(20):
            found = await _balance(s, currency) - before[currency]
            if abs(found - move) < 0.05:
                break
            await asyncio.sleep(0.1)
        near(found, move, 0.05, f"change of the balance in {currency}")
    back = await s.place(contract, s.lib.MarketOrder("SELL", 20_000))
    await s.filled(back)
    return f"{price}, commission {fee}"


async def _balance(s: Session, currency: str) -> float:
    values = await s.values()
    return float(values.get(("CashBalance", currency), 0.0))


@STEPS("a future: cash moves by gain and commission alone")
async def future_order(s: Session) -> str:
    contract = s.contract("ES")
    await s.quote("ES")
    cash = await s.cash()
    bought = await s.place(contract, s.lib.MarketOrder("BUY", 2))
    await s.filled(bought)
    s.check_fill(bought, 2)
    position = await s.position(contract.conId)
    price = bought.trade.orderStatus.avgFillPrice
    near(position.avgCost, 50 * price, 10, "average cost, multiplier in")
    sold = await s.place(contract, s.lib.MarketOrder("SELL", 2))
    await s.filled(sold)
    fees = s.commission_of(bought) + s.commission_of(sold)
    gain = 100 * (sold.trade.orderStatus.avgFillPrice - price) - fees
    realised = sum(fill.commissionReport.realizedPNL for fill in sold.trade.fills)
    near(realised, gain, 0.02, "realised, both commissions off")
    await s.cash_becomes(cash + gain, "cash after the round trip")
    return f"{gain:.2f}, commissions {fees}"
