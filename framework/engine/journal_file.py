"""The file of a journal: SQLite, private to its owner, in which rows can only be added.

Every row carries a checksum of itself and of the row before, so that a changed, lost or half row is
found when it is read; SQLite itself would give out a flipped bit as data.
"""

from __future__ import annotations

__all__ = [
    "ROOM",
    "VERSION",
    "Record",
    "checksum",
    "create_journal_file",
    "named",
    "open_to_read",
    "open_to_write",
    "stored",
]

import os
import sqlite3
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from framework.engine.journal_errors import (
    JournalBusyError,
    JournalDamagedError,
    JournalError,
    JournalFullError,
)

VERSION = 1
"""Of the layout of the file."""
_MARK = 0x536C704A
"""Marks an SQLite file as a journal of ours."""
ROOM = 4 << 20
"""Bytes of the -wal file that are written again and again."""
_WAIT = 5.0
"""Seconds to wait for who holds the file for a moment."""

_SCHEMA = (
    """
    CREATE TABLE rows (
        number INTEGER PRIMARY KEY,
        run INTEGER NOT NULL,
        written INTEGER NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL,
        checksum INTEGER NOT NULL
    )
    """,
    """
    CREATE TRIGGER rows_stay BEFORE UPDATE ON rows
    BEGIN SELECT RAISE(ABORT, 'a journal is append-only: no row can be changed'); END
    """,
    """
    CREATE TRIGGER rows_are_kept BEFORE DELETE ON rows
    BEGIN SELECT RAISE(ABORT, 'a journal is append-only: no row can be deleted'); END
    """,
    """
    CREATE TRIGGER rows_follow BEFORE INSERT ON rows
    WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM rows)
    BEGIN SELECT RAISE(ABORT, 'a journal is append-only: a row comes after the last'); END
    """,
    f"PRAGMA application_id = {_MARK}",
    f"PRAGMA user_version = {VERSION}",
)


class Record(NamedTuple):
    """A row as it is stored."""

    number: int
    run: int
    written: int
    kind: str
    body: str
    checksum: int


def checksum(before: int, number: int, run: int, written: int, kind: str, body: str) -> int:
    """Of a row, given the one of the row before."""
    return crc32(f"{number}|{run}|{written}|{kind}|{body}".encode(), before)


