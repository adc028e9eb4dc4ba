"""The net quote of a combo, from the quotes of its legs."""

from __future__ import annotations

__all__ = ["netted"]

from collections.abc import Sequence
from typing import NamedTuple

from framework.emulator.market.quotes import NONE, Snapshot


class _Side(NamedTuple):
    bid: float
    ask: float
    size: float


def netted(key: str, legs: Sequence[tuple[float, Snapshot]]) -> Snapshot:
    """What one unit of a combo is bid for and offered at; -1 where a leg has no quote.

    Args:
        key: the combo's name.
        legs: signed units of each leg in one combo, > 0 bought, and the leg's quote.
    """
    sides = [_side(units, quote) for units, quote in legs]
    known = all(NONE not in (quote.bid, quote.ask) for _, quote in legs)
    bid = round(sum(side.bid for side in sides), 8) if known else NONE
    ask = round(sum(side.ask for side in sides), 8) if known else NONE
    size = min((side.size for side in sides), default=0.0) if known else 0.0
    return Snapshot(
        key=key,
        time=max(quote.time for _, quote in legs),
        bid=bid,
        ask=ask,
        bid_size=size,
        ask_size=size,
        last=NONE,
        last_size=0.0,
        volume=0.0,
        open=NONE,
        high=NONE,
        low=NONE,
        previous_close=NONE,
    )


def _side(units: float, quote: Snapshot) -> _Side:
    """What a leg adds to the bid and the ask of its combo, and how many combos its sizes carry."""
    size = min(quote.bid_size, quote.ask_size) // abs(units)
    if units > 0.0:
        return _Side(units * quote.bid, units * quote.ask, size)
    return _Side(units * quote.ask, units * quote.bid, size)
