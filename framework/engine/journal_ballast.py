"""Ballast: room kept free beside a journal, thrown off when the disk is full."""

from __future__ import annotations

__all__ = ["Ballast"]

import os
from pathlib import Path

from framework.engine.journal_errors import JournalFullError

_SIZE = 1 << 20
"""Bytes: room for some two hundred orders that close positions."""


class Ballast:
    """A file that takes up room until it is needed.

    Args:
        journal: the file it lies beside.
        size: bytes.
    """

    def __init__(self, journal: Path, size: int = _SIZE) -> None:
        self._path = journal.with_name(f"{journal.name}.ballast")
        self._size = size

    @property
    def is_there(self) -> bool:
        """Whether the room is still kept."""
        try:
            return self._path.stat().st_size >= self._size
        except OSError:
            return False

    def load(self) -> None:
        """Take up the room, if it is not taken up yet.

        Raises:
            JournalFullError: there is not so much.
        """
        if self.is_there:
            return
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                for _ in range(0, self._size, 1 << 16):
                    os.write(file, bytes(1 << 16))
                os.fsync(file)
            finally:
                os.close(file)
            if not self.is_there:
                raise OSError("too short")
        except OSError as error:
            self.throw_off()
            raise JournalFullError(
                f"There is no room for the journal beside {self._path}: {error.strerror or error}.",
                "Free some megabytes on its disk. Orders that close positions still go out.",
            ) from error

    def throw_off(self) -> None:
        """Give the room to the journal."""
        self._path.unlink(missing_ok=True)
