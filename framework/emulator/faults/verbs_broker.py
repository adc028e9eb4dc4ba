"""Verbs on the gateway: restarts, outages, dead farms, limits, ids, its clock."""

from __future__ import annotations

__all__ = [
    "Competing",
    "Farm",
    "Ids",
    "LoseData",
    "Outage",
    "Pace",
    "Pacing",
    "ReadOnly",
    "Restart",
    "Skew",
    "StopData",
]

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from framework.emulator.faults import acts
from framework.emulator.faults.acts import DataKind
from framework.emulator.faults.scene import Doing, Scene
from framework.emulator.faults.texts import text_of
from framework.emulator.faults.values import (
    Above,
    Count,
    Flag,
    Number,
    Seconds,
    Span,
    Text,
    Value,
    Whole,
    choice,
)
from framework.emulator.faults.verbs_message import Drop
from framework.emulator.faults.verbs_wire import Error, Fin, Wait

FARMS = {2103: 2104, 2105: 2106, 2157: 2158}
"""What says that a farm is broken, and what says that it is well again."""

_DATA = {2103: DataKind.TICKS, 2105: DataKind.BARS}
"""What stops with a farm."""


def _farm_code(value: object) -> int:
    if not isinstance(value, int) or value not in FARMS:
        raise ValueError("Give 2103 (market data), 2105 (history) or 2157 (contracts).")
    return value


@dataclass(frozen=True, slots=True)
class Restart:
    """The daily restart: everybody is reset and refused for a while.

    Attributes:
        down: seconds until it is back; None is until told.
        forget: orders of so many last seconds vanish.
        move_ids: how far the next order id moves meanwhile; None leaves it.
    """

    down: Seconds = 60.0
    forget: Above = 0.0
    move_ids: Whole = None

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """Down, the ids moved, and up again."""
        down = Doing(acts.GoDown(self.forget), acts.ComeUp(), self.down)
        if self.move_ids is None:
            return (down,)
        return (down, Doing(acts.MoveIds(None, self.move_ids, announce=False)))


@dataclass(frozen=True, slots=True)
class Outage:
    """TWS loses its broker and finds it again: 1100, silence, then 1101 or 1102.

    Attributes:
        seconds: how long; the verbs after it strike when it is over.
        lost: whether market data is lost (1101) or kept (1102).
        repeat: how often 1100 is said.
        every: seconds between two of them.
    """

    seconds: Above = 3.0
    lost: Flag = True
    repeat: Count = 1
    every: Above = 0.0

    def __post_init__(self) -> None:
        if ((self.repeat or 1) - 1) * self.every > self.seconds:
            raise ValueError("Make it longer than repeat times every.")

    def parts(self) -> Sequence[object]:
        """1100 as often as wanted, silence, what ends it."""
        said = Error(1100, everyone=True)
        again = [Wait(Span(self.every, self.every)), said] * ((self.repeat or 1) - 1)
        rest = self.seconds - ((self.repeat or 1) - 1) * self.every
        over = [LoseData(), Error(1101, everyone=True)] if self.lost else []
        return (
            StopData(DataKind.ALL, self.seconds),
            said,
            *again,
            Wait(Span(rest, rest)),
            *(over or [Error(1102, everyone=True)]),
        )


@dataclass(frozen=True, slots=True)
class Farm:
    """A data farm breaks, and says that it is well again.

    Attributes:
        seconds: how long; the verbs after it strike when it is over.
        code: which: 2103, 2105 or 2157.
        farm: its name.
        stays_dead: whether data stays silent although the farm says it is well.
    """

    seconds: Above = 3.0
    code: Annotated[int, Value(_farm_code)] = 2103
    farm: Text = "usfarm"
    stays_dead: Flag = False

    def parts(self) -> Sequence[object]:
        """The one code, silence, the other code."""
        well, kind = FARMS[self.code], _DATA.get(self.code)
        seconds = None if self.stays_dead else self.seconds
        return (
            *([] if kind is None else [StopData(kind, seconds)]),
            Error(self.code, f"{text_of(self.code)}{self.farm}", everyone=True),
            Wait(Span(self.seconds, self.seconds)),
            Error(well, f"{text_of(well)}{self.farm}", everyone=True),
        )


@dataclass(frozen=True, slots=True)
class Competing:
    """The same user is logged in elsewhere: ticks stop, with 10197 on each of their requests.

    Attributes:
        seconds: how long; None is until told.
    """

    seconds: Seconds = None

    def parts(self) -> Sequence[object]:
        """The error, and silence."""
        return (StopData(DataKind.TICKS, self.seconds), Error(10197, id="data"))


class Pace(StrEnum):
    """Limits that can be exceeded."""

    MESSAGES = "messages"
    """More than fifty messages a second: error 100, and the connection ends."""
    HISTORY = "history"
    """Historical data: the request gets error 162 for an answer."""
    REALTIME = "realtime"
    """Real-time bars: the request gets error 420 for an answer."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """A limit is found exceeded by the request.

    Attributes:
        kind: which.
    """

    kind: Annotated[Pace, choice(Pace)] = Pace.HISTORY

    def parts(self) -> Sequence[object]:
        """The request dropped, and the error."""
        if self.kind is Pace.MESSAGES:
            return (Drop(), Error(100), Fin())
        return (Drop(), Error(162 if self.kind is Pace.HISTORY else 420, id="request"))


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """The API is read-only.

    Attributes:
        seconds: how long; None is until told.
    """

    seconds: Seconds = None

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """On, and off."""
        return (Doing(acts.ReadOnly(True), acts.ReadOnly(False), self.seconds),)


@dataclass(frozen=True, slots=True)
class StopData:
    """Market data falls silent; nobody is told.

    Attributes:
        kind: which data.
        seconds: how long; None is until told.
    """

    kind: Annotated[DataKind, choice(DataKind)] = DataKind.ALL
    seconds: Seconds = None

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """Silence, and its end."""
        return (Doing(acts.StopData(self.kind), acts.ResumeData(self.kind), self.seconds),)


@dataclass(frozen=True, slots=True)
class LoseData:
    """Every subscription of market data is forgotten; nobody is told."""

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """Lost."""
        return (Doing(acts.LoseSubscriptions()),)


@dataclass(frozen=True, slots=True)
class Ids:
    """The next order id jumps or rolls back.

    Attributes:
        by: how far, below 0 backwards.
        to: instead, where to.
        announce: whether everybody is told at once.
    """

    by: Whole = None
    to: Count = None
    announce: Flag = False

    def __post_init__(self) -> None:
        if (self.by is None) == (self.to is None):
            raise ValueError("Give by: -50 or to: 1, one of them.")

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """Moved."""
        return (Doing(acts.MoveIds(self.to, self.by, self.announce)),)


@dataclass(frozen=True, slots=True)
class Skew:
    """The broker's clock is off.

    Attributes:
        by: seconds it is ahead; below 0 it is behind.
        seconds: how long; None is until told.
    """

    by: Number
    seconds: Seconds = None

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """Off, and right."""
        return (Doing(acts.SkewClock(self.by), acts.SkewClock(0.0), self.seconds),)
