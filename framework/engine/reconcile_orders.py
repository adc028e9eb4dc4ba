"""Orders held against the broker's: states to take over, absent orders, and foreign ones."""

from __future__ import annotations

__all__ = ["foreign_orders", "is_known", "our_orders", "unprotected"]

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from framework.domain.arithmetic import same
from framework.domain.orders import OrderStatus, Origin, TimeInForce, can_become
from framework.domain.owners import owner_of
from framework.engine.reconcile_books import Books, OurOrder
from framework.engine.reconcile_nouns import (
    Accepted,
    EndOfOrder,
    ExternalOrder,
    Finding,
    FindingKind,
    Severity,
    StateOfOrder,
    Tolerance,
)
from framework.engine.reconcile_snapshot import BrokerOrder, Execution, Snapshot

_S = OrderStatus
_UNSURE = frozenset({_S.SENT, _S.UNKNOWN})
_AT_WORK = frozenset({_S.WORKING, _S.PARTIAL})
_STOPS = frozenset({Origin.STOP_LOSS, Origin.TRAIL})
_AGAIN = "Ask again; it is not sent again, and no new risk is taken meanwhile."


@dataclass(frozen=True, slots=True)
class _Case:
    """Everything one order is judged by.

    Attributes:
        books, now, before, tolerance: as `our_orders` is given them.
        filled: by order id, units executed and not booked yet.
        matches: whether the position of a symbol is known and agrees.
    """

    books: Books
    now: Snapshot
    before: Snapshot | None
    tolerance: Tolerance
    filled: Mapping[str, float]
    matches: Mapping[str, bool]


def our_orders(
    books: Books,
    now: Snapshot,
    before: Snapshot | None,
    tolerance: Tolerance,
    filled: Mapping[str, float],
    matches: Mapping[str, bool],
) -> Iterator[Finding]:
    """Every order we sent, held against what the broker says of it.

    Args:
        books: ours.
        now: a snapshot with known open orders.
        before: an earlier one of the same day.
        tolerance: how long an absence takes to mean something.
        filled: by order id, units executed and not booked yet.
        matches: by symbol, whether the position is known and agrees.
    """
    case = _Case(books, now, before, tolerance, filled, matches)
    working = _by_order(books, now.open_orders.known)
    ended = _by_order(books, now.completed_orders.items or ())
    for order_id, one in books.orders.items():
        at_work, done = working.get(order_id), ended.get(order_id)
        if one.is_done:
            if at_work is not None and at_work.perm_id not in books.baseline.orders:
                yield _alive(order_id, one, at_work)
        elif at_work is not None:
            yield from _at_work(order_id, one, at_work)
        elif done is not None:
            yield _ended(case, order_id, one, done)
        else:
            yield _unheard(case, order_id, one)


def _by_order(books: Books, told: tuple[BrokerOrder, ...]) -> dict[str, BrokerOrder]:
    found = {books.ours(one.ref, one.perm_id, one.client_id): one for one in told}
    return {order_id: one for order_id, one in found.items() if order_id}


def is_known(books: Books, snapshot: Snapshot, order_id: str) -> bool:
    """Whether any part of a snapshot mentions one of our orders."""
    told: tuple[BrokerOrder | Execution, ...] = (
        *(snapshot.open_orders.items or ()),
        *(snapshot.completed_orders.items or ()),
        *(snapshot.executions.items or ()),
    )
    return any(books.ours(one.ref, one.perm_id, one.client_id) == order_id for one in told)


def _alive(order_id: str, one: OurOrder, told: BrokerOrder) -> Finding:
    return Finding(
        FindingKind.ORDER_ALIVE,
        Severity.UNEXPLAINED,
        order_id,
        one.status,
        told.status,
        f"{order_id} is {one.status} here, and the broker works it: {told}.",
        "Cancel it, or adopt it as somebody else's.",
        ExternalOrder(told),
    )


