"""Order lives: what a journal says of every order, from its decision to its end."""

from __future__ import annotations

__all__ = ["JournalOrders", "OrderLife", "journal_orders"]

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from framework.domain.events import BrokerEvent, Commission, Fill, OrderUpdate
from framework.domain.instruments import Instrument
from framework.domain.orders import DONE, Order, OrderStatus
from framework.engine.journal_rows import (
    Cancel,
    Entry,
    EventBatch,
    History,
    Instant,
    Replace,
    Row,
    SeenQuote,
    Started,
    Submit,
    Unsent,
)
from framework.research.price_tape import PriceTape

_SILENT = frozenset({OrderStatus.SENT, OrderStatus.UNKNOWN})
"""States the broker need not have said anything for."""


@dataclass(slots=True)
class OrderLife:
    """What became of one order. Times are nanoseconds UTC on the session's clock; None is never.

    Attributes:
        order: as it was last changed.
        decision_price: close it was first decided at.
        run: number of the session that sent it.
        sent: when it was sent.
        quote: best prices when it was sent; None where they were not written down.
        acknowledged: when the broker was first heard of it, within the session that sent it.
        first_fill: when its first fill was heard of, within the session that sent it.
        fills: its executions in order; one that was corrected is followed by one that undoes it.
        fees: commission so far, in the account's currency.
        status: its last state; None before the first report.
        ended: when that state became one it never leaves.
    """

    order: Order
    decision_price: float
    run: int
    sent: int | None = None
    quote: SeenQuote | None = None
    acknowledged: int | None = None
    first_fill: int | None = None
    fills: list[Fill] = field(default_factory=list)
    fees: float = 0.0
    status: OrderStatus | None = None
    ended: int | None = None

    @property
    def filled(self) -> float:
        """Unsigned units."""
        return abs(sum(fill.quantity for fill in self.fills))


@dataclass(frozen=True, slots=True)
class JournalOrders:
    """The orders of one journal, and what the market did meanwhile.

    Attributes:
        name: of the journal.
        modes: of its sessions: "shadow", "paper", "live".
        lives: every order, in the order in which they were sent.
        tapes: bars by symbol.
        instruments: those the journal describes, by symbol.
        messages: run and nanoseconds UTC of everything sent: each order, change and cancel.
        on_market_clock: whether its sessions had no clock but the market's own, which stands still
            while an order is on its way.
    """

    name: str
    modes: frozenset[str]
    lives: tuple[OrderLife, ...]
    tapes: Mapping[str, PriceTape]
    instruments: Mapping[str, Instrument]
    messages: tuple[tuple[int, int], ...]
    on_market_clock: bool


def journal_orders(name: str, entries: Iterable[Entry]) -> JournalOrders:
    """Fold a journal's rows.

    Args:
        name: of the journal.
        entries: every row, in order.
    """
    fold = _Fold()
    for entry in entries:
        fold.take(entry)
    return JournalOrders(
        name,
        frozenset(fold.modes),
        tuple(fold.lives.values()),
        fold.tapes,
        fold.instruments,
        tuple(fold.messages),
        fold.sent > 0 and fold.at_instant == fold.sent,
    )


class _Fold:
    """Takes rows one by one."""

    def __init__(self) -> None:
        self.modes: set[str] = set()
        self.lives: dict[str, OrderLife] = {}
        self.tapes: dict[str, PriceTape] = {}
        self.instruments: dict[str, Instrument] = {}
        self.messages: list[tuple[int, int]] = []
        self.sent = self.at_instant = 0
        self._instant = 0
        self._owners: dict[str, str] = {}

    def take(self, entry: Entry) -> None:
        row = entry.row
        match row:
            case Submit():
                self._submitted(row, entry.run)
            case Replace():
                self._message(entry.run, row.time)
                if row.order.id in self.lives:
                    self.lives[row.order.id].order = row.order
            case Cancel():
                self._message(entry.run, row.time)
            case Unsent(intent=Submit(orders=orders)):
                for order in orders:
                    self._life(order, entry.run)
            case EventBatch():
                for event in row.events:
                    self._event(event, row.time, entry.run)
            case _:
                self._told(row)

    def _told(self, row: Row) -> None:
        """What a session was told, and that it began."""
        match row:
            case Started():
                self.modes.add(row.mode)
            case History():
                self.instruments[row.bars.symbol] = row.bars.instrument
                self._tape(row.bars.symbol).take_all(row.bars)
            case Instant():
                self._instant = row.time
                for symbol, bar in row.bars:
                    self._tape(symbol).take(row.time, bar)
            case _:
                pass

    def _tape(self, symbol: str) -> PriceTape:
        return self.tapes.setdefault(symbol, PriceTape())

    def _life(self, order: Order, run: int) -> OrderLife:
        return self.lives.setdefault(order.id, OrderLife(order, order.decision_price, run))

    def _message(self, run: int, time: int) -> None:
        self.messages.append((run, time))

    def _submitted(self, row: Submit, run: int) -> None:
        quotes = {quote.symbol: quote for quote in row.quotes}
        self.sent += 1
        self.at_instant += row.time == self._instant
        for order in row.orders:
            self._message(run, row.time)
            life = self._life(order, run)
            life.run, life.sent, life.quote = run, row.time, quotes.get(order.symbol)

    def _event(self, event: BrokerEvent, time: int, run: int) -> None:
        match event:
            case Commission():
                life = self.lives.get(self._owners.get(event.fill_id, ""))
                if life is not None:
                    life.fees += event.amount
            case Fill():
                self._filled(event, time, run)
            case OrderUpdate():
                self._updated(event, time, run)
            case _:
                pass

    def _filled(self, fill: Fill, time: int, run: int) -> None:
        self._owners[fill.id] = fill.order.id
        life = self._life(fill.order, run)
        life.order = fill.order
        life.fills.append(fill)
        if run == life.run:
            life.acknowledged = time if life.acknowledged is None else life.acknowledged
            life.first_fill = time if life.first_fill is None else life.first_fill

    def _updated(self, update: OrderUpdate, time: int, run: int) -> None:
        life = self._life(update.order, run)
        life.order, life.status = update.order, update.status
        if update.status in DONE:
            life.ended = time if life.ended is None else life.ended
        if update.status not in _SILENT and life.acknowledged is None and run == life.run:
            life.acknowledged = time
