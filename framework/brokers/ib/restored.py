"""Restored: what a journal knows of orders when a session begins."""

from __future__ import annotations

__all__ = ["KnownOrder", "OrderIds", "restore"]

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf

from framework.brokers.ib.executions import execution_key
from framework.brokers.ib.tracked import Change, Tracked
from framework.brokers.ib.work import Work
from framework.domain.events import Commission, Fill
from framework.domain.orders import Order, OrderStatus

_LONG_AGO = -1e9
_UNHEARD = frozenset({OrderStatus.SENT, OrderStatus.HELD, OrderStatus.UNKNOWN})


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """One order of a session before.

    Attributes:
        order: as it worked last.
        status: as it was reported last.
        template: as it was submitted, where a child's price is still a distance; `order` if None.
        perms: permanent ids, if they were kept.
        sent_time: nanoseconds UTC at which it was sent; 0 takes the order's own time.
        heard: whether the broker has said anything of it; None to go by the status.
        change: what it was to become, if nobody has said whether it has.
        is_leaving: whether a cancel was asked for, and nobody has said what came of it.
    """

    order: Order
    status: OrderStatus
    template: Order | None = None
    perms: tuple[int, ...] = ()
    sent_time: int = 0
    heard: bool | None = None
    change: Order | None = None
    is_leaving: bool = False


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
    settles: bool = True,
) -> None:
    """Let the work know what a journal knows.

    Orders that were not over are in doubt until the broker has been asked. Every look at its books
    comes after they were sent: whoever sent them is dead.

    Args:
        work: to be told.
        orders, fills, commissions: what is known.
        settles: whether a look at the broker's books says what has become of changes that were on
            their way; if not, they stay so until they are sent again.

    Raises:
        ContractError: an order's contract has not been qualified.
    """
    for known in orders:
        template = known.template or known.order
        heard = known.status not in _UNHEARD if known.heard is None else known.heard
        tracked = Tracked(
            order=known.order,
            template=template,
            listed=work.book.by_key(known.order.symbol),
            status=known.status,
            number=len(work.register),
            perms=set(known.perms),
            sent_at=_LONG_AGO,
            sent_time=known.sent_time or known.order.time,
            in_doubt=True,
            heard=heard,
            cancel_wanted=known.is_leaving,
        )
        if known.change is not None:
            since = _LONG_AGO if settles else inf
            tracked.change = Change(known.order, known.change, since)
        work.register.add(tracked)
    paid: dict[str, float] = {}
    for commission in commissions:
        key = execution_key(commission.fill_id)
        paid[key] = paid.get(key, 0.0) + commission.amount
    for fill in fills:
        owner = work.register.get(fill.order.id)
        if owner is not None:
            work.executions.restore(fill, owner, paid.get(execution_key(fill.id)))
        work.trade(fill)