def create_journal_file(path: Path) -> None:
    """Make the file, and its folder, if it is not there; only its owner may read it.

    SQLite gives the files beside it (-wal, -shm) the rights of the file itself.

    Raises:
        JournalError: it cannot be made, is no plain file, or others may read it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            _check_private(path)
            return
        os.close(file)
        _sync_folder(path.parent)
    except OSError as error:
        raise JournalError(
            f"The journal {path} cannot be made: {error.strerror or error}.",
            "Choose a folder you may write to.",
        ) from error


def _check_private(path: Path) -> None:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise JournalError(f"{path} is no file.", "Choose another place for the journal.")
    if sys.platform != "win32" and found.st_mode & 0o077:
        raise JournalError(
            f"Others may read the journal {path} (mode {stat.S_IMODE(found.st_mode):o}).",
            f"Make it yours alone: chmod 600 {path}",
        )


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file durable; Windows does that by itself."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def open_to_write(path: Path, synced: bool) -> sqlite3.Connection:
    """A connection that adds rows to a file made by `create_journal_file`.

    Args:
        path: of the file.
        synced: whether every row survives a power cut; otherwise it survives a kill.

    Raises:
        JournalError: it is no journal, one of a newer version, damaged, or on a full disk.
    """
    connection = sqlite3.connect(path, isolation_level=None, timeout=_WAIT, check_same_thread=False)
    try:
        if _is_empty(connection, path):
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            _begin(connection)
        _check_kind(connection, path)
        synchronous = "FULL" if synced else "NORMAL"
        for pragma in ("journal_mode = WAL", f"synchronous = {synchronous}", "fullfsync = ON"):
            connection.execute(f"PRAGMA {pragma}").fetchone()
        connection.execute("PRAGMA wal_autocheckpoint = 0").fetchone()
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise _damaged(path, str(verdict).replace("\n", " "))
        _make_room(connection)
    except sqlite3.Error as error:
        connection.close()
        raise named(error, path) from error
    except JournalError:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that only reads, beside whoever writes.

    Raises:
        JournalError: there is no such file, or it is no journal that can be read.
    """
    if not path.is_file():
        raise JournalError(f"There is no journal {path}.", "Give the file or its run's folder.")
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_WAIT)
    try:
        _check_kind(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise named(error, path) from error
    except JournalError:
        connection.close()
        raise
    return connection


def _is_empty(connection: sqlite3.Connection, path: Path) -> bool:
    if path.stat().st_size == 0:
        return True
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(tables == 0) and _pragma(connection, "application_id") == 0


def _begin(connection: sqlite3.Connection) -> None:
    """The layout, all of it or nothing."""
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN EXCLUSIVE")
    for statement in _SCHEMA:
        connection.execute(statement)
    connection.execute("COMMIT")


def _make_room(connection: sqlite3.Connection) -> None:
    """Let the -wal file take up its room once: writing into it again is one sync of the disk, and
    making it longer is two."""
    connection.execute("DROP TABLE IF EXISTS room")
    connection.execute("CREATE TABLE room (bytes BLOB)")
    connection.execute("INSERT INTO room VALUES (zeroblob(?))", (ROOM // 2,))
    connection.execute("DROP TABLE room")  # which writes all of it once more
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def _check_kind(connection: sqlite3.Connection, path: Path) -> None:
    if _pragma(connection, "application_id") != _MARK:
        raise JournalError(f"{path} is no journal.", "Give the file a session has written.")
    version = _pragma(connection, "user_version")
    if version != VERSION:
        raise JournalError(
            f"The journal {path} has layout {version}, and this is Slipway for layout {VERSION}.",
            "Use the version of Slipway that wrote it.",
        )
    names = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    missing = {"rows", "rows_stay", "rows_are_kept", "rows_follow"} - names
    if missing:
        raise _damaged(path, f"{', '.join(sorted(missing))} is missing")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)


def stored(
    connection: sqlite3.Connection, path: Path, kinds: Sequence[str] | None = None
) -> Iterator[Record]:
    """Every row in order, each checked against the one before.

    Args:
        connection: to the file.
        path: its name, for errors.
        kinds: the only ones wanted; all are checked.

    Raises:
        JournalDamagedError: at the first row that is not as it was written.
    """
    before, count = 0, 0
    wanted = None if kinds is None else frozenset(kinds)
    try:
        with closing(connection.cursor()) as cursor:
            cursor.execute(
                "SELECT number, run, written, kind, body, checksum FROM rows ORDER BY number"
            )
            for number, run, written, kind, body, check in cursor:
                if number != count + 1:
                    raise _damaged(path, f"row {count + 1} is missing", count)
                before = checksum(before, number, run, written, kind, body)
                if before != check:
                    raise _damaged(path, f"row {number} is not as it was written", count)
                count = number
                if wanted is None or kind in wanted:
                    yield Record(number, run, written, kind, body, check)
    except sqlite3.Error as error:
        raise named(error, path, count) from error


def named(error: sqlite3.Error, path: Path, intact: int = 0) -> JournalError:
    """What an error of SQLite means for the journal, with a remedy."""
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_FULL"):
        return JournalFullError(
            f"There is no room left to write the journal {path}.", "Free space on its disk."
        )
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return JournalBusyError(
            f"Another program holds the journal {path}.", "Close it, and start again."
        )
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return _damaged(path, str(error), intact)
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return JournalError(
            f"The journal {path} cannot be opened: {error}.", "Check its rights and its folder's."
        )
    return JournalError(
        f"The journal {path} cannot be used: {error} ({code}).", "Check its disk before trading on."
    )


def _damaged(path: Path, what: str, intact: int = 0) -> JournalDamagedError:
    readable = f"; the {intact} rows in front of it are intact" if intact else ""
    return JournalDamagedError(
        f"The journal {path} is damaged: {what}{readable}.",
        "Move it aside with its -wal and -shm files and keep them, check the disk, then start with "
        "a new journal: every position and order will be a finding to look at and adopt.",
        intact,
    )
