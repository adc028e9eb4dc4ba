"""Raw steps that trade: order of the messages, lists with their ends, the account."""

from __future__ import annotations

from raw import Message
from raw_layouts import UNSET, completed_order, execution
from raw_session import RawSession, check_story, kinds
from steps import Steps, check, equal, near, rounded

STEPS = Steps()


def far(s: RawSession) -> float:
    check(s.bid > 0, "an earlier step found no quote")
    return rounded(s.bid * 0.5, 0.01)


@STEPS("a market order: openOrder, status, execution, Filled, commission last")
def market_order(s: RawSession) -> str:
    order_id = s.place({"action": "BUY", "totalQuantity": 10, "orderType": "MKT"})
    told = s.settled(order_id)
    final = check_story(s, order_id, told)
    equal((final["side"], final["account"], final["orderRef"]), ("BOT", s.account, "raw"), "row")
    equal(float(final["cumQty"]), 10.0, "cumQty")
    s.check_time(final["time"], "time of the execution")
    report = next(m for m in told if m[0] == "59")
    check(0 < float(report[3]) < 50, f"commission {report}")
    equal(report[4], "USD", "currency of the commission")
    s.kept |= {"filled": order_id, "execId": final["execId"], "permId": final["permId"]}
    last = [m for m in told if m[0] == "3"][-1]
    equal((last[2], float(last[3]), float(last[4])), ("Filled", 10.0, 0.0), "the last status")
    near(float(last[5]), float(final["avgPrice"]), 1e-6, "avgFillPrice")
    return " ".join(kinds(told))


@STEPS("an order modified, then cancelled: 202 and Cancelled")
def limit_order(s: RawSession) -> str:
    price = far(s)
    order = {"action": "BUY", "totalQuantity": 5, "orderType": "LMT", "lmtPrice": price}
    order_id = s.place(order)
    opened = s.opened(s.wire.message(5, order_id))
    near(float(opened["lmtPrice"]), price, 1e-9, "lmtPrice")
    equal((opened["orderType"], opened["tif"], opened["orderRef"]), ("LMT", "DAY", "raw"), "order")
    s.status(order_id, "Submitted")
    s.place(order | {"lmtPrice": rounded(price + 1, 0.01)}, order_id=order_id)
    again = s.opened(
        s.wire.until(
            lambda m: (
                m[:2] == ["5", str(order_id)]
                and float(s.opened(m)["lmtPrice"]) == rounded(price + 1, 0.01)
            ),
            "the new price",
        )
    )
    equal(again["permId"], opened["permId"], "permId after the change")
    s.kept["cancelled"] = order_id
    s.cancel(order_id)
    start = len(s.wire.log)
    s.expected.add((str(order_id), "202"))
    s.wire.until(
        lambda _: {"3 Cancelled", "4"} <= set(kinds_of(s.wire.log[start:], order_id)),
        "202 and Cancelled",
    )
    return " ".join(kinds_of(s.wire.log[start:], order_id))


def kinds_of(messages: list[Message], order_id: int) -> list[str]:
    wanted = str(order_id)
    return kinds(
        [
            m
            for m in messages
            if (m[0] in ("3", "5") and m[1] == wanted)
            or (m[0] == "4" and m[2:4] == [wanted, "202"])
        ]
    )


@STEPS("cancels that cannot be: 10147, and 10148 or 161")
def bad_cancels(s: RawSession) -> str:
    unknown = s.next_id + 5000
    s.cancel(unknown)
    first = s.expect(unknown, 10147)
    filled = s.kept["filled"]
    assert isinstance(filled, int)
    s.cancel(filled)
    second = s.expect(filled, 10148, 161)
    return f"{first[3]} {second[3]}"


