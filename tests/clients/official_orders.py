"""Steps of the official client: orders alone, in families and as combos, and refusals."""

from __future__ import annotations

import time

from official import Session, Track, contract, leg, order, stock
from steps import Steps, check, equal, in_order, near, number, rounded

STEPS = Steps()
REFUSALS = Steps()
READ_ONLY = Steps()


def far(s: Session) -> float:
    return rounded(s.bid("AAPL") * 0.5, 0.01)


def marketable(s: Session) -> float:
    return rounded(s.ask_price("AAPL") * 1.02, 0.01)


def check_price(s: Session, track: Track, name: str) -> None:
    """The price lies within the quotes from the order to its fill, to a tick."""
    req_id, tick = s.streams[name], s.details[name].minTick
    low, high = [], []
    for kind, into in ((1, low), (2, high)):
        rows = s.found("tickPrice", req_id, kind)
        before = [told for told in rows if told.place < track.start][-1:]
        into.extend(told[2] for told in before)
        into.extend(t[2] for t in rows if t.place >= track.start)
    lowest, highest = min(low) - tick, max(high) + tick
    check(lowest <= track.average <= highest, f"{track.average}, {lowest} to {highest}")


@STEPS("a market order: openOrder, execution, commission last; position and cash")
def market_order(s: Session) -> str:
    made = s.contract("AAPL")
    s.stream("AAPL")
    held, cash = s.holds(made.conId), s.cash()
    track = s.place(made, order("BUY", 100, "MKT", orderRef="first of all"))
    s.filled(track)
    s.check_fill(track, 100)
    check_price(s, track, "AAPL")
    fee, price = s.fee(track), track.average
    check(0 < fee < 50, f"commission {fee}")
    if not held:
        realised = {report.realizedPNL for report in track.commissions()}
        check(all(value == 0 or value > 1e300 for value in realised), f"realised {realised}")
    row = s.positions()[made.conId]
    equal(float(row[2]), held + 100, "position")
    if not held:
        near(row[3], price, fee / 100 + 0.005, "average cost, commission in or out")
    s.cash_becomes(cash - 100 * price - fee, "cash after the purchase")
    s.kept |= {"bought": track, "cash": cash, "held": held}
    return f"{price}, commission {fee}: {track.story()}"


@STEPS("a round trip: realised PnL, no position, cash")
def round_trip(s: Session) -> str:
    made, bought = s.contract("AAPL"), s.kept["bought"]
    track = s.place(made, order("SELL", 100, "MKT"))
    s.filled(track)
    s.check_fill(track, 100)
    gain = 100 * (track.average - bought.average) - s.fee(bought) - s.fee(track)
    if not s.kept["held"]:
        realised = sum(report.realizedPNL for report in track.commissions())
        near(realised, gain, 0.02, "realised, both commissions off")
        equal(s.holds(made.conId), 0.0, "position")
    s.cash_becomes(s.kept["cash"] + gain, "cash after the round trip")
    return f"{gain:.2f}"


@STEPS("a limit order stays Submitted; modified it fills")
def limit_order(s: Session) -> str:
    track = s.place(s.contract("AAPL"), order("BUY", 10, "LMT", lmtPrice=far(s)))
    s.stays(track, "Submitted")
    status = track.last_status()
    equal((float(status[2]), float(status[3])), (0.0, 10.0), "filled and remaining")
    track.order.lmtPrice = marketable(s)
    s.modify(track)
    s.filled(track)
    s.check_fill(track, 10)
    check(track.average <= track.order.lmtPrice, f"{track.average}")
    return str(track.story())


@STEPS("a stop is PreSubmitted until its price, then filled")
def stop_order(s: Session) -> str:
    stop = rounded(s.bid("AAPL") * 0.7, 0.01)
    track = s.place(s.contract("AAPL"), order("SELL", 10, "STP", auxPrice=stop))
    s.stays(track, "PreSubmitted")
    track.order.auxPrice = marketable(s)
    s.modify(track)
    s.filled(track, 15)
    s.check_fill(track, 10)
    return str(track.story())


@STEPS("a stop-limit rests at its limit once triggered; a trailing stop is PreSubmitted")
def other_stops(s: Session) -> str:
    stop, limit = rounded(s.bid("AAPL") * 0.7, 0.01), rounded(s.bid("AAPL") * 1.5, 0.01)
    made = s.contract("AAPL")
    track = s.place(made, order("SELL", 5, "STP LMT", auxPrice=stop, lmtPrice=limit))
    s.stays(track, "PreSubmitted", 0.2)
    track.order.auxPrice = marketable(s)
    s.modify(track)
    s.reaches(track, "Submitted", 15)
    s.cancel(track)
    trail = s.place(made, order("SELL", 5, "TRAIL", auxPrice=stop))
    s.stays(trail, "PreSubmitted", 0.2)
    s.cancel(trail)
    start = rounded(s.ask_price("AAPL") * 1.01, 0.01)
    trail = s.place(made, order("SELL", 5, "TRAIL", auxPrice=1.0, trailStopPrice=start))
    s.filled(trail, 15)
    s.check_fill(trail, 5)
    return f"{track.story()} {trail.story()}"


