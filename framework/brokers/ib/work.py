"""Work: what all that judge facts share: the orders, what is to be told, what is to be asked."""

from __future__ import annotations

__all__ = ["Work"]

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from framework.brokers.ib.clock import Clock
from framework.brokers.ib.executions import Executions
from framework.brokers.ib.external import External
from framework.brokers.ib.facts import ExecutionSeen
from framework.brokers.ib.listed import Book
from framework.brokers.ib.times import nanoseconds
from framework.brokers.ib.tracked import Register, Tracked
from framework.brokers.simulated.owned import OwnedLots
from framework.calendar import TradingCalendar
from framework.domain.events import BrokerEvent, Fill, OrderUpdate
from framework.domain.orders import (
    DONE,
    Order,
    OrderStatus,
    OrderType,
    TimeInForce,
    can_become,
)
from framework.domain.references import References
from framework.errors import DataError

_log = logging.getLogger("slipway.ib")

_ENDS_WITH_A_DAY = frozenset({TimeInForce.DAY, TimeInForce.OPG})
_SLACK = 60_000_000_000
"""Nanoseconds by which a broker may end an order before its time is over."""


@dataclass(slots=True, eq=False)
class Work:
    """Shared by everything that judges facts.

    Attributes:
        book: contracts.
        clock: the session's.
        zone: of times that name none.
        grace: seconds an update after an execution waits for its commission.
        seconds: real seconds, from any beginning.
        account, client_id: what is traded, and as whom.
        references: what our orders are called at the broker.
        register, executions: our orders and what they traded.
        lots: what our orders opened, by symbol, each strategy's by itself.
        told: events to be polled.
        externals: what others did.
        waiting: orders whose updates wait for commissions.
        stir: called before an execution or the end of an order is judged.
        parked: executions whose order is not known yet.
        asks: why the broker's books are to be looked at; empty if they are not.
        alerts: what somebody ought to look at.
        rates, currency: the broker's rates of other currencies, and the account's currency.
        quoted: asked for a rate first; None where the broker's are the only ones.
    """

    book: Book
    clock: Clock
    zone: str
    grace: float = 0.5
    seconds: Callable[[], float] = time.monotonic
    account: str = ""
    client_id: int = 0
    references: References = field(default_factory=References)
    register: Register = field(default_factory=Register)
    executions: Executions = field(default_factory=Executions)
    lots: dict[str, OwnedLots] = field(default_factory=dict)
    told: list[BrokerEvent] = field(default_factory=list)
    externals: deque[External] = field(default_factory=deque)
    waiting: dict[str, Tracked] = field(default_factory=dict)
    stir: Callable[[Tracked], None] = lambda _: None
    parked: list[ExecutionSeen] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)
    alerts: deque[str] = field(default_factory=deque)
    rates: dict[str, float] = field(default_factory=dict)
    currency: str = ""
    quoted: Callable[[str], float | None] | None = None

    # telling ------------------------------------------------------------------------------

    def update(self, tracked: Tracked, status: OrderStatus, reason: str = "") -> bool:
        """Let an order be in this state, and tell of it; False where its life does not allow it.

        An update that follows from an execution waits a moment for its commission.
        """
        for step in self._steps(tracked.status, status):
            tracked.status = step
            if step in DONE:
                tracked.done_at = self.seconds()
            update = OrderUpdate(tracked.order, step, self.clock.now(), reason)
            if tracked.awaits or tracked.pending:
                tracked.pending.append((update, self.seconds() + self.grace))
                self.waiting[tracked.order.id] = tracked
            else:
                self.told.append(update)
            if step is status:
                return True
        return False

    @staticmethod
    def _steps(status: OrderStatus, new: OrderStatus) -> tuple[OrderStatus, ...]:
        """The way from one state to another; () if there is none."""
        if status is new or can_become(status, new):
            return (new,)
        if status is OrderStatus.HELD and new in _DOUBTFUL:
            return (OrderStatus.SENT, OrderStatus.UNKNOWN, new)[: _DOUBTFUL[new]]
        if new is OrderStatus.ABSENT and can_become(status, OrderStatus.UNKNOWN):
            return (OrderStatus.UNKNOWN, new)
        if new is OrderStatus.CANCELLING and status is OrderStatus.UNKNOWN:
            return ()
        return ()

    def release(self) -> None:
        """Tell the updates that have waited for commissions long enough, or need to no more."""
        now = self.seconds()
        for tracked in tuple(self.waiting.values()):
            self.release_one(tracked, now)

    def release_one(self, tracked: Tracked, now: float) -> None:
        """The same for one order."""
        if tracked.awaits and tracked.pending and now < tracked.pending[0][1]:
            return
        self.waiting.pop(tracked.order.id, None)
        tracked.awaits.clear()
        self.told += [update for update, _ in tracked.pending]
        tracked.pending.clear()

    def ask(self, reason: str) -> None:
        """Have the broker's books looked at."""
        if reason not in self.asks:
            self.asks.append(reason)

    def alert(self, text: str) -> None:
        """Have somebody told."""
        _log.warning("%s", text)
        self.alerts.append(text)

    # whose --------------------------------------------------------------------------------

    def called(self, reference: str) -> Tracked | None:
        """Our order that the broker calls so; None if none of ours is called so."""
        return self.register.get(self.references.inward(reference))

    # ends ---------------------------------------------------------------------------------

    def end(self, tracked: Tracked, reason: str) -> None:
        """The broker has ended an order that did not fill: by a cancel, or by its time."""
        tracked.change = None
        tracked.cancel_sent = None
        expired = not tracked.cancel_wanted and self._is_over(tracked.template, tracked)
        status = OrderStatus.EXPIRED if expired else OrderStatus.CANCELLED
        self.update(tracked, status, reason)

    def _is_over(self, order: Order, tracked: Tracked) -> bool:
        """Whether the time an order was good for has come to its end."""
        now = self.clock.now() + _SLACK
        good_till = order.terms.good_till
        if good_till is not None:
            return now >= nanoseconds(good_till)
        at_close = order.type in (OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE)
        if order.tif not in _ENDS_WITH_A_DAY and not at_close:
            return False
        try:
            close = self._session_close(tracked, order.time + 1)
        except DataError:
            return False
        return now >= close

    def _session_close(self, tracked: Tracked, time: int) -> int:
        calendar = TradingCalendar(tracked.listed.instrument.calendar)
        session = calendar.session_of(np.array([time], dtype=np.int64))
        return int(calendar.session_close_of(session)[0])

    def is_same_session(self, tracked: Tracked, sent: int, now: int) -> bool:
        """Whether two instants belong to the same trading day of an order's instrument."""
        calendar = TradingCalendar(tracked.listed.instrument.calendar)
        try:
            days = calendar.session_of(np.array([sent, now], dtype=np.int64))
        except DataError:
            return False
        return int(days[0]) == int(days[1])

    # money --------------------------------------------------------------------------------

    def rate(self, currency: str) -> float | None:
        """Units of the account's currency for one of another; None where it is not known."""
        if not currency or not self.currency or currency == self.currency:
            return 1.0
        known = None if self.quoted is None else self.quoted(currency)
        return self.rates.get(currency) if known is None else known

    def lot_book(self, symbol: str) -> OwnedLots:
        """What our orders opened of an instrument."""
        return self.lots.setdefault(symbol, OwnedLots())

    def trade(self, fill: Fill) -> None:
        """Let a fill of ours move what our orders hold."""
        order = fill.order
        lots = self.lot_book(fill.symbol).of(order.id)
        tracked = self.register.get(order.id)
        if tracked is not None:
            parts = lots.split(fill.quantity, order.parent)
            tracked.opened += sum(abs(part.quantity) for part in parts if part.opens)
        lots.trade(order.id, fill.quantity, order.parent)

    def quantity(self, tracked: Tracked, quantity: float) -> None:
        """An order is for so many units now."""
        if quantity != tracked.order.quantity and quantity > 0.0:
            tracked.order = replace(tracked.order, quantity=quantity)


_DOUBTFUL = {OrderStatus.UNKNOWN: 2, OrderStatus.ABSENT: 3}
"""States an order that is held can only come to by others, and by how many."""
