"""Executions held against what is booked: missing, corrected, vanished and foreign ones."""

from __future__ import annotations

__all__ = ["FillFindings", "fills_held_against"]

from collections.abc import Iterable
from dataclasses import dataclass, field

from framework.engine.reconcile_books import Books
from framework.engine.reconcile_nouns import (
    Accepted,
    ExternalFill,
    Finding,
    FindingKind,
    OurFill,
    Severity,
)
from framework.engine.reconcile_snapshot import Execution


@dataclass(slots=True)
class FillFindings:
    """What the executions tell.

    Attributes:
        found: the findings.
        ours: signed units by symbol that are ours and not booked yet.
        others: signed units by symbol that are nobody's and not booked yet.
        filled: by order id, unsigned units that are not booked yet.
        cash: money they move that is not booked yet.
        uncharged: those whose fee has not been told.
    """

    found: list[Finding] = field(default_factory=list)
    ours: dict[str, float] = field(default_factory=dict)
    others: dict[str, float] = field(default_factory=dict)
    filled: dict[str, float] = field(default_factory=dict)
    cash: float = 0.0
    uncharged: int = 0


def fills_held_against(
    books: Books, executions: Iterable[Execution], executions_from: int
) -> FillFindings:
    """Hold the broker's executions against the booked ones.

    Args:
        books: ours.
        executions: every one since `executions_from`, corrections included.
        executions_from: nanoseconds UTC.
    """
    last = _last_of_each(executions)
    result = FillFindings()
    for execution in last.values():
        order = books.ours(execution.ref, execution.perm_id, execution.client_id)
        if order:
            _ours(books, order, execution, result)
        elif execution.key not in books.executions:
            _other(books, execution, result)
    for key, fill in books.fills.items():
        if fill.time >= executions_from and key not in last and fill.order.id in books.orders:
            result.found.append(
                Finding(
                    FindingKind.VANISHED_FILL,
                    Severity.UNEXPLAINED,
                    fill.id,
                    f"{fill.quantity:.10g} at {fill.price:.10g}",
                    "nothing",
                    f"We booked {fill} ({fill.id}), and the broker does not list it.",
                    "Look whether it was cancelled at the exchange: the position shows it.",
                    Accepted(FindingKind.VANISHED_FILL, fill.id),
                )
            )
    return result


def _last_of_each(executions: Iterable[Execution]) -> dict[str, Execution]:
    """The last correction of every execution, by key, in the order they came."""
    found: dict[str, Execution] = {}
    for one in executions:
        before = found.get(one.key)
        if before is None or _revision(one.exec_id) >= _revision(before.exec_id):
            found[one.key] = one
    return found


def _revision(exec_id: str) -> tuple[int, str]:
    last = exec_id.rpartition(".")[2]
    return (int(last), "") if last.isdecimal() else (0, last)


def _ours(books: Books, order: str, execution: Execution, result: FillFindings) -> None:
    booked = books.executions.get(execution.key)
    if booked == execution.exec_id:
        return
    symbol = execution.symbol
    moved, cash = execution.quantity, execution.money
    if booked is None:
        finding = Finding(
            FindingKind.MISSING_FILL,
            Severity.EXPLAINED,
            order,
            "not booked",
            f"{execution.quantity:.10g} at {execution.price:.10g}",
            f"{order} {execution}, and it is not booked.",
            "It is booked now.",
            OurFill(order, execution),
        )
    else:
        fill = books.fills.get(execution.key)
        if fill is None or _revision(booked) > _revision(execution.exec_id):
            return
        if (fill.quantity, fill.price) == (execution.quantity, execution.price):
            return
        moved -= fill.quantity
        cash += fill.quantity * execution.multiplier * fill.price * fill.rate
        cash += execution.commission or 0.0
        finding = Finding(
            FindingKind.CORRECTED_FILL,
            Severity.EXPLAINED,
            order,
            f"{fill.quantity:.10g} at {fill.price:.10g} ({booked})",
            f"{execution.quantity:.10g} at {execution.price:.10g}",
            f"{order} {execution}, which corrects {booked}: {fill.quantity:.10g} at "
            f"{fill.price:.10g}.",
            "The correction replaces it.",
            OurFill(order, execution, booked),
        )
    result.found.append(finding)
    result.ours[symbol] = result.ours.get(symbol, 0.0) + moved
    result.filled[order] = result.filled.get(order, 0.0) + abs(moved)
    result.cash += cash
    result.uncharged += execution.commission is None


def _other(books: Books, execution: Execution, result: FillFindings) -> None:
    before = books.baseline.executions.get(execution.key)
    if before == execution:
        return
    symbol = execution.symbol
    moved = execution.quantity - (0.0 if before is None else before.quantity)
    result.others[symbol] = result.others.get(symbol, 0.0) + moved
    if books.baseline.cash is not None:
        result.cash += execution.money - (0.0 if before is None else before.money)
    is_lost = execution.client_id == books.client_id and before is None
    held = books.quantities.get(symbol, 0.0)
    besides = books.baseline.quantities.get(symbol, 0.0) + result.others[symbol]
    against = held * besides < 0.0
    who = f"client {execution.client_id}" + (f", {execution.ref}" if execution.ref else "")
    text = f"An order that is not ours ({who}) {execution}."
    remedy = "Its units and its money are nobody's here."
    if is_lost:
        text = f"{execution.ref or 'An order'} of our own client id {execution}, and no journal of "
        text += "ours knows the order."
        remedy = "Use the journal that sent it, or adopt it as somebody else's."
    elif against:
        text += f" It takes from the {held:.10g} {symbol} a strategy here holds."
        remedy = (
            "Adopt it only if that strategy shall go on as if it still held them; otherwise stop, "
            "and begin a new journal."
        )
    result.found.append(
        Finding(
            FindingKind.UNKNOWN_FILL if is_lost else FindingKind.EXTERNAL_FILL,
            Severity.UNEXPLAINED if is_lost or against else Severity.EXPLAINED,
            execution.exec_id,
            "nothing" if before is None else f"{before.quantity:.10g} at {before.price:.10g}",
            f"{execution.quantity:.10g} at {execution.price:.10g}",
            text,
            remedy,
            ExternalFill(execution),
        )
    )
