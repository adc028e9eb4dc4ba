"""Paths: which of the ways to run a backtest a run takes. All of them come to the same record."""

from __future__ import annotations

__all__ = ["WORTH_COMPILING", "WORTH_LOADING", "fastest", "hindrance"]

import logging
from collections.abc import Mapping
from dataclasses import replace

from framework.backtest.bar_run import BarRun
from framework.backtest.cast import Cast
from framework.backtest.compiled_run import CompiledRun
from framework.backtest.joining import joins_of
from framework.backtest.kernel import play
from framework.backtest.machine import Machine
from framework.backtest.record import RunRecord
from framework.backtest.scalar_form import Unsuited
from framework.compiled import compile_entries, home, is_allowed, is_compiled, is_loaded, load
from framework.domain.bars import Bars
from framework.ports import Progress

WORTH_LOADING = 100_000
"""Bars from which it pays to load the compiler's library: the engine needs as long for them."""

WORTH_COMPILING = 2_000_000
"""Bars from which it pays to compile first: the engine needs longer for them than the compiler."""

_log = logging.getLogger("slipway.backtest")


def fastest(
    cast: Cast,
    finer: Mapping[str, Bars],
    reason: str,
    progress: Progress | None,
    rehearsal: bool = False,
) -> RunRecord:
    """Run a cast the fastest way it can be run.

    Args:
        cast: the strategy instances.
        finer: by symbol, bars of a shorter frame.
        reason: why the compiled code is left alone, empty if it is not.
        progress: told now and then how far the run has come.
        rehearsal: a run that only checks.

    Returns:
        What happened; its `path` says which way was taken, and why.

    Raises:
        InputError: it was to take up a side at its start, and cannot.
    """
    if len(cast.roles) > 1:
        reason = "several strategies share the account"
    if not reason:
        try:
            wants_bars = any(player.wants_bars for player in cast.players)
            compiled = BarRun(cast) if wants_bars else CompiledRun.of(cast)
            return compiled.record(progress)
        except Unsuited as unsuited:
            reason = str(unsuited)
            cast = cast.again()
    machine = Machine(cast, finer, rehearsal=rehearsal, joins=joins_of(cast, finer))
    return replace(machine.record(machine.play(progress)), path=f"event engine: {reason}")


def hindrance(bars: int, compiles: bool = True) -> str:
    """Why the compiled code is left alone whatever the strategy is; empty, with the code loaded, if
    it is not.

    Args:
        bars: of all symbols and all runs together.
        compiles: whether what is not compiled may be compiled now; the workers of a sweep must not.
    """
    if not is_compiled(play):
        if not is_allowed():
            return "machine code is switched off (SLIPWAY_COMPILED=0)"
        if bars < WORTH_COMPILING or not compiles:
            return "the kernel is not compiled on this machine yet (slipway warm does it)"
        _log.warning("Compiling the kernel, once; it takes about half a minute.")
        try:
            if not compile_entries():
                return "another process is compiling the kernel"
        except OSError as error:
            return f"its machine code cannot be kept in {home()}: {error.strerror}"
    if not is_loaded() and bars < WORTH_LOADING:
        return f"{bars:,} bars are done before the compiled code is loaded"
    load()
    return ""
