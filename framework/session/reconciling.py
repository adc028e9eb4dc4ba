"""Reconciling: the broker's books held against ours; what explains itself is booked."""

from __future__ import annotations

__all__ = ["Reconciler", "snapshot_of"]

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from framework.brokers.ib.broker import IbBroker
from framework.brokers.ib.external import ExternalFill, ExternalOrder
from framework.brokers.ib.snapshot import Part as IbPart
from framework.brokers.ib.snapshot import Snapshot as IbSnapshot
from framework.domain.ledger import Ledger
from framework.domain.orders import OrderStatus
from framework.domain.references import References
from framework.engine.blotter import Blotter
from framework.engine.journal import Journal
from framework.engine.journal_rows import Adopted, Found
from framework.engine.reconcile import findings
from framework.engine.reconcile_booking import adopt, explained
from framework.engine.reconcile_books import books_of
from framework.engine.reconcile_nouns import (
    ExternalHolding,
    ExternalMoney,
    Fact,
    Finding,
    OurFill,
    StateOfOrder,
)
from framework.engine.reconcile_snapshot import (
    BrokerOrder,
    Cash,
    Execution,
    Holding,
    Part,
    Snapshot,
)
from framework.errors import ReconcileError

_STATES = {
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELLED,
    "ApiCancelled": OrderStatus.CANCELLED,
    "Inactive": OrderStatus.REJECTED,
    "PendingCancel": OrderStatus.CANCELLING,
    "PendingSubmit": OrderStatus.SENT,
    "ApiPending": OrderStatus.SENT,
}
"""What the broker's words for states mean; every other one is WORKING."""

_BROKERS_OWN = (OurFill, StateOfOrder)
"""Facts about our own orders: the broker side tells them itself, as events."""


S = TypeVar("S")
T = TypeVar("T")
_AGAIN = 1.0
"""Seconds before the second look."""


class Core(Protocol):
    """Books of a session's own."""

    @property
    def blotter(self) -> Blotter:
        """Orders and fills."""
        ...

    @property
    def ledgers(self) -> tuple[Ledger, ...]:
        """What is held, and the money."""
        ...


class Kept(Protocol):
    """Books that are told what the broker has reported."""

    @property
    def core(self) -> Core:
        """The books."""
        ...

    def settle(self) -> None:
        """Take in what the broker has reported since."""
        ...


class Reconciler:
    """Compares a session's books with the broker's.

    Args:
        bridge: the session's core.
        broker: the broker.
        journal: where findings and what was booked are written.
        client_id: of the connection that trades.
        clock: nanoseconds UTC.
        multiplier: money per price point of a symbol.
    """

    def __init__(
        self,
        bridge: Kept,
        broker: IbBroker,
        journal: Journal,
        client_id: int,
        clock: Callable[[], int],
        multiplier: Callable[[str], float],
    ) -> None:
        self._bridge = bridge
        self._broker = broker
        self._journal = journal
        self._client_id = client_id
        self._clock = clock
        self._multiplier = multiplier
        self._before: Snapshot | None = None
        self._shown: set[tuple[str, str, str]] = set()

    async def look(self, session: int, adopts: bool = False) -> tuple[Finding, ...]:
        """What is found and stays so once what explains itself is booked.

        The parts of the broker's books are asked for one after the other, and something may happen
        in between: what blocks is only believed once a second look has shown it, too.

        Args:
            session: trading day, as days since 1970-01-01.
            adopts: whether what does not explain itself is taken as it is.

        Raises:
            LinkLostError: there is no connection to ask.
            ReconcileError: what was to be adopted would leave a strategy trading what it has not.
        """
        found = await self._looked(session, adopts)
        if not adopts and any(one.blocks for one in found):
            await asyncio.sleep(_AGAIN)
            found = await self._looked(session, adopts)
        self._note(found)
        return found

    async def _looked(self, session: int, adopts: bool) -> tuple[Finding, ...]:
        seen = await self._broker.snapshot()
        self._bridge.settle()
        snapshot = snapshot_of(
            seen, session, self._clock(), self._multiplier, self._broker.account.currency,
            self._filled, self._broker.references,
        )  # fmt: skip
        found = self._held_against(snapshot)
        facts = _nobodys(explained(found))
        if adopts and any(one.blocks for one in found):
            taken = adopt([one for one in found if one.blocks])
            self._check(taken)
            facts = (*facts, *taken)
        if facts:
            by = "user" if adopts else "reconcile"
            self._journal.append(Adopted(self._clock(), by, _money_last(facts)))
            found = self._held_against(replace(snapshot, time=self._clock()))
        self._before = snapshot
        return found

    def _check(self, taken: Sequence[Fact]) -> None:
        """Whether every strategy still has what it believes it holds once these are booked."""
        for fact in taken:
            if not isinstance(fact, ExternalHolding):
                continue
            held = sum(
                one.positions[fact.symbol].quantity
                for one in self._bridge.core.ledgers
                if fact.symbol in one.positions
            )
            if held * fact.quantity < 0.0:
                raise ReconcileError(
                    f"The strategies hold {held:.10g} {fact.symbol}, and the account "
                    f"{held + fact.quantity:.10g}: adopted, they would trade what they do not "
                    "have.",
                    "Restore the position in TWS, or start anew with another --journal.",
                )

    def _filled(self, order_id: str) -> float | None:
        ticket = self._bridge.core.blotter.tickets.get(order_id)
        return None if ticket is None else ticket.filled

    def _held_against(self, snapshot: Snapshot) -> tuple[Finding, ...]:
        core, facts = self._bridge.core, self._journal.facts
        currency = self._broker.account.currency or "USD"
        books = books_of(core.blotter, facts, self._client_id, currency, 0)
        return findings(books, snapshot, before=self._before)

    def _note(self, found: tuple[Finding, ...]) -> None:
        """Write down each finding once."""
        for one in found:
            key = (one.kind.value, one.subject, one.theirs)
            if key not in self._shown:
                self._shown.add(key)
                self._journal.append(Found(self._clock(), one))


