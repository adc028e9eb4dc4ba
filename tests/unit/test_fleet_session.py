"""A session of several strategies that is cut off goes on with each strategy's own books."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from framework.backtest.record import RunRecord
from framework.backtest.roles import Fleet, Role, Strategies
from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.brokers.ib.clock import Clock
from framework.domain.bars import Bars
from framework.domain.events import Fill, Signal, SignalAction
from framework.domain.orders import pct
from framework.emulator.build import lockstep_gateway
from framework.emulator.server.gateway import Gateway, Quiet
from framework.emulator.server.settings import GatewaySettings
from framework.engine.journal import read_journal
from framework.engine.journal_rows import Heard, Started
from framework.session.bridge import Cargo
from framework.session.lockstep import ACCOUNT, CLIENT, sail
from framework.strategy import Strategy
from tests.builders import bars_of
from tests.parity.comparing import differences
from tests.parity.programs import as_listed
from tests.parity.test_orders import rows


class Counting(Strategy):
    """Trades by what it has counted of its own fills: one lost or told to another strategy, and
    everything after it comes out otherwise."""

    luck: int = 1

    def setup(self) -> None:
        self.counted = 0

    def on_fill(self, fill: Fill) -> None:
        self.counted += 1

    def on_bar(self) -> None:
        turn = (len(self.data.close) * 7 + self.counted * 3 + self.luck) % 5
        if turn == 0:
            self.go_long(stop_loss=pct(2), take_profit=pct(3))
        elif turn == 1:
            self.go_short(trail=pct(2))
        elif turn == 3:
            self.close()


class _WreckError(Exception):
    """The session is gone."""


class Wrecked:
    """A market that lets a session sink after so many instants; it goes on for the next one."""

    def __init__(self, gateway: Gateway, steps: int) -> None:
        self._gateway = gateway
        self._left = steps

    @property
    def clock(self) -> Clock:
        return self._gateway.hub.clock

    @property
    def port(self) -> int:
        return self._gateway.port

    @property
    def is_midway(self) -> bool:
        return self._gateway.is_midway

    async def step(self, quiet: Quiet) -> bool:
        if self._left == 0:
            raise _WreckError
        self._left -= 1
        return await self._gateway.step_with(quiet)


FLEET = Fleet(
    (
        Role(Counting, {"luck": 1}, ("AAA",), 0.5),
        Role(Counting, {"luck": 4}, ("AAA", "BBB"), 0.5),
    )
)


def bars() -> list[Bars]:
    return [as_listed(bars_of(rows(3 + k), name)) for k, name in enumerate(("AAA", "BBB"))]


def sailed(
    path: Path, wrecks: tuple[int, ...], strategy: Strategies, settings: BacktestSettings
) -> RunRecord:
    """A session that sinks after so many instants each time, and then comes home."""
    cargo = Cargo(strategy, {}, settings)
    serving = GatewaySettings(
        accounts=(ACCOUNT,), messages_per_second=0, paces_history=False, master_client=CLIENT
    )

    async def played() -> RunRecord:
        gateway = lockstep_gateway(bars(), settings, serving)
        await gateway.start()
        try:
            for steps in wrecks:
                with pytest.raises(_WreckError):
                    await sail(cargo, bars(), Wrecked(gateway, steps), path)
            return await sail(cargo, bars(), Wrecked(gateway, -1), path)
        finally:
            await gateway.close()

    return asyncio.run(asyncio.wait_for(played(), 300.0))


@pytest.mark.parametrize("wrecks", [(), (4,), (9, 6, 3)])
def test_each_strategy_goes_on_with_its_own_books(tmp_path: Path, wrecks: tuple[int, ...]) -> None:
    backtest = run(FLEET, bars(), BacktestSettings())
    path = tmp_path / "journal.sqlite"
    session = sailed(path, wrecks, FLEET, BacktestSettings(owned=True))
    assert differences(backtest, session) == []
    assert len(backtest.fills) > 40
    for theirs, ours in zip(backtest.strategies, session.strategies, strict=True):
        assert theirs.equity == pytest.approx(ours.equity, abs=1e-6)
    with read_journal(path) as journal:
        started = [one.row for one in journal.entries() if isinstance(one.row, Started)]
    assert [one.strategy for one in started] == ["Counting + Counting2"] * (len(wrecks) + 1)


class Told(Strategy):
    """Does what it is told."""

    def on_signal(self, signal: Signal) -> None:
        if signal.action is SignalAction.BUY:
            self.go_long(stop_loss=pct(5))
        elif signal.action is SignalAction.SHORT:
            self.go_short()
        else:
            self.close()


@pytest.mark.parametrize("wrecks", [(), (7, 5)])
def test_signals_are_written_down_and_told_once(tmp_path: Path, wrecks: tuple[int, ...]) -> None:
    times = bars()[0].close_time
    actions = [SignalAction.BUY, SignalAction.SELL, SignalAction.SHORT]
    signals = tuple(
        Signal(int(times[k]) - 60 * 10**9 * (k % 2), ("AAA", "BBB")[k % 2], actions[k % 3])
        for k in range(2, 26, 2 + len(wrecks) % 2)
    )
    settings = BacktestSettings(signals=signals)
    backtest = run(Told, bars(), settings)
    path = tmp_path / "journal.sqlite"
    assert differences(backtest, sailed(path, wrecks, Told, settings)) == []
    assert len(backtest.fills) > 5
    with read_journal(path) as journal:
        heard = [one.row.signal for one in journal.entries() if isinstance(one.row, Heard)]
    assert heard == list(signals)
