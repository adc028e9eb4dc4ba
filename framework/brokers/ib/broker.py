"""IbBroker: Interactive Brokers behind the Broker port."""

from __future__ import annotations

__all__ = ["IbBroker"]

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from math import inf

from framework.brokers.ib.account import AccountBook
from framework.brokers.ib.connection import Connection, State
from framework.brokers.ib.diagnosis import read_only
from framework.brokers.ib.external import External
from framework.brokers.ib.facts import (
    AccountValueSeen,
    CommissionSeen,
    CompletedSeen,
    ErrorSeen,
    ExecutionSeen,
    Fact,
    Garbled,
    LinkDown,
    LinkUp,
    OpenSeen,
    PositionSeen,
    StatusSeen,
)
from framework.brokers.ib.families import Families
from framework.brokers.ib.fold_errors import ErrorFold
from framework.brokers.ib.fold_executions import ExecutionFold
from framework.brokers.ib.fold_orders import OrderFold
from framework.brokers.ib.link import Link
from framework.brokers.ib.listed import Book
from framework.brokers.ib.pacing import Pacer, Priority
from framework.brokers.ib.problems import LinkLostError, RequestError
from framework.brokers.ib.resolution import Resolution, Waits
from framework.brokers.ib.restored import KnownOrder, OrderIds, restore
from framework.brokers.ib.sending import Sender, check
from framework.brokers.ib.snapshot import Snapshot, SnapshotSeen, take_snapshot
from framework.brokers.ib.tracked import Tracked
from framework.brokers.ib.translate_contract import contract_of
from framework.brokers.ib.translate_order import Sent, order_to, provisional
from framework.brokers.ib.what_if import WhatIf, what_if_of
from framework.brokers.ib.work import Work
from framework.domain.events import BrokerEvent, Commission, Fill
from framework.domain.ledger import Ledger
from framework.domain.orders import Order, OrderStatus
from framework.domain.references import References
from framework.errors import OrderError

_WAITING = frozenset({OrderStatus.SENT, OrderStatus.CANCELLING})


