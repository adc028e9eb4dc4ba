"""Values and Greeks of options along arrays, by the formula their style asks for."""

from __future__ import annotations

__all__ = ["STEPS", "deltas", "greek_columns", "ruled", "values"]

import numpy as np
from numpy.typing import ArrayLike

from framework.domain.bars import FloatArray
from framework.domain.options import Style
from framework.hedge_ports import VolatilityRule
from framework.options import american, black_scholes

STEPS = 128
"""Steps of the tree of American options: prices within about 0.002 at a spot of 100."""


def values(
    style: Style,
    sign: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: float,
    dividend_yield: float,
    volatility: ArrayLike,
) -> FloatArray:
    """Prices per unit of underlying, shape (n,); inputs as in `black_scholes.price`."""
    given = (sign, spot, strike, years, rate, dividend_yield, volatility)
    if style is Style.AMERICAN:
        return american.price(*given, steps=STEPS)
    return black_scholes.price(*given)


def deltas(
    style: Style,
    sign: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: float,
    dividend_yield: float,
    volatility: ArrayLike,
) -> FloatArray:
    """Deltas per unit of underlying, shape (n,)."""
    given = (sign, spot, strike, years, rate, dividend_yield, volatility)
    if style is Style.AMERICAN:
        return american.delta(*given, steps=STEPS)
    return black_scholes.greeks(*given).delta


def greek_columns(
    style: Style,
    sign: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: float,
    dividend_yield: float,
    volatility: ArrayLike,
) -> FloatArray:
    """Delta, gamma, vega and theta per unit of underlying, shape (4, n)."""
    given = (sign, spot, strike, years, rate, dividend_yield, volatility)
    if style is Style.AMERICAN:
        tree = american.greeks(*given, steps=STEPS)
        return np.stack([tree.delta, tree.gamma, tree.vega, tree.theta])
    closed = black_scholes.greeks(*given)
    return np.stack([closed.delta, closed.gamma, closed.vega, closed.theta])


def ruled(volatility: FloatArray, rule: VolatilityRule | None, is_short: bool) -> FloatArray:
    """The volatilities a hedger reckons with; those given where it has no rule."""
    if rule is None:
        return volatility
    return np.array([rule.volatility(float(value), is_short=is_short) for value in volatility])
