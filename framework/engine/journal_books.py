"""Journal books: what a journal says of its account, folded from its rows alone, without the
strategy that wrote them."""

from __future__ import annotations

__all__ = ["JournalBooks"]

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from framework.domain.arithmetic import filled_up
from framework.domain.events import BrokerEvent, CashFlow, Commission, Fill, OrderUpdate, Split
from framework.domain.instruments import Instrument
from framework.domain.ledger import Ledger
from framework.domain.orders import BROKER_MADE, DONE, Order, OrderStatus, can_become
from framework.domain.owners import allotted
from framework.engine.journal_facts import UNDONE, Facts, fill_key
from framework.engine.journal_rows import (
    Adopted,
    Cancel,
    EventBatch,
    History,
    Replace,
    Row,
    Started,
    Submit,
)
from framework.engine.reconcile_books import Books, OurOrder

Multiplier = Callable[[str], float]
"""Money per price point of a symbol."""


@dataclass(slots=True, eq=False)
class _Order:
    """An order, as far as the journal has been read."""

    owner: _Owner
    order: Order
    status: OrderStatus
    filled: float = 0.0


@dataclass(slots=True, eq=False)
class _Owner:
    """A strategy instance: what it holds, and the orders that opened it."""

    ledger: Ledger = field(default_factory=lambda: Ledger(0.0, {}))
    entries: dict[str, list[str]] = field(default_factory=dict)

    def quantity(self, symbol: str) -> float:
        """Signed units it holds."""
        position = self.ledger.positions.get(symbol)
        return 0.0 if position is None else position.quantity


