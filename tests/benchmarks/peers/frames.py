"""Frames: the prices of a task as pandas tables, the form most peers take them in."""

from __future__ import annotations

import pandas as pd

from tests.benchmarks.workloads import Task, prices_of

_START = "2010-01-01"


def index_of(task: Task, count: int | None = None) -> pd.DatetimeIndex:
    """A time stamp per bar."""
    return pd.date_range(_START, periods=count or task.bars, freq="D" if task.daily else "min")


def frames(task: Task) -> list[pd.DataFrame]:
    """One table of open, high, low, close and volume per instrument."""
    index = index_of(task)
    return [pd.DataFrame(one.table(), index=index) for one in prices_of(task).each()]
