"""Slipway on the workloads, `when` wherever a rule can be said in conditions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

import framework
from framework import (
    BacktestSettings,
    Bars,
    DailyLoss,
    Instrument,
    MaxPositionPercent,
    NoSlippage,
    PercentCommission,
    PercentOfEquity,
    PercentSlippage,
    Strategy,
)
from framework.backtest.run import run_verified
from framework.research.trades import trades_of
from tests.benchmarks.outcome import Outcome, Program, Run
from tests.benchmarks.trader import Bracket, Portfolio, SmaWhen
from tests.benchmarks.workloads import (
    CASH,
    DAILY_LOSS,
    FEE,
    INSTRUMENTS,
    MOST,
    PORTFOLIO,
    PORTFOLIO_FEE,
    SHARE,
    SLIPPAGE,
    Prices,
    Task,
    days_of,
    prices_of,
)

_MINUTE = 60 * 10**9
_DAY = 1440 * _MINUTE

PLAIN = BacktestSettings(
    cash=CASH, commission=PercentCommission(100.0 * FEE), slippage=NoSlippage()
)
PANEL = BacktestSettings(
    cash=CASH * INSTRUMENTS, commission=PercentCommission(100.0 * FEE), slippage=NoSlippage()
)
"""Each instance has a purse of its own here, so it is the profits that compare."""
GUARDED = BacktestSettings(
    cash=CASH,
    sizer=PercentOfEquity(100.0 * SHARE * PORTFOLIO),
    commission=PercentCommission(100.0 * PORTFOLIO_FEE),
    slippage=PercentSlippage(100.0 * SLIPPAGE),
    rules=(MaxPositionPercent(100.0 * MOST),),
    breakers=(DailyLoss(100.0 * DAILY_LOSS),),
)


def all_bars(task: Task, prices: Prices) -> tuple[Bars, ...]:
    """A task's prices as bars, one set per instrument."""
    days = days_of(task)
    closes = (days + 1) * _DAY
    rows = np.arange(task.bars, dtype=np.int64)
    times = closes if task.daily else days[0] * _DAY + (rows + 1) * _MINUTE
    return tuple(
        Bars(
            instrument=Instrument(f"I{number:03d}", calendar="24/7"),
            frame="1d" if task.daily else "1m",
            close_time=times,
            session=days,
            session_close=closes,
            open=one.open,
            high=one.high,
            low=one.low,
            close=one.close,
            volume=one.volume,
        )
        for number, one in enumerate(prices.each())
    )


def single(strategy: type[Strategy], settings: BacktestSettings, task: Task) -> Run:
    """One backtest, as `slipway run` makes it, without its files."""
    bars = all_bars(task, prices_of(task))

    def run() -> Outcome:
        record = run_verified(strategy, bars, settings, {}, {})
        if record.error:
            raise RuntimeError(record.error)
        closed = int(np.count_nonzero(~trades_of(record).table.is_open))
        return Outcome.of(closed, record.equity[-1], settings.cash)

    return run


def sweep(task: Task) -> Run:
    """Every pair of periods; what a sweep imports is nothing a single run should wait for."""
    from tests.benchmarks import swept

    return swept.prepare(task)


PREPARE: dict[str, Callable[[Task], Run]] = {
    "sma": partial(single, SmaWhen, PLAIN),
    "panel": partial(single, SmaWhen, PANEL),
    "sweep": sweep,
    "bracket": partial(single, Bracket, PLAIN),
    "portfolio": partial(single, Portfolio, GUARDED),
}

PROGRAM = Program(framework.__version__, PREPARE, compiles=True)
