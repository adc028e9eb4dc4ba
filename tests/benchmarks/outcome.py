"""Outcome: what a program answers, and the line it prints about itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from tests.benchmarks.workloads import CASH, Task


@dataclass(frozen=True)
class Outcome:
    """What one run came to; one value per pair of periods in a sweep, else one.

    Attributes:
        trades: round trips closed; empty if the program does not say.
        profits: final equity less opening cash.
    """

    trades: list[int]
    profits: list[float]

    @classmethod
    def of(cls, trades: int, equity: float, cash: float = CASH) -> Outcome:
        """The outcome of a single run."""
        return cls([int(trades)], [float(equity) - cash])


Run = Callable[[], Outcome]
"""A run ready to be started."""

Prepare = Callable[[Task], Run]
"""Takes the prices into the program's own form, untimed."""


@dataclass(frozen=True)
class Program:
    """A library's way of doing the workloads.

    Attributes:
        version: of the library.
        prepare: by workload; what is missing cannot be expressed.
        least: by workload, a run that answers final equity only, where that is cheaper.
        compiles: whether the first call waits for a compiler or its cache, so that the second, on
            other prices, is the one to time.
        gapless: fills at the decision's close, so that it is compared where that is the next open.
    """

    version: str
    prepare: dict[str, Prepare]
    least: dict[str, Prepare] | None = None
    compiles: bool = False
    gapless: bool = False


@dataclass(frozen=True)
class Line:
    """One measurement of one program in one process.

    Attributes:
        program, version, workload, bars, gapless: what was run.
        run_s: seconds from prices in memory to trades, equity and final equity.
        least_s: the same for final equity only; 0 where that is no cheaper.
        first_s: seconds of the first call, compiler included.
        process_s: seconds from the program's first line to its first result.
        peak_mb: the most memory the process ever held.
        trades, profits: the outcome.
    """

    program: str
    version: str
    workload: str
    bars: int
    gapless: bool
    run_s: float
    least_s: float
    first_s: float
    process_s: float
    peak_mb: float
    trades: list[int]
    profits: list[float]

    def text(self) -> str:
        """As one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Line:
        """From one line of JSON."""
        return cls(**json.loads(text))