class IbBroker:
    """Takes orders to the broker, and tells what became of them.

    `submit`, `replace` and `cancel` never wait; everything that comes in is queued, and judged in
    `poll`, which a session calls from the loop the connection runs in.

    Args:
        connection: the session with TWS; the broker attaches itself to it.
        book: qualified contracts; more may be added.
        pacer: the queue to the broker; one of its own if left out.
        waits: how long what is awaited.
        id_floor: first order number that is certainly free, from the journal.
        keep_ids: writes a number down below which all may have been used, before they are.
        seconds: real seconds, from any beginning.
        rates: asked first for units of the account's currency for one of another.
        references: what its orders are called at the broker.

    Attributes:
        pacer: the queue.
        account: money and positions as the broker reports them.
        contracts: the same book.
        references: the same.
    """

    def __init__(
        self,
        connection: Connection,
        book: Book,
        *,
        pacer: Pacer | None = None,
        waits: Waits | None = None,
        id_floor: int = 1,
        keep_ids: Callable[[int], None] | None = None,
        seconds: Callable[[], float] = time.monotonic,
        rates: Callable[[str], float | None] | None = None,
        references: References | None = None,
    ) -> None:
        self._connection = connection
        self._waits = waits or Waits()
        self._facts: deque[Fact | SnapshotSeen] = deque()
        self.contracts = book
        self.account = AccountBook(book)
        self.pacer = pacer or Pacer(connection.clock)
        self._ids = OrderIds(id_floor, keep_ids)
        work = Work(
            book, connection.clock, connection.settings.zone, self._waits.commission, seconds
        )
        work.client_id = connection.settings.client_id
        work.quoted = rates
        work.references = self.references = references or References()
        self._work = work
        self._orders = OrderFold(work)
        self._executions = ExecutionFold(work, self._orders)
        self._errors = ErrorFold(work, self._orders)
        self._families = Families(work)
        self._sender = Sender(connection, work, self.pacer, self._ids, self._waits.stale)
        self._resolution = Resolution(
            work, self._orders, self._executions, self._sender, self._waits
        )
        self._looking: asyncio.Task[None] | None = None
        self._looked = -1e9
        self._probing: asyncio.Task[None] | None = None
        self.pacer.gate = self._gate
        connection.attach(self.take, self.synchronise)

    def bar(self, bar: Callable[[Order], str]) -> None:
        """Ask of every order, just before it leaves, why it may not; empty if it may."""
        self._sender.bar = bar

    def cancel_everything(self) -> None:
        """Ask for a cancel of every order of the account, whoever sent it."""
        link = self._connection.link
        if link is not None:
            link.ib.client.reqGlobalCancel()

    # the Broker port ----------------------------------------------------------------------

    def submit(self, orders: Sequence[Order]) -> None:
        """Send an entry and its children as one family; reports come from `poll`.

        Raises:
            OrderError: an order of that id was submitted before.
            ContractError: the contract is not known, or is an index.
        """
        for order in orders:
            if order.id in self._work.register:
                raise OrderError(
                    f"{order.id} was submitted before.", "An order is sent once; make a new one."
                )
            check(order, self._work)
        unit = [self._track(order) for order in orders]
        objection = self._sender.objection(orders[0])
        if objection:
            self._sender.refuse(unit, objection)
        else:
            self._sender.submit(unit)

    def _track(self, order: Order) -> Tracked:
        listed = self.contracts.by_key(order.symbol)
        tracked = Tracked(order, order, listed, OrderStatus.SENT, len(self._work.register))
        self._work.register.add(tracked)
        return tracked

    def replace(self, order: Order) -> None:
        """Change quantity, prices or time in force of a working order; it works on as it is until
        the broker shows it changed."""
        tracked = self._work.register.get(order.id)
        if tracked is None or tracked.is_done:
            return
        if tracked.status is OrderStatus.UNKNOWN or tracked.in_doubt:
            self._sender.refuse_change(tracked, "whether the broker has it is not known")
        elif self._connection.state is not State.READY:
            self._sender.refuse_change(tracked, f"the connection is {self._connection.state}")
        elif tracked.change is not None and not tracked.change.is_upkeep:
            self._sender.refuse_change(tracked, "another change is on its way")
        else:
            self._sender.change(tracked, order)

    def cancel(self, order_id: str) -> None:
        """Ask for a cancel; its proof is an OrderUpdate from `poll`."""
        tracked = self._work.register.get(order_id)
        if tracked is not None and not tracked.is_done and tracked.cancel_sent is None:
            self._sender.cancel(tracked)

    def poll(self) -> Sequence[BrokerEvent]:
        """Everything that happened since the last call, oldest first."""
        work = self._work
        while self._facts:
            self._judge(self._facts.popleft())
        self._resolution.tick()
        for due in self._families.due():
            if due.wanted is None:
                self._sender.cancel(due.tracked)
            elif self._connection.state in (State.READY, State.DEGRADED):
                self._sender.change(due.tracked, due.wanted, is_upkeep=True)
            else:
                due.tracked.upkeep = None
        work.release()
        if work.asks:
            self._look()
        if not work.told:
            return ()
        told = tuple(work.told)
        work.told.clear()
        return told

    def book(self) -> Ledger:
        """Cash and positions as the broker reports them.

        Raises:
            RequestError: they are not known.
        """
        return self.account.ledger()

    # what a session needs besides -----------------------------------------------------------

    def restore(
        self,
        orders: Iterable[KnownOrder],
        fills: Iterable[Fill] = (),
        commissions: Iterable[Commission] = (),
        id_floor: int = 1,
        settles: bool = True,
    ) -> None:
        """Know what a journal knows, before the first poll.

        Args:
            orders: every order of the trading day, and older ones that were not over.
            fills, commissions: as they were told, oldest first.
            id_floor: first order number that is certainly free.
            settles: whether a look at the broker's books says what has become of changes that were
                on their way; if not, they stay so until `repeat`.

        Raises:
            ContractError: an order's contract has not been qualified.
        """
        restore(self._work, orders, fills, commissions, settles)
        self._ids.floor = max(self._ids.floor, id_floor)

    def repeat(self, wanted: Order) -> None:
        """Send a restored change once more while it is in doubt: to change an order twice to the
        same is to change it once."""
        tracked = self._work.register.get(wanted.id)
        if tracked is None or tracked.is_done or tracked.change is None:
            return
        if tracked.change.since == inf and tracked.change.wanted == wanted:
            self._sender.change(tracked, wanted)

    def is_leaving(self, order_id: str) -> bool:
        """Whether a cancel is wanted, and not on its way."""
        tracked = self._work.register.get(order_id)
        if tracked is None or tracked.is_done:
            return False
        return tracked.cancel_wanted and tracked.cancel_sent is None

    async def snapshot(self) -> Snapshot:
        """The broker's books now; whatever is not complete in them is unknown.

        What it proves of orders is told by the next `poll`.

        Raises:
            LinkLostError: there is no connection, or it ended.
        """
        link = self._connection.link
        if link is None:
            raise LinkLostError("There is no connection to ask.", "Wait until it is back.")
        return await self._whole(link)

    async def preview(self, order: Order, timeout: float = 10.0) -> WhatIf:
        """What an order would do to the account; nothing is sent to the market.

        Raises:
            RequestError: refused, not answered, or answered without figures.
            LinkLostError: there is no connection, or it ended.
            ContractError: its contract is not known.
        """
        link = self._connection.link
        if link is None:
            raise LinkLostError("There is no connection to ask.", "Wait until it is back.")
        listed = self.contracts.by_key(order.symbol)
        priced = provisional(order, order.decision_price, listed.instrument)
        number = link.ib.client.getReqId()
        self._ids.reserve(number)
        sent = Sent(self._connection.account, references=self.references)
        await self.pacer.turn(timeout)
        state = await link.queries.what_if(
            number,
            contract_of(link.lib, listed, order.terms.exchange),
            order_to(link.lib, priced, self.contracts, sent),
            timeout,
        )
        return what_if_of(order, state)

    def rate(self, symbol: str) -> float:
        """Units of the account's currency for one of an instrument's; 1 where it is not known."""
        listed = self.contracts.by_key(symbol) if symbol in self.contracts else None
        known = None if listed is None else self._work.rate(listed.instrument.currency)
        return 1.0 if known is None else known

    def follow(self, fill: Fill) -> None:
        """A trade of the broker's own moves what our orders hold: protection goes with it."""
        self._work.trade(fill)

    def external(self) -> tuple[External, ...]:
        """What others did in the account since the last call."""
        found = tuple(self._work.externals)
        self._work.externals.clear()
        return found

    def alerts(self) -> tuple[str, ...]:
        """What somebody ought to look at, since the last call."""
        found = tuple(self._work.alerts)
        self._work.alerts.clear()
        return found

    @property
    def id_floor(self) -> int:
        """First order number that is certainly free."""
        return self._ids.floor

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is on its way, in either direction, that this side knows of."""
        work = self._work
        if self._facts or self.pacer.waiting or work.asks or work.parked or work.told:
            return False
        if self._looking is not None and not self._looking.done():
            return False
        return not any(
            one.status in _WAITING
            or one.change is not None
            or one.cancel_sent is not None
            or one.pending
            for one in work.register.live()
        )

    # facts --------------------------------------------------------------------------------

    def take(self, fact: Fact) -> None:
        """Queue a fact; it is judged in `poll`."""
        self._facts.append(fact)
        if isinstance(fact, LinkDown):
            self.pacer.drop(fact.reason, Priority.ORDER)

    def _judge(self, fact: Fact | SnapshotSeen) -> None:
        match fact:
            case OpenSeen():
                self._orders.opened(fact)
                self._note_number(fact)
            case StatusSeen():
                self._orders.told(fact)
            case ExecutionSeen():
                self._executions.executed(fact)
            case CommissionSeen():
                self._executions.paid(fact)
            case ErrorSeen():
                self._errors.said(fact)
            case CompletedSeen():
                self._orders.completed(fact)
            case PositionSeen():
                self.account.position(fact)
            case AccountValueSeen():
                self.account.value(fact)
            case Garbled():
                self._work.alert(f"A message of kind {fact.message} could not be read: {fact.text}")
                self._work.ask(f"a message of kind {fact.message} could not be read")
            case LinkDown():
                self.account.lost()
                self._resolution.down(fact.reason)
            case LinkUp():
                self._work.account = self.account.account = self._connection.account
            case SnapshotSeen():
                self._seen(fact.snapshot)

    def _seen(self, snapshot: Snapshot) -> None:
        self.account.whole(snapshot)
        self._work.currency = self.account.currency
        self._work.rates = self.account.rates()
        self._orders.ended()
        self._resolution.whole(snapshot)

    def _note_number(self, seen: OpenSeen) -> None:
        """Never give a number out that anybody with our client id has used."""
        if seen.order.clientId == self._work.client_id and seen.order_id > 0:
            self._ids.reserve(seen.order_id)
            link = self._connection.link
            if link is not None:
                link.ib.client.updateReqId(self._ids.floor)

    # looking at the broker's books ------------------------------------------------------------

    async def synchronise(self, link: Link) -> None:
        """Compare the books once a connection was made.

        Raises:
            RequestError: a part of them is unknown.
            LinkLostError: the connection ended.
            ConnectError: the API is read-only, and orders are wanted.
        """
        self.account.account = self._connection.account
        link.ib.client.updateReqId(self._ids.floor)
        snapshot = await self._whole(link)
        wants_orders = self._connection.settings.trades
        if "read-only" in snapshot.open_orders.reason.lower():
            if wants_orders:
                raise read_only()
        elif not snapshot.knows_orders:
            raise RequestError(0, snapshot.unknown)
        if not (snapshot.positions.is_complete and snapshot.values.is_complete):
            raise RequestError(0, snapshot.unknown)

    async def _whole(self, link: Link) -> Snapshot:
        self._work.asks.clear()
        self._looked = self._work.seconds()
        snapshot = await take_snapshot(
            link,
            self._connection.account,
            self.contracts,
            self._connection.settings.zone,
            self._connection.timings.answer,
            self._work.seconds(),
            self._connection.clock.now(),
        )
        self._facts.append(SnapshotSeen(snapshot))
        return snapshot

    def _look(self) -> None:
        """Look at the books in the background, not more often than is useful."""
        link = self._connection.link
        is_busy = self._looking is not None and not self._looking.done()
        soon = self._work.seconds() - self._looked < self._waits.between_looks
        if link is None or is_busy or soon or self._connection.state is State.SYNCING:
            return
        self._looking = asyncio.get_running_loop().create_task(self._looked_at(link))

    async def _looked_at(self, link: Link) -> None:
        try:
            await self._whole(link)
        except LinkLostError:
            self._work.ask("the connection ended during a look at the books")

    # a connection that lives ----------------------------------------------------------------

    def _gate(self, priority: Priority) -> bool:
        """Whether errands may go now: orders and cancels wait for a proof that the connection
        lives when nothing was heard for a while."""
        link = self._connection.link
        if priority is Priority.DATA or link is None:
            return True
        if link.silence <= self._connection.timings.fresh:
            return True
        if self._probing is None or self._probing.done():
            self._probing = asyncio.get_running_loop().create_task(self._probe(link))
        return False

    async def _probe(self, link: Link) -> None:
        if await self._connection.probe():
            self.pacer.pump()
        else:
            self._connection.half_open(link)
