"""Warm-up: everything that can be compiled, compiled ahead, and what the machine code takes up."""

from __future__ import annotations

__all__ = ["WarmReport", "clear", "warm", "warm_for"]

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from framework import comparisons
from framework.backtest import conditions, kernel
from framework.backtest.paths import WORTH_COMPILING
from framework.compiled import Told, compile_entries, folder, home, is_allowed, is_compiled, state
from framework.errors import ConfigError
from framework.research import lots, scan, table, totals

HOMES = (comparisons, conditions, kernel, lots, scan, table, totals)
"""The modules with functions to compile: importing them is what makes them known."""


_log = logging.getLogger("slipway.backtest")


@dataclass(frozen=True, slots=True)
class WarmReport:
    """What a warm-up did.

    Attributes:
        outcome: "compiled"; "ready", there was nothing to do; "busy", another process is
            compiling; "off", compiling is switched off.
        compiled: functions compiled now.
        functions: functions there are.
        folder: where machine code is kept.
        size: bytes the code of these functions takes up.
    """

    outcome: Literal["compiled", "ready", "busy", "off"]
    compiled: int
    functions: int
    folder: Path
    size: int


def warm(told: Told | None = None) -> WarmReport:
    """Compile what is not compiled yet.

    Args:
        told: hears what is being compiled: (function, how many are done, how many there are).

    Raises:
        ConfigError: the machine code cannot be kept.
    """
    if not is_allowed():
        return _report("off", 0)
    wanted = sum(not is_compiled(function) for function in state.entries)
    if not wanted:
        return _report("ready", 0)
    try:
        done = compile_entries(told)
    except OSError as error:
        raise ConfigError(
            f"Machine code cannot be kept in {home()}: {error.strerror}.",
            "Name a folder that can be written in SLIPWAY_CACHE, or set SLIPWAY_COMPILED=0.",
        ) from error
    return _report("compiled", wanted) if done else _report("busy", 0)


def warm_for(bars: int, told: Told | None = None) -> None:
    """Compile before a run, or a sweep, that is worth it; where that cannot be done, say so and let
    the event engine do the work.

    Args:
        bars: of all symbols and all runs together.
        told: as of `warm`.
    """
    if bars < WORTH_COMPILING:
        return
    try:
        warm(told)
    except ConfigError as error:
        _log.warning("%s", error)


def clear() -> int:
    """Remove the machine code of functions as they are no longer: of other versions of them, of
    Python and of the compiler.

    Returns:
        Bytes removed.
    """
    current = {folder(function) for function in state.entries}
    old = [one for one in _folders() if one not in current]
    freed = sum(map(_size, old))
    (home() / "compiling").unlink(missing_ok=True)
    for one in old:
        shutil.rmtree(one, ignore_errors=True)
    return freed


def _report(outcome: Literal["compiled", "ready", "busy", "off"], compiled: int) -> WarmReport:
    size = sum(_size(folder(function)) for function in state.entries)
    return WarmReport(outcome, compiled, len(state.entries), home(), size)


def _folders() -> list[Path]:
    return [one for one in home().iterdir() if one.is_dir()] if home().is_dir() else []


def _size(place: Path) -> int:
    return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
