"""A progress bar for sweeps: sets done, sets a second, time left; only in a terminal."""

from __future__ import annotations

__all__ = ["SweepBar"]

from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

_PATIENCE = 1.0
"""Seconds a sweep may take before a bar appears."""


class SweepBar:
    """Told how far a sweep has come; a context that takes the bar away again.

    Args:
        console: where to draw; nothing is drawn unless it is a terminal.
    """

    def __init__(self, console: Console) -> None:
        self.done = 0
        self.total = 0
        self._console = console
        self._begun = monotonic()
        self._before: int | None = None
        self._bar: Progress | None = None

    def __enter__(self) -> SweepBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` sets are behind us; those of the first call were so before."""
        if self._before is None:
            self._before, self._begun = done, monotonic()
        self.done, self.total = done, total
        passed = monotonic() - self._begun
        if not self._console.is_terminal or passed < _PATIENCE:
            return
        if self._bar is None:
            self._bar = Progress(
                TextColumn("Sweeping"),
                BarColumn(),
                TextColumn("{task.completed:,.0f} of {task.total:,.0f} sets"),
                TextColumn("{task.fields[rate]:,.3g}/s"),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._bar.add_task("sweep", total=total, completed=self._before, rate=0.0)
            self._bar.start()
        rate = (done - self._before) / passed
        self._bar.update(self._bar.task_ids[0], completed=done, total=total, rate=rate)
