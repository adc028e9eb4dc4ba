"""Option quotes as columns, and what a backtest that lives on them is told."""

from __future__ import annotations

__all__ = ["MINUTE", "OptionQuotes", "QuoteModel", "QuotedContract", "QuotedSpread", "check_reach"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from framework.calendar import utc_text
from framework.domain.bars import Bars, BoolArray, FloatArray, IntArray
from framework.domain.instruments import Instrument
from framework.domain.options import Settlement, Style
from framework.domain.orders import Side
from framework.errors import ConfigError, DataError
from framework.options.occ import OptionSymbol

MINUTE = 60 * 10**9
"""Nanoseconds."""


@dataclass(frozen=True, slots=True)
class QuotedContract:
    """A contract somebody quoted.

    Attributes:
        underlying: symbol of what it is written on.
        name: its own.
    """

    underlying: str
    name: OptionSymbol


@dataclass(frozen=True, slots=True, eq=False)
class OptionQuotes:
    """Bids and asks, contract by contract, each in order of time. n quotes of m contracts.

    Attributes:
        name: how messages call them.
        contracts: m of them, none twice.
        contract: which of them each quote is of, never falling, shape (n,).
        times: nanoseconds UTC at which each became known, rising within a contract, shape (n,).
        bid, ask: prices, shape (n,); NaN where there was none.

    Raises:
        DataError: no quotes, columns of several lengths, or quotes out of order.
    """

    name: str
    contracts: tuple[QuotedContract, ...]
    contract: IntArray
    times: IntArray
    bid: FloatArray
    ask: FloatArray

    def __post_init__(self) -> None:
        lengths = {len(one) for one in (self.contract, self.times, self.bid, self.ask)}
        if len(lengths) != 1 or lengths == {0}:
            raise DataError(
                f"{self.name} has columns of {sorted(lengths)} quotes.",
                "Give contract, times, bid and ask of the same length, and at least one quote.",
            )
        if self.contract[0] < 0 or self.contract[-1] >= len(self.contracts):
            raise DataError(
                f"{self.name} has quotes of contracts {self.contract[0]} to {self.contract[-1]}, "
                f"and {len(self.contracts)} contracts.",
                "Count them from 0.",
            )
        step = np.diff(self.contract)
        wrong = (step < 0) | ((step == 0) & (np.diff(self.times) <= 0))
        if wrong.any():
            row = int(wrong.argmax()) + 1
            raise DataError(
                f"{self.name}: quote {row} does not come after quote {row - 1}.",
                "Sort them by contract and time, without duplicates.",
            )

    def __len__(self) -> int:
        return len(self.times)

    @property
    def is_tradable(self) -> BoolArray:
        """Whether one could buy and sell at each quote: both sides above 0, and not crossed."""
        return (self.bid > 0.0) & (self.ask >= self.bid) & np.isfinite(self.ask)

    @property
    def is_readable(self) -> BoolArray:
        """Whether each says what the contract is worth: an ask above 0, and a bid that may be 0."""
        return (self.bid >= 0.0) & (self.ask >= self.bid) & (self.ask > 0.0) & np.isfinite(self.ask)

    def spread(self) -> QuotedSpread:
        """How wide each contract was quoted on average, by the quotes one could trade at."""
        kept = self.is_tradable
        at, count = self.contract[kept], len(self.contracts)
        width = np.bincount(at, (self.ask - self.bid)[kept], count)
        middle = np.bincount(at, 0.5 * (self.ask + self.bid)[kept], count)
        share = np.divide(width, middle, out=np.zeros(count), where=middle > 0.0)
        names = (one.name.short for one in self.contracts)
        return QuotedSpread(dict(zip(names, share.tolist(), strict=True)))


@dataclass(frozen=True, slots=True)
class QuotedSpread:
    """Half of the spread each option was quoted with on average; nothing for anything else.

    Attributes:
        shares: by symbol, its average spread as a fraction of its average mid price.
    """

    shares: Mapping[str, float]

    def price(
        self, instrument: Instrument, side: Side, price: float, quantity: float, volume: float
    ) -> float:
        """The price worsened by half the average spread."""
        return price + float(side) * 0.5 * self.shares.get(instrument.symbol, 0.0) * abs(price)

    def __repr__(self) -> str:
        return "quoted"


@dataclass(frozen=True, slots=True, eq=False)
class QuoteModel:
    """What options a backtest lists by their quotes, and how their Greeks are read from them.

    Attributes:
        quotes: the prices.
        rate: riskless, a year, continuously compounded.
        dividend_yield: of the underlying, a year, continuously compounded.
        style, settlement, multiplier: of the contracts; None is what such options have by
            convention, see `option_contract`.
        fresh_minutes: age up to which a quote is still a price to trade at, >= 0.
        stale_days: age from which on no Greeks are reckoned from a quote, > 0.
    """

    quotes: OptionQuotes
    rate: float = 0.0
    dividend_yield: float = 0.0
    style: Style | None = None
    settlement: Settlement | None = None
    multiplier: float | None = None
    fresh_minutes: float = 30.0
    stale_days: float = 7.0

    def __post_init__(self) -> None:
        for name in ("rate", "dividend_yield"):
            value = getattr(self, name)
            if not (isfinite(value) and abs(value) < 1.0):
                raise ConfigError(
                    f"options: {name} is {value}.", "Give a fraction a year, 0.02 for 2 %."
                )
        if self.multiplier is not None and not (isfinite(self.multiplier) and self.multiplier > 0):
            raise ConfigError(f"options: multiplier is {self.multiplier}.", "Give 100, or less.")
        if not (isfinite(self.fresh_minutes) and self.fresh_minutes >= 0.0):
            raise ConfigError(
                f"options: fresh_minutes is {self.fresh_minutes}.", "Give minutes, 0 or more."
            )
        if not (isfinite(self.stale_days) and self.stale_days > 0.0):
            raise ConfigError(f"options: stale_days is {self.stale_days}.", "Give days above 0.")


def check_reach(model: QuoteModel, bars: Sequence[Bars]) -> None:
    """Refuse quotes of which none is fresh at the close of any bar.

    Raises:
        DataError: nothing could ever be traded.
    """
    quotes = model.quotes
    for one in bars:
        mine = np.array([each.underlying == one.symbol for each in quotes.contracts], dtype=bool)
        times = quotes.times[mine[quotes.contract]]
        rows = np.searchsorted(one.close_time, times)
        inside = rows < len(one)
        age = one.close_time[rows[inside]] - times[inside]
        if (age <= model.fresh_minutes * MINUTE).any():
            return
    first, last = (utc_text(int(time)) for time in (quotes.times.min(), quotes.times.max()))
    raise DataError(
        f"No quote of {quotes.name}, from {first} to {last}, was given in the "
        f"{model.fresh_minutes:g} minutes before the close of a bar.",
        "Give bars of the same days; write dates alone for quotes of the close; or have quotes "
        "count for longer, fresh_minutes: 60.",
    )
