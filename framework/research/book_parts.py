"""Whose each fill is: of the options on an underlying, of their hedge, or of other trades.

What an option delivers changes hands at the day's close: the option pays what it is worth there,
and the units enter the hedge, or the other trades of a run without one, at that price.
"""

from __future__ import annotations

__all__ = ["Part", "Piece", "pieces_of"]

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import copysign

import numpy as np

from framework.backtest.record import RunRecord
from framework.domain.events import Fill, Split
from framework.domain.instruments import Instrument
from framework.domain.orders import CLOSING, Origin

_BOOKED_AT_ONCE = frozenset({Origin.EXPIRY, Origin.EXERCISE})
"""Origins of fills that the broker dates and books at the close."""


class Part(StrEnum):
    """A part of the book on one underlying."""

    OPTIONS = "options"
    HEDGE = "hedge"
    """What hedge orders and deliveries have left."""
    OTHER = "other"
    """The strategy's own trades in the underlying and in what hedges it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one fill, or one split, did to one part of a book.

    Attributes:
        underlying: symbol of the book.
        part: whose it is.
        fill: id of the fill; empty for a split.
        place: index on the run's timeline at which it was booked.
        symbol: what was traded.
        units: of it the part holds afterwards, signed.
        cash: received, < 0 paid, slippage included; money of the account.
        slippage: of it lost to slippage, >= 0 is a cost.
        share: of the fill, 0..1.
    """

    underlying: str
    part: Part
    fill: str
    place: int
    symbol: str
    units: float
    cash: float
    slippage: float
    share: float


def pieces_of(record: RunRecord) -> tuple[Piece, ...]:
    """Every fill of a run's option books, in order; of one that closes two parts, a piece each."""
    return tuple(_Walk(record).pieces())


class _Walk:
    """One pass over the fills and splits of a run."""

    def __init__(self, record: RunRecord) -> None:
        self._record = record
        self._instruments = {bars.symbol: bars.instrument for bars in record.all_bars}
        self._written_on = [
            one.instrument.option.underlying for one in record.listed if one.instrument.option
        ]
        self._book = self._books()
        self._hedged = {mark.underlying for mark in record.marks if mark.hedge != 0.0}
        self._hedged |= {
            self._book[fill.symbol]
            for fill in record.fills
            if fill.order.origin is Origin.HEDGE and fill.symbol in self._book
        }
        self._held: dict[tuple[Part, str], float] = {}

    def _books(self) -> dict[str, str]:
        """By symbol that is no option, the underlying whose book it belongs to.

        Another instrument than the underlying hedges the options on one underlying only.
        """
        found = {symbol: symbol for symbol in self._written_on}
        for fill in self._record.fills:
            if fill.order.origin is Origin.HEDGE and self._written_on:
                found.setdefault(fill.symbol, self._written_on[0])
        return found

    def pieces(self) -> Iterable[Piece]:
        record = self._record
        events: list[Fill | Split] = [*record.splits, *record.fills]
        events.sort(key=lambda event: event.time)
        times = np.array([event.time for event in events], dtype=np.int64)
        late = np.array([_is_late(event) for event in events], dtype=np.int64)
        places = np.searchsorted(record.instants, times) + late
        for event, place in zip(events, places.tolist(), strict=True):
            if isinstance(event, Split):
                yield from self._split(event, place)
            else:
                yield from self._fill(event, place)

    def _split(self, split: Split, place: int) -> Iterable[Piece]:
        symbol = split.symbol
        if symbol not in self._book:
            return
        before = self._held.get((Part.HEDGE, symbol), 0.0)
        hedge = before * split.ratio
        for part, units in ((Part.HEDGE, hedge), (Part.OTHER, split.quantity - hedge)):
            self._held[part, symbol] = units
            yield Piece(self._book[symbol], part, "", place, symbol, units, 0.0, 0.0, 0.0)

    def _fill(self, fill: Fill, place: int) -> Iterable[Piece]:
        instrument = self._instruments[fill.symbol]
        if instrument.option is not None:
            underlying = instrument.option.underlying
            yield self._piece(fill, place, underlying, Part.OPTIONS, fill.quantity)
        elif fill.symbol in self._book:
            underlying = self._book[fill.symbol]
            if fill.order.origin is Origin.EXERCISE:
                yield from self._delivery(fill, place, underlying, instrument)
                return
            for part, quantity in self._shared(fill, underlying).items():
                yield self._piece(fill, place, underlying, part, quantity)

    def _piece(self, fill: Fill, place: int, underlying: str, part: Part, quantity: float) -> Piece:
        money = self._instruments[fill.symbol].multiplier * fill.rate * quantity
        return Piece(
            underlying,
            part,
            fill.id,
            place,
            fill.symbol,
            self._after(part, fill.symbol, quantity),
            -money * fill.price,
            money * (fill.price - fill.reference),
            quantity / fill.quantity,
        )

    def _delivery(
        self, fill: Fill, place: int, underlying: str, instrument: Instrument
    ) -> Iterable[Piece]:
        part = Part.HEDGE if underlying in self._hedged else Part.OTHER
        money = instrument.multiplier * fill.rate * fill.quantity
        close = self._close(underlying, place)
        given = (fill.id, place, fill.symbol)
        units = self._after(part, fill.symbol, fill.quantity)
        yield Piece(underlying, Part.OPTIONS, *given, 0.0, money * (close - fill.price), 0.0, 1.0)
        yield Piece(underlying, part, *given, units, -money * close, 0.0, 0.0)

    def _shared(self, fill: Fill, underlying: str) -> Mapping[Part, float]:
        """Signed units of a fill by part: what only closes takes the strategy's own units first,
        then the hedge's."""
        if fill.order.origin is Origin.HEDGE:
            return {Part.HEDGE: fill.quantity}
        if fill.order.origin not in CLOSING or underlying not in self._hedged:
            return {Part.OTHER: fill.quantity}
        left, shares = fill.quantity, {}
        for part in (Part.OTHER, Part.HEDGE):
            held = self._held.get((part, fill.symbol), 0.0)
            if held * left < 0.0:
                shares[part] = copysign(min(abs(held), abs(left)), left)
                left -= shares[part]
        if left != 0.0:
            shares[Part.OTHER] = shares.get(Part.OTHER, 0.0) + left
        return shares

    def _after(self, part: Part, symbol: str, quantity: float) -> float:
        """Units a part holds once `quantity` has traded."""
        units = self._held.get((part, symbol), 0.0) + quantity
        self._held[part, symbol] = units
        return units

    def _close(self, symbol: str, place: int) -> float:
        bars = next(one for one in self._record.bars if one.symbol == symbol)
        return float(bars.close[self._record.rows[symbol][place]])


def _is_late(event: Fill | Split) -> bool:
    """Whether it was booked an instant after its time: an order that a fill policy fills at the
    very close it was decided on."""
    if isinstance(event, Split) or event.order.origin in _BOOKED_AT_ONCE:
        return False
    return event.order.time >= event.time
