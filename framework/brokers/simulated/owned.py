"""Owned lots: of an instrument that several strategies trade on one account, each one's by itself.

The account has the net; what one strategy sells never closes what another has bought.
"""

from __future__ import annotations

__all__ = ["Lots", "OwnedLots"]

from typing import Protocol

from framework.brokers.simulated.book import LotBook
from framework.domain.orders import BROKER_MADE
from framework.domain.owners import allotted, owner_of

_BROKERS = frozenset(origin.value for origin in BROKER_MADE)


class Lots(Protocol):
    """What is held of one instrument, entry by entry."""

    @property
    def quantity(self) -> float:
        """Signed units held together."""
        ...

    def of(self, order_id: str) -> LotBook:
        """The lots an order trades with."""
        ...

    def left(self, entry: str) -> float:
        """Unsigned units left of what `entry` opened."""
        ...

    def trade(self, entry: str, quantity: float, parent: str | None) -> None:
        """Fold a fill of `quantity` (signed) by order `entry`."""
        ...

    def rescale(self, ratio: float, quantity: float, lot: float) -> None:
        """Split every lot; `quantity` signed units are held afterwards."""
        ...


class OwnedLots:
    """Lots by owner, as order ids tell them. The broker's own orders trade with whoever holds: one
    alone can, of what the broker trades by itself."""

    __slots__ = ("_books",)

    def __init__(self) -> None:
        self._books: dict[str, LotBook] = {}

    @property
    def quantity(self) -> float:
        """Signed units held together."""
        return sum(book.quantity for book in self._books.values())

    def of(self, order_id: str) -> LotBook:
        """The lots of an order's owner."""
        owner = owner_of(order_id)
        if owner in _BROKERS:
            held = (name for name, book in self._books.items() if book.quantity != 0.0)
            owner = next(held, owner)
        return self._books.setdefault(owner, LotBook())

    def left(self, entry: str) -> float:
        """Unsigned units left of what `entry` opened."""
        return self.of(entry).left(entry)

    def trade(self, entry: str, quantity: float, parent: str | None) -> None:
        """Fold a fill of `quantity` (signed) by order `entry`."""
        self.of(entry).trade(entry, quantity, parent)

    def rescale(self, ratio: float, quantity: float, lot: float) -> None:
        """Split every lot; of the units held afterwards each owner has whole lots."""
        books = [self._books[name] for name in sorted(self._books)]
        parts = allotted(quantity, [book.quantity * ratio for book in books], lot)
        for book, units in zip(books, parts, strict=True):
            book.rescale(ratio, units, lot)
