"""Locks between processes: one trader per account and client id, one writer per journal.

The system frees a lock when its process ends, however it ends, so there are no stale ones.
"""

from __future__ import annotations

__all__ = ["Lock", "Trader", "masked", "masked_text"]

import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from framework.engine.journal_errors import JournalBusyError, JournalError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_ACCOUNT = re.compile(r"\b(?:DU[A-Z]?|DF|DI|FA|U|F|I)\d{4,10}\b")
_SHOWN = 2
_FAR = 1 << 30
"""Where Windows locks: a locked range cannot be read, and the text in front of it must be."""


def masked(account: str) -> str:
    """An account's id with most of its digits hidden: DU1234567 is DU*****67."""
    letters = account.rstrip("0123456789")
    digits = account[len(letters) :]
    hidden = max(len(digits) - _SHOWN, 0)
    return letters + "*" * hidden + digits[hidden:]


def masked_text(text: str) -> str:
    """Some text with every account id in it masked."""
    return _ACCOUNT.sub(lambda found: masked(found[0]), text)


@dataclass(frozen=True, slots=True)
class Trader:
    """Who trades: an account, by its full id, and the client id of the connection."""

    account: str
    client_id: int

    def __str__(self) -> str:
        """Such as "account DU*****67, client id 1"."""
        return f"account {masked(self.account)}, client id {self.client_id}"

    def lock_in(self, folder: Path) -> Path:
        """The file in `folder` whose lock makes this the only one; its name tells no account."""
        mark = sha256(self.account.encode()).hexdigest()[:12]
        return folder / f"trading-{mark}-{self.client_id}.lock"


class Lock:
    """A lock on a file, held until `free` or until the process ends.

    Args:
        path: of the file, made if it is not there; it says who holds it.
        holder: what it says, such as "account DU*****67, client id 1".
        refusal: from what the present holder says to the error raised if there is one.

    Raises:
        JournalBusyError: somebody else holds it.
        JournalError: the file cannot be made.
    """

    def __init__(self, path: Path, holder: str, refusal: Callable[[str], JournalBusyError]) -> None:
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise JournalError(
                f"The lock {path} cannot be made: {error.strerror}.",
                "Use a folder you may write to.",
            ) from error
        if not _taken(self._file):
            said = os.read(self._file, 200).decode("utf-8", "replace")
            os.close(self._file)
            raise refusal(said or "another process")
        with suppress(OSError):  # a full disk: the lock holds, it only does not say whose it is
            os.ftruncate(self._file, 0)
            os.write(self._file, f"process {os.getpid()}, {holder}".encode())

    def free(self) -> None:
        """Let go of it; the file stays."""
        os.close(self._file)


def _taken(file: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(file, _FAR, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, 0, os.SEEK_SET)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if sys.platform == "win32":
            os.lseek(file, 0, os.SEEK_SET)
        return False
    return True
