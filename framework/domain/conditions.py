"""Conditions an order may wait for, or be cancelled by: six kinds, joined by and/or."""

from __future__ import annotations

__all__ = [
    "Condition",
    "Conditions",
    "ExecutionCondition",
    "MarginCondition",
    "PercentChangeCondition",
    "PriceCondition",
    "TimeCondition",
    "VolumeCondition",
    "all_of",
    "any_of",
    "check_time",
]

from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from framework.errors import OrderError


def _check_number(condition: object, name: str, value: float, low: float | None = None) -> None:
    if not isfinite(value) or (low is not None and value < low):
        least = "a number" if low is None else f"{low:g} or more"
        raise OrderError(f"{type(condition).__name__}: {name} is {value}.", f"Give {least}.")


def check_time(name: str, time: object) -> None:
    """Refuse what is no aware time."""
    if not isinstance(time, datetime):
        raise OrderError(f"{name}={time!r} is no time.", "Give an aware datetime.")
    if time.tzinfo is None:
        raise OrderError(f"{name}={time} has no time zone.", "Use an aware time.")


@dataclass(frozen=True, slots=True)
class PriceCondition:
    """The price of an instrument reaches a level.

    Attributes:
        symbol: a subscribed instrument.
        price: the level, > 0.
        above: True for at or above it, False for at or below.
    """

    symbol: str
    price: float
    above: bool = True

    def __post_init__(self) -> None:
        _check_number(self, "price", self.price)


@dataclass(frozen=True, slots=True)
class TimeCondition:
    """A time comes.

    Attributes:
        time: aware.
        after: True from that time on, False before it.
    """

    time: datetime
    after: bool = True

    def __post_init__(self) -> None:
        check_time("TimeCondition: time", self.time)


@dataclass(frozen=True, slots=True)
class VolumeCondition:
    """The session's volume of an instrument so far reaches a number of units.

    Attributes:
        symbol: a subscribed instrument.
        volume: units, >= 0.
        above: True for at or above it, False for at or below.
    """

    symbol: str
    volume: float
    above: bool = True

    def __post_init__(self) -> None:
        _check_number(self, "volume", self.volume, 0.0)


@dataclass(frozen=True, slots=True)
class PercentChangeCondition:
    """The price of an instrument has changed so much since the previous session's close.

    Attributes:
        symbol: a subscribed instrument.
        percent: signed percent.
        above: True for at or above it, False for at or below.
    """

    symbol: str
    percent: float
    above: bool = True

    def __post_init__(self) -> None:
        _check_number(self, "percent", self.percent)


@dataclass(frozen=True, slots=True)
class MarginCondition:
    """The account's margin cushion, excess liquidity / equity, reaches a percentage.

    Attributes:
        percent: 0..100.
        above: True for at or above it, False for at or below.
    """

    percent: float
    above: bool = True

    def __post_init__(self) -> None:
        _check_number(self, "percent", self.percent)


@dataclass(frozen=True, slots=True)
class ExecutionCondition:
    """An order of the account trades in an instrument after this one was sent.

    Attributes:
        symbol: a subscribed instrument.
    """

    symbol: str


Condition = (
    PriceCondition
    | TimeCondition
    | VolumeCondition
    | PercentChangeCondition
    | MarginCondition
    | ExecutionCondition
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Groups of conditions: one group must hold whole. `and` binds more tightly than `or`.

    Attributes:
        groups: alternatives, each a tuple of conditions that must all hold.
        cancels: whether the order is cancelled when they hold, instead of starting to work.
        ignore_hours: whether they are also looked at outside regular trading hours.
    """

    groups: tuple[tuple[Condition, ...], ...]
    cancels: bool = False
    ignore_hours: bool = False

    def __post_init__(self) -> None:
        if not self.groups or not all(self.groups):
            raise OrderError("An order has an empty list of conditions.", "Give at least one.")

    @property
    def symbols(self) -> tuple[str, ...]:
        """The instruments they ask about, each once."""
        every = (getattr(each, "symbol", "") for group in self.groups for each in group)
        return tuple(dict.fromkeys(symbol for symbol in every if symbol))


def all_of(*conditions: Condition, cancels: bool = False, ignore_hours: bool = False) -> Conditions:
    """Conditions that must all hold at the same time."""
    return Conditions((conditions,), cancels, ignore_hours)


def any_of(*conditions: Condition, cancels: bool = False, ignore_hours: bool = False) -> Conditions:
    """Conditions of which one is enough."""
    return Conditions(tuple((each,) for each in conditions), cancels, ignore_hours)
