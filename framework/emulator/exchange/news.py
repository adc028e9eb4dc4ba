"""News: what an exchange has to tell, and whom."""

from __future__ import annotations

__all__ = ["EVERYBODY", "Moved", "News"]

from dataclasses import dataclass

from framework.emulator.protocol.answers import Answer

EVERYBODY = -1
"""The client id of news that are for all."""


@dataclass(frozen=True, slots=True)
class News:
    """A message for one client.

    Attributes:
        client_id: whom it is for.
        answer: the message; the time of an execution is still to be written.
        time: nanoseconds UTC of what it tells.
    """

    client_id: int
    answer: Answer
    time: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """An account's position or money has changed.

    Attributes:
        account: which.
        symbol: of the position; empty where only money moved.
    """

    account: str
    symbol: str
