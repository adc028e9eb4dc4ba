"""Restore: a backup put back, once every hash in it has been found right.

The archive is read twice: first all of it is verified, and nothing is written; then every file is
written beside its place under another name, hashed again, and only when all of them are there do
they take their names.
"""

from __future__ import annotations

__all__ = ["Restored", "restore", "verified"]

import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from framework.engine.journal_errors import JournalBusyError
from framework.engine.journal_lock import Lock
from framework.errors import ConfigError, DataError
from framework.operations.backup_copies import holds_same_rows
from framework.operations.manifest import (
    MANIFEST_NAME,
    Entry,
    Manifest,
    is_safe,
    read_manifest,
)

_CHUNK = 1 << 20
_MOST = 1 << 26
"""Bytes a manifest may have."""
_DRAFT = ".restore.tmp"
_BESIDE = ("-wal", "-shm")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back.

    Attributes:
        manifest: of the backup.
        written: names of the files that were written.
        same: names of those that were there already, the same to the last byte.
        aside: journals that were replaced, by the names under which they are kept.
    """

    manifest: Manifest
    written: tuple[str, ...]
    same: tuple[str, ...]
    aside: tuple[Path, ...]


def verified(path: Path) -> Manifest:
    """Read a whole backup and hold it against its manifest; nothing is written.

    Raises:
        DataError: it is no backup, it is damaged, or a name in it leads out of the folder.
        ConfigError: it cannot be read.
    """
    with _opened(path) as archive:
        return _verified(archive, str(path))


def restore(path: Path, folder: Path, *, force: bool = False) -> Restored:
    """Put a backup back.

    Args:
        path: the archive.
        folder: the project's folder; made if it is not there.
        force: replace files that differ. A journal that is replaced is kept beside it.

    Raises:
        DataError: as `verified`.
        ConfigError: a file is there and differs, a folder in it is a link to another place, there
            is no room, or it cannot be written. Nothing was changed then.
        JournalBusyError: a running session writes one of the journals, whatever `force` says.
    """
    with _opened(path) as archive, ExitStack() as held:
        manifest = _verified(archive, str(path))
        found = [_Target(entry, folder.resolve(strict=False)) for entry in manifest.files]
        same = tuple(one.entry.name for one in found if one.is_same())
        left = [one for one in found if one.entry.name not in same]
        _check_free(left, folder, force)
        for one in left:
            one.hold(held)
        try:
            _written(archive, left, held)
            aside = [kept for one in left for kept in one.put()]
        except OSError as error:
            raise ConfigError(
                f"The backup cannot be put back into {folder}: {error.strerror or error}"
                f"{f' ({error.filename})' if error.filename else ''}.",
                "Check the folder's rights and room; files that are whole have taken their names.",
            ) from error
    return Restored(manifest, tuple(one.entry.name for one in left), same, tuple(aside))


# reading -----------------------------------------------------------------------------------


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:gz") as archive:
            yield archive
    except FileNotFoundError as error:
        raise ConfigError(f"There is no backup {path}.", "Check the path.") from error
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise DataError(
            f"{path} cannot be read as a backup: {error}.",
            "Nothing was written; take another copy of it.",
        ) from error


def _verified(archive: tarfile.TarFile, where: str) -> Manifest:
    found: dict[str, tuple[str, int]] = {}
    manifest = b""
    for member in archive:
        name = member.name
        if not member.isreg() or not is_safe(name):
            raise DataError(
                f"{where} holds {name!r}, which is no plain file below the folder.",
                "Nothing was written; mistrust this file.",
            )
        if name in found or (name == MANIFEST_NAME and manifest):
            raise DataError(f"{where} holds {name!r} twice.", "Mistrust this file.")
        content = archive.extractfile(member)
        assert content is not None  # a plain file has one
        if name == MANIFEST_NAME:
            manifest = content.read(_MOST)
        else:
            found[name] = _hashed(content)
    told = read_manifest(manifest, where)
    _hold_against(told, found, where)
    return told


def _hashed(content: IO[bytes]) -> tuple[str, int]:
    digest, size = sha256(), 0
    while part := content.read(_CHUNK):
        digest.update(part)
        size += len(part)
    return digest.hexdigest(), size


def _hold_against(told: Manifest, found: dict[str, tuple[str, int]], where: str) -> None:
    remedy = "Nothing was written; take another copy of it."
    wanted = {entry.name: (entry.sha256, entry.size) for entry in told.files}
    missing, unknown = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if missing:
        raise DataError(f"{where} lacks {_few(missing)}.", remedy)
    if unknown or len(wanted) != len(told.files):
        raise DataError(f"{where} holds what its manifest does not: {_few(unknown)}.", remedy)
    wrong = [name for name in wanted if wanted[name] != found[name]]
    if wrong:
        raise DataError(f"{where} is damaged: {_few(wrong)} is not as it was backed up.", remedy)


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


# writing -----------------------------------------------------------------------------------


class _Target:
    """Where one file goes.

    Args:
        entry: of the manifest.
        folder: the project's.
    """

    def __init__(self, entry: Entry, folder: Path) -> None:
        self.entry = entry
        self.path = folder.joinpath(*entry.name.split("/"))
        self._draft = self.path.with_name(f".{self.path.name}{_DRAFT}")
        if not self.path.parent.resolve(strict=False).is_relative_to(folder):
            raise ConfigError(
                f"{self.path.parent} is a link to another place.",
                "Nothing was written; restore into another folder with --to.",
            )

    @property
    def is_there(self) -> bool:
        return self.path.exists() or self.path.is_symlink()

    def is_same(self) -> bool:
        """Whether it is there already: a journal with the same rows, another file with the same
        bytes and nothing pending."""
        if not self.path.is_file() or self.path.is_symlink():
            return False
        if self.entry.rows is not None and not self.entry.note:
            return holds_same_rows(self.path, self.entry.rows, self.entry.last)
        if any(path.stat().st_size for path in self._beside() if path.name.endswith("-wal")):
            return False
        if self.path.stat().st_size != self.entry.size:
            return False
        with self.path.open("rb") as file:
            return _hashed(file)[0] == self.entry.sha256

    def _beside(self) -> Iterator[Path]:
        """What SQLite has left beside a database, which would be taken for this one's."""
        if self.entry.kind != "file":
            for suffix in _BESIDE:
                path = self.path.with_name(f"{self.path.name}{suffix}")
                if path.exists():
                    yield path

    def hold(self, held: ExitStack) -> None:
        """Take the lock of a journal, so that no session begins to write it.

        Raises:
            JournalBusyError: one writes it.
        """
        if self.entry.kind == "file" or not self.path.parent.is_dir():
            return
        beside = self.path.with_name(f"{self.path.name}.lock")
        held.callback(Lock(beside, "a restore", self._busy).free)

    def _busy(self, who: str) -> JournalBusyError:
        return JournalBusyError(
            f"A running session writes the journal {self.path} ({who}).",
            "Nothing was written; stop it first, or restore into another folder with --to.",
        )

    def write(self, archive: tarfile.TarFile, held: ExitStack) -> None:
        """Write it beside its place."""
        _make_folder(self.path.parent)
        self._draft.unlink(missing_ok=True)
        held.callback(_unlink, self._draft)
        mode = 0o700 if self.entry.executable else 0o600
        content = archive.extractfile(self.entry.name)
        assert content is not None  # a plain file has one
        file = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(file, "wb") as out:
            shutil.copyfileobj(content, out, _CHUNK)
            out.flush()
            os.fsync(out.fileno())
        with self._draft.open("rb") as again:
            if _hashed(again)[0] != self.entry.sha256:
                raise OSError(f"{self.path} was not written as it was backed up")

    def put(self) -> list[Path]:
        """Let it take its name; a database that is replaced is kept, with what belongs to it."""
        kept = []
        if self.entry.kind != "file" and (self.path.exists() or any(self._beside())):
            aside = self._free_name()
            for path in [*self._beside(), *([self.path] if self.path.exists() else [])]:
                path.replace(aside.with_name(aside.name + path.name[len(self.path.name) :]))
            kept.append(aside)
        self._draft.replace(self.path)
        return kept

    def _free_name(self) -> Path:
        number = 1
        while True:
            name = self.path.with_name(f"{self.path.name}.replaced-{number}")
            if not (name.exists() or name.with_name(f"{name.name}-wal").exists()):
                return name
            number += 1


def _check_free(targets: Sequence[_Target], folder: Path, force: bool) -> None:
    """Refuse, before anything is written, what would be overwritten or has no room."""
    there = [one.entry.name for one in targets if one.is_there]
    if there and not force:
        raise ConfigError(
            f"{folder} has other files of these names: {_few(there)}.",
            "Nothing was written; give --force to replace them, or another folder with --to.",
        )
    for one in targets:
        if one.path.is_dir() or one.path.is_symlink():
            raise ConfigError(f"{one.path} is no plain file.", "Nothing was written; move it away.")
    needed = sum(one.entry.size for one in targets)
    place = folder.resolve(strict=False)
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        raise ConfigError(f"{place} is no folder.", "Choose another one with --to.")
    free = shutil.disk_usage(place).free
    if needed > free:
        raise ConfigError(
            f"{needed:,} bytes are needed in {folder}, and {free:,} are free.",
            "Nothing was written; free some room.",
        )


def _written(archive: tarfile.TarFile, targets: Sequence[_Target], held: ExitStack) -> None:
    for one in targets:
        one.write(archive, held)


def _make_folder(folder: Path) -> None:
    """Make it and those above it that are not there, for their owner alone."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700)


def _unlink(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
