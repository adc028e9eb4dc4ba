"""Backup choice: which files of a project belong into its backup, which are left out, and why."""

from __future__ import annotations

__all__ = ["Choice", "Chosen", "LeftOut", "choose"]

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from framework.engine.journal import JOURNAL_NAME
from framework.errors import ConfigError
from framework.operations.control import CONTROL_NAME
from framework.operations.status_file import STATUS_NAME

_FOLDERS = ("sessions", "logs", "trades", "strategies")
_FACTS = Path("data/instruments.yaml")
_RUN_FILES = (".yaml", ".yml")
_ELSEWHERE = "elsewhere"
_MOMENTARY = frozenset({CONTROL_NAME, STATUS_NAME})
"""Files of a running session that mean nothing to another."""
_BACKUP = ("slipway-", ".tar.gz")
_MOMENTARY_ENDS = (".lock", ".ballast", ".tmp", ".pyc", "-wal", "-shm", "-journal")
_SECRET_ENDS = (".pem", ".key", ".p12", ".pfx")
_MAGIC = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Chosen:
    """One file of a backup.

    Attributes:
        name: in the backup: a path with slashes, from the project's folder on.
        path: where it lies.
        is_database: whether it is an SQLite file, such as a journal, which may be written to.
        is_run_file: whether it may hold addresses of alerts.
    """

    name: str
    path: Path
    is_database: bool
    is_run_file: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is not in a backup, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What a backup is made of, by name."""

    files: tuple[Chosen, ...]
    left_out: tuple[LeftOut, ...]


def choose(
    base: Path, given: Sequence[Path] = (), *, secrets: bool = False, data: bool = False
) -> Choice:
    """Everything of a project that could not be had again: sessions with their journals, logs,
    trade records, strategies, run files, and facts of instruments.

    Args:
        base: the project's folder.
        given: files and folders besides, from wherever they lie.
        secrets: whether `.env` and keys are among them.
        data: whether all of data/ is: bars and what was downloaded.

    Raises:
        ConfigError: a file that was given is not there.
    """
    finder = _Finder(Path(os.path.abspath(base)), secrets)  # noqa: PTH100  # as below
    for folder in (*_FOLDERS, *(("data",) if data else ())):
        finder.within(base / folder)
    for path in sorted(base.iterdir()):
        if path.suffix.lower() in _RUN_FILES or _is_secret(path.name):
            finder.file(path)
    finder.within(base / _FACTS)
    for path in given:
        if not path.exists():
            raise ConfigError(f"There is no file {path}.", "Check the path.")
        whole = os.path.abspath(path)  # noqa: PTH100  # a folder's own links stay what they are
        finder.within(path.resolve() if path.is_symlink() else Path(whole))
    return Choice(
        tuple(finder.files[name] for name in sorted(finder.files)),
        tuple(finder.left_out[name] for name in sorted(finder.left_out)),
    )


class _Finder:
    """Collects files by their names in the backup."""

    def __init__(self, base: Path, secrets: bool) -> None:
        self._base = base
        self._secrets = secrets
        self.files: dict[str, Chosen] = {}
        self.left_out: dict[str, LeftOut] = {}

    def within(self, path: Path) -> None:
        """A file, or all files below a folder; a folder that is a link is followed, others are
        not."""
        if not path.is_dir():
            self.file(path)
            return
        for one in _below(path):
            self.file(one)

    def file(self, path: Path) -> None:
        if not path.exists() and not path.is_symlink():
            return
        if _is_momentary(path.name):
            return
        name = self._name(path)
        if path.is_symlink():
            self._leave(name, "a link to another place")
        elif _is_secret(path.name) and not self._secrets:
            self._leave(name, "a secret: give --secrets to take it along")
        elif path.is_file():
            is_run_file = path.suffix.lower() in _RUN_FILES
            self.files[name] = Chosen(name, path, _is_database(path), is_run_file)

    def _leave(self, name: str, reason: str) -> None:
        self.left_out[name] = LeftOut(name, reason)

    def _name(self, path: Path) -> str:
        """From the project's folder on; of what lies elsewhere its last two parts, numbered where
        another file has them."""
        whole = Path(os.path.abspath(path))  # noqa: PTH100  # links in it keep their names
        if whole.is_relative_to(self._base):
            return whole.relative_to(self._base).as_posix()
        tail = "/".join(whole.parts[-2:]).lstrip("/")
        name, number = f"{_ELSEWHERE}/{tail}", 2
        while name in self.files and self.files[name].path != whole:
            name, number = f"{_ELSEWHERE}/{number}/{tail}", number + 1
        return name


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one != "__pycache__")
        for one in list(folders):
            if (Path(place) / one).is_symlink():
                folders.remove(one)
                yield Path(place) / one
        yield from (Path(place) / name for name in sorted(names))


def _is_momentary(name: str) -> bool:
    is_draft = name.startswith(".") and not _is_secret(name)
    is_backup = name.startswith(_BACKUP[0]) and name.endswith(_BACKUP[1])
    return name in _MOMENTARY or name.endswith(_MOMENTARY_ENDS) or is_draft or is_backup


def _is_secret(name: str) -> bool:
    return name == ".env" or name.startswith(".env.") or name.lower().endswith(_SECRET_ENDS)


def _is_database(path: Path) -> bool:
    """Whether a file is one of SQLite's, told by its first bytes."""
    try:
        with path.open("rb") as file:
            found = file.read(len(_MAGIC))
    except OSError:
        return False
    return found == _MAGIC or (not found and path.name == JOURNAL_NAME)
