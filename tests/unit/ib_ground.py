"""A session against the emulator in the same loop: connection, broker, and what they said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from framework.brokers.ib.broker import IbBroker
from framework.brokers.ib.connection import Connection, Notice, NoticeKind, State
from framework.brokers.ib.contracts import Contracts
from framework.brokers.ib.external import ExternalFill, ExternalOrder
from framework.brokers.ib.listed import Book
from framework.brokers.ib.pacing import Pacer
from framework.brokers.ib.resolution import Waits
from framework.brokers.ib.settings import RestartWindow, Settings, Timings
from framework.domain.events import BrokerEvent, Commission, Fill, OrderUpdate
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Order, OrderStatus, OrderType, Side, TimeInForce
from framework.emulator.build import live_gateway
from framework.emulator.faults.plan import FaultPlan, plan_of
from framework.emulator.market.markets import synthetic_market
from framework.emulator.server.gateway import Gateway
from framework.emulator.server.settings import GatewaySettings

START = 1_704_200_000 * 10**9
LONG = 12.0
"""Seconds for what comes at once, where nobody else wants the machine."""
PLANS = Path(__file__).resolve().parents[2] / "framework" / "emulator" / "faults" / "plans"
AAPL = Instrument("AAPL", calendar="24/7")
MSFT = Instrument("MSFT", calendar="24/7")
EURUSD = Instrument("EUR.USD", AssetType.FOREX, calendar="24/7", tick=0.00005)
SPX = Instrument("SPX", AssetType.INDEX, calendar="24/7")

FAST = Timings(
    attempts=10,
    first_wait=0.05,
    longest_wait=0.2,
    connect=20.0,
    answer=20.0,
    heartbeat=60.0,
    look=0.1,
    heartbeat_answer=20.0,
    fresh=60.0,
    probe=20.0,
    syncs=3,
    sync_wait=0.05,
    escalate=0.6,
)
"""Quick to try again, and slow to give up: on a busy machine what is late is not gone."""
IMPATIENT = replace(
    FAST, answer=1.0, heartbeat=0.4, heartbeat_answer=0.6, fresh=0.25, probe=0.6, connect=5.0
)
"""For faults by which something never comes."""
PATIENT = Waits(
    commission=20.0,
    answer=20.0,
    change=20.0,
    cancel=20.0,
    execution=20.0,
    stale=60.0,
    settled=0.2,
    between_looks=0.1,
    again=0.2,
)
SOON = replace(
    PATIENT, commission=0.1, answer=0.4, change=0.4, cancel=0.6, execution=0.2, stale=2.0
)
"""For faults by which a word about an order never comes."""


class MarketClock:
    """The emulator's time of the market."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def now(self) -> int:
        return self._gateway.hub.clock.now()