@STEPS("refusals: 103, 200, 110, 321")
def refusals(s: RawSession) -> str:
    market = {"action": "BUY", "totalQuantity": 1, "orderType": "MKT"}
    cancelled, filled = s.kept["cancelled"], s.kept["filled"]
    assert isinstance(cancelled, int) and isinstance(filled, int)
    s.place(market, order_id=cancelled)
    found = [s.expect(cancelled, 103)[3]]
    s.place(market, order_id=filled)
    found.append(s.expect(filled, 103, 104)[3])
    order_id = s.place(market, s.contract() | {"conId": 0, "symbol": "NOSUCHTHING"})
    found.append(s.expect(order_id, 200)[3])
    limit = {"action": "BUY", "totalQuantity": 1, "orderType": "LMT"}
    order_id = s.place(limit | {"lmtPrice": far(s) + 0.003})
    found.append(s.expect(order_id, 110)[3])
    order_id = s.place(market | {"totalQuantity": 0})
    found.append(s.expect(order_id, 321, 434, 201)[3])
    order_id = s.place(market | {"account": "DU0000000"})
    found.append(s.expect(order_id, 321, 435, 436, 201)[3])
    return " ".join(found)


@STEPS("what-if: one openOrder with margins, no status")
def what_if(s: RawSession) -> str:
    order = {"action": "BUY", "totalQuantity": 100, "orderType": "MKT", "whatIf": 1}
    start = len(s.wire.log)
    order_id = s.place(order)
    s.wire.message(5, order_id)
    s.wire.drain(0.3)
    about = [m for m in s.wire.log[start:] if m[0] in ("3", "5", "4") and str(order_id) in m[1:3]]
    equal(kinds(about), ["5"], "messages about the what-if")
    opened = s.opened(about[0])
    equal(opened["whatIf"], "1", "whatIf")
    for name in ("initMargin", "maintMargin", "equityWithLoan"):
        before, change, after = (float(opened[name + p]) for p in ("Before", "Change", "After"))
        check(all(abs(x) < 1e300 for x in (before, change, after)), f"{name} is unset")
        near(after, before + change, 0.02, f"{name}After")
    check(0 < float(opened["commission"]) < 50, f"commission {opened['commission']}")
    return f"margin {opened['initMarginChange']}, commission {opened['commission']}"


@STEPS("a combo: openOrder with its legs, executions of BAG and legs")
def combo(s: RawSession) -> str:
    bag = {"symbol": "SPY", "secType": "BAG", "exchange": "SMART", "currency": "USD"}
    fills = []
    for actions in (("BUY", "SELL"), ("SELL", "BUY")):
        legs = [
            (s.con_ids[name], 1, action)
            for name, action in zip(("call", "higher"), actions, strict=True)
        ]
        order = {"action": "BUY", "totalQuantity": 1, "orderType": "MKT"}
        order_id = s.place(order, dict(bag), legs=legs)
        told = s.settled(order_id)
        opened = s.opened(told[0])
        equal((opened["secType"], opened["comboLegs"]), ("BAG", "2"), "type and legs")
        rows = [execution(m, s.version) for m in told if m[0] == "11"]
        equal(sorted({row["secType"] for row in rows}), ["BAG", "OPT"], "types executed")
        price = {row["conId"]: float(row["price"]) for row in rows if row["secType"] == "OPT"}
        equal(set(price), {str(con_id) for con_id, _, _ in legs}, "legs executed")
        sign = {str(con_id): 1 if action == "BUY" else -1 for con_id, _, action in legs}
        net = sum(sign[con_id] * price[con_id] for con_id in price)
        whole = [float(row["price"]) for row in rows if row["secType"] == "BAG"]
        near(whole[0], net, 0.011, "net price of the BAG")
        fills.append(whole[0])
    check(fills[0] > 0 > fills[1], f"prices of the spread and its reverse {fills}")
    return str(fills)


@STEPS("executions with their commissions, and the end")
def executions(s: RawSession) -> str:
    req_id = next(s.requests)
    start = len(s.wire.log)
    s.wire.send(7, 3, req_id, 0, s.account, "", "AAPL", "STK", "", "BUY")
    s.wire.message(55, 1, req_id)
    told = [m for m in s.wire.log[start:] if m[0] in ("11", "59", "55")]
    rows = [execution(m, s.version) for m in told if m[0] == "11"]
    equal({row["reqId"] for row in rows}, {str(req_id)}, "reqIds")
    check(s.kept["execId"] in {row["execId"] for row in rows}, "the own execution is missing")
    equal({row["side"] for row in rows}, {"BOT"}, "sides")
    reports = [m[2] for m in told if m[0] == "59"]
    equal(sorted(reports), sorted(row["execId"] for row in rows), "commissions")
    for place, message in enumerate(told):
        if message[0] == "59":
            before = [execution(m, s.version)["execId"] for m in told[:place] if m[0] == "11"]
            check(message[2] in before, "a commission before its execution")
    return f"{len(rows)} executions"


