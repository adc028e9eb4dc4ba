"""Log files: lines added to a file that begins anew every day, and never keeps anybody waiting for
room on the disk."""

from __future__ import annotations

__all__ = ["DailyFile"]

import os
import shutil
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

_OWNER, _OWNER_FOLDER = 0o600, 0o700


class DailyFile:
    """A file of today's lines. Yesterday's is called after its day: `trading.log.2026-11-29`.

    It is opened for every batch of lines: a file that somebody has moved or removed is made again.

    Args:
        path: of today's file; it is made with its folder, both its owner's alone.
        keep: days before today of which files are kept.
    """

    def __init__(self, path: Path, keep: int) -> None:
        self._path = path
        self._keep = keep
        self._day = ""
        self._is_whole = False

    def add(self, data: bytes, day: str) -> None:
        """Add whole lines, all of them or none.

        Args:
            data: the lines.
            day: today, as an ISO date in UTC.

        Raises:
            OSError: they cannot be written.
        """
        self._path.parent.mkdir(mode=_OWNER_FOLDER, parents=True, exist_ok=True)
        if day != self._day:
            self._turn(day)
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, _OWNER)
        try:
            size = os.fstat(file).st_size
            if not self._is_whole:
                data = self._ended(size) + data
            _write(file, data, size)
            self._is_whole = True
        finally:
            os.close(file)

    def _ended(self, size: int) -> bytes:
        """What ends a line that a process before this one did not live to end."""
        if size == 0:
            return b""
        with self._path.open("rb") as file:
            file.seek(size - 1)
            return b"" if file.read(1) == b"\n" else b"\n"

    def _turn(self, day: str) -> None:
        """A new day: put aside what is of another, and remove what is too old."""
        before = self._day or _day_written(self._path)
        if before and before < day:
            _put_aside(self._path, self._path.with_name(f"{self._path.name}.{before}"))
        self._day = day
        oldest = (date.fromisoformat(day) - timedelta(days=self._keep)).isoformat()
        for other in self._path.parent.glob(f"{self._path.name}.????-??-??"):
            if other.name[-10:] < oldest:
                other.unlink(missing_ok=True)


def _day_written(path: Path) -> str:
    """The day a file was last written to; empty if there is none."""
    try:
        seconds = path.stat().st_mtime
    except FileNotFoundError:
        return ""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _put_aside(path: Path, target: Path) -> None:
    if not path.exists():
        return
    if not target.exists():
        path.rename(target)
        return
    with path.open("rb") as source, target.open("ab") as file:
        shutil.copyfileobj(source, file)
    path.unlink()


def _write(file: int, data: bytes, size: int) -> None:
    """Write all of it, or leave the file as it was."""
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, size)
        raise
