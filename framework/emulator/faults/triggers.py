"""When a fault may strike: a message on its way, a connection, a status, a time, another fault."""

from __future__ import annotations

__all__ = [
    "OnAnswer",
    "OnConnect",
    "OnFault",
    "OnRequest",
    "OnStart",
    "OnStatus",
    "Per",
    "Place",
    "TRIGGERS",
    "Trigger",
]

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from framework.emulator.faults.values import (
    AT_ONCE,
    Count,
    Messages,
    Pairs,
    Rate,
    Spell,
    Text,
    Whole,
    choice,
)


class Place(StrEnum):
    """Where acts take place."""

    BEFORE = "before"
    """Before the message is handed on."""
    AFTER = "after"
    """When it has been."""


class Per(StrEnum):
    """What the n-th of is counted."""

    ALL = "all"
    ORDER = "order"
    SESSION = "session"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class OnRequest:
    """A message from a client.

    Attributes:
        request: class names; empty is any.
        client: id of the client; None is any.
        order: id of the order; None is any, and messages about none.
        where: fields, by name or number, that must read so.
        nth: strike at the n-th that fits only, counted from the start; None is each.
        per: what the n-th is counted of, and the rate.
        rate: strike only where more than so many came within the last second.
        since: fault that must have struck before.
        until: fault that must not have struck yet.
        place: whether acts come before or after the message.
        seconds: how much later.
    """

    request: Messages = ()
    client: Whole = None
    order: Whole = None
    where: Pairs = ()
    nth: Count = None
    per: Annotated[Per, choice(Per)] = Per.ALL
    rate: Rate = None
    since: Text = ""
    until: Text = ""
    place: Annotated[Place, choice(Place)] = Place.AFTER
    seconds: Spell = AT_ONCE


@dataclass(frozen=True, slots=True)
class OnAnswer:
    """A message to a client.

    Attributes:
        answer: class names; empty is any.
        client: id of the client; None is any.
        order: id of the order; None is any, and messages about none.
        where: fields, by name or number, that must read so.
        nth: strike at the n-th that fits only, counted from the start; None is each.
        per: what the n-th is counted of, and the rate.
        rate: strike only where more than so many came within the last second.
        since: fault that must have struck before.
        until: fault that must not have struck yet.
        place: whether acts come before or after the message.
        seconds: how much later.
    """

    answer: Messages = ()
    client: Whole = None
    order: Whole = None
    where: Pairs = ()
    nth: Count = None
    per: Annotated[Per, choice(Per)] = Per.ALL
    rate: Rate = None
    since: Text = ""
    until: Text = ""
    place: Annotated[Place, choice(Place)] = Place.AFTER
    seconds: Spell = AT_ONCE


@dataclass(frozen=True, slots=True)
class OnConnect:
    """A connection is made; whose it is, nobody knows yet.

    Attributes:
        connect: strike at the n-th only; None is each.
        since: fault that must have struck before.
        seconds: how much later.
    """

    connect: Count = None
    since: Text = ""
    seconds: Spell = AT_ONCE


@dataclass(frozen=True, slots=True)
class OnStatus:
    """An order reaches a status it did not have.

    Attributes:
        status: which, such as Filled.
        client: id of the client; None is any.
        order: id of the order; None is any.
        nth: strike at the n-th only; None is each.
        since: fault that must have struck before.
        seconds: how much later.
    """

    status: Text = ""
    client: Whole = None
    order: Whole = None
    nth: Count = None
    since: Text = ""
    seconds: Spell = AT_ONCE


@dataclass(frozen=True, slots=True)
class OnFault:
    """Another fault has struck.

    Attributes:
        fault: its name.
        nth: strike at the n-th time only; None is each.
        seconds: how much later.
    """

    fault: Text = ""
    nth: Count = None
    seconds: Spell = AT_ONCE


@dataclass(frozen=True, slots=True)
class OnStart:
    """A time.

    Attributes:
        start: how long after the server began to listen.
        every: how long after that again, and again; None is once.
        client: acts are for this client's connections; None is everybody's.
        since: fault that must have struck before.
    """

    start: Spell = AT_ONCE
    every: Rate = None
    client: Whole = None
    since: Text = ""


Trigger = OnAnswer | OnConnect | OnFault | OnRequest | OnStart | OnStatus

TRIGGERS: Mapping[str, type[Trigger]] = {
    "answer": OnAnswer,
    "connect": OnConnect,
    "fault": OnFault,
    "request": OnRequest,
    "start": OnStart,
    "status": OnStatus,
}
"""By the key that gives a trigger away, which is its first field."""
