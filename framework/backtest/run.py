"""Composition root of backtests: check what is given, run it, and check what came out."""

from __future__ import annotations

__all__ = ["check_bars", "run", "run_verified"]

from collections.abc import Mapping, Sequence
from dataclasses import replace

from framework.backtest.account import check_account
from framework.backtest.cast import Cast
from framework.backtest.collector import paused
from framework.backtest.paths import fastest, hindrance
from framework.backtest.record import INTERRUPTED, RunRecord
from framework.backtest.replay import check_replays
from framework.backtest.roles import Fleet, Strategies
from framework.backtest.settings import BacktestSettings
from framework.domain.bars import Bars
from framework.errors import ConfigError, DataError
from framework.ports import Progress
from framework.strategy import Strategy


def run(
    strategy: Strategies,
    bars: Sequence[Bars],
    settings: BacktestSettings | None = None,
    parameters: Mapping[str, object] | None = None,
    finer: Mapping[str, Bars] | None = None,
    progress: Progress | None = None,
) -> RunRecord:
    """Backtest a strategy class on bars.

    Args:
        strategy: the class; one instance per symbol, or one for all if it says `universe = True`.
            Or several of them.
        bars: one per symbol, in subscription order.
        settings: the parts; defaults as printed with every result.
        parameters: of a strategy that is alone, by name.
        finer: by symbol, bars of a shorter frame for the fill policy's intrabar="finer".
        progress: told now and then how far the run has come.

    Returns:
        What happened. If the strategy raises or the run is interrupted, what happened until then,
        with `error` saying so.

    Raises:
        LookaheadError: before anything runs, if an indicator or condition knows the future.
        InputError: for bars, settings or parameters that cannot be used.
        ReconcileError: if the strategies' ledgers and the broker's book disagree at the end.
    """
    settings = settings or BacktestSettings()
    check_bars(bars, settings, finer)
    reason = hindrance(sum(len(one) for one in bars))
    with paused():
        cast = Cast(strategy, tuple(bars), settings, dict(parameters or {}))
        cast.inspect()
    return fastest(cast, dict(finer or {}), reason, progress)


def run_verified(
    strategy: Strategies,
    bars: Sequence[Bars],
    settings: BacktestSettings,
    parameters: Mapping[str, object],
    finer: Mapping[str, Bars],
    progress: Progress | None = None,
) -> RunRecord:
    """`run`, and then again on bars that end at a few of its decisions, which must come out alike.

    The strategy's code is run several times, so what it keeps belongs on the instance. The
    arguments are those of `run`.

    Raises:
        LookaheadError: also if the strategy decides otherwise once it is cut off.
    """
    record = run(strategy, bars, settings, parameters, finer, progress)

    def again(shorter: tuple[Bars, ...]) -> RunRecord:
        cast = Cast(strategy, shorter, settings, parameters)
        reason = hindrance(sum(len(one) for one in shorter))
        return fastest(cast, finer, reason, None, rehearsal=True)

    is_declared = not isinstance(strategy, Fleet) and strategy.on_bar is Strategy.on_bar
    if record.error or (record.tables is not None and is_declared):
        return record  # nothing of its code ran but `setup`, which has been checked
    if not check_replays(record, again):
        return replace(record, error=INTERRUPTED)
    return record


def check_bars(
    bars: Sequence[Bars], settings: BacktestSettings, finer: Mapping[str, Bars] | None
) -> None:
    """Whether bars and settings go together, before anything runs.

    Raises:
        InputError: they do not.
    """
    if not bars:
        raise DataError("There are no bars to trade on.", "Give at least one symbol.")
    symbols = [one.symbol for one in bars]
    for one in bars:
        if symbols.count(one.symbol) > 1:
            raise DataError(f"{one.symbol} is there twice.", "Give every symbol once.")
        if not len(one):
            raise DataError(f"{one.symbol} has no bars.", "Widen --from and --to.")
    check_account(bars, settings)
    if settings.policy.intrabar == "finer" and not finer:
        raise ConfigError(
            "The fill policy wants finer bars and there are none.",
            "Load a shorter frame and resample it with --bar, or choose another intrabar rule.",
        )
