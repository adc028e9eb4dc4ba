"""How much the gateway bears: order messages of several clients, or ticks, for a while.

    python tests/clients/load.py orders [--seconds 60] [--clients 5] [--rate 40]
    python tests/clients/load.py ticks [--seconds 60] [--clients 1] [--ticks 100000]

Starts a gateway of its own, limits on; or give --port and --pid of one that runs. Counts at the
socket, and reads the gateway's resident memory after 10 seconds and at the end.
"""

from __future__ import annotations

import argparse
import re
import select
import statistics
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from gateway_process import serving
from raw import Message, Wire, cancel_order, contract_fields, place_order

STOCK: dict[str, object] = {
    "symbol": "AAPL",
    "secType": "STK",
    "exchange": "SMART",
    "currency": "USD",
}
STREAMED: tuple[dict[str, object], ...] = (
    STOCK,
    STOCK | {"symbol": "MSFT"},
    STOCK | {"symbol": "SPY"},
    {"symbol": "EUR", "secType": "CASH", "exchange": "IDEALPRO", "currency": "USD"},
)
TICKS = {b"1", b"2", b"21", b"45", b"46"}
"""Messages that carry a tick."""
WARM = 10.0
"""Seconds until memory is read the first time."""


def resident(pid: int) -> float:
    """Resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None, f"no VmRSS of process {pid}"
    return int(found[1]) / 1024


def processor_seconds(pid: int) -> float:
    """Seconds a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


@dataclass
class Memory:
    """The gateway's memory, early and late."""

    pid: int
    begun: float = field(default_factory=time.monotonic)
    computed: float = 0.0
    early: float = 0.0

    def __post_init__(self) -> None:
        self.computed = processor_seconds(self.pid)

    def look(self) -> None:
        if not self.early and time.monotonic() - self.begun >= WARM:
            self.early = resident(self.pid)

    def report(self) -> None:
        late, seconds = resident(self.pid), time.monotonic() - self.begun
        busy = (processor_seconds(self.pid) - self.computed) / seconds
        early = self.early or late
        print(
            f"memory    {early:.1f} MiB after {WARM:.0f} s, {late:.1f} MiB after {seconds:.0f} s, "
            f"growth {100 * (late / early - 1):.2f} %; processor {100 * busy:.0f} %"
        )


@dataclass
class Trader:
    """One client that places, modifies and cancels in turn, at an even rate."""

    wire: Wire
    account: str
    next_id: int
    due: float
    price: float
    sent: int = 0
    phase: int = 0
    waiting: dict[tuple[str, int], float] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)
    acknowledged: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def send(self, now: float) -> None:
        """The next message of the round; each order is placed, modified, cancelled."""
        order_id = self.next_id
        if self.phase < 2:
            order: dict[str, object] = {
                "action": "BUY",
                "totalQuantity": 1 + self.phase,
                "orderType": "LMT",
                "lmtPrice": self.price,
                "tif": "DAY",
                "account": self.account,
                "orderRef": "load",
            }
            self.wire.send(*place_order(self.wire.version, order_id, dict(STOCK), order))
            self.waiting["placed" if self.phase == 0 else "modified", order_id] = now
        else:
            self.wire.send(*cancel_order(self.wire.version, order_id))
            self.waiting["cancelled", order_id] = now
            self.next_id += 1
        self.phase = (self.phase + 1) % 3
        self.sent += 1

    def read(self, message: Message, now: float) -> None:
        if message[0] == "3":
            order_id, status, remaining = int(message[1]), message[2], float(message[4])
            if status == "Cancelled":
                self._acknowledge("cancelled", order_id, now)
            elif status == "Submitted":
                self._acknowledge("placed" if remaining == 1 else "modified", order_id, now)
        elif message[0] == "4" and message[3] not in ("202", "2104", "2106", "2158"):
            self.errors[f"{message[3]} {message[4][:60]}"] += 1

    def _acknowledge(self, what: str, order_id: int, now: float) -> None:
        sent = self.waiting.pop((what, order_id), None)
        if sent is not None:
            self.delays.append(now - sent)
            self.acknowledged[int(now)] += 1


