"""Depth: a made-up order book around a quote, the same whenever the quote is."""

from __future__ import annotations

__all__ = ["MAKERS", "BookRow", "book"]

from dataclasses import dataclass
from zlib import crc32

from framework.domain.instruments import Instrument
from framework.emulator.market.grid import snapped
from framework.emulator.market.quotes import Snapshot
from framework.emulator.market.randomness import mixed

MAKERS = ("ARCA", "NSDQ", "BATS", "EDGX", "IEX", "NYSE")
"""Who stands behind the rows."""


@dataclass(frozen=True, slots=True)
class BookRow:
    """One row of one side of a book."""

    price: float
    size: float
    maker: str


def book(
    instrument: Instrument, quote: Snapshot, rows: int
) -> tuple[tuple[BookRow, ...], tuple[BookRow, ...]]:
    """Bids and asks, best first; each side has the quote's best price and size first.

    The next rows lie a tick or two further each and are larger; bids end above 0.
    """
    bids = _side(instrument, quote, rows, quote.bid, quote.bid_size, -1)
    return bids, _side(instrument, quote, rows, quote.ask, quote.ask_size, 1)


def _side(
    instrument: Instrument, quote: Snapshot, rows: int, best: float, size: float, away: int
) -> tuple[BookRow, ...]:
    salt = crc32(f"{instrument.symbol}{away}".encode())
    found: list[BookRow] = []
    price = best
    for place in range(rows if best > 0.0 else 0):
        drawn = mixed(round(best * 1e6) + place, salt)
        if place:
            tick = instrument.tick_at(price)
            price = snapped(price + away * tick * (1 + drawn % 2), tick)
        if price <= 0.0:
            break
        there = size if not place else size * (1 + (drawn >> 8) % 4) + instrument.lot * place
        found.append(BookRow(price, there, MAKERS[(drawn >> 16) % len(MAKERS)]))
    return tuple(found)
