"""Locks between processes: one trader per account and client id, one connection per client id of a
gateway, one writer per journal.

Which account it is, the broker may have to say: until then the gateway and the client id stand for
it. The system frees a lock when its process ends, however it ends, so there are no stale ones.
"""

from __future__ import annotations

__all__ = ["Berth", "Holder", "Lock", "Trader", "holder_of", "masked", "masked_text"]

import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

from framework.engine.journal_errors import JournalBusyError, JournalError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_ACCOUNT = re.compile(r"\b(?:DU[A-Z]?|DF|DI|FA|U|F|I)\d{4,10}\b")
_SHOWN = 2
_SAID = 2_000
"""Bytes of what a lock says that are read."""
_HERE = "this machine"
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


class Holder(Protocol):
    """What only one process may be at a time."""

    def lock_in(self, folder: Path) -> Path:
        """The file in `folder` whose lock makes it the only one."""
        ...


@dataclass(frozen=True, slots=True)
class Berth:
    """Where a session connects: a gateway, and the client id it takes there."""

    host: str
    port: int
    client_id: int

    def __str__(self) -> str:
        """Such as "127.0.0.1:7497, client id 1"."""
        return f"{self.host}:{self.port}, client id {self.client_id}"

    def lock_in(self, folder: Path) -> Path:
        """The file in `folder` whose lock makes this the only one, whatever the host is called."""
        mark = sha256(f"{_plain(self.host)}:{self.port}".encode()).hexdigest()[:12]
        return folder / f"connected-{mark}-{self.client_id}.lock"


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
            said = os.read(self._file, _SAID).decode("utf-8", "replace")
            os.close(self._file)
            raise refusal(said or "another process")
        with suppress(OSError):  # a full disk: the lock holds, it only does not say whose it is
            os.ftruncate(self._file, 0)
            os.write(self._file, f"process {os.getpid()}, {holder}".encode())

    def free(self) -> None:
        """Let go of it; the file stays."""
        os.close(self._file)


def holder_of(path: Path) -> int | None:
    """The process that holds the lock on a file; None if nobody does, or the file does not say."""
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        if _taken(file):
            return None
        said = re.match(r"process (\d+),", os.read(file, _SAID).decode("utf-8", "replace"))
        return None if said is None else int(said[1])
    finally:
        os.close(file)


def _plain(host: str) -> str:
    """A host in one spelling: all names of this machine are one."""
    name = host.strip().lower()
    try:
        return _HERE if ip_address(name.strip("[]")).is_loopback else name
    except ValueError:
        return _HERE if name == "localhost" else name


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
