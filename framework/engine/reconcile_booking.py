"""Booking: what findings make true, as facts for the journal and as reports for the door."""

from __future__ import annotations

__all__ = ["adopt", "events_of", "explained"]

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from framework.domain.events import BrokerEvent, Commission, Fill, OrderUpdate
from framework.domain.orders import OrderStatus
from framework.engine.journal_facts import fill_id
from framework.engine.reconcile_books import Books
from framework.engine.reconcile_nouns import (
    EndOfOrder,
    Fact,
    Finding,
    FindingKind,
    OurFill,
    Severity,
    StateOfOrder,
)
from framework.errors import ReconcileError

_UNKNOWN = frozenset({FindingKind.UNKNOWN_PART, FindingKind.STALE_PART})


def explained(found: Iterable[Finding]) -> tuple[Fact, ...]:
    """What explained findings make true at once."""
    return tuple(
        one.fact for one in found if one.severity is Severity.EXPLAINED and one.fact is not None
    )


def adopt(found: Sequence[Finding]) -> tuple[Fact, ...]:
    """What these findings make true once the user adopts them.

    Once that is booked, look again: an order whose position did not agree can be adopted then.

    Raises:
        ReconcileError: something is not known, or none of what blocks can be adopted.
    """
    refused = [one for one in found if one.blocks and one.fact is None]
    unknown = [one for one in refused if one.kind in _UNKNOWN]
    if unknown or (refused and not any(one.blocks and one.fact for one in found)):
        raise ReconcileError(
            f"This cannot be adopted: {' '.join(one.text for one in refused)}", refused[0].remedy
        )
    return tuple(one.fact for one in found if one.fact is not None)


def events_of(facts: Iterable[Fact], books: Books, time: int) -> tuple[BrokerEvent, ...]:
    """Facts about our own orders as a broker would report them: fills first, then states.

    A correction is not among them: what it replaces is known to the broker's adapter alone.

    Args:
        facts: any; those about others' orders give nothing.
        books: what they were found against.
        time: nanoseconds UTC at which states are reported.
    """
    every = tuple(facts)
    fills = (event for fact in every for event in _fills(fact, books))
    return (*fills, *(event for fact in every for event in _states(fact, books, time)))


def _fills(fact: Fact, books: Books) -> Iterator[BrokerEvent]:
    if isinstance(fact, OurFill) and not fact.replaces:
        one, order = fact.execution, books.orders[fact.order].order
        name = fill_id(fact.order, one.exec_id)
        yield Fill(name, order, one.time, one.quantity, one.price, one.price, False, one.rate)
        if one.commission is not None:
            yield Commission(name, one.symbol, one.commission, one.time)


def _states(fact: Fact, books: Books, time: int) -> Iterator[BrokerEvent]:
    if not isinstance(fact, StateOfOrder | EndOfOrder):
        return
    one = books.orders[fact.order]
    order = one.order
    if isinstance(fact, StateOfOrder):
        order = replace(
            order,
            quantity=order.quantity if fact.quantity is None else fact.quantity,
            limit=order.limit if fact.limit is None else fact.limit,
            stop=order.stop if fact.stop is None else fact.stop,
        )
    if fact.status is OrderStatus.ABSENT and one.status is not OrderStatus.UNKNOWN:
        yield OrderUpdate(order, OrderStatus.UNKNOWN, time, "its outcome is not known")
    yield OrderUpdate(order, fact.status, time, fact.reason)
