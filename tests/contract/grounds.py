"""Brokers on given bars, with a market a test can move: the historical one, the same behind a
journal, the shadow of a session, and Interactive Brokers' as the emulator plays it."""

from __future__ import annotations

__all__ = ["CASH", "FEE", "GROUNDS", "Ground", "Make"]

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from framework.backtest.settings import BacktestSettings
from framework.brokers.ib.feed import FeedSettings
from framework.brokers.ib.limits import Limits
from framework.brokers.ib.settings import Settings
from framework.brokers.simulated.broker import SimulatedBroker
from framework.brokers.simulated.models import Models
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.tape import Tape
from framework.components.commission import PerOrder
from framework.components.slippage import NoSlippage
from framework.domain.bars import Bars
from framework.domain.events import BrokerEvent
from framework.domain.instruments import Instrument
from framework.domain.ledger import Ledger
from framework.domain.orders import Order
from framework.emulator.build import lockstep_gateway
from framework.emulator.server.settings import GatewaySettings
from framework.engine.journal import open_journal
from framework.engine.journal_lock import Trader
from framework.engine.journalled import JournalledBroker
from framework.live.ground import Ground as Seen
from framework.live.shadow import Shadow
from framework.ports import Broker
from framework.session.rigging import Rigging
from tests.live_runs import rows_at

CASH = 100_000.0
FEE = 1.5


@dataclass(frozen=True)
class Cap:
    """So many units a bar, and no more."""

    most: float

    def units(
        self, instrument: Instrument, price: float, high: float, low: float, volume: float
    ) -> float:
        return self.most


class Ground(Protocol):
    """A broker on given bars, with a market a test can move."""

    broker: Broker

    def step(self) -> None:
        """Let the next bar close."""
        ...

    def close(self) -> None:
        """The test is over."""
        ...


Make = Callable[[Sequence[Bars], float | None], Ground]
"""From bars, and the units a bar gives (None for all), to a ground."""


def _settings(most: float | None) -> BacktestSettings:
    return BacktestSettings(
        cash=CASH,
        commission=PerOrder(FEE),
        slippage=NoSlippage(),
        liquidity=None if most is None else Cap(most),
    )


class SimulatedGround:
    """The historical broker."""

    def __init__(self, bars: Sequence[Bars], most: float | None = None) -> None:
        self.simulated = SimulatedBroker(
            [Tape(one, None) for one in bars],
            bars[0].close_time.data,
            CASH,
            FillPolicy(),
            Models(PerOrder(FEE), NoSlippage(), None if most is None else Cap(most)),
        )
        self.broker: Broker = self.simulated
        self._at = -1

    def step(self) -> None:
        self._at += 1
        self.simulated.advance(self._at)

    def close(self) -> None:
        pass


class JournalledGround(SimulatedGround):
    """The same, whose traffic is written down."""

    def __init__(self, bars: Sequence[Bars], most: float | None = None) -> None:
        super().__init__(bars, most)
        self._folder = TemporaryDirectory()
        path = Path(self._folder.name) / "journal.sqlite"
        self._open = open_journal(path, Trader("DU0000001", 1), lambda: 1, synced=False)
        journal = self._open.__enter__()
        self.broker = JournalledBroker(self.simulated, journal, lambda: 1, lambda: 0)

    def close(self) -> None:
        self._open.__exit__(None, None, None)
        self._folder.cleanup()


class ShadowGround:
    """The broker of a session whose orders never leave the machine."""

    def __init__(self, bars: Sequence[Bars], most: float | None = None) -> None:
        self._coming = rows_at(bars, 0)
        self._seen = Seen([one.take(0, 0) for one in bars])
        self._shadow = Shadow(self._seen, _settings(most))
        self.broker: Broker = self._shadow

    def step(self) -> None:
        self._shadow.advance(self._seen.push(*next(self._coming)))

    def close(self) -> None:
        pass


class Wired:
    """A broker whose wire is quiet after every call."""

    def __init__(self, rigging: Rigging, runner: asyncio.Runner) -> None:
        self._rigging = rigging
        self._runner = runner

    def _do(self, act: Callable[[], object]) -> None:
        async def within() -> None:
            act()
            await self._rigging.quiet()

        self._runner.run(within())

    def submit(self, orders: Sequence[Order]) -> None:
        self._do(lambda: self._rigging.mailbox.submit(orders))

    def replace(self, order: Order) -> None:
        self._do(lambda: self._rigging.mailbox.replace(order))

    def cancel(self, order_id: str) -> None:
        self._do(lambda: self._rigging.mailbox.cancel(order_id))

    def poll(self) -> Sequence[BrokerEvent]:
        told: list[BrokerEvent] = []
        self._do(lambda: told.extend(self._rigging.mailbox.poll()))
        return tuple(told)

    def book(self) -> Ledger:
        return self._rigging.mailbox.book()


class WireGround:
    """Interactive Brokers' adapter: real client library, real socket, the emulator at its end."""

    def __init__(self, bars: Sequence[Bars], most: float | None = None) -> None:
        self._runner = asyncio.Runner()
        serving = GatewaySettings(
            accounts=("DU0000001",), messages_per_second=0, paces_history=False, master_client=1
        )
        self._gateway = lockstep_gateway(bars, _settings(most), serving)
        self._run(self._gateway.start())
        instruments = {one.symbol: one.instrument for one in bars}
        self._rigging = Rigging(
            Settings(port=self._gateway.port, client_id=1, account="DU0000001"),
            self._gateway.hub.clock,
            instruments.__getitem__,
            limits=Limits(messages=0, history=0, same=0.0, burst=0, market_data=0, lines=0),
            feed=FeedSettings(grace=0.0, stale=1e9),
        )
        self._run(self._rigging.connection.__aenter__())
        self._run(self._look_up(list(instruments.values())))
        self.broker: Broker = Wired(self._rigging, self._runner)

    async def _look_up(self, instruments: Sequence[Instrument]) -> None:
        await self._rigging.contracts.qualify(instruments)
        await self._rigging.quiet()

    def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        self._runner.run(work)

    async def _step(self) -> None:
        await self._gateway.step_with(self._rigging.quiet)
        await self._rigging.quiet()

    def step(self) -> None:
        self._run(self._step())

    def close(self) -> None:
        self._run(self._rigging.connection.__aexit__(None, None, None))
        self._run(self._gateway.close())
        self._runner.close()


GROUNDS: dict[str, Make] = {
    "ib on the emulator": WireGround,
    "journalled": JournalledGround,
    "shadow": ShadowGround,
    "simulated": SimulatedGround,
}
"""By name."""
