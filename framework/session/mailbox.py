"""Mailbox: between the synchronous core and a broker whose contracts must be looked up first."""

from __future__ import annotations

__all__ = ["Mailbox"]

from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from framework.domain.events import BrokerEvent
from framework.domain.ledger import Ledger
from framework.domain.orders import Order
from framework.ports import Broker
from framework.session.gate import Gate

Qualify = Callable[[Sequence[str]], Awaitable[None]]
"""Looks symbols up at the broker, so that they can be traded."""

_Intent = tuple[str, Sequence[Order] | Order | str]


class Mailbox:
    """A broker that keeps orders for what it does not know yet until it has been looked up, in the
    order in which they came, and news until somebody asks.

    Args:
        broker: the real one.
        is_known: whether a symbol can be traded.
        qualify: looks up the others.
        serviced: what the broker has traded by itself since the last call.
        gate: holds orders back; None where none are held.

    Attributes:
        pause: where time is stepped, called before news are told while something is on its way: it
            comes back once nothing is. None where time goes by.
    """

    def __init__(
        self,
        broker: Broker,
        is_known: Callable[[str], bool],
        qualify: Qualify,
        serviced: Callable[[], Sequence[BrokerEvent]],
        gate: Gate | None = None,
    ) -> None:
        self._gate = gate
        self._serviced = serviced
        self._broker = broker
        self._is_known = is_known
        self._qualify = qualify
        self.pause: Callable[[], None] | None = None
        self._outgoing: deque[_Intent] = deque()
        self._incoming: deque[BrokerEvent] = deque()

    # the Broker port -------------------------------------------------------------------------

    def submit(self, orders: Sequence[Order]) -> None:
        """Pass an entry and its children on, at once if they can be traded and none is held."""
        if self._gate is not None and self._gate.holds(orders):
            self._gate.take(orders)
        else:
            self._put(("submit", tuple(orders)))

    def replace(self, order: Order) -> None:
        """Pass a change on."""
        if self._gate is not None and self._gate.has(order.id):
            self._gate.refuse_change(order.id)
        else:
            self._put(("replace", order))

    def cancel(self, order_id: str) -> None:
        """Pass a cancel on."""
        if self._gate is not None and self._gate.has(order_id):
            self._gate.withdraw(order_id)
        else:
            self._put(("cancel", order_id))

    def poll(self) -> Sequence[BrokerEvent]:
        """Everything that happened since the last call, oldest first."""
        if self.pause is None:
            self.collect()
        elif self._outgoing:
            self.pause()
        news = tuple(self._incoming)
        self._incoming.clear()
        return news

    def book(self) -> Ledger:
        """The broker's own account of cash and positions."""
        return self._broker.book()

    # the session's side ----------------------------------------------------------------------

    def collect(self) -> bool:
        """Fetch the broker's news and keep them; whether there were any."""
        held = () if self._gate is None else self._gate.news()
        news = (*self._broker.poll(), *self._serviced(), *held)
        self._incoming.extend(news)
        return bool(news)

    @property
    def has_news(self) -> bool:
        """Whether news wait for somebody to ask."""
        return bool(self._incoming)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be passed on."""
        return not self._outgoing and (self._gate is None or self._gate.is_empty)

    async def send(self) -> None:
        """Pass on what is held no longer, look up what is not known, and pass on what has waited
        for it.

        Raises:
            SlipwayError: a contract cannot be looked up.
        """
        for orders in () if self._gate is None else self._gate.released():
            self._put(("submit", orders))
        while self._outgoing:
            unknown = self._unknown(self._outgoing[0])
            if unknown:
                await self._qualify(unknown)
            self._pass(self._outgoing.popleft())

    def close(self, reason: str) -> None:
        """Send nothing that is held, and tell why."""
        if self._gate is not None:
            self._gate.close(reason)
            self.collect()

    def _put(self, intent: _Intent) -> None:
        if self.pause is not None or self._outgoing or self._unknown(intent):
            self._outgoing.append(intent)
        else:
            self._pass(intent)

    def _unknown(self, intent: _Intent) -> tuple[str, ...]:
        verb, what = intent
        if verb != "submit" or not isinstance(what, tuple):
            return ()
        symbols = dict.fromkeys(order.symbol for order in what)
        return tuple(symbol for symbol in symbols if not self._is_known(symbol))

    def _pass(self, intent: _Intent) -> None:
        _, what = intent
        if isinstance(what, str):
            self._broker.cancel(what)
        elif isinstance(what, Order):
            self._broker.replace(what)
        else:
            self._broker.submit(what)
