"""A mild, fixed smile: options far from the price, low strikes most, cost a little more."""

from __future__ import annotations

__all__ = ["Smile"]

from dataclasses import dataclass
from math import isfinite

import numpy as np

from framework.domain.bars import FloatArray, IntArray
from framework.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Smile:
    """Volatility by strike / spot alone; it is `level` where they are equal.

    Attributes:
        level: a fraction per year, > 0.
        skew: how much more, as a part of it, a strike at nothing would cost on a straight line.
        curve: how that line bends upwards on both sides.
    """

    level: float
    skew: float = 0.3
    curve: float = 0.8

    def __post_init__(self) -> None:
        if not (isfinite(self.level) and self.level > 0.0):
            raise ConfigError(
                f"The volatility is {self.level}.", "Give a fraction above 0, such as 0.2 for 20 %."
            )

    def at(self, times: IntArray, moneyness: FloatArray, years: FloatArray) -> FloatArray:
        """Between half and twice the level."""
        below = 1.0 - moneyness
        factor = 1.0 + self.skew * below + self.curve * np.square(below)
        found: FloatArray = self.level * np.clip(factor, 0.5, 2.0)
        return found
