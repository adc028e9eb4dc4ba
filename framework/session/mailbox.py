"""Mailbox: between the synchronous core and a broker whose contracts must be looked up first."""

from __future__ import annotations

__all__ = ["Mailbox"]

from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from framework.domain.events import BrokerEvent
from framework.domain.ledger import Ledger
from framework.domain.orders import Order
from framework.ports import Broker

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
    ) -> None:
        self._serviced = serviced
        self._broker = broker
        self._is_known = is_known
        self._qualify = qualify
        self.pause: Callable[[], None] | None = None
        self._outgoing: deque[_Intent] = deque()
        self._incoming: deque[BrokerEvent] = deque()

    # the Broker port -------------------------------------------------------------------------

    def submit(self, orders: Sequence[Order]) -> None:
        """Pass an entry and its children on, at once if they can be traded."""
        self._put(("submit", tuple(orders)))

    def replace(self, order: Order) -> None:
        """Pass a change on."""
        self._put(("replace", order))

    def cancel(self, order_id: str) -> None:
        """Pass a cancel on."""
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
        news = (*self._broker.poll(), *self._serviced())
        self._incoming.extend(news)
        return bool(news)

    @property
    def has_news(self) -> bool:
        """Whether news wait for somebody to ask."""
        return bool(self._incoming)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be passed on."""
        return not self._outgoing

    async def send(self) -> None:
        """Look up what is not known and pass on what has waited for it.

        Raises:
            SlipwayError: a contract cannot be looked up.
        """
        while self._outgoing:
            unknown = self._unknown(self._outgoing[0])
            if unknown:
                await self._qualify(unknown)
            self._pass(self._outgoing.popleft())

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
