"""Showing: what a session lets others see of itself: its words, its status, and who answers it."""

from __future__ import annotations

__all__ = ["BROKER", "EMULATOR", "IB", "Looked", "Showing"]

from collections.abc import Callable, Iterable, Sequence
from time import time_ns

from framework.brokers.ib.clock import Clock
from framework.brokers.ib.connection import Connection
from framework.brokers.ib.facts import ErrorSeen
from framework.engine.journal import Journal
from framework.engine.reconcile_nouns import Finding
from framework.live.core import LiveCore
from framework.operations.happenings import Happening
from framework.operations.status import Status
from framework.ports import Breaker
from framework.session.hours import Hours
from framework.session.looking import LookOut, Seen
from framework.session.masking import masked
from framework.session.orders import Sailing
from framework.session.post import Post
from framework.session.shadowing import NOTE
from framework.session.teller import Tell, Teller

BROKER, IB, EMULATOR = "broker", "ib", "emulator"
"""Who answered, as a session's first row has it."""
Looked = Callable[[Status], None]
"""Shown a session's status."""
_OWN_FARM = "OK:emulator"


class Showing:
    """What is shown of one session.

    Args:
        sailing: its orders.
        journal: its file.
        clock: the session's.
        connection: with the broker.
        hours: when its bars close.
        tell: told what happens.
        looked: shown the status, each second.
        wake: has the session look at once.

    Attributes:
        teller: tells what happens.
        post: the status, the stop flag, and the ear for other processes.
    """

    def __init__(
        self,
        sailing: Sailing,
        journal: Journal,
        clock: Clock,
        connection: Connection,
        hours: Hours,
        tell: Tell,
        looked: Looked,
        wake: Callable[[], None],
    ) -> None:
        self._sailing = sailing
        self._journal = journal
        self._clock = clock
        self._connection = connection
        self._hours = hours
        self._tell = tell
        self._began = time_ns()
        self._is_emulated = False
        self._look_out: LookOut | None = None
        self._core: LiveCore | None = None
        self._findings: Sequence[Finding] = ()
        self._ended = ""
        mark = "" if sailing.fills == "broker" else NOTE
        self.teller = Teller(self._take, clock.now, lambda: journal.number, mark)
        self.post = Post(journal.path.parent, self._status, wake, self.teller.say, looked)
        connection.listen(self._heard)

    @property
    def answerer(self) -> str:
        """Who answers: an emulator says so of itself."""
        return EMULATOR if self._is_emulated else IB

    @property
    def where(self) -> str:
        """The broker's address; says if it is an emulator."""
        where = f"{self._sailing.where.host}:{self._sailing.where.port}"
        return f"an emulator at {where}" if self._is_emulated else where

    async def open(
        self,
        core: LiveCore,
        strategy: str,
        breakers: Iterable[Breaker],
        is_stale: Callable[[str], bool],
    ) -> None:
        """Show a core, from here on."""
        self._core = core
        self._look_out = LookOut(
            self._sailing.name,
            masked(self._connection.account),
            self.where,
            self._sailing.where.client_id,
            strategy,
            str(self._journal.path),
            breakers,
            is_stale,
            self._began,
            time_ns,
        )
        self.teller.open(core.blotter, len(core.trips))
        await self.post.open()

    def found(self, findings: Sequence[Finding]) -> None:
        """The books have been compared."""
        self._findings = findings
        self.teller.findings(findings)

    def ended(self, reason: str) -> None:
        """The session is over."""
        self._ended = reason

    def _heard(self, seen: ErrorSeen) -> None:
        self._is_emulated = self._is_emulated or seen.text.endswith(_OWN_FARM)

    def _take(self, happening: Happening) -> None:
        if self._look_out is not None:
            self._look_out.take(happening)
        self._tell(happening)

    def _status(self) -> Status | None:
        if self._core is None or self._look_out is None:
            return None
        slots = self._core.slots
        seen = Seen(
            self._connection.state.value,
            self._connection.reason,
            next((slot.struck or slot.blocked for slot in slots), ""),
            self._hours.next_close(self._clock.now()),
            self._findings,
            self._ended,
        )
        return self._look_out.look(self._core, seen)
