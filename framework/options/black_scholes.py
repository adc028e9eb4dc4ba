"""Black-Scholes-Merton: European options on arrays, in closed form.

Black and Scholes (1973), Merton (1973); the derivatives are written out in Haug (2007), The
Complete Guide to Option Pricing Formulas, chapters 1 and 2. The same formula prices

- options on a future (Black 1976): spot is the future's price and `dividend_yield = rate`;
- options on a currency (Garman and Kohlhagen 1983): `dividend_yield` is the foreign rate.

Inputs broadcast; results are arrays of the broadcast shape, of shape () when all are scalars.
`sign` is +1 for a call and -1 for a put, `years` the time to expiry, `rate` and `dividend_yield`
continuously compounded fractions per year, `volatility` a fraction per year (0.20 is 20 %).

Without time or without volatility the value is the discounted forward's intrinsic value, and the
Greeks are that value's. Where the forward then equals the strike, at the kink, delta is half of
what it is in the money, vega its limit from above, and what has no derivative there is 0.
"""

from __future__ import annotations

__all__ = ["greeks", "price"]

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from framework.domain.bars import FloatArray
from framework.options.checks import OptionInputs, option_inputs
from framework.options.greeks import Greeks

_PEAK = 1.0 / sqrt(2.0 * pi)
"""Height of the normal density at 0."""

_SMALLEST = 1e-300
"""Stands for 0 in a denominator whose numerator is 0."""

_FAR = 1e100
"""Stands for infinity: the density there is 0, and so is its product with this."""


@dataclass(frozen=True, slots=True)
class _Shared:
    """Terms that the value and every Greek have in common."""

    root: FloatArray
    deviation: FloatArray
    spot_factor: FloatArray
    asset: FloatArray
    cash: FloatArray
    d1: FloatArray
    d2: FloatArray
    n1: FloatArray
    n2: FloatArray
    kink: NDArray[np.bool_]


def price(
    sign: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    volatility: ArrayLike,
) -> FloatArray:
    """Value of European options, in money per unit of the underlying.

    Raises:
        DataError: an input is NaN, infinite, negative where it cannot be, or does not broadcast.
    """
    given = option_inputs(sign, spot, strike, years, rate, dividend_yield, volatility)
    with np.errstate(all="ignore"):
        return _value(given, _shared(given)).reshape(given.shape)


def greeks(
    sign: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    volatility: ArrayLike,
) -> Greeks:
    """Value of European options and all their Greeks; for units see `Greeks`.

    `rho` holds the dividend yield. An option on a future has its yield move with the rate: its
    sensitivity to the rate is -years x price.

    Raises:
        DataError: an input is NaN, infinite, negative where it cannot be, or does not broadcast.
    """
    given = option_inputs(sign, spot, strike, years, rate, dividend_yield, volatility)
    with np.errstate(all="ignore"):
        found = _greeks(given, _shared(given))
    return Greeks(*(column.reshape(given.shape) for column in found))


def _shared(given: OptionInputs) -> _Shared:
    root = np.sqrt(given.years)
    deviation = given.volatility * root
    spot_factor = np.exp(-given.dividend_yield * given.years)
    asset = given.spot * spot_factor
    cash = np.exp(-given.rate * given.years)
    cash *= given.strike
    d1 = given.rate - given.dividend_yield
    d1 *= given.years
    d1 += np.log(given.spot / given.strike)
    d1 /= deviation
    kink = np.isnan(d1)
    d1[kink] = 0.0
    d1 += 0.5 * deviation
    np.clip(d1, -_FAR, _FAR, out=d1)
    d2 = d1 - deviation
    n1 = given.sign * d1
    n2 = given.sign * d2
    ndtr(n1, out=n1)
    ndtr(n2, out=n2)
    return _Shared(root, deviation, spot_factor, asset, cash, d1, d2, n1, n2, kink)


def _value(given: OptionInputs, terms: _Shared) -> FloatArray:
    """sign x (asset N(sign d1) - cash N(sign d2)), never below what the forward alone is worth."""
    value = terms.asset * terms.n1
    value -= terms.cash * terms.n2
    value *= given.sign
    intrinsic = terms.asset - terms.cash
    intrinsic *= given.sign
    np.maximum(value, intrinsic, out=value)
    return np.maximum(value, 0.0, out=value)


def _greeks(given: OptionInputs, terms: _Shared) -> tuple[FloatArray, ...]:
    """Value, delta, gamma, theta, vega, rho, vanna, vomma, charm."""
    delta = given.sign * terms.spot_factor
    delta *= terms.n1
    rho = given.sign * terms.cash
    rho *= terms.n2

    density = _density(terms)
    per_deviation = density / np.maximum(terms.deviation, _SMALLEST)
    gamma = per_deviation / np.maximum(given.spot, _SMALLEST)
    vega = given.spot * terms.root
    vega *= density
    vanna = per_deviation * terms.d2
    vanna *= terms.root
    vomma = vanna * given.spot
    vomma *= terms.root
    vomma *= terms.d1
    np.negative(vanna, out=vanna)
    vega[terms.kink] = (terms.asset * terms.root * _PEAK)[terms.kink]

    earned = delta * given.dividend_yield
    theta = _theta(given, per_deviation, earned, rho)
    charm = _charm(given, terms, density, per_deviation, earned)
    rho *= given.years
    return _value(given, terms), delta, gamma, theta, vega, rho, vanna, vomma, charm


def _density(terms: _Shared) -> FloatArray:
    """Normal density at d1, discounted by the dividend yield; 0 at the kink."""
    density = np.square(terms.d1)
    density *= -0.5
    np.exp(density, out=density)
    density *= terms.spot_factor
    density *= _PEAK
    density[terms.kink] = 0.0
    return density


def _theta(
    given: OptionInputs, per_deviation: FloatArray, earned: FloatArray, cash_delta: FloatArray
) -> FloatArray:
    """Decay -S e^(-qT) n(d1) sigma / (2 sqrt T), plus yield earned, less interest paid."""
    theta = np.square(given.volatility)
    theta *= per_deviation
    theta *= -0.5
    theta += earned
    theta *= given.spot
    theta -= given.rate * cash_delta
    return theta


def _charm(
    given: OptionInputs,
    terms: _Shared,
    density: FloatArray,
    per_deviation: FloatArray,
    earned: FloatArray,
) -> FloatArray:
    """q delta - e^(-qT) n(d1) ((r - q) / (sigma sqrt T) - d2 / (2 T))."""
    charm = density / np.maximum(given.years, _SMALLEST)
    charm *= terms.d2
    charm *= 0.5
    charm += earned
    carry = given.rate - given.dividend_yield
    carry *= per_deviation
    charm -= carry
    return charm
