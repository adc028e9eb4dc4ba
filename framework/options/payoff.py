"""What a combo is worth at its expiry: a broken line over the underlying's price, solved exactly.

The line bends at the strikes only, so its extremes lie at 0, at a strike or beyond the last one,
and its zeros between two of those. Everything is in points, as the net price: times the combo's
multiplier it is money.
"""

from __future__ import annotations

__all__ = ["Payoff", "payoff_of"]

from dataclasses import dataclass
from math import inf, isfinite

import numpy as np

from framework.domain.bars import FloatArray
from framework.errors import DataError
from framework.options.combos import Combo
from framework.options.contracts import option_terms

_FLAT = 1e-9
"""Slopes and profits, in points, that are the rounding of a 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Payoff:
    """Value of a combo at its expiry.

    Attributes:
        spots: prices of the underlying at which the line may bend, rising from 0, shape (n,).
        values: the combo's value there, shape (n,).
        slope: change of the value per point beyond the last of them.
    """

    spots: FloatArray
    values: FloatArray
    slope: float

    def at(self, spot: FloatArray | float) -> FloatArray:
        """Value at each price of the underlying, in the shape of `spot`.

        Raises:
            DataError: a price below 0, or NaN.
        """
        spot = np.asarray(spot, dtype=np.float64)
        if not (spot >= 0.0).all():
            raise DataError(
                f"A payoff at a spot of {spot[~(spot >= 0.0)].flat[0]}.",
                "Give prices of 0 or more.",
            )
        beyond = np.maximum(spot - self.spots[-1], 0.0)
        found: FloatArray = np.interp(spot, self.spots, self.values) + self.slope * beyond
        return found

    def max_loss(self, price: float) -> float:
        """The most a buyer at `price` can lose, in points; inf without a limit.

        Below 0, the buyer gains at least so much wherever the underlying ends.
        """
        return inf if self.slope < -_FLAT else _checked(price) - float(self.values.min())

    def max_gain(self, price: float) -> float:
        """The most a buyer at `price` can gain, in points; inf without a limit."""
        return inf if self.slope > _FLAT else float(self.values.max()) - _checked(price)

    def break_evens(self, price: float) -> FloatArray:
        """Prices of the underlying at which a buyer at `price` neither gains nor loses, rising.

        Where a whole stretch breaks even, its ends.
        """
        profit = self.values - _checked(price)
        profit[np.abs(profit) <= _FLAT] = 0.0
        left, right = profit[:-1], profit[1:]
        crosses = left * right < 0.0
        share = left[crosses] / (left[crosses] - right[crosses])
        between = self.spots[:-1][crosses] + share * np.diff(self.spots)[crosses]
        beyond = []
        if abs(self.slope) > _FLAT and profit[-1] * self.slope < 0.0:
            beyond.append(self.spots[-1] - profit[-1] / self.slope)
        return np.sort(np.concatenate([self.spots[profit == 0.0], between, beyond]))


def payoff_of(combo: Combo) -> Payoff:
    """The combo's value at its expiry.

    The underlying counts as its price there, so that value less net price is the profit.

    Raises:
        DataError: its options expire on several days.
    """
    combo.sole_expiry("payoff")
    weights = combo.weights
    strikes = sorted({option_terms(leg.instrument).strike for leg in combo.options})
    spots = np.array([0.0, *strikes])
    values = np.zeros_like(spots)
    slope = 0.0
    for leg, weight in zip(combo.legs, weights.tolist(), strict=True):
        terms = leg.instrument.option
        if terms is None:
            values += weight * spots
            slope += weight
            continue
        values += weight * np.maximum(terms.right.sign * (spots - terms.strike), 0.0)
        slope += weight * max(terms.right.sign, 0.0)
    return Payoff(spots, values, slope)


def _checked(price: float) -> float:
    if not isfinite(price):
        raise DataError(f"A combo bought at {price}.", "Give its net price, signed.")
    return price
