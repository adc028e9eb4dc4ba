"""Page: docs/performance.md, written from what was measured."""

# ruff: noqa: E501  (its prose is written as it stands on the page)

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks.machine import described
from tests.benchmarks.measure import Figures
from tests.benchmarks.roster import OURS, PEER, ROSTER
from tests.benchmarks.targets import PROCESS, TARGETS, Table
from tests.benchmarks.workloads import INSTRUMENTS, PAIRS, PORTFOLIO, Task

_NAMES = {entry.module: entry.name for entry in ROSTER}

_TITLES = {
    "sma": "two averages, one instrument",
    "panel": f"two averages on each of {INSTRUMENTS} instruments, one account",
    "sweep": f"two averages with {len(PAIRS)} pairs of periods, one process",
    "bracket": "always in, behind a stop and before a target",
    "portfolio": f"{PORTFOLIO} instruments, sizes and costs in percent, position and loss limits",
}

_INTRO = """# Performance

The same rules through Slipway, through its peers, and through two ceilings: a bare compiled loop, and a bare Python loop that calls one method per bar. Every program ended with the
reference's trades and its final equity to the cent, or this page would not have been written. It is written by

```sh
python -m tests.benchmarks --peers-home DIR --write docs/performance.md
```

where DIR holds one virtual environment per peer (`vectorbt`, `backtesting`, `bt`, `nautilus`, `backtrader`, and `limit` with numba); what is not there is left out.
"""

_HOW = """## How it was measured

- Timed is the way from prices in memory, in the form each library takes them, to the trades, the equity array and the final equity. Slipway's time includes its lookahead check. No files
  are read or written, but for the table of Slipway's sweep, which is removed again.
- Each measurement is a process of its own; programs take turns; the figure is the median of {repeat} ({once}).
- A program that compiles is called once before, on other prices of the same size; what that first call took is in a column of its own.
- vectorbt works lazily: "at least" is its time to the final equity alone, without trades and curve. Ratios to it are taken from the smaller of its two times.
- nautilus_trader fills at the close of the decision. It runs, and is checked, on prices that open where the bar before closed.
- In the panel backtesting.py makes one run per instrument, and Slipway gives each instrument a purse of its own; the others share one. The money made is compared.
- The sweep is made by backtrader's `optstrategy` and backtesting.py's `optimize`, on one core, and by a loop for bt and nautilus_trader.
- Prices are a seeded geometric Brownian motion, rounded to the cent: `tests/benchmarks/workloads.py` says the rules in full, `reference.py` beside it writes each as a loop.
"""


def page(table: Table, repeat: int, once_over: float, shares: str, scale: str) -> str:
    """The whole page.

    Args:
        table: what was measured.
        repeat, once_over: as in `Plan`.
        shares: the section on where the time goes.
        scale: the section on how time and memory grow.
    """
    versions = sorted(
        {
            f"{figures.entry.name} {figures.line.version}"
            for figures in table.values()
            if figures.entry.kind == PEER
        },
        key=str.lower,
    )
    machine = f"Measured on {described()}; {', '.join(versions)}.\n"
    once = f"runs over {once_over:g} s are measured once"
    parts = [_INTRO, machine, targets(table)]
    parts += [workload(table, name) for name in _TITLES if any(key[0] == name for key in table)]
    if any(key[0] == PROCESS for key in table):
        parts.append(process(table))
    parts += [shares, scale, _HOW.format(repeat=repeat, once=once), _lacks()]
    return "\n".join(part for part in parts if part)


def targets(table: Table) -> str:
    """Every target: asked, measured, met or not."""
    rows = []
    for target in TARGETS:
        ratio = target.ratio(table)
        if ratio is None:
            continue
        ours = _NAMES[target.ours].replace("Slipway, ", "")
        what = target.workload if target.ours == "slipway" else f"{target.workload}, {ours}"
        sign = "within" if target.is_ceiling else "at least"
        met = "met" if target.is_met(ratio) else "**not met**"
        asked = f"{sign} {target.factor:g} x"
        rows.append(f"| {what} | {_NAMES[target.other]} | {asked} | {_figure(ratio)} x | {met} |")
    if not rows:
        return ""
    head = "| workload | beside | target | measured | |\n|---|---|---|---|---|"
    return "\n".join(["## Targets\n", head, *rows, ""])


def workload(table: Table, name: str) -> str:
    """All programs on one workload, the fastest first."""
    found = _of(table, name)
    ours = next((f.run_s for f in found if f.entry.kind == OURS), None)
    task = Task(name, found[0].line.bars)
    bars = f"{task.bars:,} bars" + (" each" if task.instruments > 1 else "")
    head = (
        "| program | seconds | bars/s | beside Slipway | first call s | peak MB |\n"
        "|---|---|---|---|---|---|"
    )
    rows = []
    for figures in sorted(found, key=lambda f: f.run_s):
        rows.append(_row(figures, figures.entry.name, figures.run_s, ours, task))
        if figures.least_s:
            label = f"{figures.entry.name}, at least"
            rows.append(_row(figures, label, figures.least_s, ours, task))
    title = f"## {name}: {_TITLES[name]}\n\n{bars}.\n"
    return "\n".join([title, head, *rows, ""])


def process(table: Table) -> str:
    """Whole processes, from the first line to the result."""
    found = _of(table, PROCESS)
    rows = [
        f"| {figures.entry.name} | {figures.process_s:.3f} |"
        for figures in sorted(found, key=lambda f: f.process_s)
    ]
    bars = f"{found[0].line.bars:,}"
    title = (
        f"## A whole process\n\nThe sma workload on {bars} bars, from the program's first line, "
        "imports and compiler included, to the result.\n"
    )
    return "\n".join([title, "| program | seconds |", "|---|---|", *rows, ""])


def _of(table: Table, workload: str) -> list[Figures]:
    return [figures for (name, _), figures in table.items() if name == workload]


def _row(figures: Figures, name: str, seconds: float, ours: float | None, task: Task) -> str:
    beside = f"{_figure(seconds / ours)} x" if ours else ""
    first = f"{figures.first_s:.2f}" if figures.first_s != figures.run_s else ""
    return (
        f"| {name} | {seconds:.4g} | {_rounded(task.steps / seconds)} | {beside} | {first} | "
        f"{figures.peak_mb:.0f} |"
    )


def _figure(ratio: float) -> str:
    """Two significant digits, all of them above ten."""
    return f"{ratio:,.0f}" if ratio >= 10.0 else f"{ratio:.2g}"


def _rounded(rate: float) -> str:
    """Three significant digits with separators."""
    return f"{float(f'{rate:.3g}'):,.0f}"


def _lacks() -> str:
    rows: Sequence[str] = [f"- {entry.name}: {entry.lacks}." for entry in ROSTER if entry.lacks]
    return "\n".join(["Not expressible, and so not measured:\n", *rows, ""])