def orders(port: int, pid: int, seconds: float, clients: int, rate: float) -> bool:
    """Send order messages at an even rate; answers whether all were acknowledged."""
    price = _price(port)
    traders = []
    start = time.monotonic() + 0.5
    for number in range(clients):
        wire = Wire("127.0.0.1", port)
        account, next_id = wire.connect(100 + number)
        due = start + number / (rate * clients)
        traders.append(Trader(wire, account.split(",")[0], next_id, due, round(price * 0.5, 2)))
    memory = Memory(pid, start)
    by_socket = {trader.wire.socket: trader for trader in traders}
    while (now := time.monotonic()) < start + seconds + 2:
        memory.look()
        sending = now < start + seconds
        for trader in traders:
            while sending and trader.due <= now:
                trader.send(now)
                trader.due += 1 / rate
        nearest = min(trader.due for trader in traders)
        wait = max(0.0, min(0.02, nearest - time.monotonic()))
        readable, _, _ = select.select(list(by_socket), [], [], wait if sending else 0.02)
        for ready in readable:
            trader = by_socket[ready]
            while trader.wire.ready():
                trader.read(trader.wire.next(), time.monotonic())
            trader.wire.log.clear()
        if not sending and not any(trader.waiting for trader in traders):
            break
    sent = sum(trader.sent for trader in traders)
    delays = sorted(delay for trader in traders for delay in trader.delays)
    by_second: Counter[int] = sum((trader.acknowledged for trader in traders), Counter())
    whole = [by_second[second] for second in sorted(by_second)[1:-1]] or [0]
    print(
        f"orders    {sent} messages of {clients} clients in {seconds:.0f} s, "
        f"{len(delays)} acknowledged, {len(delays) / seconds:.1f} a second "
        f"(slowest second {min(whole)}, median {statistics.median(whole):.0f})"
    )
    if delays:
        print(
            f"delays    median {1000 * statistics.median(delays):.1f} ms, "
            f"99 % {1000 * delays[int(0.99 * len(delays))]:.1f} ms, most {1000 * delays[-1]:.0f} ms"
        )
    memory.report()
    errors: Counter[str] = sum((trader.errors for trader in traders), Counter())
    for text, count in errors.most_common(5):
        print(f"error     {count} x {text}")
    for trader in traders:
        trader.wire.close()
    return len(delays) == sent and not errors


def _price(port: int) -> float:
    """A bid of AAPL."""
    with Wire("127.0.0.1", port) as wire:
        wire.connect(99)
        wire.send(1, 11, 1, *contract_fields(STOCK), 0, "", 0, 0, "")
        bid = wire.until(lambda m: m[0] == "1" and m[3] == "1" and float(m[4]) > 0, "a bid")
        return float(bid[4])


def ticks(port: int, pid: int, seconds: float, clients: int, wanted: int) -> bool:
    """Count tick messages as they come out of the sockets."""
    wires = []
    for number in range(clients):
        wire = Wire("127.0.0.1", port)
        wire.connect(100 + number)
        for place, contract in enumerate(STREAMED):
            wire.send(1, 11, 1 + place, *contract_fields(contract), 0, "", 0, 0, "")
        wires.append(wire)
    sockets = [wire.socket for wire in wires]
    rest: dict[object, bytes] = dict.fromkeys(sockets, b"")
    counts: Counter[int] = Counter()
    kinds: Counter[bytes] = Counter()
    amount = 0
    start = time.monotonic()
    memory = Memory(pid, start)
    while (now := time.monotonic()) < start + seconds:
        memory.look()
        readable, _, _ = select.select(sockets, [], [], 0.1)
        for ready in readable:
            data = rest[ready] + ready.recv(1 << 20)
            amount += len(data) - len(rest[ready])
            place, end, found = 0, len(data), 0
            while end - place >= 4:
                (length,) = struct.unpack_from(">I", data, place)
                following = place + 4 + length
                if following > end:
                    break
                kind = data[place + 4 : data.index(b"\0", place + 4)]
                if kind in TICKS:
                    found += 1
                kinds[kind] += 1
                place = following
            rest[ready] = data[place:]
            counts[int(now - start)] += found
    total = sum(counts.values())
    whole = [counts[second] for second in range(1, int(seconds) - 1)] or [0]
    print(
        f"ticks     {total} in {seconds:.0f} s, {total / seconds:.0f} a second "
        f"(slowest second {min(whole)}, median {statistics.median(whole):.0f}), "
        f"{amount / seconds / 1e6:.1f} MB a second"
    )
    print(f"kinds     { {kind.decode(): count for kind, count in kinds.most_common(6)} }")
    memory.report()
    for wire in wires:
        wire.close()
    return total >= 0.98 * wanted * seconds


def main() -> bool:
    parser = argparse.ArgumentParser(description="Put a load on the gateway.")
    parser.add_argument("what", choices=("orders", "ticks"))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int)
    parser.add_argument("--rate", type=float, default=40, help="order messages a second, each")
    parser.add_argument("--ticks", type=int, default=100_000, help="a second, over all streams")
    parser.add_argument("--port", type=int, help="of a gateway that runs")
    parser.add_argument("--pid", type=int, help="its process id")
    given = parser.parse_args()

    def play(port: int, pid: int) -> bool:
        if given.what == "orders":
            return orders(port, pid, given.seconds, given.clients or 5, given.rate)
        return ticks(port, pid, given.seconds, given.clients or 1, given.ticks)

    if given.port and given.pid:
        return play(given.port, given.pid)
    more = () if given.what == "orders" else ("--ticks-per-second", str(given.ticks))
    with serving(*more) as gateway:
        return play(gateway.port, gateway.process.pid)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
