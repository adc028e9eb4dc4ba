"""Option contracts as instruments: the conventions each kind of underlying trades its options by.

| underlying | style | settlement | multiplier | tick |
|---|---|---|---|---|
| stock | American | physical | 100 | 0.01 below 3, 0.05 from there |
| index | European | cash | 100 | 0.05 below 3, 0.10 from there |
| future | American | physical: the future itself | the future's | the future's |

These are defaults: SPY and QQQ quote in cents at all prices, some index options settle on the
morning's prices or are American (OEX), and each future's options have ticks of their own.
Source of the stock ticks: the Penny Interval Program (U.S. exchanges, permanent since 2020-07-01),
of the index ticks: the exchanges' standard increments outside it.
"""

from __future__ import annotations

__all__ = [
    "INDEX_TICKS",
    "PENNY_TICKS",
    "option_contract",
    "option_expiry",
    "option_symbol",
    "option_terms",
]

from dataclasses import dataclass

from framework.calendar import day_text
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import OptionTerms, Right, Settlement, Style
from framework.errors import DataError
from framework.options.occ import OptionSymbol, parse_symbol

Ticks = tuple[tuple[float, float], ...]
"""(price from which it holds, tick), in rising order, the first from 0."""

PENNY_TICKS: Ticks = ((0.0, 0.01), (3.0, 0.05))
"""Stock options of the Penny Interval Program."""

INDEX_TICKS: Ticks = ((0.0, 0.05), (3.0, 0.10))
"""Index options, and stock options outside the Penny Interval Program."""

_UNITS = 100.0
"""Units of a stock, or money per index point, of one standard contract."""


@dataclass(frozen=True, slots=True)
class _Convention:
    style: Style
    settlement: Settlement
    multiplier: float | None
    ticks: Ticks | None


_CONVENTIONS = {
    AssetType.STOCK: _Convention(Style.AMERICAN, Settlement.PHYSICAL, _UNITS, PENNY_TICKS),
    AssetType.INDEX: _Convention(Style.EUROPEAN, Settlement.CASH, _UNITS, INDEX_TICKS),
    AssetType.FUTURE: _Convention(Style.AMERICAN, Settlement.PHYSICAL, None, None),
}


def option_contract(
    underlying: Instrument,
    expiry: int,
    right: Right,
    strike: float,
    *,
    style: Style | None = None,
    settlement: Settlement | None = None,
    multiplier: float | None = None,
    tick_bands: Ticks | None = None,
    root: str | None = None,
) -> Instrument:
    """The option on `underlying`, named by its short symbol, such as `SPY 240315C450`.

    Currency and calendar are the underlying's; what is left out follows the table above.

    Args:
        underlying: a stock, an index or a future.
        expiry: last trading day, as days since 1970-01-01.
        right: call or put.
        strike: price, a multiple of 0.001.
        style: when it can be exercised.
        settlement: what changes hands then.
        multiplier: units of the underlying, or money per point, of one contract.
        tick_bands: (price from which it holds, tick), in rising order, the first from 0.
        root: name of its class where that is not the underlying's symbol, such as SPXW.

    Raises:
        DataError: no such contract can exist.
    """
    convention = _CONVENTIONS.get(underlying.type)
    if convention is None:
        known = ", ".join(_CONVENTIONS)
        raise DataError(
            f"{underlying.symbol}: its type is {underlying.type}, and its options are not known.",
            f"Options are written on one of: {known}.",
        )
    parts = OptionSymbol(underlying.symbol if root is None else root, expiry, right, strike)
    if underlying.expiry is not None and expiry > underlying.expiry:
        raise DataError(
            f"{parts.short} expires after its underlying, on {day_text(underlying.expiry)}.",
            "Name the future the option delivers.",
        )
    units = convention.multiplier if multiplier is None else multiplier
    bands = _bands(parts.short, convention.ticks, tick_bands)
    return Instrument(
        symbol=parts.short,
        type=AssetType.OPTION,
        currency=underlying.currency,
        calendar=underlying.calendar,
        tick=bands[0][1] if bands else underlying.tick,
        multiplier=underlying.multiplier if units is None else units,
        tick_bands=bands[1:] if bands else underlying.tick_bands,
        expiry=expiry,
        option=OptionTerms(
            underlying.symbol,
            right,
            parts.strike,
            convention.style if style is None else style,
            convention.settlement if settlement is None else settlement,
        ),
    )


def option_terms(instrument: Instrument) -> OptionTerms:
    """What an option gives the right to.

    Raises:
        DataError: it is no option contract.
    """
    if instrument.option is None:
        raise DataError(
            f"{instrument.symbol} is no option contract.", "Make it with option_contract()."
        )
    return instrument.option


def option_expiry(instrument: Instrument) -> int:
    """The last trading day of an option, as days since 1970-01-01.

    Raises:
        DataError: it is no option contract.
    """
    option_terms(instrument)
    if instrument.expiry is None:
        raise DataError(f"{instrument.symbol}: an option without an expiry.", "Give expiry=.")
    return instrument.expiry


def option_symbol(instrument: Instrument) -> OptionSymbol:
    """The parts of an option's name: `option_symbol(it).occ` is what OCC calls it.

    Raises:
        DataError: it is no option contract, or not named by its short symbol.
    """
    option_terms(instrument)
    return parse_symbol(instrument.symbol)


def _bands(symbol: str, usual: Ticks | None, given: Ticks | None) -> Ticks:
    """The bands asked for, else the usual ones; none means the underlying's grid."""
    bands = usual if given is None else given
    if bands and bands[0][0] != 0.0:
        raise DataError(
            f"{symbol}: tick_bands are {bands}.", "Let the first begin at 0: ((0, 0.01), ...)."
        )
    return bands or ()
