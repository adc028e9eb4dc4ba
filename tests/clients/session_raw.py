"""A session of the raw client at each version, every field of every message counted.

python tests/clients/session_raw.py --port N [--client-id 1] [--versions 157,166,170,176,178]
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import raw_trading
from raw import Wire, frame, hello, place_order, words
from raw_layouts import details
from raw_session import AAPL, NOTICES, RawSession
from steps import Steps, check, equal, near, options, run

HANDSHAKES = Steps()
STEPS = Steps()
LAST = Steps()
VERSIONS = (157, 166, 170, 176, 178)


def wire(s: RawSession) -> Wire:
    return Wire(s.options.host, s.options.port)


COUNTS = {157: 110, 166: 114, 170: 115, 176: 115, 178: 114}
"""Fields of a plain placeOrder by version."""


@HANDSHAKES("the orders written here have the fields of their version")
def own_counts(_: RawSession) -> str:
    order: dict[str, object] = {"action": "BUY", "totalQuantity": 1, "orderType": "MKT"}
    found = {version: len(place_order(version, 1, AAPL, order)) for version in COUNTS}
    equal(found, COUNTS, "fields of a placeOrder")
    return str(found)


@HANDSHAKES("handshakes: the lower of 178 and what the client reads")
def negotiated(s: RawSession) -> str:
    found = {}
    for lowest, highest, wanted in ((100, 157, 157), (157, 176, 176), (157, 225, 178)):
        with wire(s) as other:
            found[highest] = other.greet(highest, lowest=lowest)
            equal(found[highest], wanted, f"version for v{lowest}..{highest}")
            other.quiet(0.2)
    return str(found)


@HANDSHAKES("a client that reads nothing we write is closed")
def too_old_or_new(s: RawSession) -> str:
    for lowest, highest in ((100, 156), (179, 200)):
        with wire(s) as other:
            other.write(hello(lowest, highest))
            check(other.closes(3), f"v{lowest}..{highest} was not closed")
            check(
                not any(len(m) == 2 and m[0].isdigit() for m in other.log),
                f"v{lowest}..{highest} got {other.log}",
            )
    return "closed"


@HANDSHAKES("a greeting in several writes, with options, with startApi behind it")
def greetings(s: RawSession) -> str:
    with wire(s) as other:
        equal(other.greet(178, parts=2), 178, "version after two writes")
        other.start(s.options.client_id)
    with wire(s) as other:
        equal(other.greet(170, parts=30, options="+PACEAPI"), 170, "version after 30 writes")
        accounts, next_id = other.start(s.options.client_id, "+PACEAPI")
        check(accounts and next_id > 0, f"{accounts} {next_id}")
    with wire(s) as other:
        other.write(hello(157, 178) + frame(71, 2, s.options.client_id, ""))
        equal(len(other.next()), 2, "fields of the version")
        other.version = 178
        other.message(15)
        other.message(9)
    return "all of them"


@HANDSHAKES("an answer in one write, nothing before startApi")
def one_write(s: RawSession) -> str:
    with wire(s) as other:
        other.write(hello(100, 157))
        data = other.socket.recv(4096)
        length = int.from_bytes(data[:4], "big")
        equal(len(data), 4 + length, "bytes of the first read")
        fields = data[4:].split(b"\0")
        equal((fields[0], len(fields)), (b"157", 3), "version, time")
        check(len(fields[1]) > 8, f"time {fields[1]!r}")
        other.quiet(0.2)
    return fields[1].decode()


@HANDSHAKES("a client id in use: 326 on -1, then closed")
def id_in_use(s: RawSession) -> str:
    with wire(s) as first, wire(s) as second:
        first.connect(s.options.client_id)
        second.greet(178)
        second.send(71, 2, s.options.client_id, "")
        error = second.until(lambda m: m[0] == "4" and m[3] == "326", "326", 3)
        equal(error[2], "-1", "id of the error")
        check(second.closes(3), "the second connection stays open")
        first.send(49, 1)
        first.message(49, 1)
    return error[4]


@HANDSHAKES("requests in pieces, and several in one write")
def pieces(s: RawSession) -> str:
    with wire(s) as other:
        other.connect(s.options.client_id)
        for byte in frame(49, 1):
            other.write(bytes([byte]))
            time.sleep(0.002)
        other.message(49, 1)
        other.write(frame(49, 1) + frame(61, 1) + frame(49, 1)[:5])
        other.message(49, 1)
        other.message(62, 1)
        other.write(frame(49, 1)[5:])
        other.message(49, 1)
    return "answered"


@STEPS("connect")
def connect(s: RawSession) -> str:
    s.wire = wire(s)
    s.wire.rate = 35
    s.wire.watch(s.watch)
    equal(s.wire.greet(s.version), s.version, "version")
    s.wire.quiet(0.1)
    accounts, s.next_id = s.wire.start(s.options.client_id)
    s.account = accounts.split(",")[0]
    check(s.account and s.next_id > 0, f"{accounts} {s.next_id}")
    for message in s.wire.log[1:]:
        check(message[0] in ("4", "9", "15"), f"unasked for: {message}")
    s.wire.drain(0.3)
    codes = {message[3] for message in s.codes}
    check(codes and codes <= NOTICES, f"notices {codes}")
    check(all(message[2] == "-1" for message in s.codes), "notices are about no request")
    return f"{accounts}, next id {s.next_id}"


@STEPS("accounts, ids, time")
def reference(s: RawSession) -> str:
    s.wire.send(17, 1)
    s.wire.message(15, 1)
    s.wire.send(8, 1, 1)
    again = int(s.wire.message(9, 1)[2])
    check(again >= s.next_id, f"next id {again} after {s.next_id}")
    s.next_id = again
    s.wire.send(49, 1)
    now = int(s.wire.message(49, 1)[2])
    check(now > 1_000_000_000, f"time {now}")
    return str(now)


def ask_details(s: RawSession, contract: dict[str, object]) -> list[dict[str, str]]:
    req_id = next(s.requests)
    more = [""] if s.version >= 176 else []
    s.ask_versioned(9, 8, req_id, contract, 0, "", "", *more)
    start = len(s.wire.log)
    s.wire.until(
        lambda m: m[0] == "52" or (m[0] == "4" and m[2] == str(req_id)), "end of the details"
    )
    if s.wire.log[-1][0] == "4":
        s.expected.add((str(req_id), s.wire.log[-1][3]))
        equal(s.wire.log[-1][3], "200", f"code for {contract}")
    rows = [details(m, s.version) for m in s.wire.log[start:] if m[0] == "10"]
    check(all(row["reqId"] == str(req_id) for row in rows), "reqIds")
    return rows


@STEPS("contract details of every type")
def contracts(s: RawSession) -> str:
    for name, contract in (
        ("AAPL", AAPL),
        ("SPY", AAPL | {"symbol": "SPY"}),
        ("EUR", {"symbol": "EUR", "secType": "CASH", "exchange": "IDEALPRO", "currency": "USD"}),
    ):
        rows = ask_details(s, dict(contract))
        equal(len(rows), 1, f"contracts for {name}")
        s.con_ids[name] = int(rows[0]["conId"])
    futures = ask_details(s, {"symbol": "ES", "secType": "FUT", "exchange": "CME"})
    check(len(futures) > 1, f"{len(futures)} months of ES")
    for row in futures:
        check(row["lastTrade"][:8].isdigit(), f"last trade {row['lastTrade']!r}")
    equal(ask_details(s, AAPL | {"symbol": "NOSUCHTHING"}), [], "details of nothing")
    s.wire.drain(0.15)
    check(s.wire.log[-1][0] != "52", "an end after error 200")
    return str(s.con_ids)


@STEPS("option chain, symbols, market rule, exchanges with depth")
def chain(s: RawSession) -> str:
    req_id = next(s.requests)
    s.wire.send(78, req_id, "SPY", "", "STK", s.con_ids["SPY"])
    found = s.wire.message(75, req_id, "SMART")
    s.wire.message(76, req_id)
    days = int(found[6])
    expirations, strikes = sorted(found[7 : 7 + days]), found[8 + days :]
    equal(int(found[7 + days]), len(strikes), "number of strikes")
    equal((found[3], found[5]), (str(s.con_ids["SPY"]), "100"), "underlying, multiplier")
    symbols = next(s.requests)
    s.wire.send(81, symbols, "SPY")
    s.wire.message(79, symbols)
    s.wire.send(91, 26)
    answer = s.wire.until(lambda m: m[0] in ("93", "4"), "market rule")
    if answer[0] == "4":
        s.expected.add((answer[2], answer[3]))
    s.wire.send(82)
    s.wire.message(80)
    s.kept |= {"days": expirations, "strikes": sorted(map(float, strikes))}
    return f"{days} days, {len(strikes)} strikes"


@STEPS("an option, and its contract by con id")
def option(s: RawSession) -> str:
    days, strikes = s.kept["days"], s.kept["strikes"]
    assert isinstance(days, list) and isinstance(strikes, list)
    middle = len(strikes) // 2
    for name, strike in (("call", strikes[middle]), ("higher", strikes[middle + 3])):
        rows = ask_details(
            s,
            {
                **{"symbol": "SPY", "secType": "OPT", "exchange": "SMART", "currency": "USD"},
                **{"expiry": days[len(days) // 2], "strike": strike, "right": "C"},
            },
        )
        equal(len(rows), 1, f"options at {strike}")
        s.con_ids[name] = int(rows[0]["conId"])
        near(float(rows[0]["strike"]), float(strike), 1e-9, "strike")
        equal(rows[0]["right"], "C", "right")
    (row,) = ask_details(s, {"conId": s.con_ids["call"]})
    equal(int(row["conId"]), s.con_ids["call"], "conId")
    return row["localSymbol"]


@STEPS("history: daily and of 5 minutes, in this version's times")
def history(s: RawSession) -> str:
    counts = []
    days = 1 + s.version % 11  # the same may not be asked for twice within 15 seconds
    for span, size, what in (
        (f"{10 + days} D", "1 day", "TRADES"),
        (f"{days} D", "5 mins", "TRADES"),
        (f"{days} D", "5 mins", "BID_ASK"),
    ):
        req_id = next(s.requests)
        s.ask_for(20, req_id, s.contract(), 0, "", size, span, 1, what, 1, 0, "")
        answer = s.wire.message(17, req_id)
        count = int(answer[4])
        check(count > 0, f"no bars of {size}")
        equal(len(answer), 5 + 8 * count, "fields")
        for text in (answer[2], answer[3]):
            s.check_time(text, "start or end of the history")
        dates = answer[5::8]
        if size == "1 day":
            check(all(len(d) == 8 and d.isdigit() for d in dates), f"dates {dates[:3]}")
        else:
            for date in dates[:3]:
                s.check_time(date, "date of a bar")
        counts.append(count)
    req_id = next(s.requests)
    s.ask_for(20, req_id, s.contract(), 0, "", "7 mins", "1 D", 1, "TRADES", 1, 0, "")
    s.expect(req_id, 162, 321)
    req_id = next(s.requests)
    s.ask_for(87, req_id, s.contract(), 0, 1, "TRADES", 1)
    s.wire.message(88, req_id)
    s.wire.send(90, req_id)
    return str(counts)


@STEPS("live data is asked for")
def live(s: RawSession) -> str:
    ids = {name: next(s.requests) for name in ("quotes", "greeks", "depth", "bars", "kept")}
    ids |= {name: next(s.requests) for name in ("Last", "BidAsk", "MidPoint")}
    s.kept |= ids
    start = len(s.wire.log)
    s.ask_versioned(1, 11, ids["quotes"], s.contract(), 0, "", 0, 0, "")
    s.ask_versioned(1, 11, ids["greeks"], s.contract("call"), 0, "", 0, 0, "")
    s.ask_versioned(10, 5, ids["depth"], s.contract(), 5, 1, "")
    s.ask_versioned(50, 3, ids["bars"], s.contract(), 5, "TRADES", 0, "")
    span = f"{600 + 10 * (s.version % 11)} S"
    s.ask_for(20, ids["kept"], s.contract(), 0, "", "5 secs", span, 0, "TRADES", 1, 1, "")
    for name in ("Last", "BidAsk", "MidPoint"):
        s.ask_for(97, ids[name], s.contract("SPY"), name, 0, 0)
    s.wire.until(lambda _: s.bid > 0 and s.ask > 0, "bid and ask")
    mine = [m for m in s.wire.log[start:] if str(ids["quotes"]) in m[1:3]]
    order = [m[0] for m in mine if m[0] in ("1", "81", "58")]
    check(order.index("81") < order.index("1"), f"tick parameters after a price: {order}")
    check(order.index("58") < order.index("1"), f"market data type after a price: {order}")
    s.wire.message(21, ids["greeks"])
    s.wire.until(lambda m: m[0] in ("12", "13") and m[2] == str(ids["depth"]), "a row of the book")
    return f"{s.bid}/{s.ask}"


@LAST("live data came")
def live_came(s: RawSession) -> str:
    seen: dict[str, int] = {}
    for name, kind, at in (
        ("bars", "50", 2),
        ("kept", "17", 1),
        ("kept", "90", 1),
        ("Last", "99", 1),
        ("BidAsk", "99", 1),
        ("MidPoint", "99", 1),
    ):
        wanted = str(s.kept[name])

        def match(m: list[str], kind: str = kind, at: int = at, wanted: str = wanted) -> bool:
            return m[0] == kind and m[at] == wanted

        if not any(match(m) for m in s.wire.log):
            s.wire.until(match, f"{kind} of {name}", 12)
        seen[f"{name} {kind}"] = sum(match(m) for m in s.wire.log)
    kept = [m for m in s.wire.log if m[0] == "90" and m[1] == str(s.kept["kept"])]
    for message in kept:
        s.check_time(message[3], "date of an update")
        opened, close, high, low = map(float, message[4:8])
        check(low <= min(opened, close) <= max(opened, close) <= high, f"{message}")
    for kind in ("quotes", "greeks"):
        s.wire.send(2, 2, s.kept[kind])
    s.wire.send(11, 1, s.kept["depth"], 1)
    s.wire.send(51, 1, s.kept["bars"])
    s.wire.send(25, 1, s.kept["kept"])
    for name in ("Last", "BidAsk", "MidPoint"):
        s.wire.send(98, s.kept[name])
    s.wire.send(49, 1)
    s.wire.message(49, 1)
    late = s.wire.drain(0.4)
    wanted = {str(s.kept[n]) for n in ("quotes", "greeks", "depth", "bars", "kept")}
    streamed = set(words("1 2 12 13 17 21 50 90 99"))
    data = [m for m in late if m[0] in streamed and wanted & set(m[:4])]
    equal(data, [], "data after the cancels")
    return str(seen)


@LAST("no code that no step asked for")
def no_other_codes(s: RawSession) -> str:
    left = [m for m in s.codes if m[3] not in NOTICES and (m[2], m[3]) not in s.expected]
    equal(left, [], "codes")
    return f"{len(s.codes)} messages"


@LAST("every message had the fields of its version")
def all_read(s: RawSession) -> str:
    lines = list(dict.fromkeys(s.misread))
    check(not lines, f"{len(s.misread)}: {lines[:5]}")
    return f"{len(s.wire.log)} messages of {len({m[0] for m in s.wire.log})} kinds"


@LAST("the gateway notices that the client has gone")
def gone(s: RawSession) -> str:
    s.wire.close()
    with wire(s) as other:
        other.connect(s.options.client_id, s.version)
    return "the id was free"


def main() -> bool:
    """Play the handshakes, then the session at each version."""
    given = options(__doc__, VERSIONS)
    passed = run(HANDSHAKES.listed, RawSession(given, 178))
    for place, version in enumerate(given.versions):
        s = RawSession(replace(given, client_id=given.client_id + place), version)
        listed = [*STEPS.listed, *raw_trading.STEPS.listed, *LAST.listed]
        passed &= run([(f"{version}: {name}", step) for name, step in listed], s)
    return passed


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
