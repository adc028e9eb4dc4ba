"""The one order door: every order of every strategy is rounded, judged, named and sent here."""

from __future__ import annotations

__all__ = ["Door"]

from collections import deque
from collections.abc import Callable, Sequence

from framework.domain.events import BrokerEvent, OrderUpdate, Refused
from framework.domain.ledger import Ledger
from framework.domain.orders import Order, OrderRequest, OrderStatus
from framework.engine.changes import request_of, rounded, unchangeable, with_opening
from framework.engine.judge import Judge
from framework.engine.slot import Slot
from framework.engine.ticket import Ticket
from framework.engine.verdict import Verdict
from framework.ports import Broker, Preview


class Door:
    """Lets orders out; its blotter keeps their state and folds what comes back.

    Args:
        broker: where orders go.
        judge: decides what may leave.

    Attributes:
        judge: the same.
        blotter: every order, and what the broker said of it.
        sent: number of orders let out.
    """

    def __init__(self, broker: Broker, judge: Judge) -> None:
        self._broker = broker
        self.judge = judge
        self.blotter = judge.blotter
        self.sent = 0
        self._inbox: deque[BrokerEvent] = deque()

    @property
    def now(self) -> int:
        """Nanoseconds UTC of this instant."""
        return self.judge.now

    def use(self, broker: Broker) -> None:
        """Send orders to another broker from here on."""
        self._broker = broker

    def open_for(self, slots: Sequence[Slot], spare_cash: float) -> None:
        """Name the slots of the account, and its cash that none of them was given."""
        self.blotter.slots = tuple(slots)
        self.blotter.spare = Ledger(spare_cash, {})

    def place(self, slot: Slot, request: OrderRequest) -> Order | Refused:
        """Let an order out, or say why not.

        The part of it that closes a position passes even when the rest is refused.

        Raises:
            OrderError: for a request no broker could take.
        """
        early = self.judge.too_early(slot, request)
        if early is not None:
            return early
        verdict = self.judge.verdict(slot, request)
        self.blotter.refused.extend(verdict.refused)
        if verdict.order is None:
            return verdict.refused[-1]
        return self._send(slot, verdict.order, verdict)

    def preview(self, slot: Slot, request: OrderRequest) -> Preview:
        """What this order would do to the account; nothing is sent and nothing noted.

        Raises:
            OrderError: for a request no broker could take.
        """
        return self.judge.preview(slot, request)

    def cancel(self, order_id: str) -> None:
        """Ask for a cancel; its proof comes back through `settle`."""
        ticket = self.blotter.find(order_id)
        if ticket is not None and ticket.status is not OrderStatus.CANCELLING:
            ticket.status = OrderStatus.CANCELLING
            self._broker.cancel(order_id)

    def replace(self, order: Order) -> None:
        """Change the prices or the quantity of a working order, unjudged: protection only."""
        ticket = self.blotter.find(order.id)
        if ticket is not None:
            ticket.order = order
            self.blotter.touch(ticket)
            self._broker.replace(order)
            self.settle()

    def modify(self, slot: Slot, order: Order) -> Order | Refused:
        """Change quantity, prices or time in force of a working order, judged like a new one.

        Args:
            slot: whose order it is.
            order: as it shall be; id, side and type stay.
        """
        ticket = self.blotter.find(order.id)
        wanted = request_of(order)
        if ticket is None or ticket.slot is not slot:
            return self._refuse_here(slot, wanted, "not_working", f"{order.id} is done")
        reason = unchangeable(ticket, order)
        if reason:
            return self._refuse_here(slot, wanted, "modify", reason)
        order = rounded(order, slot.instrument(order.symbol))
        judged = self.judge.change(slot, ticket, order)
        if isinstance(judged, Refused):
            self.blotter.refused.append(judged)
            return judged
        ticket.order = with_opening(ticket.order, order, ticket.opening, judged)
        ticket.opening = judged
        self.blotter.touch(ticket)
        self._broker.replace(ticket.order)
        self.settle()
        return ticket.order

    def send_child(self, slot: Slot, order: Order) -> None:
        """Send a protective order for a position already held."""
        self._record(slot, order, 0.0, None)
        self._broker.submit([order])
        self.settle()

    def after_cancels(self, order_ids: Sequence[str], action: Callable[[], None]) -> None:
        """Cancel these orders and run `action` once all of them are proven done."""
        pending = self.blotter.when_done(order_ids, action)
        for order_id in order_ids:
            self.cancel(order_id)
        if pending:
            self.settle()
        else:
            action()

    def settle(self) -> bool:
        """Fold everything the broker has reported, oldest first; hooks are told later, from the
        notices.

        Returns:
            Whether there was anything.
        """
        anything = False
        self._inbox.extend(self._broker.poll())
        while self._inbox:
            anything = True
            event = self._inbox.popleft()
            self.blotter.fold(event)
            if isinstance(event, OrderUpdate):
                self._insist(event.order.id)
            if not self._inbox:
                self._inbox.extend(self._broker.poll())
        return anything

    def _insist(self, order_id: str) -> None:
        """Ask again for a cancel the broker did not take, where something waits for it."""
        if self.blotter.awaits(order_id):
            self.cancel(order_id)

    def _send(self, slot: Slot, order: Order, verdict: Verdict) -> Order:
        slot.orders += 1 + len(verdict.children)
        self._record(slot, order, verdict.opening, verdict.protection.max_bars)
        slot.orders_today += 1
        self.sent += 1
        for child in verdict.children:
            self._record(slot, child, 0.0, None)
        self._broker.submit([order, *verdict.children])
        self.settle()
        return order

    def _record(self, slot: Slot, order: Order, opening: float, max_bars: int | None) -> None:
        status = OrderStatus.SENT if order.parent is None else OrderStatus.HELD
        ticket = Ticket(slot, order, status, opening, self.now, max_bars=max_bars)
        self.blotter.record(ticket)

    def _refuse_here(self, slot: Slot, request: OrderRequest, rule: str, reason: str) -> Refused:
        return self.refuse(request, slot.price(request.symbol), rule, reason)

    def refuse(self, request: OrderRequest, price: float, rule: str, reason: str) -> Refused:
        """Note an intent that never became an order."""
        refusal = self.judge.refusal(request, price, rule, reason)
        self.blotter.refused.append(refusal)
        return refusal
