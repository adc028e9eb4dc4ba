"""Things an injector has on its agenda."""

from __future__ import annotations

__all__ = ["Begin", "Later", "Now", "Release", "Rest", "Start", "Undo"]

from dataclasses import dataclass

from framework.emulator.faults.acts import Act
from framework.emulator.faults.batch import Held
from framework.emulator.faults.message import Delivery
from framework.emulator.faults.scene import Cause
from framework.emulator.faults.watch import Watched


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """The time a fault waits for."""

    watched: Watched


@dataclass(frozen=True, slots=True, eq=False)
class Begin:
    """A fault that struck takes effect."""

    watched: Watched
    cause: Cause


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """What a fault does after a wait."""

    watched: Watched
    cause: Cause
    verbs: tuple[object, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Undo:
    """What ends an act."""

    act: Act


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """A message that was held waits no longer."""

    held: Held


@dataclass(frozen=True, slots=True, eq=False)
class Now:
    """A step that has only been waiting for somebody to ask."""

    step: Act | Delivery


Later = Begin | Now | Release | Rest | Start | Undo
