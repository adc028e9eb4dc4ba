"""Options that may be exercised before expiry: value, Greeks, and whether to exercise now.

Values come from two binomial trees, one of twice the steps of the other, extrapolated to none
(Richardson; Broadie and Detemple 1996). Delta and gamma are read from the tree's root, theta
follows from them by the Black-Scholes equation, vega and rho are central differences of values.

Exercise before expiry can pay only where holding the intrinsic value costs more than it earns:
for a call where dividend_yield x spot > rate x strike, for a put where it is less. Where no spot
fulfils that, the closed form is the value, exactly.

Inputs are those of `black_scholes`. `dates` is the number of equally spaced exercise dates, the
last at expiry and now none of them; without it the option may be exercised at any time.
"""

from __future__ import annotations

__all__ = ["STEPS", "delta", "exercise_now", "greeks", "price"]

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from framework.domain.bars import FloatArray
from framework.errors import ConfigError
from framework.options import black_scholes
from framework.options.checks import OptionInputs, option_inputs
from framework.options.greeks import AmericanGreeks
from framework.options.lattice import hold_values, root_spots

STEPS = 512
"""Steps of the smaller tree: values are good to about a hundred-thousandth of the spot."""

_SMALLEST_DEVIATION = 1e-4
"""Volatility x sqrt(years) below which neighbouring nodes are too near to take differences."""

_SMALLEST_SPOT = 1e-300
_RATE_BUMP = 0.002
_VOLATILITY_BUMP = 0.02
_LARGEST_BUMP = 0.0025
_SMALLEST_BUMP = 1e-4


@dataclass(frozen=True, slots=True)
class _Tree:
    """How finely to divide the time to expiry."""

    dates: int
    steps: int
    any_time: bool

    def doubled(self) -> _Tree:
        if self.any_time:
            return replace(self, dates=2 * self.dates)
        return replace(self, steps=2 * self.steps)


def price(
    sign: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    volatility: ArrayLike,
    dates: int | None = None,
    steps: int = STEPS,
) -> FloatArray:
    """Value of options with early exercise, in money per unit of the underlying.

    Raises:
        DataError: an input is NaN, infinite, negative where it cannot be, or does not broadcast.
        ConfigError: `dates` or `steps` is not a whole number of at least 1.
    """
    given = option_inputs(sign, spot, strike, years, rate, dividend_yield, volatility)
    tree = _tree(dates, steps)
    with np.errstate(all="ignore"):
        return _value(given, tree).reshape(given.shape)


def greeks(
    sign: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    volatility: ArrayLike,
    dates: int | None = None,
    steps: int = STEPS,
) -> AmericanGreeks:
    """Value of options with early exercise and their Greeks; about six times the cost of `price`.

    Vega and rho are good to about a hundredth of themselves. A volatility x sqrt(years) below
    0.0001 counts as that in delta, gamma and theta.

    Raises:
        DataError: an input is NaN, infinite, negative where it cannot be, or does not broadcast.
        ConfigError: `dates` or `steps` is not a whole number of at least 1.
    """
    given = option_inputs(sign, spot, strike, years, rate, dividend_yield, volatility)
    tree = _tree(dates, steps)
    with np.errstate(all="ignore"):
        value = _value(given, tree)
        delta, gamma, theta = _root_greeks(given, tree, value)
        vega, rho = _bumped(given, tree)
        closed = _no_early_exercise(given) | (given.years == 0.0)
        columns = [value, delta, gamma, theta, vega, rho]
        _fill_closed(columns, given, closed)
        if tree.any_time:
            _fill_exercised(columns, given, (value <= _intrinsic(given)) & ~closed)
    return AmericanGreeks(*(column.reshape(given.shape) for column in columns))


def delta(
    sign: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    volatility: ArrayLike,
    dates: int | None = None,
    steps: int = STEPS,
) -> FloatArray:
    """The delta of `greeks` alone, at a third of the cost.

    Raises:
        DataError: an input is NaN, infinite, negative where it cannot be, or does not broadcast.
        ConfigError: `dates` or `steps` is not a whole number of at least 1.
    """
    given = option_inputs(sign, spot, strike, years, rate, dividend_yield, volatility)
    tree = _tree(dates, steps)
    with np.errstate(all="ignore"):
        value = _value(given, tree)
        found = _root_greeks(given, tree, value)[0]
        closed = _no_early_exercise(given) | (given.years == 0.0)
        found[closed] = black_scholes.greeks(*given.columns).delta[closed]
        if tree.any_time:
            exercised = (value <= _intrinsic(given)) & ~closed
            found[exercised] = np.where(_intrinsic(given) > 0.0, given.sign, 0.0)[exercised]
    return found.reshape(given.shape)


def exercise_now(
    sign: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    volatility: ArrayLike,
    steps: int = STEPS,
) -> NDArray[np.bool_]:
    """Whether an American option's intrinsic value is at least what holding it is worth.

    Never true of an option that is not in the money; at expiry true of any that is. Holding is
    valued until the next of `steps` equal steps to expiry.

    Raises:
        DataError: an input is NaN, infinite, negative where it cannot be, or does not broadcast.
        ConfigError: `steps` is not a whole number of at least 1.
    """
    given = option_inputs(sign, spot, strike, years, rate, dividend_yield, volatility)
    tree = _tree(None, steps)
    with np.errstate(all="ignore"):
        intrinsic = _intrinsic(given)
        decided = intrinsic > 0.0
        costs = given.sign * (given.dividend_yield * given.spot - given.rate * given.strike)
        open_question = np.flatnonzero(decided & (given.years > 0.0))
        decided[open_question] = costs[open_question] > 0.0
        open_question = open_question[decided[open_question]]
        hold = hold_values(given.taken(open_question), tree.dates, tree.steps)[:, 1]
        decided[open_question] = intrinsic[open_question] >= hold
    return decided.reshape(given.shape)


