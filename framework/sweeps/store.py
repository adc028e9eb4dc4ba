"""Store: the folder of a sweep, filled as rows arrive, gone on with after a kill, then closed."""

from __future__ import annotations

__all__ = ["PARTS", "SWEEP_FILES", "TABLE", "Store", "open_store"]

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import monotonic

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from framework.domain.bars import FloatArray
from framework.errors import ConfigError
from framework.sweeps.identity import FORMAT, Identity, changes
from framework.sweeps.rows import Row
from framework.sweeps.table import Columns
from framework.sweeps.work import Done

TABLE = "sweep.parquet"
"""The finished table."""
PARTS = "parts"
"""Folder of the rows that have arrived, until the table is finished."""
_IDENTITY = "sweep.json"
SWEEP_FILES = (_IDENTITY, TABLE, PARTS, "heatmap.png", "out_of_sample.csv")
"""What a sweep's folder holds."""

_EVERY = 1.0
"""Seconds rows may wait before they are written."""
_MOST = 4_096
"""Rows that may wait."""
_GROUP = 8_192
"""Rows of a row group of the finished table."""


class Store:
    """Rows of one sweep on disk; what has been written survives a kill.

    Args:
        folder: an open sweep's, as `open_store` returns it.
        columns: of its table.
    """

    def __init__(self, folder: Path, columns: Columns) -> None:
        self.folder = folder
        self._columns = columns
        self._parts = folder / PARTS
        self._waiting: list[Done] = []
        self._count = 0
        self._written = monotonic()
        self._ranges = sorted(_range_of(path) for path in self._parts.glob("*.parquet"))

    @property
    def is_finished(self) -> bool:
        """Whether the whole table is there."""
        return (self.folder / TABLE).is_file()

    @property
    def done(self) -> int:
        """Rows written."""
        return sum(stop - start for start, stop in self._ranges)

    def missing(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """The ranges of trials from `start` to `stop` - 1 that are not written."""
        for first, last in [*self._ranges, (stop, stop)]:
            if first > start and start < stop:
                yield start, min(first, stop)
            start = max(start, last)

    def add(self, done: Done) -> None:
        """Take a batch's rows; they are written once there are many, or some time has passed."""
        self._waiting.append(done)
        self._count += len(done.rows)
        if self._count >= _MOST or monotonic() - self._written > _EVERY:
            self.flush()

    def flush(self) -> None:
        """Write what waits, one file for each unbroken range of trials."""
        self._waiting.sort(key=lambda one: one.batch.start)
        group: list[Done] = []
        for one in self._waiting:
            if group and group[-1].batch.start + len(group[-1].rows) != one.batch.start:
                self._write(group)
                group = []
            group.append(one)
        if group:
            self._write(group)
        self._waiting, self._count, self._written = [], 0, monotonic()

    def column(self, name: str, start: int, stop: int) -> FloatArray:
        """A numeric column of trials `start` .. `stop` - 1, all of which are written."""
        found = np.full(stop - start, np.nan)
        for first, last in self._ranges:
            if first < stop and last > start:
                part = pq.read_table(self._path(first, last), columns=[name])
                values = part.column(0).to_numpy()
                low, high = max(first, start), min(last, stop)
                found[low - start : high - start] = values[low - first : high - first]
        return found

    def finish(self, deflated: Callable[[pa.Table], FloatArray]) -> None:
        """Join the parts into the table, and remove them.

        Args:
            deflated: the deflated Sharpe ratios of rows.
        """
        self.flush()
        draft = self.folder / f".{TABLE}"
        schema = self._columns.whole
        with pq.ParquetWriter(draft, schema) as writer:
            for group in self._groups():
                column = pa.array(deflated(group), from_pandas=True)
                at = len(group.column_names) - 1
                writer.write_table(group.add_column(at, schema.field(at), column))
        draft.rename(self.folder / TABLE)
        shutil.rmtree(self._parts)

    def _groups(self) -> Iterator[pa.Table]:
        """All rows in order, a row group at a time."""
        held = self._columns.part.empty_table()
        for first, last in self._ranges:
            held = pa.concat_tables([held, pq.read_table(self._path(first, last))])
            while len(held) >= _GROUP:
                yield held.slice(0, _GROUP).combine_chunks()
                held = held.slice(_GROUP).combine_chunks()
        if len(held) or not self._ranges:
            yield held.combine_chunks()

    def _write(self, group: Sequence[Done]) -> None:
        rows: list[Row] = [row for one in group for row in one.rows]
        points = [point for one in group for point in one.batch.points]
        start = group[0].batch.start
        path = self._path(start, start + len(rows))
        draft = path.with_suffix(".draft")
        pq.write_table(self._columns.table(start, points, rows), draft)
        draft.rename(path)
        self._ranges = sorted([*self._ranges, (start, start + len(rows))])

    def _path(self, start: int, stop: int) -> Path:
        return self._parts / f"{start:012}-{stop:012}.parquet"


def open_store(folder: Path, identity: Identity, columns: Columns, fresh: bool) -> Store:
    """The store of a sweep: a new one, or one begun before by the same sweep.

    Args:
        folder: made with its parents if it is not there.
        identity: of the sweep.
        columns: of its table.
        fresh: throw away what an earlier sweep left there.

    Raises:
        ConfigError: it cannot be used, holds something else, or another sweep.
    """
    target = folder.expanduser().resolve()
    if target.exists() and not target.is_dir():
        raise ConfigError(f"{target} is a file, not a folder.", "Choose another one with --out.")
    try:
        _prepare(target, identity, fresh)
    except OSError as error:
        raise ConfigError(
            f"The sweep cannot be written to {target}: {error.strerror or error}.",
            "Choose another folder with --out.",
        ) from error
    return Store(target, columns)


def _prepare(target: Path, identity: Identity, fresh: bool) -> None:
    before = _identity_in(target)
    if before is None and target.exists() and any(target.iterdir()):
        raise ConfigError(
            f"The folder {target} holds files that no sweep has written.",
            "Nothing was touched; choose an empty or a new folder with --out.",
        )
    if before is not None and fresh:
        _clear(target)
        before = None
    if before is not None:
        _check_same(target, before, identity)
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (target / TABLE).is_file():
        shutil.rmtree(target / PARTS, ignore_errors=True)
    else:
        (target / PARTS).mkdir(exist_ok=True)
    if before is None:
        draft = target / f".{_IDENTITY}"
        draft.write_text(json.dumps(identity, indent=2, sort_keys=True) + "\n", "utf-8")
        draft.rename(target / _IDENTITY)


def _identity_in(target: Path) -> Identity | None:
    try:
        content = json.loads((target / _IDENTITY).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    is_ours = isinstance(content, dict) and content.get("format") == FORMAT
    return content if is_ours else None


def _check_same(target: Path, before: Identity, now: Identity) -> None:
    different = changes(before, now)
    if different:
        raise ConfigError(
            f"{target} holds another sweep: it differs in {', '.join(different)}.",
            "Choose another folder with --out, or throw that one away with --fresh.",
        )


def _clear(target: Path) -> None:
    """Remove what a sweep wrote, and nothing else."""
    for name in SWEEP_FILES:
        path = target / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _range_of(path: Path) -> tuple[int, int]:
    start, _, stop = path.stem.partition("-")
    return int(start), int(stop)
