"""Facts: what came in over the wire, in the order in which it came, not judged yet."""

from __future__ import annotations

__all__ = [
    "AccountValueSeen",
    "CommissionSeen",
    "CompletedSeen",
    "ErrorSeen",
    "ExecutionSeen",
    "Fact",
    "Garbled",
    "LinkDown",
    "LinkUp",
    "OpenSeen",
    "PositionSeen",
    "StatusSeen",
]

from dataclasses import dataclass

from framework.brokers.ib.library import (
    IbCommission,
    IbContract,
    IbExecution,
    IbOrder,
    IbOrderState,
)


@dataclass(frozen=True, slots=True)
class OpenSeen:
    """An order is shown."""

    order_id: int
    contract: IbContract
    order: IbOrder
    state: IbOrderState


@dataclass(frozen=True, slots=True)
class CompletedSeen:
    """An order that is over is shown; it has a permanent id and no other."""

    contract: IbContract
    order: IbOrder
    state: IbOrderState


@dataclass(frozen=True, slots=True)
class StatusSeen:
    """The status of an order is told."""

    order_id: int
    status: str
    filled: float
    remaining: float
    average: float
    perm_id: int
    parent_id: int
    client_id: int
    why_held: str


@dataclass(frozen=True, slots=True)
class ExecutionSeen:
    """An order has traded; `req_id` is -1 where nobody asked."""

    req_id: int
    contract: IbContract
    execution: IbExecution


@dataclass(frozen=True, slots=True)
class CommissionSeen:
    """An execution has cost something."""

    report: IbCommission


@dataclass(frozen=True, slots=True)
class ErrorSeen:
    """A message about a request, an order or the connection (`number` -1)."""

    number: int
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class PositionSeen:
    """An account holds units of a contract."""

    account: str
    contract: IbContract
    quantity: float
    average_cost: float


@dataclass(frozen=True, slots=True)
class AccountValueSeen:
    """A value of an account; `currency` is empty for what is no money."""

    account: str
    tag: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True)
class Garbled:
    """A message that could not be read: the books must be compared."""

    message: int
    text: str


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The connection has ended."""

    reason: str


@dataclass(frozen=True, slots=True)
class LinkUp:
    """A connection was made; what is known of orders is to be checked."""

    next_id: int


Fact = (
    OpenSeen
    | CompletedSeen
    | StatusSeen
    | ExecutionSeen
    | CommissionSeen
    | ErrorSeen
    | PositionSeen
    | AccountValueSeen
    | Garbled
    | LinkDown
    | LinkUp
)
