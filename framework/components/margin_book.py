"""The options of an account by underlying, checked, and what each asks for by itself."""

from __future__ import annotations

__all__ = ["MarginBook", "books_of", "contracts_of"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from framework.components.option_pairing import Contracts
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import Right, Settlement, Style
from framework.errors import DataError
from framework.hedge_ports import MarginHolding
from framework.options.contracts import option_expiry, option_terms

_SHARE = 0.20
"""Of the spot, for a naked short: FINRA rule 4210(f)(2), options on shares."""
_INDEX_SHARE = 0.15
"""The same of options on a broad index."""
_LEAST = 0.10
"""Of the spot of a call, of the strike of a put, however far out of the money."""


@dataclass(frozen=True, slots=True)
class MarginBook:
    """The options on one underlying, and how much of that is held.

    Attributes:
        underlying: its symbol.
        spot: its price.
        options: in order of symbols.
        multiplier: money per point of each of them.
        units: of the underlying, signed.
        unit: money per point of one such unit.
    """

    underlying: str
    spot: float
    options: tuple[MarginHolding, ...]
    multiplier: float
    units: float
    unit: float

    def cover(self, right: Right) -> float:
        """Short calls (puts) that the units held (sold short) stand for, whole contracts."""
        return max(right.sign * self.units * self.unit / self.multiplier + 1e-9, 0.0) // 1.0

    def units_for(self, contracts: float) -> float:
        """Units of the underlying that so many contracts stand on."""
        return contracts * self.multiplier / self.unit


def books_of(holdings: Sequence[MarginHolding], spots: Mapping[str, float]) -> list[MarginBook]:
    """The account by underlying, whatever the order it came in.

    Raises:
        DataError: as `option_margin`.
    """
    held = sorted(
        (one for one in holdings if one.quantity != 0.0), key=lambda one: one.instrument.symbol
    )
    _check_holdings(held)
    shares = {one.instrument.symbol: one for one in held if not _is_option(one)}
    by_underlying: dict[str, list[MarginHolding]] = {}
    for one in held:
        if _is_option(one):
            underlying = option_terms(one.instrument).underlying
            by_underlying.setdefault(underlying, []).append(one)
    return [
        _book(underlying, options, shares.get(underlying), spots)
        for underlying, options in sorted(by_underlying.items())
    ]


def _is_option(holding: MarginHolding) -> bool:
    one = holding.instrument
    return one.type is AssetType.OPTION or one.option is not None


def _check_holdings(held: Sequence[MarginHolding]) -> None:
    """Each once, of one currency, finite, options in whole contracts."""
    for before, one in zip([None, *held], held, strict=False):
        name = one.instrument.symbol
        if before is not None and before.instrument.symbol == name:
            raise DataError(f"{name} is held twice.", "Give one holding with the sum of both.")
        if one.instrument.currency != held[0].instrument.currency:
            raise DataError(
                f"{name} is in {one.instrument.currency}, {held[0].instrument.symbol} in "
                f"{held[0].instrument.currency}.",
                "Ask for the margin of each currency by itself.",
            )
        if not isfinite(one.quantity) or (_is_option(one) and one.quantity % 1.0):
            raise DataError(
                f"{name}: a quantity of {one.quantity}.", "Options are held in whole contracts."
            )
        if not (isfinite(one.price) and one.price >= 0.0):
            raise DataError(f"{name}: a price of {one.price}.", "It must be 0 or more.")


def _book(
    underlying: str,
    options: Sequence[MarginHolding],
    shares: MarginHolding | None,
    spots: Mapping[str, float],
) -> MarginBook:
    if underlying not in spots:
        raise DataError(
            f"{options[0].instrument.symbol}: no price of its underlying {underlying}.",
            f"Give spots[{underlying!r}].",
        )
    spot = spots[underlying]
    if not (isfinite(spot) and spot >= 0.0):
        raise DataError(f"{underlying}: a price of {spot}.", "It must be 0 or more.")
    first = options[0].instrument
    for one in options:
        if one.instrument.multiplier != first.multiplier:
            raise DataError(
                f"{one.instrument.symbol} has a multiplier of {one.instrument.multiplier:g}, "
                f"{first.symbol} of {first.multiplier:g}.",
                f"Hold options of one size on {underlying}: others cannot be margined together.",
            )
    if shares is not None and shares.instrument.type is AssetType.FUTURE:
        raise DataError(
            f"{first.symbol} is an option on the future {underlying}.",
            "Its exchange margins it by scenarios; these rules are for shares and indices.",
        )
    units, unit = (0.0, 1.0) if shares is None else (shares.quantity, shares.instrument.multiplier)
    return MarginBook(underlying, spot, tuple(options), first.multiplier, units, unit)


def _addition(instrument: Instrument, spot: float) -> float:
    """What a naked short needs beside its premium, in points."""
    terms = option_terms(instrument)
    index = terms.style is Style.EUROPEAN and terms.settlement is Settlement.CASH
    share = _INDEX_SHARE if index else _SHARE
    away = max(terms.right.sign * (terms.strike - spot), 0.0)
    least = spot if terms.right is Right.CALL else terms.strike
    return max(share * spot - away, _LEAST * least)


def contracts_of(book: MarginBook, side: float) -> Contracts:
    """The longs (+1), the best protection first, or the shorts (-1), the dearest first."""
    ours = [one for one in book.options if one.quantity * side > 0.0]
    addition = {
        one.instrument.symbol: _addition(one.instrument, book.spot) * book.multiplier
        for one in ours
    }

    def place(one: MarginHolding) -> tuple[float, int, str]:
        terms, symbol = option_terms(one.instrument), one.instrument.symbol
        if side > 0.0:
            return terms.right.sign * terms.strike, option_expiry(one.instrument), symbol
        return -addition[symbol], option_expiry(one.instrument), symbol

    ours.sort(key=place)
    terms = [option_terms(one.instrument) for one in ours]
    return Contracts(
        instruments=tuple(one.instrument for one in ours),
        units=np.array([abs(one.quantity) for one in ours], dtype=np.float64),
        sign=np.array([term.right.sign for term in terms]),
        strike=np.array([term.strike for term in terms]),
        expiry=np.array([float(option_expiry(one.instrument)) for one in ours]),
        premium=np.array([book.multiplier * one.price for one in ours]),
        addition=np.array([addition[one.instrument.symbol] for one in ours]),
        deliverable=np.array(
            [term.settlement is Settlement.PHYSICAL for term in terms], dtype=np.bool_
        ),
    )
