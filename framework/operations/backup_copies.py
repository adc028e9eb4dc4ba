"""Backup copies: a file as it is at one moment, also while a session writes into it."""

from __future__ import annotations

__all__ = ["Copied", "copy_database", "copy_file", "holds_same_rows", "masked_run_file"]

import re
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from framework.engine.journal_errors import JournalError
from framework.engine.journal_file import open_to_read, stored

_WAIT = 10.0
"""Seconds to wait for who holds a database for a moment."""
_ALERT = re.compile(r"^alert\s*:")
_MASKED = 'alert: "***"  # masked by slipway backup, for it may hold passwords\n'
_PLACE = re.compile(r"\$\{\w+\}")
_ADDRESS = re.compile(r"://(\S*)")
_SIGN = re.compile(r"[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that was made.

    Attributes:
        rows: of a journal, whole ones; None of everything else.
        last: checksum of its last whole row, which depends on all of them; 0 without any.
        note: what is to be known of it; empty for nothing.
    """

    rows: int | None = None
    last: int = 0
    note: str = ""


def copy_database(path: Path, to: Path) -> Copied:
    """Copy an SQLite file with SQLite's own online backup: one moment of it, whole, with what its
    -wal file holds, while another process may go on writing.

    Raises:
        OSError: it cannot be read or written.
    """
    try:
        with (
            closing(
                sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_WAIT)
            ) as source,
            closing(sqlite3.connect(to)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        to.unlink(missing_ok=True)
        shutil.copyfile(path, to)
        return Copied(note=f"{error}: copied byte by byte, without its -wal file")
    return _checked(to)


def _checked(copy: Path) -> Copied:
    """How many rows of a journal are whole; any other database is taken as it is."""
    rows = last = 0
    try:
        with closing(open_to_read(copy)) as connection:
            for record in stored(connection, copy):
                rows, last = record.number, record.checksum
    except JournalError as error:
        is_other = "is no journal" in error.problem
        note = error.problem.replace(f"{copy} ", "")
        return Copied() if is_other else Copied(rows, last, note)
    finally:
        for suffix in ("-wal", "-shm"):
            copy.with_name(f"{copy.name}{suffix}").unlink(missing_ok=True)
    return Copied(rows, last)


def holds_same_rows(path: Path, rows: int, last: int) -> bool:
    """Whether a journal has exactly these rows, what its -wal file holds included."""
    found = (0, 0)
    try:
        with closing(open_to_read(path)) as connection:
            for record in stored(connection, path):
                found = (record.number, record.checksum)
    except JournalError:
        return False
    return found == (rows, last)


def copy_file(path: Path, to: Path) -> Copied:
    """Copy a file as far as it is written now.

    Raises:
        OSError: it cannot be read or written.
    """
    shutil.copyfile(path, to)
    return Copied()


def masked_run_file(path: Path, to: Path) -> Copied:
    """Copy a run file without the addresses of its alerts, for they hold passwords and tokens. What
    it takes from the environment, as `${NAME}`, is none of them and stays.

    Raises:
        OSError: it cannot be read or written.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return copy_file(path, to)
    kept, section = _parted(text.splitlines(keepends=True))
    if not _may_hold_secrets("".join(section)):
        return copy_file(path, to)
    to.write_text("".join([*kept, _MASKED]), encoding="utf-8", newline="")
    return Copied(note="its alert: is masked; write it anew, or give --secrets to take it along")


def _parted(lines: Iterable[str]) -> tuple[list[str], list[str]]:
    """The lines of a run file that are not its alert section, and those that are."""
    kept: list[str] = []
    section: list[str] = []
    is_alert = False
    for line in lines:
        if line.strip() and not line[0].isspace() and line[0] not in "#-]}":
            is_alert = _ALERT.match(line) is not None
        (section if is_alert else kept).append(line)
    if kept and not kept[-1].endswith("\n"):
        kept[-1] += "\n"
    return kept, section


def _may_hold_secrets(section: str) -> bool:
    """Whether an alert section says more of an address than the name of a host behind an @; a
    command may hold anything."""
    text = _PLACE.sub("", section)
    if "command" in text:
        return True
    for rest in _ADDRESS.findall(text):
        login, at, host = rest.rpartition("@")
        shown = login + (host.partition("/")[2] if at else host)
        if _SIGN.search(shown):
            return True
    return False
