"""Predictions: a file of signals that is followed while a session runs."""

from __future__ import annotations

__all__ = ["SignalFile"]

from collections.abc import Iterable, Sequence
from pathlib import Path

from framework.calendar import DAY, utc_text
from framework.domain.bars import Bars
from framework.domain.events import Signal
from framework.errors import DataError, InputError
from framework.feeds.signals import read_signals

_Key = tuple[int, str]


class SignalFile:
    """Reads what is new in a file of signals, line by line.

    Each line is taken in once, when it is whole: its end, a line feed, is written. What cannot be
    told is left out, and said: a line that cannot be read, one for a symbol that is not traded, a
    second one for the same symbol and time, and one whose bar is over already.

    Args:
        path: CSV, as `load_signals` reads it; it may have no signals yet.
        zone: time zone of times written without an offset.
        symbols: those that are traded.

    Raises:
        DataError: there is no such file, or its first line names no columns.
    """

    def __init__(self, path: Path, zone: str | None, symbols: Iterable[str]) -> None:
        self._path = path
        self._zone = zone
        self._symbols = frozenset(symbols)
        self._known: dict[_Key, Signal] = {}
        self._seen: tuple[int, ...] = ()
        self._offset = self._line = 0
        self._header = ""
        self._complaints: list[str] = []
        if not path.is_file():
            raise DataError(
                f"There is no file {path}.",
                "Make it with the line time,symbol,action,confidence; what is appended is heard.",
            )
        with path.open("rb") as file:
            first = file.readline()
        read_signals(path.name, first.decode("utf-8-sig", "replace").strip(), (), (), zone)

    def knows(self, signals: Iterable[Signal]) -> None:
        """Leave out what a session before has taken in."""
        self._known |= {(one.time, one.symbol): one for one in signals}

    def begin(self, history: Sequence[Bars]) -> tuple[Signal, ...]:
        """What a session begins with: as in a backtest, none older than the first bar's day."""
        found = self._fresh()
        first = min(int(min(one.session[0], one.close_time[0] // DAY)) for one in history) * DAY
        kept = tuple(sorted((one for one in found if one.time >= first), key=_time))
        if len(kept) < len(found):
            self._complain(f"{len(found) - len(kept)} of {len(found)} signals are older than the "
                           "first bar and were dropped.")  # fmt: skip
        return kept

    def news(self, last: int) -> tuple[Signal, ...]:
        """What has come since the last call, and in time.

        Args:
            last: nanoseconds UTC of the last instant that is over: a signal not later than that
                comes too late.
        """
        found = []
        for one in self._fresh():
            if one.time > last:
                found.append(one)
            else:
                self._complain(
                    f"{one.action} {one.symbol} of {utc_text(one.time)} came too late: its bar is "
                    "over. It was left out."
                )
        return tuple(sorted(found, key=_time))

    def complaints(self) -> list[str]:
        """What was left out since the last call, one sentence each."""
        said, self._complaints = self._complaints, []
        return said

    # parts -----------------------------------------------------------------------------------

    def _fresh(self) -> list[Signal]:
        """New signals of traded symbols, in the order of the file."""
        lines, numbers = self._lines()
        found = []
        for one in self._read(lines, numbers):
            before = self._known.get((one.time, one.symbol))
            if before == one:
                continue  # the file was written anew, or a session before has taken it in
            if before is not None:
                self._complain(
                    f"A second signal for {one.symbol} at {utc_text(one.time)}, {one.action}, was "
                    f"left out: the first one was {before.action}."
                )
            elif one.symbol not in self._symbols:
                self._complain(f"A signal for {one.symbol}, which is not traded, was left out.")
            else:
                found.append(one)
            self._known.setdefault((one.time, one.symbol), one)
        return found

    def _read(self, lines: Sequence[str], numbers: Sequence[int]) -> tuple[Signal, ...]:
        """All the lines at once; one by one where one of them cannot be read."""
        try:
            return read_signals(self._path.name, self._header, lines, numbers, self._zone)
        except InputError as error:
            if len(lines) == 1:
                where = f"{self._path.name}, line {numbers[0]}"
                what = f"{error}" if where in error.problem else f"{where}: {error}"
                self._complaints.append(f"{what} The line was left out.")
                return ()
        pairs = zip(lines, numbers, strict=True)
        return tuple(one for line, number in pairs for one in self._read([line], [number]))

    def _lines(self) -> tuple[list[str], list[int]]:
        """Whole lines after those read so far, and their numbers."""
        try:
            status = self._path.stat()
        except OSError as error:
            self._missing(error)
            return [], []
        seen = (status.st_ino, status.st_size, status.st_mtime_ns)
        if seen == self._seen:
            return [], []
        if not self._seen or seen[0] != self._seen[0] or seen[1] < self._offset:
            self._offset = self._line = 0
        self._seen = seen
        return self._take()

    def _take(self) -> tuple[list[str], list[int]]:
        with self._path.open("rb") as file:
            file.seek(self._offset)
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        lines, numbers = [], []
        for raw in whole.split(b"\n")[:-1]:
            text = raw.decode("utf-8-sig" if self._line == 0 else "utf-8", "replace").strip()
            self._line += 1
            if self._line == 1:
                self._header = text
            elif text:
                lines.append(text)
                numbers.append(self._line)
        return lines, numbers

    def _missing(self, error: OSError) -> None:
        """Say once that the file is gone."""
        if self._seen != (0,):
            self._complain(
                f"{self._path} cannot be read: {error.strerror}. It is looked for again."
            )
        self._seen = (0,)

    def _complain(self, what: str) -> None:
        self._complaints.append(f"{self._path.name}: {what}")


def _time(signal: Signal) -> int:
    return signal.time
