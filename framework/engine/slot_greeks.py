"""Greeks of what a slot holds."""

from __future__ import annotations

__all__ = ["greeks_of", "is_hedged_by", "is_on", "sum_of", "underlying_of", "unit_greeks"]

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import BookGreeks
from framework.engine.slot import Slot
from framework.errors import ConfigError
from framework.hedge_ports import VolatilityRule

if TYPE_CHECKING:
    from framework.options.option_market import OptionMarket


def greeks_of(slot: Slot) -> Mapping[str, BookGreeks]:
    """Greeks of everything a slot holds, by underlying, for those with options listed."""
    found: dict[str, BookGreeks] = {}
    for underlying, market in slot.options.items():
        row = len(slot.world.markets[underlying]) - 1
        held = [
            (one, slot.ledger.positions[one.symbol].quantity)
            for one in slot.listed
            if is_on(one, underlying)
        ]
        mine = [(one, units) for one, units in held if units != 0.0]
        book = sum_of(market, mine, row, None)
        for symbol in dict.fromkeys((underlying, slot.hedge_with or underlying)):
            if symbol == underlying or is_hedged_by(slot, symbol, underlying):
                units = slot.ledger.positions[symbol].quantity
                book = book.plus(BookGreeks(delta=units * slot.instrument(symbol).multiplier))
        found[underlying] = book
    return found


def underlying_of(slot: Slot, symbol: str) -> str:
    """What an instrument moves with: an option's underlying, that a hedge stands against, or
    itself."""
    option = slot.instrument(symbol).option
    if option is not None:
        return option.underlying
    hedged = [one for one in slot.options if is_hedged_by(slot, symbol, one)]
    return hedged[0] if hedged else symbol


def is_hedged_by(slot: Slot, symbol: str, underlying: str) -> bool:
    """Whether an instrument stands against the options on an underlying.

    Raises:
        ConfigError: it would stand against those on several.
    """
    if symbol != slot.hedge_with:
        return False
    written_on = dict.fromkeys(one.option.underlying for one in slot.listed if one.option)
    if len(written_on) > 1:
        raise ConfigError(
            f"{symbol} is to hedge options on {' and '.join(written_on)}.",
            "Hedge each with its own underlying: leave the hedge's instrument out.",
        )
    return underlying in written_on


def unit_greeks(slot: Slot, symbol: str) -> BookGreeks | None:
    """Greeks of one unit of an instrument; None where they cannot be known."""
    instrument = slot.instrument(symbol)
    if instrument.type is not AssetType.OPTION:
        return BookGreeks(delta=instrument.multiplier)
    terms = instrument.option
    market = None if terms is None else slot.options.get(terms.underlying)
    if terms is None or market is None:
        return None
    return market.greeks(instrument, len(slot.world.markets[terms.underlying]) - 1)


def is_on(instrument: Instrument, underlying: str) -> bool:
    """Whether an instrument is an option on an underlying."""
    return instrument.option is not None and instrument.option.underlying == underlying


def sum_of(
    market: OptionMarket,
    held: Sequence[tuple[Instrument, float]],
    row: int,
    rule: VolatilityRule | None,
) -> BookGreeks:
    """Greeks of some options, each with its signed units, at the close of a row."""
    found = BookGreeks()
    for instrument, units in held:
        unit = market.greeks(instrument, row, rule, is_short=units < 0.0)
        found = found.plus(unit, units)
    return found
