"""Family: what one order's fill or end does to its children and to its one-cancels-all mates."""

from __future__ import annotations

__all__ = ["Family"]

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from framework.brokers.simulated.owned import Lots
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.resting import Resting
from framework.domain.arithmetic import round_down_to_lot
from framework.domain.instruments import Instrument
from framework.domain.orders import DONE, Order, OrderStatus
from framework.domain.terms import OcaType

_AWAKE = frozenset({OrderStatus.WORKING, OrderStatus.PARTIAL})

Report = Callable[[Resting, OrderStatus, str], None]


class Family:
    """Keeps related orders in step.

    Args:
        queues: the broker's orders by symbol.
        lots: what is held by symbol, entry by entry.
        instruments: by symbol.
        policy: fill policy.
        report: tells a new state of an order.
    """

    __slots__ = ("_instruments", "_late", "_lots", "_policy", "_queues", "_report")

    def __init__(
        self,
        queues: Mapping[str, list[Resting]],
        lots: Mapping[str, Lots],
        instruments: Mapping[str, Instrument],
        policy: FillPolicy,
        report: Report,
    ) -> None:
        self._queues = queues
        self._lots = lots
        self._instruments = instruments
        self._policy = policy
        self._report = report
        self._late: list[tuple[Resting, float]] = []

    # children --------------------------------------------------------------------------------

    def holds(self, parent: Resting | None) -> bool:
        """Whether a child of this entry, None once it is done, waits for it to open anything."""
        return parent is not None and parent.opened == 0.0

    def covered(self, child: Resting) -> float | None:
        """Units left of what a protective order that has been woken covers; None for others."""
        entry = child.order.parent
        if entry is None or child.status is OrderStatus.HELD:
            return None
        return self._lots[child.order.symbol].left(entry)

    def wake(self, parent: Resting, at_open: bool, sequence: int) -> int:
        """Bring the children of an entry that filled to what it holds now.

        Returns:
            The next free sequence number.
        """
        order = parent.order
        instrument = self._instruments[order.symbol]
        average = parent.average(instrument.multiplier)
        covered = self._lots[order.symbol].left(order.id)
        for child in self.children(order):
            if child.status is OrderStatus.HELD:
                child.order = replace(child.order, quantity=covered, fraction=None)
                child.start_from(average, instrument)
                child.sequence = sequence
                sequence += 1
                child.waits = not self._live_at_once(child, at_open)
                self._report(child, OrderStatus.WORKING, "")
            elif child.status not in DONE and (child.asleep or covered > child.remaining):
                child.asleep = False
                child.order = replace(child.order, quantity=child.filled + covered)
                child.start_again_from(average, instrument)
                self._report(child, child.status, "covers what has filled")
        return sequence

    def _live_at_once(self, child: Resting, at_open: bool) -> bool:
        policy = self._policy
        if policy.queue == "submission" or policy.intrabar == "path":
            return True
        if policy.intrabar == "next_bar":
            return False
        if policy.children == "market_entries":
            return at_open
        return at_open or child.is_stop

    def children(self, parent: Order) -> list[Resting]:
        """Protective orders of an entry."""
        queue = self._queues[parent.symbol]
        return [child for child in queue if child.order.parent == parent.id]

    def end_children(self, parent: Resting) -> None:
        """End the children of an entry that opened nothing."""
        for child in self.children(parent.order):
            if child.status is OrderStatus.HELD:
                self.end(child, OrderStatus.CANCELLED, "its entry opened nothing")

    def end_idle(self, symbol: str) -> None:
        """Protection dies with what it protects, and never covers more than is left of it; an order
        that may only reduce dies when nothing is left to reduce."""
        lots = self._lots[symbol]
        for resting in self._queues[symbol]:
            order = resting.order
            reduces = order.reduce_only and resting.status in _AWAKE
            if reduces and order.side * lots.of(order.id).quantity >= 0.0:
                self.end(resting, OrderStatus.CANCELLED, "nothing left to close")
            if order.parent is None or resting.status not in _AWAKE:
                continue
            left = lots.left(order.parent)
            if left == 0.0 and self._still_enters(order.parent, symbol):
                resting.asleep = True
            elif left == 0.0:
                self.end(resting, OrderStatus.CANCELLED, "nothing left to protect")
            elif resting.remaining > left:
                resting.order = replace(order, quantity=resting.filled + left)
                self._report(resting, resting.status, "covers what is left")

    def _still_enters(self, entry: str, symbol: str) -> bool:
        """Whether an entry that has traded may trade on."""
        return any(
            each.order.id == entry and each.filled > 0.0 and each.status not in DONE
            for each in self._queues[symbol]
        )

    def _end_rest(self, child: Order) -> None:
        """End the rest of an entry once protection has closed what it opened so far."""
        for entry in self._queues[child.symbol]:
            if entry.order.id == child.parent:
                self.end(entry, OrderStatus.CANCELLED, "its protection has closed it")

    # mates -----------------------------------------------------------------------------------

    def after_fill(self, filled: Resting, before: float) -> None:
        """Cancel or shrink the mates of an order that has traded.

        Args:
            filled: the order.
            before: units it had filled before.
        """
        order = filled.order
        if order.oca is None or filled.filled == before:
            return
        if order.parent is not None and filled.status not in DONE:
            return
        share = (filled.filled - before) / (order.quantity - before)
        for mate in self._mates(filled):
            if order.parent is not None or order.terms.oca_type is OcaType.CANCEL:
                self._dismiss(mate, f"{order.id} filled")
            elif order.terms.oca_type is OcaType.REDUCE:
                self._shrink(mate, share)
            else:
                self._late.append((mate, share))
        if order.parent is not None:
            self._end_rest(order)

    def close_bar(self) -> None:
        """Let reductions that came too late for this bar take effect."""
        for mate, share in self._late:
            self._shrink(mate, share)
        self._late.clear()

    def _mates(self, filled: Resting) -> Iterator[Resting]:
        group = filled.order.oca
        for queue in self._queues.values():
            for mate in queue:
                if mate is not filled and mate.order.oca == group:
                    yield mate

    def _shrink(self, mate: Resting, share: float) -> None:
        if mate.status in DONE:
            return
        lot = self._instruments[mate.order.symbol].lot
        left = round_down_to_lot(mate.remaining * (1.0 - share), lot)
        if left <= 0.0:
            self.end(mate, OrderStatus.CANCELLED, "its group has filled")
        else:
            mate.order = replace(mate.order, quantity=mate.filled + left)
            self._report(mate, mate.status, "reduced with its group")

    def _end_mates(self, ended: Resting) -> None:
        """End the group of an order that has ended; an order not accepted yet leaves it."""
        if ended.order.oca is None or self._policy.oca_ends == "fill":
            return
        for mate in self._mates(ended):
            if mate.status is OrderStatus.SENT:
                terms = replace(mate.order.terms, oca_type=OcaType.CANCEL)
                mate.order = replace(mate.order, oca=None, terms=terms)
            else:
                self._dismiss(mate, f"{ended.order.id} ended")

    def _dismiss(self, mate: Resting, reason: str) -> None:
        """End a mate without asking what its end means to its group, which has just acted."""
        if mate.status not in DONE:
            self._report(mate, OrderStatus.CANCELLED, reason)
            self._end_kin(mate)

    # ends ------------------------------------------------------------------------------------

    def end(self, resting: Resting, status: OrderStatus, reason: str) -> None:
        """End an order, and what depends on it."""
        if resting.status in DONE:
            return
        self._report(resting, status, reason)
        self.after_end(resting)

    def after_end(self, ended: Resting) -> None:
        """End what depends on an order that has ended without filling."""
        self._end_kin(ended)
        self._end_mates(ended)

    def _end_kin(self, ended: Resting) -> None:
        """End the children of an order that opened nothing, or of which nothing is left."""
        self.end_children(ended)
        if ended.filled > 0.0:
            self.end_idle(ended.order.symbol)
