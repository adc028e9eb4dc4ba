"""Implied volatility: the volatility at which Black-Scholes-Merton gives a price.

Only the time value is solved for, as the out of the money option of the same strike, in the
normalised Black function of Jaeckel (2006), By Implication, and (2013), Let's Be Rational:

    b(x, s) = e^(x/2) N(x/s + s/2) - e^(-x/2) N(x/s - s/2),    x = -|ln(forward / strike)|,

where s is volatility x sqrt(years) and b the value over sqrt(asset x cash). Below the inflection
point s = sqrt(2|x|) the reciprocal of ln b is close to linear in s^2, above it the logarithm of
the distance to the upper bound e^(x/2) is concave; each is solved by Newton's method inside a
bracket from the inverse normal distribution. The number of steps is bounded.
"""

from __future__ import annotations

__all__ = [
    "ABOVE_BOUND",
    "BELOW_INTRINSIC",
    "EXPIRED",
    "NOT_A_PRICE",
    "NOT_SETTLED",
    "NO_TIME_VALUE",
    "REASONS",
    "SOLVED",
    "ImpliedVolatility",
    "implied_volatility",
]

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfcx, ndtr, ndtri

from framework.domain.bars import FloatArray
from framework.options.checks import broadcast_quotes

SOLVED = 0
NOT_A_PRICE = 1
EXPIRED = 2
BELOW_INTRINSIC = 3
ABOVE_BOUND = 4
NO_TIME_VALUE = 5
NOT_SETTLED = 6

REASONS = (
    "solved",
    "not a price: negative, infinite or NaN",
    "expired: no time left to expiry",
    "below intrinsic: less than the discounted forward is worth; no volatility gives it",
    "above the upper bound: no less than the underlying (call) or the discounted strike (put)",
    "no time value to read: equal to the intrinsic value in double precision",
    "not settled: the time value is too small to tell volatilities apart",
)
"""Text of each reason code."""

_STEPS = 64
_SETTLED = 1e-10
_TOLERATED = 1e-6
_ROUNDING = 4.0 * float(np.finfo(np.float64).eps)
"""Relative error of an intrinsic value that was computed in doubles."""

_ROOT_TWO = sqrt(2.0)
_PEAK = 1.0 / sqrt(2.0 * pi)

Step = Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""(x, s, logarithm wanted) -> (Newton step in s, whether s is too low as a sign)."""


@dataclass(frozen=True, slots=True)
class ImpliedVolatility:
    """Volatilities read from prices, and why some could not be, arrays of one shape.

    Attributes:
        volatility: fraction per year; NaN wherever `reason` is not `SOLVED`.
        reason: uint8 codes of this module; `REASONS[code]` is the text.
    """

    volatility: FloatArray
    reason: NDArray[np.uint8]


def implied_volatility(
    sign: ArrayLike,
    price: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
) -> ImpliedVolatility:
    """Volatility at which each European option is worth its price; inputs as in `price`.

    A price that no volatility or any volatility gives has NaN and the reason, never an error: a
    chain holds such quotes. So has a contract whose `years` are 0 or negative.

    Raises:
        DataError: an input other than the price is NaN, infinite, negative where it cannot be
            (years may be), or the shapes do not broadcast.
    """
    given = broadcast_quotes(sign, price, spot, strike, years, rate, dividend_yield)
    volatility = np.full(given.price.shape, np.nan)
    with np.errstate(all="ignore"):
        asset = given.spot * np.exp(-given.dividend_yield * given.years)
        cash = given.strike * np.exp(-given.rate * given.years)
        intrinsic = np.maximum(given.sign * (asset - cash), 0.0)
        time_value = given.price - intrinsic
        bound = np.minimum(asset, cash)
        reason = _reasons(given.price, given.years, intrinsic, time_value, bound)
        at = np.flatnonzero(reason == SOLVED)
        total, settled = _total_volatility(asset[at], cash[at], time_value[at], bound[at])
        volatility[at] = np.where(settled, total / np.sqrt(given.years[at]), np.nan)
        reason[at[~settled]] = NOT_SETTLED
    return ImpliedVolatility(volatility.reshape(given.shape), reason.reshape(given.shape))


def _reasons(
    price: FloatArray,
    years: FloatArray,
    intrinsic: FloatArray,
    time_value: FloatArray,
    bound: FloatArray,
) -> NDArray[np.uint8]:
    """Why a price cannot be read, the first that applies."""
    rounding = np.where(intrinsic > 0.0, _ROUNDING * (intrinsic + bound), 0.0)
    conditions = [
        ~(np.isfinite(price) & (price >= 0.0)),
        years <= 0.0,
        time_value < -rounding,
        time_value >= np.maximum(bound * (1.0 - _ROUNDING), rounding),
        time_value <= rounding,
    ]
    codes = [NOT_A_PRICE, EXPIRED, BELOW_INTRINSIC, ABOVE_BOUND, NO_TIME_VALUE]
    return np.select(conditions, codes, SOLVED).astype(np.uint8)


def _total_volatility(
    asset: FloatArray, cash: FloatArray, time_value: FloatArray, bound: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Volatility x sqrt(years) of the out of the money options, and whether it settled."""
    x = -np.abs(np.log(asset / cash))
    share = time_value / bound
    inflection = np.sqrt(-2.0 * x)
    low = share < 0.5 - np.exp(-x) * ndtr(-inflection)
    total = np.empty_like(x)
    settled = np.empty(x.shape, dtype=np.bool_)
    for side, solve in ((low, _solve_low), (~low, _solve_high)):
        total[side], settled[side] = solve(x[side], share[side])
    return total, settled


