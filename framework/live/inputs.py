"""Inputs that go on while a session lasts: exchange rates, and the volatility of options."""

from __future__ import annotations

__all__ = ["GrowingRates", "GrowingVolatility"]

from dataclasses import replace

import numpy as np

from framework.domain.bars import FloatArray, IntArray
from framework.domain.currency import Rates
from framework.options.volatility import VolatilitySeries


class GrowingRates:
    """Exchange rates that become known one by one.

    Args:
        known: those known already.

    Attributes:
        rates: for a session's settings; they go on with these.
    """

    __slots__ = ("_tables", "rates")

    def __init__(self, known: Rates) -> None:
        self._tables: dict[str, tuple[IntArray, FloatArray]] = dict(known.tables)
        self.rates = Rates(known.base, self._tables)

    def add(self, currency: str, time: int, rate: float) -> None:
        """A unit of a currency is worth `rate` from `time` on, later than all before."""
        nothing = np.empty(0, dtype=np.int64), np.empty(0)
        times, rates = self._tables.get(currency, nothing)
        self._tables[currency] = (np.append(times, np.int64(time)), np.append(rates, rate))


class GrowingVolatility:
    """A volatility input whose values become known one by one, such as a volatility index.

    Args:
        known: the values known already, one at least.
    """

    __slots__ = ("_known",)

    def __init__(self, known: VolatilitySeries) -> None:
        self._known = known

    def add(self, time: int, value: float) -> None:
        """It is `value`, a fraction per year, from `time` on, later than all before.

        Raises:
            DataError: that is no volatility, or not later.
        """
        known = self._known
        times = np.append(known.times, np.int64(time))
        self._known = replace(known, times=times, values=np.append(known.values, value))

    def at(self, times: IntArray, moneyness: FloatArray, years: FloatArray) -> FloatArray:
        """The last value known at each time."""
        return self._known.at(times, moneyness, years)
