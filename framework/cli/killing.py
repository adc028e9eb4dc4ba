"""`slipway kill`: a session that runs is asked, one that hangs is ended, for one that is dead we
connect in its place; and what has come of it is told."""

from __future__ import annotations

__all__ = ["KillFlags", "kill_command"]

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from framework.cli.reporting import complain
from framework.cli.session_memory import MEMORY_NAME
from framework.engine.journal import JOURNAL_NAME, read_journal
from framework.engine.journal_lock import holder_of
from framework.engine.journal_rows import Started
from framework.errors import ConfigError, SlipwayError
from framework.operations.control import Control, ask, read_control
from framework.operations.sessions import SESSIONS, session_folder, session_folders
from framework.operations.status_file import is_alive, read_status
from framework.operations.stop_flag import StopFlag, Strike

_DESK = (
    "no session with a strategy. Its flag is up: where a desk is open on it, nothing leaves and "
    "its orders are cancelled; its positions are closed by hand."
)
_GREETING = 2.0
"""Seconds in which a session that is not hung answers."""
_DEATH = 5.0
"""Seconds in which a process that is killed is gone."""


@dataclass(frozen=True, slots=True)
class KillFlags:
    """What `slipway kill` was given; see its help."""

    session: str | None = None
    flatten: bool = False
    exclude: str | None = None
    reason: str = "kill switch"
    everything: bool = False
    drill: bool = False
    lift: bool = False
    wait: float = 60.0


def kill_command(flags: KillFlags) -> int:
    """Kill what is named, or everything.

    Returns:
        0 if all that was asked for is proven, 1 if something is not.

    Raises:
        SlipwayError: something given cannot be used; nothing was done.
    """
    folders = _chosen(flags.session)
    if flags.lift:
        return _lifted(folders)
    strike = _strike(flags)
    if flags.drill:
        _check_drill(folders)
    if flags.everything:
        _confirm_global()
    for folder in folders:
        _raise_flag(folder, strike)
    results = [_killed(folder, strike, flags) for folder in folders]
    return 0 if all(results) else 1


def _chosen(name: str | None) -> tuple[Path, ...]:
    folders = session_folders() if name is None else (session_folder(name),)
    if not folders:
        raise ConfigError(
            f"There is no session in {SESSIONS}.",
            "Sessions are looked for in the folder they were started in.",
        )
    if name is not None:
        return folders
    return tuple(one for one in folders if not _is_over(one)) or folders[:1]


def _is_over(folder: Path) -> bool:
    """Whether a session has ended in good order with nothing left working or held."""
    look = read_status(folder)
    return look is not None and bool(look.ended) and not (look.orders or look.positions)


def _strike(flags: KillFlags) -> Strike:
    if flags.exclude is not None and not flags.flatten:
        raise ConfigError("There is --exclude without --flatten.", "Add --flatten.")
    named = (flags.exclude or "").split(",")
    exclude = tuple(one.strip() for one in named if one.strip())
    return Strike(time.time_ns(), flags.reason, flags.flatten, exclude)


def _raise_flag(folder: Path, strike: Strike) -> None:
    """Raise it; where it cannot be written, the session is asked all the same."""
    try:
        StopFlag(folder).raise_for(strike)
    except OSError as error:
        complain(f"{folder.name}: its stop flag cannot be written: {error.strerror}.")


def _lifted(folders: tuple[Path, ...]) -> int:
    for folder in folders:
        was = StopFlag(folder).lower()
        print(f"{folder.name}: {'the kill switch is taken back' if was else 'it was not on'}")
    return 0


def _check_drill(folders: tuple[Path, ...]) -> None:
    for folder in folders:
        look = read_status(folder)
        if look is None or look.mode == "live":
            mode = "has no status" if look is None else "is live"
            raise ConfigError(
                f"{folder.name} {mode}: a drill is for paper.", "Name a session on paper."
            )


def _confirm_global() -> None:
    """Everything means other people's orders, too: that is confirmed on its own."""
    said = typer.prompt(
        "--global cancels every order of the account, also those of other programs and those typed "
        "into TWS. Write GLOBAL to go on"
    )
    if said != "GLOBAL":
        raise ConfigError(f"{said!r} is not GLOBAL; nothing was done.", "Leave --global out.")


# one session --------------------------------------------------------------------------------------


def _killed(folder: Path, strike: Strike, flags: KillFlags) -> bool:
    """Kill one session and tell what has come of it; whether all of it is proven."""
    begun = time.monotonic()
    control = read_control(folder)
    answer = None if control is None else _asked(control, strike, flags)
    if answer is None and not (folder / MEMORY_NAME).exists():
        answer = {"done": False, "error": _DESK}
    elif answer is None:
        _end_hung(folder, control)
        answer = _in_its_place(folder, strike, flags)
    is_done = bool(answer.get("done"))
    print(f"{folder.name}: {answer.get('text') or answer.get('error')}")
    if not is_done:
        complain(f"{folder.name}: NOT EVERYTHING IS PROVEN. Look at the account in TWS.")
    if flags.drill:
        _note_drill(folder, is_done, f"{time.monotonic() - begun:.1f} s: {answer.get('text')}")
        StopFlag(folder).lower()
    return is_done


def _asked(control: Control, strike: Strike, flags: KillFlags) -> Mapping[str, object] | None:
    """What a session answers that is alive; None if it is not."""
    if ask(control, {"do": "ping"}, _GREETING) is None:
        return None
    request = {
        "do": "kill",
        "strike": asdict(strike),
        "global": flags.everything,
        "wait": flags.wait,
    }
    return ask(control, request, flags.wait + 2 * _GREETING)


def _end_hung(folder: Path, control: Control | None) -> None:
    """End a process that holds the session and does not answer: while it lives, it could send."""
    look = read_status(folder)
    pid = control.pid if control is not None else 0 if look is None else look.pid
    if not pid or (look is not None and look.ended) or not is_alive(pid):
        return
    if not _is_held(folder, pid):
        return
    complain(f"{folder.name}: process {pid} does not answer; it is ended.")
    os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + _DEATH
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.02)


def _is_held(folder: Path, pid: int) -> bool:
    """Whether it is this process that writes the journal: numbers of processes are used again."""
    return holder_of(folder / f"{JOURNAL_NAME}.lock") == pid


def _in_its_place(folder: Path, strike: Strike, flags: KillFlags) -> Mapping[str, object]:
    """Do it ourselves, with the session's journal and client id."""
    from framework.cli.salvaging import salvaged  # noqa: PLC0415  # loads the client library

    try:
        return salvaged(folder, strike, flags.everything, flags.wait)
    except SlipwayError as error:
        return {"done": False, "error": str(error)}


def _note_drill(folder: Path, passed: bool, detail: str) -> None:
    """Keep a drill as evidence of what the journal says has run."""
    from framework.readiness.evidence import Evidence, EvidenceBook, Trial  # noqa: PLC0415  # a
    from framework.readiness.subject import Subject  # noqa: PLC0415  # kill must not wait for it

    started: Started | None = None
    with read_journal(folder / JOURNAL_NAME) as journal:
        for entry in journal.entries(["started"]):
            if isinstance(entry.row, Started) and entry.row.code:
                started = entry.row
    if started is None:
        return
    subject = Subject(started.strategy, started.code, started.config)
    EvidenceBook(SESSIONS).add(Evidence(subject, Trial.DRILL, time.time_ns(), passed, detail))
