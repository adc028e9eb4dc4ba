"""Post: where other processes see a running session, and stop it."""

from __future__ import annotations

__all__ = ["Post"]

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from framework.domain.orders import Order, Origin
from framework.errors import ConfigError, DataError
from framework.operations.control import ControlServer
from framework.operations.status import Status
from framework.operations.status_file import write_status
from framework.operations.stop_flag import StopFlag, Strike, strike_of
from framework.operations.worker import Worker
from framework.session.striking import Aftermath
from framework.session.teller import Say

_EVERY = 1.0
"""Seconds between two statuses."""
_ROOM = 10
"""Statuses that may wait for a disk that stands still."""
_LATE = 0.05
"""Seconds between two looks whether there is one to write."""
_DEADLINE = 2.0
"""Seconds the last one may take."""


class Post:
    """A session's status, its stop flag and its ear.

    None of it may keep the session from its work: what cannot be written is told once and left,
    and the disk is waited for by a thread of its own.

    Args:
        folder: of the session's journal.
        look: the session as it is now; None before there is anything to see.
        wake: has the session look at once.
        say: told what cannot be done.
        looked: shown every status.
    """

    def __init__(
        self,
        folder: Path,
        look: Callable[[], Status | None],
        wake: Callable[[], None],
        say: Say,
        looked: Callable[[Status], None],
    ) -> None:
        self._folder = folder
        self._look = look
        self._wake = wake
        self._say = say
        self._looked = looked
        self._flag = StopFlag(folder)
        self._server = ControlServer(folder, self._answer)
        self._written = 0.0
        self._writer: Worker[Status] | None = None
        self._problem = self._told = ""
        self._asked: Strike | None = None
        self._everything = False
        self._done = asyncio.Event()
        self._aftermath: Aftermath | None = None

    async def open(self) -> None:
        """Listen; a session that cannot be asked is stopped by its flag all the same."""
        self._writer = Worker("status", self._kept, room=_ROOM, pause=_LATE)
        try:
            await self._server.open()
        except OSError as error:
            self._say(f"other processes cannot reach this session: {error.strerror}")

    async def close(self) -> None:
        """Write the last status, and listen no more."""
        self._write()
        self._done.set()
        await asyncio.sleep(0)  # who waits for an answer gets it
        if self._writer is not None:
            self._writer.close(_DEADLINE)
        await self._server.close()

    # the kill switch -------------------------------------------------------------------------

    def bar(self, order: Order) -> str:
        """Why an order may not leave; empty if it may. Asked for each, just before it does."""
        if order.origin is Origin.KILL:
            return ""
        if self._asked is not None:
            return f"the kill switch was used: {self._asked.reason}"
        return "the stop flag is up" if self._flag.is_raised else ""

    def insist_down(self) -> None:
        """Refuse to begin while the flag is up.

        Raises:
            ConfigError: it is.
        """
        strike = self._flag.strike()
        if strike is not None:
            raise ConfigError(
                f"The kill switch is on ({strike.reason}): {self._flag.path} is there.",
                "If it may trade again, take it back: slipway kill --lift.",
            )

    def strike(self) -> Strike | None:
        """What the kill switch asks for; None while nobody has used it."""
        if self._asked is None and self._flag.is_raised:
            self._asked = self._flag.strike()
        return self._asked

    @property
    def wants_everything(self) -> bool:
        """Whether other people's orders are to be cancelled, too."""
        return self._everything

    def struck(self, aftermath: Aftermath) -> None:
        """It is done."""
        self._aftermath = aftermath
        self._done.set()

    # what others see -------------------------------------------------------------------------

    def tick(self) -> None:
        """Write the status, if it is time."""
        now = time.monotonic()
        if now - self._written >= _EVERY:
            self._written = now
            self._write()

    def _write(self) -> None:
        status = self._look()
        if status is None or self._writer is None:
            return
        self._looked(status)
        self._writer.give(status)
        if self._problem != self._told:
            self._told = self._problem
            if self._problem:
                self._say(f"the status cannot be written: {self._problem}")

    def _kept(self, statuses: Sequence[Status], _: bool) -> None:
        """Write the last one down; in a thread of its own, for a disk may take its time."""
        if not statuses:
            return
        try:
            write_status(self._folder, statuses[-1])
            self._problem = ""
        except OSError as error:
            self._problem = error.strerror or str(error)

    # what others ask -------------------------------------------------------------------------

    async def _answer(self, request: Mapping[str, object]) -> Mapping[str, object]:
        match request.get("do"):
            case "ping":
                return {"pong": True}
            case "kill":
                return await self._kill(request)
            case other:
                return {"error": f"nobody knows what {other!r} is"}

    async def _kill(self, request: Mapping[str, object]) -> Mapping[str, object]:
        if self._asked is None:
            self._asked = self._flag.strike() or _asked_for(request)
        self._everything = self._everything or bool(request.get("global"))
        self._wake()
        wait = request.get("wait")
        patience = float(wait) if isinstance(wait, int | float) else 60.0
        with suppress(TimeoutError):
            await asyncio.wait_for(self._done.wait(), patience)
        aftermath = self._aftermath
        if aftermath is None:
            return {"error": f"not proven within {patience:.0f} s"}
        return {"done": aftermath.is_done, "text": str(aftermath), **asdict(aftermath)}


def _asked_for(request: Mapping[str, object]) -> Strike:
    """What a request asks for where its flag could not be written: the disk may be full."""
    try:
        return strike_of(json.dumps(request.get("strike")))
    except DataError:
        return Strike(time.time_ns())
