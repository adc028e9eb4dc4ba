"""A combo: several contracts traded as one, with one signed price.

Sign convention: a leg of ratio +1 is bought, one of ratio -1 is sold, when the combo is *bought*.
Buying the combo pays its net price; a negative net price is a credit received. Selling the combo
trades every leg the other way round and receives the net price.

Prices are in points: times `multiplier` they are money per combo. A leg counts by its weight, the
ratio x its own multiplier / the combo's: 100 shares beside one call of multiplier 100 weigh 1.
"""

from __future__ import annotations

__all__ = ["Combo", "Leg", "combo_of"]

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TypeVar

import numpy as np

from framework.calendar import day_text
from framework.domain.bars import FloatArray
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import Quote
from framework.errors import DataError
from framework.options.combo_symbols import ComboSymbol, parse_combo_symbol
from framework.options.contracts import option_expiry, option_terms

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Leg:
    """One part of a combo.

    Attributes:
        instrument: an option, or the underlying itself.
        ratio: units of it in one combo, > 0 bought and < 0 sold when the combo is bought.
    """

    instrument: Instrument
    ratio: int

    def __post_init__(self) -> None:
        if isinstance(self.ratio, bool) or not isinstance(self.ratio, int) or self.ratio == 0:
            raise DataError(
                f"{self.instrument.symbol}: a leg with a ratio of {self.ratio!r}.",
                "Give whole units: 1 for a leg bought, -1 for one sold.",
            )

    @property
    def is_option(self) -> bool:
        """Whether it is an option, and not the underlying."""
        return self.instrument.option is not None


