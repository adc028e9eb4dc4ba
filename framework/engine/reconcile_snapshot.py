"""Snapshot: what a broker says of an account at one moment, each part COMPLETE or UNKNOWN."""

from __future__ import annotations

__all__ = ["BrokerOrder", "Cash", "Execution", "Holding", "Part", "Snapshot", "execution_key"]

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from framework.domain.orders import OrderStatus

T = TypeVar("T")


def execution_key(exec_id: str) -> str:
    """An execution's id without its last part, which numbers its corrections."""
    key, dot, _ = exec_id.rpartition(".")
    return key if dot else exec_id


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """One answer of the broker: COMPLETE with all its items, or UNKNOWN.

    A query that failed, timed out or was cut off is UNKNOWN, never an empty list.

    Attributes:
        items: everything there is; None where it is not known.
        time: nanoseconds UTC, on our own clock, at which the answer was complete.
        why: what kept it from being known.
    """

    items: tuple[T, ...] | None
    time: int
    why: str = ""

    @classmethod
    def of(cls, items: Iterable[T], time: int) -> Part[T]:
        """A complete answer."""
        return cls(tuple(items), time)

    @classmethod
    def unknown(cls, why: str, time: int = 0) -> Part[T]:
        """No answer, and why."""
        return cls(None, time, why)

    @property
    def known(self) -> tuple[T, ...]:
        """The items, for who has made sure that they are known."""
        if self.items is None:
            raise ValueError(f"an unknown part was read: {self.why}")
        return self.items


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """An order as the broker tells it.

    Attributes:
        ref: what the broker calls it, as References read it; empty for an order made by hand.
        perm_id: the broker's own number of it; 0 before it has one.
        client_id: which client sent it.
        symbol: instrument.
        quantity: signed units, > 0 bought, of the whole order.
        filled: unsigned units filled.
        status: its state in our words.
        type: its type in the broker's words.
        limit, stop: its prices.
        order_id: the number of its connection.
        note: what the broker says besides.
    """

    ref: str
    perm_id: int
    client_id: int
    symbol: str
    quantity: float
    filled: float
    status: OrderStatus
    type: str = ""
    limit: float | None = None
    stop: float | None = None
    order_id: int = 0
    note: str = ""

    def __str__(self) -> str:
        """Such as "buy 10 AAA LMT (permId 77, client 3)"."""
        side = "buy" if self.quantity > 0 else "sell"
        kind = f" {self.type}" if self.type else ""
        number = f"permId {self.perm_id}, client {self.client_id}"
        return f"{side} {abs(self.quantity):.10g} {self.symbol}{kind} ({number})"


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution as the broker tells it.

    Attributes:
        exec_id: the broker's id of it; its last part numbers corrections.
        ref: what the broker calls its order; empty for an order made by hand.
        perm_id, client_id: of its order.
        symbol: instrument.
        quantity: signed units, > 0 bought.
        price: of one unit.
        time: nanoseconds UTC.
        commission: its fee in the account's currency; None until the broker has told it.
        multiplier: money per price point per unit.
        rate: units of the account's currency one unit of the instrument's currency cost then.
    """

    exec_id: str
    ref: str
    perm_id: int
    client_id: int
    symbol: str
    quantity: float
    price: float
    time: int
    commission: float | None = None
    multiplier: float = 1.0
    rate: float = 1.0

    @property
    def money(self) -> float:
        """What it did to the cash of the account, in its currency."""
        value = self.quantity * self.multiplier * self.price * self.rate
        return -value - (self.commission or 0.0)

    @property
    def key(self) -> str:
        """What a correction of it has in common with it."""
        return execution_key(self.exec_id)

    def __str__(self) -> str:
        """Such as "bought 10 AAA at 95 (execution 0001.01)"."""
        did = "bought" if self.quantity > 0 else "sold"
        units = f"{abs(self.quantity):.10g}"
        return f"{did} {units} {self.symbol} at {self.price:.10g} (execution {self.exec_id})"


@dataclass(frozen=True, slots=True)
class Holding:
    """Signed units of an instrument the account holds; those not named are not held."""

    symbol: str
    quantity: float
    average_price: float = 0.0


@dataclass(frozen=True, slots=True)
class Cash:
    """Cash of the account in one currency."""

    currency: str
    amount: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a broker says of an account, each part COMPLETE or UNKNOWN.

    Attributes:
        time: nanoseconds UTC, on our own clock, at which the last part came.
        session: trading day it was taken on, as days since 1970-01-01.
        open_orders: every order of the account that works, whoever sent it.
        completed_orders: every order that ended since `executions_from`.
        executions: every execution since `executions_from`, corrections included.
        positions: everything held.
        cash: by currency.
        executions_from: nanoseconds UTC from which executions and completed orders are told.
        rates: by currency, units of the account's currency for one of it.
        healthy: whether the link was up and undisturbed all the while.
    """

    time: int
    session: int
    open_orders: Part[BrokerOrder]
    completed_orders: Part[BrokerOrder]
    executions: Part[Execution]
    positions: Part[Holding]
    cash: Part[Cash]
    executions_from: int = 0
    rates: Mapping[str, float] = field(default_factory=dict)
    healthy: bool = True

    @property
    def tells_orders(self) -> bool:
        """Whether it says all there is to say of any order of today."""
        parts = (self.open_orders.items, self.completed_orders.items, self.executions.items)
        return self.healthy and all(items is not None for items in parts)
