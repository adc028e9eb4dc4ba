"""Pacing: one queue for everything that goes to the broker: cancels, then orders, then data."""

from __future__ import annotations

__all__ = ["Errand", "Pacer", "Priority"]

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum

from framework.brokers.ib.clock import Clock
from framework.brokers.ib.limits import HistoryAsk, HistoryPace, Limits, Window
from framework.brokers.ib.problems import PacingError
from framework.brokers.ib.times import SECOND

Sleep = Callable[[float], Awaitable[None]]
"""Waits so many seconds."""

_LEAST_WAIT = 0.001
_SECOND = 1.25
"""Seconds that count as one: what is sent late in one second and early in the next may arrive
together."""


class Priority(IntEnum):
    """Who goes first."""

    CANCEL = 0
    ORDER = 1
    DATA = 2


@dataclass(frozen=True, slots=True)
class Errand:
    """Messages that go together.

    Attributes:
        priority: who goes first.
        act: sends them; called once, without waiting.
        messages: how many they are.
        expires: nanoseconds UTC after which they are not sent any more; None for never.
        dropped: told why they were not sent.
    """

    priority: Priority
    act: Callable[[], None]
    messages: int = 1
    expires: int | None = None
    dropped: Callable[[str], None] | None = None


class Pacer:
    """Keeps the broker's limits on our side.

    Args:
        clock: the session's.
        limits: the numbers.
        sleep: waits.

    Attributes:
        gate: says whether errands of a priority may go now; all may at first.
        sent: messages sent so far.
    """

    def __init__(
        self, clock: Clock, limits: Limits | None = None, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._clock = clock
        self._limits = limits or Limits()
        self._sleep = sleep
        self._queues: dict[Priority, deque[Errand]] = {one: deque() for one in Priority}
        self._messages = Window(self._limits.messages, _SECOND)
        self._market_data = Window(self._limits.market_data, 10.0)
        self._history = HistoryPace(self._limits)
        self._lines: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.gate: Callable[[Priority], bool] = lambda _: True
        self.sent = 0

    @property
    def waiting(self) -> int:
        """Errands not sent yet."""
        return sum(len(queue) for queue in self._queues.values())

    # what is sent without waiting -----------------------------------------------------------

    def put(self, errand: Errand) -> None:
        """Send it now if that is allowed, else as soon as it is."""
        self._queues[errand.priority].append(errand)
        self.pump()

    def pump(self) -> None:
        """Send what may be sent now."""
        now = self._clock.now()
        for priority, queue in self._queues.items():
            while queue:
                if self._is_stale(queue[0], now):
                    _drop(queue.popleft(), "it had waited too long to be sent")
                    continue
                if not self.gate(priority):
                    break
                urgent = self._limits.urgent if priority is Priority.CANCEL else None
                wait = self._messages.wait(now, queue[0].messages, urgent)
                if wait > 0:
                    self._wake_in(wait / SECOND)
                    return
                errand = queue.popleft()
                self._messages.spend(now, errand.messages)
                self.sent += errand.messages
                errand.act()

    def drop(self, reason: str, last: Priority = Priority.DATA) -> None:
        """Send nothing of what waits, and tell why.

        Args:
            reason: in words.
            last: of the priorities that are dropped; whoever asks for data notices by itself.
        """
        for priority in Priority:
            queue = self._queues[priority]
            while priority <= last and queue:
                _drop(queue.popleft(), reason)

    @staticmethod
    def _is_stale(errand: Errand, now: int) -> bool:
        return errand.expires is not None and now > errand.expires

    def _wake_in(self, seconds: float) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(seconds, _LEAST_WAIT), self._woken)

    def _woken(self) -> None:
        self._timer = None
        self.pump()

    def close(self) -> None:
        """Forget what waits."""
        self.drop("the session has ended")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # data: whoever asks waits for its turn -------------------------------------------------

    async def turn(self, patience: float) -> None:
        """Wait for the turn of one request for data.

        Args:
            patience: seconds to wait at most.

        Raises:
            PacingError: it would take longer.
        """
        done = asyncio.get_running_loop().create_future()
        expires = self._clock.now() + int(patience * SECOND)

        def act() -> None:
            if not done.done():
                done.set_result(None)

        def dropped(reason: str) -> None:
            if not done.done():
                done.set_exception(PacingError(f"A request was not sent: {reason}."))

        self.put(Errand(Priority.DATA, act, 1, expires, dropped))
        await done

    async def history_turn(self, ask: HistoryAsk, patience: float) -> None:
        """Wait for the turn of one history request.

        Raises:
            PacingError: it would take longer than `patience` seconds, or cannot be at all.
        """
        while True:
            wait, rule = self._history.wait(ask, self._clock.now())
            if wait == 0:
                break
            patience = await self._waited(wait, patience, f"history requests: {rule}")
        self._history.spend(ask, self._clock.now())
        await self.turn(patience)

    async def line_turn(self, key: str, patience: float) -> None:
        """Wait for the turn of a subscription of quotes; a line stays taken until it is freed.

        Raises:
            PacingError: all lines are in use, or it would take longer than `patience` seconds.
        """
        if key not in self._lines and 0 < self._limits.lines <= len(self._lines):
            raise PacingError(
                f"All {self._limits.lines} market data lines are in use; {key} gets none.",
                "Follow fewer contracts, or buy lines from the broker.",
            )
        self._lines.add(key)
        try:
            while (wait := self._market_data.wait(self._clock.now())) > 0:
                patience = await self._waited(wait, patience, "requests of quotes in ten seconds")
            self._market_data.spend(self._clock.now())
            await self.turn(patience)
        except PacingError:
            self._lines.discard(key)
            raise

    def free_line(self, key: str) -> None:
        """A contract's quotes are not followed any more."""
        self._lines.discard(key)

    async def _waited(self, wait: int, patience: float, what: str) -> float:
        """Wait, and answer the patience that is left."""
        seconds = wait / SECOND
        if seconds > patience:
            raise PacingError(
                f"The limit of {what} would have this request wait {seconds:.0f} seconds.",
                "Ask for less, or later.",
            )
        await self._sleep(max(seconds, _LEAST_WAIT))
        return patience - seconds


def _drop(errand: Errand, reason: str) -> None:
    if errand.dropped is not None:
        errand.dropped(reason)
