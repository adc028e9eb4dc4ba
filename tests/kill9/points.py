"""Where a session can be killed: hooks the session's script puts around production code, which
knows nothing of them."""

from __future__ import annotations

__all__ = ["POINTS", "RECOVERY", "Trap", "arm"]

import os
import signal
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from framework.brokers.ib import snapshot
from framework.brokers.ib.families import Families, Upkeep
from framework.brokers.ib.fold_executions import ExecutionFold
from framework.brokers.ib.fold_orders import OrderFold
from framework.brokers.ib.sending import Sender
from framework.domain.events import BrokerEvent, Fill
from framework.engine.journal import Journal
from framework.engine.journal_rows import Instant, Stopped, Woken
from framework.engine.journalled import JournalledBroker
from framework.session import lockstep
from framework.session.bridge import Bridge
from framework.session.rigging import Rigging

POINTS = (
    "before-intent",
    "intent-journalled",
    "order-sent",
    "family-half-sent",
    "acknowledged",
    "news-journalled",
    "cancel-sent",
    "change-sent",
    "fill-arrived",
    "before-commission",
    "fill-journalled",
    "bar-paused",
    "before-reprice",
    "reprice-sent",
    "bar-ended",
    "instant-journalled",
    "woken-journalled",
    "row-half-written",
    "at-the-end",
)
"""Moments of an order's life, and of the instants around it."""

RECOVERY = ("replayed", "resumed", "restored", "looking", "sent-anew", "caught-up")
"""Moments of a recovery: the second kill of the points that begin with "twice"."""


class Trap:
    """Kills this process at one occurrence of one point; counts all of them.

    Args:
        point, occurrence: when; "" for never.
    """

    def __init__(self, point: str = "", occurrence: int = 1) -> None:
        self._point = point
        self._occurrence = occurrence
        self.counts: dict[str, int] = {}

    def hit(self, point: str) -> None:
        """This point is reached."""
        count = self.counts[point] = self.counts.get(point, 0) + 1
        if (point, count) == (self._point, self._occurrence):
            os.kill(os.getpid(), signal.SIGKILL)


def arm(trap: Trap) -> None:
    """Put the hooks in place, for the life of this process."""
    _arm_journal(trap)
    _arm_sending(trap)
    _arm_reports(trap)
    _arm_recovery(trap)


def _wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Let `around(original, *args)` stand for a method."""
    original = getattr(owner, name)

    def wrapped(*args: Any, **named: Any) -> Any:
        return around(original, *args, **named)

    setattr(owner, name, wrapped)


# the journal ----------------------------------------------------------------------------------


class _Connection:
    """A connection to the file that can be cut in the midst of a transaction."""

    def __init__(self, real: sqlite3.Connection, trap: Trap) -> None:
        self._real = real
        self._trap = trap

    def executemany(self, *args: Any) -> Any:
        found = self._real.executemany(*args)
        self._trap.hit("row-half-written")
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def _arm_journal(trap: Trap) -> None:
    def opened(original: Any, self: Journal, path: Any, connection: Any, *rest: Any) -> None:
        original(self, path, _Connection(connection, trap), *rest)

    def appended(original: Any, self: Journal, *rows: Any) -> int:
        number: int = original(self, *rows)
        if rows and isinstance(rows[0], Instant):
            trap.hit("instant-journalled")
        return number

    def insisted(original: Any, self: Journal, row: Any) -> bool:
        if isinstance(row, Stopped):
            trap.hit("at-the-end")
        done: bool = original(self, row)
        if isinstance(row, Woken):
            trap.hit("woken-journalled")
        return done

    def written(original: Any, self: JournalledBroker, *args: Any) -> None:
        trap.hit("before-intent")
        original(self, *args)
        trap.hit("intent-journalled")

    def polled(original: Any, self: JournalledBroker) -> Sequence[BrokerEvent]:
        events: Sequence[BrokerEvent] = original(self)
        if any(isinstance(one, Fill) for one in events):
            trap.hit("fill-journalled")
        elif events:
            trap.hit("news-journalled")
        return events

    _wrap(Journal, "__init__", opened)
    _wrap(Journal, "append", appended)
    _wrap(Journal, "insist", insisted)
    _wrap(JournalledBroker, "_write", written)
    _wrap(JournalledBroker, "poll", polled)


# what goes out --------------------------------------------------------------------------------


def _arm_sending(trap: Trap) -> None:
    def placed(
        original: Any, self: Sender, link: Any, tracked: Any, contract: Any, order: Any
    ) -> bool:
        done: bool = original(self, link, tracked, contract, order)
        trap.hit("order-sent" if order.transmit else "family-half-sent")
        return done

    def cancelled(original: Any, self: Sender, tracked: Any) -> None:
        original(self, tracked)
        if tracked.cancel_sent is not None:
            trap.hit("cancel-sent")

    def changed(original: Any, self: Sender, tracked: Any, change: Any) -> None:
        original(self, tracked, change)
        if tracked.change is not None:
            trap.hit("reprice-sent" if change.is_upkeep else "change-sent")

    def due(original: Any, self: Families) -> list[Upkeep]:
        found: list[Upkeep] = original(self)
        if any(one.wanted is not None for one in found):
            trap.hit("before-reprice")
        return found

    _wrap(Sender, "_place", placed)
    _wrap(Sender, "_send_cancel", cancelled)
    _wrap(Sender, "_send_change", changed)
    _wrap(Families, "due", due)


# what comes in --------------------------------------------------------------------------------


def _arm_reports(trap: Trap) -> None:
    def opened(original: Any, self: OrderFold, seen: Any) -> Any:
        tracked = self.ours(seen.order.permId, seen.order.orderRef)
        is_first = tracked is not None and not tracked.heard
        found = original(self, seen)
        if is_first:
            trap.hit("acknowledged")
        return found

    def executed(original: Any, self: ExecutionFold, seen: Any) -> None:
        original(self, seen)
        trap.hit("fill-arrived")

    def paid(original: Any, self: ExecutionFold, seen: Any) -> None:
        trap.hit("before-commission")
        original(self, seen)

    _wrap(OrderFold, "opened", opened)
    _wrap(ExecutionFold, "executed", executed)
    _wrap(ExecutionFold, "paid", paid)


# recovery -------------------------------------------------------------------------------------


def _arm_recovery(trap: Trap) -> None:
    def recovered(original: Any, self: Bridge, *args: Any) -> Any:
        found = original(self, *args)
        trap.hit("resumed")
        return found

    def resumed(original: Any, self: JournalledBroker, *args: Any) -> None:
        trap.hit("replayed")
        original(self, *args)

    def restored(original: Any, self: Rigging, *args: Any, **named: Any) -> None:
        original(self, *args, **named)
        trap.hit("restored")

    def caught_up(original: Any, self: Bridge, *args: Any) -> Any:
        found = original(self, *args)
        trap.hit("caught-up")
        return found

    async def afresh(original: Any, *args: Any) -> None:
        await original(*args)
        trap.hit("sent-anew")

    async def asked(original: Any, answer: Any) -> Any:
        found = await original(answer)
        trap.hit("looking")
        return found

    _wrap(Bridge, "recover", recovered)
    _wrap(Bridge, "catch_up", caught_up)
    _wrap(JournalledBroker, "resume", resumed)
    _wrap(Rigging, "restore", restored)
    _wrap(snapshot, "_asked", asked)
    _wrap(lockstep, "send_afresh", afresh)
