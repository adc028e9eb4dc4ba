"""The sweep as a user calls it, on one job; its table is a file that is removed again."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow.parquet as pq

from framework import Bars
from framework.sweeps.result import SweepResult
from framework.sweeps.sweep import sweep
from tests.benchmarks.outcome import Outcome, Run
from tests.benchmarks.slipway import PLAIN, all_bars
from tests.benchmarks.trader import SmaWhen
from tests.benchmarks.workloads import CASH, Task, prices_of


def swept(bars: Bars, fast: Sequence[int], slow: Sequence[int]) -> SweepResult:
    """Trades, final equity, Sharpe ratio, drawdown and more of every pair of periods."""
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
    """The workload."""
    bars = all_bars(task, prices_of(task))[0]
    fast, slow = (sorted({pair[side] for pair in task.pairs}) for side in (0, 1))

    def run() -> Outcome:
        result = swept(bars, fast, slow)
        columns = pq.read_table(result.path, columns=["trades", "final_equity"])
        equity = columns.column("final_equity").to_numpy()
        return Outcome(columns.column("trades").to_pylist(), (equity - CASH).tolist())

    return run
