"""A dead session's orders cancelled by what its journal says, without its strategy."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from framework.brokers.ib.settings import Settings
from framework.cli.salvaging import salvaged
from framework.cli.session_memory import Memory, read_memory, write_memory
from framework.engine.journal import read_journal
from framework.errors import ConfigError, DataError
from framework.operations.stop_flag import Strike
from framework.session.cancelling import Canceller
from framework.session.guards import UnreconciledError
from framework.session.holding import shelf_of
from framework.session.striking import Aftermath
from tests.unit.tapped import CANCEL_ORDER, PLACE_ORDER, wire
from tests.unit.test_kill_session import RESTING, Busy, held, is_full, working
from tests.unit.test_voyage import ACCOUNT, Ship, on_a_gateway


def nothing(account: str, reported: tuple[str, ...]) -> None:
    assert account == ACCOUNT


def rows(path: Path) -> int:
    with read_journal(path) as journal:
        return sum(1 for _ in journal.entries())


def test_everything_that_works_is_cancelled_and_the_journal_stays_as_it_is(tmp_path: Path) -> None:
    """The strategy that wrote it can be played again; a start is refused for the stop it lost."""

    async def act(ship: Ship) -> None:
        await ship.sail(Busy, is_full)
        assert working(ship) >= RESTING
        before = rows(ship.journal)
        clock = ship.gateway.hub.clock
        with wire(ship.gateway.port) as tap:
            settings = Settings(port=tap.port, client_id=1, account=ACCOUNT)
            shelf = shelf_of(ship.journal)
            aftermath = await Canceller(shelf, settings, clock, nothing).cancel(30.0)
            while 1 in ship.gateway.hub.sessions:
                await asyncio.sleep(0.01)
            assert PLACE_ORDER not in tap.messages
            assert tap.messages.count(CANCEL_ORDER) >= RESTING
        assert aftermath.left == ()
        assert aftermath.is_done
        assert aftermath.kept == ("10 AAPL",)
        assert working(ship) == 0
        assert held(ship) == 10.0
        assert rows(ship.journal) == before
        with pytest.raises(UnreconciledError, match="the stop of Busy-1 covers 0 of 10"):
            await ship.sail(Busy, is_full)

    on_a_gateway(tmp_path, act)


def test_another_account_is_left_alone(tmp_path: Path) -> None:
    async def act(ship: Ship) -> None:
        await ship.sail(Busy, is_full)
        settings = Settings(port=ship.gateway.port, client_id=1, account=ACCOUNT)

        def refuse(account: str, reported: tuple[str, ...]) -> None:
            raise ConfigError("Another one.", "Look.")

        canceller = Canceller(shelf_of(ship.journal), settings, ship.gateway.hub.clock, refuse)
        with pytest.raises(ConfigError, match="Another one"):
            await canceller.cancel(5.0)
        assert working(ship) >= RESTING

    on_a_gateway(tmp_path, act)


# the command ------------------------------------------------------------------------------------

MEMORY = Memory("paper", {"strategy": "gone.py"}, "", "127.0.0.1", 1, 1, "DU1", "j.sqlite", 30)


def test_how_a_session_was_started_is_kept_for_its_owner(tmp_path: Path) -> None:
    write_memory(tmp_path, MEMORY)
    assert read_memory(tmp_path) == MEMORY
    assert (tmp_path / "session.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(DataError, match="how the session was started"):
        read_memory(tmp_path / "none")


@pytest.mark.parametrize(
    ("strike", "held", "kept"),
    [
        (Strike(1), (), ("10 SPY", "5 QQQ")),
        (Strike(1, flattens=True), ("10 SPY", "5 QQQ"), ()),
        (Strike(1, flattens=True, exclude=("QQQ",)), ("10 SPY",), ("5 QQQ",)),
    ],
)
def test_a_strategy_that_is_gone_is_cancelled_without(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    strike: Strike,
    held: tuple[str, ...],
    kept: tuple[str, ...],
) -> None:
    """What was to be closed and was not is told as still held."""
    write_memory(tmp_path, Memory(**{**_fields(MEMORY), "where": str(tmp_path)}))
    left = Aftermath(3, (), (), ("10 SPY", "5 QQQ"), True, 0.1)

    async def cancel(*_: object) -> Aftermath:
        await asyncio.sleep(0)
        return left

    monkeypatch.setattr("framework.cli.salvaging._cancel", cancel)
    answer = salvaged(tmp_path, strike, False, 1.0)
    assert (answer["held"], answer["kept"]) == (held, kept)
    assert answer["done"] is (not held)
    assert ("STILL HELD" in str(answer["text"])) == bool(held)


def _fields(memory: Memory) -> dict[str, object]:
    return {name: getattr(memory, name) for name in Memory.__dataclass_fields__}