def _tree(dates: int | None, steps: int) -> _Tree:
    for name, count in (("dates", dates), ("steps", steps)):
        if count is not None and (int(count) != count or count < 1):
            raise ConfigError(f"{name} is {count!r}.", "Give a whole number of at least 1.")
    if dates is None:
        return _Tree(int(steps), 1, any_time=True)
    return _Tree(int(dates), -(-int(steps) // int(dates)), any_time=False)


def _intrinsic(given: OptionInputs) -> FloatArray:
    return np.maximum(given.sign * (given.spot - given.strike), 0.0)


def _no_early_exercise(given: OptionInputs) -> NDArray[np.bool_]:
    """Whether exercise before expiry pays at no spot."""
    call = (given.dividend_yield <= 0.0) & (given.rate >= 0.0)
    put = (given.rate <= 0.0) & (given.dividend_yield >= 0.0)
    return np.where(given.sign > 0.0, call, put)


def _value(given: OptionInputs, tree: _Tree) -> FloatArray:
    """The extrapolated value, within what arbitrage allows."""
    value = black_scholes.price(*given.columns)
    least = np.maximum(value, _intrinsic(given)) if tree.any_time else value.copy()
    grown = np.exp(-np.where(given.sign > 0.0, given.dividend_yield, given.rate) * given.years)
    most = np.where(given.sign > 0.0, given.spot, given.strike) * np.maximum(grown, 1.0)
    early = np.flatnonzero(~_no_early_exercise(given) & (given.years > 0.0))
    part, fine = given.taken(early), tree.doubled()
    coarse_value = hold_values(part, tree.dates, tree.steps)[:, 1]
    fine_value = hold_values(part, fine.dates, fine.steps)[:, 1]
    value[early] = 2.0 * fine_value - coarse_value
    return np.clip(value, least, np.maximum(least, most))


def _root_greeks(
    given: OptionInputs, tree: _Tree, value: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Delta, gamma and theta, extrapolated as the value is."""
    floor = _SMALLEST_DEVIATION / np.sqrt(np.maximum(given.years, _SMALLEST_SPOT))
    wide = replace(
        given,
        volatility=np.maximum(given.volatility, floor),
        spot=np.maximum(given.spot, _SMALLEST_SPOT),
    )
    delta, gamma = np.zeros_like(value), np.zeros_like(value)
    for weight, level in ((-1.0, tree), (2.0, tree.doubled())):
        one, two = _differences(wide, level)
        delta += weight * one
        gamma += weight * two
    carry = given.rate - given.dividend_yield
    theta = given.rate * value - carry * given.spot * delta
    theta -= 0.5 * np.square(wide.volatility * given.spot) * gamma
    return delta, gamma, theta


def _differences(given: OptionInputs, tree: _Tree) -> tuple[FloatArray, FloatArray]:
    """First and second derivative in spot, from three nodes unevenly spaced."""
    spots = root_spots(given, tree.dates, tree.steps)
    values = hold_values(given, tree.dates, tree.steps)
    if tree.any_time:
        np.maximum(values, given.sign[:, None] * (spots - given.strike[:, None]), out=values)
    gaps = np.diff(spots, axis=1)
    slopes = np.diff(values, axis=1) / gaps
    span = gaps.sum(axis=1)
    delta = (slopes[:, 1] * gaps[:, 0] + slopes[:, 0] * gaps[:, 1]) / span
    return delta, 2.0 * (slopes[:, 1] - slopes[:, 0]) / span


def _bumped(given: OptionInputs, tree: _Tree) -> tuple[FloatArray, FloatArray]:
    """Vega and rho, as differences of values a little up and a little down."""
    bump = np.clip(_VOLATILITY_BUMP * given.volatility, _SMALLEST_BUMP, _LARGEST_BUMP)
    above = given.volatility + bump
    below = np.maximum(given.volatility - bump, 0.0)
    vega = _value(replace(given, volatility=above), tree)
    vega -= _value(replace(given, volatility=below), tree)
    rho = _value(replace(given, rate=given.rate + _RATE_BUMP), tree)
    rho -= _value(replace(given, rate=given.rate - _RATE_BUMP), tree)
    return vega / (above - below), rho / (2.0 * _RATE_BUMP)


def _fill_closed(columns: list[FloatArray], given: OptionInputs, closed: NDArray[np.bool_]) -> None:
    """Where exercise never pays early, or no time is left, the closed form has the Greeks."""
    found = black_scholes.greeks(*given.columns)
    exact = (found.price, found.delta, found.gamma, found.theta, found.vega, found.rho)
    for column, values in zip(columns, exact, strict=True):
        column[closed] = values[closed]


def _fill_exercised(
    columns: list[FloatArray], given: OptionInputs, exercised: NDArray[np.bool_]
) -> None:
    """An option worth exercising at once moves with the underlying, and with nothing else."""
    for column in columns[2:]:
        column[exercised] = 0.0
    columns[1][exercised] = np.where(_intrinsic(given) > 0.0, given.sign, 0.0)[exercised]
