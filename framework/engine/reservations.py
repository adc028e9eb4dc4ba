"""Reservations: money set aside for the orders of one slot that may still open risk."""

from __future__ import annotations

__all__ = ["Cost", "Reservations", "Reserve"]

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from framework.domain.exact import ExactSum
from framework.domain.orders import Order
from framework.engine.slot import Slot


@dataclass(frozen=True, slots=True)
class Reserve:
    """What an order needs.

    Attributes:
        money: in the account's currency, fee included.
        until: first day on which the fee may be another one.
    """

    money: float
    until: float


Cost = Callable[[Slot, Order, float], Reserve]
"""What so many opening units of an order need on this day at this instant."""


class Reservations:
    """What each order needs, reckoned once, and the sum of it.

    It is reckoned again when what it depends on has changed: with the order itself; on the day on
    which the fee may be another one; and with the instant, if the order has no price of its own or
    is in another currency. Of a one-cancels-all group only the dearest order counts.

    Args:
        slot: whose orders they are.
        cost: says what an order needs.
    """

    __slots__ = (
        "_cost",
        "_costs",
        "_dearest",
        "_groups",
        "_moving",
        "_now",
        "_of_groups",
        "_of_orders",
        "_orders",
        "_regrouped",
        "_slot",
        "_unknown",
        "_until",
    )

    def __init__(self, slot: Slot, cost: Cost) -> None:
        self._slot = slot
        self._cost = cost
        self._orders: dict[str, tuple[Order, float]] = {}
        self._costs: dict[str, float] = {}
        self._unknown: dict[str, None] = {}
        self._moving: dict[str, None] = {}
        self._of_orders = ExactSum()
        self._groups: dict[str, dict[str, float]] = {}
        self._regrouped: dict[str, None] = {}
        self._dearest: dict[str, float] = {}
        self._of_groups = ExactSum()
        self._now = -1
        self._until = inf

    def enter(self, order: Order, opening: float) -> None:
        """Set money aside for `opening` units of an order."""
        self._orders[order.id] = (order, opening)
        self._unknown[order.id] = None

    def leave(self, order: Order) -> None:
        """Give back what was set aside for an order that was entered."""
        del self._orders[order.id]
        self._unknown.pop(order.id, None)
        self._moving.pop(order.id, None)
        cost = self._costs.pop(order.id, None)
        if cost is not None:
            self._take_out(order, cost)

    def settle(self, day: int) -> None:
        """Reckon what is not known yet, or no longer, on this trading day and at this instant."""
        now = self._slot.world.now
        if day >= self._until:
            self._until = inf
            self._unknown.update(dict.fromkeys(self._orders))
        elif now != self._now:
            self._unknown.update(self._moving)
        self._now = now
        if self._unknown:
            for name in self._unknown:
                self._reckon(*self._orders[name])
            self._unknown.clear()

    def money(self, besides: str | None = None) -> tuple[float, float]:
        """What orders by themselves need, and the dearest of each one-cancels-all group.

        Args:
            besides: a group that does not count.
        """
        for name in self._regrouped:
            self._group(name)
        self._regrouped.clear()
        if besides not in self._dearest:
            return self._of_orders.value, self._of_groups.value
        return self._of_orders.value, self._of_groups.without(self._dearest[besides])

    def _reckon(self, order: Order, opening: float) -> None:
        if (order.limit is None and order.stop is None) or self._slot.is_foreign(order.symbol):
            self._moving[order.id] = None
        before = self._costs.get(order.id)
        reserve = self._cost(self._slot, order, opening)
        self._until = min(self._until, reserve.until)
        cost = reserve.money
        if cost == before:
            return
        if before is not None:
            self._take_out(order, before)
        self._costs[order.id] = cost
        if order.oca is None:
            self._of_orders.add(cost)
        else:
            self._groups.setdefault(order.oca, {})[order.id] = cost
            self._regrouped[order.oca] = None

    def _take_out(self, order: Order, cost: float) -> None:
        if order.oca is None:
            self._of_orders.remove(cost)
        else:
            del self._groups[order.oca][order.id]
            self._regrouped[order.oca] = None

    def _group(self, name: str) -> None:
        """Find the dearest of a group anew."""
        if name in self._dearest:
            self._of_groups.remove(self._dearest.pop(name))
        if self._groups[name]:
            self._dearest[name] = max(0.0, *self._groups[name].values())
            self._of_groups.add(self._dearest[name])
        else:
            del self._groups[name]
