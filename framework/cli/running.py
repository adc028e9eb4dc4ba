"""`slipway run`: flags and run file to a plan, the plan played, its results shown and kept."""

from __future__ import annotations

__all__ = ["referee", "run_command"]

import os
import re
import time
from pathlib import Path

from rich.console import Console

from framework.backtest.record import EMULATED
from framework.backtest.record import INTERRUPTED as RUN_INTERRUPTED
from framework.cli.compiling import CompileLine
from framework.cli.explaining import explained
from framework.cli.flags import PICTURES, RunFlags
from framework.cli.progress import LateBar
from framework.cli.reporting import INTERRUPTED, complain
from framework.cli.requests import request_from, run_file_from
from framework.config.plan import Plan, plan_of
from framework.errors import ConfigError, InputError
from framework.ports import Progress
from framework.research.backtest import interpreted, play, save
from framework.research.plots import plot
from framework.research.report import print_note, print_result
from framework.research.results import Result
from framework.research.warmup import warm_for

_WINDOW = "window"


def run_command(flags: RunFlags) -> int:
    """Backtest, print, write; the exit code.

    Raises:
        SlipwayError: before anything has run or been written.
    """
    flags.check_mode()
    if flags.mode != "backtest" and flags.gateway is None:
        from framework.cli.sessions import session_command  # noqa: PLC0415  # client library

        return session_command(flags, run_file_from(flags))
    _check_picture(flags.plot)
    if flags.out is not None:
        _check_folder(flags.out.expanduser())
    plan = plan_of(request_from(flags))
    folder = flags.out or _new_folder(plan.found.source)
    if flags.out is None:
        _check_folder(folder)
    with LateBar(Console(stderr=True)) as bar:
        result = _played(plan, bar) if flags.mode == "backtest" else _rehearsed(plan, flags, bar)
    written = save(plan, result, folder)
    saved = None if flags.plot in (None, _WINDOW) else flags.plot
    if saved is not None:
        plot(result, Path(saved))
    if not flags.quiet:
        _show(plan, result, written)
        if saved is not None:
            print(f"Picture: {saved}")
        if flags.explain:
            print(explained(result.record.path))
    if flags.plot == _WINDOW:
        plot(result)
    return _exit_code(result, flags)


def referee(flags: RunFlags, only_differences: bool) -> int:
    """Play a run on both sides and print the comparison; the exit code.

    Raises:
        SlipwayError: before anything has run.
    """
    from framework.referee.command import referee_command  # noqa: PLC0415  # loads backtrader

    plan = plan_of(request_from(flags))
    with LateBar(Console(stderr=True)) as bar:
        return referee_command(plan, only_differences, bar)


def _played(plan: Plan, progress: Progress) -> Result:
    if plan.request.engine == "slipway":
        with CompileLine(Console(stderr=True)) as line:
            warm_for(sum(len(series) for series in plan.market.bars), line)
        return play(plan, progress)
    from framework.referee.command import play_on_backtrader  # noqa: PLC0415  # loads backtrader

    return play_on_backtrader(plan, progress)


def _rehearsed(plan: Plan, flags: RunFlags, progress: Progress) -> Result:
    """The plan played as a paper session on the emulator."""
    if flags.mode == "shadow":
        raise ConfigError(
            "--gateway emulator plays a paper session, and --shadow asks for one without orders.",
            "A backtest on the same bars is that: leave both out. Or watch a market of its own: "
            "`python run.py gateway`, and --shadow with its --port.",
        )
    if flags.gateway != "emulator" or flags.mode != "paper":
        raise ConfigError(
            f"--gateway is {flags.gateway!r}, of --{flags.mode}.",
            "Write --paper --gateway emulator to play the bars through a TWS on your own machine.",
        )
    if plan.request.engine != "slipway":
        raise ConfigError(
            f"--engine {plan.request.engine} plays the market itself; a session has the emulator.",
            "Leave --engine out.",
        )
    from framework.cli.broker_access import quiet_library  # noqa: PLC0415  # client library
    from framework.session.honoured import check_honoured  # noqa: PLC0415  # client library
    from framework.session.lockstep import NOTE, rehearsed  # noqa: PLC0415  # client library

    check_honoured(plan.market.bars, plan.settings)
    complain(NOTE)
    quiet_library()
    return interpreted(plan, rehearsed(plan, progress, flags.journal))


def _show(plan: Plan, result: Result, folder: Path) -> None:
    print_result(result)
    market = plan.market
    print()
    if market.guessed:
        answers = ", ".join(f"{name} {getattr(market.answers, name)}" for name in market.guessed)
        flags = ", ".join(f"--{name}" for name in market.guessed)
        print_note(f"Found out from the data: {answers}. If that is wrong, say so with {flags}.")
    here = Path.cwd()
    shown = folder.relative_to(here) if folder.is_relative_to(here) else folder
    how = "the run as a backtest" if result.record.path == EMULATED else "the run"
    print(f"Files: {shown}{os.sep} (run.yaml repeats {how})")


def _exit_code(result: Result, flags: RunFlags) -> int:
    error = result.record.error
    if error == RUN_INTERRUPTED:
        complain("Interrupted; what happened until then was kept.")
        return INTERRUPTED
    if error:
        sentence = error if error.endswith(".") else f"{error}."
        complain(f"Error: the strategy stopped: {sentence} What was traded until then was kept.")
        return InputError.exit_code
    if result.record.trips and flags.strict:
        complain(f"Error: {result.record.trips[0].breaker} tripped, and --strict was given.")
        return 1
    return 0


def _check_picture(name: str | None) -> None:
    if name is None or name == _WINDOW or Path(name).suffix.lower() in PICTURES:
        return
    raise ConfigError(
        f"A picture cannot be saved as {name!r}.", f"End its name in one of {', '.join(PICTURES)}."
    )


def _check_folder(folder: Path) -> None:
    """Refuse, before anything runs, a folder that could not be written."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "summary.json").is_file():
        raise ConfigError(
            f"The folder {folder} holds files that no run has written.",
            "Nothing was touched; choose an empty or a new folder with --out.",
        )
    parent = folder
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    if not parent.is_dir():
        raise ConfigError(f"{parent} is a file, not a folder.", "Choose another one with --out.")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise ConfigError(
            f"The results cannot be written to {folder}: {parent} is not writable.",
            "Choose another folder with --out.",
        )


def _new_folder(source: str) -> Path:
    """runs/<strategy>-<utc time>, one that is not there yet."""
    name = re.sub(r"\.py(?=:|$)", "", source.replace("\\", "/").rpartition("/")[2])
    stem = f"{name.replace(':', '-')}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    folder, number = Path("runs") / stem, 2
    while folder.exists():
        folder, number = Path("runs") / f"{stem}-{number}", number + 1
    return folder
