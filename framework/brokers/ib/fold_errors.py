"""Judges what the broker says about orders in numbers: none of it is a state by itself."""

from __future__ import annotations

__all__ = ["ErrorFold"]

from framework.brokers.ib.codes import Action, code_of
from framework.brokers.ib.facts import ErrorSeen
from framework.brokers.ib.fold_orders import OrderFold
from framework.brokers.ib.tracked import Tracked
from framework.brokers.ib.work import Work
from framework.domain.orders import OrderStatus

_UNHEARD = frozenset({OrderStatus.SENT, OrderStatus.HELD, OrderStatus.UNKNOWN})


class ErrorFold:
    """Turns error messages about orders into remarks, questions and, where the broker has never
    said anything else of an order, refusals.

    Args:
        work: shared.
        orders: judges what it means for an order's state.
    """

    def __init__(self, work: Work, orders: OrderFold) -> None:
        self._work = work
        self._orders = orders

    def said(self, error: ErrorSeen) -> None:
        """A message came in."""
        tracked = self._work.register.by_number(error.number) if error.number > 0 else None
        if tracked is None or tracked.is_done:
            return
        text = f"{error.code}: {error.text}"
        match code_of(error.code, error.text).action:
            case Action.NOTE | Action.INFORM | Action.DATA_STALE | Action.DATA_OK:
                self._orders.remark(tracked, text)
            case Action.NOTE_QUERY:
                self._orders.remark(tracked, text)
                self._work.ask(f"{tracked.order.id}: {text}")
            case Action.REJECT:
                self._refused(tracked, text)
            case Action.CANCELLED:
                self._work.end(tracked, error.text)
            case Action.CANCEL_REFUSED:
                self._not_cancelled(tracked, text)
            case Action.ID_IN_USE:
                self._taken(tracked, text)
            case Action.QUERY:
                self._work.ask(f"{tracked.order.id}: {text}")
            case _:
                self._work.alert(f"{tracked.order.id}: {text}")

    def _refused(self, tracked: Tracked, text: str) -> None:
        if tracked.change is not None:
            self._orders.refused_change(tracked, text)
            return
        tracked.problem = text
        if (
            not tracked.heard and tracked.status in _UNHEARD
        ) or tracked.broker_status == "Inactive":
            self._orders.rejected(tracked, text)
        else:
            self._work.ask(f"{tracked.order.id}: {text}")

    def _not_cancelled(self, tracked: Tracked, text: str) -> None:
        """The cancel is over; what the order is now is for the broker's books to say."""
        tracked.cancel_sent = None
        tracked.cancel_wanted = False
        tracked.cancel_refused = True
        tracked.note = text
        self._work.ask(f"{tracked.order.id}: {text}")

    def _taken(self, tracked: Tracked, text: str) -> None:
        """Its number was taken. If the broker has never heard of it, it never arrived."""
        if tracked.change is not None:
            self._orders.refused_change(tracked, text)
        elif not tracked.heard:
            tracked.taken = True
            self._work.ask(f"{tracked.order.id}: {text}")
        else:
            self._work.ask(f"{tracked.order.id}: {text}")