@dataclass
class Ground:
    """Everything of one session."""

    gateway: Gateway
    connection: Connection
    broker: IbBroker
    contracts: Contracts
    said: list[BrokerEvent] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    externals: list[ExternalOrder | ExternalFill] = field(default_factory=list)
    _count: int = 0

    def poll(self) -> None:
        self.said += self.broker.poll()
        self.alerts += self.broker.alerts()
        self.externals += self.broker.external()

    async def until(self, happens: Callable[[], object], what: str, seconds: float = LONG) -> None:
        end = time.monotonic() + seconds
        while True:
            self.poll()
            if happens():
                return
            if time.monotonic() > end:
                raise AssertionError(
                    f"{what}: not within {seconds} s; {self.connection.state} "
                    f"({self.connection.reason}); said {[str(one) for one in self.said]}; "
                    f"alerts {self.alerts}"
                )
            await asyncio.sleep(0.005)

    async def wait(self, seconds: float) -> None:
        """Go on polling for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.poll()
            await asyncio.sleep(0.005)

    async def settled(self) -> None:
        """Everything the broker has said by now is heard, and judged."""
        assert await self.connection.probe(), "no answer"
        self.poll()

    async def reaches(
        self, order_id: str, status: OrderStatus, seconds: float = LONG
    ) -> OrderUpdate:
        await self.until(lambda: status in self.states(order_id), f"{order_id} {status}", seconds)
        return next(one for one in self.updates(order_id) if one.status is status)

    async def ready(self, seconds: float = LONG) -> None:
        await self.until(lambda: self.connection.state is State.READY, "ready", seconds)

    @property
    def connections(self) -> int:
        """Connections that came to be ready."""
        return sum(one.state is State.READY for one in self.notices if one.kind is NoticeKind.STATE)

    async def quiet(self, seconds: float = LONG) -> None:
        await self.until(lambda: self.broker.is_quiet, "quiet", seconds)

    def updates(self, order_id: str) -> list[OrderUpdate]:
        return [e for e in self.said if isinstance(e, OrderUpdate) and e.order.id == order_id]

    def states(self, order_id: str) -> list[OrderStatus]:
        return [update.status for update in self.updates(order_id)]

    def fills(self, order_id: str) -> list[Fill]:
        return [e for e in self.said if isinstance(e, Fill) and e.order.id == order_id]

    def commissions(self) -> list[Commission]:
        return [e for e in self.said if isinstance(e, Commission)]

    def price(self, symbol: str = "AAPL") -> float:
        return self.gateway.hub.market.close_of(symbol)

    def order(self, kind: str = "market", side: Side = Side.BUY, **changes: object) -> Order:
        self._count += 1
        symbol = str(changes.get("symbol", "AAPL"))
        made = Order(
            id=f"Test-{self._count}",
            symbol=symbol,
            side=side,
            quantity=10.0,
            type=OrderType("market"),
            time=self.connection.clock.now(),
            decision_price=self.price(symbol),
            tif=TimeInForce.DAY,
        )
        return replace(made, type=OrderType(kind), **changes)  # type: ignore[arg-type]

    def below(self, share: float = 0.5) -> float:
        """A price on the grid, far from the market."""
        return round(self.price() * share, 2)


def plan(row: int, **shorter: str) -> FaultPlan:
    """The fault plan of a row of the failure table, with some waits made shorter.

    `plan(1, down="down: 60 -> down: 1")` replaces one text by another, which must be there.
    """
    path, text = _plan_file(row)
    for change in shorter.values():
        old, new = change.split(" -> ")
        assert old in text, f"{old!r} is not in {path.name}"
        text = text.replace(old, new)
    return plan_of(text, path.name)


def plan_and(row: int, further: str) -> FaultPlan:
    """The fault plan of a row, and further faults."""
    path, text = _plan_file(row)
    return plan_of(text.rstrip() + "\n" + further.lstrip("\n"), path.name)


def _plan_file(row: int) -> tuple[Path, str]:
    (path,) = PLANS.glob(f"{row:02d}-*.yaml")
    return path, path.read_text(encoding="utf-8")


def rows(text: str) -> FaultPlan:
    """A fault plan of one's own."""
    return plan_of(text)


@asynccontextmanager
async def gateway_of(
    faults: FaultPlan | None = None,
    settings: GatewaySettings | None = None,
    speed: float = 1.0,
) -> AsyncIterator[Gateway]:
    """The emulator, listening."""
    gateway = live_gateway(synthetic_market(START), settings, speed=speed, plan=faults)
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.close()


@asynccontextmanager
async def ground_on(
    gateway: Gateway,
    instruments: Sequence[Instrument] = (AAPL,),
    *,
    timings: Timings = FAST,
    waits: Waits = PATIENT,
    opens: bool = True,
    client_id: int = 1,
    account: str = "",
    window: RestartWindow | None = None,
) -> AsyncIterator[Ground]:
    """A session; closed in the end."""
    clock = MarketClock(gateway)
    settings = Settings(port=gateway.port, client_id=client_id, account=account)
    connection = Connection(settings, clock, timings, window=window)
    book = Book()
    pacer = Pacer(clock)
    broker = IbBroker(connection, book, pacer=pacer, waits=waits)
    ground = Ground(gateway, connection, broker, Contracts(connection, pacer, book, 2.0, 5.0))
    connection.watch(ground.notices.append)
    try:
        if opens:
            await connection.open()
            await ground.contracts.qualify(instruments)
            ground.poll()
            ground.said.clear()
        yield ground
    finally:
        await connection.close()


@asynccontextmanager
async def ground(
    faults: FaultPlan | None = None,
    instruments: Sequence[Instrument] = (AAPL,),
    *,
    settings: GatewaySettings | None = None,
    speed: float = 1.0,
    timings: Timings = FAST,
    waits: Waits = PATIENT,
    window: RestartWindow | None = None,
    account: str = "",
    opens: bool = True,
) -> AsyncIterator[Ground]:
    """A gateway and a session on it."""
    async with (
        gateway_of(faults, settings, speed) as gateway,
        ground_on(
            gateway,
            instruments,
            timings=timings,
            waits=waits,
            window=window,
            account=account,
            opens=opens,
        ) as found,
    ):
        yield found
