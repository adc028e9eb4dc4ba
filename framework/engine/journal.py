"""The journal: every input, intent and report of live sessions, durable before it is acted upon.

Rows are only ever added, in one sequence, each synced to the disk before `append` returns. A kill
at any moment leaves whole rows: an intent that reached the broker is in the file. One process
writes, any number may read beside it.

A full disk: `append` raises, so what cannot be journalled is not sent. What must not be held back
(cancels, orders that close, what the broker reports) goes through `insist`: it throws off a ballast
kept for that, and where even that is not enough the row is logged whole, kept in memory and
written before any other once there is room.
"""

from __future__ import annotations

__all__ = ["JOURNAL_NAME", "Journal", "JournalReader", "open_journal", "read_journal"]

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from framework.engine.journal_ballast import Ballast
from framework.engine.journal_codec import CodecError, decode_row, encode_row
from framework.engine.journal_errors import (
    JournalBusyError,
    JournalDamagedError,
    JournalError,
)
from framework.engine.journal_facts import FACT_KINDS, Facts
from framework.engine.journal_file import (
    ROOM,
    Record,
    checksum,
    create_journal_file,
    named,
    open_to_read,
    open_to_write,
    stored,
)
from framework.engine.journal_lock import Berth, Holder, Lock, Trader, masked
from framework.engine.journal_rows import INTENTS, Entry, Row, Started
from framework.errors import SlipwayError

JOURNAL_NAME = "journal.sqlite"
"""What the file is called in a session's folder."""

_log = logging.getLogger("slipway.journal")

_INSERT = "INSERT INTO rows (number, run, written, kind, body, checksum) VALUES (?, ?, ?, ?, ?, ?)"
_LAST = "SELECT number, run, checksum FROM rows ORDER BY number DESC LIMIT 1"
_PAGE = 4096
_PAGES_A_WRITE = 2
_TIDY = ROOM * 7 // 8
"""Bytes of the -wal file after which what is in it is moved into the main file."""


class JournalReader:
    """A journal as it can be read, also while a session writes it.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def entries(self, kinds: Sequence[str] | None = None) -> Iterator[Entry]:
        """Every row in order.

        Args:
            kinds: the only ones wanted, by the names of `KINDS`.

        Raises:
            JournalDamagedError: at the first row that is not as it was written.
        """
        for record in stored(self._connection, self.path, kinds):
            yield self._entry(record)

    def _entry(self, record: Record) -> Entry:
        try:
            row = decode_row(record.kind, record.body)
        except (CodecError, SlipwayError) as error:
            raise JournalDamagedError(
                f"Row {record.number} of the journal {self.path} ({record.kind}) cannot be read: "
                f"{error}.",
                "Use the version of Slipway that wrote it.",
                record.number - 1,
            ) from error
        return Entry(record.number, record.run, record.written, row)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> JournalReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Journal(JournalReader):
    """A journal as the one trading process writes it.

    Attributes:
        path: of the file.
        facts: what it says that must survive a restart, up to the last row.
        number: of the last row; 0 in an empty one.
        owed: rows that could not be written yet.
    """

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        clock: Callable[[], int],
        ballast: Ballast,
    ) -> None:
        super().__init__(path, connection)
        self._clock = clock
        self._ballast = ballast
        self._held = ExitStack()
        self._locks = path.parent
        self._holder: Holder | None = None
        self._unmoved = 0
        self.owed: deque[Row] = deque()
        self.facts = Facts()
        self.number = self._run = self._checksum = 0
        for entry in self.entries(FACT_KINDS):
            self.facts.fold(entry.row)
        self._find_end()

    def append(self, *rows: Row) -> int:
        """Write rows, all of them or none; they are durable when this returns.

        Returns:
            The number of the last one.

        Raises:
            JournalFullError: there is no room.
            JournalError: it cannot be written.
        """
        self._ballast.load()
        while self.owed:
            self._write((self.owed[0],))
            self.owed.popleft()
        self._write(rows)
        for row in rows:
            self.facts.fold(row)
        if self._unmoved > _TIDY and not isinstance(rows[-1], INTENTS):
            self.tidy()
        return self.number

    def insist(self, row: Row) -> bool:
        """Write a row that happens whether it can be written or not.

        Returns:
            Whether it is durable; if not, it is logged, and written as soon as that is possible.
        """
        self.facts.fold(row)
        try:
            while self.owed:
                self._write_or_throw_off(self.owed[0])
                self.owed.popleft()
            self._write_or_throw_off(row)
        except JournalError as error:
            self.owed.append(row)
            kind, body = encode_row(row)
            _log.critical("%s Not in the journal: %s %s", error, kind, body)
            return False
        return True

    def tidy(self) -> None:
        """Move what was written into the main file, as far as readers let it; it takes a while."""
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            _log.warning("%s", named(error, self.path))
            return
        self._unmoved = 0

    def close(self) -> None:
        """Write what is owed, if it can be, and let go of the file and of the locks."""
        try:
            while self.owed:
                self._write_or_throw_off(self.owed[0])
                self.owed.popleft()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except (JournalError, sqlite3.Error) as error:
            _log.critical("The journal %s is left without its last rows: %s", self.path, error)
        super().close()
        self._held.close()

    def keep(self, held: ExitStack, locks: Path, who: Holder) -> None:
        """Let go of these when it is closed.

        Args:
            held: the locks, among them that of `who`.
            locks: folder of the locks between traders.
            who: trades.
        """
        self._held = held
        self._locks = locks
        self._holder = who

    def claim(self, trader: Trader) -> None:
        """Be the only one who trades an account with a client id, until it is closed.

        Raises:
            JournalBusyError: another process is.
            JournalError: the journal is of another account or client id.
        """
        if trader == self._holder:
            return
        _check_trader(self, trader)
        lock = _locked(trader, self._locks, self.path)
        self._held.callback(lock.free)
        self._holder = trader

    def __enter__(self) -> Journal:
        return self

    def _write_or_throw_off(self, row: Row) -> None:
        try:
            self._write((row,))
        except JournalError:
            self._ballast.throw_off()
            self._write((row,))

    def _write(self, rows: Sequence[Row]) -> None:
        run, check = self._run, self._checksum
        written = self._clock()
        records = []
        for number, row in enumerate(rows, start=self.number + 1):
            run += isinstance(row, Started)
            kind, body = encode_row(row)
            check = checksum(check, number, run, written, kind, body)
            records.append(Record(number, run, written, kind, body, check))
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, records)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._give_up()
            raise named(error, self.path) from error
        self.number, self._run, self._checksum = self.number + len(records), run, check
        pages = _PAGES_A_WRITE + sum(len(record.body) for record in records) // _PAGE
        self._unmoved += pages * _PAGE

    def _give_up(self) -> None:
        """Take back a half-made change, and see where the file ends now."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._find_end()
        except sqlite3.Error as error:
            _log.warning("%s", named(error, self.path))

    def _find_end(self) -> None:
        last = self._connection.execute(_LAST).fetchone()
        if last is not None:
            self.number, self._run, self._checksum = last


