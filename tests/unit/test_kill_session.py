"""The kill switch on a session that runs: over its socket, and by its flag alone."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import pytest

from framework import Strategy
from framework.brokers.ib.sending import NEVER_LEFT, Sender
from framework.domain.orders import DONE, Order, Origin
from framework.errors import ConfigError
from framework.operations.control import ask, read_control
from framework.operations.happenings import Kind
from framework.operations.status_file import read_status
from framework.operations.stop_flag import StopFlag, Strike
from framework.session.outcome import Outcome
from tests.unit.tapped import CANCEL_ORDER, PLACE_ORDER, Wire, wire
from tests.unit.test_voyage import ACCOUNT, Ship, on_a_gateway

RESTING = 45


class Busy(Strategy):
    """Holds ten with a stop, keeps orders resting, and sends another whenever it hears of one."""

    def on_bar(self) -> None:
        if not self.position and not self.orders:
            self.buy(10, stop_loss=1.0)
        self.fill_up()

    def on_order(self, update: object) -> None:
        self.fill_up()

    def fill_up(self) -> None:
        if self.position and len(self.orders) < RESTING:
            self.buy(1, limit=1.0, tif="GTC")


def is_full(ship: Ship) -> bool:
    return ship.working >= RESTING


class Killer:
    """Another shell: kills the session once it is busy."""

    def __init__(
        self, folder: Path, strike: Strike, *, asks: bool = True, is_full: bool = False
    ) -> None:
        self.folder, self.strike, self.asks, self.is_full = folder, strike, asks, is_full
        self.at = 0.0
        self.answer: Mapping[str, object] | None = None
        self._thread = threading.Thread(target=self._kill)

    def begin(self) -> None:
        self._thread.start()

    def _kill(self) -> None:
        if not self.is_full:
            StopFlag(self.folder).raise_for(self.strike)
        self.at = time.monotonic()
        control = read_control(self.folder)
        if self.asks and control is not None:
            request = {"do": "kill", "strike": asdict(self.strike), "wait": 30.0}
            self.answer = ask(control, request, 40.0)

    def join(self) -> None:
        self._thread.join()


async def killed(ship: Ship, killer: Killer, tap: Wire) -> Outcome:
    begun: list[bool] = []

    def watch(one: Ship) -> bool:
        if not begun and is_full(one):
            begun.append(True)
            killer.begin()
        return False

    outcome = await ship.sail(Busy, watch, port=tap.port)
    await asyncio.to_thread(killer.join)
    return outcome


def play(path: Path, act: Callable[[Ship, Wire], object]) -> None:
    async def on(ship: Ship) -> None:
        with wire(ship.gateway.port) as tap:
            await act(ship, tap)  # type: ignore[misc]

    on_a_gateway(path, on)


def held(ship: Ship) -> float:
    return ship.gateway.book(ACCOUNT).positions["AAPL"].quantity


def working(ship: Ship) -> int:
    return sum(one.status in ("PreSubmitted", "Submitted") for one in placed(ship))


def placed(ship: Ship) -> list[object]:
    return list(ship.gateway.hub.exchange.placed())


@pytest.mark.parametrize("flattens", [False, True])
def test_asked_it_cancels_everything_and_closes_what_it_is_told(
    tmp_path: Path, flattens: bool
) -> None:
    async def act(ship: Ship, tap: Wire) -> None:
        killer = Killer(tmp_path, Strike(1, "enough", flattens))
        outcome = await killed(ship, killer, tap)
        assert killer.answer is not None
        assert killer.answer.get("done") is True, killer.answer
        assert outcome.exit_code == 1
        assert outcome.working == 0
        assert "enough" in outcome.reason
        assert working(ship) == 0
        assert held(ship) == (0.0 if flattens else 10.0)
        assert ("flat" in str(killer.answer["text"])) == flattens
        assert (killer.answer["kept"] == ["10 AAPL"]) == (not flattens)
        late = [at - killer.at for at in tap.sent(PLACE_ORDER) if at > killer.at]
        assert len(late) <= (1 if flattens else 0), late
        cancels = [at - killer.at for at in tap.sent(CANCEL_ORDER) if at > killer.at]
        assert len(cancels) >= RESTING
        kinds = [one.kind for one in ship.told]
        assert kinds.count(Kind.KILL) == 2
        assert kinds[-1] is Kind.STOPPED

    play(tmp_path, act)


def test_a_close_that_could_not_leave_is_decided_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that had waited too long for its turn; the broker never had it."""

    async def act(ship: Ship, tap: Wire) -> None:
        kept: list[str] = []
        real = Sender.objection

        def objection(sender: Sender, order: Order) -> str:
            if order.origin is Origin.KILL and not kept:
                kept.append(order.id)
                return f"{NEVER_LEFT}: it had waited too long to be sent"
            return real(sender, order)

        monkeypatch.setattr(Sender, "objection", objection)
        killer = Killer(tmp_path, Strike(1, "enough", True))
        await killed(ship, killer, tap)
        assert killer.answer is not None
        assert killer.answer.get("done") is True, killer.answer
        assert kept
        assert held(ship) == 0.0

    play(tmp_path, act)


