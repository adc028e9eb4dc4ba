"""The blotter: every order that left, what the broker said of it, and the money that moved."""

from __future__ import annotations

__all__ = ["Blotter", "Notice"]

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from framework.domain.events import (
    BrokerEvent,
    CashFlow,
    Commission,
    Fill,
    OrderUpdate,
    Refused,
    Split,
)
from framework.domain.ledger import Ledger, Position
from framework.domain.orders import (
    BROKER_MADE,
    CLOSING,
    DONE,
    Order,
    OrderStatus,
    Origin,
    can_become,
)
from framework.domain.owners import allotted, shares_of
from framework.engine.slot import Slot, TimeStop
from framework.engine.ticket import Ticket
from framework.errors import ReconcileError

_log = logging.getLogger("slipway.door")

Notice = Fill | OrderUpdate

_HEDGING = frozenset({Origin.HEDGE, Origin.EXERCISE})
"""Origins whose units stand against a book of options."""


class Blotter:
    """Keeps the state of every order, and folds what a broker reports into the ledgers.

    Attributes:
        slots: every strategy instance of the account.
        spare: the account's own ledger: cash no slot was given, and flows that belong to none.
        tickets: by order id, in the order they left.
        refused: what never became an order.
        fills, commissions, flows, splits: as reported.
        notices: what the strategies have not been told yet.
        at_work: the orders that may still trade, by id.
        touched: by id, those that have come, changed or gone since somebody emptied it.
    """

    def __init__(self) -> None:
        self.slots: tuple[Slot, ...] = ()
        self.spare = Ledger(0.0, {})
        self.tickets: dict[str, Ticket] = {}
        self.refused: list[Refused] = []
        self.fills: list[Fill] = []
        self.commissions: list[Commission] = []
        self.flows: list[CashFlow] = []
        self.splits: list[Split] = []
        self.notices: list[tuple[Slot, Notice]] = []
        self.at_work: dict[str, Ticket] = {}
        self.touched: dict[str, Ticket] = {}
        self._waiting: list[tuple[set[str], Callable[[], None]]] = []

    def all_working(self) -> tuple[Ticket, ...]:
        """Orders of the whole account that may still trade, oldest first."""
        return tuple(self.at_work.values())

    def working(self, slot: Slot, symbol: str | None = None) -> Iterator[Ticket]:
        """Orders of a slot that may still trade, oldest first."""
        for ticket in tuple(self.at_work.values()):
            if ticket.slot is slot and symbol in (None, ticket.order.symbol):
                yield ticket

    def find(self, order_id: str) -> Ticket | None:
        """The order called `order_id`, if it may still trade."""
        return self.at_work.get(order_id)

    def record(self, ticket: Ticket) -> None:
        """Note an order that is about to leave."""
        self.tickets[ticket.order.id] = ticket
        self.at_work[ticket.order.id] = ticket
        self.touch(ticket)

    def touch(self, ticket: Ticket) -> None:
        """Note that an order has changed: the order itself, its units filled or those it opens."""
        self.touched[ticket.order.id] = ticket

    def when_done(self, order_ids: Sequence[str], action: Callable[[], None]) -> bool:
        """Run `action` once all of these orders are proven done; False if they already are."""
        pending = {order_id for order_id in order_ids if order_id in self.at_work}
        if pending:
            self._waiting.append((pending, action))
        return bool(pending)

    def awaits(self, order_id: str) -> bool:
        """Whether an action waits for this order to be done."""
        return any(order_id in pending for pending, _ in self._waiting)

    def fold(self, event: BrokerEvent) -> None:
        """Take in one report."""
        if isinstance(event, Fill):
            self._fill(event)
        elif isinstance(event, OrderUpdate):
            self._update(event)
        elif isinstance(event, Commission):
            self._charge(event)
        elif isinstance(event, CashFlow):
            self._receive(event)
        else:
            self._split(event)

    def _fill(self, fill: Fill) -> None:
        ticket = self.tickets[fill.order.id]
        slot = ticket.slot
        symbol = fill.symbol
        before = slot.ledger.positions[symbol]
        slot.ledger.apply(fill)
        slot.show(symbol)
        ticket.take(fill.quantity * fill.order.side, fill.price)
        lost = (fill.price - fill.reference) * fill.quantity * before.multiplier
        ticket.slippage += lost * fill.rate
        if fill.order.origin in _HEDGING:
            slot.hedges[symbol] = slot.hedges.get(symbol, 0.0) + fill.quantity
            slot.hedge_cost += lost * fill.rate
        elif fill.order.origin in CLOSING and symbol in slot.hedges:
            slot.hedges[symbol] = _still(slot.hedges[symbol], slot.ledger.positions[symbol])
        ticket.time = fill.time
        ticket.opening = min(ticket.opening, ticket.remaining)
        self.touch(ticket)
        self.fills.append(fill)
        self.notices.append((slot, fill))
        self._track_entry(ticket, before.quantity)

    def _track_entry(self, ticket: Ticket, before: float) -> None:
        """Keep the list of entries behind the present position, and their time stops."""
        slot, order = ticket.slot, ticket.order
        now = slot.ledger.positions[order.symbol].quantity
        entries = slot.entries.setdefault(order.symbol, [])
        if now * before <= 0.0:
            entries.clear()
            slot.time_stops = [t for t in slot.time_stops if t.symbol != order.symbol]
        if now * order.side > 0.0 and order.parent is None and order.id not in entries:
            entries.append(order.id)
            if ticket.max_bars is not None:
                row = len(slot.world.markets[order.symbol]) - 1
                due = TimeStop(order.symbol, row + ticket.max_bars)
                slot.time_stops.append(due)

    def _charge(self, commission: Commission) -> None:
        ticket = self.tickets[commission.fill_id.rsplit("/", 1)[0]]
        ticket.slot.ledger.charge(commission)
        ticket.commission += commission.amount
        if ticket.order.origin is Origin.HEDGE:
            ticket.slot.hedge_cost += commission.amount
        self.commissions.append(commission)

    def _receive(self, flow: CashFlow) -> None:
        holders = self._holders(flow.symbol)
        units = [slot.ledger.positions[flow.symbol].quantity for slot in holders]
        if len(holders) > 1 and sum(units) != 0.0:
            for slot, part in zip(holders, shares_of(flow.amount, units), strict=True):
                slot.ledger.receive(replace(flow, amount=part))
        else:
            self._owner(flow.symbol).receive(flow)
        self.flows.append(flow)

    def _split(self, split: Split) -> None:
        symbol = split.symbol
        holders = self._holders(symbol)
        if len(holders) > 1:
            self._split_among(holders, split)
        else:
            self._owner(symbol).split(split)
        for slot in self.slots:
            if symbol in slot.ledger.positions:
                slot.show(symbol)
        self.splits.append(split)
        for ticket in self.tickets.values():
            if ticket.order.symbol == split.symbol:
                ticket.split(split.ratio, ticket.slot.instrument(split.symbol).lot)
                self.touch(ticket)
                if split.quantity == 0.0:
                    ticket.slot.entries.pop(split.symbol, None)

    def _split_among(self, holders: Sequence[Slot], split: Split) -> None:
        """Whole lots for each, as the broker's own book of them has it."""
        symbol = split.symbol
        holders = sorted(holders, key=lambda slot: slot.name)
        wanted = [slot.ledger.positions[symbol].quantity * split.ratio for slot in holders]
        lot = holders[0].instrument(symbol).lot
        for slot, units in zip(holders, allotted(split.quantity, wanted, lot), strict=True):
            slot.ledger.split(replace(split, quantity=units))

    def _update(self, update: OrderUpdate) -> None:
        ticket = self.tickets.get(update.order.id) or self._adopted(update.order)
        if update.status is not ticket.status and not can_become(ticket.status, update.status):
            _log.warning("%s: %s after %s ignored", update.order.id, update.status, ticket.status)
            return
        ticket.order = update.order
        ticket.opening = min(ticket.opening, ticket.remaining)
        if ticket.first_stop is None:
            ticket.first_stop = update.order.stop
        ticket.status = update.status
        ticket.time = update.time
        ticket.reason = update.reason
        self.notices.append((ticket.slot, update))
        self.touch(ticket)
        if update.status in DONE:
            self.at_work.pop(update.order.id, None)
            self._proven_done(update.order.id)

    def _adopted(self, order: Order) -> Ticket:
        """A ticket for an order the broker made itself."""
        slot = self._holder(order.symbol)
        if slot is None or order.origin not in BROKER_MADE:
            raise ReconcileError(
                f"The broker reported {order.id}, an order that never left the door.",
                "It is not ours: look at the account before trading on.",
            )
        ticket = Ticket(slot, order, OrderStatus.SENT, 0.0, order.time)
        self.record(ticket)
        return ticket

    def _holders(self, symbol: str) -> list[Slot]:
        """The slots that hold an instrument now."""
        return [
            slot
            for slot in self.slots
            if symbol in slot.ledger.positions and not slot.ledger.positions[symbol].is_flat
        ]

    def _holder(self, symbol: str) -> Slot | None:
        """The slot that trades `symbol`; of several the one that holds it."""
        every = [slot for slot in self.slots if symbol in slot.ledger.positions]
        return next(iter([*self._holders(symbol), *every]), None)

    def _owner(self, symbol: str) -> Ledger:
        """The ledger an instrument's money belongs to; the account's own for money of none."""
        slot = self._holder(symbol) if symbol else None
        if slot is None and len(self.slots) == 1:
            slot = self.slots[0]
        return self.spare if slot is None else slot.ledger

    def _proven_done(self, order_id: str) -> None:
        for pending, _ in self._waiting:
            pending.discard(order_id)
        ready = [action for pending, action in self._waiting if not pending]
        self._waiting = [waiting for waiting in self._waiting if waiting[0]]
        for action in ready:
            action()


def _still(hedge: float, position: Position) -> float:
    """What is left of a hedge once another order has closed its instrument, in part or whole."""
    held = position.quantity
    if held * hedge <= 0.0:
        return 0.0
    return hedge if abs(hedge) <= abs(held) else held
