"""Every verb by the name a plan calls it, and what a verb may be."""

from __future__ import annotations

__all__ = ["Acting", "Composite", "MESSAGE_VERBS", "VERBS", "Verb", "expanded"]

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from framework.emulator.faults.scene import Doing, Scene
from framework.emulator.faults.verbs_book import Cancel, Correct, ExpireDay, Fill, Fork, Manual
from framework.emulator.faults.verbs_broker import (
    Competing,
    Farm,
    Ids,
    LoseData,
    Outage,
    Pacing,
    ReadOnly,
    Restart,
    Skew,
    StopData,
)
from framework.emulator.faults.verbs_message import Drop, Dup, Hold, Mutate, Swap
from framework.emulator.faults.verbs_wire import (
    Error,
    Fin,
    Malformed,
    Mark,
    Mute,
    Poison,
    Raw,
    Refuse,
    Rst,
    Silent,
    Wait,
)


@runtime_checkable
class Acting(Protocol):
    """A verb that acts on more than the message."""

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """What it does, there and now."""
        ...


@runtime_checkable
class Composite(Protocol):
    """A verb that is short for several."""

    def parts(self) -> Sequence[object]:
        """Those, in order."""
        ...


MESSAGE_VERBS = (Drop, Dup, Hold, Mutate, Swap)
"""Those that need a message to work on."""

Verb = Drop | Dup | Hold | Mutate | Swap | Wait | Acting | Composite

VERBS: Mapping[str, type] = {
    "cancel": Cancel,
    "competing": Competing,
    "correct": Correct,
    "drop": Drop,
    "dup": Dup,
    "error": Error,
    "expire_day": ExpireDay,
    "farm": Farm,
    "fill": Fill,
    "fin": Fin,
    "fork": Fork,
    "hold": Hold,
    "ids": Ids,
    "lose_data": LoseData,
    "malformed": Malformed,
    "manual": Manual,
    "mark": Mark,
    "mutate": Mutate,
    "mute": Mute,
    "outage": Outage,
    "pacing": Pacing,
    "poison": Poison,
    "raw": Raw,
    "read_only": ReadOnly,
    "refuse": Refuse,
    "restart": Restart,
    "rst": Rst,
    "silent": Silent,
    "skew": Skew,
    "stop_data": StopData,
    "swap": Swap,
    "wait": Wait,
}


def expanded(verbs: Iterable[object]) -> Iterator[object]:
    """The verbs with every composite replaced by its parts."""
    for verb in verbs:
        if isinstance(verb, Composite):
            yield from expanded(verb.parts())
        else:
            yield verb
