"""A progress bar on stderr for runs longer than a second, and only in a terminal."""

from __future__ import annotations

__all__ = ["LateBar"]

from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

_PATIENCE = 1.0
"""Seconds a run may take before a bar appears."""


class LateBar:
    """Told how far a run has come; a context that takes the bar away again.

    Args:
        console: where to draw; nothing is drawn unless it is a terminal.
        counted: what is counted.
    """

    def __init__(self, console: Console, counted: str = "bars") -> None:
        self._console = console
        self._counted = counted
        self._begun = monotonic()
        self._bar: Progress | None = None

    def __enter__(self) -> LateBar:
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
        """`done` of `total` are behind us."""
        if not self._console.is_terminal or monotonic() - self._begun < _PATIENCE:
            return
        if self._bar is None:
            self._bar = Progress(
                TextColumn("Running"),
                BarColumn(),
                TextColumn(f"{{task.completed:,.0f}} of {{task.total:,.0f}} {self._counted}"),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._bar.add_task("run", total=total)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done)
