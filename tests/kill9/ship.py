"""The ship: a session that is told of its market by a control socket, and killed where it is told
to be."""

from __future__ import annotations

__all__ = ["Orders", "run_ship"]

import asyncio
import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path

from framework.backtest.record import RunRecord
from framework.domain.orders import Order as Sent
from framework.emulator.server.gateway import Quiet
from framework.emulator.server.settings import LOOPBACK
from framework.session.lockstep import sail
from tests.kill9.cargo import LOGBOOK, load_of
from tests.kill9.points import Trap, arm


@dataclass(frozen=True, slots=True)
class Orders:
    """What a ship is to do.

    Attributes:
        seed: of its captain.
        control: port of the host's control socket.
        journal: its file.
        report: where it writes how it ended.
        point, occurrence: where it is killed; "" for nowhere.
    """

    seed: int
    control: int
    journal: Path
    report: Path
    point: str = ""
    occurrence: int = 1


class _Clock:
    """The host's time, as last told."""

    def __init__(self) -> None:
        self.time = 0

    def now(self) -> int:
        """Nanoseconds UTC."""
        return self.time


class _Remote:
    """A market in another process."""

    def __init__(self, trap: Trap) -> None:
        self.clock = _Clock()
        self.port = 0
        self.is_midway = False
        self._trap = trap

    async def connect(self, control: int) -> None:
        self._reader, self._writer = await asyncio.open_connection(LOOPBACK, control)
        said = await self._ask("hello")
        self.port = int(str(said["port"]))

    async def step(self, quiet: Quiet) -> bool:
        """The next instant, or the rest of one that stopped in its midst."""
        said = await self._ask("step")
        while said["say"] == "quiet":
            self._trap.hit("bar-paused")
            await quiet()
            said = await self._ask("go")
        self._trap.hit("bar-ended")
        return bool(said["more"])

    async def _ask(self, do: str) -> dict[str, object]:
        self._writer.write(json.dumps({"do": do}).encode() + b"\n")
        said: dict[str, object] = json.loads(await self._reader.readline())
        self.clock.time = int(str(said["now"]))
        self.is_midway = bool(said["midway"])
        return said


def run_ship(orders: Orders) -> None:
    """Sail to the end of the data, or to the point where it is killed."""
    logging.disable(logging.ERROR)
    load = load_of(orders.seed)
    trap = Trap(orders.point, orders.occurrence)
    arm(trap)

    async def voyage() -> RunRecord:
        remote = _Remote(trap)
        await remote.connect(orders.control)
        return await sail(load.cargo, load.bars, remote, orders.journal)

    record = asyncio.run(voyage())
    told = _told(record) | {"counts": trap.counts}
    beside = orders.report.with_suffix(".part")
    beside.write_text(json.dumps(told), encoding="utf-8")
    beside.replace(orders.report)


def _net(record: RunRecord) -> dict[str, float]:
    """What the account holds; of what several strategies hold, the sum."""
    held: dict[str, float] = {}
    for one in record.positions:
        held[one.symbol] = held.get(one.symbol, 0.0) + one.quantity
    return {symbol: units for symbol, units in held.items() if units != 0.0}


def _told(record: RunRecord) -> dict[str, object]:
    """What is compared."""
    return {
        "fills": [
            [one.order.id, one.symbol, one.time, one.quantity, one.price, one.id.rpartition("/")[2]]
            for one in record.fills
        ],
        "commissions": [[one.fill_id, one.amount, one.time] for one in record.commissions],
        "orders": [
            [
                _in_words(one.order), one.order.id, one.status.value, one.filled, one.average_price,
                one.time, one.commission, one.slippage,
            ]
            for one in record.orders
        ],
        "refused": [str(one) for one in record.refused],
        "equity": [float(one) for one in record.equity],
        "cash": float(record.cash[-1]),
        "positions": _net(record),
        "logbook": json.loads(json.dumps(LOGBOOK)),
        "error": record.error,
    }  # fmt: skip


def _in_words(order: Sent) -> str:
    """An order in words; of a trailing one without where it stands: the broker moves that, and a
    session writes down what it was shown when the order last changed its state. One that was away
    was shown it later."""
    return str(order if order.trail is None else replace(order, stop=None, limit=None))