def _at_work(order_id: str, one: OurOrder, told: BrokerOrder) -> Iterator[Finding]:
    """The state of an order the broker works, and whether it is the order we mean."""
    status, cancelling = told.status, one.status is _S.CANCELLING
    awake = one.status is _S.HELD and status in _AT_WORK
    if one.status in _UNSURE or awake or (cancelling and status in _AT_WORK):
        text = f"{order_id} is {one.status} here, and the broker says {status}."
        reason = "the broker says so"
        if cancelling:
            text += " The cancel has not reached it, or is not answered yet."
            reason = "its cancel was not taken"
        yield Finding(
            FindingKind.ORDER_STATE,
            Severity.EXPLAINED,
            order_id,
            one.status,
            status,
            text,
            "Ask for the cancel again." if cancelling else "Its state is taken over.",
            StateOfOrder(order_id, _reachable(one, told), reason),
        )
    changes = _changes(one, told)
    if changes:
        yield Finding(
            FindingKind.ORDER_DIFFERS,
            Severity.UNEXPLAINED,
            order_id,
            ", ".join(f"{name} {mine:.10g}" for name, mine, _ in changes),
            ", ".join(f"{name} {theirs:.10g}" for name, _, theirs in changes),
            f"{order_id} works otherwise than it was sent: "
            + ", ".join(f"{name} {theirs:.10g}, not {mine:.10g}" for name, mine, theirs in changes)
            + ".",
            "Send the change again, or adopt it as it works.",
            StateOfOrder(
                order_id,
                _reachable(one, told),
                "adopted as it works",
                **{name: theirs for name, _, theirs in changes},
            ),
        )


def _reachable(one: OurOrder, told: BrokerOrder) -> OrderStatus:
    """The state the broker tells, or the nearest one that ours may become."""
    if told.status is one.status or can_become(one.status, told.status):
        return told.status
    return _S.PARTIAL if told.filled else _S.WORKING


def _changes(one: OurOrder, told: BrokerOrder) -> list[tuple[str, float, float]]:
    """Name, our figure and the broker's, of what differs; a level that moves by itself does not."""
    order = one.order
    pairs = [("quantity", order.quantity, abs(told.quantity)), ("limit", order.limit, told.limit)]
    if order.trail is None:
        pairs.append(("stop", order.stop, told.stop))
    return [
        (name, mine, theirs)
        for name, mine, theirs in pairs
        if mine is not None and theirs is not None and not same(mine, theirs)
    ]


def _ended(case: _Case, order_id: str, one: OurOrder, told: BrokerOrder) -> Finding:
    filled = one.filled + case.filled.get(order_id, 0.0)
    agrees = same(filled, told.filled)
    text = f"{order_id} is {one.status} here, and the broker says {told.status}"
    if not agrees:
        return Finding(
            FindingKind.ORDER_STATE,
            Severity.UNEXPLAINED,
            order_id,
            f"{filled:.10g} filled",
            f"{told.status}, {told.filled:.10g} filled",
            f"{text} with {told.filled:.10g} filled; its executions make {filled:.10g}.",
            _AGAIN,
        )
    return Finding(
        FindingKind.ORDER_STATE,
        Severity.EXPLAINED,
        order_id,
        one.status,
        told.status,
        f"{text}" + (f" ({told.note})." if told.note else "."),
        "Its end is taken over.",
        EndOfOrder(order_id, told.status, told.note or "the broker says so"),
    )


def _unheard(case: _Case, order_id: str, one: OurOrder) -> Finding:
    """An order of ours that is among neither the working nor the ended ones."""
    filled = one.filled + case.filled.get(order_id, 0.0)
    if case.now.executions.items is not None and same(filled, one.order.quantity):
        return Finding(
            FindingKind.ORDER_STATE,
            Severity.EXPLAINED,
            order_id,
            one.status,
            _S.FILLED,
            f"{order_id} is {one.status} here, and its executions make all of it.",
            "It is filled.",
            EndOfOrder(order_id, _S.FILLED, "its executions make all of it"),
        )
    proven = _is_proven_absent(case, order_id, one)
    if not proven:
        return _missing(one, order_id, "the broker does not list it", _AGAIN, None)
    if one.session == case.now.session:
        return _absent_today(one, order_id)
    return _absent_since(case, one, order_id)


def _is_proven_absent(case: _Case, order_id: str, one: OurOrder) -> bool:
    """Whether two complete queries of this day, on a healthy link, do not know it."""
    now, before = case.now, case.before
    return (
        before is not None
        and now.tells_orders
        and before.tells_orders
        and before.session == now.session
        and before.time >= one.sent_at + case.tolerance.settled
        and now.time >= before.time + case.tolerance.apart
        and not is_known(case.books, before, order_id)
        and not is_known(case.books, now, order_id)
    )


def _absent_today(one: OurOrder, order_id: str) -> Finding:
    if one.acknowledged:
        end = EndOfOrder(order_id, _S.CANCELLED, "the broker no longer knows it")
        text = "the broker had taken it, and twice did not list it since"
        return _missing(one, order_id, text, "Look at the account; adopt it as cancelled.", end)
    status = _S.CANCELLED if one.status is _S.HELD else _S.ABSENT
    return Finding(
        FindingKind.ORDER_ABSENT,
        Severity.EXPLAINED,
        order_id,
        one.status,
        status,
        f"{order_id} is {one.status} here, and two complete queries of its own day do not know "
        "it: it never reached the broker.",
        "It ends here, and is not sent again.",
        EndOfOrder(order_id, status, "it never reached the broker"),
    )


