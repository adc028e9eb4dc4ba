"""CerebroBroker: backtrader's own broker behind our Broker port."""

from __future__ import annotations

__all__ = ["CerebroBroker"]

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from math import inf
from typing import Any

import backtrader as bt

from framework.backtest.settings import BacktestSettings
from framework.domain.arithmetic import order_price
from framework.domain.bars import Bars
from framework.domain.events import BrokerEvent, Commission, Fill, OrderUpdate
from framework.domain.instruments import Instrument
from framework.domain.ledger import Ledger, Position
from framework.domain.orders import DONE, Order, OrderStatus, OrderType, TimeInForce
from framework.referee.back import CREDIT, back_broker
from framework.referee.clock import Clock
from framework.referee.cover import Cover, Standing
from framework.referee.fees import FeeMeter
from framework.referee.ticket import TRAILING, Ticket
from framework.referee.translate import costs_of, missing, priced_from
from framework.referee.wire import Wire

_ENDS = {
    bt.Order.Canceled: (OrderStatus.CANCELLED, "its group has traded"),
    bt.Order.Expired: (OrderStatus.EXPIRED, "its time is over"),
    bt.Order.Margin: (OrderStatus.REJECTED, "not enough cash"),
    bt.Order.Rejected: (OrderStatus.REJECTED, "rejected"),
}


