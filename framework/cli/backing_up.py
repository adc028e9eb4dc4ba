"""`slipway backup` and `slipway restore`: what they do, and what they say of it."""

from __future__ import annotations

__all__ = ["back_up", "put_back"]

import platform
import sqlite3
import time
from pathlib import Path

import framework
from framework.cli.backup_options import BackupFlags
from framework.errors import ConfigError
from framework.operations.backup import Backup, write_backup
from framework.operations.backup_choice import LeftOut, choose
from framework.operations.manifest import Manifest
from framework.operations.restore import restore, verified

_FOLDER = Path("backups")
_ENDINGS = (".tar.gz", ".tgz")


def back_up(flags: BackupFlags) -> None:
    """Write an archive and say what is in it, and what is not.

    Raises:
        SlipwayError: something given cannot be used, or the archive cannot be written.
    """
    choice = choose(Path.cwd(), flags.files, secrets=flags.secrets, data=flags.data)
    moment = time.gmtime()
    versions = {
        "slipway": framework.__version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)
    target = _target(flags.to, time.strftime("%Y%m%dT%H%M%SZ", moment))
    done = write_backup(choice, target, created, versions, secrets=flags.secrets)
    _tell(done, choice.left_out, flags)


def put_back(archive: Path, folder: Path, force: bool, check: bool) -> None:
    """Verify an archive, and restore it unless it is only to be checked.

    Raises:
        SlipwayError: it is damaged, it cannot be written, or something would be overwritten.
    """
    path = archive.expanduser()
    if check:
        manifest = verified(path)
        print(f"{path} is whole: {_contents(manifest)}, of {manifest.created}.")
        return
    done = restore(path, folder.expanduser(), force=force)
    same = f"; {len(done.same):,} were there already" if done.same else ""
    print(f"Restored {len(done.written):,} files into {folder}{same}.")
    print(f"The backup of {done.manifest.created} holds {_contents(done.manifest)}.")
    for kept in done.aside:
        print(f"Replaced, and kept as {kept}")
    for entry in done.manifest.files:
        if entry.note:
            print(f"{entry.name}: {entry.note}")
    if not any(entry.name.endswith(".env") for entry in done.manifest.files):
        print("No .env is in it: write account and address anew (docs/connecting.md).")


def _target(to: Path | None, stamp: str) -> Path:
    """The archive's name: the one given, or one of its own in the folder given."""
    folder = _FOLDER if to is None else to.expanduser()
    if to is not None and folder.name.endswith(_ENDINGS) and not folder.is_dir():
        return folder
    if folder.suffix and not folder.is_dir():
        raise ConfigError(
            f"--to is {str(to)!r}.", f"Give a folder, or a name that ends in {_ENDINGS[0]}."
        )
    found, number = folder / f"slipway-{stamp}{_ENDINGS[0]}", 2
    while found.exists():
        found, number = folder / f"slipway-{stamp}-{number}{_ENDINGS[0]}", number + 1
    return found


def _tell(done: Backup, left_out: tuple[LeftOut, ...], flags: BackupFlags) -> None:
    print(f"Backup: {done.path} ({_size(done.size)}, for its owner only)")
    print(f"It holds {_contents(done.manifest)}.")
    for entry in done.manifest.files:
        if entry.note:
            print(f"{entry.name}: {entry.note}")
    for one in left_out:
        print(f"Left out: {one.name}, {one.reason}")
    if flags.secrets:
        print("It holds secrets (--secrets): keep it as you keep your passwords.")
    else:
        print("It holds no secrets: no .env, no keys, no addresses of alerts.")


def _contents(manifest: Manifest) -> str:
    journals = [entry for entry in manifest.files if entry.kind == "journal"]
    rows = sum(entry.rows or 0 for entry in journals)
    others = len(manifest.files) - len(journals)
    return f"{len(journals):,} journals with {rows:,} rows, and {others:,} other files"


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count / 1e3:,.1f} kB"
