"""Commitments: what the orders of an account that may still trade are about to do, kept as sums.

A check before an order asks for these sums; it does not look at each order. An order's part in them
is taken out and put in again when the blotter says that the order has come, changed or gone. The
sums are exact, so that it makes no difference in which order that happened.
"""

from __future__ import annotations

__all__ = ["Commitments"]

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from framework.domain.orders import Order
from framework.domain.resting import Resting, RestingOrders, RestingSum, Way
from framework.engine.blotter import Blotter
from framework.engine.reservations import Cost
from framework.engine.slot import Slot
from framework.engine.slot_commitments import SlotCommitments
from framework.engine.ticket import Ticket


@dataclass(slots=True, eq=False)
class _Stake:
    """The part of one order, as it was put in."""

    slot: SlotCommitments
    order: Order
    opening: float
    closing: float


class Commitments:
    """The sums of an account.

    Args:
        blotter: knows the orders, and which of them have changed.
        cost: says what an order needs that opens risk.
    """

    def __init__(self, blotter: Blotter, cost: Cost) -> None:
        self._blotter = blotter
        self._cost = cost
        self._stakes: dict[str, _Stake] = {}
        self._slots: dict[Slot, SlotCommitments] = {}
        self._resting: dict[Way, RestingSum] = {}
        self._totals: dict[Way, Resting] = {}
        self._changed: dict[Way, None] = {}
        self._aside: Ticket | None = None

    def of(self, slot: Slot) -> SlotCommitments:
        """Those of one slot, as its orders stand now."""
        self._follow()
        return self._slot(slot)

    def resting(self) -> RestingOrders:
        """The orders of the account that rest and would increase risk, as they stand now."""
        self._follow()
        for way in self._changed:
            self._totals[way] = self._resting[way].total
        self._changed.clear()
        return RestingOrders(self._opening_orders, self._totals.copy())

    def settle(self, day: int) -> None:
        """Reckon every reservation as of this trading day and instant."""
        self._follow()
        for one in self._slots.values():
            one.reservations.settle(day)

    @contextmanager
    def without(self, ticket: Ticket) -> Iterator[None]:
        """Leave one order out of everything meanwhile, such as one that is about to change."""
        self._aside = ticket
        self._blotter.touch(ticket)
        try:
            yield
        finally:
            self._aside = None
            self._blotter.touch(ticket)

    def _follow(self) -> None:
        """Take in what has become of the orders since the last look."""
        touched = self._blotter.touched
        if touched:
            for ticket in touched.values():
                self._renew(ticket)
            touched.clear()

    def _renew(self, ticket: Ticket) -> None:
        """Take an order's part out as it was, and put it in as it is now."""
        name = ticket.order.id
        before = self._stakes.pop(name, None)
        if before is not None:
            self._leave(before)
        order = ticket.order
        is_out = ticket is self._aside or self._blotter.find(name) is not ticket
        if is_out or order.parent is not None:
            return
        closing = ticket.remaining - ticket.opening
        if ticket.opening or closing:
            stake = _Stake(self._slot(ticket.slot), order, ticket.opening, closing)
            self._stakes[name] = stake
            self._enter(stake)

    def _enter(self, stake: _Stake) -> None:
        order, opening = stake.order, stake.opening
        stake.slot.enter(order, opening, stake.closing)
        if opening > 0.0:
            way = (order.symbol, order.side)
            resting = self._resting.get(way)
            if resting is None:
                resting = self._resting[way] = RestingSum()
            resting.enter(opening, order.limit or order.stop, order.decision_price)
            self._changed[way] = None

    def _leave(self, stake: _Stake) -> None:
        order, opening = stake.order, stake.opening
        stake.slot.leave(order, opening, stake.closing)
        if opening > 0.0:
            way = (order.symbol, order.side)
            resting = self._resting[way]
            resting.leave(opening, order.limit or order.stop, order.decision_price)
            self._changed[way] = None
            if not resting.count:
                del self._resting[way], self._changed[way]
                self._totals.pop(way, None)

    def _slot(self, slot: Slot) -> SlotCommitments:
        found = self._slots.get(slot)
        if found is None:
            found = self._slots[slot] = SlotCommitments(slot, self._cost)
        return found

    def _opening_orders(self) -> Iterator[Order]:
        """What each order has left that opens risk, oldest first."""
        for ticket in self._blotter.all_working():
            if ticket.opening > 0.0 and ticket is not self._aside:
                order = ticket.order
                whole = order.quantity == ticket.opening
                yield order if whole else replace(order, quantity=ticket.opening)
