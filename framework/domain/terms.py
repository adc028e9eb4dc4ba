"""Terms of an order: what is rarer than its prices, such as pegs, algos, scales, conditions."""

from __future__ import annotations

__all__ = [
    "PLAIN",
    "Adaptive",
    "Algo",
    "OcaType",
    "Patience",
    "Peg",
    "PercentOfVolume",
    "Scale",
    "Terms",
    "Twap",
    "Vwap",
]

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from math import isfinite

from framework.domain.arithmetic import round_down_to_lot, round_to_tick
from framework.domain.conditions import Conditions, check_time
from framework.errors import OrderError


class OcaType(IntEnum):
    """What a fill does to the other orders of its one-cancels-all group; IB's own numbers."""

    CANCEL = 1
    """The others are cancelled."""
    REDUCE = 2
    """The others shrink by what filled, before anything else of the group can trade."""
    REDUCE_UNBLOCKED = 3
    """The others shrink by what filled, too late for what trades in the same bar."""


class Peg(StrEnum):
    """What a pegged order follows."""

    MID = "mid"
    BEST = "best"
    PRIMARY = "primary"


class Patience(StrEnum):
    """How much an Adaptive order would rather wait than pay."""

    URGENT = "urgent"
    NORMAL = "normal"
    PATIENT = "patient"


_EXAMPLES = {
    "conditions": 'all_of(PriceCondition("SPY", 400))',
    "scale": "Scale(first=100, step=0.5)",
    "algo": "Twap(), Vwap(), PercentOfVolume(10) or Adaptive()",
}


def _check_word(name: str, value: object, words: type[StrEnum] | type[IntEnum]) -> None:
    """Refuse what is none of an enumeration's values."""
    if not isinstance(value, words):
        known = ", ".join(f"{words.__name__}.{word.name}" for word in words)
        raise OrderError(f"{name} is {value!r}.", f"Give one of {known}.")


def _check_window(algo: Twap | Vwap | PercentOfVolume) -> None:
    name = type(algo).__name__
    for label, time in (("start", algo.start), ("end", algo.end)):
        if time is not None:
            check_time(f"{name}: {label}", time)
    if algo.start is not None and algo.end is not None and algo.end <= algo.start:
        raise OrderError(f"{name} ends at {algo.end}, before it starts.", "Let it end later.")


def _check_percent(name: str, percent: float | None) -> None:
    """IB takes 0.01 to 50 percent of the volume."""
    if percent is not None and not 0.01 <= percent <= 50.0:
        raise OrderError(f"{name} is {percent} percent.", "Give 0.01 to 50 percent of the volume.")


@dataclass(frozen=True, slots=True)
class Twap:
    """Equal parts over time.

    Attributes:
        start, end: aware times of the window; the first bar and the session's close if left out.
        allow_past_end: whether what is left at the end goes on trading until the session's close.
    """

    start: datetime | None = None
    end: datetime | None = None
    allow_past_end: bool = False

    def __post_init__(self) -> None:
        _check_window(self)


@dataclass(frozen=True, slots=True)
class Vwap:
    """Parts in step with the volume.

    Attributes:
        start, end: aware times of the window; the first bar and the session's close if left out.
        allow_past_end: whether what is left at the end goes on trading until the session's close.
        max_percent: largest share of a bar's volume, in percent, 0.01..50; None without a cap.
        no_take_liquidity: rest in the book and never cross the spread.
    """

    start: datetime | None = None
    end: datetime | None = None
    allow_past_end: bool = False
    max_percent: float | None = 10.0
    no_take_liquidity: bool = False

    def __post_init__(self) -> None:
        _check_window(self)
        _check_percent("Vwap.max_percent", self.max_percent)


