"""Findings: where our books and a broker differ, and the facts that booking them makes true."""

from __future__ import annotations

__all__ = [
    "Accepted",
    "Baseline",
    "EndOfOrder",
    "ExternalFill",
    "ExternalHolding",
    "ExternalMoney",
    "ExternalOrder",
    "Fact",
    "Finding",
    "FindingKind",
    "OurFill",
    "Severity",
    "StateOfOrder",
    "Tolerance",
]

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from framework.domain.orders import OrderStatus
from framework.engine.reconcile_snapshot import BrokerOrder, Execution

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far apart figures may be and still agree.

    Attributes:
        cash: money of the account's currency.
        foreign: share of the money in other currencies, whose rates never quite agree.
        fee: money a fee may be that has not been told yet, for each such fill.
        apart: nanoseconds two queries must be apart to prove an absence together.
        settled: nanoseconds after an order was sent before its absence means anything.
    """

    cash: float = 1.0
    foreign: float = 0.02
    fee: float = 25.0
    apart: int = 2 * _SECOND
    settled: int = 5 * _SECOND


class Severity(StrEnum):
    """Whether trading may go on."""

    EXPLAINED = "explained"
    """It is known what happened and what is to be booked."""
    UNEXPLAINED = "unexplained"
    """No new risk until it is resolved or adopted."""


class FindingKind(StrEnum):
    """What was found."""

    UNKNOWN_PART = "unknown_part"
    STALE_PART = "stale_part"
    MISSING_FILL = "missing_fill"
    CORRECTED_FILL = "corrected_fill"
    VANISHED_FILL = "vanished_fill"
    EXTERNAL_FILL = "external_fill"
    UNKNOWN_FILL = "unknown_fill"
    ORDER_STATE = "order_state"
    ORDER_DIFFERS = "order_differs"
    ORDER_MISSING = "order_missing"
    ORDER_ABSENT = "order_absent"
    ORDER_ALIVE = "order_alive"
    EXTERNAL_ORDER = "external_order"
    UNKNOWN_ORDER = "unknown_order"
    POSITION = "position"
    UNPROTECTED = "unprotected"
    CASH = "cash"


@dataclass(frozen=True, slots=True)
class OurFill:
    """An execution of one of our orders, to be booked.

    Attributes:
        order: our id of the order.
        execution: what happened.
        replaces: full id of the execution it corrects; empty for a new one.
    """

    order: str
    execution: Execution
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class StateOfOrder:
    """The state one of our orders is really in, still at work.

    Attributes:
        order: our id of it.
        status: its state.
        reason: why it is reported.
        quantity: unsigned units of it at the broker; None where they are ours.
        limit, stop: its prices at the broker; None where they are ours.
    """

    order: str
    status: OrderStatus
    reason: str = ""
    quantity: float | None = None
    limit: float | None = None
    stop: float | None = None


@dataclass(frozen=True, slots=True)
class EndOfOrder:
    """How one of our orders ended."""

    order: str
    status: OrderStatus
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ExternalFill:
    """An execution of an order that is not ours; its units and its money are nobody's."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class ExternalOrder:
    """An order that is not ours, and is never touched."""

    order: BrokerOrder


@dataclass(frozen=True, slots=True)
class ExternalHolding:
    """Signed units the account holds besides what our ledgers hold."""

    symbol: str
    quantity: float


@dataclass(frozen=True, slots=True)
class ExternalMoney:
    """Money of the account's currency it has besides what our ledgers have."""

    amount: float


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that was looked at and is to be told no more."""

    kind: FindingKind
    subject: str


Fact = (
    Accepted
    | OurFill
    | StateOfOrder
    | EndOfOrder
    | ExternalFill
    | ExternalOrder
    | ExternalHolding
    | ExternalMoney
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing our books and the broker do not agree about.

    Attributes:
        kind: what.
        severity: whether trading may go on.
        subject: symbol, order id, execution id or part.
        ours, theirs: the figures.
        text: one sentence with them.
        remedy: one sentence saying what to do.
        fact: what becomes true once it is booked or adopted; None for what neither can resolve.
    """

    kind: FindingKind
    severity: Severity
    subject: str
    ours: str
    theirs: str
    text: str
    remedy: str
    fact: Fact | None = None

    @property
    def blocks(self) -> bool:
        """Whether no new risk may be taken while it stands."""
        return self.severity is Severity.UNEXPLAINED

    def __str__(self) -> str:
        return f"{self.text} {self.remedy}"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the account holds that is none of ours, as far as it was booked or adopted.

    Attributes:
        quantities: signed units by symbol.
        cash: money of the account's currency; None before it was looked at.
        executions: by key, the executions of others already counted.
        orders: permIds of orders of others already noted.
        accepted: findings to be told no more.
    """

    quantities: Mapping[str, float] = field(default_factory=dict)
    cash: float | None = None
    executions: Mapping[str, Execution] = field(default_factory=dict)
    orders: frozenset[int] = frozenset()
    accepted: frozenset[Accepted] = frozenset()

    def after(self, facts: Iterable[Fact]) -> Baseline:
        """The baseline once these are booked too; facts about our own orders change nothing."""
        quantities, cash = dict(self.quantities), self.cash
        executions, orders = dict(self.executions), set(self.orders)
        accepted = set(self.accepted)
        for fact in facts:
            if isinstance(fact, ExternalFill):
                one = fact.execution
                before = executions.get(one.key, replace(one, quantity=0.0, commission=None))
                moved = one.quantity - before.quantity
                quantities[one.symbol] = quantities.get(one.symbol, 0.0) + moved
                if cash is not None:
                    cash += one.money - before.money
                executions[one.key] = one
            elif isinstance(fact, ExternalHolding):
                quantities[fact.symbol] = quantities.get(fact.symbol, 0.0) + fact.quantity
            elif isinstance(fact, ExternalMoney):
                cash = fact.amount if cash is None else cash + fact.amount
            elif isinstance(fact, ExternalOrder):
                orders.add(fact.order.perm_id)
            elif isinstance(fact, Accepted):
                accepted.add(fact)
        return Baseline(quantities, cash, executions, frozenset(orders), frozenset(accepted))
