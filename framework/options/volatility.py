"""Volatility inputs of the option model: a constant, a series in time, a surface.

A volatility is a fraction per year: 0.2 is 20 %. Whatever is asked for at an instant is what was
known then: the last value of a series at or before it.
"""

from __future__ import annotations

__all__ = ["ConstantVolatility", "Surface", "VolatilityInput", "VolatilitySeries"]

from dataclasses import dataclass
from math import isfinite
from typing import Protocol

import numpy as np

from framework.calendar import day_text
from framework.domain.bars import FloatArray, IntArray
from framework.errors import DataError

_DAY = 86_400 * 10**9


class VolatilityInput(Protocol):
    """The implied volatility of an option."""

    def at(self, times: IntArray, moneyness: FloatArray, years: FloatArray) -> FloatArray:
        """Volatilities, shape (n,).

        Args:
            times: nanoseconds UTC, shape (n,).
            moneyness: strike / spot, shape (n,).
            years: to the expiry, shape (n,).

        Raises:
            DataError: it is not known at one of these times.
        """
        ...


@dataclass(frozen=True, slots=True)
class ConstantVolatility:
    """The same volatility for every option at all times.

    Attributes:
        value: a fraction per year, > 0.
    """

    value: float

    def __post_init__(self) -> None:
        if not (isfinite(self.value) and self.value > 0.0):
            raise DataError(
                f"The volatility is {self.value}.", "Give a fraction above 0, such as 0.2 for 20 %."
            )

    def at(self, times: IntArray, moneyness: FloatArray, years: FloatArray) -> FloatArray:
        """The constant."""
        return np.full(len(times), self.value)


@dataclass(frozen=True, slots=True, eq=False)
class VolatilitySeries:
    """One volatility for all options, that changes in time, such as a volatility index.

    Attributes:
        name: how messages call it.
        times: nanoseconds UTC at which each value became known, rising, shape (m,).
        values: fractions per year, > 0, shape (m,).
        most_days: calendar days after which a value is too old to be used.
    """

    name: str
    times: IntArray
    values: FloatArray
    most_days: float = 7.0

    def __post_init__(self) -> None:
        if not len(self.times) or len(self.times) != len(self.values):
            raise DataError(
                f"{self.name} has {len(self.times)} times and {len(self.values)} values.",
                "Give one value for each time, and at least one.",
            )
        if not (self.times[1:] > self.times[:-1]).all():
            raise DataError(f"The times of {self.name} do not rise.", "Sort the rows by time.")
        wrong = np.flatnonzero(~(np.isfinite(self.values) & (self.values > 0.0)))
        if len(wrong):
            raise DataError(
                f"{self.name} is {self.values[wrong[0]]:g} on {_day(self.times[wrong[0]])}.",
                "A volatility is a fraction above 0: 0.2 for 20 %.",
            )

    def at(self, times: IntArray, moneyness: FloatArray, years: FloatArray) -> FloatArray:
        """The last value known at each time."""
        rows = np.searchsorted(self.times, times, side="right") - 1
        self._check(times, rows)
        found: FloatArray = self.values[rows]
        return found

    def _check(self, times: IntArray, rows: IntArray) -> None:
        """Refuse times before the first value, or long after the last before them."""
        early = np.flatnonzero(rows < 0)
        if len(early):
            raise DataError(
                f"{self.name} begins on {_day(self.times[0])}, and the volatility of "
                f"{_day(times[early[0]])} is asked for.",
                f"Start the run on {_day(self.times[0])} or later, or give a longer series.",
            )
        old = np.flatnonzero(times - self.times[rows] > self.most_days * _DAY)
        if len(old):
            raise DataError(
                f"{self.name}: the last value before {_day(times[old[0]])} is of "
                f"{_day(self.times[rows[old[0]]])}, more than {self.most_days:g} days old.",
                "End the run earlier, or give a series without the gap.",
            )


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A volatility for each strike and term, moved up and down by a level if there is one.

    Between its points it is linear in moneyness and in years, beyond them flat.

    Attributes:
        moneyness: strike / spot of the columns, rising, shape (m,).
        years: to the expiry of the rows, rising, shape (t,).
        values: fractions per year, > 0, shape (t, m).
        level: multiplies it in time, relative to the level of 1; None leaves it as it is.
    """

    moneyness: FloatArray
    years: FloatArray
    values: FloatArray
    level: VolatilityInput | None = None

    def __post_init__(self) -> None:
        shape = (len(self.years), len(self.moneyness))
        if self.values.shape != shape or 0 in shape:
            raise DataError(
                f"The surface has shape {self.values.shape} for {shape[0]} terms and {shape[1]} "
                "strikes.",
                "Give one row for each term, with one value for each strike.",
            )
        for name, axis in (("moneyness", self.moneyness), ("years", self.years)):
            if not (np.isfinite(axis).all() and (axis[1:] > axis[:-1]).all() and axis[0] >= 0.0):
                raise DataError(f"The {name} of the surface do not rise.", "Sort them.")
        if not (np.isfinite(self.values).all() and (self.values > 0.0).all()):
            raise DataError(
                "The surface holds a value that is no fraction above 0.", "Give 0.2 for 20 %."
            )

    def at(self, times: IntArray, moneyness: FloatArray, years: FloatArray) -> FloatArray:
        """Interpolated in both directions."""
        low, high, share = _between(self.years, years)
        column, after, across = _between(self.moneyness, moneyness)
        near = self.values[low, column] * (1.0 - across) + self.values[low, after] * across
        far = self.values[high, column] * (1.0 - across) + self.values[high, after] * across
        found: FloatArray = near * (1.0 - share) + far * share
        return found if self.level is None else found * self.level.at(times, moneyness, years)


def _between(axis: FloatArray, wanted: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Points of the axis on both sides of each value, and how far it is from the first to the
    second, 0..1."""
    if len(axis) == 1:
        none = np.zeros(len(wanted), dtype=np.int64)
        return none, none, np.zeros(len(wanted))
    inside = np.clip(wanted, axis[0], axis[-1])
    low = np.clip(np.searchsorted(axis, inside, side="right") - 1, 0, len(axis) - 2)
    return low, low + 1, (inside - axis[low]) / (axis[low + 1] - axis[low])


def _day(time: int) -> str:
    return day_text(int(time // _DAY))
