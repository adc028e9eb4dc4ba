"""Brokers of a live session: one that journals what passes through it, and one that answers from
the journal during recovery.

An intent is durable before the broker is told of it, a report before the engine is. Recovery runs
the same core over the same inputs with the `ReplayBroker` behind the door: it must decide the same
again, intent by intent. Only what it decides after the last row was never sent, and is handed over
as pending. Then the door is given the `JournalledBroker`, which goes on counting polls where the
replay ended (`resume`).
"""

from __future__ import annotations

__all__ = ["Holds", "JournalledBroker", "Quotes", "Recovered", "ReplayBroker", "is_exit"]

import logging
from collections.abc import Callable, Iterable, Sequence

from framework.domain.events import BrokerEvent, OrderUpdate
from framework.domain.ledger import Ledger
from framework.domain.orders import CLOSING, Order, OrderStatus
from framework.engine.journal import Journal
from framework.engine.journal_differences import told
from framework.engine.journal_errors import JournalError, NotSentError
from framework.engine.journal_replay import Recovered, ReplayBroker
from framework.engine.journal_rows import (
    Cancel,
    Cleared,
    EventBatch,
    Intent,
    Replace,
    SeenQuote,
    Submit,
    Unsent,
)
from framework.ports import Broker

_log = logging.getLogger("slipway.journal")

Quotes = Callable[[str], SeenQuote | None]
"""The best prices of a symbol as they are known now."""
Holds = Callable[[Sequence[Order]], bool]
"""Whether an entry and its children may not be sent yet."""


def is_exit(order: Order) -> bool:
    """Whether an order can only close what is held: it must go out whatever happens."""
    return order.reduce_only or order.origin in CLOSING or order.parent is not None


class JournalledBroker:
    """A broker whose traffic is journalled: intents before they are sent, reports before they are
    acted upon.

    What cannot be journalled is not sent. The exception are cancels and orders that can only close
    a position: holding them back would keep a risk nobody wants. They go out, and their rows are
    written from the journal's ballast, or later (see `Journal.insist`).

    Args:
        broker: where orders go.
        journal: where they are written first.
        clock: nanoseconds UTC, the session's.
        session: the trading day now, as days since 1970-01-01.
        quotes: best prices, written beside each order.
        holds: whether the broker sends an entry and its children only once they are cleared; no
            order is held without it.

    Attributes:
        polls: number of polls made so far.
    """

    def __init__(
        self,
        broker: Broker,
        journal: Journal,
        clock: Callable[[], int],
        session: Callable[[], int],
        quotes: Quotes | None = None,
        holds: Holds | None = None,
    ) -> None:
        self._holds = holds
        self._broker = broker
        self._journal = journal
        self._clock = clock
        self._session = session
        self._quotes = quotes
        self._waiting: list[BrokerEvent] = []
        self.polls = 0

    # the Broker port ------------------------------------------------------------------------

    def submit(self, orders: Sequence[Order]) -> None:
        """Journal an entry and its children, then send them.

        Raises:
            NotSentError: they could not be journalled, so they were not sent; the next poll says
                that they were rejected.
        """
        self._submit(tuple(orders), False)

    def replace(self, order: Order) -> None:
        """Journal a change, then send it.

        Raises:
            NotSentError: it could not be journalled, so it was not sent; the order works on as it
                was.
        """
        self._replace(order, False)

    def cancel(self, order_id: str) -> None:
        """Journal a cancel, then send it; it is sent even if it cannot be journalled."""
        self._cancel(order_id, False)

    def poll(self) -> Sequence[BrokerEvent]:
        """What the broker reports, once it is journalled."""
        self.polls += 1
        events = (*self._waiting, *self._broker.poll())
        self._waiting.clear()
        if events:
            self._journal.insist(EventBatch(self._clock(), self.polls, events))
        return events

    def book(self) -> Ledger:
        """The broker's book."""
        return self._broker.book()

    def let_out(self, orders: Sequence[Order], words: str) -> None:
        """Journal that held orders are about to be sent, and why they may.

        Raises:
            JournalError: it could not be journalled; they may not be sent.
        """
        names = tuple(order.id for order in orders)
        self._journal.append(Cleared(self._clock(), self._session(), names, words))

    # recovery -------------------------------------------------------------------------------

    def resume(self, recovered: Recovered) -> None:
        """Go on where a replay ended: before the first poll, and before anything is sent."""
        self.polls = recovered.polls
        if recovered.fresh:
            self._journal.append(*recovered.fresh)

    def perform(self, intent: Intent) -> None:
        """Send an intent that a replay left pending."""
        match intent:
            case Submit():
                self._submit(intent.orders, True)
            case Replace():
                self._replace(intent.order, True)
            case Cancel():
                self._cancel(intent.order, True)

    def drop(self, intent: Intent, reason: str) -> None:
        """Never send an intent that a replay left pending; its orders are reported as rejected."""
        self._journal.append(Unsent(self._clock(), intent, reason, raised=False))
        self._reject(intent, reason)

    def inject(self, events: Sequence[BrokerEvent]) -> None:
        """Let the next poll report these first, such as what a reconciliation found."""
        self._waiting.extend(events)

    # sending --------------------------------------------------------------------------------

    def _submit(self, orders: tuple[Order, ...], late: bool) -> None:
        quotes = self._seen(order.symbol for order in orders)
        held = self._holds is not None and self._holds(orders)
        intent = Submit(self._clock(), self._session(), orders, quotes, late, held)
        self._write(intent, all(is_exit(order) for order in orders))
        self._broker.submit(orders)

    def _replace(self, order: Order, late: bool) -> None:
        quotes = self._seen((order.symbol,))
        self._write(Replace(self._clock(), self._session(), order, quotes, late), is_exit(order))
        self._broker.replace(order)

    def _cancel(self, order_id: str, late: bool) -> None:
        self._write(Cancel(self._clock(), self._session(), order_id, late), True)
        self._broker.cancel(order_id)

    def _write(self, intent: Intent, is_urgent: bool) -> None:
        try:
            self._journal.append(intent)
        except JournalError as error:
            if is_urgent:
                _log.critical("%s Sent all the same, for it closes: %s", error, told(intent))
                self._journal.insist(intent)
                return
            self._journal.insist(Unsent(self._clock(), intent, str(error), not intent.late))
            self._reject(intent, "it could not be journalled")
            raise NotSentError(
                f"Not sent, for it cannot be journalled: {told(intent)}.", str(error)
            ) from error

    def _reject(self, intent: Intent, reason: str) -> None:
        if isinstance(intent, Submit):
            time, words = self._clock(), f"never sent: {reason}"
            self._waiting += [
                OrderUpdate(order, OrderStatus.REJECTED, time, words) for order in intent.orders
            ]

    def _seen(self, symbols: Iterable[str]) -> tuple[SeenQuote, ...]:
        if self._quotes is None:
            return ()
        found = (self._quotes(symbol) for symbol in dict.fromkeys(symbols))
        return tuple(quote for quote in found if quote is not None)
