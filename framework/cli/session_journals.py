"""Session journals: which files a path, the name of a session or a strategy means."""

from __future__ import annotations

__all__ = ["journal_at", "journals_of"]

import re
from pathlib import Path

from framework.engine.journal import JOURNAL_NAME
from framework.errors import ConfigError, did_you_mean
from framework.operations.sessions import SESSIONS

_NAME = re.compile(r"(?:shadow|paper|live)-(?P<strategy>.+)-\d+")


def journal_at(place: str) -> Path:
    """The journal that a path, a session's folder or its name means.

    Raises:
        ConfigError: there is none.
    """
    path = Path(place).expanduser()
    for candidate in (path, path / JOURNAL_NAME, SESSIONS / place / JOURNAL_NAME):
        if candidate.is_file():
            return candidate
    raise ConfigError(
        f"There is no journal {place!r}.", did_you_mean(place, [one.parent.name for one in _all()])
    )


def journals_of(strategy: str | None) -> tuple[Path, ...]:
    """The journals of every session of a strategy, or of every session there is, by name.

    Raises:
        ConfigError: no session of that strategy has left one.
    """
    found = {path: _NAME.fullmatch(path.parent.name) for path in _all()}
    if strategy is None:
        return tuple(found)
    wanted = Path(strategy).name.removesuffix(".py").replace(":", "-")
    names = {path: match["strategy"] for path, match in found.items() if match is not None}
    chosen = tuple(path for path, name in names.items() if name == wanted)
    if not chosen:
        raise ConfigError(
            f"No session of {strategy!r} has left a journal in {SESSIONS}/.",
            did_you_mean(wanted, set(names.values())) if names else "Give one: --journal FILE.",
        )
    return chosen


def _all() -> list[Path]:
    return sorted(SESSIONS.glob(f"*/{JOURNAL_NAME}"))
