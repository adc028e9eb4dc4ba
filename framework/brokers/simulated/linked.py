"""Linked brackets: children are orders of their own, and a bracket ends as one."""

from __future__ import annotations

__all__ = ["LinkedFamily"]

from framework.brokers.simulated.family import Family
from framework.brokers.simulated.resting import Resting
from framework.domain.orders import DONE, OrderStatus


class LinkedFamily(Family):
    """Brackets whose orders know of each other only when one of them is over.

    Children are live from the bar after their entry has filled completely, with the quantity they
    were made with, whatever is held. A child that fills completely ends the others; an entry or a
    child that ends otherwise takes the whole bracket with it, what the broker has not accepted yet
    as rejected.
    """

    __slots__ = ()

    def holds(self, parent: Resting | None) -> bool:
        """Whether a child of this entry, None once it is done, waits for its last fill."""
        return parent is not None

    def covered(self, child: Resting) -> float | None:
        """None: children do not depend on what is held."""
        return None

    def wake(self, parent: Resting, at_open: bool, sequence: int) -> int:
        """Nothing yet: only a completed entry wakes its children."""
        return sequence

    def end_children(self, parent: Resting) -> None:
        """Nothing: how the entry ended decides, in `_end_kin`."""

    def end_idle(self, symbol: str) -> None:
        """Nothing: children do not depend on what is held."""

    def after_fill(self, filled: Resting, before: float) -> None:
        """End the mates of an order that has traded; once it is complete, wake its children or end
        the rest of its bracket."""
        super().after_fill(filled, before)
        if filled.status is not OrderStatus.FILLED:
            return
        if filled.order.parent is not None:
            self._end_bracket(filled)
            return
        instrument = self._instruments[filled.order.symbol]
        for child in self.children(filled.order):
            if child.status is OrderStatus.HELD:
                child.start_from(filled.average(instrument.multiplier), instrument)
                child.waits = True
                self._report(child, OrderStatus.WORKING, "")

    def _end_kin(self, ended: Resting) -> None:
        """End the whole bracket of an order that ended without having filled."""
        self._end_bracket(ended)

    def _end_bracket(self, ended: Resting) -> None:
        first = ended.order.parent or ended.order.id
        for other in self._queues[ended.order.symbol]:
            linked = first in (other.order.id, other.order.parent)
            if linked and other is not ended and other.status not in DONE:
                new = other.status is OrderStatus.SENT
                status = OrderStatus.REJECTED if new else OrderStatus.CANCELLED
                self._report(other, status, f"its bracket is over: {ended.order.id}")
                self._end_mates(other)
