"""Reconcile: what the ledgers and the broker's book disagree about. A pure function."""

from __future__ import annotations

__all__ = ["reconcile"]

from collections.abc import Sequence

from framework.domain.ledger import Ledger


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
