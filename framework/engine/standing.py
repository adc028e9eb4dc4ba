"""Standing: what a slot holds and has working in one instrument."""

from __future__ import annotations

__all__ = ["effective", "entries", "protective", "revocable"]

from framework.domain.orders import BINDING
from framework.engine.orders import Door
from framework.engine.slot import Slot
from framework.engine.ticket import Ticket


def effective(door: Door, slot: Slot, symbol: str) -> float:
    """Signed units held once the working market orders have filled."""
    total = slot.ledger.positions[symbol].quantity
    for ticket in door.blotter.working(slot, symbol):
        order = ticket.order
        if order.trades_at_once and order.parent is None:
            total += order.side * ticket.remaining
    return total


def entries(door: Door, slot: Slot, symbol: str) -> list[Ticket]:
    """Working orders that open risk, oldest first."""
    return [
        ticket
        for ticket in door.blotter.working(slot, symbol)
        if ticket.order.parent is None and ticket.opening > 0.0
    ]


def revocable(door: Door, slot: Slot, symbol: str) -> list[str]:
    """Ids of the working orders the strategy may cancel, oldest first."""
    working = door.blotter.working(slot, symbol)
    return [ticket.order.id for ticket in working if ticket.order.origin not in BINDING]


def protective(door: Door, slot: Slot, symbol: str) -> list[Ticket]:
    """Working protective orders, oldest first."""
    working = door.blotter.working(slot, symbol)
    return [ticket for ticket in working if ticket.order.parent is not None]
