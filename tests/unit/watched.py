"""A session that is watched as on the command line: logs, view, and alerts to a real server."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from framework import Strategy
from framework.backtest.record import RunRecord
from framework.cli import session_watchers
from framework.cli.session_watchers import SessionWatchers
from framework.cli.watching import status_command
from framework.config.alert import AlertSection
from framework.emulator.exchange.placed import Placed
from framework.emulator.faults.plan import plan_of
from framework.emulator.server.gateway import Gateway
from framework.operations.happenings import Happening
from framework.operations.status import Status, troubles
from framework.operations.status_file import read_status
from framework.session.voyage import Outcome
from tests.unit.listeners import Heard, http_server
from tests.unit.test_voyage import ACCOUNT, Ship, served

PATIENCE = 20.0
NAMES_OF_LIFE = ("start", "stop")


async def so(check: Callable[[], object], what: str = "") -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < end, f"it never came: {what}"
        await asyncio.sleep(0.01)


class Watched(Ship):
    """A session with its watchers.

    Attributes:
        heard: what the person who is alerted got.
    """

    def __init__(
        self, gateway: Gateway, folder: Path, heard: Heard, alert: AlertSection | None = None
    ) -> None:
        super().__init__(gateway, folder / "journal.sqlite")
        self.folder = folder
        self.heard = heard
        address = AlertSection(webhook=(f"http://127.0.0.1:{heard.port}/",))
        self.watchers = SessionWatchers(
            folder, "paper", "Watched", alert or address, str(folder / "trades"), ACCOUNT
        )
        self.watchers.is_emulated = lambda: self.voyage.is_emulated
        self.watchers.record = self._record

    def _record(self) -> RunRecord | None:
        return self.voyage.record()

    def _hear(self, happening: Happening) -> None:
        super()._hear(happening)
        self.watchers.take(happening)

    def _look(self, status: Status) -> None:
        self.watchers.look(status)

    # what a person sees ----------------------------------------------------------------------

    @property
    def alerts(self) -> Counter[str]:
        """Alerts that have arrived, by name; those of its beginning and end are left out."""
        return Counter(one["name"] for one in self.heard.posts if one["name"] not in NAMES_OF_LIFE)

    @property
    def status(self) -> Status:
        look = read_status(self.folder)
        assert look is not None
        return look

    @property
    def is_healthy(self) -> bool:
        return not troubles(self.status, time.time_ns(), True)

    async def troubled(self, check: Callable[[Status], object]) -> None:
        """Wait for a status that shows it; then `slipway status` ends with 1."""
        await so(lambda: check(self.status), "the status")
        assert not self.is_healthy
        assert status_command(str(self.folder), False) == 1

    async def well(self) -> None:
        """Wait until it is healthy again; then `slipway status` ends with 0."""
        await so(lambda: self.is_healthy, "health")
        assert status_command(str(self.folder), False) == 0

    # what the broker got ---------------------------------------------------------------------

    def sent(self, action: str) -> list[Placed]:
        """Orders of this session that reached the broker."""
        found = self.gateway.hub.exchange.placed()
        return [one for one in found if one.client_id == 1 and one.order.action == action]

    @property
    def held(self) -> float:
        position = self.gateway.book(ACCOUNT).positions.get("AAPL")
        return 0.0 if position is None else position.quantity

    async def bars(self, count: int) -> None:
        """Let so many bars close and be decided on."""
        times = self.voyage.bridge.core.ground.times
        before = len(times)
        await so(lambda: len(times) >= before + count, "bars")

    @asynccontextmanager
    async def at_sea(self, strategy: type[Strategy], **orders: object) -> AsyncIterator[Ending]:
        """While it trades; afterwards it is stopped, and its watchers have finished."""
        ending = Ending()
        sailing = asyncio.get_running_loop().create_task(self.sail(strategy, **orders))
        try:
            await so(lambda: sailing.done() or "trading" in self.said, "trading")
            await so(lambda: sailing.done() or (self.folder / "status.json").exists(), "a status")
            yield ending
            self.voyage.stop("enough")
            ending.outcome = await sailing
        finally:
            if not sailing.done():
                sailing.cancel()
                await asyncio.gather(sailing, return_exceptions=True)
            await asyncio.to_thread(self.watchers.close)


class Ending:
    """How it ended, once it has."""

    outcome: Outcome


def watched(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    play: Callable[[Watched], object],
    plan: str = "",
    alert: AlertSection | None = None,
) -> None:
    """Play something on a fresh emulator with a fault plan, watched by a server of alerts; the
    watchers' clock is the market's."""

    async def played(heard: Heard) -> None:
        gateway = await served(faults=plan_of(plan) if plan else None)
        monkeypatch.setattr(session_watchers, "time_ns", gateway.hub.clock.now)
        try:
            await play(Watched(gateway, folder, heard, alert))  # type: ignore[misc]
        finally:
            await gateway.close()

    with http_server() as heard:
        asyncio.run(played(heard))
