"""A session in real time against the emulator: it trades, survives, refuses and ends in order."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from framework import Strategy
from framework.backtest.roles import Fleet, Role, Strategies
from framework.backtest.settings import BacktestSettings
from framework.brokers.ib.feed import FeedSettings
from framework.brokers.ib.settings import RestartWindow, Settings, Timings
from framework.components.sizing import Shares
from framework.config.environment import Mode
from framework.domain.events import Signal
from framework.domain.instruments import Instrument
from framework.domain.orders import OrderStatus, pct
from framework.domain.owners import owner_of
from framework.emulator.build import live_gateway, live_house
from framework.emulator.clock import RunningClock
from framework.emulator.faults.plan import FaultPlan, plan_of
from framework.emulator.market.markets import synthetic_market
from framework.emulator.server.gateway import Gateway
from framework.emulator.server.settings import GatewaySettings
from framework.engine.journal import open_journal
from framework.engine.journal_errors import JournalBusyError
from framework.engine.journal_lock import Berth, Trader
from framework.errors import ReconcileError
from framework.operations.happenings import Happening
from framework.operations.status import Status
from framework.session.bridge import Cargo
from framework.session.guards import UnreconciledError
from framework.session.orders import Sailing
from framework.session.outcome import Outcome
from framework.session.predictions import SignalFile
from framework.session.voyage import Voyage
from tests.unit.tapped import PLACE_ORDER, wire

ACCOUNT = "DU1234567"
HOUR, MINUTE = 3_600 * 10**9, 60 * 10**9
START = 1_790_000_000 * 10**9
SPEED = 40.0
"""Market seconds per second: a bar of a minute is a second and a half."""


QUICK = Timings(first_wait=0.05, longest_wait=0.2, sync_wait=0.05)
UNENDED = plan_of(
    "faults:\n- name: unended\n  when: {answer: PositionEnd}\n  do: drop\n  times: all\n"
)


class Flip(Strategy):
    """In and out, bar by bar, unless something works."""

    def on_bar(self) -> None:
        if self.orders:
            return
        if self.position:
            self.close()
        else:
            self.buy(100)


class Patient(Strategy):
    """One order that nobody takes."""

    def on_bar(self) -> None:
        if not self.orders:
            self.buy(100, limit=1.0, tif="GTC")


class Told(Strategy):
    """Does what it is told, and keeps in mind at which bar it was told of which time."""

    told: list[tuple[int, int]] = []  # noqa: RUF012

    def on_signal(self, signal: Signal) -> None:
        self.told.append((int(self.now.timestamp()), signal.time // 10**9))
        self.buy(10)


class Ship:
    """A session on a gateway, on the loop the gateway is on."""

    def __init__(self, gateway: Gateway, journal: Path) -> None:
        self.gateway = gateway
        self.journal = journal
        self.settings = BacktestSettings()
        self.said: list[str] = []
        self.told: list[Happening] = []
        self.voyage: Voyage

    async def sail(
        self,
        strategy: Strategies = Flip,
        until: Callable[[Ship], bool] = lambda _: False,
        signals: Path | None = None,
        frame: str = "1m",
        **orders: object,
    ) -> Outcome:
        """Until something is so; the outcome."""
        wanted: dict[str, object] = {
            "port": self.gateway.port,
            "feed": FeedSettings(grace=0.5),
            "timings": QUICK,
            "reconcile": 1.0,
            **orders,
        }
        port, client = wanted.pop("port"), wanted.pop("client_id", 1)
        assert isinstance(port, int)
        assert isinstance(client, int)
        timings = wanted.pop("timings")
        assert isinstance(timings, Timings)
        answer = wanted.pop("answer", timings.answer)
        assert isinstance(answer, float)
        preview = wanted.pop("preview", timings.preview)
        assert isinstance(preview, float)
        sailing = Sailing(
            Mode.PAPER,
            Settings(port=port, client_id=client, account=ACCOUNT),
            self.journal,
            frame,
            history=30,
            timings=replace(timings, answer=answer, preview=preview),
            look=0.01,
            **wanted,  # type: ignore[arg-type]
        )
        clock = self.gateway.hub.clock
        berth = Berth("127.0.0.1", self.gateway.port, client)
        with open_journal(self.journal, berth, clock.now, synced=False) as journal:
            instruments = [Instrument("AAPL", calendar="24/7")]
            cargo = Cargo(strategy, {}, self.settings)
            heard = None if signals is None else SignalFile(signals, None, ["AAPL"])
            self.voyage = Voyage(
                cargo,
                instruments,
                sailing,
                journal,
                clock,
                self._hear,
                looked=self._look,
                signals=heard,
            )
            watching = asyncio.get_running_loop().create_task(self._watch(until))
            try:
                return await asyncio.wait_for(self.voyage.sail(), 90.0)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    def _hear(self, happening: Happening) -> None:
        self.told.append(happening)
        self.said.append(happening.text)

    def _look(self, status: Status) -> None:
        """Shown each second."""

    async def _watch(self, until: Callable[[Ship], bool]) -> None:
        while self.voyage.bridge.core is None or not until(self):
            await asyncio.sleep(0.01)
        self.voyage.stop("enough")

    @property
    def fills(self) -> int:
        return len(self.voyage.bridge.core.blotter.fills)

    @property
    def working(self) -> int:
        tickets = self.voyage.bridge.core.blotter.tickets.values()
        return sum(ticket.status is OrderStatus.WORKING for ticket in tickets)


def on_a_gateway(path: Path, play: Callable[[Ship], object]) -> None:
    """Play something on a fresh emulator."""

    async def played() -> None:
        gateway = await served()
        try:
            await play(Ship(gateway, path / "journal.sqlite"))  # type: ignore[misc]
        finally:
            await gateway.close()

    asyncio.run(played())


async def served(
    start: int = START,
    cash: float = 1_000_000.0,
    faults: FaultPlan | None = None,
    speed: float = SPEED,
) -> Gateway:
    settings = GatewaySettings(accounts=(ACCOUNT,), messages_per_second=0, paces_history=False)
    market = synthetic_market(start, points=12)
    gateway = live_gateway(market, settings, live_house(market, cash), speed=speed, plan=faults)
    await gateway.start()
    return gateway


def test_it_trades_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        first = await ship.sail(until=lambda one: one.fills >= 3)
        assert first.exit_code == 0, "\n".join(ship.said)
        assert first.reason == "enough"
        before = [fill.id for fill in ship.voyage.bridge.core.blotter.fills]
        await ship.sail(until=lambda one: one.fills >= len(before) + 3)
        blotter = ship.voyage.bridge.core.blotter
        assert [fill.id for fill in blotter.fills][: len(before)] == before
        assert any("recovered from" in line for line in ship.said)
        truth, books = ship.gateway.book(ACCOUNT), ship.voyage.bridge.core.ledgers[0]
        held = truth.positions["AAPL"].quantity
        assert books.positions["AAPL"].quantity == held
        assert books.cash - 100_000.0 == pytest.approx(truth.cash - 1_000_000.0, abs=1e-6)

    on_a_gateway(tmp_path, play)


def test_an_account_that_another_session_trades_is_left_alone(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        other, theirs = tmp_path / "theirs.sqlite", Trader(ACCOUNT, 1)
        with (
            open_journal(other, theirs, lambda: 1, tmp_path, synced=False),
            wire(ship.gateway.port) as tap,
        ):
            with pytest.raises(JournalBusyError, match=r"trades account DU\*\*\*\*\*67"):
                await ship.sail(port=tap.port)
            assert PLACE_ORDER not in tap.messages
        await ship.sail(until=lambda one: one.fills >= 1)

    on_a_gateway(tmp_path, play)


def test_signals_appended_while_it_sails_are_told_once_at_their_bar(tmp_path: Path) -> None:
    path = tmp_path / "signals.csv"
    path.write_text("time,symbol,action,confidence\n")
    minute = MINUTE // 10**9

    async def play(ship: Ship) -> None:
        Told.told = []
        clock = ship.gateway.hub.clock
        asked: list[int] = []

        def ask(ahead: int) -> None:
            asked.append(clock.now() // 10**9 + ahead * minute)
            with path.open("a") as file:
                file.write(f"{asked[-1]},AAPL,BUY,0.5\n")

        def appends(one: Ship) -> bool:
            late = sum("came too late" in line for line in one.said)  # on a busy machine
            if len(asked) - late == len(Told.told) < 2:
                ask(3)
            return len(one.voyage.bridge.core.blotter.fills) == 2

        await ship.sail(Told, appends, path)
        before = list(Told.told)
        told = [sent for _, sent in before]
        assert len(told) == 2
        assert [sent for sent in asked if sent in told] == told
        assert all(0 <= bar - sent < minute for bar, sent in before)
        with path.open("a") as file:
            file.write(f"{asked[0] - 600},AAPL,SELL,1\nnonsense,AAPL,BUY,1\n")
        Told.told = []
        await ship.sail(Told, lambda one: any("nonsense" in line for line in one.said), path)
        assert Told.told == before, "a restart plays them again, and tells none twice"
        assert ship.fills == 2
        said = "\n".join(ship.said)
        assert "came too late: its bar is over" in said
        assert f"signals.csv, line {len(asked) + 3}" in said

    on_a_gateway(tmp_path, play)


class Against(Strategy):
    """Short while others are long: a bracket by every second bar, and out of it."""

    def on_bar(self) -> None:
        if len(self.data) % 2:
            self.go_short(stop_loss=pct(5), take_profit=pct(5))
        else:
            self.close()


def test_two_strategies_trade_one_symbol_and_the_broker_has_the_sum(tmp_path: Path) -> None:
    fleet = Fleet((Role(Flip, weight=0.5), Role(Against, weight=0.5, sizer=Shares(30.0))))

    def both(count: int) -> Callable[[Ship], bool]:
        def traded(one: Ship) -> bool:
            made = Counter(owner_of(f.order.id) for f in one.voyage.bridge.core.blotter.fills)
            return min(made["Flip"], made["Against"]) >= count

        return traded

    async def play(ship: Ship) -> None:
        assert (await ship.sail(fleet, both(2))).exit_code == 0
        assert (await ship.sail(fleet, both(4))).exit_code == 0
        truth, books = ship.gateway.book(ACCOUNT), ship.voyage.bridge.core.ledgers
        held = [one.positions["AAPL"].quantity for one in books[:2]]
        assert held[0] in (0.0, 100.0)
        assert held[1] in (0.0, -30.0)
        assert truth.positions["AAPL"].quantity == sum(held)
        for name in ("Flip", "Against"):
            assert any(line.startswith(f"{name}: equity ") for line in ship.said)
        made = sum(one.cash for one in books) - 100_000.0
        assert made == pytest.approx(truth.cash - 1_000_000.0, abs=1e-6)

    on_a_gateway(tmp_path, play)


def test_what_it_says_names_orders_and_fills(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        await ship.sail(until=lambda one: one.fills >= 2)
        assert any(line.startswith("order: Flip-1 buy 100 AAPL market") for line in ship.said)
        assert any(line.startswith("fill: Flip-1 bought 100 AAPL at ") for line in ship.said)
        assert not any("1234567" in line for line in ship.said)

    on_a_gateway(tmp_path, play)


def test_books_that_differ_keep_it_from_starting(tmp_path: Path) -> None:
    """What the journal says was bought is not in the account: nothing leaves, adopted or not."""

    async def play(ship: Ship) -> None:
        await ship.sail(until=lambda one: one.fills == 1)
        other = await served(START + HOUR)
        try:
            with wire(other.port) as tap:
                stranger = Ship(other, ship.journal)
                with pytest.raises(UnreconciledError, match="--adopt"):
                    await stranger.sail(port=tap.port)
                with pytest.raises(ReconcileError, match="another --journal"):
                    await stranger.sail(port=tap.port, adopts=True)
                assert tap.connections == 2
                assert PLACE_ORDER not in tap.messages
        finally:
            await other.close()

    on_a_gateway(tmp_path, play)


def test_row_54_positions_nobody_knows_keep_it_from_starting(tmp_path: Path) -> None:
    async def played() -> None:
        gateway = await served(faults=UNENDED)
        try:
            with wire(gateway.port) as tap:
                ship = Ship(gateway, tmp_path / "journal.sqlite")
                with pytest.raises(UnreconciledError, match="positions are not known"):
                    await ship.sail(until=lambda _: True, port=tap.port, answer=2.0)
                assert PLACE_ORDER not in tap.messages
        finally:
            await gateway.close()

    asyncio.run(played())


def test_what_the_account_has_besides_is_adopted_when_asked(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        await ship.sail(Patient, lambda one: one.working == 1, at_end="cancel")
        other = await served(START + HOUR, cash=900_000.0)
        try:
            with wire(other.port) as tap:
                stranger = Ship(other, ship.journal)
                with pytest.raises(UnreconciledError, match="900,000"):
                    await stranger.sail(Patient, port=tap.port)
                assert PLACE_ORDER not in tap.messages
                outcome = await stranger.sail(
                    Patient, lambda one: one.working == 1, port=tap.port, adopts=True
                )
                assert outcome.exit_code == 0
                assert PLACE_ORDER in tap.messages
        finally:
            await other.close()

    on_a_gateway(tmp_path, play)


@pytest.mark.parametrize(("at_end", "left"), [("keep", 1), ("cancel", 0)])
def test_orders_are_kept_or_cancelled_at_the_end(tmp_path: Path, at_end: str, left: int) -> None:
    async def play(ship: Ship) -> None:
        outcome = await ship.sail(Patient, lambda one: one.working == 1, at_end=at_end)
        assert outcome.working == left
        kept = await ship.sail(Patient, lambda one: one.working == 1)
        assert kept.working == 1
        assert len(ship.voyage.bridge.core.blotter.tickets) == 2 - left

    on_a_gateway(tmp_path, play)


def test_a_lost_connection_is_made_again_and_reconciled(tmp_path: Path) -> None:
    async def play(ship: Ship) -> None:
        seen: list[int] = []

        def far(one: Ship) -> bool:
            if one.fills >= 2 and not seen:
                seen.append(one.fills)
                for connection in one.gateway.connections():
                    connection.abort()
            return bool(seen) and one.fills >= seen[0] + 3

        outcome = await ship.sail(until=far)
        assert outcome.exit_code == 0
        assert any(line.startswith("disconnected") for line in ship.said)
        ids = [fill.id for fill in ship.voyage.bridge.core.blotter.fills]
        assert len(set(ids)) == len(ids)
        held = ship.gateway.book(ACCOUNT).positions["AAPL"].quantity
        assert ship.voyage.bridge.core.ledgers[0].positions["AAPL"].quantity == held

    on_a_gateway(tmp_path, play)


def test_row_1_nothing_is_sent_while_tws_restarts(tmp_path: Path) -> None:
    """Two bars pass in the window, and the order they ask for leaves once it is over."""

    async def play(ship: Ship) -> None:
        clock, passed = ship.gateway.hub.clock, []
        begin = datetime.fromtimestamp(clock.now() / 1e9, UTC) - timedelta(minutes=1)
        window = RestartWindow(begin.time(), minutes=30, zone="UTC")
        with wire(ship.gateway.port) as tap:

            def working(one: Ship) -> bool:
                if not passed and one.voyage.bridge.last >= START + 2 * MINUTE:
                    assert PLACE_ORDER not in tap.messages
                    passed.append(one.voyage.bridge.last)
                    clock.skip_to(clock.now() + 30 * MINUTE)
                return one.working == 1

            outcome = await ship.sail(Patient, working, port=tap.port, window=window)
            assert outcome.working == 1
            assert passed
            assert PLACE_ORDER in tap.messages
        assert any("in the restart window" in line for line in ship.said)

    on_a_gateway(tmp_path, play)


def test_once_decides_sends_and_leaves(tmp_path: Path) -> None:
    """A bar has closed since: the decision on it goes out before the session ends."""

    async def play(ship: Ship) -> None:
        await ship.sail(until=lambda one: one.fills == 2)
        before = len(ship.voyage.bridge.core.blotter.tickets)
        clock, due = ship.gateway.hub.clock, ship.voyage.bridge.last + MINUTE
        assert isinstance(clock, RunningClock)
        clock.run_at(1.0)  # a decision is due for half a bar: a machine may be busy for so long
        while due < clock.now():
            due += MINUTE
        clock.skip_to(due + 10**9)  # and it is final: a second is longer than the grace
        outcome = await ship.sail(once=True)
        assert outcome.exit_code == 0
        assert "decision" in outcome.reason
        tickets = list(ship.voyage.bridge.core.blotter.tickets.values())
        assert len(tickets) > before
        assert tickets[-1].status is not OrderStatus.SENT

    on_a_gateway(tmp_path, play)