def _money_last(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """The facts with money behind the executions: the first amount that is noted is all there is,
    what those have moved included."""
    return tuple(sorted(facts, key=lambda fact: isinstance(fact, ExternalMoney)))


def _nobodys(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if not isinstance(fact, _BROKERS_OWN))


def snapshot_of(
    seen: IbSnapshot,
    session: int,
    time: int,
    multiplier: Callable[[str], float],
    currency: str,
    filled: Callable[[str], float | None],
    references: References,
) -> Snapshot:
    """The broker's books as reconciliation reads them.

    Args:
        seen: as the connection told them.
        session: trading day, as days since 1970-01-01.
        time: nanoseconds UTC, on the session's clock, at which they were complete.
        multiplier: money per price point of a symbol.
        currency: the account's.
        filled: units of an order of ours that are booked, by its id; None for one of others. What
            the broker says of an open order does not tell.
        references: what our orders are called there.
    """
    traded: dict[int, float] = {}
    for fill in seen.executions.items or ():
        traded[fill.perm_id] = traded.get(fill.perm_id, 0.0) + abs(fill.quantity)

    def order(one: ExternalOrder) -> BrokerOrder:
        name = references.inward(one.reference)
        ours = None if name is None else filled(name)
        return _order(one, traded.get(one.perm_id, 0.0) if ours is None else ours)

    def execution(one: ExternalFill) -> Execution:
        return Execution(
            one.id, one.reference, one.perm_id, one.client_id, one.symbol, one.quantity, one.price,
            one.time, multiplier=multiplier(one.symbol),
        )  # fmt: skip

    return Snapshot(
        time=time,
        session=session,
        open_orders=_part(seen.open_orders, time, order),
        completed_orders=_part(seen.completed_orders, time, order),
        executions=_part(seen.executions, time, execution),
        positions=_part(
            seen.positions, time, lambda one: Holding(one.symbol, one.quantity, one.average_price)
        ),
        cash=_cash(seen, time, currency),
        healthy=True,
    )


def _part(part: IbPart[S], time: int, each: Callable[[S], T]) -> Part[T]:
    if part.items is None:
        return Part.unknown(part.reason, time)
    return Part.of((each(one) for one in part.items), time)


def _order(one: ExternalOrder, filled: float) -> BrokerOrder:
    return BrokerOrder(
        ref=one.reference,
        perm_id=one.perm_id,
        client_id=one.client_id,
        symbol=one.symbol,
        quantity=one.quantity,
        filled=filled,
        status=_STATES.get(one.status, OrderStatus.WORKING),
        type=one.kind,
        limit=one.limit,
        stop=one.stop,
        order_id=one.order_id,
    )


def _cash(seen: IbSnapshot, time: int, currency: str) -> Part[Cash]:
    if seen.values.items is None:
        return Part.unknown(seen.values.reason, time)
    totals = [
        Cash(currency, float(one.value))
        for one in seen.values.items
        if one.tag == "TotalCashBalance" and one.currency == "BASE"
    ]
    return Part.of(totals[:1], time) if totals else Part.unknown("no cash balance was told", time)
