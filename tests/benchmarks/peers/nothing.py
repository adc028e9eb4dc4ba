"""Nothing but the prices: what importing numpy and making them costs a process."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.outcome import Outcome, Program, Run
from tests.benchmarks.workloads import Task, prices_of


def prepare(task: Task) -> Run:
    """A run that does not run."""
    prices_of(task)
    return lambda: Outcome([], [])


PROGRAM = Program(np.__version__, {"sma": prepare})
