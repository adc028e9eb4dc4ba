"""The cache of downloads: a finished file per symbol, and the pieces of one that is under way.

A file appears whole or not at all. Beside AAPL.csv lies .AAPL.json, which says what it covers, and
while a download is under way .AAPL.parts/ with one file for each piece that has come.
"""

from __future__ import annotations

__all__ = ["Cache", "Cover", "Piece", "pieces_of"]

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp

from framework.brokers.ib.frames import Frame
from framework.calendar import DAY
from framework.cli.download_lines import Form, Lines, in_span
from framework.errors import ConfigError

_FORMAT = 1
_SPARE = 2
"""Days a piece is shorter than what one request may ask for: one at each end, of which only some
hours are wanted."""


@dataclass(frozen=True, slots=True, order=True)
class Piece:
    """Bars that close in (first, last], nanoseconds UTC: what one request brings, and of bars below
    a minute what the requests for a day bring."""

    first: int
    last: int

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.first}-{self.last}.csv"


@dataclass(frozen=True, slots=True)
class Cover:
    """What a finished file is.

    Attributes:
        request: what was asked for, in one text: another one makes another file.
        since, until: it has every bar that closes in (since, until].
        sha256: of its content.
    """

    request: str
    since: int
    until: int
    sha256: str


def pieces_of(frame: Frame, since: int, until: int) -> Iterator[Piece]:
    """The pieces of (since, until], the last first; they lie on a grid, so that another range has
    the same ones."""
    step = max(DAY, frame.reach - _SPARE * DAY)
    last = until
    while last > since:
        first = max(since, (last - 1) // step * step)
        yield Piece(first, last)
        last = first


class Cache:
    """The files of one symbol.

    Args:
        folder: of the finished file.
        symbol: whose.
        form: how lines are written.
        request: what is asked for; see `Cover`.

    Raises:
        ConfigError: the symbol is no name of a file, or there is a file no download has made.
    """

    def __init__(self, folder: Path, symbol: str, form: Form, request: str) -> None:
        if not symbol or symbol.startswith(".") or any(sign in symbol for sign in "/\\:"):
            raise ConfigError(f"{symbol!r} cannot name a file.", "Write it as EUR.USD.")
        self.path = folder / f"{symbol}.csv"
        self._cover_path = folder / f".{symbol}.json"
        mark = sha256(request.encode()).hexdigest()[:8]
        self._parts = folder / f".{symbol}.parts"
        self._mark = mark
        self._form = form
        self._request = request
        if self.path.exists() and not self._cover_path.exists():
            raise ConfigError(
                f"{self.path} is there, and no download has made it.",
                "Move it away, or choose another folder with --out.",
            )

    # what is there ----------------------------------------------------------------------------

    def finished(self) -> tuple[Cover | None, Lines]:
        """The finished file and what it covers; None where there is none, it is of another
        request, or somebody has changed it."""
        try:
            content = json.loads(self._cover_path.read_text("utf-8"))
            text = self.path.read_text("utf-8")
            if content.pop("format") != _FORMAT:
                return None, {}
            cover = Cover(**content)
            if cover.request != self._request or cover.sha256 != _digest(text):
                return None, {}
            return cover, self._form.read(text)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None, {}

    def parts(self) -> dict[Piece, Lines]:
        """Pieces of a download that was interrupted."""
        found: dict[Piece, Lines] = {}
        for path in sorted(self._parts.glob(f"{self._mark}-*.csv")):
            with suppress(OSError, ValueError):
                first, last = path.stem.split("-")[1:]
                found[Piece(int(first), int(last))] = self._form.read(path.read_text("utf-8"))
        return found

    # what comes -------------------------------------------------------------------------------

    def keep(self, piece: Piece, lines: Lines) -> None:
        """Keep a piece until the file is finished."""
        self._parts.mkdir(parents=True, exist_ok=True)
        text = self._form.text(in_span(lines, piece.first, piece.last))
        _write(self._parts / f"{self._mark}-{piece.name}", text)

    def forget_parts(self) -> None:
        """Pieces are no longer good, or no longer needed."""
        shutil.rmtree(self._parts, ignore_errors=True)

    def finish(self, since: int, until: int, lines: Lines) -> None:
        """Write the whole file; the old one, if any, stays until the new one is there."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = self._form.text(in_span(lines, since, until))
        cover = Cover(self._request, since, until, _digest(text))
        # The note goes first: a file without one is nobody's download.
        _write(self._cover_path, json.dumps({"format": _FORMAT} | asdict(cover)) + "\n")
        _write(self.path, text)
        self.forget_parts()


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _write(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all, a power cut included."""
    handle, name = mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