@STEPS("open and completed orders, and their ends")
def lists(s: RawSession) -> str:
    order = {"action": "BUY", "totalQuantity": 5, "orderType": "LMT", "lmtPrice": far(s)}
    order_id = s.place(order)
    s.status(order_id, "Submitted")
    for kind in (5, 16):
        start = len(s.wire.log)
        s.wire.send(kind, 1)
        s.wire.message(53, 1)
        told = s.wire.log[start:]
        check(["5", str(order_id)] in [m[:2] for m in told], "the open order is missing")
        check(["3", str(order_id)] in [m[:2] for m in told], "the status is missing")
    s.wire.send(58, 1)
    s.expect(order_id, 202)
    start = len(s.wire.log)
    s.wire.send(99, 0)
    s.wire.message(102)
    rows = [completed_order(m, s.version) for m in s.wire.log[start:] if m[0] == "101"]
    found = {row["permId"]: row for row in rows}
    check(s.kept["permId"] in found, f"the filled order is not among {len(rows)}")
    row = found[str(s.kept["permId"])]
    equal((row["status"], float(row["filledQuantity"])), ("Filled", 10.0), "completed order")
    return f"{len(rows)} completed orders"


@STEPS("positions, portfolio, values, summary, PnL")
def account(s: RawSession) -> str:
    s.wire.send(61, 1)
    row = s.wire.message(61, 3, s.account, s.con_ids["AAPL"])
    check(float(row[14]) >= 10, f"position {row}")
    s.wire.message(62, 1)
    s.wire.send(64, 1)
    s.wire.send(6, 2, 1, s.account)
    start = len(s.wire.log)
    s.wire.message(54, 1, s.account)
    told = s.wire.log[start:]
    check({"6", "7", "8"} <= {m[0] for m in told}, f"{ {m[0] for m in told} }")
    tags = {m[2] for m in told if m[0] == "6"}
    check({"NetLiquidation", "CashBalance"} <= tags, f"tags {sorted(tags)[:40]}")
    s.wire.send(6, 2, 0, s.account)
    ids = [next(s.requests) for _ in range(5)]
    s.wire.send(76, 1, ids[0], s.account, "", 0)
    s.wire.message(73, 1, ids[0], s.account)
    s.wire.message(74, 1, ids[0])
    s.wire.send(77, 1, ids[0])
    start = len(s.wire.log)
    s.wire.send(62, 1, ids[1], "All", "NetLiquidation,BuyingPower")
    s.wire.message(64, 1, ids[1])
    tags = {m[4] for m in s.wire.log[start:] if m[0] == "63" and m[2] == str(ids[1])}
    equal(tags, {"NetLiquidation", "BuyingPower"}, "tags of the summary")
    s.wire.send(63, 1, ids[1])
    s.wire.send(92, ids[2], s.account, "")
    s.wire.message(94, ids[2])
    s.wire.send(93, ids[2])
    s.wire.send(94, ids[3], s.account, "", s.con_ids["AAPL"])
    single = s.wire.message(95, ids[3])
    equal(float(single[2]), float(row[14]), "position of the PnL")
    for text in single[3:6]:
        check(abs(float(text)) <= UNSET, f"PnL {single}")
    s.wire.send(95, ids[3])
    s.wire.send(74, 1, ids[4], s.account, "")
    s.wire.message(71, 1, ids[4], s.account, s.con_ids["AAPL"])
    s.wire.message(72, 1, ids[4])
    s.wire.send(75, 1, ids[4])
    return f"{row[14]} at {row[15]}"


@STEPS("a sale: realised PnL")
def sale(s: RawSession) -> str:
    order_id = s.place({"action": "SELL", "totalQuantity": 10, "orderType": "MKT"})
    told = s.settled(order_id)
    check_story(s, order_id, told)
    report = next(m for m in told if m[0] == "59")
    check(abs(float(report[5])) < 1e6, f"realised {report}")
    return report[5]
