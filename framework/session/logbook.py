"""Logbook: what has become of a session's orders since one last looked, one sentence each."""

from __future__ import annotations

__all__ = ["Logbook"]

from collections.abc import Iterator
from itertools import islice

from framework.domain.orders import DONE, OrderStatus
from framework.engine.blotter import Blotter

_SILENT = frozenset({OrderStatus.PARTIAL, OrderStatus.FILLED})
"""States that the fills themselves tell of."""


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

    def news(self) -> Iterator[str]:
        """What has happened since the last call: what was decided, its states, its fills."""
        blotter = self._blotter
        for refused in islice(blotter.refused, self._refused, None):
            yield (
                f"REFUSED: {refused.side.name.lower()} {refused.quantity:.10g} {refused.symbol}, "
                f"{refused.rule}: {refused.reason}"
            )
        for name, ticket in islice(blotter.tickets.items(), self._tickets, None):
            self._open[name] = OrderStatus.SENT
            yield f"order: {ticket.order}"
        for fill in islice(blotter.fills, self._fills, None):
            verb = "bought" if fill.quantity > 0.0 else "sold"
            yield (
                f"fill: {fill.order.id} {verb} {abs(fill.quantity):.10g} {fill.order.symbol} "
                f"at {fill.price:.10g}"
            )
        self._refused, self._tickets = len(blotter.refused), len(blotter.tickets)
        self._fills = len(blotter.fills)
        yield from self._changes()

    def _changes(self) -> Iterator[str]:
        for name, before in list(self._open.items()):
            ticket = self._blotter.tickets[name]
            if ticket.status in DONE:
                del self._open[name]
            else:
                self._open[name] = ticket.status
            if ticket.status is not before and ticket.status not in _SILENT:
                reason = f": {ticket.reason}" if ticket.reason else ""
                yield f"{ticket.status.value}: {name}{reason}"
