"""Liquidity models: how many units one bar can give; what is left of an order waits for the next.

The units are unrounded: the broker rounds them down to whole lots. A bar whose volume is unknown
(0) says nothing about liquidity: `without_volume` says whether it fills or refuses.
"""

from __future__ import annotations

__all__ = ["BarPointShare", "FixedUnits", "Unlimited", "VolumeShare", "price_points"]

from dataclasses import dataclass
from math import inf

from framework.components.checks import check_number
from framework.domain.instruments import Instrument
from framework.errors import ConfigError, did_you_mean

_WITHOUT_VOLUME = ("fill", "refuse")


def price_points(high: float, low: float, step: float) -> float:
    """Prices between `low` and `high`, both included, at `step`; 1 without a step.

    Divided in floats, as backtrader's BarPointPerc does, so that the same bars give the same units.
    """
    if step <= 0.0:
        return 1.0
    return max((high - low + step) // step, 1.0)


@dataclass(frozen=True, slots=True)
class Unlimited:
    """Any size: the order is small beside the market."""

    def units(
        self, instrument: Instrument, price: float, high: float, low: float, volume: float
    ) -> float:
        """Always inf."""
        return inf


@dataclass(frozen=True, slots=True)
class VolumeShare:
    """A percentage of the bar's volume.

    Attributes:
        percent: percent of the bar's volume, above 0, at most 100.
        without_volume: what a bar of unknown volume does: fill (any size) or refuse.
    """

    percent: float = 10.0
    without_volume: str = "fill"

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0, high=100.0)
        _check_without_volume(self, self.without_volume)

    def units(
        self, instrument: Instrument, price: float, high: float, low: float, volume: float
    ) -> float:
        """That share of the volume."""
        if not volume > 0.0:
            return inf if self.without_volume == "fill" else 0.0
        return volume * self.percent / 100.0


@dataclass(frozen=True, slots=True)
class FixedUnits:
    """A fixed number of units, and no more than the bar's volume.

    Attributes:
        count: units a bar, above 0.
        without_volume: what a bar of unknown volume does: fill (up to `count`) or refuse.
    """

    count: float
    without_volume: str = "fill"

    def __post_init__(self) -> None:
        check_number(self, "count", above=0.0)
        _check_without_volume(self, self.without_volume)

    def units(
        self, instrument: Instrument, price: float, high: float, low: float, volume: float
    ) -> float:
        """The smaller of `count` and the volume."""
        if not volume > 0.0:
            return self.count if self.without_volume == "fill" else 0.0
        return min(self.count, volume)


@dataclass(frozen=True, slots=True)
class BarPointShare:
    """A percentage of the volume at one price, the bar's volume spread evenly from low to high.

    Volume / ((high - low) / step + 1) x percent: the rule of backtrader's BarPointPerc filler.

    Attributes:
        percent: percent of the volume at one price, above 0, at most 100.
        step: distance of the prices, >= 0; 0 takes the instrument's tick.
        without_volume: what a bar of unknown volume does: fill (any size) or refuse.
    """

    percent: float = 100.0
    step: float = 0.0
    without_volume: str = "fill"

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0, high=100.0)
        check_number(self, "step", low=0.0)
        _check_without_volume(self, self.without_volume)

    def units(
        self, instrument: Instrument, price: float, high: float, low: float, volume: float
    ) -> float:
        """That share of what traded at one price."""
        if not volume > 0.0:
            return inf if self.without_volume == "fill" else 0.0
        step = self.step or instrument.tick_at(price)
        return volume / price_points(high, low, step) * self.percent / 100.0


def _check_without_volume(component: object, given: object) -> None:
    if given not in _WITHOUT_VOLUME:
        raise ConfigError(
            f"{type(component).__name__}: without_volume is {given!r}.",
            did_you_mean(str(given), _WITHOUT_VOLUME),
        )