def test_where_the_flag_cannot_be_written_it_does_what_is_asked(tmp_path: Path) -> None:
    """A full disk: the request alone says that positions are closed."""

    async def act(ship: Ship, tap: Wire) -> None:
        killer = Killer(tmp_path, Strike(1, "enough", flattens=True), is_full=True)
        outcome = await killed(ship, killer, tap)
        assert killer.answer is not None
        assert killer.answer.get("done") is True, killer.answer
        assert "enough" in outcome.reason
        assert working(ship) == 0
        assert held(ship) == 0.0

    play(tmp_path, act)


def test_its_flag_alone_stops_it(tmp_path: Path) -> None:
    """An empty file made by hand: nothing new leaves from that moment on."""

    async def act(ship: Ship, tap: Wire) -> None:
        killer = Killer(tmp_path, Strike(1), asks=False)
        outcome = await killed(ship, killer, tap)
        assert outcome.working == 0
        assert [at for at in tap.sent(PLACE_ORDER) if at > killer.at] == []
        status = read_status(tmp_path)
        assert status is not None
        assert "kill switch" in status.ended
        assert status.orders == ()

    play(tmp_path, act)


def test_it_works_while_the_books_differ(tmp_path: Path) -> None:
    """Degraded: a finding blocks new risk, and the strike goes through."""

    async def act(ship: Ship, tap: Wire) -> None:
        killer = Killer(tmp_path, Strike(1, "enough", True))
        begun: list[bool] = []

        def watch(one: Ship) -> bool:
            if not begun and is_full(one):
                begun.append(True)
                one.voyage._bridge.doubt("the books differ")
                killer.begin()
            return False

        await ship.sail(Busy, watch, port=tap.port)
        await asyncio.to_thread(killer.join)
        assert working(ship) == 0
        assert held(ship) == 0.0

    play(tmp_path, act)


def test_what_was_done_is_replayed_and_taken_back(tmp_path: Path) -> None:
    """After a strike the same journal goes on: the strategy replays it, and trades again."""

    async def act(ship: Ship, tap: Wire) -> None:
        killer = Killer(tmp_path, Strike(1, "enough", True))
        await killed(ship, killer, tap)
        origins = [
            ticket.order.origin for ticket in ship.voyage.bridge.core.blotter.tickets.values()
        ]
        assert origins.count(Origin.KILL) == 1
        before = len(origins)
        with pytest.raises(ConfigError, match="kill --lift"):
            await ship.sail(Busy, is_full)
        StopFlag(tmp_path).lower()
        while 1 in ship.gateway.hub.sessions:
            await asyncio.sleep(0.01)
        await ship.sail(Busy, is_full)
        tickets = ship.voyage.bridge.core.blotter.tickets
        assert len(tickets) > before
        assert held(ship) == 10.0
        assert [one.status in DONE for one in list(tickets.values())[:before]] == [True] * before

    play(tmp_path, act)


def test_nobody_without_the_secret_is_heard(tmp_path: Path) -> None:
    async def act(ship: Ship, tap: Wire) -> None:
        said: list[object] = []

        def watch(one: Ship) -> bool:
            control = read_control(tmp_path)
            if not said and control is not None and is_full(one):
                said.append(None)

                def shout() -> None:
                    from framework.operations.control import Control

                    stranger = Control(control.port, "guess", control.pid)
                    said[0] = ask(stranger, {"do": "kill"}, 5.0)

                threading.Thread(target=shout).start()
            return bool(said) and said[0] is not None

        outcome = await ship.sail(Busy, watch, port=tap.port)
        assert said == [{"error": "wrong secret"}]
        assert outcome.exit_code == 0
        assert working(ship) >= RESTING

    play(tmp_path, act)


def test_the_status_is_written_while_it_runs(tmp_path: Path) -> None:
    async def act(ship: Ship, tap: Wire) -> None:
        seen: list[object] = []

        def watch(one: Ship) -> bool:
            if is_full(one):
                look = read_status(tmp_path)
                if look is not None and len(look.orders) >= RESTING:
                    seen.append(look)
            return bool(seen)

        await ship.sail(Busy, watch, port=tap.port)
        (look,) = seen[:1]
        assert look.where.startswith("an emulator at")
        assert look.account == "DU*****67"
        assert look.positions[0].quantity == 10.0
        assert look.positions[0].stop == 1.0
        assert look.connection == "ready"
        assert look.next_decision > 0
        assert json.dumps(asdict(look))
        assert "1234567" not in json.dumps(asdict(look))

    play(tmp_path, act)
