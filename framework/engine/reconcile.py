"""Reconcile: what our books and a broker disagree about. Pure functions.

`reconcile` compares ledgers with a book that is always whole: a simulated broker's. `findings`
compares with what a broker over a wire says, of which any part may be missing, late or wrong. What
holds of it, whatever it is given:

1. **Nothing follows from what is unknown or stale.** A part that is not complete, or older than the
   last change of our books, gives a finding of its own and no other; an empty list is a statement
   only if it is complete.
2. **Money moves by executions alone.** An execution is booked once, by its id without the number of
   its correction; a later correction replaces it; an order's status moves nothing.
3. **Whose an order is, is decided by its permId once that is bound, else by our id and our
   journal's tag (see domain/references.py) together with our client id.** The number of its
   connection decides nothing.
4. **An order is absent only if two complete queries of its own day, on a healthy link and some
   time after it was sent, do not know it: not working, not ended, not executed.** Before that, and
   on any later day, it stays as it is; on a later day the user may adopt its end once the position
   agrees. An order the broker had acknowledged is never absent; one for a day that is over has
   expired if the position agrees.
5. **What is not ours is noted and never touched**, and its units and money are nobody's. It is no
   longer explained where it takes from what our ledgers hold.
6. **The account is what our ledgers hold, what is nobody's, and what is to be booked; anything else
   is unexplained.** Unexplained findings keep new risk out. Adopting one makes its fact true;
   a finding without a fact cannot be adopted, only resolved.
7. **An explained finding, booked, is found no more**, and the same books and snapshot always give
   the same findings in the same order.
"""

from __future__ import annotations

__all__ = ["findings", "reconcile"]

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from framework.domain.arithmetic import same
from framework.domain.ledger import Ledger
from framework.engine.reconcile_books import Books
from framework.engine.reconcile_fills import FillFindings, fills_held_against
from framework.engine.reconcile_nouns import (
    Accepted,
    ExternalHolding,
    ExternalMoney,
    Finding,
    FindingKind,
    Severity,
    Tolerance,
)
from framework.engine.reconcile_orders import foreign_orders, our_orders, unprotected
from framework.engine.reconcile_snapshot import (
    BrokerOrder,
    Cash,
    Execution,
    Holding,
    Part,
    Snapshot,
)

_HAIR = 1e-9
"""Share of the largest term by which sums of units may differ."""


def reconcile(ledgers: Sequence[Ledger], book: Ledger) -> list[str]:
    """Findings, one sentence each; an empty list means the books agree.

    Args:
        ledgers: every strategy's own ledger; together they are the account.
        book: the broker's account.
    """
    multipliers = {symbol: p.multiplier for symbol, p in book.positions.items()}
    total = Ledger(sum(ledger.cash for ledger in ledgers), multipliers)
    for ledger in ledgers:
        for symbol, position in ledger.positions.items():
            held = total.positions[symbol]
            total.positions[symbol] = held.after(position.quantity, position.average_price)
    return total.differences(book)


def findings(
    books: Books,
    snapshot: Snapshot,
    tolerance: Tolerance | None = None,
    before: Snapshot | None = None,
) -> tuple[Finding, ...]:
    """What our books and a broker's snapshot disagree about; empty if they agree.

    Args:
        books: ours.
        snapshot: the broker's.
        tolerance: how far apart figures may be; `Tolerance()` without it.
        before: an earlier snapshot of the same day, which proves an absence together with this.
    """
    allowed = tolerance or Tolerance()
    found = [*_unusable(books, snapshot)]
    fills = FillFindings()
    if _usable(books, snapshot.executions):
        executions = snapshot.executions.known
        fills = fills_held_against(books, executions, snapshot.executions_from)
        found += fills.found
    positions, matches = _positions(books, snapshot, fills)
    if _usable(books, snapshot.open_orders):
        working = snapshot.open_orders.known
        found += our_orders(books, _fresh(books, snapshot), before, allowed, fills.filled, matches)
        found += foreign_orders(books, working)
    found += positions
    if _usable(books, snapshot.open_orders):
        ours = _sum(books.quantities, fills.ours)
        found += unprotected(books, snapshot.open_orders.known, ours)
    found += _cash(books, snapshot, fills, allowed)
    accepted = books.baseline.accepted
    return tuple(one for one in found if Accepted(one.kind, one.subject) not in accepted)


_Parts = Part[BrokerOrder] | Part[Execution] | Part[Holding] | Part[Cash]


def _usable(books: Books, part: _Parts) -> bool:
    return part.items is not None and part.time >= books.changed


def _parts(snapshot: Snapshot) -> dict[str, _Parts]:
    return {
        "open orders": snapshot.open_orders,
        "completed orders": snapshot.completed_orders,
        "executions": snapshot.executions,
        "positions": snapshot.positions,
        "cash": snapshot.cash,
    }


def _fresh(books: Books, snapshot: Snapshot) -> Snapshot:
    """The snapshot, with what is stale made unknown."""

    def kept(part: Part[BrokerOrder]) -> Part[BrokerOrder]:
        return part if _usable(books, part) else Part.unknown("stale", part.time)

    executions = snapshot.executions
    if not _usable(books, executions):
        executions = Part.unknown("stale", executions.time)
    return replace(
        snapshot,
        open_orders=kept(snapshot.open_orders),
        completed_orders=kept(snapshot.completed_orders),
        executions=executions,
    )


