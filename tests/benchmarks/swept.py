"""The sweep: every figure of every pair of periods on one core, and as a user calls it."""

from __future__ import annotations

from collections.abc import Sequence

from framework import Bars
from framework.config.plan import plan_of
from framework.config.request import Request
from framework.sweeps.evaluate import evaluate
from framework.sweeps.result import SweepResult
from framework.sweeps.rows import FIGURES
from framework.sweeps.sweep import sweep
from tests.benchmarks.outcome import Outcome, Run
from tests.benchmarks.slipway import PLAIN, all_bars
from tests.benchmarks.trader import SmaWhen
from tests.benchmarks.workloads import CASH, Task, prices_of

_TRADES, _EQUITY = FIGURES.index("trades"), FIGURES.index("final_equity")


def swept(bars: Bars, fast: Sequence[int], slow: Sequence[int]) -> SweepResult:
    """Every pair of periods, with the table that is written meanwhile."""
    return sweep(
        SmaWhen,
        {"fast": fast, "slow": slow},
        data=bars,
        cash=PLAIN.cash,
        commission=PLAIN.commission,
        slippage=PLAIN.slippage,
        rules="none",
    )


def prepare(task: Task) -> Run:
    """The workload: what one core of a sweep does, before anything is written."""
    plan = plan_of(
        Request(
            strategy=SmaWhen,
            data=all_bars(task, prices_of(task))[0],
            cash=PLAIN.cash,
            commission=PLAIN.commission,
            slippage=PLAIN.slippage,
            rules="none",
        )
    )
    sets = [{"fast": fast, "slow": slow} for fast, slow in task.pairs]

    def run() -> Outcome:
        rows = evaluate(plan, sets)
        equity = [row.figures[_EQUITY] - CASH for row in rows]
        return Outcome([int(row.figures[_TRADES]) for row in rows], equity)

    return run
