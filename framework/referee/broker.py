"""CerebroBroker: backtrader's own broker behind our Broker port."""

from __future__ import annotations

__all__ = ["CerebroBroker"]

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from math import inf
from typing import Any

import backtrader as bt

from framework.backtest.settings import BacktestSettings
from framework.domain.bars import Bars
from framework.domain.events import BrokerEvent, Commission, Fill, OrderUpdate
from framework.domain.instruments import Instrument
from framework.domain.ledger import Ledger, Position
from framework.domain.orders import DONE, Order, OrderStatus, OrderType, TimeInForce
from framework.referee.back import CREDIT, back_broker
from framework.referee.clock import Clock
from framework.referee.cover import Cover, Standing
from framework.referee.fees import FeeMeter
from framework.referee.ticket import Ticket
from framework.referee.translate import (
    TRAILING,
    check_parts,
    costs_of,
    missing,
    priced_from,
    trailed_to,
)
from framework.referee.wire import Wire

_ENDS = {
    bt.Order.Canceled: (OrderStatus.CANCELLED, "its group has traded"),
    bt.Order.Expired: (OrderStatus.EXPIRED, "its time is over"),
    bt.Order.Margin: (OrderStatus.REJECTED, "not enough cash"),
    bt.Order.Rejected: (OrderStatus.REJECTED, "rejected"),
}
_NOT_TAKEN = (bt.Order.Submitted, bt.Order.Rejected)