def bracket(s: Session, price: float) -> tuple[Track, Track, Track]:
    made = s.contract("AAPL")
    parent = s.place(made, order("BUY", 20, "LMT", lmtPrice=price, transmit=False))
    target = s.place(
        made,
        order(
            "SELL",
            20,
            "LMT",
            lmtPrice=rounded(s.bid("AAPL") * 1.4, 0.01),
            transmit=False,
            parentId=parent.order_id,
        ),
    )
    time.sleep(0.5)
    for track in (parent, target):
        equal(track.fills(), [], "executions before the last member came")
        check("Submitted" not in track.statuses(), f"{track.story()} before the last member")
    stop = s.place(
        made,
        order(
            "SELL",
            20,
            "STP",
            auxPrice=rounded(s.bid("AAPL") * 0.3, 0.01),
            parentId=parent.order_id,
        ),
    )
    return parent, target, stop


@STEPS("a bracket: held, parent fills, take-profit fills, stop cancelled")
def whole_bracket(s: Session) -> str:
    parent, target, stop = bracket(s, marketable(s))
    s.filled(parent)
    s.check_fill(parent, 20)
    s.reaches(target, "Submitted")
    s.reaches(stop, "PreSubmitted")
    for child in (target, stop):
        equal(child.last_status()[6], parent.order_id, "parentId")
    target.order.lmtPrice = rounded(s.bid("AAPL") * 0.97, 0.01)
    target.order.transmit = True
    with s.expecting(202):
        s.modify(target)
        s.filled(target)
        s.reaches(stop, "Cancelled")
    s.check_fill(target, 20)
    equal(stop.fills(), [], "executions of the stop")
    return f"{parent.story()} {target.story()} {stop.story()}"


@STEPS("a bracket's children wait PreSubmitted; cancel of the parent cancels them")
def cancelled_bracket(s: Session) -> str:
    parent, target, stop = bracket(s, far(s))
    s.reaches(parent, "Submitted")
    for child in (target, stop):
        s.stays(child, "PreSubmitted", 0.1)
    with s.expecting(202):
        s.cancel_id(parent.order_id)
        for track in (parent, target, stop):
            s.reaches(track, "Cancelled")
    return f"{parent.statuses()} {target.statuses()} {stop.statuses()}"


@STEPS("one cancels all: one fills, the other is cancelled")
def oca(s: Session) -> str:
    made, group = s.contract("AAPL"), f"group-{s.next_id}"
    parts = {"lmtPrice": far(s), "ocaGroup": group, "ocaType": 1}
    one = s.place(made, order("BUY", 5, "LMT", **parts))
    other = s.place(made, order("BUY", 6, "LMT", **parts))
    s.stays(one, "Submitted", 0.1)
    s.stays(other, "Submitted", 0.1)
    one.order.lmtPrice = marketable(s)
    with s.expecting(202):
        s.modify(one)
        s.filled(one)
        s.reaches(other, "Cancelled")
    equal(other.fills(), [], "executions of the other")
    back = s.place(made, order("SELL", 5, "MKT"))
    s.filled(back)
    return f"{one.statuses()} {other.statuses()}"


@STEPS("a cancel: 202 and Cancelled")
def cancel(s: Session) -> str:
    track = s.place(s.contract("AAPL"), order("BUY", 7, "LMT", lmtPrice=far(s)))
    s.reaches(track, "Submitted")
    s.cancel(track)
    check(in_order(["Submitted", "Cancelled"], track.statuses()), f"{track.story()}")
    s.kept["cancelled"] = track
    return str(track.story())


@STEPS("what-if: one openOrder with margins and commission, no status")
def what_if(s: Session) -> str:
    track = s.place(s.contract("AAPL"), order("BUY", 100, "MKT", whatIf=True))
    s.until(track.told, "an answer")
    time.sleep(0.3)
    equal(track.story(), ["openOrder"], "what is told of a what-if")
    state = track.told()[0][3]
    for name in ("initMargin", "maintMargin", "equityWithLoan"):
        before, change, after = (
            number(getattr(state, name + part), name + part)
            for part in ("Before", "Change", "After")
        )
        near(after, before + change, 0.02, f"{name}After")
    fee = getattr(state, "commissionAndFees", None) or getattr(state, "commission", None)
    check(fee is not None and 0 < fee < 50, f"commission {fee}")
    return f"margin {state.initMarginChange}, commission {fee}"


def vertical(s: Session, actions: tuple[str, str]) -> object:
    made = contract(symbol="SPY", secType="BAG", exchange="SMART", currency="USD")
    made.comboLegs = [
        leg(s.contract(name).conId, action)
        for name, action in zip(("call", "higher call"), actions, strict=True)
    ]
    return made


