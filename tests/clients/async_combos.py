"""Steps of ib_insync and ib_async: an option, and a vertical spread as one order."""

from __future__ import annotations

from async_session import Session, Track
from steps import Steps, check, equal, near, rounded

STEPS = Steps()


def vertical(s: Session, *, reverse: bool = False) -> object:
    """The lower call against the higher one, bought; or sold, as a purchase of the reverse."""
    lower, higher = s.contract("call"), s.contract("higher call")
    actions = ("SELL", "BUY") if reverse else ("BUY", "SELL")
    legs = [
        s.lib.ComboLeg(conId=leg.conId, ratio=1, action=action, exchange="SMART")
        for leg, action in zip((lower, higher), actions, strict=True)
    ]
    return s.lib.Bag(symbol="SPY", exchange="SMART", currency="USD", comboLegs=legs)


async def spread_quote(s: Session) -> tuple[float, float]:
    lower, higher = await s.quote("call"), await s.quote("higher call")
    return lower.bid - higher.ask, lower.ask - higher.bid


def check_legs(s: Session, track: Track, quantity: int, actions: tuple[str, str]) -> float:
    """Executions of the bag and of both legs that add up; answers the net price."""
    fills = track.trade.fills
    bags = [fill for fill in fills if fill.contract.secType == "BAG"]
    check(bags, f"no execution of the BAG among {[fill.contract.secType for fill in fills]}")
    equal(sum(fill.execution.shares for fill in bags), quantity, "quantity of the BAG")
    prices = {}
    for name, action in zip(("call", "higher call"), actions, strict=True):
        legs = [fill for fill in fills if fill.contract.conId == s.contract(name).conId]
        check(legs, f"no execution of the {name}")
        equal(sum(fill.execution.shares for fill in legs), quantity, f"quantity of the {name}")
        equal({fill.execution.side for fill in legs}, {action}, f"side of the {name}")
        equal({fill.contract.secType for fill in legs}, {"OPT"}, f"type of the {name}")
        value = sum(fill.execution.shares * fill.execution.price for fill in legs)
        prices[name] = value / quantity
    sign = 1 if actions[0] == "BOT" else -1
    net = sign * (prices["call"] - prices["higher call"])
    value = sum(fill.execution.shares * fill.execution.price for fill in bags) / quantity
    near(value, net, 0.011, "net price of the BAG against its legs")
    near(track.trade.orderStatus.avgFillPrice, value, 0.011, "avgFillPrice")
    status = track.trade.orderStatus
    equal((status.filled, status.remaining), (quantity, 0), "filled and remaining")
    equal({fill.execution.permId for fill in fills}, {status.permId}, "permIds")
    return net


@STEPS("an option order to its fill, the multiplier in cash and cost")
async def option_order(s: Session) -> str:
    contract = s.contract("put")
    ticker = await s.quote("put")
    cash = await s.cash()
    track = await s.place(contract, s.lib.MarketOrder("BUY", 1))
    await s.filled(track)
    s.check_fill(track, 1)
    price, fee = track.trade.orderStatus.avgFillPrice, s.commission_of(track)
    near(price, ticker.midpoint(), 0.1 * ticker.midpoint() + 0.1, "price")
    await s.cash_becomes(cash - 100 * price - fee, "cash")
    position = await s.position(contract.conId)
    equal(position.position, 1, "position")
    near(position.avgCost, 100 * price, fee + 0.01, "average cost, multiplier in")
    equal(position.contract.multiplier, "100", "multiplier of the position")
    equal(position.contract.right, "P", "right of the position")
    sold = await s.place(contract, s.lib.MarketOrder("SELL", 1))
    await s.filled(sold)
    equal(await s.holds(contract.conId), 0.0, "position")
    return f"{price}, commission {fee}"


@STEPS("a combo at the market: executions of BAG and legs, positions in the legs")
async def combo_market(s: Session) -> str:
    low, high = await spread_quote(s)
    cash = await s.cash()
    track = await s.place(vertical(s), s.lib.MarketOrder("BUY", 2))
    await s.filled(track)
    net = check_legs(s, track, 2, ("BOT", "SLD"))
    s.check_order_of_events(track)
    check(low - 0.1 <= net <= high + 0.1, f"net {net}, quoted {low} to {high}")
    fee = s.commission_of(track)
    check(fee > 0, f"commission {fee}")
    equal(await s.holds(s.contract("call").conId), 2.0, "position in the lower call")
    equal(await s.holds(s.contract("higher call").conId), -2.0, "position in the higher call")
    bags = [p for p in s.ib.positions() if p.contract.secType == "BAG"]
    equal(bags, [], "positions in a BAG")
    await s.cash_becomes(cash - 200 * net - fee, "cash after the spread")
    return f"net {net:.2f}, commission {fee}"


@STEPS("a combo at a signed net limit: a credit is negative")
async def combo_limit(s: Session) -> str:
    low, high = await spread_quote(s)
    far = -rounded(high * 1.6 + 1, 0.01)
    order = s.lib.LimitOrder("BUY", 2, far)
    track = await s.place(vertical(s, reverse=True), order)
    await s.stays(track, "Submitted", 0.4)
    cash = await s.cash()
    order.lmtPrice = -rounded(max(low * 0.8 - 0.2, 0.05), 0.01)
    s.ib.placeOrder(track.trade.contract, order)
    await s.filled(track)
    net = check_legs(s, track, 2, ("SLD", "BOT"))
    check(net <= order.lmtPrice + 0.005, f"net {net}, limit {order.lmtPrice}")
    check(net < 0, f"net {net} of a credit")
    for name in ("call", "higher call"):
        equal(await s.holds(s.contract(name).conId), 0.0, f"position in the {name}")
    await s.cash_becomes(cash - 200 * net - s.commission_of(track), "cash after the spread")
    return f"net {net:.2f}, limit {order.lmtPrice}"


@STEPS("what-if of a combo")
async def combo_what_if(s: Session) -> str:
    _, high = await spread_quote(s)
    order = s.lib.LimitOrder(
        "BUY", 1, rounded(high, 0.01), account=s.account, tif="DAY", orderRef="what-if"
    )
    state = await s.answer(s.ib.whatIfOrderAsync(vertical(s), order), "what-if")
    check(not isinstance(state, list), "the what-if failed")
    change = float(state.initMarginChange)
    check(abs(change) < 1e300, f"initial margin {change}")
    return f"margin {change}"
