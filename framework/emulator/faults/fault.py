"""One fault of a plan: when it may strike, what it does, how often, how likely."""

from __future__ import annotations

__all__ = ["Fault", "problem_with"]

from dataclasses import dataclass

from framework.emulator.faults.triggers import (
    OnAnswer,
    OnConnect,
    OnRequest,
    OnStart,
    Trigger,
)
from framework.emulator.faults.values import Chance, Text, Times
from framework.emulator.faults.verbs import MESSAGE_VERBS, expanded
from framework.emulator.faults.verbs_wire import Refuse, Silent, Wait


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault.

    Attributes:
        name: unique in its plan.
        when: what it waits for.
        do: its verbs, in order.
        times: how often it strikes at most; None is without end.
        chance: of striking at each opportunity, drawn from the plan's seed.
    """

    name: Text
    when: Trigger
    do: tuple[object, ...]
    times: Times = 1
    chance: Chance = 1.0


def problem_with(fault: Fault) -> tuple[str, str] | None:
    """What its trigger and its verbs cannot do together, and the remedy; None if all is well."""
    at_once = isinstance(fault.when, OnStart) or fault.when.seconds.high == 0.0
    message = at_once and isinstance(fault.when, OnAnswer | OnRequest)
    connection = at_once and isinstance(fault.when, OnConnect)
    for place, verb in enumerate(expanded(fault.do)):
        name = type(verb).__name__.lower()
        if isinstance(verb, Wait):
            message = connection = False
        elif isinstance(verb, MESSAGE_VERBS) and not message:
            return f"{name} has no message to work on", _NO_MESSAGE
        elif isinstance(verb, Silent) and (not connection or place > 0):
            return "silent is for a connection that is being made", _NO_CONNECTION
        elif isinstance(verb, Refuse) and verb.seconds == 0.0 and not connection:
            return "refuse: 0 is for a connection that is being made", _NO_CONNECTION
    return None


_NO_MESSAGE = (
    "Put it under when: {request: ...} or {answer: ...}, without seconds and before any wait; "
    "hold makes a message late."
)
_NO_CONNECTION = "Put it first under when: {connect: 1}, without seconds."
