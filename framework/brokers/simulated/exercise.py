"""Exercise: what an option pays at its expiry, and what is delivered when its right is used.

An option at least a cent in the money is exercised at its expiry by itself, as the Options Clearing
Corporation does by exception; any other ends worthless. A cash-settled one pays the difference, a
physical one is exchanged for the underlying at the strike. A short American option is assigned
before that at the first close at which it is worth no more than its holder would get for it at
once: waiting could not gain him anything.
"""

from __future__ import annotations

__all__ = ["Delivery", "delivered", "is_exercised_early"]

from dataclasses import dataclass

from framework.domain.instruments import Instrument
from framework.domain.options import OptionTerms, Settlement, Style
from framework.domain.orders import Origin

_LEAST = 0.01 - 1e-9
"""Points in the money from which an option is exercised by itself, a cent but for rounding."""

_ROUNDING = 1e-9
"""Share of the spot below which time value is rounding."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One trade of the broker's own that settles an option.

    Attributes:
        origin: EXPIRY of one that pays money or nothing, EXERCISE of one that is delivered.
        symbol: what is traded.
        quantity: signed units.
        price: paid for each.
    """

    origin: Origin
    symbol: str
    quantity: float
    price: float


def delivered(
    instrument: Instrument, terms: OptionTerms, underlying: Instrument, held: float, spot: float
) -> tuple[Delivery, ...]:
    """What settles `held` signed contracts, with the underlying at `spot`."""
    inside = _inside(terms, spot)
    symbol = instrument.symbol
    if inside < _LEAST:
        return (Delivery(Origin.EXPIRY, symbol, -held, 0.0),)
    if terms.settlement is Settlement.CASH:
        return (Delivery(Origin.EXPIRY, symbol, -held, inside),)
    units = held * terms.right.sign * instrument.multiplier / underlying.multiplier
    return (
        Delivery(Origin.EXERCISE, symbol, -held, 0.0),
        Delivery(Origin.EXERCISE, terms.underlying, units, terms.strike),
    )


def is_exercised_early(terms: OptionTerms, price: float, spot: float) -> bool:
    """Whether the holder of an American option gives up nothing by using it at once."""
    inside = _inside(terms, spot)
    if terms.style is not Style.AMERICAN or inside < _LEAST:
        return False
    return price <= inside + _ROUNDING * spot


def _inside(terms: OptionTerms, spot: float) -> float:
    """Points in the money, 0 or more."""
    return max(0.0, terms.right.sign * (spot - terms.strike))
