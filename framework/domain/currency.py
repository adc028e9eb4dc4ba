"""Exchange rates: what a unit of another currency is worth in the account's own."""

from __future__ import annotations

__all__ = ["Rates"]

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from framework.domain.bars import Bars, FloatArray, IntArray
from framework.errors import ConfigError, DataError

_ALWAYS = np.iinfo(np.int64).min
_PAIR = 2


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """Units of the account's currency for one unit of another, at any instant.

    Attributes:
        base: the account's currency, as an ISO code.
        tables: by currency, nanoseconds UTC from which a rate is known, strictly increasing, and
            the rates; each of shape (n,), n > 0.
    """

    base: str = "USD"
    tables: Mapping[str, tuple[IntArray, FloatArray]] = field(default_factory=dict)

    @classmethod
    def constant(cls, base: str, rates: Mapping[str, float]) -> Rates:
        """Rates that never change.

        Args:
            base: the account's currency.
            rates: by currency, units of `base` for one unit of it.

        Raises:
            ConfigError: a rate is not a number above 0.
        """
        for currency, rate in rates.items():
            if not isfinite(rate) or rate <= 0.0:
                raise ConfigError(
                    f"The rate of {currency} is {rate}.", f"Give {base} per {currency}, above 0."
                )
        start = np.array([_ALWAYS], dtype=np.int64)
        return cls(base, {each: (start, np.array([rate])) for each, rate in rates.items()})

    @classmethod
    def of_bars(cls, base: str, pairs: Iterable[Bars]) -> Rates:
        """Rates from the closes of currency pairs: EUR.USD gives dollars for a euro.

        A pair quoted the other way round is inverted: USD.JPY gives yen for a dollar.

        Raises:
            DataError: a pair is not named AAA.BBB, or neither side of it is `base`.
        """
        tables = {}
        for bars in pairs:
            sides = bars.symbol.upper().split(".")
            if len(sides) != _PAIR or base not in sides:
                raise DataError(
                    f"The bars of {bars.symbol} give no rate of {base}.",
                    f"Name the file after a pair with {base}, such as EUR.{base}.",
                )
            first, second = sides
            if second == base:
                tables[first] = (bars.close_time, bars.close)
            else:
                tables[second] = (bars.close_time, 1.0 / bars.close)
        return cls(base, tables)

    def rate(self, currency: str, time: int) -> float:
        """The last rate of `currency` known at `time`, in nanoseconds UTC; 1 for the base.

        Raises:
            DataError: there is no rate, or none so early.
        """
        if currency == self.base:
            return 1.0
        times, rates = self._table(currency)
        row = int(np.searchsorted(times, time, side="right")) - 1
        if row < 0:
            raise DataError(
                f"The rate of {currency} in {self.base} is not known so early.",
                f"Give bars of {currency}.{self.base} that begin before the first trade.",
            )
        return float(rates[row])

    def along(self, currency: str, instants: IntArray) -> FloatArray:
        """`rate` at every instant; NaN before the first one known."""
        if currency == self.base:
            return np.ones(len(instants))
        times, rates = self._table(currency)
        rows = np.searchsorted(times, instants, side="right") - 1
        return np.where(rows < 0, np.nan, rates[rows.clip(0)])

    def _table(self, currency: str) -> tuple[IntArray, FloatArray]:
        table = self.tables.get(currency)
        if table is None:
            raise DataError(
                f"There is no rate of {currency} in {self.base}.",
                f"Give bars of {currency}.{self.base} or {self.base}.{currency}, or a constant.",
            )
        return table
