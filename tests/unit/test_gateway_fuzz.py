"""Malformed input neither hangs nor kills the gateway, and a client beside goes on working."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random

import pytest

from tests.clients.gateway_process import Serving, serving
from tests.clients.raw import (
    ClosedError,
    Wire,
    cancel_order,
    contract_fields,
    frame,
    hello,
    place_order,
)

AAPL: dict[str, object] = {
    "symbol": "AAPL",
    "secType": "STK",
    "exchange": "SMART",
    "currency": "USD",
}
VERSIONS = (157, 166, 170, 178)
NASTY = (
    *("", "0", "-1", "1", "nan", "inf", "-inf", "1e308", "1.7976931348623157E308", "-0.0"),
    *("9" * 40, "-" + "9" * 40, "1e999999", "0x10", "1_000", " 1 ", "BUY", "AAPL", "STK", "LMT"),
    *("é€\U0001f4a9", "\x01\x02", "a" * 5000, "20240101", "20240101 25:61:61 Nowhere/City"),
    *("true", "None", "%s%n", "../../etc/passwd", "1;2", "2147483648", "18446744073709551616"),
)
GONE = (ClosedError, ConnectionError, TimeoutError, OSError)


@dataclass
class Beside:
    """The well-behaved client: its quotes come, its orders are taken and cancelled."""

    gateway: Serving
    wire: Wire
    account: str
    next_id: int
    megabytes: float

    def works(self) -> None:
        """Everything as if nobody else were there."""
        assert self.gateway.is_alive, "the gateway has died"
        started = time.monotonic()
        self.wire.send(49, 1)
        self.wire.message(49, 1, seconds=3)
        order: dict[str, object] = {
            **{"action": "BUY", "totalQuantity": 1, "orderType": "LMT", "lmtPrice": 1.0},
            **{"tif": "DAY", "account": self.account, "orderRef": "beside"},
        }
        order_id, self.next_id = self.next_id, self.next_id + 1
        self.wire.send(*place_order(178, order_id, AAPL, order))
        self.wire.message(3, order_id, "Submitted", seconds=3)
        self.wire.send(*cancel_order(178, order_id))
        self.wire.message(3, order_id, "Cancelled", seconds=3)
        self.wire.log.clear()
        assert time.monotonic() - started < 3, "it took too long"
        grown = self.gateway.megabytes - self.megabytes
        assert grown < 80, f"the gateway has grown by {grown:.0f} MiB"


@pytest.fixture(scope="module")
def beside() -> Iterator[Beside]:
    with serving("--speed", "20") as gateway, Wire("127.0.0.1", gateway.port) as wire:
        account, next_id = wire.connect(1)
        wire.send(1, 11, 1, *contract_fields(AAPL), 0, "", 0, 0, "")
        wire.until(lambda m: m[0] == "1", "a quote")
        well = Beside(gateway, wire, account, next_id, gateway.megabytes)
        well.works()
        yield well


@contextmanager
def client(beside: Beside, version: int = 178, *, client_id: int = 0) -> Iterator[Wire]:
    """Another client that has connected; it may be thrown out at any time."""
    with Wire("127.0.0.1", beside.gateway.port, seconds=3) as wire:
        wire.connect(client_id or 1000 + next(IDS), version)
        yield wire


IDS = iter(range(1, 100_000))


def throw(beside: Beside, data: bytes, *, connected: bool, abrupt: bool = False) -> None:
    """Send bytes on a connection of their own and leave."""
    with suppress(*GONE), Wire("127.0.0.1", beside.gateway.port, seconds=3) as wire:
        if connected:
            wire.connect(1000 + next(IDS))
        wire.write(data)
        wire.drain(0.01)
        if abrupt:
            linger = struct.pack("ii", 1, 0)
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def framed(payload: bytes, length: int | None = None) -> bytes:
    return struct.pack(">I", len(payload) if length is None else length) + payload


@pytest.mark.parametrize("connected", [False, True], ids=["before", "after"])
def test_random_bytes_before_and_after_the_handshake(beside: Beside, connected: bool) -> None:
    random = Random(11)
    for round_ in range(40):
        size = random.choice([1, 3, 4, 5, 8, 100, 4096, 70_000])
        throw(beside, random.randbytes(size), connected=connected, abrupt=round_ % 3 == 0)
    beside.works()


def test_lengths_that_lie(beside: Beside) -> None:
    good = b"49\x001\x00"
    for length in (0, 1, len(good) - 1, len(good) + 1, 1 << 16, (1 << 20) + 1, 1 << 31):
        throw(beside, framed(good, length) + framed(good), connected=True)
        throw(beside, b"API\0" + framed(b"v157..178", length), connected=False)
    beside.works()


def test_a_huge_length_is_refused_at_once(beside: Beside) -> None:
    for connected in (False, True):
        for length in (0xFFFFFFF0, 0x7FFFFFFF, 1 << 28):
            with Wire("127.0.0.1", beside.gateway.port, seconds=3) as wire:
                if connected:
                    wire.connect(1000 + next(IDS))
                    wire.write(struct.pack(">I", length))
                else:
                    wire.write(b"API\0" + struct.pack(">I", length))
                with suppress(*GONE):
                    for _ in range(64):
                        wire.write(b"x" * 65_536)
                assert wire.closes(3), f"a frame of {length} bytes was waited for"
    beside.works()


def test_greetings_that_are_none(beside: Beside) -> None:
    texts = ("", "v", "v157", "v..", "v157..", "v157..abc", "v-1..178", "v178..157", "157..178")
    texts += ("v157..178" + " x" * 2000, "v" + "9" * 400 + ".." + "9" * 400, "v157..178\0", "é")
    for text in texts:
        throw(beside, b"API\0" + framed(text.encode()), connected=False)
    for data in (b"API", b"API\0", b"api\0" + framed(b"v157..178"), b"GET / HTTP/1.1\r\n\r\n"):
        throw(beside, data, connected=False)
    beside.works()


def test_requests_before_the_api_is_started(beside: Beside) -> None:
    for payload in (frame(49, 1), frame(71), frame(71, 2, "x", ""), frame(71, 2, "9" * 30, "")):
        with suppress(*GONE), Wire("127.0.0.1", beside.gateway.port, seconds=3) as wire:
            wire.greet(178)
            wire.write(payload)
            wire.drain(0.02)
    beside.works()


def test_frames_cut_short(beside: Beside) -> None:
    order = {"action": "BUY", "totalQuantity": 1, "orderType": "LMT", "lmtPrice": 1.0}
    whole = frame(*place_order(178, 9, AAPL, order))
    for size in range(1, len(whole), 7):
        throw(beside, whole[:size], connected=size % 2 == 0, abrupt=size % 3 == 0)
    payload = whole[4:]
    for size in range(0, len(payload), 5):  # a whole frame of half a message
        throw(beside, framed(payload[:size]), connected=True)
    beside.works()


@pytest.mark.parametrize("seed", range(4))
def test_random_fields_of_every_message(beside: Beside, seed: int) -> None:
    random = Random(seed)
    kinds = [kind for kind in range(1, 105) if kind != 58]
    for start in range(0, len(kinds), 35):  # fewer than the limit of messages a second
        with suppress(*GONE), client(beside, VERSIONS[seed]) as wire:
            for kind in kinds[start : start + 35]:
                count = random.choice([0, 1, 2, 5, 15, 25, 130])
                wire.send(kind, *(random.choice(NASTY) for _ in range(count)))
            wire.drain(0.1)
    beside.works()


@pytest.mark.parametrize("version", VERSIONS)
def test_an_order_with_one_field_wrong(beside: Beside, version: int) -> None:
    random = Random(version)
    order = {"action": "BUY", "totalQuantity": 1, "orderType": "LMT", "lmtPrice": 1.0}
    places = list(range(len(place_order(version, 0, AAPL, order))))
    for start in range(1, len(places), 40):
        with suppress(*GONE), client(beside, version) as wire:
            account, next_id = beside.account, 10_000_000 + 1000 * next(IDS)
            for place in places[start : start + 40]:
                next_id += 1
                fields = place_order(version, next_id, AAPL, order | {"account": account})
                fields[place] = random.choice(NASTY)
                wire.send(*fields)
            wire.drain(0.1)
    beside.wire.send(58, 1)
    beside.wire.drain(0.2)
    beside.works()


def requests(random: Random, account: str) -> list[list[object]]:
    """A good request of most kinds, with ids of their own."""
    contract = contract_fields(AAPL)
    req_id = random.randrange(1, 1 << 30)
    return [
        [1, 11, req_id, *contract, 0, "", 0, 0, ""],
        [2, 2, req_id],
        [6, 2, 1, account],
        [7, 3, req_id, 0, account, "", "AAPL", "STK", "", "BUY"],
        [9, 8, req_id, *contract, 0, "", "", ""],
        [10, 5, req_id, *contract, 5, 1, ""],
        [11, 1, req_id, 1],
        [20, req_id, *contract, 0, "", "1 day", "5 D", 1, "TRADES", 1, 0, ""],
        [20, req_id + 1, *contract, 0, "", "5 secs", "300 S", 1, "TRADES", 1, 1, ""],
        [21, 2, req_id, *contract[:8], *contract[9:], 1, 1, account, 0],
        [25, 1, req_id],
        [50, 3, req_id, *contract, 5, "TRADES", 0, ""],
        [54, 3, req_id, *contract, 5.0, 200.0, 0, ""],
        [55, 3, req_id, *contract, 0.2, 200.0, 0, ""],
        [59, 1, 3],
        [62, 1, req_id, "All", "NetLiquidation,$LEDGER:ALL"],
        [74, 1, req_id, account, ""],
        [76, 1, req_id, account, "", 0],
        [78, req_id, "SPY", "", "STK", 756733],
        [81, req_id, "SPY"],
        [83, req_id, "9c0001"],
        [87, req_id, *contract, 0, 1, "TRADES", 1],
        [88, req_id, *contract, 0, 1, "3 days"],
        [91, 26],
        [92, req_id, account, ""],
        [94, req_id, account, "", 265598],
        [96, req_id, *contract, 0, "", "20260101 00:00:00 UTC", 10, "TRADES", 0, 0, ""],
        [97, req_id, *contract, "Last", 0, 0],
        [99, 1],
        [104, req_id],
    ]


@pytest.mark.parametrize("seed", range(3))
def test_a_good_request_with_one_field_wrong(beside: Beside, seed: int) -> None:
    random = Random(seed)
    wrong = []
    for fields in requests(random, beside.account):
        for place in range(1, len(fields)):
            mutated = list(fields)
            mutated[place] = random.choice(NASTY)
            wrong.append(mutated)
            if place % 5 == 4:
                wrong.append(fields[:place])
    for start in range(0, len(wrong), 45):
        with client(beside) as wire:
            for fields in wrong[start : start + 45]:
                wire.send(*fields)
            wire.send(49, 1)  # whoever asks a wrong question is answered, and may ask again
            wire.message(49, 1)
    beside.works()


def test_contracts_that_do_not_exist(beside: Beside) -> None:
    nothing = contract_fields({"conId": 987_654_321, "exchange": "SMART"})
    with client(beside) as wire:
        for fields in requests(Random(1), beside.account):
            if 265598 in fields:
                fields[fields.index(265598)] = 987_654_321
            elif "AAPL" in fields and len(fields) > 13:
                first = fields.index("AAPL") - 1
                fields[first : first + 12] = nothing
            else:
                continue
            wire.send(*fields)
            wire.send(49, 1)
            wire.message(49, 1)
        order = {"action": "BUY", "totalQuantity": 1, "orderType": "MKT", "account": beside.account}
        wire.send(*place_order(178, 1, {"conId": 987_654_321, "exchange": "SMART"}, order))
        wire.until(lambda m: m[0] == "4" and m[2:4] == ["1", "200"], "code 200")
    beside.works()


def test_bytes_that_are_no_text(beside: Beside) -> None:
    random = Random(5)
    with suppress(*GONE), client(beside) as wire:
        for kind in (1, 3, 7, 9, 20, 62, 81):
            parts = b"\0".join(random.randbytes(6).replace(b"\0", b"x") for _ in range(12))
            wire.write(framed(str(kind).encode() + b"\0" + parts + b"\0"))
            wire.write(framed(str(kind).encode() + b"\0\xff\xfe\0" * 20))
            wire.write(framed(b"\xff\0"))
            wire.write(framed(b"\0\0\0\0"))
        wire.drain(0.1)
    beside.works()


def test_sockets_that_say_nothing(beside: Beside) -> None:
    port = beside.gateway.port
    silent = [Wire("127.0.0.1", port) for _ in range(60)]
    for number, wire in enumerate(silent):
        if number % 3 == 1:
            wire.write(b"API\0")
        elif number % 3 == 2:
            wire.write(hello(157, 178))
    beside.works()
    for wire in silent:
        wire.close()
    beside.works()


def test_a_client_that_never_reads(beside: Beside) -> None:
    deaf = Wire("127.0.0.1", beside.gateway.port)
    deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    deaf.connect(1000 + next(IDS))
    for number in range(8):
        deaf.send(9, 8, number, *contract_fields({"symbol": "SPY", "secType": "OPT"}), 0, *[""] * 3)
    for _ in range(3):
        beside.works()
        time.sleep(0.1)
    deaf.close()
    beside.works()


def test_slow_writers(beside: Beside) -> None:
    """Twenty greetings and requests drip in, a byte at a time, for two seconds."""
    stop = threading.Event()
    whole = hello(157, 178) + frame(71, 2, 4242, "") + frame(49, 1) * 10

    def drip(start: int) -> None:
        with suppress(*GONE), Wire("127.0.0.1", beside.gateway.port) as wire:
            wire.write(whole[:start])
            for byte in whole[start:]:
                if stop.wait(0.02):
                    return
                wire.write(bytes([byte]))

    threads = [threading.Thread(target=drip, args=(number * 2,)) for number in range(20)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        beside.works()
        time.sleep(0.2)
    stop.set()
    for thread in threads:
        thread.join(5)
    beside.works()


def test_many_come_and_go(beside: Beside) -> None:
    for number in range(60):
        with suppress(*GONE), client(beside, VERSIONS[number % 4]) as wire:
            wire.send(61, 1)
            if number % 2:
                linger = struct.pack("ii", 1, 0)
                wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    beside.works()


def test_the_market_runs_on(beside: Beside) -> None:
    """After all of the above: quotes still come."""
    beside.wire.drain(0.05)
    for _ in range(3):
        beside.wire.until(lambda m: m[0] in ("1", "2") and m[2] == "1", "a tick", 5)
    beside.works()