def _unusable(books: Books, snapshot: Snapshot) -> Iterator[Finding]:
    for name, part in _parts(snapshot).items():
        if part.items is None:
            yield Finding(
                FindingKind.UNKNOWN_PART,
                Severity.UNEXPLAINED,
                name,
                "",
                "unknown",
                f"The {name} are not known{f': {part.why}' if part.why else ''}.",
                "Ask again; nothing is concluded from it, and no new risk is taken meanwhile.",
            )
        elif part.time < books.changed:
            late = (books.changed - part.time) / 1e9
            yield Finding(
                FindingKind.STALE_PART,
                Severity.UNEXPLAINED,
                name,
                "",
                "stale",
                f"The {name} were told {late:.3g} s before the last change of our books.",
                "Ask again; nothing is concluded from it, and no new risk is taken meanwhile.",
            )


def _sum(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    both = dict.fromkeys((*first, *second))
    return {symbol: first.get(symbol, 0.0) + second.get(symbol, 0.0) for symbol in both}


def _positions(
    books: Books, snapshot: Snapshot, fills: FillFindings
) -> tuple[list[Finding], dict[str, bool]]:
    """Positions that differ; and by symbol, whether it is known to agree."""
    if not (_usable(books, snapshot.positions) and _usable(books, snapshot.executions)):
        return [], {}
    theirs: dict[str, float] = {}
    for holding in snapshot.positions.known:
        theirs[holding.symbol] = theirs.get(holding.symbol, 0.0) + holding.quantity
    mine = _sum(books.quantities, fills.ours)
    besides = _sum(books.baseline.quantities, fills.others)
    found, matches = [], {}
    for symbol in dict.fromkeys((*mine, *besides, *theirs)):
        ours, nobodys = mine.get(symbol, 0.0), besides.get(symbol, 0.0)
        told = theirs.get(symbol, 0.0)
        largest = max(abs(ours), abs(nobodys), abs(told))
        matches[symbol] = abs(ours + nobodys - told) <= _HAIR * largest
        if not matches[symbol]:
            found.append(_position(symbol, ours, nobodys, told))
    for one in books.orders.values():
        matches.setdefault(one.order.symbol, True)
    return found, matches


def _position(symbol: str, ours: float, nobodys: float, told: float) -> Finding:
    besides = f" and {nobodys:.10g} of nobody" if nobodys else ""
    ratio = told / (ours + nobodys) if ours + nobodys else 0.0
    split = ""
    if ratio > 0.0 and not same(ratio, 1.0):
        whole = ratio if ratio > 1.0 else 1.0 / ratio
        if same(whole, round(whole)) and whole <= 100.0:
            split = f" A split would explain it: {ratio:.10g} units for each one."
    return Finding(
        FindingKind.POSITION,
        Severity.UNEXPLAINED,
        symbol,
        f"{ours:.10g}",
        f"{told - nobodys:.10g}",
        f"{symbol}: our ledgers hold {ours:.10g}{besides}, and the broker has {told:.10g}.{split}",
        "Look at the account's trades; adopt the difference only if it is none of the strategies'.",
        ExternalHolding(symbol, told - ours - nobodys),
    )


def _cash(
    books: Books, snapshot: Snapshot, fills: FillFindings, tolerance: Tolerance
) -> Iterator[Finding]:
    """Money that differs, in the account's currency."""
    if not (_usable(books, snapshot.cash) and _usable(books, snapshot.executions)):
        return
    told, foreign = 0.0, 0.0
    for cash in snapshot.cash.known:
        if cash.currency == books.currency:
            told += cash.amount
        elif cash.currency in snapshot.rates:
            told += cash.amount * snapshot.rates[cash.currency]
            foreign += abs(cash.amount * snapshot.rates[cash.currency])
        elif cash.amount:
            yield _no_rate(cash, books.currency)
            return
    ours = books.cash + fills.cash + (books.baseline.cash or 0.0)
    difference = told - ours
    figures = (f"{ours:,.2f}", f"{told:,.2f}")
    if books.baseline.cash is None:
        yield Finding(
            FindingKind.CASH,
            Severity.EXPLAINED,
            books.currency,
            *figures,
            f"The account has {told:,.2f} {books.currency}, and our ledgers {ours:,.2f} of it.",
            "The rest is noted as nobody's, and later changes are held against it.",
            ExternalMoney(difference),
        )
        return
    if abs(difference) <= tolerance.cash + tolerance.foreign * foreign:
        return
    fees = tolerance.fee * (books.uncharged + fills.uncharged)
    awaited = -fees - tolerance.cash <= difference < 0.0
    yield Finding(
        FindingKind.CASH,
        Severity.EXPLAINED if awaited else Severity.UNEXPLAINED,
        books.currency,
        *figures,
        f"The account has {told:,.2f} {books.currency}, and by our books it is {ours:,.2f}: "
        f"{difference:+,.2f}.",
        "Fees that have not been told yet explain it."
        if awaited
        else "Look at the account's statement: a deposit, interest, a dividend or a fee; adopt it.",
        None if awaited else ExternalMoney(difference),
    )


def _no_rate(cash: Cash, currency: str) -> Finding:
    return Finding(
        FindingKind.UNKNOWN_PART,
        Severity.UNEXPLAINED,
        "cash",
        "",
        f"{cash.amount:,.2f} {cash.currency}",
        f"The account has {cash.amount:,.2f} {cash.currency}, and no rate of it is known.",
        f"Ask for the rate of {cash.currency} in {currency}.",
    )
