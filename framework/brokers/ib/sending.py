"""Sending: orders, changes and cancels on their way out, each exactly once."""

from __future__ import annotations

__all__ = ["NEVER_LEFT", "Sender", "check"]

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from framework.brokers.ib.connection import Connection, State
from framework.brokers.ib.library import IbContract, IbOrder
from framework.brokers.ib.link import Link
from framework.brokers.ib.pacing import Errand, Pacer, Priority
from framework.brokers.ib.restored import OrderIds
from framework.brokers.ib.times import SECOND
from framework.brokers.ib.tracked import Change, Tracked
from framework.brokers.ib.translate_contract import check_tradable, contract_of
from framework.brokers.ib.translate_order import Sent, order_to, provisional
from framework.brokers.ib.work import Work
from framework.domain.events import CHANGE_REFUSED
from framework.domain.orders import CLOSING, Order, OrderStatus
from framework.errors import InputError

NEVER_LEFT = "nothing was sent"
"""Begins the reason of an order that was kept in here."""
Bar = Callable[[Order], str]
"""Why an order may not leave; empty if it may."""


def _nothing(_: Order) -> str:
    return ""


class Sender:
    """Hands orders to the socket, within the limits and only over a connection that lives.

    Args:
        connection: the session.
        work: shared.
        pacer: the queue.
        ids: numbers.
        stale: seconds after which an order that could not be sent is not sent any more.

    Attributes:
        bar: asked of every order just before it leaves why it may not; empty if it may.
    """

    def __init__(
        self, connection: Connection, work: Work, pacer: Pacer, ids: OrderIds, stale: float
    ) -> None:
        self._connection = connection
        self._work = work
        self._pacer = pacer
        self._ids = ids
        self._stale = stale
        self.bar: Bar = _nothing

    # whether ------------------------------------------------------------------------------

    def objection(self, order: Order) -> str:
        """Why an order may not leave now; empty if it may."""
        barred = self.bar(order)
        if barred:
            return f"{NEVER_LEFT}: {barred}"
        state, reason = self._connection.state, self._connection.reason
        if state is State.READY:
            rate = self._work.rate(self._work.book.by_key(order.symbol).instrument.currency)
            return "" if rate is not None else "the exchange rate of its currency is not known"
        reduces = order.reduce_only or order.origin in CLOSING
        if state is State.DEGRADED and reduces and self._connection.link is not None:
            return ""
        return f"{NEVER_LEFT}: the connection is {state} ({reason})"

    # orders -------------------------------------------------------------------------------

    def submit(self, unit: Sequence[Tracked]) -> None:
        """Send an entry and its children."""

        def dropped(reason: str) -> None:
            self._unsent(unit, reason)

        self._pacer.put(
            Errand(Priority.ORDER, lambda: self._send(unit), len(unit), self._expiry(), dropped)
        )

    def _send(self, unit: Sequence[Tracked]) -> None:
        link = self._connection.link
        if link is None or not link.is_open:
            self._unsent(unit, "there is no connection")
            return
        left = self._without_withdrawn(unit)
        barred = self.bar(left[0].order) if left else ""
        if barred:
            self._unsent(left, barred)
            return
        try:
            made = [self._made(link, one, one is left[-1]) for one in left]
        except InputError as error:
            self._unsent(left, str(error))
            return
        for number, (tracked, (contract, order)) in enumerate(zip(left, made, strict=True)):
            parent = self._work.register.get(tracked.template.parent)
            if parent is not None and not parent.is_done:
                order.parentId = parent.order_id
            if not self._place(link, tracked, contract, order):
                self._unsent(left[number:], "the connection ended before it was sent")
                return

    def _without_withdrawn(self, unit: Sequence[Tracked]) -> list[Tracked]:
        """What was not cancelled meanwhile; children go with their entry."""
        gone = {one.order.id for one in unit if one.is_withdrawn}
        left = []
        for one in unit:
            if one.is_withdrawn or one.order.parent in gone:
                self._work.update(one, OrderStatus.CANCELLED, "cancelled before it was sent")
            else:
                left.append(one)
        return left

    def _made(self, link: Link, tracked: Tracked, is_last: bool) -> tuple[IbContract, IbOrder]:
        """What goes over the wire."""
        template, listed = tracked.template, tracked.listed
        priced = provisional(template, template.decision_price, listed.instrument)
        sent = Sent(self._connection.account, 0, is_last, self._work.references)
        return (
            contract_of(link.lib, listed, template.terms.exchange),
            order_to(link.lib, priced, self._work.book, sent),
        )

    def _place(self, link: Link, tracked: Tracked, contract: IbContract, order: IbOrder) -> bool:
        client = link.ib.client
        try:
            number = client.getReqId()
            self._ids.reserve(number)
            self._work.register.number(tracked, number)
            client.placeOrder(number, contract, order)
        except ConnectionError:
            return False
        tracked.sent_at = self._work.seconds()
        tracked.sent_time = self._work.clock.now()
        tracked.taken = False
        return True

    def again(self, tracked: Tracked) -> None:
        """Send an order under a new number: its old one was taken, and the broker's books prove
        that it never arrived."""
        self._work.alert(f"{tracked.order.id} is sent anew: its number was taken already.")
        tracked.problem = ""
        tracked.sent_at = None
        self.submit([tracked])

    def _unsent(self, unit: Sequence[Tracked], reason: str) -> None:
        """Certain never to have left: that is a refusal, and no doubt."""
        self.refuse(unit, f"{NEVER_LEFT}: {reason}")

    def refuse(self, unit: Sequence[Tracked], reason: str) -> None:
        """Tell that orders did not leave, a moment later as the broker would: whoever sends
        another one thereupon must not keep the session from hearing anything else."""

        def tell() -> None:
            for one in unit:
                if not one.is_done and one.sent_at is None:
                    self._work.update(one, OrderStatus.REJECTED, reason)

        asyncio.get_running_loop().call_soon(tell)

    # changes ------------------------------------------------------------------------------

    def change(self, tracked: Tracked, wanted: Order, is_upkeep: bool = False) -> None:
        """Send a change; it has its own life, and the order goes on as it is until it is shown
        changed."""
        change = Change(tracked.order, wanted, self._work.seconds(), is_upkeep)
        tracked.change = change

        def dropped(reason: str) -> None:
            if tracked.change is change:
                tracked.change = None
                tracked.upkeep = None
                if not is_upkeep:
                    self._told_refused(tracked, f"{NEVER_LEFT}: {reason}")

        self._pacer.put(
            Errand(
                Priority.ORDER,
                lambda: self._send_change(tracked, change),
                1,
                self._expiry(),
                dropped,
            )
        )

    def _send_change(self, tracked: Tracked, change: Change) -> None:
        link = self._connection.link
        if tracked.is_done or tracked.change is not change:
            return
        barred = self.bar(change.wanted)
        if barred:
            tracked.change = None
            self._told_refused(tracked, f"{NEVER_LEFT}: {barred}")
            return
        if link is None or not link.is_open or not tracked.order_id:
            tracked.change = None
            self._told_refused(tracked, f"{NEVER_LEFT}: there is no connection")
            return
        wanted, listed = change.wanted, tracked.listed
        priced = provisional(wanted, wanted.decision_price, listed.instrument)
        parent = self._work.register.get(tracked.template.parent)
        number = parent.order_id if parent is not None else 0
        sent = Sent(self._connection.account, number, True, self._work.references)
        order = order_to(link.lib, priced, self._work.book, sent)
        contract = contract_of(link.lib, listed, tracked.template.terms.exchange)
        try:
            link.ib.client.placeOrder(tracked.order_id, contract, order)
        except ConnectionError:
            tracked.change = None
            self._told_refused(tracked, f"{NEVER_LEFT}: the connection ended")
            return
        tracked.change = replace(change, since=self._work.seconds())

    def _told_refused(self, tracked: Tracked, reason: str) -> None:
        if not tracked.is_done:
            self._work.update(tracked, tracked.status, f"{CHANGE_REFUSED}: {reason}")

    def refuse_change(self, tracked: Tracked, reason: str) -> None:
        """A change that may not leave now."""
        self._told_refused(tracked, reason)

    # cancels ------------------------------------------------------------------------------

    def cancel(self, tracked: Tracked) -> None:
        """Send a cancel; one that cannot be sent now is sent once the broker shows the order."""
        tracked.cancel_wanted = True
        if tracked.sent_at is None:
            tracked.is_withdrawn = True
            return
        self._pacer.put(Errand(Priority.CANCEL, lambda: self._send_cancel(tracked)))

    def _send_cancel(self, tracked: Tracked) -> None:
        link = self._connection.link
        if tracked.is_done or tracked.cancel_sent is not None:
            return
        if link is None or not link.is_open:
            return
        if self._work.register.by_number(tracked.order_id) is not tracked:
            self._work.ask(f"{tracked.order.id} is to be cancelled, and its number is not known")
            return
        try:
            link.ib.client.cancelOrder(tracked.order_id)
        except ConnectionError:
            return
        tracked.cancel_sent = self._work.seconds()

    def _expiry(self) -> int:
        return self._work.clock.now() + int(self._stale * SECOND)


def check(order: Order, work: Work) -> None:
    """Refuse what cannot be sent at all.

    Raises:
        ContractError: its contract is not known, or cannot be traded.
    """
    check_tradable(work.book.by_key(order.symbol).instrument)
