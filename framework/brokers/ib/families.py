"""Families: protective orders follow the entry they protect, and nothing outlives its position."""

from __future__ import annotations

__all__ = ["Families", "Upkeep"]

from dataclasses import dataclass, replace

from framework.brokers.ib.tracked import Tracked
from framework.brokers.ib.translate_order import provisional
from framework.brokers.ib.work import Work
from framework.domain.arithmetic import same
from framework.domain.orders import Order, OrderStatus, Origin

_STOPS = frozenset({Origin.STOP_LOSS, Origin.TRAIL})
_AWAKE = frozenset({OrderStatus.WORKING, OrderStatus.PARTIAL})


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What is to be sent for an order: a change, or its cancel where `wanted` is None."""

    tracked: Tracked
    wanted: Order | None
    reason: str


class Families:
    """Looks after protective orders, and orders that may open only so much, or nothing.

    The broker wakes children, shrinks and cancels mates by itself; what it cannot do is reckon a
    price from the average fill, or know that another order has closed what a child protects.

    Args:
        work: shared.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._stops: dict[str, Tracked] = {}
        work.stir = self.stir

    def due(self) -> list[Upkeep]:
        """What is to be sent, once every fact that came in has been judged."""
        found = []
        self._look_at_stops()
        for tracked in self._work.register.live():
            one = None
            if tracked.is_protective:
                one = self._child(tracked)
            elif tracked.order.opens is not None and tracked.status in _AWAKE:
                one = self._bounded(tracked)
            if one is not None:
                found.append(one)
        return found

    # protective orders --------------------------------------------------------------------

    def stir(self, child: Tracked) -> None:
        """Let a protective order and its mates follow what they protect, before one of them is
        said to trade, or to be over, in the same breath."""
        parent = self._work.register.get(child.template.parent)
        if parent is None:
            return
        left = self._work.lot_book(child.order.symbol).left(parent.order.id)
        for one in self._work.register.live() if left > 0.0 else ():
            if one.template.parent != parent.order.id:
                continue
            if one.status is OrderStatus.HELD:
                self._wake(one, parent, left)
            elif one.status in _AWAKE:
                self._cover(one, parent, left)

    def _look_at_stops(self) -> None:
        """Have somebody told of a position whose stop has ended, and nobody asked it to."""
        for name, stop in tuple(self._stops.items()):
            if not stop.is_done:
                continue
            del self._stops[name]
            parent = stop.template.parent
            if stop.status is OrderStatus.FILLED or stop.cancel_wanted or parent is None:
                continue
            left = self._work.lot_book(stop.order.symbol).left(parent)
            if left > 0.0:
                self._work.alert(
                    f"{left:g} {stop.order.symbol} of {parent} have no stop any more: {name} is "
                    f"{stop.status} ({stop.broker_status or stop.problem or 'nobody said why'})."
                )

    def _child(self, child: Tracked) -> Upkeep | None:
        parent = self._work.register.get(child.template.parent)
        if parent is None:
            return None
        if child.template.origin in _STOPS:
            self._stops[child.order.id] = child
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

    # orders that may open no more than was judged ---------------------------------------------

    def _bounded(self, tracked: Tracked) -> Upkeep | None:
        """Keep what is left of it at the broker within what it closes and what it may open."""
        order = tracked.order
        if tracked.change is not None or tracked.cancel_sent is not None or order.opens is None:
            return None
        held = self._work.lot_book(order.symbol).of(order.id).quantity
        closes = abs(held) if order.side * held < 0.0 else 0.0
        most = closes + max(0.0, order.opens - tracked.opened)
        if most == 0.0:
            return self._cancel(tracked, "nothing left to close")
        quantity = tracked.filled + min(tracked.remaining, most)
        known = order.quantity if tracked.shown is None else tracked.shown.quantity
        if same(quantity, known):
            return None
        tracked.bound = quantity
        return Upkeep(tracked, replace(order, quantity=quantity), "never opens more than it may")

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
