"""Realised: what fills on paper have cost in slippage, beside what the backtest assumes."""

from __future__ import annotations

__all__ = ["realised"]

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from framework.config.plan import Plan
from framework.domain.instruments import Instrument
from framework.domain.orders import Side
from framework.engine.journal import JOURNAL_NAME, read_journal
from framework.engine.journal_rows import Entry, Started
from framework.ports import SlippageModel
from framework.readiness.paper_record import is_counted
from framework.readiness.standing import Slippage
from framework.readiness.subject import Subject
from framework.research.executions import FilledOrder, filled_orders
from framework.research.order_lives import journal_orders

_BASIS = 10_000.0


def realised(folder: Path, subject: Subject, plan: Plan) -> Slippage | None:
    """Measure the orders of a subject's paper sessions at Interactive Brokers that paid slippage.

    Args:
        folder: of the sessions.
        subject: which one exactly.
        plan: its backtest's, or its session's; says what is assumed.

    Returns:
        Value-weighted means in basis points; None without any such order.

    Raises:
        JournalError: a journal cannot be read.
    """
    known = {one.symbol: one.instrument for one in plan.market.bars}
    model = plan.settings.slippage
    paid = assumed = traded = 0.0
    count = 0
    for one in _orders(folder, subject, known):
        paid += one.slippage
        assumed += _assumed(one, model, known.get(one.symbol, Instrument(one.symbol)))
        traded += one.traded
        count += 1
    if not count or traded <= 0.0:
        return None
    return Slippage(count, _BASIS * paid / traded, _BASIS * assumed / traded)


def _orders(folder: Path, subject: Subject, known: dict[str, Instrument]) -> Iterator[FilledOrder]:
    """Those that take liquidity; options are priced by a model of their own."""
    for path in sorted(folder.glob(f"*/{JOURNAL_NAME}")):
        with read_journal(path) as journal:
            entries = list(journal.entries())
        runs = _runs(entries, subject)
        if not runs:
            continue
        found = journal_orders(path.parent.name, entries)
        ours = replace(found, lives=tuple(one for one in found.lives if one.run in runs))
        every = filled_orders(ours, lambda symbol: known.get(symbol, Instrument(symbol)))
        yield from (one for one in every if one.takes and not one.is_option)


def _runs(entries: list[Entry], subject: Subject) -> frozenset[int]:
    """Numbers of the sessions that count."""
    return frozenset(
        entry.run
        for entry in entries
        if isinstance(entry.row, Started) and is_counted(entry.row, subject, "paper")
    )


def _assumed(one: FilledOrder, model: SlippageModel, instrument: Instrument) -> float:
    """Money the backtest's slippage would have cost."""
    side = Side.BUY if one.side > 0 else Side.SELL
    price = model.price(instrument, side, one.reference, one.units, one.volume)
    return one.side * (price - one.reference) * one.units * one.unit_money
