"""Holding a journal against the broker's books from outside its session: read, ask, compare.

Nothing is written and nothing but questions is sent, so it may be done beside a session that
trades. That one goes on meanwhile: the journal is read again after the broker has answered, and
both are asked anew where it was written to in between.
"""

from __future__ import annotations

__all__ = ["Compared", "Shelf", "held_against", "shelf_of"]

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from framework.brokers.ib.snapshot import Snapshot as IbSnapshot
from framework.calendar import TradingCalendar
from framework.domain.instruments import Instrument
from framework.engine.journal import read_journal
from framework.engine.journal_books import JournalBooks
from framework.engine.journal_rows import Started
from framework.engine.reconcile import findings
from framework.engine.reconcile_books import Books
from framework.engine.reconcile_nouns import Finding, FindingKind
from framework.engine.reconcile_snapshot import Part, Snapshot
from framework.errors import ConfigError, DataError
from framework.options.contracts import option_contract
from framework.options.occ import parse_symbol
from framework.session.reconciling import snapshot_of

Ask = Callable[[], Awaitable[IbSnapshot]]
"""The broker's books now."""

_SETTLE = 0.5
"""Seconds a session is given to write down what the broker has told it, too."""
_APART = 2.2
"""Seconds between two looks that prove an absence together."""
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Shelf:
    """A journal as it is now.

    Attributes:
        path: of the file.
        started: the last session of it.
        books: what it says.
        instruments: everything it has traded, with bars or as an option on what has bars.
    """

    path: Path
    started: Started
    books: JournalBooks
    instruments: tuple[Instrument, ...]

    def multiplier(self, symbol: str) -> float:
        """Money per price point of a symbol; 1 of one it does not know."""
        known = (one.multiplier for one in self.instruments if one.symbol == symbol)
        return next(known, 1.0)


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison has found.

    Attributes:
        shelf: the journal.
        snapshot: what the broker said.
        found: where they differ.
        is_settled: whether the journal stood still meanwhile.
    """

    shelf: Shelf
    snapshot: Snapshot
    found: tuple[Finding, ...]
    is_settled: bool

    @property
    def blocks(self) -> bool:
        """Whether anything of it is unexplained."""
        return any(one.blocks for one in self.found)


def shelf_of(path: Path) -> Shelf:
    """Read a journal.

    Raises:
        JournalError: there is none, or it cannot be read.
        ConfigError: no session has begun in it, or one whose orders never left the machine.
    """
    books = JournalBooks(lambda symbol: _option_multiplier(symbol, books.instruments))
    with read_journal(path) as reader:
        books.fold(entry.row for entry in reader.entries())
    started = books.facts.started
    if started is None:
        raise ConfigError(f"No session has begun in {path}.", "Give the journal of one that has.")
    if started.mode == "shadow":
        raise ConfigError(
            f"{path} is of a session in shadow: no order of it ever reached a broker.",
            "Give the journal of a paper or a live session.",
        )
    traded = {order.symbol for order in books.facts.submitted.values()}
    options = (_option(symbol, books.instruments) for symbol in sorted(traded))
    listed = (*books.instruments.values(), *(one for one in options if one is not None))
    return Shelf(path, started, books, listed)


async def held_against(
    path: Path, ask: Ask, now: Callable[[], int], currency: Callable[[], str]
) -> Compared:
    """Ask the broker, read the journal, and compare.

    An order the broker does not list is asked for twice: only two answers prove that it is absent.

    Args:
        path: of the journal.
        ask: the broker.
        now: nanoseconds UTC.
        currency: of the account, once the broker has been asked.

    Raises:
        JournalError: the journal cannot be read.
        LinkLostError: the connection ended.
    """
    first = await _steady(path, ask, now, currency)
    if not any(one.kind is FindingKind.ORDER_MISSING for one in first.found):
        return first
    await asyncio.sleep(_APART)
    return await _steady(path, ask, now, currency, first.snapshot)


async def _steady(
    path: Path,
    ask: Ask,
    now: Callable[[], int],
    currency: Callable[[], str],
    before: Snapshot | None = None,
) -> Compared:
    """One comparison, of a journal that stands still while the broker answers if it can be had."""
    shelf, is_settled = shelf_of(path), False
    for _ in range(_TRIES):
        seen = await ask()
        await asyncio.sleep(_SETTLE)
        told, shelf = shelf.books.changes, shelf_of(path)
        is_settled = shelf.books.changes == told
        if is_settled:
            break
    time = now()
    snapshot = snapshot_of(
        seen,
        _session(shelf, time),
        time,
        shelf.multiplier,
        currency(),
        shelf.books.filled,
        shelf.books.facts.references,
    )
    books: Books = shelf.books.books(currency())
    if shelf.books.opening is None:
        snapshot = _without_cash(snapshot)
    found = findings(books, snapshot, before=before)
    if shelf.books.opening is None:
        found = tuple(one for one in found if one.subject != "cash")
    return Compared(shelf, snapshot, found, is_settled)


def _without_cash(snapshot: Snapshot) -> Snapshot:
    """Cash cannot be compared where the journal does not say with how much it began."""
    return replace(snapshot, cash=Part.unknown("the journal does not say what it began with"))


def _session(shelf: Shelf, time: int) -> int:
    """The trading day, by the calendar of what is traded first."""
    calendar = next((one.calendar for one in shelf.instruments), "XNYS")
    return int(TradingCalendar(calendar).session_of(np.array([time], dtype=np.int64))[0])


def _option(symbol: str, known: dict[str, Instrument]) -> Instrument | None:
    """The option a symbol names, on one of the instruments that have bars."""
    if symbol in known:
        return None
    try:
        parts = parse_symbol(symbol)
        underlying = known.get(parts.root)
        if underlying is None:
            return None
        return option_contract(underlying, parts.expiry, parts.right, parts.strike)
    except DataError:
        return None


def _option_multiplier(symbol: str, known: dict[str, Instrument]) -> float:
    option = _option(symbol, known)
    return 1.0 if option is None else option.multiplier