class CerebroBroker:
    """Our orders, matched by backtrader. Cerebro moves the time; `advance` takes in what it did.

    What backtrader leaves to the strategy is done here: protective orders are sent when their entry
    fills, cover what is left of it and die with it, and order prices stay on the tick.

    Args:
        bars: what trades, in subscription order.
        settings: the parts of the run.

    Raises:
        ConfigError: backtrader has no slippage like the settings'.
    """

    def __init__(self, bars: Sequence[Bars], settings: BacktestSettings) -> None:
        self._bars = {one.symbol: one for one in bars}
        self._clock = Clock(bars)
        self._wire = Wire(self._clock)
        self._cash = settings.cash
        self._costs = costs_of(settings)
        self._tickets: dict[str, Ticket] = {}
        self._ended: dict[str, Ticket] = {}
        self._linked = settings.policy.brackets == "linked"
        self._cover = Cover(self._bars, self._linked)
        self._events: list[BrokerEvent] = []
        self._credit = CREDIT if settings.policy.cash_check == "door" else 0.0
        self._meter = FeeMeter(settings.commission, self._clock.day)
        self.back = back_broker(bars, settings, self._meter, self._credit, self._tradable)
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
        for ticket in self._tickets.values():
            self._take_over(ticket)
        self._keep_protection()
        for ticket in tuple(self._tickets.values()):
            self._close_bar(ticket)

    # the Broker port -----------------------------------------------------------------------

    def submit(self, orders: Sequence[Order]) -> None:
        """Send an entry and, where brackets are linked, its children; others wait for its fill."""
        self._clock.go_to(orders[0].time)
        known = {*self._tickets, *(order.id for order in orders)}
        for order in orders:
            self._tickets[order.id] = Ticket(order)
        for order in orders:
            ticket = self._tickets.get(order.id)
            if ticket is not None:
                self._receive(ticket, known)
        self._listen()
        if orders[0].parent is not None:
            self._keep_protection()

    def _receive(self, ticket: Ticket, known: Collection[str]) -> None:
        """Send an order, hold it back for its entry, or end it without one."""
        order = ticket.order
        reason = missing(order)
        if reason:
            self._end(ticket, OrderStatus.REJECTED, reason)
        elif order.parent in self._tickets:
            self._report(ticket, OrderStatus.HELD, "")
            if self._linked:
                self._join(ticket)
        elif order.parent in known:
            self._end(ticket, OrderStatus.CANCELLED, "its entry opened nothing")
        else:
            self._send(ticket, order.decision_price)

    def replace(self, order: Order) -> None:
        """Change quantity or prices in place; backtrader has no word for it."""
        ticket = self._tickets.get(order.id)
        if ticket is None:
            return
        moves = order.type in TRAILING and ticket.order.stop is not None
        ticket.order = replace(order, stop=ticket.order.stop) if moves else order
        if ticket.theirs is not None:
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
        ledger.cash = float(self.back.get_cash()) - self._credit
        for symbol, _, held in self._wire.positions():
            ledger.positions[symbol] = Position(
                symbol, float(held.size), float(held.price), multipliers[symbol]
            )
        return ledger

    # going on from another broker's standing ---------------------------------------------------

    def align(self, standing: Standing) -> None:
        """Forget our own account and orders, and go on from another broker's."""
        self.back.set_cash(standing.book.cash + self._credit)
        for symbol, data, position in self._wire.positions():
            held = standing.book.positions[symbol]
            position.fix(held.quantity, held.average_price)
            position.datetime = data.datetime.datetime() if held.quantity else None
        self._cover = deepcopy(standing.cover)
        for ticket in self._tickets.values():
            self._wire.withdraw(ticket)
        self._wire.forget()
        self._ended |= self._tickets
        self._tickets = {
            order.id: Ticket(order, status, filled=filled)
            for order, status, filled in standing.alive
            if not missing(order)
        }
        for ticket in self._tickets.values():
            self._resume(ticket, self._ended.get(ticket.order.id))
        self._wire.forget_answers()
        self._events.clear()

    def _resume(self, ticket: Ticket, known: Ticket | None) -> None:
        """Send an order again as we knew it before; what backtrader has yet to accept still waits
        for that."""
        order, is_new = ticket.order, ticket.status is OrderStatus.SENT
        if order.parent in self._tickets:
            ticket.status = OrderStatus.HELD
        if ticket.status is OrderStatus.HELD and not self._linked:
            return
        if known is not None and known.order.stop is not None and order.type in TRAILING:
            ticket.order = replace(order, stop=known.order.stop)
        ticket.woke = self._clock.instant if known is None or known.woke < 0 else known.woke
        if known is None or not known.triggered:
            self._follow_bar(ticket)
        self._hand_over(ticket, check=is_new)
        if known is not None:
            ticket.triggered = ticket.theirs.triggered = known.triggered

    def _follow_bar(self, ticket: Ticket) -> None:
        """Let a trailing stop follow the bar it would have lived through here."""
        if self._linked:
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
        if ticket.order.type in TRAILING and ticket.order.stop != self._level(ticket):
            yield "moved by an old bar"

    # sending ---------------------------------------------------------------------------------

    def _send_unit(self, entry: Ticket) -> None:
        """Send an order, and with it, where brackets are linked, the children it has."""
        children = self._children(entry) if self._linked else []
        self._send(entry, entry.order.decision_price, transmit=not children)
        for child in children:
            self._give(child, entry.theirs, transmit=child is children[-1])
        self._drain()

    def _send(self, ticket: Ticket, price: float, transmit: bool = True) -> None:
        """Give an order to backtrader; its distances, if it has any, count from `price`."""
        ticket.order = self._priced(ticket, price)
        self._give(ticket, None, transmit)
        ticket.amend()
        if ticket.order.type is OrderType.MARKET_ON_CLOSE:
            ticket.close_at(self._clock.next_close(ticket.order.symbol))
        if transmit:
            self._drain()
        if ticket.status not in DONE:
            self._report(ticket, OrderStatus.WORKING, "")

    def _give(self, ticket: Ticket, parent: object, transmit: bool) -> None:
        """Make backtrader's order. A child without a price yet gets one when its entry fills."""
        order = ticket.order
        ticket.ends = self._clock.end_of(order)
        deal = self.back.buy if order.side > 0 else self.back.sell
        leader = None if order.oca is None else self._leaders.get(order.oca)
        ticket.theirs = deal(
            owner=self._owner,
            data=self._datas[order.symbol],
            size=order.quantity,
            exectype=EXEC_TYPES[order.type],
            valid=None if ticket.ends is None else naive_of(ticket.ends),
            oco=leader,
            parent=parent,
            transmit=transmit,
            _checksubmit=not self._resuming,
            **ticket.prices(),
        )
        if order.oca is not None and leader is None:
            self._leaders[order.oca] = ticket.theirs
        self._by_ref[ticket.theirs.ref] = ticket
        ticket.sent = self._clock.instant

    def _wake(self, parent: Ticket) -> None:
        """Price what protects an entry that has just filled, and send it unless it is linked."""
        covered = self._cover.left(parent.order, parent.order.id)
        for child in self._children(parent):
            if self._linked and child.theirs is not None:
                child.order = self._priced(child, parent.average)
                child.amend()
                self._report(child, OrderStatus.WORKING, "")
            elif covered == 0.0 and not self._linked:
                self._end(child, OrderStatus.CANCELLED, "its entry opened nothing")
            else:
                self._send_late(child, parent.average, covered)

    def _send_late(self, child: Ticket, price: float, covered: float) -> None:
        """Send a child that waited here for its entry's fill at `price`."""
        if not self._linked:
            child.order = replace(child.order, quantity=covered, fraction=None)
        child.order = self._priced(child, price)
        if not self._linked:
            self._follow(child)
        self._send(child, price)

    # hearing ---------------------------------------------------------------------------------

    def _drain(self) -> None:
        """Take in what backtrader answered at once."""
        while (order := self.back.get_notification()) is not None:
            self.hear(order)
        self._listen()

    def _listen(self) -> None:
        heard, self._heard = self._heard, []
        for order in heard:
            ticket = self._by_ref.get(order.ref)
            if ticket is None:
                continue
            for bit in order.executed.iterpending():
                self._fill(ticket, float(bit.size), float(bit.price), float(bit.comm))
            if order.status == bt.Order.Completed:
                self._complete(ticket)
            elif order.status in _ENDS:
                self._end(ticket, *_ENDS[order.status])

    def _fill(self, ticket: Ticket, quantity: float, price: float, fee: float) -> None:
        order = ticket.order
        ticket.opened += self._cover.fold(order, quantity)
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
        self._withdraw(ticket)
        self._complete(ticket)

    def _close_bar(self, ticket: Ticket) -> None:
        """What the end of a bar means for one order."""
        if not ticket.is_sent:
            return
        held = self._cover.held(ticket.order.symbol)
        if ticket.filled > 0.0 and self._allowed(ticket, held) == 0.0:
            self._complete_capped(ticket)
        elif ticket.order.tif is TimeInForce.DAY and (ticket.ends or inf) <= self._clock.now:
            self._withdraw(ticket)
            self._end(ticket, OrderStatus.EXPIRED, "its day is over")
            self._drain()

    def _take_over(self, ticket: Ticket) -> None:
        """What backtrader changed about an order by itself."""
        if ticket.is_sent:
            self._note_trigger(ticket)
            if ticket.order.type in TRAILING:
                self._take_level(ticket)

    def _note_trigger(self, ticket: Ticket) -> None:
        """A trigger counts if a new bar has reached it."""
        if ticket.theirs is not None and self._clock.is_fresh(ticket.order.symbol):
            ticket.triggered = bool(ticket.theirs.triggered)

    def _take_level(self, ticket: Ticket) -> None:
        """Put the level backtrader moved a trailing stop to on the tick, which it does not know."""
        order = ticket.order
        wanted = float(ticket.theirs.created.price)
        tick = self._instrument(ticket).tick_at(wanted)
        ticket.order = replace(order, stop=order_price(wanted, tick, order.side, is_stop=True))
        ticket.amend()

    def _follow(self, ticket: Ticket) -> None:
        """Move the level of a trailing stop after the close of a bar it was not sent in yet."""
        order = ticket.order
        if order.type not in TRAILING or order.stop is None:
            return
        close = self._clock.close(order.symbol)
        moved = priced_from(replace(order, stop=None), close, self._instrument(ticket)).stop
        nearer = min if order.side > 0 else max
        ticket.order = replace(order, stop=nearer(order.stop, moved or order.stop))

    # protection ------------------------------------------------------------------------------

    def _keep_protection(self) -> None:
        """Protection dies with what it protects and covers no more than is left of it; an order
        that may only reduce dies when nothing is left to reduce."""
        for ticket in tuple(self._tickets.values()):
            order = ticket.order
            if not ticket.is_sent or (self._linked and order.parent is not None):
                continue
            reason = self._cover.useless(ticket)
            if reason and ticket.filled > 0.0:
                self._complete_capped(ticket)
            elif reason:
                self._end(ticket, OrderStatus.CANCELLED, reason)
            elif order.parent is not None:
                left = self._cover.left(order, order.parent)
                if order.quantity - ticket.filled > left:
                    ticket.order = replace(order, quantity=ticket.filled + left)
                    ticket.amend()
                    self._report(ticket, ticket.status, "covers what is left")

    def _tradable(self, theirs: Any, price: float, ago: int) -> float:
        """Units an order may trade now: backtrader's own hook for limited volume."""
        ticket = self._by_ref.get(theirs.ref)
        wanted = abs(float(theirs.executed.remsize))
        if ticket is None:
            return wanted
        held = float(self.back.getposition(theirs.data).size)
        return min(wanted, self._allowed(ticket, held))

    def _allowed(self, ticket: Ticket, held: float) -> float:
        """Units an order may still trade; linked children trade theirs whatever is held."""
        if self._linked and ticket.order.parent is not None:
            return inf
        return self._cover.allowed(ticket, held)

    # parts ------------------------------------------------------------------------------------

    def _end(self, ticket: Ticket, status: OrderStatus, reason: str) -> None:
        if ticket.status in DONE:
            return
        if status is OrderStatus.CANCELLED:
            self._withdraw(ticket)
        self._note_trigger(ticket)
        self._report(ticket, status, reason)
        self._ended[ticket.order.id] = self._tickets.pop(ticket.order.id)
        self._meter.count(self._instrument(ticket), ticket.filled)
        if ticket.filled == 0.0:
            for child in self._children(ticket):
                self._end(child, OrderStatus.CANCELLED, "its entry opened nothing")

    def _withdraw(self, ticket: Ticket) -> None:
        """Take an order out of backtrader; one it has not looked at yet is in another queue."""
        theirs = ticket.theirs
        if theirs is not None and not self.back.cancel(theirs) and theirs in self.back.submitted:
            self.back.submitted.remove(theirs)

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

    def _priced(self, ticket: Ticket, price: float) -> Order:
        """The order with its distances counted from `price`."""
        return priced_from(ticket.order, price, self._instrument(ticket))

    def _instrument(self, ticket: Ticket) -> Instrument:
        return self._bars[ticket.order.symbol].instrument
