"""Connection: keeps a session with TWS alive, and says at any moment whether it can be trusted."""

from __future__ import annotations

__all__ = ["Connection", "Notice", "NoticeKind", "State"]

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType

import numpy as np

from framework.brokers.ib.clock import Clock
from framework.brokers.ib.codes import Action, code_of
from framework.brokers.ib.diagnosis import account_not_managed, several_accounts
from framework.brokers.ib.facts import ErrorSeen, Fact, LinkDown, LinkUp
from framework.brokers.ib.library import Library, library
from framework.brokers.ib.link import Link
from framework.brokers.ib.problems import ConnectError, LinkLostError, RequestError
from framework.brokers.ib.settings import RestartWindow, Settings, Timings


class State(StrEnum):
    """How far a connection can be trusted."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    SYNCING = "syncing"
    """Connected; the books are being compared."""
    READY = "ready"
    DEGRADED = "degraded"
    """TWS is there and the broker behind it is not, or the books could not be compared."""
    RESTARTING = "restarting"
    """In the restart window: nothing new is submitted."""
    CLOSED = "closed"


class NoticeKind(StrEnum):
    """What a notice is about."""

    STATE = "state"
    RESUBSCRIBE = "resubscribe"
    """Every subscription of data has to be made anew."""
    DATA_STALE = "data_stale"
    DATA_OK = "data_ok"
    ALERT = "alert"
    GAVE_UP = "gave_up"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something whoever runs a session wants to know.

    Attributes:
        kind: what it is about.
        text: one sentence.
        state: of the connection.
        code: of the broker; 0 without one.
        number: request it is about; -1 for none.
        cause: name of the diagnosis, where no session came about.
    """

    kind: NoticeKind
    text: str
    state: State
    code: int = 0
    number: int = -1
    cause: str = ""


_FATAL = frozenset({"account_not_managed", "several_accounts", "read_only", "wrong_port"})
"""Diagnoses that time does not cure."""
_UP = frozenset({State.SYNCING, State.READY, State.DEGRADED, State.RESTARTING})
_NOTICES = {
    Action.DATA_STALE: NoticeKind.DATA_STALE,
    Action.DATA_OK: NoticeKind.DATA_OK,
    Action.ALERT: NoticeKind.ALERT,
    Action.RATE: NoticeKind.ALERT,
}
_ONE = float(2**64)
_SERVER_GONE = 2110
"""Said when TWS has lost its server; that it is back is told by the data farms alone."""


