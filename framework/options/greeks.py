"""An option's value and how it moves, as arrays."""

from __future__ import annotations

__all__ = ["AmericanGreeks", "Greeks"]

from dataclasses import dataclass

from framework.domain.bars import FloatArray


@dataclass(frozen=True, slots=True)
class Greeks:
    """Value of one unit of the underlying's option and its derivatives, arrays of one shape.

    Attributes:
        price: value in money.
        delta: change of value per 1.00 of spot.
        gamma: change of delta per 1.00 of spot.
        theta: change of value per year of time passing (divide by 365 for a calendar day).
        vega: change of value per 1.00 of volatility (divide by 100 for a volatility point).
        rho: change of value per 1.00 of rate, the dividend yield held.
        vanna: change of delta per 1.00 of volatility.
        vomma: change of vega per 1.00 of volatility.
        charm: change of delta per year of time passing.
    """

    price: FloatArray
    delta: FloatArray
    gamma: FloatArray
    theta: FloatArray
    vega: FloatArray
    rho: FloatArray
    vanna: FloatArray
    vomma: FloatArray
    charm: FloatArray


@dataclass(frozen=True, slots=True)
class AmericanGreeks:
    """Value of an option with early exercise and its derivatives, arrays of one shape.

    Units are those of `Greeks`. Where the option is worth exercising at once, delta is +1 or -1
    and the others are 0.
    """

    price: FloatArray
    delta: FloatArray
    gamma: FloatArray
    theta: FloatArray
    vega: FloatArray
    rho: FloatArray
