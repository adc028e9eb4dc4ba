"""The numbers every option formula takes, checked, and broadcast to one flat shape."""

from __future__ import annotations

__all__ = ["OptionInputs", "Quotes", "broadcast_quotes", "option_inputs"]

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from framework.domain.bars import FloatArray
from framework.errors import DataError

_LARGEST_EXPONENT = 600.0
"""Beyond this a discount factor leaves the range of a double."""


@dataclass(frozen=True, slots=True)
class OptionInputs:
    """Checked inputs, each a flat array of the same length; `shape` is what they broadcast to."""

    shape: tuple[int, ...]
    sign: FloatArray
    spot: FloatArray
    strike: FloatArray
    years: FloatArray
    rate: FloatArray
    dividend_yield: FloatArray
    volatility: FloatArray

    @property
    def columns(self) -> tuple[FloatArray, ...]:
        """The seven inputs in the order in which every formula takes them."""
        return (
            self.sign,
            self.spot,
            self.strike,
            self.years,
            self.rate,
            self.dividend_yield,
            self.volatility,
        )

    def taken(self, places: NDArray[np.intp] | slice) -> OptionInputs:
        """Those options only, as a flat selection."""
        chosen = [column[places] for column in self.columns]
        return OptionInputs(chosen[0].shape, *chosen)


@dataclass(frozen=True, slots=True)
class Quotes:
    """Checked inputs of an implied volatility, flat as in `OptionInputs`; prices are unchecked."""

    shape: tuple[int, ...]
    sign: FloatArray
    price: FloatArray
    spot: FloatArray
    strike: FloatArray
    years: FloatArray
    rate: FloatArray
    dividend_yield: FloatArray


def option_inputs(
    sign: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    volatility: ArrayLike,
) -> OptionInputs:
    """The seven inputs of a pricing formula, checked and broadcast.

    Raises:
        DataError: an input is not a number, is NaN or infinite, is negative where it cannot be, a
            sign is neither +1 nor -1, or the shapes do not broadcast.
    """
    years = _non_negative("years", years, "to expiry")
    columns, shape = _spread(
        _signs(sign),
        _non_negative("spot", spot, "in money"),
        _non_negative("strike", strike, "in money"),
        years,
        _growth("rate", rate, years),
        _growth("dividend_yield", dividend_yield, years),
        _non_negative("volatility", volatility, "per year as a fraction, 0.20 for 20 %"),
    )
    return OptionInputs(shape, *columns)


def broadcast_quotes(
    sign: ArrayLike,
    price: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
) -> Quotes:
    """The seven inputs of an implied volatility, checked and broadcast.

    Prices may be anything a chain holds, years may be negative.

    Raises:
        DataError: as `option_inputs`, for the other inputs.
    """
    years = _finite("years", years, "Give a finite number of years to expiry.")
    columns, shape = _spread(
        _signs(sign),
        _floats("price", price),
        _non_negative("spot", spot, "in money"),
        _non_negative("strike", strike, "in money"),
        years,
        _growth("rate", rate, years),
        _growth("dividend_yield", dividend_yield, years),
    )
    return Quotes(shape, *columns)


def _signs(sign: ArrayLike) -> FloatArray:
    """+1.0 for a call, -1.0 for a put; anything else is a `DataError`."""
    values = _floats("sign", sign)
    wrong = np.abs(values) != 1.0
    if wrong.any():
        raise _refusal("sign", values, wrong, "Give +1 for a call and -1 for a put.")
    return values


def _non_negative(name: str, value: ArrayLike, unit: str) -> FloatArray:
    """Finite numbers of at least 0; anything else is a `DataError`."""
    values = _floats(name, value)
    if values.size and not (values.min() >= 0.0 and values.max() < np.inf):
        wrong = ~((values >= 0.0) & (values < np.inf))
        raise _refusal(name, values, wrong, f"Give a finite number of at least 0, {unit}.")
    return values


def _finite(name: str, value: ArrayLike, remedy: str) -> FloatArray:
    """Finite numbers of either sign; anything else is a `DataError`."""
    values = _floats(name, value)
    wrong = ~np.isfinite(values)
    if wrong.any():
        raise _refusal(name, values, wrong, remedy)
    return values


def _growth(name: str, value: ArrayLike, years: FloatArray) -> FloatArray:
    """Continuously compounded rates per year whose discount factors a double can hold."""
    remedy = "Give a fraction per year, continuously compounded: 0.05 for 5 %."
    values = _finite(name, value, remedy)
    if values.size and years.size:
        longest = max(float(years.max()), 0.0)
        wrong = np.abs(values) * longest > _LARGEST_EXPONENT
        if wrong.any():
            raise _refusal(name, values, wrong, f"Over {longest:g} years it overflows. {remedy}")
    return values


def _spread(*columns: FloatArray) -> tuple[list[FloatArray], tuple[int, ...]]:
    """Flat copies of the columns at their common shape, and that shape."""
    try:
        wide = np.broadcast_arrays(*columns)
    except ValueError:
        shapes = ", ".join(str(column.shape) for column in columns)
        raise DataError(
            f"Option inputs have shapes {shapes}.",
            "Give scalars, or arrays that broadcast to one shape.",
        ) from None
    return [np.array(column).reshape(-1) for column in wide], wide[0].shape


def _floats(name: str, value: ArrayLike) -> FloatArray:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{name} is {value!r}, not a number.", "Give numbers.") from None


def _refusal(name: str, values: FloatArray, wrong: NDArray[np.bool_], remedy: str) -> DataError:
    place = int(np.flatnonzero(wrong)[0])
    where = f" at position {place} of {values.size}" if values.ndim else ""
    return DataError(f"{name} is {values.reshape(-1)[place]:g}{where}.", remedy)