def _absent_since(case: _Case, one: OurOrder, order_id: str) -> Finding:
    """An order of an earlier day, of which the broker lists no end."""
    matches = case.matches.get(one.order.symbol, False)
    expires = one.acknowledged and one.order.tif is not TimeInForce.GTC
    text = "it is of an earlier day, and the broker does not list it"
    if not matches:
        remedy = "Resolve the position first: it may have filled."
        return _missing(one, order_id, text, remedy, None)
    if expires:
        end = EndOfOrder(order_id, _S.EXPIRED, "its session is over")
        return Finding(
            FindingKind.ORDER_STATE,
            Severity.EXPLAINED,
            order_id,
            one.status,
            _S.EXPIRED,
            f"{order_id} was for an earlier day; it works no longer, and the position agrees.",
            "It has expired.",
            end,
        )
    end = EndOfOrder(order_id, _S.CANCELLED, "adopted: the broker no longer knows it")
    if not one.acknowledged and one.status is not _S.HELD:
        end = EndOfOrder(order_id, _S.ABSENT, "adopted: it never reached the broker")
    return _missing(one, order_id, text, f"The position agrees: adopt it as {end.status}.", end)


def _missing(
    one: OurOrder, order_id: str, text: str, remedy: str, end: EndOfOrder | None
) -> Finding:
    return Finding(
        FindingKind.ORDER_MISSING,
        Severity.UNEXPLAINED,
        order_id,
        one.status,
        "nothing",
        f"{order_id} is {one.status} here; {text}.",
        remedy,
        end,
    )


def foreign_orders(books: Books, told: tuple[BrokerOrder, ...]) -> Iterator[Finding]:
    """Working orders that are not ours: noted once, and never touched."""
    for one in told:
        if books.ours(one.ref, one.perm_id, one.client_id) or one.perm_id in books.baseline.orders:
            continue
        is_lost = one.client_id == books.client_id
        text = f"The broker works an order that is not ours: {one}."
        if is_lost:
            text = f"The broker works {one.ref or 'an order'} of our own client id, and no journal "
            text += f"of ours knows it: {one}."
        yield Finding(
            FindingKind.UNKNOWN_ORDER if is_lost else FindingKind.EXTERNAL_ORDER,
            Severity.UNEXPLAINED if is_lost else Severity.EXPLAINED,
            one.ref or f"permId {one.perm_id}",
            "nothing",
            str(one.status),
            text,
            "Use the journal that sent it, cancel it, or adopt it as somebody else's."
            if is_lost
            else "It is noted, and never touched.",
            ExternalOrder(one),
        )


def unprotected(
    books: Books, told: tuple[BrokerOrder, ...], quantities: Mapping[str, float]
) -> Iterator[Finding]:
    """Positions whose entry had a protective stop that works no longer, or covers too little.

    Args:
        books: ours.
        told: every working order.
        quantities: signed units our ledgers will hold once missing fills are booked.
    """
    working = _by_order(books, told)
    for symbol, entries in books.entries.items():
        net, apart = quantities.get(symbol, 0.0), books.shared.get(symbol, {})
        for entry in entries:
            held = abs(apart.get(owner_of(entry), net))
            if held == 0.0:
                continue
            stops = {
                order_id: one
                for order_id, one in books.orders.items()
                if one.order.parent == entry and one.order.origin in _STOPS
            }
            if not stops or any(one.let_go for one in stops.values()):
                continue
            needed = min(held, books.orders[entry].filled) if entry in books.orders else held
            # what was sold of it since has shrunk its stop, and what was bought since is another's
            needed = min(needed, sum(one.order.quantity for one in stops.values()))
            covered = sum(
                abs(working[order_id].quantity) - working[order_id].filled
                for order_id in stops
                if order_id in working
            )
            if covered >= needed or same(covered, needed):
                continue
            yield Finding(
                FindingKind.UNPROTECTED,
                Severity.UNEXPLAINED,
                entry,
                f"{needed:.10g} to protect",
                f"{covered:.10g} protected",
                f"{symbol}: the stop of {entry} covers {covered:.10g} of {needed:.10g} held "
                f"({', '.join(f'{key} is {one.status} here' for key, one in stops.items())}).",
                "Send a stop, or close the position; exits are always let out.",
                Accepted(FindingKind.UNPROTECTED, entry),
            )
