"""`slipway status` and `watch`: a session as another shell sees it, by what it writes of itself."""

from __future__ import annotations

__all__ = ["status_command", "watch_command"]

import json
import time
from dataclasses import asdict
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from framework.errors import ConfigError
from framework.operations.screen import plain, screen
from framework.operations.sessions import SESSIONS, session_folder, session_folders
from framework.operations.status import Status, troubles
from framework.operations.status_file import is_alive, read_status


def status_command(name: str | None, as_json: bool) -> int:
    """Print one look at a session, or at all of them.

    Returns:
        0 if all that were asked for are healthy, 1 if one is not.

    Raises:
        ConfigError: there is no such session.
    """
    looks = _looks(_chosen(name))
    now = time.time_ns()
    if as_json:
        print(json.dumps([_as_json(look, now) for look in looks]))
    else:
        out = Console()
        for look in looks:
            if out.is_terminal:
                out.print(screen(look, now, is_alive(look.pid)))
            else:
                print(plain(look, now, is_alive(look.pid)))
            print()
    return int(any(troubles(look, now, is_alive(look.pid)) for look in looks))


def watch_command(name: str | None, every: float) -> int:
    """Follow a session, or all of them, until Ctrl-C; on a terminal in place, else line by line.

    Raises:
        ConfigError: there is no such session.
    """
    folders = _chosen(name)
    out = Console()
    try:
        if out.is_terminal:
            _follow(out, folders, every)
        else:
            _tell(folders, every)
    except KeyboardInterrupt:
        pass
    return 0


def _chosen(name: str | None) -> tuple[Path, ...]:
    folders = session_folders() if name is None else (session_folder(name),)
    if not folders:
        raise ConfigError(
            f"There is no session in {SESSIONS}.",
            "Sessions are looked for in the folder they were started in.",
        )
    return folders


def _looks(folders: tuple[Path, ...]) -> list[Status]:
    found = [look for folder in folders if (look := read_status(folder)) is not None]
    if not found:
        raise ConfigError(
            f"No session has written a status in {', '.join(map(str, folders))}.",
            "One does so once it trades.",
        )
    return found


def _as_json(look: Status, now: int) -> dict[str, object]:
    found = troubles(look, now, is_alive(look.pid))
    return {"healthy": not found, "troubles": list(found), **asdict(look)}


def _follow(out: Console, folders: tuple[Path, ...], every: float) -> None:
    with Live(_all(folders), console=out, auto_refresh=False, screen=True) as live:
        while True:
            live.update(_all(folders), refresh=True)
            time.sleep(every)


def _all(folders: tuple[Path, ...]) -> RenderableType:
    now = time.time_ns()
    parts: list[RenderableType] = []
    for look in _looks(folders):
        parts += [screen(look, now, is_alive(look.pid)), Text()]
    return Group(*parts, Text("Ctrl-C ends this view, not the session.", "dim"))


def _tell(folders: tuple[Path, ...], every: float) -> None:
    """New happenings as lines, and health whenever it changes."""
    told: dict[str, int] = {}
    health: dict[str, tuple[str, ...]] = {}
    while True:
        now = time.time_ns()
        for look in _looks(folders):
            for one in look.events:
                if one.time > told.get(look.journal, 0):
                    print(f"{look.mode} {look.strategy}: {one.text}", flush=True)
            told[look.journal] = max([one.time for one in look.events], default=0)
            found = troubles(look, now, is_alive(look.pid))
            if health.get(look.journal) != found:
                health[look.journal] = found
                said = " ".join(found) or "healthy"
                print(f"{look.mode} {look.strategy}: {said}", flush=True)
        time.sleep(every)
