"""Backup: one archive of what a project cannot have again, written whole or not at all."""

from __future__ import annotations

__all__ = ["Backup", "write_backup"]

import io
import os
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from framework.errors import ConfigError
from framework.operations.backup_choice import Choice, Chosen
from framework.operations.backup_copies import (
    Copied,
    copy_database,
    copy_file,
    masked_run_file,
)
from framework.operations.manifest import FORMAT, MANIFEST_NAME, Entry, Manifest

_SECOND = 1_000_000_000
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """An archive that was written: where, what it holds, and its bytes."""

    path: Path
    manifest: Manifest
    size: int


def write_backup(
    choice: Choice, to: Path, created: str, versions: Mapping[str, str], *, secrets: bool = False
) -> Backup:
    """Write an archive (tar, gzip) that its owner alone may read.

    Every file is copied first, as it is at one moment, then hashed and packed, so that a session
    may go on writing meanwhile. The manifest is the archive's last member.

    Args:
        choice: what goes in.
        to: the archive; it must not be there.
        created: when, ISO 8601, UTC.
        versions: of Slipway and of what it stands on.
        secrets: whether addresses of alerts in run files stay as they are.

    Raises:
        ConfigError: the archive is there already, or it cannot be written.
    """
    if to.exists():
        raise ConfigError(f"{to} is there already.", "No backup is overwritten: choose another.")
    if not choice.files:
        raise ConfigError(
            "There is nothing to back up: no sessions, logs, strategies or run files.",
            "Run it in the project's folder.",
        )
    try:
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (
            _draft(to) as file,
            TemporaryDirectory(prefix="slipway-", dir=to.parent) as folder,
        ):
            manifest = _packed(choice, file, Path(folder) / "copy", created, versions, secrets)
    except OSError as error:
        raise ConfigError(
            f"The backup {to} cannot be written: {error.strerror or error}"
            f"{f' ({error.filename})' if error.filename else ''}.",
            "Choose another place with --to, or free some room.",
        ) from error
    return Backup(to, manifest, to.stat().st_size)


@contextmanager
def _draft(to: Path) -> Iterator[io.BufferedWriter]:
    """A private file that takes its name once it is whole."""
    aside = to.with_name(f".{to.name}.{os.getpid()}.tmp")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(to)
        _sync(to.parent)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Make the new name durable; Windows does that by itself."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _packed(
    choice: Choice,
    file: io.BufferedWriter,
    copy: Path,
    created: str,
    versions: Mapping[str, str],
    secrets: bool,
) -> Manifest:
    entries = []
    with tarfile.open(fileobj=file, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for chosen in choice.files:
            try:
                copied = _copied(chosen, copy, secrets)
            except FileNotFoundError:
                continue  # it has gone since: a log that was rotated, a session that ended
            entries.append(_added(archive, chosen, copy, copied))
            copy.unlink()
        left_out = tuple((one.name, one.reason) for one in choice.left_out)
        manifest = Manifest(FORMAT, created, dict(versions), tuple(entries), left_out)
        text = manifest.text().encode()
        archive.addfile(_member(MANIFEST_NAME, len(text), 0, False), io.BytesIO(text))
    return manifest


def _copied(chosen: Chosen, copy: Path, secrets: bool) -> Copied:
    if chosen.is_database:
        return copy_database(chosen.path, copy)
    if chosen.is_run_file and not secrets:
        return masked_run_file(chosen.path, copy)
    return copy_file(chosen.path, copy)


def _added(archive: tarfile.TarFile, chosen: Chosen, copy: Path, copied: Copied) -> Entry:
    found, digest = copy.stat(), sha256()
    with copy.open("rb") as file:
        while part := file.read(_CHUNK):
            digest.update(part)
    status = chosen.path.stat() if chosen.path.exists() else found
    executable = bool(status.st_mode & 0o100)
    with copy.open("rb") as file:
        time = status.st_mtime_ns // _SECOND
        archive.addfile(_member(chosen.name, found.st_size, time, executable), file)
    kind = "journal" if copied.rows is not None else "database" if chosen.is_database else "file"
    return Entry(
        chosen.name,
        digest.hexdigest(),
        found.st_size,
        kind,
        copied.rows,
        copied.last,
        copied.note,
        executable,
    )


def _member(name: str, size: int, time: int, executable: bool) -> tarfile.TarInfo:
    """A plain file, nobody's."""
    member = tarfile.TarInfo(name)
    member.size, member.mtime = size, time
    member.mode = 0o700 if executable else 0o600
    return member