def check_legs(s: Session, track: Track, quantity: int) -> float:
    """Executions of the bag and its legs that add up; answers the net price."""
    rows = track.executed()
    bags = [execution for made, execution in rows if made.secType == "BAG"]
    check(bags, f"no execution of the BAG: {[made.secType for made, _ in rows]}")
    equal(sum(float(execution.shares) for execution in bags), quantity, "quantity of the BAG")
    net = 0.0
    for part in track.contract.comboLegs:
        legs = [execution for made, execution in rows if made.conId == part.conId]
        equal(sum(float(row.shares) for row in legs), quantity, f"quantity of {part.conId}")
        side = "BOT" if part.action == "BUY" else "SLD"
        equal({row.side for row in legs}, {side}, f"side of {part.conId}")
        value = sum(float(row.shares) * row.price for row in legs) / quantity
        net += value if part.action == "BUY" else -value
    near(bags[-1].avgPrice, net, 0.011, "price of the BAG")
    near(track.average, net, 0.011, "avgFillPrice")
    return net


@STEPS("a combo at the market, and back at a signed limit")
def combo(s: Session) -> str:
    for name in ("call", "higher call"):
        s.stream(name)
    cash = s.cash()
    track = s.place(vertical(s, ("BUY", "SELL")), order("BUY", 2, "MKT"))
    s.filled(track)
    net = check_legs(s, track, 2)
    low = s.bid("call") - s.ask_price("higher call")
    high = s.ask_price("call") - s.bid("higher call")
    check(low - 0.3 <= net <= high + 0.3, f"net {net}, quoted {low} to {high}")
    held = [s.holds(s.contract(name).conId) for name in ("call", "higher call")]
    equal(held, [2.0, -2.0], "positions in the legs")
    cash -= 200 * net + s.fee(track)
    s.cash_becomes(cash, "cash after the spread")
    limit = -rounded(high * 1.6 + 1, 0.01)
    back = s.place(vertical(s, ("SELL", "BUY")), order("BUY", 2, "LMT", lmtPrice=limit))
    s.stays(back, "Submitted", 0.3)
    back.order.lmtPrice = -rounded(max(low * 0.8 - 0.2, 0.05), 0.01)
    s.modify(back)
    s.filled(back)
    credit = check_legs(s, back, 2)
    check(credit <= back.order.lmtPrice + 0.005 < 0.005, f"net {credit}, {back.order.lmtPrice}")
    held = [s.holds(s.contract(name).conId) for name in ("call", "higher call")]
    equal(held, [0.0, 0.0], "positions in the legs")
    s.cash_becomes(cash - 200 * credit - s.fee(back), "cash after the way back")
    return f"{net:.2f} and {credit:.2f}"


@REFUSALS("cancel of an unknown order: 10147; of a filled one: 10148 or 161")
def bad_cancels(s: Session) -> str:
    unknown, since = s.next_id + 5000, s.mark
    s.cancel_id(unknown)
    first = s.refused(unknown, 10147, since=since)
    filled = s.kept["bought"].order_id
    s.cancel_id(filled)
    second = s.refused(filled, 10148, 161, since=since)
    return f"{first[1]} {second[1]}"


@REFUSALS("a duplicate order id: 103")
def duplicate(s: Session) -> str:
    held = s.holds(s.contract("AAPL").conId)
    for name, codes in (("cancelled", (103,)), ("bought", (103, 104))):
        track, since = s.kept[name], s.mark
        s.place(s.contract("AAPL"), order("BUY", 1, "MKT"), track.order_id)
        seen = s.refused(track.order_id, *codes, since=since)
    time.sleep(0.2)
    equal(s.holds(s.contract("AAPL").conId), held, "position")
    return seen[2]


@REFUSALS("orders that cannot be: contract 200, tick 110, quantity, price, account")
def bad_orders(s: Session) -> str:
    made, found = s.contract("AAPL"), []
    for what, asked, given, codes in (
        ("unknown contract", stock("NOSUCHTHING"), order("BUY", 1, "MKT"), (200,)),
        ("off the tick", made, order("BUY", 1, "LMT", lmtPrice=far(s) + 0.003), (110,)),
        ("quantity 0", made, order("BUY", 0, "MKT"), (321, 434, 201)),
        ("no price", made, order("BUY", 1, "LMT"), (321, 201, 109, 320, 110)),
        ("no such type", made, order("BUY", 1, "NONSENSE"), (321, 387, 201)),
        ("no such account", made, order("BUY", 1, "MKT", account="DU0000000"), (321, 435, 436)),
    ):
        track = s.place(asked, given)
        seen = s.refused(track.order_id, *codes, since=track.start)
        found.append(f"{what} {seen[1]}")
        equal(track.fills(), [], f"executions of an order with {what}")
    since = s.mark
    s.app.reqAllOpenOrders()
    s.wait("openOrderEnd", since=since)
    equal([told[0] for told in s.found("openOrder", since=since)], [], "open orders")
    return ", ".join(found)


@READ_ONLY("read-only: an order is refused with 321")
def read_only(s: Session) -> str:
    track = s.place(stock("AAPL"), order("BUY", 1, "MKT"))
    s.until(lambda: any(told[1] == 321 for told in s.found("error")), "321")
    s.expected |= {(told[0], 321) for told in s.found("error") if told[1] == 321}
    time.sleep(0.3)
    equal(track.fills(), [], "executions")
    check(not {"Submitted", "Filled"} & set(track.statuses()), f"{track.story()}")
    return str(track.story())
