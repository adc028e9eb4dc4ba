"""The benchmarks: `python -m tests.benchmarks --peers-home DIR [--write docs/performance.md]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from framework.research.warmup import warm
from tests.benchmarks import page, scale, shares
from tests.benchmarks.agreement import disagreements
from tests.benchmarks.measure import Figures, Plan, measured
from tests.benchmarks.outcome import Line
from tests.benchmarks.roster import NOTHING, ROSTER, Entry, chosen
from tests.benchmarks.targets import PROCESS
from tests.benchmarks.workloads import SIZES, SMALL

_PROCESS_BARS = 10_000


def main() -> int:
    """Measure, check, print, write; 1 when a program disagrees or fails."""
    wanted = _arguments()
    entries = chosen(wanted.only)
    plan = Plan(wanted.peers_home, wanted.repeat, wanted.once_over, _tell)
    warm()
    sizes = SMALL if wanted.small else SIZES
    workloads = wanted.workloads.split(",") if wanted.workloads else [*sizes, PROCESS]
    lines, problems = _measure(entries, workloads, sizes, plan)
    kept = _kept(wanted.lines, lines)
    if wanted.lines is not None:
        wanted.lines.write_text("".join(f"{one.text()}\n" for one in [*kept, *lines]))
    problems += disagreements([_as_run(one) for one in lines if one.program != NOTHING])
    table = _table([*kept, *lines])
    print(page.targets(table))
    for name in sizes:
        if any(key[0] == name for key in table):
            print(page.workload(table, name))
    if any(key[0] == PROCESS for key in table):
        print(page.process(table))
    for problem in problems:
        print(problem, file=sys.stderr)
    if wanted.write is not None and not problems:
        where = shares.section(SMALL if wanted.small else shares.SIZES)
        grown = scale.section(wanted.write.parent)
        text = page.page(table, wanted.repeat, wanted.once_over, where, grown)
        wanted.write.write_text(text, encoding="utf-8")
    return 1 if problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--peers-home", type=Path, help="one virtual environment per peer")
    parser.add_argument("--only", default="", help="programs, such as slipway,vectorbt")
    parser.add_argument("--workloads", default="", help="such as sma,process")
    parser.add_argument("--small", action="store_true", help="small sizes")
    parser.add_argument("--repeat", type=int, default=5, help="processes per measurement")
    parser.add_argument(
        "--once-over", type=float, default=30.0, help="seconds from which one process is enough"
    )
    parser.add_argument(
        "--lines",
        type=Path,
        help="file to keep measurements in; what is not measured now is as kept",
    )
    parser.add_argument("--write", type=Path, help="page to write, such as docs/performance.md")
    return parser.parse_args()


def _measure(
    entries: Sequence[Entry], workloads: Sequence[str], sizes: dict[str, int], plan: Plan
) -> tuple[list[Line], list[str]]:
    lines: list[Line] = []
    problems: list[str] = []
    for workload in workloads:
        if workload == PROCESS:
            able = [e for e in entries if "sma" in e.workloads or e.module == NOTHING]
            found, failed = measured(able, "sma", _PROCESS_BARS, plan)
            found = [replace(line, workload=PROCESS) for line in found]
        else:
            able = [entry for entry in entries if workload in entry.workloads]
            found, failed = measured(able, workload, sizes[workload], plan)
        lines += found
        problems += failed
    return lines, problems


def _kept(file: Path | None, fresh: Sequence[Line]) -> list[Line]:
    """Lines of an earlier time, of what was not measured now."""
    if file is None or not file.exists():
        return []
    now = {(line.program, line.workload) for line in fresh}
    lines = [Line.read(text) for text in file.read_text().splitlines()]
    return [line for line in lines if (line.program, line.workload) not in now]


def _as_run(line: Line) -> Line:
    """The line under the name of the workload it really ran."""
    return replace(line, workload="sma") if line.workload == PROCESS else line


def _table(lines: Sequence[Line]) -> dict[tuple[str, str], Figures]:
    entries = {entry.module: entry for entry in ROSTER}
    grouped: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        grouped.setdefault((line.workload, line.program), []).append(line)
    return {key: Figures.of(entries[key[1]], found) for key, found in grouped.items()}


def _tell(step: str) -> None:
    print(step, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
