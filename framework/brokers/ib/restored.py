"""Restored: what a journal knows of orders when a session begins."""

from __future__ import annotations

__all__ = ["KnownOrder", "OrderIds", "restore"]

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from framework.brokers.ib.executions import execution_key
from framework.brokers.ib.tracked import Tracked
from framework.brokers.ib.work import Work
from framework.domain.events import Commission, Fill
from framework.domain.orders import Order, OrderStatus


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """One order of a session before.

    Attributes:
        order: as it worked last.
        status: as it was reported last.
        template: as it was submitted, where a child's price is still a distance; `order` if None.
        perms: permanent ids, if they were kept.
        sent_time: nanoseconds UTC at which it was sent; 0 takes the order's own time.
    """

    order: Order
    status: OrderStatus
    template: Order | None = None
    perms: tuple[int, ...] = ()
    sent_time: int = 0


class OrderIds:
    """The numbers orders get: never one twice, whatever the broker says is next.

    Args:
        floor: the first that is certainly free.
        keep: writes down, before it is used, a number below which all may have been used.
        block: numbers written down at a time.
    """

    def __init__(
        self, floor: int = 1, keep: Callable[[int], None] | None = None, block: int = 100
    ) -> None:
        self.floor = floor
        self._kept = floor
        self._keep = keep
        self._block = block

    def reserve(self, number: int) -> None:
        """Note that a number is about to be used."""
        self.floor = max(self.floor, number + 1)
        if self._keep is not None and self.floor > self._kept:
            self._kept = self.floor + self._block
            self._keep(self._kept)


def restore(
    work: Work,
    orders: Iterable[KnownOrder],
    fills: Iterable[Fill] = (),
    commissions: Iterable[Commission] = (),
) -> None:
    """Let the work know what a journal knows.

    Orders that were not over are in doubt until the broker has been asked.

    Raises:
        ContractError: an order's contract has not been qualified.
    """
    for known in orders:
        template = known.template or known.order
        tracked = Tracked(
            order=known.order,
            template=template,
            listed=work.book.by_key(known.order.symbol),
            status=known.status,
            number=len(work.register),
            perms=set(known.perms),
            sent_at=work.seconds(),
            sent_time=known.sent_time or known.order.time,
            in_doubt=True,
            heard=known.status not in (OrderStatus.SENT, OrderStatus.HELD, OrderStatus.UNKNOWN),
        )
        work.register.add(tracked)
    paid: dict[str, float] = {}
    for commission in commissions:
        key = execution_key(commission.fill_id)
        paid[key] = paid.get(key, 0.0) + commission.amount
    for fill in fills:
        owner = work.register.get(fill.order.id)
        if owner is None:
            continue
        work.executions.restore(fill, owner, paid.get(execution_key(fill.id)))
        work.lot_book(fill.symbol).trade(fill.order.id, fill.quantity, fill.order.parent)
