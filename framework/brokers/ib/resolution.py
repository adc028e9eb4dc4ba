"""Resolution: what becomes of orders in doubt: after silence, a dropped connection, a look."""

from __future__ import annotations

__all__ = ["Resolution", "Waits"]

from dataclasses import dataclass, replace
from math import inf

from framework.brokers.ib.external import ExternalOrder
from framework.brokers.ib.fold_executions import ExecutionFold
from framework.brokers.ib.fold_orders import OrderFold
from framework.brokers.ib.sending import Sender
from framework.brokers.ib.snapshot import Snapshot
from framework.brokers.ib.tracked import Tracked
from framework.brokers.ib.work import Work
from framework.domain.arithmetic import same
from framework.domain.orders import OrderStatus

_SELDOM = 60.0
"""Seconds between two looks for what has stayed unknown for long."""
_LOOKS = 2
"""Complete looks at the broker's books that prove an absence."""
_ALIVE = frozenset({"PreSubmitted", "Submitted", "PendingSubmit"})


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds.

    Attributes:
        commission: an update after an execution waits for its commission.
        answer: for any word about an order; after it the order is unknown.
        change: for the echo of a change; after it the broker is asked.
        cancel: for the proof of a cancel; after it the broker is asked, again and again.
        execution: for the executions of an order that is said to be filled.
        stale: an order that could not be sent is not sent any more.
        settled: between sending an order and a look that may prove its absence.
        between_looks: at the broker's books, at least.
        again: between two looks for what stays unknown.
    """

    commission: float = 0.5
    answer: float = 10.0
    change: float = 10.0
    cancel: float = 30.0
    execution: float = 2.0
    stale: float = 10.0
    settled: float = 2.0
    between_looks: float = 1.0
    again: float = 5.0


class Resolution:
    """Settles doubts by the broker's books, and never by sending anything again.

    Args:
        work: shared.
        orders, executions: judge facts.
        sender: cancels what was to be cancelled.
        waits: how long what is awaited.
    """

    def __init__(
        self,
        work: Work,
        orders: OrderFold,
        executions: ExecutionFold,
        sender: Sender,
        waits: Waits,
    ) -> None:
        self._work = work
        self._orders = orders
        self._executions = executions
        self._sender = sender
        self._waits = waits
        self._asked = -1e9
        self._wait = waits.again

    # silence ------------------------------------------------------------------------------

    def tick(self) -> None:
        """Notice what has been awaited for too long."""
        now = self._work.seconds()
        reasons = [
            reason for one in self._work.register.live() if (reason := self._overdue(one, now))
        ]
        if self._work.parked:
            reasons.append("executions of orders that are not known")
        if not reasons:
            self._wait = self._waits.again
        elif now - self._asked >= self._wait:
            self._asked = now
            self._wait = min(2.0 * self._wait, _SELDOM)
            self._work.ask(reasons[0])

    def _overdue(self, one: Tracked, now: float) -> str:
        """What has been awaited of an order for too long; empty if nothing has."""
        waits, name = self._waits, one.order.id
        if one.sent_at is None or one.status is OrderStatus.UNKNOWN:
            return "" if one.sent_at is None else f"{name} is unknown"
        if not one.heard and now - one.sent_at > waits.answer:
            if one.status is not OrderStatus.HELD:
                self._work.update(
                    one, OrderStatus.UNKNOWN, f"no word of it for {waits.answer:g} seconds"
                )
            return f"no word of {name}"
        return self._unproven(one, now)

    def _unproven(self, one: Tracked, now: float) -> str:
        waits, name = self._waits, one.order.id
        if one.status is OrderStatus.SENT and one.sent_at is not None:
            return f"{name} is on its way" if now - one.sent_at > waits.answer else ""
        if one.change is not None and now - one.change.since > waits.change:
            return f"no word of a change of {name}"
        if one.cancel_sent is not None and now - one.cancel_sent > waits.cancel:
            return f"no proof of the cancel of {name}"
        if one.short_since is not None and now - one.short_since > waits.execution:
            return f"{name} is said to be filled, and its executions are missing"
        return ""

    # the connection ended -------------------------------------------------------------------

    def down(self, reason: str) -> None:
        """What was on its way is unknown; what worked is in doubt until it is shown again."""
        for one in self._work.register.live():
            if one.sent_at is None:
                continue
            one.in_doubt = True
            one.absences = 0
            if one.change is not None:
                one.change = replace(one.change, since=-1e9)
            was_cancelling = one.cancel_sent is not None
            one.cancel_sent = None
            unheard = one.status is OrderStatus.SENT and not one.heard
            if unheard or was_cancelling or one.status is OrderStatus.CANCELLING:
                self._work.update(one, OrderStatus.UNKNOWN, reason)
        self._work.register.forget_numbers()

    # a look at the books ----------------------------------------------------------------------

    def whole(self, snapshot: Snapshot) -> None:
        """Every fact of a look has been judged: settle what it proves.

        Only a look that shows all orders and all executions proves anything.
        """
        if not snapshot.knows_orders:
            return
        self._executions.settle_parked()
        open_orders = snapshot.open_orders.items or ()
        shown = self._shown((*open_orders, *(snapshot.completed_orders.items or ())))
        for one in self._work.register.live():
            if one.sent_at is None or one.sent_at > snapshot.started:
                continue
            if one.order.id in shown:
                self._found(one, snapshot)
            else:
                self._missing(one, snapshot)
        self._undead(open_orders, snapshot.started)

    def _shown(self, orders: tuple[ExternalOrder, ...]) -> set[str]:
        """Ids of our orders among them."""
        found = set()
        for each in orders:
            tracked = self._orders.ours(each.perm_id, each.reference)
            if tracked is not None:
                found.add(tracked.order.id)
        return found

    def _found(self, one: Tracked, snapshot: Snapshot) -> None:
        one.in_doubt = False
        if one.cancel_refused and not one.is_done:
            one.cancel_refused = False
            self._work.update(one, one.status, f"not cancelled: {one.note}")
        if one.change is not None and one.change.since < snapshot.started:
            self._orders.refused_change(one, "the broker shows the order as it was")
        if one.short_since is not None and one.short_since < snapshot.started:
            self._work.alert(
                f"{one.order.id} is filled, and the broker does not show all of its executions: "
                f"{one.filled:g} of {one.order.quantity:g} units are known."
            )
            one.short_since = None
            self._work.update(one, OrderStatus.UNKNOWN, "its executions are not all known")
        waits = one.change is not None and one.change.since == inf
        if one.cancel_wanted and one.cancel_sent is None and not one.is_done and not waits:
            self._sender.cancel(one)

    def _missing(self, one: Tracked, snapshot: Snapshot) -> None:
        """The broker shows neither the order nor its end."""
        if same(one.filled, one.order.quantity) or one.filled > one.order.quantity:
            self._orders.filled(one)
            return
        if one.taken and not one.heard:
            self._sender.again(one)
            return
        if one.sent_at is None or snapshot.started - one.sent_at < self._waits.settled:
            self._work.ask(f"{one.order.id} is not shown yet")
            return
        one.absences += 1
        self._work.update(one, OrderStatus.UNKNOWN, "the broker does not show it")
        if one.absences < _LOOKS:
            self._work.ask(f"{one.order.id} is not shown")
        elif self._work.is_same_session(one, one.sent_time, snapshot.time):
            words = "it never arrived" if not one.heard else "the broker has lost it"
            self._work.update(one, OrderStatus.ABSENT, f"{words}: two complete looks show it not")
        elif one.absences == _LOOKS:
            self._work.alert(
                f"{one.order.id} was sent on another day, and the broker does not show it any "
                "more: compare positions before going on."
            )

    def _undead(self, open_orders: tuple[ExternalOrder, ...], started: float) -> None:
        """Orders that were over for us before the look began, and work at the broker."""
        for each in open_orders:
            tracked = self._orders.ours(each.perm_id, each.reference)
            if tracked is None or tracked.done_at is None or tracked.done_at >= started:
                continue
            if each.status in _ALIVE:
                self._work.alert(
                    f"{tracked.order.id} was {tracked.status}, and works at the broker as "
                    f"{each.perm_id}: it is left alone; cancel it in TWS."
                )