def open_journal(
    path: Path,
    who: Trader | Berth,
    clock: Callable[[], int],
    locks: Path | None = None,
    synced: bool = True,
) -> Journal:
    """Open a journal to write, or begin one.

    Args:
        path: of the file; made with its folder, readable by its owner only.
        who: trades. No file says more of the account than its masked id. Where the broker has yet
            to say which account it is: where the connection will be; then `claim` it.
        clock: nanoseconds UTC.
        locks: folder of the locks between traders, the same for every journal of the user; the
            journal's own without it.
        synced: whether every row survives a power cut. Without it a row survives a kill of the
            process only: for the emulator, where no money is.

    Raises:
        JournalBusyError: another process trades this account with this client id, is to connect
            there as this client, or writes this journal.
        JournalFullError: the disk is full.
        JournalError: it cannot be used, or is another account's.
    """
    with ExitStack() as stack:
        create_journal_file(path)
        folder = locks or path.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        stack.callback(_locked(who, folder, path).free)
        beside = path.with_name(f"{path.name}.lock")
        stack.callback(Lock(beside, str(who), lambda other: _writing(path, other)).free)
        ballast = Ballast(path)
        ballast.load()
        connection = open_to_write(path, synced)
        stack.callback(connection.close)
        journal = Journal(path, connection, clock, ballast)
        if isinstance(who, Trader):
            _check_trader(journal, who)
        journal.keep(stack.pop_all(), folder, who)
    return journal


def read_journal(path: Path) -> JournalReader:
    """Open a journal to read, beside whoever writes it.

    Raises:
        JournalError: there is none, or it cannot be read.
    """
    return JournalReader(path, open_to_read(path))


def _locked(holder: Holder, folder: Path, journal: Path) -> Lock:
    """The lock that makes a holder the only one; it says which journal is written."""

    def refusal(other: str) -> JournalBusyError:
        return JournalBusyError(
            f"Another process already trades {holder} ({other}).",
            "Stop it first, or trade with another client id and a journal of its own.",
        )

    return Lock(holder.lock_in(folder), f"{holder}, journal {journal.resolve()}", refusal)


def _writing(path: Path, who: str) -> JournalBusyError:
    return JournalBusyError(
        f"Another process writes the journal {path} ({who}).",
        "Give every account and client id a journal of its own.",
    )


def _check_trader(journal: Journal, trader: Trader) -> None:
    """Refuse a journal another account or client id has written."""
    started = journal.facts.started
    if started is None:
        return
    if (started.account, started.client_id) != (masked(trader.account), trader.client_id):
        raise JournalError(
            f"The journal {journal.path} is of account {started.account}, client id "
            f"{started.client_id}, and this is {trader}.",
            "Give every account and client id a journal of its own.",
        )
