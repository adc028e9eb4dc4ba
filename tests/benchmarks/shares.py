"""Shares: where the time of our own runs goes, by file."""

from __future__ import annotations

import cProfile
import pstats
from collections import Counter
from pathlib import Path

from tests.benchmarks import slipway, slipway_on_bar
from tests.benchmarks.outcome import Program
from tests.benchmarks.workloads import Task

_SHOWN = 6
SIZES = {"sma": 200_000, "panel": 1_000, "sweep": 2_000, "bracket": 50_000, "portfolio": 50_000}
"""Large enough for shares to be those of a long run."""

_RUNS: tuple[tuple[str, Program, str], ...] = (
    ("sma, `on_bar`", slipway_on_bar.PROGRAM, "sma"),
    ("sma", slipway.PROGRAM, "sma"),
    ("panel", slipway.PROGRAM, "panel"),
    ("sweep", slipway.PROGRAM, "sweep"),
    ("bracket", slipway.PROGRAM, "bracket"),
    ("portfolio", slipway.PROGRAM, "portfolio"),
)


def section(sizes: dict[str, int]) -> str:
    """The section of the page."""
    head = (
        "## Where the time goes\n\nShares of our own time by file, as cProfile sees it: it counts "
        "Python's calls, so it makes many small ones look dearer than they are.\n"
    )
    rows = [
        f"| {label} | {_told(program, Task(workload, sizes[workload]))} |"
        for label, program, workload in _RUNS
    ]
    return "\n".join([head, "| workload | where |", "|---|---|", *rows, ""])


def _told(program: Program, task: Task) -> str:
    run = program.prepare[task.workload](Task(task.workload, task.bars, seed=1000))
    run()
    run = program.prepare[task.workload](task)
    profile = cProfile.Profile()
    profile.runcall(run)
    spent: Counter[str] = Counter()
    for (file, _, name), (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        spent[_place(file, name)] += own
    total = sum(spent.values())
    return ", ".join(
        f"{place} {100 * own / total:.0f} %" for place, own in spent.most_common(_SHOWN)
    )


def _place(file: str, name: str) -> str:
    """The file inside the project, the package outside, "built-in" for what is in no file."""
    parts = Path(file).parts
    if "framework" in parts:
        return "/".join(parts[parts.index("framework") + 1 :])
    if "benchmarks" in parts:
        return "the strategy"
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    return "built-in" if file == "~" or name.startswith("<built-in") else "Python's library"
