"""Wire: our orders as orders of backtrader's broker, and what it says of them."""

from __future__ import annotations

__all__ = ["Wire"]

from collections.abc import Iterator, Mapping
from typing import Any

from framework.domain.orders import OrderType
from framework.referee.back import MeteredBroker
from framework.referee.clock import Clock
from framework.referee.feed import naive_of
from framework.referee.ticket import Ticket
from framework.referee.translate import EXEC_TYPES


class Wire:
    """Sends tickets to backtrader's broker, takes them out of it again, and hears what it answers.

    Args:
        clock: the present instant.
    """

    back: MeteredBroker

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._owner: Any = None
        self._datas: Mapping[str, Any] = {}
        self._leaders: dict[str, Any] = {}
        self._by_ref: dict[int, Ticket] = {}
        self._heard: list[Any] = []

    def attach(self, owner: object, datas: Mapping[str, object]) -> None:
        """Cerebro is ready: its strategy, and its data feeds by symbol."""
        self._owner, self._datas = owner, datas

    def positions(self) -> Iterator[tuple[str, Any, Any]]:
        """Symbol, data feed and backtrader's position of every instrument."""
        for symbol, data in self._datas.items():
            yield symbol, data, self.back.getposition(data)

    def hear(self, order: object) -> None:
        """A change of one of backtrader's orders."""
        self._heard.append(order)

    def heard(self) -> Iterator[tuple[Ticket, Any]]:
        """Every change of an order heard of since the last call."""
        while (order := self.back.get_notification()) is not None:
            self.hear(order)
        heard, self._heard = self._heard, []
        for order in heard:
            ticket = self._by_ref.get(order.ref)
            if ticket is not None:
                yield ticket, order

    def ticket_of(self, theirs: Any) -> Ticket | None:
        """The ticket one of backtrader's orders stands for."""
        return self._by_ref.get(theirs.ref)

    def forget(self) -> None:
        """Know nothing of the orders sent so far."""
        self._by_ref.clear()
        self._leaders.clear()

    def forget_answers(self) -> None:
        """Do not hear what backtrader has answered so far."""
        while self.back.get_notification() is not None:
            continue
        self._heard.clear()

    def send(self, ticket: Ticket, check: bool = True) -> None:
        """Send an order by itself.

        Args:
            ticket: what to send.
            check: whether backtrader has yet to accept it.
        """
        ticket.theirs = self._made(ticket, None, check)
        self._note(ticket)

    def join(self, child: Ticket, entry: Any, check: bool = True) -> None:
        """Send an order as a child of backtrader's order `entry`, into a bracket that may be there
        already, and may be over.

        backtrader wants brackets complete: given a late child, it would send all of them again.
        """
        self.back.reopen(entry)
        child.theirs = self._made(child, entry, check)
        self.back.transmit(child.theirs, check=check)
        if not entry.alive():
            child.theirs.activate()
        self._note(child)

    def _made(self, ticket: Ticket, entry: Any, check: bool) -> Any:
        """backtrader's order, sent unless it is a child."""
        order = ticket.order
        ticket.ends = self._clock.end_of(order)
        deal = self.back.buy if order.side > 0 else self.back.sell
        return deal(
            owner=self._owner,
            data=self._datas[order.symbol],
            size=order.quantity,
            exectype=EXEC_TYPES[order.type],
            valid=None if ticket.ends is None else naive_of(ticket.ends),
            oco=None if order.oca is None else self._leaders.get(order.oca),
            parent=entry,
            transmit=entry is None,
            _checksubmit=check,
            **ticket.prices(),
        )

    def _note(self, ticket: Ticket) -> None:
        order = ticket.order
        if order.oca is not None:
            self._leaders.setdefault(order.oca, ticket.theirs)
        self._by_ref[ticket.theirs.ref] = ticket
        ticket.sent = self._clock.instant
        ticket.amend()
        if order.type is OrderType.MARKET_ON_CLOSE:
            ticket.close_at(self._clock.next_close(order.symbol))

    def waits(self, ticket: Ticket) -> bool:
        """Whether backtrader has not looked at the order yet; it cannot cancel it then."""
        return ticket.theirs in self.back.submitted

    def withdraw(self, ticket: Ticket) -> None:
        """Take an order out of backtrader."""
        theirs = ticket.theirs
        if theirs is not None and not self.back.cancel(theirs) and self.waits(ticket):
            self.back.submitted.remove(theirs)
