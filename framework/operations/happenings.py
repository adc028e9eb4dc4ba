"""Happenings: what a session tells of itself, one noun for its screen, its logs and its alerts."""

from __future__ import annotations

__all__ = ["Gravity", "Happening", "Kind", "Watcher"]

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol


class Gravity(IntEnum):
    """How much it matters, in the numbers of Python's logging."""

    INFO = 20
    WARNING = 30
    ERROR = 40


class Kind(StrEnum):
    """What has happened."""

    STARTED = "started"
    """A session trades."""
    STOPPED = "stopped"
    """It has ended, in good order or not."""
    CONNECTED = "connected"
    """The connection is whole, for the first time or again."""
    DISCONNECTED = "disconnected"
    """The connection is lost, or in doubt."""
    LOGIN = "login"
    """The broker wants its user to log in."""
    ORDER = "order"
    """An order has left the door."""
    STATUS = "status"
    """An order's state has changed."""
    FILL = "fill"
    """Units were bought or sold."""
    REFUSED = "refused"
    """An order was refused at the door; it never left."""
    REJECTED = "rejected"
    """The broker rejected an order."""
    HALTED = "halted"
    """A breaker has tripped, or new risk is blocked by the user."""
    FINDING = "finding"
    """The broker's books and ours differ, and nothing explains it."""
    EXPLAINED = "explained"
    """A difference of the books that explains itself, or was adopted."""
    UNPROTECTED = "unprotected"
    """A position has lost its stop."""
    STALE = "stale"
    """Data that is due has not come."""
    DATA = "data"
    """Something else about data: a gap filled, a bar too late to act on."""
    KILL = "kill"
    """The kill switch was used, or a step of it is done."""
    OVERRIDE = "override"
    """The user has set a safeguard aside, and said why."""
    NOTICE = "notice"
    """Anything else worth a line."""
    ERROR = "error"
    """Something of ours failed, and the session goes on or ends."""

    @property
    def gravity(self) -> Gravity:
        """How much it matters."""
        return _GRAVITY.get(self, Gravity.INFO)


_GRAVITY = {
    Kind.DISCONNECTED: Gravity.WARNING,
    Kind.LOGIN: Gravity.ERROR,
    Kind.REFUSED: Gravity.WARNING,
    Kind.REJECTED: Gravity.ERROR,
    Kind.HALTED: Gravity.ERROR,
    Kind.FINDING: Gravity.ERROR,
    Kind.UNPROTECTED: Gravity.ERROR,
    Kind.STALE: Gravity.WARNING,
    Kind.KILL: Gravity.WARNING,
    Kind.OVERRIDE: Gravity.WARNING,
    Kind.ERROR: Gravity.ERROR,
}


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened in a session.

    Attributes:
        time: nanoseconds UTC, on the session's clock.
        kind: what.
        text: in words, account ids masked.
        symbol: instrument it is about; empty where it is about none.
        order: id of the order it is about, as in the journal; empty where it is about none.
        row: number of the journal's last row when it happened.
    """

    time: int
    kind: Kind
    text: str
    symbol: str = ""
    order: str = ""
    row: int = 0


class Watcher(Protocol):
    """Takes happenings, in order. It never raises and never waits."""

    def take(self, happening: Happening) -> None:
        """Something has happened."""
        ...