def _solve_low(x: FloatArray, share: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Below the inflection point, from b e^(-x/2) <= N(x/s + s/2)."""
    score = ndtri(share)
    least = -2.0 * x / (np.sqrt(np.square(score) - 2.0 * x) - score)
    return _newton(_low_step, x, np.log(share) + 0.5 * x, least, least, np.sqrt(-2.0 * x))


def _solve_high(x: FloatArray, share: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Above it, from N(-d1) <= 1 - b e^(-x/2) <= 2 N(-d1)."""
    rest = 1.0 - share
    near, far = -ndtri(rest), -ndtri(0.5 * rest)
    least = near + np.sqrt(np.square(near) - 2.0 * x)
    most = far + np.sqrt(np.square(far) - 2.0 * x)
    return _newton(_high_step, x, np.log(rest), most, least, most)


def _newton(
    step: Step,
    x: FloatArray,
    wanted: FloatArray,
    start: FloatArray,
    least: FloatArray,
    most: FloatArray,
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Newton's method inside [least, most]; a step that leaves the bracket halves it instead."""
    total = start
    moved = np.full(x.shape, np.inf)
    for _ in range(_STEPS):
        change, too_low = step(x, total, wanted)
        least = np.where(too_low > 0.0, np.maximum(least, total), least)
        most = np.where(too_low < 0.0, np.minimum(most, total), most)
        proposed = total + change
        inside = (proposed >= least) & (proposed <= most)
        proposed = np.where(inside, proposed, 0.5 * (least + most))
        moved = np.abs(proposed - total) / proposed
        total = proposed
        if not (moved > _SETTLED).any():
            break
    return total, moved <= _TOLERATED


def _low_step(
    x: FloatArray, total: FloatArray, wanted: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Step of 1 / ln b, with b as a difference of scaled complementary error functions."""
    h, t = x / total, 0.5 * total
    exponent = -0.5 * (np.square(h) + np.square(t))
    scaled = 0.5 * (erfcx(-(h + t) / _ROOT_TWO) - erfcx((t - h) / _ROOT_TWO))
    found = np.log(scaled) + exponent
    gap = wanted - found
    return gap * (found / wanted) * scaled / _PEAK, gap


def _high_step(
    x: FloatArray, total: FloatArray, wanted: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Step of ln(1 - b e^(-x/2)), the sum of two small tails."""
    h, t = x / total, 0.5 * total
    rest = ndtr(-(h + t)) + np.exp(-x) * ndtr(h - t)
    gap = np.log(rest) - wanted
    density = _PEAK * np.exp(-0.5 * np.square(h + t))
    return gap * rest / density, gap
