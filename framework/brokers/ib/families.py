"""Families: protective orders follow the entry they protect, and nothing outlives its position."""

from __future__ import annotations

__all__ = ["Families", "Upkeep"]

from dataclasses import dataclass, replace

from framework.brokers.ib.tracked import Tracked
from framework.brokers.ib.translate_order import provisional
from framework.brokers.ib.work import Work
from framework.domain.arithmetic import same
from framework.domain.orders import Order, OrderStatus

_AWAKE = frozenset({OrderStatus.WORKING, OrderStatus.PARTIAL})


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What is to be sent for an order: a change, or its cancel where `wanted` is None."""

    tracked: Tracked
    wanted: Order | None
    reason: str


class Families:
    """Looks after protective orders, and orders that may only reduce.

    The broker wakes children, shrinks and cancels mates by itself; what it cannot do is reckon a
    price from the average fill, or know that another order has closed what a child protects.

    Args:
        work: shared.
    """

    def __init__(self, work: Work) -> None:
        self._work = work

    def due(self) -> list[Upkeep]:
        """What is to be sent, once every fact that came in has been judged."""
        found = []
        for tracked in self._work.register.live():
            one = None
            if tracked.is_protective:
                one = self._child(tracked)
            elif tracked.order.reduce_only and tracked.status in _AWAKE:
                one = self._reducing(tracked)
            if one is not None:
                found.append(one)
        return found

    # protective orders --------------------------------------------------------------------

    def _child(self, child: Tracked) -> Upkeep | None:
        parent = self._work.register.get(child.template.parent)
        if parent is None:
            return None
        left = self._work.lot_book(child.order.symbol).left(parent.order.id)
        if child.status is OrderStatus.HELD:
            if left > 0.0:
                self._wake(child, parent, left)
            elif parent.is_done and parent.filled > 0.0 and child.heard:
                return self._cancel(child, "nothing left to protect")
        elif child.status in _AWAKE:
            if left == 0.0 and parent.is_done:
                return self._cancel(child, "nothing left to protect")
            if left > 0.0:
                self._cover(child, parent, left)
        return self._on_the_wire(child, parent)

    def _wake(self, child: Tracked, parent: Tracked, left: float) -> None:
        """Its entry has opened something: it works from here on, at its exact price."""
        priced = self._priced(child, parent)
        child.order = replace(priced, quantity=left)
        self._work.update(child, OrderStatus.WORKING)

    def _cover(self, child: Tracked, parent: Tracked, left: float) -> None:
        """Keep quantity and price with what its entry holds."""
        priced = child.order if child.change else self._priced(child, parent)
        quantity = child.filled + left
        grows = quantity > child.order.quantity and not same(quantity, child.order.quantity)
        shrinks = child.remaining > left and not same(child.remaining, left)
        if not grows and not shrinks and _prices(priced) == _prices(child.order):
            return
        child.order = replace(priced, quantity=quantity)
        self._work.update(
            child, child.status, "covers what is left" if shrinks else "covers what has filled"
        )

    def _priced(self, child: Tracked, parent: Tracked) -> Order:
        """The order at the price its entry's average makes; as it is where it has one."""
        if child.template.offset is None or parent.filled == 0.0:
            return child.order
        exact = provisional(child.template, parent.average, child.listed.instrument)
        return replace(child.order, stop=exact.stop, limit=exact.limit, offset=None)

    def _on_the_wire(self, child: Tracked, parent: Tracked) -> Upkeep | None:
        """The change that brings what the broker has to what it ought to have."""
        shown, order = child.shown, child.order
        if shown is None or child.change is not None or child.status not in _AWAKE:
            return None
        if child.cancel_sent is not None or child.cancel_wanted:
            return None
        quantity = shown.quantity
        if parent.is_done and not same(quantity, order.quantity):
            quantity = order.quantity
        if quantity == shown.quantity and self._has_its_price(child):
            child.upkeep = None
            return None
        wish = (quantity, order.limit, order.stop)
        if wish == child.upkeep:
            return None  # asked for once, and not done: see the alert of its refusal
        child.upkeep = wish
        return Upkeep(child, replace(order, quantity=quantity), "follows what it protects")

    @staticmethod
    def _has_its_price(child: Tracked) -> bool:
        shown, order = child.shown, child.order
        if shown is None or order.trail is not None or child.template.offset is None:
            return True
        return _near(order.limit, shown.limit) and _near(order.stop, shown.stop)

    # orders that may only reduce ------------------------------------------------------------

    def _reducing(self, tracked: Tracked) -> Upkeep | None:
        held = self._work.lot_book(tracked.order.symbol).quantity
        if tracked.change is not None or tracked.cancel_sent is not None:
            return None
        if tracked.order.side * held >= 0.0:
            return self._cancel(tracked, "nothing left to close")
        if tracked.remaining <= abs(held) or same(tracked.remaining, abs(held)):
            return None
        wanted = replace(tracked.order, quantity=tracked.filled + abs(held))
        return Upkeep(tracked, wanted, "never closes more than is held")

    @staticmethod
    def _cancel(tracked: Tracked, reason: str) -> Upkeep | None:
        if tracked.cancel_sent is not None or tracked.cancel_wanted:
            return None
        return Upkeep(tracked, None, reason)


def _prices(order: Order) -> tuple[float | None, float | None]:
    return order.limit, order.stop


def _near(mine: float | None, theirs: float | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return same(mine, theirs)
