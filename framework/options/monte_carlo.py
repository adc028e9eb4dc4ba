"""Least squares Monte Carlo: options with early exercise valued on simulated paths.

Longstaff and Schwartz (2001), Valuing American Options by Simulation: A Simple Least-Squares
Approach, Review of Financial Studies 14(1). At each date the value of holding is the regression,
over the paths in the money, of their later discounted cash flows on powers of the spot.
"""

from __future__ import annotations

__all__ = ["LeastSquaresValue", "longstaff_schwartz"]

from dataclasses import dataclass
from math import exp, isfinite, sqrt

import numpy as np
from numpy.typing import ArrayLike

from framework.domain.bars import FloatArray
from framework.errors import ConfigError, DataError


@dataclass(frozen=True, slots=True)
class LeastSquaresValue:
    """What an option is worth on given paths.

    Attributes:
        value: with exercise at any date of the paths but the first, in money.
        standard_error: of `value`, from the spread between paths; 0 for a single path.
        european: with exercise at the last date only.
    """

    value: float
    standard_error: float
    european: float


def longstaff_schwartz(
    sign: int,
    paths: ArrayLike,
    strike: float,
    rate: float,
    step: float,
    degree: int = 2,
) -> LeastSquaresValue:
    """Value of an option on `paths`, shape (paths, dates + 1), the first column being today.

    Args:
        sign: +1 for a call, -1 for a put.
        paths: spots in money, one path a row.
        strike: in money.
        rate: continuously compounded, a fraction per year.
        step: years between two columns.
        degree: highest power of the spot in the regression. A date with no more paths in the
            money than the regression has terms exercises none: a fit would know their future.

    Raises:
        DataError: the paths are no table of finite spots of at least 0 with two columns or more.
        ConfigError: another argument is out of range.
    """
    table = _checked_paths(paths)
    _check(sign, strike, rate, step, degree)
    discount = exp(-rate * step)
    cash = np.maximum(sign * (table[:, -1] - strike), 0.0)
    european = float(cash.mean()) * discount ** (table.shape[1] - 1)
    for spots in table[:, -2:0:-1].T:
        cash *= discount
        payoff = sign * (spots - strike)
        inside = np.flatnonzero(payoff > 0.0)
        if inside.size <= degree + 1:
            continue
        hold = _regression(spots[inside] / strike, cash[inside], degree)
        exercised = inside[payoff[inside] > hold]
        cash[exercised] = payoff[exercised]
    cash *= discount
    error = float(cash.std(ddof=1)) / sqrt(cash.size) if cash.size > 1 else 0.0
    return LeastSquaresValue(float(cash.mean()), error, european)


def _regression(spots: FloatArray, cash: FloatArray, degree: int) -> FloatArray:
    """Fitted values of `cash` on 1, x, ..., x^degree by least squares."""
    powers = np.vander(spots, degree + 1)
    weights = np.linalg.lstsq(powers, cash, rcond=None)[0]
    return np.asarray(powers @ weights)


def _checked_paths(paths: ArrayLike) -> FloatArray:
    try:
        table = np.asarray(paths, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("The paths are not a table of numbers.", "Give one path a row.") from None
    if table.ndim != 2 or table.shape[0] < 1 or table.shape[1] < 2:
        raise DataError(
            f"The paths have shape {table.shape}.",
            "Give one path a row, with today's spot and at least one later date.",
        )
    wrong = np.argwhere(~((table >= 0.0) & np.isfinite(table)))
    if wrong.size:
        row, column = (int(place) for place in wrong[0])
        raise DataError(
            f"Path {row}, date {column}: the spot is {table[row, column]:g}.",
            "Give finite spots of at least 0.",
        )
    return table


def _check(sign: int, strike: float, rate: float, step: float, degree: int) -> None:
    if sign not in (1, -1):
        raise ConfigError(f"sign is {sign!r}.", "Give +1 for a call and -1 for a put.")
    if not 0.0 < strike < float("inf"):
        raise ConfigError(f"strike is {strike!r}.", "Give a price above 0.")
    if not isfinite(rate):
        raise ConfigError(f"rate is {rate!r}.", "Give a fraction per year: 0.05 for 5 %.")
    if not 0.0 < step < float("inf"):
        raise ConfigError(f"step is {step!r}.", "Give years between two dates, above 0.")
    if int(degree) != degree or degree < 1:
        raise ConfigError(f"degree is {degree!r}.", "Give a whole number of at least 1.")