class JournalBooks:
    """Folds rows the way the door and its blotter do while a session runs.

    Args:
        multiplier: asked for instruments the journal has no bars of, such as options.

    Attributes:
        facts: what else the rows say.
        instruments: those with bars in the journal, by symbol.
        opening: money the strategies began with together; None where the journal does not say.
        changes: rows so far that changed anything of it.
    """

    def __init__(self, multiplier: Multiplier = lambda _: 1.0) -> None:
        self.facts = Facts()
        self.instruments: dict[str, Instrument] = {}
        self.opening: float | None = None
        self.changes = 0
        self._multiplier = multiplier
        self._owners: dict[str, _Owner] = {}
        self._spare = _Owner()
        self._orders: dict[str, _Order] = {}
        self._fills: list[Fill] = []
        self._paid: set[str] = set()

    def fold(self, rows: Iterable[Row]) -> None:
        """Take in rows, oldest first."""
        for row in rows:
            self.facts.fold(row)
            self._row(row)

    def filled(self, order_id: str) -> float | None:
        """Unsigned units of an order that are booked; None where it is none of the journal's."""
        known = self._orders.get(order_id)
        return None if known is None else known.filled

    def books(self, currency: str) -> Books:
        """What the session that wrote the journal thinks of its account.

        Args:
            currency: of the account.
        """
        facts = self.facts
        started = facts.started
        quantities: dict[str, float] = {}
        held: dict[str, dict[str, float]] = {}
        for name, one in self._owners.items():
            for symbol, position in one.ledger.positions.items():
                held.setdefault(symbol, {})[name] = position.quantity
        entries: dict[str, list[str]] = {}
        for owner in (*self._owners.values(), self._spare):
            for symbol, position in owner.ledger.positions.items():
                quantities[symbol] = quantities.get(symbol, 0.0) + position.quantity
            for symbol, ids in owner.entries.items():
                entries.setdefault(symbol, []).extend(ids)
        fills = {fill_key(one.id): one for one in self._fills if not one.id.endswith(UNDONE)}
        moved = sum(owner.ledger.cash for owner in (*self._owners.values(), self._spare))
        return Books(
            client_id=0 if started is None else started.client_id,
            orders={
                name: OurOrder(
                    one.order,
                    one.status,
                    one.filled,
                    facts.sessions[name],
                    facts.sent_at[name],
                    name in facts.acknowledged,
                    name in facts.let_go,
                )
                for name, one in self._orders.items()
                if name in facts.sent_at
            },
            perm_ids={number: name for name, ids in facts.perm_ids.items() for number in ids},
            fills=fills,
            executions=facts.executions,
            quantities=quantities,
            cash=(self.opening or 0.0) + moved,
            currency=currency,
            baseline=facts.baseline,
            entries=entries,
            shared={symbol: units for symbol, units in held.items() if len(units) > 1},
            uncharged=sum(key not in self._paid for key in fills),
            references=facts.references,
        )

    # rows ------------------------------------------------------------------------------------

    def _row(self, row: Row) -> None:
        match row:
            case Started():
                self.opening = row.cash
            case History():
                self.instruments[row.bars.symbol] = row.bars.instrument
            case Submit():
                for order in row.orders:
                    status = OrderStatus.SENT if order.parent is None else OrderStatus.HELD
                    self._orders[order.id] = _Order(self._owner(order.id), order, status)
            case Replace() if row.order.id in self._orders:
                self._orders[row.order.id].order = row.order
            case Cancel() if row.order in self._orders:
                known = self._orders[row.order]
                if known.status not in DONE:
                    known.status = OrderStatus.CANCELLING
            case EventBatch():
                for event in row.events:
                    self._event(event)
            case _:
                pass
        self.changes += isinstance(row, Submit | Replace | Cancel | EventBatch | Adopted)

    def _owner(self, order_id: str) -> _Owner:
        """Whose an order is: ids begin with the name of who sent it."""
        return self._owners.setdefault(order_id.rpartition("-")[0], _Owner())

    def _event(self, event: BrokerEvent) -> None:
        match event:
            case Fill():
                self._fill(event)
            case OrderUpdate():
                self._update(event)
            case Commission():
                name = event.fill_id.rpartition("/")[0]
                known = self._orders.get(name)
                (self._spare if known is None else known.owner).ledger.charge(event)
                self._paid.add(fill_key(event.fill_id))
            case CashFlow():
                self._spare.ledger.receive(event)
            case Split():
                self._split(event)

    def _fill(self, fill: Fill) -> None:
        known = self._orders.get(fill.order.id) or self._broker_made(fill.order)
        owner, symbol = known.owner, fill.symbol
        before = owner.quantity(symbol)
        owner.ledger.admit(symbol, self._money_per_point(symbol))
        owner.ledger.apply(fill)
        signed = fill.quantity * fill.order.side
        known.filled = filled_up(known.filled, signed, known.order.quantity)
        self._fills.append(fill)
        self._track_entry(owner, known.order, before)

    @staticmethod
    def _track_entry(owner: _Owner, order: Order, before: float) -> None:
        now = owner.quantity(order.symbol)
        entries = owner.entries.setdefault(order.symbol, [])
        if now * before <= 0.0:
            entries.clear()
        if now * order.side > 0.0 and order.parent is None and order.id not in entries:
            entries.append(order.id)

    def _update(self, update: OrderUpdate) -> None:
        known = self._orders.get(update.order.id)
        if known is None:
            if update.order.origin not in BROKER_MADE:
                return  # decided, and never sent
            known = self._broker_made(update.order)
        if update.status is known.status or can_become(known.status, update.status):
            known.order, known.status = update.order, update.status

    def _broker_made(self, order: Order) -> _Order:
        """An order the broker made itself, of whoever holds what it trades."""
        owner = self._holder(order.symbol)
        known = self._orders[order.id] = _Order(owner, order, OrderStatus.SENT)
        return known

    def _holder(self, symbol: str) -> _Owner:
        held = [one for one in self._owners.values() if one.quantity(symbol)]
        every = [one for one in self._owners.values() if symbol in one.ledger.positions]
        return next(iter([*held, *every]), self._spare)

    def _split(self, split: Split) -> None:
        symbol = split.symbol
        names = sorted(name for name, one in self._owners.items() if one.quantity(symbol))
        owners = [self._owners[name] for name in names] or [self._holder(symbol)]
        units = [split.quantity]
        if len(owners) > 1:
            known = self.instruments.get(symbol)
            wanted = [one.quantity(symbol) * split.ratio for one in owners]
            units = list(allotted(split.quantity, wanted, 1.0 if known is None else known.lot))
        for owner, quantity in zip(owners, units, strict=True):
            owner.ledger.admit(symbol, self._money_per_point(symbol))
            owner.ledger.split(replace(split, quantity=quantity))
            if split.quantity == 0.0:
                owner.entries.pop(symbol, None)

    def _money_per_point(self, symbol: str) -> float:
        known = self.instruments.get(symbol)
        return self._multiplier(symbol) if known is None else known.multiplier
