"""Verbs on the message itself: dropped, held, doubled, swapped, changed."""

from __future__ import annotations

__all__ = ["Drop", "Dup", "Hold", "Mutate", "Swap"]

from dataclasses import dataclass

from framework.emulator.faults.values import (
    AT_ONCE,
    Above,
    Count,
    Messages,
    Numbers,
    Pairs,
    Spell,
)


@dataclass(frozen=True, slots=True)
class Drop:
    """The message never arrives."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The message is late; those after it are not.

    Attributes:
        seconds: how late; at the latest, if it waits for a message as well. 0 is no limit then.
        until: it is handed on after the next of these messages, in either direction, on the same
            connection; of the same order, where both are about one. Empty: only the time counts.
    """

    seconds: Spell = AT_ONCE
    until: Messages = ()

    def __post_init__(self) -> None:
        if not self.until and self.seconds.high <= 0.0:
            raise ValueError("Give seconds above 0, or until: MESSAGE.")


@dataclass(frozen=True, slots=True)
class Dup:
    """The message comes again.

    Attributes:
        count: how many more times.
        seconds: how much later the repetitions come; 0 is right behind it.
        set: fields of the repetitions that read so, as in Mutate.
        add: what is added to fields of the repetitions.
    """

    count: Count = 1
    seconds: Above = 0.0
    set: Pairs = ()
    add: Numbers = ()


@dataclass(frozen=True, slots=True)
class Swap:
    """The message changes places with the next one of a kind, on its connection, its way and order.

    Attributes:
        other: kinds to swap with; empty is its own kind.
        seconds: it waits no longer than that; 0 is for ever.
    """

    other: Messages = ()
    seconds: Above = 5.0


@dataclass(frozen=True, slots=True)
class Mutate:
    """Fields of the message read differently.

    Attributes:
        set: what they read, by name or number; `$order`, `$request` and `$client` stand for ids,
            `$text` for what the field read.
        add: what is added to them.
    """

    set: Pairs = ()
    add: Numbers = ()

    def __post_init__(self) -> None:
        if not self.set and not self.add:
            raise ValueError("Write {set: {FIELD: TEXT}} or {add: {FIELD: NUMBER}}.")
