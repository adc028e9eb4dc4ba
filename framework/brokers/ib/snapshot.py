"""Snapshot: the broker's own books at one moment, each part complete or unknown, never short."""

from __future__ import annotations

__all__ = ["Holding", "Part", "Snapshot", "SnapshotSeen", "held_in", "holding_of", "take_snapshot"]

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from framework.brokers.ib.external import (
    ExternalFill,
    ExternalOrder,
    external_fill,
    external_order,
)
from framework.brokers.ib.facts import (
    AccountValueSeen,
    CompletedSeen,
    ExecutionSeen,
    Fact,
    OpenSeen,
    PositionSeen,
)
from framework.brokers.ib.link import Link
from framework.brokers.ib.listed import Book
from framework.brokers.ib.problems import RequestError
from framework.brokers.ib.translate_contract import instrument_key

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """One answer: all of it, or why it is not known.

    Attributes:
        items: everything there is; None while that is not known.
        reason: why not.
    """

    items: tuple[T, ...] | None
    reason: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether it is all there is."""
        return self.items is not None


@dataclass(frozen=True, slots=True)
class Holding:
    """Units of an instrument in an account.

    Attributes:
        symbol: instrument.
        quantity: signed units.
        average_price: paid for one unit, per price point.
        con_id: the broker's number.
        account: whose they are.
    """

    symbol: str
    quantity: float
    average_price: float
    con_id: int
    account: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The broker's books.

    Attributes:
        started: seconds at which the first question was asked.
        time: nanoseconds UTC of the same.
        open_orders, completed_orders: everybody's, ours among them by `reference`
            as References read it.
        executions: the day's.
        positions: of the account.
        values: of the account.
    """

    started: float
    time: int
    open_orders: Part[ExternalOrder]
    completed_orders: Part[ExternalOrder]
    executions: Part[ExternalFill]
    positions: Part[Holding]
    values: Part[AccountValueSeen]

    @property
    def knows_orders(self) -> bool:
        """Whether it proves which orders there are, and what they have traded."""
        parts = (self.open_orders, self.completed_orders, self.executions)
        return all(part.is_complete for part in parts)

    @property
    def is_complete(self) -> bool:
        """Whether every part is known."""
        return self.knows_orders and self.positions.is_complete and self.values.is_complete

    @property
    def unknown(self) -> str:
        """What is not known, and why; empty for a complete one."""
        reasons = {
            "open orders": self.open_orders.reason,
            "completed orders": self.completed_orders.reason,
            "executions": self.executions.reason,
            "positions": self.positions.reason,
            "account values": self.values.reason,
        }
        return "; ".join(f"{name}: {reason}" for name, reason in reasons.items() if reason)


@dataclass(frozen=True, slots=True)
class SnapshotSeen:
    """A snapshot whose facts have all come in before it."""

    snapshot: Snapshot


async def take_snapshot(
    link: Link, account: str, book: Book, zone: str, timeout: float, started: float, time: int
) -> Snapshot:
    """Ask for everything, orders before executions.

    Args:
        link: the connection.
        account: whose positions and values.
        book: contracts.
        zone: of times that name none.
        timeout: seconds for each answer.
        started, time: when it was begun.

    Raises:
        LinkLostError: the connection ended.
    """
    queries = link.queries
    orders = await _asked(queries.open_orders(timeout))
    over = await _asked(queries.completed_orders(timeout))
    executions = await _asked(queries.executions(timeout))
    positions = await _asked(queries.positions(timeout))
    values = await _asked(queries.account(account, timeout))
    shown = (OpenSeen, CompletedSeen)
    return Snapshot(
        started,
        time,
        _orders(orders, shown, book),
        _orders(over, shown, book),
        Part(
            None
            if executions.items is None
            else tuple(
                external_fill(one, book, zone)
                for one in executions.items
                if isinstance(one, ExecutionSeen)
            ),
            executions.reason,
        ),
        Part(
            None if positions.items is None else held_in(positions.items, account, book),
            positions.reason,
        ),
        Part(
            None
            if values.items is None
            else tuple(one for one in values.items if isinstance(one, AccountValueSeen)),
            values.reason,
        ),
    )


def _orders(
    part: Part[Fact], kinds: tuple[type[OpenSeen], type[CompletedSeen]], book: Book
) -> Part[ExternalOrder]:
    if part.items is None:
        return Part(None, part.reason)
    return Part(tuple(external_order(one, book) for one in part.items if isinstance(one, kinds)))


async def _asked(answer: Awaitable[tuple[Fact, ...]]) -> Part[Fact]:
    try:
        return Part(await answer)
    except RequestError as error:
        return Part(None, str(error))


def held_in(facts: Sequence[Fact], account: str, book: Book) -> tuple[Holding, ...]:
    """The last word on each position of an account; what is flat is left out."""
    found: dict[int, Holding] = {}
    for one in facts:
        if isinstance(one, PositionSeen) and one.account == account:
            found[one.contract.conId] = holding_of(one, book)
    return tuple(one for one in found.values() if one.quantity != 0.0)


def holding_of(seen: PositionSeen, book: Book) -> Holding:
    """A position; the broker's average cost includes the multiplier."""
    contract = seen.contract
    listed = book.of(contract)
    if listed is not None:
        symbol, multiplier = listed.key, listed.instrument.multiplier
    else:
        symbol, multiplier = instrument_key(contract), float(contract.multiplier or 1.0)
    average = float(seen.average_cost) / multiplier
    return Holding(symbol, float(seen.quantity), average, contract.conId, seen.account)
