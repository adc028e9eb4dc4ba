"""Cover: which entry opened what is held, and so what an order may still close or open."""

from __future__ import annotations

__all__ = ["Cover", "Standing"]

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from framework.brokers.simulated.book import LotBook
from framework.domain.ledger import Ledger
from framework.domain.orders import Order, OrderStatus
from framework.referee.ticket import Ticket


class Cover:
    """The lots of every instrument.

    Args:
        symbols: the instruments.
        linked: whether children are orders of their own, that close whatever is held.
    """

    def __init__(self, symbols: Iterable[str], linked: bool = False) -> None:
        self._lots = {symbol: LotBook() for symbol in symbols}
        self.linked = linked

    def fold(self, order: Order, quantity: float) -> float:
        """Take in a fill of `quantity` signed units; the unsigned units it opened."""
        lots = self._lots[order.symbol]
        before = lots.left(order.id)
        lots.trade(order.id, quantity, None if self.linked else order.parent)
        return max(0.0, lots.left(order.id) - before)

    def held(self, symbol: str) -> float:
        """Signed units held."""
        return self._lots[symbol].quantity

    def left(self, order: Order, entry: str) -> float:
        """Unsigned units left of what `entry` opened in the order's instrument."""
        return self._lots[order.symbol].left(entry)

    def allowed(self, ticket: Ticket, held: float) -> float:
        """Units an order may still trade.

        Args:
            ticket: the order.
            held: signed units held of its instrument at this very moment.
        """
        order = ticket.order
        closable = max(0.0, -order.side * held)
        if self.protects(order):
            return min(closable, self.left(order, order.parent or ""))
        if order.opens is None:
            return inf
        return closable + max(0.0, order.opens - ticket.opened)

    def useless(self, ticket: Ticket) -> str:
        """Why an order has nothing left to do; empty if it has."""
        order = ticket.order
        if order.reduce_only and order.side * self.held(order.symbol) >= 0.0:
            return "nothing left to close"
        if self.protects(order) and self.left(order, order.parent or "") == 0.0:
            return "nothing left to protect"
        return ""

    def protects(self, order: Order) -> bool:
        """Whether an order covers what is left of its entry, and no more."""
        return order.parent is not None and not self.linked


@dataclass(frozen=True, slots=True)
class Standing:
    """An account and its orders, to go on from.

    Attributes:
        book: cash and positions.
        cover: which entry opened what is held.
        alive: orders that may still trade with their status and filled units, in the order they
            were sent.
    """

    book: Ledger
    cover: Cover
    alive: tuple[tuple[Order, OrderStatus, float], ...]
