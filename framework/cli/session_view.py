"""The view of a session in its own terminal: a screen that is kept up to date below the lines of
what happens; without a terminal the lines alone."""

from __future__ import annotations

__all__ = ["SessionView"]

from collections.abc import Callable
from time import time_ns

from rich.console import Console
from rich.live import Live
from rich.text import Text

from framework.operations.happenings import Gravity, Happening
from framework.operations.screen import screen
from framework.operations.status import Status

_STYLES = {Gravity.INFO: "", Gravity.WARNING: "yellow", Gravity.ERROR: "bold red"}


class SessionView:
    """Shows a session; a Watcher.

    Args:
        mask: hides what must not be shown.
        console: where; the error stream if left out.
    """

    def __init__(self, mask: Callable[[str], str], console: Console | None = None) -> None:
        self._mask = mask
        self._console = Console(stderr=True) if console is None else console
        self._live: Live | None = None

    def take(self, happening: Happening) -> None:
        """Something has happened."""
        style = _STYLES[happening.kind.gravity]
        self._console.print(Text(self._mask(happening.text), style), soft_wrap=True)

    def look(self, status: Status) -> None:
        """The session as it is now; shown on a terminal only."""
        if not self._console.is_terminal:
            return
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(screen(status, time_ns(), True), refresh=True)

    def close(self) -> None:
        """Take the screen away; the lines stay."""
        if self._live is not None:
            self._live.stop()
            self._live = None
