"""Measure: programs in fresh processes, in turns, and the median of what they say."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks.outcome import Line
from tests.benchmarks.roster import Entry

ROOT = Path(__file__).resolve().parents[2]
_TOO_LONG = 900.0
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True)
class Plan:
    """How to measure.

    Attributes:
        home: folder with the peers' virtual environments.
        repeat: processes per program and workload.
        once_over: seconds of a process beyond which it is not repeated.
        tell: told each step.
    """

    home: Path | None
    repeat: int
    once_over: float
    tell: Callable[[str], None]


@dataclass(frozen=True)
class Figures:
    """Medians of one program on one workload.

    Attributes:
        entry: the program.
        line: its last line, for what does not vary.
        times: how often it ran.
        run_s, least_s, first_s, process_s, peak_mb: medians; see `Line`.
    """

    entry: Entry
    line: Line
    times: int
    run_s: float
    least_s: float
    first_s: float
    process_s: float
    peak_mb: float

    @classmethod
    def of(cls, entry: Entry, lines: Sequence[Line]) -> Figures:
        """The medians of some lines of one program on one workload."""
        return cls(
            entry,
            lines[-1],
            len(lines),
            *(
                median(getattr(line, name) for line in lines)
                for name in ("run_s", "least_s", "first_s", "process_s", "peak_mb")
            ),
        )

    @property
    def quickest_s(self) -> float:
        """What a peer is compared by: its cheapest way to the final equity."""
        return min(self.run_s, self.least_s or self.run_s)


class ProgramError(RuntimeError):
    """A program that ended without a line."""


def run_once(interpreter: str, module: str, workload: str, bars: int) -> Line:
    """One process.

    Raises:
        ProgramError: with the last thing it said.
    """
    command = [interpreter, "-m", "tests.benchmarks.program", module, workload, str(bars)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_TOO_LONG,
            cwd=ROOT,
            check=False,
            env=_with_bytecode(),
        )
    except subprocess.TimeoutExpired:
        raise ProgramError(f"{module} {workload}: not done after {_TOO_LONG:g} s") from None
    for text in reversed(done.stdout.splitlines()):
        if text.startswith('{"program"'):
            return Line.read(text)
    said = (done.stderr.strip() or "nothing").splitlines()[-1]
    raise ProgramError(f"{module} {workload}: it ended with {said!r}")


def _with_bytecode() -> dict[str, str]:
    """The environment, with bytecode kept: installed peers have theirs, a checkout writes it."""
    return {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}


def measured(
    entries: Sequence[Entry], workload: str, bars: int, plan: Plan
) -> tuple[list[Line], list[str]]:
    """Lines of every program on one workload, and what went wrong.

    Programs take turns, so that a slow minute of the machine falls on all of them.
    """
    lines: list[Line] = []
    problems: list[str] = []
    left = [(entry, found) for entry in entries if (found := entry.interpreter(plan.home))]
    for turn in range(plan.repeat):
        for entry, interpreter in tuple(left):
            plan.tell(f"{workload} {bars:,}: {entry.name} ({turn + 1}/{plan.repeat})")
            try:
                line = run_once(interpreter, entry.module, workload, bars)
            except ProgramError as problem:
                problems.append(str(problem))
                left.remove((entry, interpreter))
                continue
            lines.append(line)
            if line.process_s > plan.once_over:
                left.remove((entry, interpreter))
    return lines, problems
