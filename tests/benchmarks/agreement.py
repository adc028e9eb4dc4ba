"""Agreement: every program must have made the reference's trades and its money, to the cent."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from tests.benchmarks.outcome import Line
from tests.benchmarks.reference import answers
from tests.benchmarks.workloads import CASH, Task, prices_of

_A_CENT = 0.01


@cache
def expected(task: Task) -> tuple[list[int], list[float]]:
    """Trades and profits of the reference."""
    found = answers(task, prices_of(task))
    return [int(trades) for trades, _ in found], [float(equity) - CASH for _, equity in found]


def disagreements(lines: Iterable[Line]) -> list[str]:
    """One sentence for each line that differs."""
    return [said for line in lines for said in _differences(line)]


def _differences(line: Line) -> list[str]:
    trades, profits = expected(Task(line.workload, line.bars, line.gapless))
    where = f"{line.program} on {line.workload}, {line.bars:,} bars"
    if len(line.profits) != len(profits):
        return [f"{where}: {len(line.profits)} results, the reference {len(profits)}."]
    found = []
    if line.trades and line.trades != trades:
        found.append(f"{where}: {sum(line.trades)} trades, the reference {sum(trades)}.")
    gaps = [abs(mine - theirs) for mine, theirs in zip(line.profits, profits, strict=True)]
    if not all(gap < _A_CENT for gap in gaps):
        found.append(f"{where}: profit is {max(gaps):.4f} off the reference.")
    return found