@dataclass(frozen=True, slots=True)
class Combo:
    """Options on one underlying, and perhaps the underlying, as one thing to trade.

    Attributes:
        kind: what it is called, one word such as "iron_condor".
        legs: its parts, each instrument once.

    Raises:
        DataError: legs that cannot be one combo.
    """

    kind: str
    legs: tuple[Leg, ...]

    def __post_init__(self) -> None:
        if not self.kind.isidentifier():
            raise DataError(f"A combo of kind {self.kind!r}.", 'Give one word: "iron_condor".')
        if not any(leg.is_option for leg in self.legs):
            raise DataError(f"A {self.kind} without an option.", "Give it at least one.")
        self._check_unique()
        self._check_alike()

    def _check_unique(self) -> None:
        symbols = [leg.instrument.symbol for leg in self.legs]
        for symbol in symbols:
            if symbols.count(symbol) > 1:
                raise DataError(
                    f"A {self.kind} with two legs in {symbol}.", "Give one leg with a larger ratio."
                )

    def _check_alike(self) -> None:
        """One underlying, one currency, one option multiplier."""
        underlying, multiplier, currency = self.underlying, self.multiplier, self.currency
        for leg in self.legs:
            one = leg.instrument
            name = one.symbol if one.option is None else one.option.underlying
            if name != underlying:
                raise DataError(
                    f"A {self.kind} on {underlying} with a leg in {one.symbol}.",
                    "All legs have one underlying.",
                )
            if one.currency != currency:
                raise DataError(
                    f"A {self.kind} in {currency} with {one.symbol} in {one.currency}.",
                    "All legs have one currency.",
                )
            if leg.is_option and one.multiplier != multiplier:
                raise DataError(
                    f"A {self.kind} of multiplier {multiplier:g} with {one.symbol} of "
                    f"{one.multiplier:g}.",
                    "All option legs have one multiplier.",
                )

    @property
    def options(self) -> tuple[Leg, ...]:
        """The legs that are options."""
        return tuple(leg for leg in self.legs if leg.is_option)

    @property
    def underlying(self) -> str:
        """Symbol of what the options are written on."""
        return option_terms(self.options[0].instrument).underlying

    @property
    def currency(self) -> str:
        """ISO code prices are in."""
        return self.options[0].instrument.currency

    @property
    def multiplier(self) -> float:
        """Money per point of net price: that of its options."""
        return self.options[0].instrument.multiplier

    @property
    def expiries(self) -> tuple[int, ...]:
        """Expiry days of its options, rising, as days since 1970-01-01."""
        return tuple(sorted({option_expiry(leg.instrument) for leg in self.options}))

    @property
    def weights(self) -> FloatArray:
        """Signed units of each leg per unit of net price, shape (legs,)."""
        return np.array(
            [leg.ratio * leg.instrument.multiplier / self.multiplier for leg in self.legs]
        )

    @property
    def symbol(self) -> str:
        """One readable name, such as `vertical SPY 240315 +C450 -C460`, which `combo_of` reads."""
        legs = tuple((leg.ratio, leg.instrument.symbol) for leg in self.legs)
        return ComboSymbol(self.kind, legs).text

    def instrument(self) -> Instrument:
        """The combo as one thing to trade: what an order, a fill or a table names.

        Its expiry is the first of its legs', its tick the finest.
        """
        first = self.options[0].instrument
        return Instrument(
            symbol=self.symbol,
            type=AssetType.OPTION,
            currency=first.currency,
            calendar=first.calendar,
            tick=min(leg.instrument.tick for leg in self.options),
            multiplier=first.multiplier,
            expiry=self.expiries[0],
        )

    def reversed(self) -> Combo:
        """The combo whose buyer does what this one's seller does."""
        return Combo(self.kind, tuple(Leg(leg.instrument, -leg.ratio) for leg in self.legs))

    def net_price(self, prices: Mapping[str, float]) -> float:
        """What buying the combo pays, in points; a credit is negative.

        Args:
            prices: of each leg, by symbol.

        Raises:
            DataError: a leg without a price above 0.
        """
        paid = [self._price(leg, prices) for leg in self.legs]
        return float(np.dot(self.weights, paid))

    def net_quote(self, quotes: Mapping[str, Quote]) -> Quote:
        """The combo's own bid and ask, both signed: at the ask the legs bought pay their ask and
        those sold receive their bid; at the bid it is the other way round.

        Raises:
            DataError: a leg whose quote is missing, zero or crossed.
        """
        bid = ask = 0.0
        for leg, weight in zip(self.legs, self.weights.tolist(), strict=True):
            quote = self._quote(leg, quotes)
            bid += weight * (quote.bid if weight > 0.0 else quote.ask)
            ask += weight * (quote.ask if weight > 0.0 else quote.bid)
        return Quote(bid, ask)

    def greek(self, by_leg: Mapping[str, FloatArray | float]) -> FloatArray:
        """One Greek of the combo, per unit of net price: the signed sum over its legs.

        Args:
            by_leg: that Greek per unit of each leg, by symbol; the underlying's delta is 1, its
                other Greeks 0. Arrays broadcast; NaN where unknown makes the sum unknown.

        Raises:
            DataError: a leg without one.
        """
        total: FloatArray = np.asarray(0.0)
        for leg, weight in zip(self.legs, self.weights.tolist(), strict=True):
            total = total + weight * np.asarray(self._known(leg, by_leg, "Greek"), dtype=np.float64)
        return total

    def sole_expiry(self, purpose: str) -> int:
        """The expiry of all its options.

        Raises:
            DataError: they expire on several days.
        """
        if len(self.expiries) > 1:
            days = " and ".join(map(day_text, self.expiries))
            raise DataError(
                f"{self.symbol}: its legs expire on {days}, so its {purpose} hangs on what the "
                "later ones are worth at the first expiry.",
                "Price them there with a model, one spot after another, and give the prices to "
                "net_price().",
            )
        return self.expiries[0]

    def _price(self, leg: Leg, prices: Mapping[str, float]) -> float:
        price = self._known(leg, prices, "price")
        if not (isfinite(price) and price > 0.0):
            raise DataError(
                f"{self.symbol}: the price of {leg.instrument.symbol} is {price:g}.",
                "Wait for a price above 0.",
            )
        return price

    def _quote(self, leg: Leg, quotes: Mapping[str, Quote]) -> Quote:
        quote = self._known(leg, quotes, "quote")
        if quote.problem:
            raise DataError(
                f"{self.symbol}: {leg.instrument.symbol} has {quote.problem}.",
                "Wait for a quote that can be traded on.",
            )
        return quote

    def _known(self, leg: Leg, values: Mapping[str, _Value], what: str) -> _Value:
        symbol = leg.instrument.symbol
        if symbol not in values:
            needed = ", ".join(one.instrument.symbol for one in self.legs)
            raise DataError(f"{self.symbol}: {symbol} has no {what}.", f"Give those of {needed}.")
        return values[symbol]


def combo_of(symbol: str, instruments: Mapping[str, Instrument]) -> Combo:
    """The combo a symbol names.

    Args:
        symbol: as `Combo.symbol` writes it.
        instruments: its legs, by symbol.

    Raises:
        DataError: it is no combo's name, or a leg is not among the instruments.
    """
    parts = parse_combo_symbol(symbol)
    legs = []
    for ratio, name in parts.legs:
        if name not in instruments:
            raise DataError(
                f"{symbol!r}: {name} is not known.", "Give every leg among the instruments."
            )
        legs.append(Leg(instruments[name], ratio))
    return Combo(parts.kind, tuple(legs))
