"""Logbook: what has become of a session's orders since one last looked, one sentence each."""

from __future__ import annotations

__all__ = ["Line", "Logbook"]

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from framework.brokers.ib.sending import NEVER_LEFT
from framework.domain.orders import DONE, OrderStatus, Origin
from framework.engine.blotter import Blotter
from framework.engine.ticket import Ticket
from framework.operations.happenings import Kind

_STOPS = frozenset({Origin.STOP_LOSS, Origin.TRAIL})
_SILENT = frozenset({OrderStatus.PARTIAL, OrderStatus.FILLED})
"""States that the fills themselves tell of."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: what kind of thing it tells of, its instrument and its order; and whether it
    may leave a position without its stop."""

    kind: Kind
    text: str
    symbol: str
    order: str = ""
    is_bare: bool = False


class Logbook:
    """Reads a blotter on.

    Args:
        blotter: whose orders; what it holds already is not told.
    """

    def __init__(self, blotter: Blotter) -> None:
        self._blotter = blotter
        self._tickets = len(blotter.tickets)
        self._fills = len(blotter.fills)
        self._refused = len(blotter.refused)
        self._open = {name: ticket.status for name, ticket in blotter.at_work.items()}

    def news(self) -> Iterator[Line]:
        """What has happened since the last call: what was decided, its states, its fills."""
        blotter = self._blotter
        for refused in islice(blotter.refused, self._refused, None):
            text = (
                f"REFUSED: {refused.side.name.lower()} {refused.quantity:.10g} {refused.symbol}, "
                f"{refused.rule}: {refused.reason}"
            )
            yield Line(Kind.REFUSED, text, refused.symbol)
        for name, ticket in islice(blotter.tickets.items(), self._tickets, None):
            self._open[name] = OrderStatus.SENT
            yield Line(Kind.ORDER, f"order: {ticket.order}", ticket.order.symbol, name)
        for fill in islice(blotter.fills, self._fills, None):
            verb = "bought" if fill.quantity > 0.0 else "sold"
            text = (
                f"fill: {fill.order.id} {verb} {abs(fill.quantity):.10g} {fill.order.symbol} "
                f"at {fill.price:.10g}"
            )
            yield Line(Kind.FILL, text, fill.order.symbol, fill.order.id)
        self._refused, self._tickets = len(blotter.refused), len(blotter.tickets)
        self._fills = len(blotter.fills)
        yield from self._changes()

    def _changes(self) -> Iterator[Line]:
        for name, before in list(self._open.items()):
            ticket = self._blotter.tickets[name]
            if ticket.status in DONE:
                del self._open[name]
            else:
                self._open[name] = ticket.status
            if ticket.status is not before and ticket.status not in _SILENT:
                reason = f": {ticket.reason}" if ticket.reason else ""
                kind = _kind(ticket)
                text = f"{ticket.status.value}: {name}{reason}"
                is_bare = before is not OrderStatus.CANCELLING and _leaves_bare(ticket)
                yield Line(kind, text, ticket.order.symbol, name, is_bare)


def _kind(ticket: Ticket) -> Kind:
    """What an order's new state is; new risk that was kept in here was not rejected by anybody."""
    if ticket.status is not OrderStatus.REJECTED:
        return Kind.STATUS
    is_ours = ticket.reason.startswith(NEVER_LEFT) and ticket.opening > 0.0
    return Kind.REFUSED if is_ours else Kind.REJECTED


def _leaves_bare(ticket: Ticket) -> bool:
    """Whether it was a stop, and what it protected is still held."""
    order = ticket.order
    if order.origin not in _STOPS or ticket.status not in DONE:
        return False
    return ticket.slot.ledger.positions[order.symbol].quantity * order.side < 0.0
