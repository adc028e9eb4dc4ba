"""Books: what we think of an account, as one value to hold against a broker's snapshot."""

from __future__ import annotations

__all__ = ["Books", "OurOrder", "books_of"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from framework.domain.events import Fill
from framework.domain.ledger import Ledger
from framework.domain.orders import DONE, Order, OrderStatus
from framework.domain.references import References
from framework.engine.blotter import Blotter
from framework.engine.journal_facts import UNDONE, Facts, fill_key
from framework.engine.reconcile_nouns import Baseline


@dataclass(frozen=True, slots=True)
class OurOrder:
    """An order of ours that was sent.

    Attributes:
        order: as last reported.
        status: its state, as we think.
        filled: unsigned units filled.
        session: trading day it was sent on, as days since 1970-01-01.
        sent_at: nanoseconds UTC of the sending.
        acknowledged: whether the broker has ever said anything of it.
        let_go: whether we asked to cancel it.
    """

    order: Order
    status: OrderStatus
    filled: float = 0.0
    session: int = 0
    sent_at: int = 0
    acknowledged: bool = False
    let_go: bool = False

    @property
    def is_done(self) -> bool:
        """Whether it can trade no more, as we think."""
        return self.status in DONE


@dataclass(frozen=True, slots=True)
class Books:
    """What we think of the account.

    Attributes:
        client_id: of the connection that trades.
        orders: every order sent, by id, done or not.
        perm_ids: the broker's numbers of them, each with our id.
        fills: every fill booked, by the key of its execution.
        executions: by key, full ids of the executions booked or taken note of.
        quantities: signed units all our ledgers hold, by symbol.
        cash: money all our ledgers have, in the account's currency.
        currency: the account's.
        baseline: what the account holds besides.
        entries: by symbol held, ids of the orders that opened what is held.
        shared: by symbol that several strategies hold, signed units of each by its name.
        uncharged: fills whose fee has not been told.
        changed: nanoseconds UTC, on our own clock, of the last change; what the broker said
            before that is stale.
        references: what our orders are called at the broker.
    """

    client_id: int
    orders: Mapping[str, OurOrder] = field(default_factory=dict)
    perm_ids: Mapping[int, str] = field(default_factory=dict)
    fills: Mapping[str, Fill] = field(default_factory=dict)
    executions: Mapping[str, str] = field(default_factory=dict)
    quantities: Mapping[str, float] = field(default_factory=dict)
    cash: float = 0.0
    currency: str = "USD"
    baseline: Baseline = field(default_factory=Baseline)
    entries: Mapping[str, Sequence[str]] = field(default_factory=dict)
    shared: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    uncharged: int = 0
    changed: int = 0
    references: References = field(default_factory=References)

    def ours(self, ref: str, perm_id: int, client_id: int) -> str:
        """Our id of an order the broker tells of; empty if it is not ours.

        A permId bound to one of our orders decides; without one it must be called as our journal
        calls it, and carry our client id. The number of its connection says nothing: it can be used
        again.
        """
        bound = self.perm_ids.get(perm_id, "") if perm_id else ""
        if bound:
            return bound
        name = self.references.inward(ref)
        if name is None or name not in self.orders or client_id != self.client_id:
            return ""
        return name


def books_of(blotter: Blotter, facts: Facts, client_id: int, currency: str, changed: int) -> Books:
    """What a session thinks of its account.

    Args:
        blotter: its orders, fills and ledgers.
        facts: what its journal says.
        client_id: of the connection that trades.
        currency: of the account.
        changed: nanoseconds UTC, on the session's clock, of the last event or intent.
    """
    ledgers: list[Ledger] = [*(slot.ledger for slot in blotter.slots), blotter.spare]
    quantities: dict[str, float] = {}
    for ledger in ledgers:
        for symbol, position in ledger.positions.items():
            quantities[symbol] = quantities.get(symbol, 0.0) + position.quantity
    entries: dict[str, list[str]] = {}
    held: dict[str, dict[str, float]] = {}
    for slot in blotter.slots:
        for symbol, position in slot.ledger.positions.items():
            held.setdefault(symbol, {})[slot.name] = position.quantity
        for symbol, ids in slot.entries.items():
            entries.setdefault(symbol, []).extend(ids)
    charged = {fill_key(commission.fill_id) for commission in blotter.commissions}
    fills = {fill_key(one.id): one for one in blotter.fills if not one.id.endswith(UNDONE)}
    return Books(
        client_id=client_id,
        orders={
            order_id: OurOrder(
                ticket.order,
                ticket.status,
                ticket.filled,
                facts.sessions[order_id],
                facts.sent_at[order_id],
                order_id in facts.acknowledged,
                order_id in facts.let_go,
            )
            for order_id, ticket in blotter.tickets.items()
            if order_id in facts.sent_at
        },
        perm_ids={perm_id: order_id for order_id, ids in facts.perm_ids.items() for perm_id in ids},
        fills=fills,
        executions=facts.executions,
        quantities=quantities,
        cash=sum(ledger.cash for ledger in ledgers),
        currency=currency,
        baseline=facts.baseline,
        entries=entries,
        shared={symbol: units for symbol, units in held.items() if len(units) > 1},
        uncharged=sum(key not in charged for key in fills),
        changed=changed,
        references=facts.references,
    )
