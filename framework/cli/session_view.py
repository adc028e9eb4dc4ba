"""The view of a session in its own terminal: a screen that is kept up to date below the lines of
what happens; without a terminal the lines alone."""

from __future__ import annotations

__all__ = ["SessionView"]

from collections.abc import Callable, Sequence
from time import time_ns

from rich.console import Console
from rich.live import Live
from rich.text import Text

from framework.operations.happenings import Gravity, Happening
from framework.operations.screen import screen
from framework.operations.status import Status
from framework.operations.worker import Worker

_STYLES = {Gravity.INFO: "", Gravity.WARNING: "yellow", Gravity.ERROR: "bold red"}
_READABLE = 30
"""Lines a terminal is given at a time; nobody reads more, and they are in the log."""


class SessionView:
    """Shows a session; a Watcher.

    A thread of its own does the printing: a terminal that stands still, or a pipe nobody reads,
    holds nothing up.

    Args:
        mask: hides what must not be shown.
        console: where; the error stream if left out.
    """

    def __init__(self, mask: Callable[[str], str], console: Console | None = None) -> None:
        self._mask = mask
        self._console = Console(stderr=True) if console is None else console
        self._live: Live | None = None
        self._worker: Worker[Happening | Status] = Worker("view", self._work)

    def take(self, happening: Happening) -> None:
        """Something has happened."""
        self._worker.give(happening)

    def look(self, status: Status) -> None:
        """The session as it is now; shown on a terminal only."""
        if self._console.is_terminal:
            self._worker.give(status)

    def close(self, deadline: float = 2.0) -> bool:
        """Take the screen away; the lines stay.

        Returns:
            Whether all of them were shown.
        """
        return self._worker.close(deadline)

    # in the worker's thread ------------------------------------------------------------------

    def _work(self, things: Sequence[Happening | Status], is_last: bool) -> None:
        happenings = [one for one in things if isinstance(one, Happening)]
        if happenings:
            self._print(happenings)
        looks = [one for one in things if isinstance(one, Status)]
        if looks:
            self._show(looks[-1])
        if is_last and self._live is not None:
            self._live.stop()
            self._live = None

    def _print(self, happenings: Sequence[Happening]) -> None:
        if not self._console.is_terminal:
            self._console.file.write("".join(f"{self._mask(one.text)}\n" for one in happenings))
            self._console.file.flush()
            return
        text = Text()
        for one in happenings[:_READABLE]:
            text.append(f"{self._mask(one.text)}\n", _STYLES[one.kind.gravity])
        if len(happenings) > _READABLE:
            text.append(f"... and {len(happenings) - _READABLE} more: see the log\n", "dim")
        self._console.print(text, soft_wrap=True, end="")

    def _show(self, status: Status) -> None:
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(screen(status, time_ns(), True), refresh=True)
