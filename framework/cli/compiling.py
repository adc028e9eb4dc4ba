"""`slipway warm`, and the line that shows what is being compiled; only in a terminal."""

from __future__ import annotations

__all__ = ["CompileLine", "warm_command"]

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from framework.research.warmup import WarmReport, clear, warm


class CompileLine:
    """Told what is being compiled; a context that takes the line away again.

    Args:
        console: where to draw; nothing is drawn unless it is a terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._line: Progress | None = None

    def __enter__(self) -> CompileLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._line is not None:
            self._line.stop()

    def __call__(self, name: str, done: int, total: int) -> None:
        """`name` is being compiled, with `done` of `total` functions behind us."""
        if not self._console.is_terminal:
            return
        if self._line is None:
            self._line = Progress(
                TextColumn("Compiling, once"),
                BarColumn(),
                TextColumn("{task.completed:.0f} of {task.total:.0f} functions"),
                TextColumn("{task.fields[name]}"),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            self._line.add_task("compile", total=total, name="")
            self._line.start()
        self._line.update(
            self._line.task_ids[0], completed=done, total=total, name=name.lstrip("_")
        )


def warm_command(remove_old: bool) -> int:
    """Compile what is not compiled yet and say what was done; the exit code.

    Args:
        remove_old: remove code that is no longer used.

    Raises:
        ConfigError: the machine code cannot be kept.
    """
    with CompileLine(Console(stderr=True)) as line:
        report = warm(line)
    print(_said(report))
    if remove_old and report.outcome != "busy":
        print(f"Removed {_megabytes(clear())} of old machine code.")
    if report.outcome in ("compiled", "ready"):
        print(f"Kept in {report.folder}, {_megabytes(report.size)}.")
    return 0


def _said(report: WarmReport) -> str:
    if report.outcome == "compiled":
        already = report.functions - report.compiled
        others = f"; {already} were compiled already" if already else ""
        return f"Compiled {report.compiled} functions{others}."
    if report.outcome == "busy":
        return "Another process is compiling; nothing was done. Look again in a minute."
    if report.outcome == "off":
        return "Compiling is switched off by SLIPWAY_COMPILED=0; nothing was done."
    return f"Nothing to do: all {report.functions} functions are compiled."


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
