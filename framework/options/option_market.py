"""OptionMarket: what a run asks about the options on one underlying, wherever prices come from."""

from __future__ import annotations

__all__ = ["GrowingOptionMarket", "Listing", "OptionMarket"]

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from framework.domain.bars import Bars, FloatArray
from framework.domain.instruments import Instrument
from framework.domain.options import BookGreeks
from framework.hedge_ports import VolatilityRule
from framework.options.chain import OptionChain


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """One contract along the bars of its underlying, n rows of them from row `first` on.

    Attributes:
        contract: the option.
        bars: its prices: one for each of these rows from a model, one for each at which it can be
            traded from quotes.
        first: row of the underlying's bars it begins with.
        years: from the close of each row to its expiry, shape (n,).
        volatility: implied, at the close of each row, shape (n,); NaN where not known.
    """

    contract: Instrument
    bars: Bars
    first: int
    years: FloatArray
    volatility: FloatArray

    def joined(self, more: Listing) -> Listing:
        """This one and, after it, more of the same contract."""
        return Listing(
            self.contract,
            self.bars.joined(more.bars),
            self.first,
            np.concatenate([self.years, more.years]),
            np.concatenate([self.volatility, more.volatility]),
        )


class OptionMarket(Protocol):
    """The options on one underlying. A row is one of the underlying's bars, at its close."""

    @property
    def underlying(self) -> Instrument:
        """What they are written on."""
        ...

    @property
    def bars(self) -> Bars:
        """Of the underlying."""
        ...

    @property
    def rate(self) -> float:
        """Riskless, a year, continuously compounded."""
        ...

    def chain(self, row: int) -> OptionChain:
        """What can be traded at a row."""
        ...

    def listing(self, contract: Instrument, row: int) -> Listing:
        """A contract's prices; DataError where it cannot be traded at this row."""
        ...

    def prices(self, contracts: tuple[Instrument, ...], row: int) -> FloatArray:
        """Prices, shape (len(contracts),); DataError where one has none."""
        ...

    def deltas(self, contracts: tuple[Instrument, ...], row: int) -> FloatArray:
        """Deltas per unit of underlying, shape (len(contracts),); NaN where one has none."""
        ...

    def greeks(
        self,
        contract: Instrument,
        row: int,
        rule: VolatilityRule | None = None,
        *,
        is_short: bool = False,
    ) -> BookGreeks:
        """Greeks of one contract, its multiplier included; DataError where they are not known."""
        ...

    def state(self, contract: Instrument, row: int) -> tuple[float, float]:
        """Years to the expiry and volatility of a contract."""
        ...

    def traded_time(self, start: int, stop: int) -> int:
        """Nanoseconds in which the underlying traded, from the close of one row to another's."""
        ...


@runtime_checkable
class GrowingOptionMarket(OptionMarket, Protocol):
    """One that goes on with the bars of its underlying."""

    def grow(self, bars: Bars) -> Mapping[str, Bars]:
        """Go on with more bars of the underlying; by symbol, all bars of the contracts listed by
        now that have more."""
        ...
