"""Implied volatility of options with early exercise: where the tree gives their price.

An American option is worth no less than the European one, so its volatility is no higher than the
one Black-Scholes-Merton reads from the same price. Between 0 and that the tree is searched by the
method of false position with the Illinois rule (Dowell and Jarratt, 1971), a bounded number of
steps. Where early exercise cannot pay the two volatilities are one.
"""

from __future__ import annotations

__all__ = ["implied_by_style"]

from collections.abc import Callable

import numpy as np

from framework.domain.bars import FloatArray, IntArray
from framework.domain.options import Style
from framework.options.implied import (
    NO_TIME_VALUE,
    SOLVED,
    ImpliedVolatility,
    implied_volatility,
)
from framework.options.valuation import values

_STEPS = 24
_SETTLED = 1e-7
"""Distance from the price, as a part of the spot, at which a volatility counts as found."""

_MARGIN = 1.02
"""By how much the upper end leaves room for the error of the tree."""

_NEAR, _LEAST = 0.8, 1e-3
"""Lower ends of the search, as parts of the upper one; at the second an option is worth what using
it, or waiting without risk, brings."""

_Error = Callable[[FloatArray, IntArray], FloatArray]
"""(volatilities, rows) -> by how much the rows' options are worth more than their prices."""


def implied_by_style(
    style: Style,
    sign: FloatArray,
    price: FloatArray,
    spot: FloatArray,
    strike: FloatArray,
    years: FloatArray,
    rate: float,
    dividend_yield: float,
) -> ImpliedVolatility:
    """Volatilities at which options are worth their prices, by the formula of their style.

    All arrays have shape (n,). A price none gives has NaN and the reason, as `implied_volatility`.
    """
    found = implied_volatility(sign, price, spot, strike, years, rate, dividend_yield)
    at = np.flatnonzero(found.reason == SOLVED)
    if style is not Style.AMERICAN or not len(at):
        return found

    def error(volatility: FloatArray, rows: IntArray) -> FloatArray:
        here = at[rows]
        given = (sign[here], spot[here], strike[here], years[here], rate, dividend_yield)
        return (values(style, *given, volatility) - price[here]) / spot[here]

    volatility, reason = found.volatility.copy(), found.reason.copy()
    volatility[at] = _solved(error, found.volatility[at])
    reason[at[np.isnan(volatility[at])]] = NO_TIME_VALUE
    return ImpliedVolatility(volatility, reason)


def _solved(error: _Error, most: FloatArray) -> FloatArray:
    """Where the error is 0 between nothing and `most`; NaN where it is above 0 already at the lower
    end, since the price is then what using the option brings."""
    rows = np.arange(len(most))
    low, high = _NEAR * most, _MARGIN * most
    below, above = error(low, rows), error(high, rows)
    far = np.flatnonzero(below >= 0.0)
    if len(far):
        low[far] = _LEAST * most[far]
        below[far] = error(low[far], far)
    found = np.where(below < 0.0, most, np.nan)
    rows = np.flatnonzero((below < 0.0) & (above > _SETTLED))
    for _ in range(_STEPS):
        if not len(rows):
            break
        left, right, under, over = low[rows], high[rows], below[rows], above[rows]
        guess = (left * over - right * under) / (over - under)
        miss = error(guess, rows)
        up = miss < 0.0
        found[rows] = guess
        low[rows], high[rows] = np.where(up, guess, left), np.where(up, right, guess)
        below[rows] = np.where(up, miss, 0.5 * under)
        above[rows] = np.where(up, 0.5 * over, miss)
        rows = rows[np.abs(miss) > _SETTLED]
    return found