class Connection:
    """One session with TWS, over as many connections as it takes.

    `async with Connection(...)` opens it and closes it.

    Args:
        settings: where TWS is.
        clock: the session's.
        timings: every wait.
        window: when TWS restarts; None for never.
        seed: of the jitter.
        lib: the client library; the installed one if left out.

    Attributes:
        state, reason: how far it can be trusted, and why.
        link: the present connection; None without one.
        account: what is traded; empty before the first connection.
        settings, timings, clock: as given.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        timings: Timings | None = None,
        *,
        window: RestartWindow | None = None,
        seed: int = 0,
        lib: Library | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.timings = timings or Timings()
        self.state = State.DISCONNECTED
        self.reason = "not opened yet"
        self.link: Link | None = None
        self.account = settings.account
        self._lib = lib
        self._window = window
        self._raw = np.random.PCG64(seed)
        self._sink: Callable[[Fact], None] = _ignore
        self._synchronise: Callable[[Link], Awaitable[None]] | None = None
        self._watchers: list[Callable[[Notice], None]] = []
        self._listeners: list[Callable[[ErrorSeen], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._since = 0.0
        self._is_escalated = False
        self._is_away = False
        self._is_told_by_farms = False

    @property
    def lib(self) -> Library:
        """The client library."""
        if self._lib is None:
            self._lib = library()
        return self._lib

    def attach(
        self, sink: Callable[[Fact], None], synchronise: Callable[[Link], Awaitable[None]]
    ) -> None:
        """Say who takes the facts, and who compares the books once a connection is made.

        Args:
            sink: takes every fact, at once.
            synchronise: returns when the books are compared; raises RequestError or LinkLostError
                when they cannot be, ConnectError when nothing will help.
        """
        self._sink = sink
        self._synchronise = synchronise

    def watch(self, watcher: Callable[[Notice], None]) -> None:
        """Have somebody told of every notice."""
        self._watchers.append(watcher)

    def listen(self, listener: Callable[[ErrorSeen], None]) -> None:
        """Have somebody told of every message that has a number."""
        self._listeners.append(listener)

    # life ---------------------------------------------------------------------------------

    async def __aenter__(self) -> Connection:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def open(self, attempts: int | None = None) -> None:
        """Connect, and keep connected until `close`.

        Args:
            attempts: before giving up; the timings' if left out.

        Raises:
            ConnectError: with the diagnosis of the last attempt.
        """
        await self._connect(self.timings.attempts if attempts is None else attempts)
        self._spawn(self._keep())

    async def close(self) -> None:
        """End the session."""
        self._set(State.CLOSED, "closed from here")
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        link, self.link = self.link, None
        if link is not None:
            link.close()
            self._sink(LinkDown("closed from here"))
            await asyncio.sleep(0)

    def _spawn(self, work: Coroutine[object, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # connecting ---------------------------------------------------------------------------

    async def _connect(self, attempts: int) -> None:
        wait, tried = self.timings.first_wait, 0
        while True:
            try:
                await self._attempt()
                return
            except ConnectError as error:
                self._drop_link()
                self._set(self._down(), error.problem, error.cause)
                tried += not self._restarts()
                if error.cause in _FATAL or tried >= attempts:
                    raise
            await asyncio.sleep(wait * (1.0 + self.timings.jitter * self._chance()))
            wait = min(2.0 * wait, self.timings.longest_wait)

    async def _attempt(self) -> None:
        settings, timings = self.settings, self.timings
        self._set(State.CONNECTING, f"to {settings.host}:{settings.port}")
        link = Link(self.lib, settings.zone, self._fact, self._lost)
        self._is_away = self._is_told_by_farms = False
        await link.open(settings.host, settings.port, settings.client_id, timings.connect)
        self.link = link
        self.account = self._chosen(link.accounts)
        self._sink(LinkUp(link.ib.client.getReqId()))
        await self._sync(link)

    def _chosen(self, managed: tuple[str, ...]) -> str:
        wanted = self.settings.account or self.account
        if wanted and wanted not in managed:
            raise account_not_managed(wanted, managed)
        if not wanted and len(managed) > 1:
            raise several_accounts(managed)
        return wanted or managed[0]

    async def _sync(self, link: Link) -> None:
        """Have the books compared; a connection on which they cannot be is not trusted."""
        self._set(State.SYNCING, "comparing the books")
        problem = ""
        for _ in range(self.timings.syncs):
            try:
                if self._synchronise is not None:
                    await self._synchronise(link)
                self._trust(link)
                return
            except RequestError as error:
                problem = str(error)
            except LinkLostError as error:
                raise ConnectError("dropped", error.problem, error.remedy) from None
            await asyncio.sleep(self.timings.sync_wait)
        if link is self.link:
            self._set(State.DEGRADED, f"the books could not be compared: {problem}")

    def _trust(self, link: Link) -> None:
        if link is not self.link or not link.is_open:
            return
        if self._is_away:
            self._set(State.DEGRADED, "TWS has lost the broker")
        elif self._restarts():
            self._set(State.RESTARTING, "in the restart window")
        else:
            self._set(State.READY, "connected")

    async def _again(self) -> None:
        """Connect anew after a loss."""
        try:
            await self._connect(self.timings.attempts)
        except ConnectError as error:
            self._tell(NoticeKind.GAVE_UP, f"{error}", cause=error.cause)

    def reopen(self) -> None:
        """Try again after giving up; nothing happens while there is a connection."""
        if self.link is None and self.state is State.DISCONNECTED:
            self._set(State.CONNECTING, "asked to")
            self._spawn(self._again())

    # watching -----------------------------------------------------------------------------

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self.timings.look)
            await self._look()

    async def _look(self) -> None:
        link = self.link
        if link is None or self.state not in _UP:
            return
        if self.state is State.READY and self._restarts():
            self._set(State.RESTARTING, "in the restart window")
        elif self._may_be_well():
            await self._resync(link)
        if link.silence >= self.timings.heartbeat and not await self.probe(
            self.timings.heartbeat_answer
        ):
            self._lost(link, "no answer to a heartbeat: the connection is half-open")
        waited = asyncio.get_running_loop().time() - self._since
        if (
            self.state is State.DEGRADED
            and not self._is_escalated
            and waited > self.timings.escalate
        ):
            self._is_escalated = True
            self._tell(NoticeKind.ALERT, f"still degraded after {waited:.0f} s: {self.reason}")

    def _may_be_well(self) -> bool:
        """Whether a connection that was not trusted may be by now."""
        if self.state is State.RESTARTING:
            return not self._restarts()
        return self.state is State.DEGRADED and not self._is_away

    async def probe(self, timeout: float | None = None) -> bool:
        """Whether the other side still answers."""
        link = self.link
        if link is None:
            return False
        try:
            await link.queries.time(self.timings.probe if timeout is None else timeout)
        except (RequestError, LinkLostError):
            return False
        return True

    def half_open(self, link: Link) -> None:
        """Give up a connection that did not answer."""
        self._lost(link, "no answer: the connection is half-open")

    def _lost(self, link: Link, reason: str) -> None:
        if link is not self.link:
            return
        was = self.state
        self._drop_link()
        if was is State.CLOSED:
            return
        self._set(self._down(), reason)
        if not self._is_connecting(was):
            self._spawn(self._again())

    @staticmethod
    def _is_connecting(state: State) -> bool:
        """Whether `_connect` is at work and will notice by itself."""
        return state in (State.CONNECTING, State.SYNCING)

    def _drop_link(self) -> None:
        link, self.link = self.link, None
        if link is not None:
            link.close("the connection was lost")
            self._sink(LinkDown("the connection was lost"))

    def _down(self) -> State:
        return State.RESTARTING if self._restarts() else State.DISCONNECTED

    def _restarts(self) -> bool:
        return self._window is not None and self._window.covers(self.clock.now())

    # what comes ---------------------------------------------------------------------------

    def _fact(self, fact: Fact) -> None:
        self._sink(fact)
        if isinstance(fact, ErrorSeen):
            self._heed(fact)
            for listener in tuple(self._listeners):
                listener(fact)

    def _heed(self, error: ErrorSeen) -> None:
        """Do what a message about the connection or the data asks for."""
        code = code_of(error.code, error.text)
        action = code.action
        if action is Action.CONNECTION_LOST:
            self._is_away = True
            self._is_told_by_farms = error.code == _SERVER_GONE
            if self.state in (State.READY, State.SYNCING):
                self._set(State.DEGRADED, f"{error.code}: {code.meaning}")
        elif action in (Action.RESTORED_LOST, Action.RESTORED_KEPT):
            self._is_away = False
            if action is Action.RESTORED_LOST:
                self._tell(NoticeKind.RESUBSCRIBE, code.meaning, error)
            if self.link is not None and self.state in _UP:
                self._spawn(self._resync(self.link))
        elif action is Action.DATA_OK and self._is_away and self._is_told_by_farms:
            self._is_away = self._is_told_by_farms = False
        if action in _NOTICES and (action is not Action.ALERT or error.number < 0):
            self._tell(_NOTICES[action], f"{error.code}: {error.text}", error)

    async def _resync(self, link: Link) -> None:
        try:
            await self._sync(link)
        except ConnectError as error:
            if self.link is None and self.state is not State.CLOSED:
                self._set(self._down(), error.problem)
                await self._again()
            elif link is self.link:
                self._set(State.DEGRADED, error.problem)

    # telling ------------------------------------------------------------------------------

    def _set(self, state: State, reason: str, cause: str = "") -> None:
        if self.state is State.CLOSED and state is not State.CONNECTING:
            return
        changed = (state, reason) != (self.state, self.reason)
        if state is not self.state:
            self._since = asyncio.get_running_loop().time()
            self._is_escalated = False
        self.state, self.reason = state, reason
        if changed:
            self._tell(NoticeKind.STATE, reason, cause=cause)

    def _tell(
        self, kind: NoticeKind, text: str, error: ErrorSeen | None = None, cause: str = ""
    ) -> None:
        code, number = (0, -1) if error is None else (error.code, error.number)
        for watcher in tuple(self._watchers):
            watcher(Notice(kind, text, self.state, code, number, cause))

    def _chance(self) -> float:
        return float(self._raw.random_raw()) / _ONE


def _ignore(_: Fact) -> None:
    """Nobody listens yet."""