@dataclass(frozen=True, slots=True)
class PercentOfVolume:
    """A fixed share of the volume.

    Attributes:
        rate: percent of each bar's volume, 0.01..50.
        start, end: aware times of the window; the first bar and the session's close if left out.
        no_take_liquidity: rest in the book and never cross the spread.
    """

    rate: float = 10.0
    start: datetime | None = None
    end: datetime | None = None
    no_take_liquidity: bool = False

    def __post_init__(self) -> None:
        _check_window(self)
        _check_percent("PercentOfVolume.rate", self.rate)


@dataclass(frozen=True, slots=True)
class Adaptive:
    """Between the spread's sides, as patiently as asked."""

    patience: Patience = Patience.NORMAL

    def __post_init__(self) -> None:
        _check_word("Adaptive: patience", self.patience, Patience)


Algo = Twap | Vwap | PercentOfVolume | Adaptive


@dataclass(frozen=True, slots=True)
class Scale:
    """A ladder of limit orders: each part a step further than the one before.

    Attributes:
        first: units of the first part, > 0.
        step: price distance from one part's limit to the next, > 0.
        size: units of each later part; `first` if left out.
    """

    first: float
    step: float
    size: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("first", self.first), ("step", self.step), ("size", self.size)):
            if value is not None and not (isfinite(value) and value > 0.0):
                raise OrderError(f"Scale: {name} is {value}.", "It must be above 0.")

    def on_grid(self, lot: float, tick: float) -> Scale:
        """The ladder in whole lots and ticks: parts no larger, steps no smaller than was asked,
        and neither below one; a lot or tick of 0 rounds nothing."""

        def whole(units: float) -> float:
            return max(round_down_to_lot(units, lot), lot or units)

        return Scale(
            first=whole(self.first),
            step=round_to_tick(self.step, tick, up=True),
            size=None if self.size is None else whole(self.size),
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything about an order that most orders leave alone.

    Attributes:
        good_till: aware time at which a GTD order ends.
        outside_hours: whether it also works outside regular trading hours.
        exchange: where it is routed; "SMART" lets the broker choose.
        oca_type: what a fill does to the rest of its one-cancels-all group.
        conditions: what must happen before it works, or what cancels it.
        algo: how it is worked instead of being sent whole.
        scale: the ladder a limit order is split into.
        peg: what a pegged order follows.
        peg_offset: price distance from what it follows, >= 0: of PEG_MID a better price for its
            sender, of the others a more aggressive one.
        limit_offset: of a trailing stop-limit, price distance of its limit beyond its stop; below 0
            the limit lies before the stop, and waits for the market to come back.
    """

    good_till: datetime | None = None
    outside_hours: bool = False
    exchange: str = "SMART"
    oca_type: OcaType = OcaType.CANCEL
    conditions: Conditions | None = None
    algo: Algo | None = None
    scale: Scale | None = None
    peg: Peg | None = None
    peg_offset: float = 0.0
    limit_offset: float | None = None

    def __post_init__(self) -> None:
        if self.good_till is not None:
            check_time("good_till", self.good_till)
        if not self.exchange or not self.exchange.isascii():
            raise OrderError(f"The exchange is {self.exchange!r}.", 'Give one, such as "SMART".')
        if not (isfinite(self.peg_offset) and self.peg_offset >= 0.0):
            raise OrderError(f"peg_offset is {self.peg_offset}.", "Give a distance, 0 or more.")
        if self.limit_offset is not None and not isfinite(self.limit_offset):
            raise OrderError(f"limit_offset is {self.limit_offset}.", "Give a price distance.")
        for name, kinds in (("conditions", Conditions), ("scale", Scale), ("algo", Algo)):
            value = getattr(self, name)
            if value is not None and not isinstance(value, kinds):
                raise OrderError(f"{name} is {value!r}.", f"Give {_EXAMPLES[name]}.")
        if self.peg is not None:
            _check_word("peg", self.peg, Peg)
        _check_word("oca_type", self.oca_type, OcaType)
        if self.algo is not None and self.scale is not None:
            raise OrderError("An order has both an algo and a scale.", "Give one of them.")


PLAIN = Terms()
"""The terms of an ordinary order."""
