"""Logs: what a session tells, and what its program logs, in four files of a JSON object a line."""

from __future__ import annotations

__all__ = ["KEEP", "Logs"]

import copy
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from framework.calendar import DAY, day_text
from framework.operations.happenings import Happening
from framework.operations.log_files import DailyFile
from framework.operations.log_lines import FILES, Lines, Positions
from framework.operations.status import Status
from framework.operations.worker import Tell, Worker, on_stderr

KEEP = 30
"""Days before today of which logs are kept."""

_LOGGERS = ("slipway", "asyncio")
_ROOM = 50_000
_PAUSE = 0.2

_Thing = Happening | Positions | logging.LogRecord


class Logs:
    """Writes `trading.log`, `orders.log`, `positions.log` and `errors.log`; a Watcher.

    What it is given is handed over to a thread that makes the lines and writes them; the session
    never waits for a disk. Lines that cannot be written, or come faster than they can be, are
    dropped and counted; the journal has what matters. What went wrong is said once, on stderr, and
    once more when it is well again.

    Args:
        folder: of the files; made, its owner's alone.
        session: name of the session's folder: with `row`, where the journal is.
        clock: nanoseconds UTC; says which day it is.
        mask: hides what must not be shown.
        keep: days before today of which files are kept.
        tell: told what went wrong.
        loggers: names of Python's loggers that are written too, with those below them.
    """

    def __init__(
        self,
        folder: Path,
        session: str,
        clock: Callable[[], int],
        mask: Callable[[str], str],
        *,
        keep: int = KEEP,
        tell: Tell = on_stderr,
        loggers: Sequence[str] = _LOGGERS,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._tell = tell
        self._lines = Lines(session, mask)
        self._files = {name: DailyFile(folder / f"{name}.log", keep) for name in FILES}
        self._lost = dict.fromkeys(FILES, 0)
        self._dropped = 0
        self._failing: set[str] = set()
        self._worker: Worker[_Thing] = Worker("logs", self._work, tell, room=_ROOM, pause=_PAUSE)
        self._heard = _Heard(self._worker)
        self._loggers = tuple(logging.getLogger(name) for name in loggers)
        for logger in self._loggers:
            logger.addHandler(self._heard)

    def take(self, happening: Happening) -> None:
        """Something has happened."""
        self._worker.give(happening)

    def look(self, status: Status) -> None:
        """Write what has changed of the positions."""
        self._worker.give(Positions(status.time, status.positions))

    def close(self, deadline: float = 2.0) -> bool:
        """Write what there is, for `deadline` seconds at most.

        Returns:
            Whether all of it was written.
        """
        for logger in self._loggers:
            logger.removeHandler(self._heard)
        return self._worker.close(deadline) and not any(self._lost.values())

    # in the worker's thread ------------------------------------------------------------------

    def _work(self, things: Sequence[_Thing], _is_last: bool) -> None:
        self._lost["trading"] += self._worker.dropped - self._dropped
        self._dropped = self._worker.dropped
        lines: dict[str, list[str]] = {name: [] for name in FILES}
        for thing in things:
            for line, names in self._made(thing):
                for name in names:
                    lines[name].append(line)
        now = self._clock()
        day = day_text(now // DAY)
        for name, found in lines.items():
            if found or self._lost[name]:
                self._add(name, found, now, day)

    def _made(self, thing: _Thing) -> Iterator[tuple[str, tuple[str, ...]]]:
        if isinstance(thing, Happening):
            yield self._lines.happening(thing)
        elif isinstance(thing, logging.LogRecord):
            yield self._lines.record(thing)
        else:
            yield from self._lines.positions(thing)

    def _add(self, name: str, lines: Sequence[str], now: int, day: str) -> None:
        """Add lines to a file, behind one that says how many are missing there."""
        lost = self._lost[name]
        first = [self._lines.lost(now, lost)] if lost else []
        data = "".join(f"{line}\n" for line in (*first, *lines)).encode()
        try:
            self._files[name].add(data, day)
        except OSError as error:
            self._lost[name] += len(lines)
            if not self._failing:
                self._tell(
                    f"Logs cannot be written to {self._folder}: {error.strerror or error}. "
                    "The session goes on without them."
                )
            self._failing.add(name)
            return
        self._lost[name] = 0
        if name in self._failing:
            self._failing.remove(name)
            if not self._failing:
                self._tell(f"Logs are written to {self._folder} again.")


class _Heard(logging.Handler):
    """Hands the records of Python's log over, whole: what they refer to may change after."""

    def __init__(self, worker: Worker[_Thing]) -> None:
        super().__init__()
        self._worker = worker
        self._traces = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record."""
        try:
            found = copy.copy(record)
            found.msg, found.args = record.getMessage(), ()
            if record.exc_info and record.exc_info[0] and not record.exc_text:
                found.exc_text = self._traces.formatException(record.exc_info)
            found.exc_info = None
        except (TypeError, ValueError, KeyError, IndexError):  # arguments that do not fit the text
            self.handleError(record)
            return
        self._worker.give(found)