class CerebroBroker:
    """Our orders, matched by backtrader. Cerebro moves the time; `advance` takes in what it did.

    What backtrader leaves to the strategy is done here: protective orders are sent when their entry
    fills, cover what is left of it and die with it, and order prices stay on the tick.

    Args:
        bars: what trades, in subscription order.
        settings: the parts of the run.

    Raises:
        ConfigError: backtrader lacks a part of the settings.

    Attributes:
        back: backtrader's broker.
        linked: whether brackets are backtrader's own, whose children do not depend on what is held.
    """

    def __init__(self, bars: Sequence[Bars], settings: BacktestSettings) -> None:
        check_parts(bars, settings)
        self._bars = {one.symbol: one for one in bars}
        self._clock = Clock(bars)
        self._wire = Wire(self._clock)
        self._cash = settings.cash
        self._costs = costs_of(settings)
        self._tickets: dict[str, Ticket] = {}
        self._ended: dict[str, Ticket] = {}
        self._refused: set[str] = set()
        self.linked = settings.policy.brackets == "linked"
        self._cover = Cover(self._bars, self.linked)
        self._events: list[BrokerEvent] = []
        self._credit = CREDIT if settings.policy.cash_check == "door" else 0.0
        self._proceeds_free = settings.policy.short_proceeds == "free"
        self._meter = FeeMeter(settings.commission, self._clock.day)
        self.back = back_broker(
            bars, settings, self._meter, self._credit, self._tradable, self._traded
        )
        self._wire.back = self.back

    # Cerebro's side ------------------------------------------------------------------------

    def attach(self, owner: object, datas: Mapping[str, object]) -> None:
        """Cerebro is ready: its strategy, and its data feeds by symbol."""
        self._wire.attach(owner, datas)

    @property
    def is_watched(self) -> bool:
        """Whether it may have news although no order works: never."""
        return False

    def hear(self, order: object) -> None:
        """A change of one of backtrader's orders."""
        self._wire.hear(order)

    def advance(self, instant: int) -> None:
        """Take in what backtrader did in the bars that close at this instant."""
        self._clock.instant = instant
        self._listen()
        self._keep_protection()
        for ticket in self._tickets.values():
            self._take_over(ticket)
        for ticket in tuple(self._tickets.values()):
            self._close_bar(ticket)
        self._listen()

    # the Broker port -----------------------------------------------------------------------

    def submit(self, orders: Sequence[Order]) -> None:
        """Send an entry and, where brackets are linked, its children; others wait for its fill."""
        self._clock.go_to(orders[0].time)
        for order in orders:
            self._tickets[order.id] = Ticket(order)
        for order in orders:
            if order.id in self._tickets:
                self._receive(self._tickets[order.id])
        self._listen()
        if orders[0].parent is not None:
            self._keep_protection()

    def _receive(self, ticket: Ticket) -> None:
        """Send an order, hold it back for its entry, or end it without one."""
        order = ticket.order
        reason = missing(order)
        if reason:
            self._refused.add(order.id)
            self._end(ticket, OrderStatus.REJECTED, reason)
        elif order.parent in self._refused:
            self._end(ticket, OrderStatus.REJECTED, "backtrader does not have its entry")
        elif order.parent in self._tickets:
            self._report(ticket, OrderStatus.HELD, "")
            if self.linked:
                self._hand_over(ticket)
        else:
            self._send(ticket, order.decision_price)

    def replace(self, order: Order) -> None:
        """Change quantity or prices in place; backtrader has no word for it."""
        ticket = self._tickets.get(order.id)
        if ticket is None:
            return
        old = ticket.order
        moves = order.type in TRAILING and old.stop is not None
        ticket.order = replace(order, stop=old.stop, limit=old.limit) if moves else order
        if ticket.theirs is not None:
            if order.stop != old.stop and order.type is OrderType.STOP_LIMIT:
                ticket.triggered = ticket.theirs.triggered = False
            if ticket.is_sent and order.trail != old.trail and not ticket.triggered:
                self._follow(ticket)
            ticket.amend()
        self._report(ticket, ticket.status, "replaced")

    def cancel(self, order_id: str) -> None:
        """Cancel at once; the proof is in the next `poll`.

        backtrader cannot cancel what it has not accepted yet: such an order stays.
        """
        ticket = self._tickets.get(order_id)
        if ticket is not None and not self._wire.waits(ticket):
            self._end(ticket, OrderStatus.CANCELLED, "cancelled")
            self._listen()

    def poll(self) -> Sequence[BrokerEvent]:
        """Everything that happened since the last call, oldest first."""
        events, self._events = tuple(self._events), []
        return events

    def book(self) -> Ledger:
        """backtrader's own account of cash and positions."""
        multipliers = {s: one.instrument.multiplier for s, one in self._bars.items()}
        ledger = Ledger(self._cash, multipliers)
        for symbol, _, held in self._wire.positions():
            ledger.positions[symbol] = Position(
                symbol, float(held.size), float(held.price), multipliers[symbol]
            )
        ledger.cash = float(self.back.get_cash()) - self._aside(ledger)
        return ledger

    def _aside(self, book: Ledger) -> float:
        """What backtrader's cash has more than `book`: credit, less what it holds back for shorts,
        their proceeds and as much again, if they are not free."""
        if self._proceeds_free:
            return self._credit
        shorts = (one for one in book.positions.values() if one.is_short)
        return self._credit + 2.0 * sum(one.value(one.average_price) for one in shorts)

    # going on from another broker's standing ---------------------------------------------------

    def align(self, standing: Standing) -> None:
        """Forget our own account and orders, and go on from another broker's."""
        self.back.set_cash(standing.book.cash + self._aside(standing.book))
        for symbol, data, position in self._wire.positions():
            held = standing.book.positions[symbol]
            position.fix(held.quantity, held.average_price)
            position.datetime = data.datetime.datetime() if held.quantity else None
        self.adopt(standing.cover)
        for ticket in self._tickets.values():
            self._wire.withdraw(ticket)
        self._wire.forget()
        self._ended |= self._tickets
        self._tickets = {
            order.id: Ticket(order, status, filled=filled)
            for order, status, filled in standing.alive
            if not missing(order)
        }
        alive = {order.id for order, _, _ in standing.alive}
        self._refused = alive - self._tickets.keys()
        for ticket in self._tickets.values():
            self._resume(ticket, self._ended.get(ticket.order.id), ticket.order.parent in alive)
        self._wire.forget_answers()
        self._events.clear()

    def adopt(self, cover: Cover) -> None:
        """Go on from another broker's view of which entry opened what: fills of one bar in another
        sequence leave other lots behind."""
        self._cover = deepcopy(cover)

    def _resume(self, ticket: Ticket, known: Ticket | None, waits: bool) -> None:
        """Send an order again as we knew it before, unless it still waits for its entry; what
        backtrader has yet to accept it still has to."""
        order, is_new = ticket.order, ticket.status is OrderStatus.SENT
        if waits:
            ticket.status = OrderStatus.HELD
            if not self.linked or order.parent not in self._tickets:
                return
        ticket.woke = self._clock.instant if known is None or known.woke < 0 else known.woke
        if known is not None and ticket.woke < self._clock.instant and order.type in TRAILING:
            ticket.order = replace(order, stop=known.order.stop, limit=known.order.limit)
        if known is None or not known.triggered:
            self._follow_bar(ticket)
        self._hand_over(ticket, check=is_new)
        if known is not None:
            ticket.triggered = ticket.theirs.triggered = known.triggered

    def _follow_bar(self, ticket: Ticket) -> None:
        """Let a trailing stop follow the bar it would have lived through here."""
        if self.linked:
            fresh = self._clock.is_fresh(ticket.order.symbol)
            if not fresh or ticket.woke == self._clock.instant:
                return
        self._follow(ticket)

    def triggered(self) -> frozenset[str]:
        """Ids of the stop-limits that have become limit orders."""
        return frozenset(i for i, ticket in self._tickets.items() if ticket.triggered)

    def early(self) -> tuple[tuple[Order, str], ...]:
        """What a bar that was not new has done to orders without filling them."""
        return tuple(
            (ticket.order, what)
            for ticket in self._tickets.values()
            if ticket.is_sent
            for what in self._early(ticket)
        )

    def _early(self, ticket: Ticket) -> Iterator[str]:
        if ticket.theirs.triggered and not ticket.triggered:
            yield "triggered by an old bar"
        if ticket.order.type in TRAILING and ticket.order.stop != self._moved(ticket).stop:
            yield "moved by an old bar"

    # sending ---------------------------------------------------------------------------------

    def _send(self, ticket: Ticket, price: float) -> None:
        """Send an order that may match from now on; its distances, if it has any, count from
        `price`."""
        ticket.order = self._priced(ticket.order, price)
        ticket.woke = self._clock.instant
        self._hand_over(ticket)
        self._listen()
        if ticket.status not in DONE:
            self._report(ticket, OrderStatus.WORKING, "")

    def _hand_over(self, ticket: Ticket, check: bool = True) -> None:
        """Make backtrader's order: of a linked child, one of the bracket of its entry."""
        parent = ticket.order.parent or ""
        entry = self._tickets.get(parent) or self._ended.get(parent)
        if self.linked and entry is not None and entry.theirs is not None:
            self._wire.join(ticket, entry.theirs, check)
        else:
            self._wire.send(ticket, check)

    def _wake(self, parent: Ticket) -> None:
        """Price what protects an entry that has just filled, and send it unless it is linked."""
        covered = self._cover.left(parent.order, parent.order.id)
        for child in self._children(parent):
            if self.linked:
                child.order = self._priced(child.order, parent.average)
                child.woke = self._clock.instant
                child.amend()
                self._report(child, OrderStatus.WORKING, "")
            elif covered == 0.0:
                self._end(child, OrderStatus.CANCELLED, "its entry opened nothing")
            else:
                child.order = replace(child.order, quantity=covered, fraction=None)
                child.order = self._priced(child.order, parent.average)
                self._follow(child)
                self._send(child, parent.average)

    # hearing ---------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Take in what backtrader has answered so far."""
        for ticket, order in self._wire.heard():
            for bit in order.executed.iterpending():
                self._fill(ticket, float(bit.size), float(bit.price), float(bit.comm))
            if order.status == bt.Order.Completed:
                self._complete(ticket)
            elif order.status in _ENDS:
                self._end(ticket, *_ENDS[order.status])

    def _fill(self, ticket: Ticket, quantity: float, price: float, fee: float) -> None:
        order = ticket.order
        ticket.executions += 1
        ticket.filled += abs(quantity)
        ticket.value += abs(quantity) * price
        slips = order.type not in (OrderType.LIMIT, OrderType.MARKET_ON_CLOSE)
        reference = self._costs.before(price, order.side) if slips else price
        fill_id = f"{order.id}/{ticket.executions}"
        fill = Fill(fill_id, order, self._clock.now, quantity, price, reference)
        self._events += (fill, Commission(fill_id, order.symbol, fee, self._clock.now))

    def _complete(self, ticket: Ticket) -> None:
        """End an order that has traded all it may, and send what protects it."""
        if self._children(ticket):
            self._wake(ticket)
        order = ticket.order
        if ticket.filled >= order.quantity or order.reduce_only or order.parent is not None:
            ticket.order = replace(order, quantity=ticket.filled)
            self._end(ticket, OrderStatus.FILLED, "")
        else:
            self._end(ticket, OrderStatus.CANCELLED, "the rest was not covered")

    def _complete_capped(self, ticket: Ticket) -> None:
        """End an order that may trade no more than it has."""
        self._wire.withdraw(ticket)
        self._complete(ticket)

    def _close_bar(self, ticket: Ticket) -> None:
        """What the end of a bar means for one order."""
        if not ticket.is_sent:
            return
        held = self._cover.held(ticket.order.symbol)
        if ticket.filled > 0.0 and self._cover.allowed(ticket, held) == 0.0:
            self._complete_capped(ticket)
        elif ticket.order.tif is TimeInForce.DAY and (ticket.ends or inf) <= self._clock.now:
            self._wire.withdraw(ticket)
            self._end(ticket, OrderStatus.EXPIRED, "its day is over")
            self._listen()

    def _take_over(self, ticket: Ticket) -> None:
        """What backtrader changed about an order by itself, if a bar was new; trailing levels go on
        the tick."""
        if not ticket.is_sent:
            return
        fresh = self._clock.is_fresh(ticket.order.symbol)
        if fresh:
            ticket.triggered = bool(ticket.theirs.triggered)
        if ticket.order.type in TRAILING:
            moved = self._moved(ticket)
            if fresh:
                ticket.order = moved
            if moved.stop == ticket.order.stop:
                ticket.amend()

    def _moved(self, ticket: Ticket) -> Order:
        """A trailing order where backtrader, which does not know of ticks, has moved it to."""
        return trailed_to(ticket.order, ticket.theirs.created.price, self._instrument(ticket))

    def _follow(self, ticket: Ticket) -> None:
        """Move the level of a trailing stop after the close of a bar it was not sent in yet."""
        order = ticket.order
        if order.type not in TRAILING or order.stop is None:
            return
        close = self._clock.close(order.symbol)
        moved = self._priced(replace(order, stop=None), close)
        nearer = min if order.side > 0 else max
        if nearer(order.stop, moved.stop or order.stop) != order.stop:
            ticket.order = moved

    # protection ------------------------------------------------------------------------------

    def _keep_protection(self) -> None:
        """Protection dies with what it protects and covers no more than is left of it; an order
        that may only reduce dies when nothing is left to reduce."""
        for ticket in tuple(self._tickets.values()):
            self._look_at(ticket)
            order, reason = ticket.order, ticket.useless
            if reason and ticket.filled > 0.0:
                self._complete_capped(ticket)
            elif reason:
                self._end(ticket, OrderStatus.CANCELLED, reason)
            elif ticket.is_sent and self._cover.protects(order):
                left = self._cover.left(order, order.parent or "")
                if order.quantity - ticket.filled > left:
                    ticket.order = replace(order, quantity=ticket.filled + left)
                    self._report(ticket, ticket.status, "covers what is left")

    def _look_at(self, ticket: Ticket) -> None:
        if ticket.is_sent and not ticket.useless:
            ticket.useless = self._cover.useless(ticket)

    def _tradable(self, theirs: Any, price: float, ago: int) -> float:
        """Units an order may trade now: backtrader's own hook for limited volume."""
        ticket = self._wire.ticket_of(theirs)
        wanted = abs(float(theirs.executed.remsize))
        if ticket is None:
            return wanted
        held = float(self.back.getposition(theirs.data).size)
        return 0.0 if ticket.useless else min(wanted, self._cover.allowed(ticket, held))

    def _traded(self, theirs: Any, quantity: float) -> None:
        """An order has just traded; what has nothing left to do now will not trade any more."""
        ticket = self._wire.ticket_of(theirs)
        if ticket is None:
            return
        ticket.opened += self._cover.fold(ticket.order, quantity)
        if not self.linked:
            for other in self._tickets.values():
                self._look_at(other)

    # parts ------------------------------------------------------------------------------------

    def _end(self, ticket: Ticket, status: OrderStatus, reason: str) -> None:
        if ticket.status in DONE:
            return
        if status in (OrderStatus.CANCELLED, OrderStatus.REJECTED):
            self._wire.withdraw(ticket)
        if ticket.is_sent and self._clock.is_fresh(ticket.order.symbol):
            ticket.triggered = bool(ticket.theirs.triggered)
        self._report(ticket, status, reason)
        self._ended[ticket.order.id] = self._tickets.pop(ticket.order.id)
        self._meter.count(self._instrument(ticket), ticket.filled)
        if ticket.filled == 0.0:
            for child in self._children(ticket):
                refused = child.theirs is not None and child.theirs.status in _NOT_TAKEN
                end = OrderStatus.REJECTED if refused else OrderStatus.CANCELLED
                self._end(child, end, "its entry opened nothing")

    def _children(self, parent: Ticket) -> list[Ticket]:
        """Protective orders still held back."""
        return [
            ticket
            for ticket in self._tickets.values()
            if ticket.order.parent == parent.order.id and ticket.status is OrderStatus.HELD
        ]

    def _report(self, ticket: Ticket, status: OrderStatus, reason: str) -> None:
        ticket.status = status
        self._events.append(OrderUpdate(ticket.order, status, self._clock.now, reason))

    def _priced(self, order: Order, price: float) -> Order:
        """The order with its distances counted from `price`."""
        return priced_from(order, price, self._bars[order.symbol].instrument)

    def _instrument(self, ticket: Ticket) -> Instrument:
        return self._bars[ticket.order.symbol].instrument
