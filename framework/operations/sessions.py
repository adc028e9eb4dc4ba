"""Sessions: their folders, found by name."""

from __future__ import annotations

__all__ = ["SESSIONS", "session_folder", "session_folders"]

from pathlib import Path

from framework.engine.journal import JOURNAL_NAME
from framework.errors import ConfigError, did_you_mean
from framework.operations.status_file import STATUS_NAME

SESSIONS = Path("sessions")
"""Where sessions keep their journals, counted from the working directory."""
_NAMES = (STATUS_NAME, JOURNAL_NAME)


def session_folders(within: Path = SESSIONS) -> tuple[Path, ...]:
    """Every session's folder, the last written first."""
    found = {
        path.parent for name in (STATUS_NAME, JOURNAL_NAME) for path in within.glob(f"*/{name}")
    }
    return tuple(sorted(found, key=_written, reverse=True))


def session_folder(name: str | None, within: Path = SESSIONS) -> Path:
    """The folder of the session called `name`: itself, a path, or a part of its name that only one
    has. Without a name it is the only session there is.

    Raises:
        ConfigError: there is none, or there are several.
    """
    folders = session_folders(within)
    if name is None:
        if len(folders) == 1:
            return folders[0]
        if not folders:
            raise ConfigError(
                f"There is no session in {within}.",
                "Sessions are looked for in the folder they were started in.",
            )
        raise ConfigError(
            f"There are {len(folders)} sessions.",
            f"Name one: {', '.join(one.name for one in folders)}.",
        )
    given = Path(name)
    if given.is_dir():
        return given
    if given.is_file():
        return given.parent
    known = [one.name for one in folders]
    if name in known:
        return within / name
    similar = [one for one in folders if name in one.name]
    if len(similar) == 1:
        return similar[0]
    if similar:
        raise ConfigError(
            f"{name!r} is part of several sessions' names.",
            f"Name one: {', '.join(one.name for one in similar)}.",
        )
    raise ConfigError(f"There is no session {name!r}.", did_you_mean(name, known))


def _written(folder: Path) -> float:
    paths = [folder / name for name in _NAMES]
    return max((path.stat().st_mtime for path in paths if path.exists()), default=0.0)
