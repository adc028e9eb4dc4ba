"""Session: what the checks before an order cost, and how soon a lost session is whole again.

`python -m tests.benchmarks.session` prints both, with a thousand and a hundred orders at work; the
checks alone are `python -m tests.benchmarks.checks`.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from framework import Strategy
from framework.backtest.settings import BacktestSettings
from framework.brokers.ib.settings import Settings, Timings
from framework.config.environment import Mode
from framework.domain.instruments import Instrument
from framework.domain.orders import OrderStatus
from framework.emulator.build import live_gateway
from framework.emulator.market.markets import synthetic_market
from framework.emulator.server.gateway import Gateway
from framework.emulator.server.settings import GatewaySettings
from framework.engine.journal import JOURNAL_NAME, open_journal
from framework.engine.journal_lock import Trader
from framework.session.bridge import Cargo
from framework.session.orders import Sailing
from framework.session.voyage import Voyage
from tests.benchmarks import checks

RECONNECTED, RECONNECTS = 100, 100
ACCOUNT = "DU1234567"


def main() -> None:
    """Both figures."""
    logging.getLogger("ib_insync").setLevel(logging.CRITICAL)
    print("\n".join(checks.report()))
    print(f"connection lost to books compared, {RECONNECTED:,} orders open")
    print(_row(asyncio.run(reconnects())))


def _row(seconds: list[float]) -> str:
    p50, p99, most = np.percentile(seconds, (50, 99, 100))
    return f"  p50 {p50:8.2f} s  p99 {p99:8.2f} s  max {most:8.2f} s"


# after a loss ------------------------------------------------------------------------------------


class Resting(Strategy):
    """A hundred orders that nobody takes."""

    def on_bar(self) -> None:
        """All of them at once."""
        while len(self.orders) < RECONNECTED:
            if not self.buy(1, limit=50.0, tif="GTC"):
                return


async def reconnects() -> list[float]:
    """Seconds from each loss of the connection until orders may leave again."""
    serving = GatewaySettings(accounts=(ACCOUNT,), messages_per_second=0, paces_history=False)
    market = synthetic_market(time.time_ns(), points=12)
    gateway = live_gateway(market, serving, speed=60.0)
    await gateway.start()
    sailing = Sailing(
        Mode.PAPER,
        Settings(port=gateway.port, client_id=1, account=ACCOUNT),
        Path(tempfile.mkdtemp(prefix="slipway-")) / JOURNAL_NAME,
        "1m",
        history=30,
        timings=Timings(first_wait=0.0, jitter=0.0),
        look=0.01,
    )
    clock = gateway.hub.clock
    with open_journal(sailing.journal, Trader(ACCOUNT, 1), clock.now) as journal:
        voyage = Voyage(
            Cargo(Resting, {}, BacktestSettings(cash=1e6)),
            [Instrument("AAPL", calendar="24/7")],
            sailing, journal, clock, lambda happening: None,
        )  # fmt: skip
        under_way = asyncio.get_running_loop().create_task(voyage.sail())
        try:
            return await _lost_again_and_again(voyage, gateway)
        finally:
            voyage.stop("measured")
            await under_way
            await gateway.close()


async def _lost_again_and_again(voyage: Voyage, gateway: Gateway) -> list[float]:
    while voyage.bridge.core is None or _working(voyage) < RECONNECTED:
        await asyncio.sleep(0.05)
    found = []
    for _ in range(RECONNECTS):
        begun = time.perf_counter()
        for connection in gateway.connections():
            connection.abort()
        await _until(lambda: not voyage.is_trusted)
        await _until(lambda: voyage.is_trusted)
        found.append(time.perf_counter() - begun)
        await asyncio.sleep(0.05)
    return found


def _working(voyage: Voyage) -> int:
    tickets = voyage.bridge.core.blotter.tickets.values()
    return sum(ticket.status is OrderStatus.WORKING for ticket in tickets)


async def _until(happens: Callable[[], bool]) -> None:
    while not happens():
        await asyncio.sleep(0.001)


if __name__ == "__main__":
    main()
