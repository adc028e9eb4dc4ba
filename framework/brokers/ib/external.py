"""External: what others do in the account. It is reported, and never touched."""

from __future__ import annotations

__all__ = [
    "External",
    "ExternalEnd",
    "ExternalFee",
    "ExternalFill",
    "ExternalOrder",
    "external_fill",
    "external_order",
]

from dataclasses import dataclass

from framework.brokers.ib.facts import CompletedSeen, ExecutionSeen, OpenSeen
from framework.brokers.ib.library import IbContract
from framework.brokers.ib.listed import Book
from framework.brokers.ib.numbers import price
from framework.brokers.ib.times import nanoseconds, utc
from framework.brokers.ib.translate_contract import instrument_key


@dataclass(frozen=True, slots=True)
class ExternalOrder:
    """An order that was not sent from here: typed into TWS, or another program's.

    Attributes:
        symbol: what it trades.
        quantity: signed units, > 0 buys.
        kind: the broker's name of its type.
        limit, stop: prices, None without.
        status: the broker's word.
        perm_id, order_id, client_id, reference: its names.
        account: it trades for.
    """

    symbol: str
    quantity: float
    kind: str
    limit: float | None
    stop: float | None
    status: str
    perm_id: int
    order_id: int
    client_id: int
    reference: str
    account: str


@dataclass(frozen=True, slots=True)
class ExternalFill:
    """An execution of an order that was not sent from here.

    Attributes:
        id: of the execution.
        symbol: what was traded.
        quantity: signed units, > 0 bought.
        price: paid.
        time: nanoseconds UTC.
        perm_id, order_id, client_id, reference: names of its order.
        account: it was traded for.
    """

    id: str
    symbol: str
    quantity: float
    price: float
    time: int
    perm_id: int
    order_id: int
    client_id: int
    reference: str
    account: str


@dataclass(frozen=True, slots=True)
class ExternalFee:
    """What an execution of an order that was not sent from here has cost.

    Attributes:
        fill: id of the execution.
        amount: in the account's currency.
        time: nanoseconds UTC.
        reference: that of its order.
    """

    fill: str
    amount: float
    time: int
    reference: str


@dataclass(frozen=True, slots=True)
class ExternalEnd:
    """An order that was not sent from here has ended without filling.

    Attributes:
        perm_id: its permanent id.
        time: nanoseconds UTC.
        reference: empty: only its permanent id is told.
    """

    perm_id: int
    time: int
    reference: str = ""


External = ExternalOrder | ExternalFill | ExternalFee | ExternalEnd
"""What is told of others' orders."""


def external_order(seen: OpenSeen | CompletedSeen, book: Book) -> ExternalOrder:
    """Somebody else's order."""
    wire = seen.order
    sign = 1.0 if wire.action == "BUY" else -1.0
    return ExternalOrder(
        _symbol(seen.contract, book),
        sign * float(wire.totalQuantity),
        wire.orderType,
        price(wire.lmtPrice),
        price(wire.auxPrice),
        seen.state.status,
        wire.permId,
        wire.orderId,
        wire.clientId,
        wire.orderRef,
        wire.account,
    )


def external_fill(seen: ExecutionSeen, book: Book, zone: str) -> ExternalFill:
    """Somebody else's execution."""
    execution = seen.execution
    sign = 1.0 if execution.side == "BOT" else -1.0
    return ExternalFill(
        execution.execId,
        _symbol(seen.contract, book),
        sign * float(execution.shares),
        float(execution.price),
        nanoseconds(utc(execution.time, zone)),
        execution.permId,
        execution.orderId,
        execution.clientId,
        execution.orderRef,
        execution.acctNumber,
    )


def _symbol(contract: IbContract, book: Book) -> str:
    listed = book.of(contract)
    return instrument_key(contract) if listed is None else listed.key
