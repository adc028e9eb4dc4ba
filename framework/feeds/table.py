"""Reading a CSV or Parquet file into text and number columns, however sloppy its header is."""

from __future__ import annotations

__all__ = ["Rows", "SUFFIXES", "Table", "read_table", "symbol_of"]

import csv
import gzip
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.domain.bars import FloatArray, IntArray
from framework.errors import DataError
from framework.feeds.columns import NO_COLUMNS, Layout, normalise, recognise

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".txt", ".csv.gz", ".txt.gz", ".parquet")
"""Endings of the files that hold bars."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Where the rows of a file stand, for messages.

    Attributes:
        where: the file's name.
        lines: 1-based line of each row in a text file, 1-based row in a Parquet file.
    """

    where: str
    lines: IntArray

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def unit(self) -> str:
        """What `lines` counts."""
        return "row" if self.where.lower().endswith(".parquet") else "line"

    def at(self, row: int) -> str:
        """Where row `row` stands in the file."""
        return f"{self.where}, {self.unit} {self.lines[row]}"


@dataclass(frozen=True, slots=True, eq=False)
class Table(Rows):
    """The columns of a file, not yet judged.

    Attributes:
        layout: which column means what.
        columns: the data, positions as in `layout`.
    """

    layout: Layout
    columns: pd.DataFrame

    @property
    def times(self) -> tuple[pd.Series[Any], pd.Series[Any] | None]:
        """The column of timestamps or dates, and that of times of day if there is one."""
        date, time = self.layout.date, self.layout.time
        return self.columns.iloc[:, date], None if time is None else self.columns.iloc[:, time]

    def numbers(self, position: int, name: str) -> FloatArray:
        """One column as float64, NaN where the file has nothing; DataError for words."""
        import pandas as pd  # noqa: PLC0415

        column = self.columns.iloc[:, position]
        values = pd.to_numeric(column, errors="coerce")
        words = (values.isna() & column.notna()).to_numpy()
        if words.any():
            row = int(words.argmax())
            raise DataError(
                f"{self.at(row)}: {name} is {str(column.iloc[row])!r}, not a number.",
                "Write plain numbers with a decimal point and no thousands separator.",
            )
        return np.array(values.to_numpy(dtype=np.float64))


def symbol_of(path: Path) -> str:
    """The symbol a file is named after: its name without the ending."""
    name = path.name
    suffix = next((end for end in SUFFIXES[::-1] if name.lower().endswith(end)), path.suffix)
    return name[: len(name) - len(suffix)] if suffix else name


def read_table(path: Path) -> Table:
    """Read one file.

    Raises:
        DataError: it is empty, unreadable, or its columns are not recognised.
    """
    if path.name.lower().endswith(".parquet"):
        return _read_parquet(path)
    return _read_text(path)


def _read_parquet(path: Path) -> Table:
    import pandas as pd  # noqa: PLC0415

    try:
        frame = pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise DataError(
            f"{path.name} cannot be read as Parquet: {error}", "Check the file."
        ) from error
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index(names=str(frame.index.name or "date"))
    if frame.empty:
        raise DataError(f"{path.name} is empty.", "Give a file with bars.")
    layout = recognise(list(frame.columns), path.name)
    return Table(path.name, np.arange(1, len(frame) + 1), layout, frame)


def _read_text(path: Path) -> Table:
    import pandas as pd  # noqa: PLC0415

    first = _first_lines(path)
    separator = max(",;\t", key=first[0][1].count)
    rows = [next(csv.reader([text], delimiter=separator)) for _, text in first]
    header, skip = _header(rows, path.name)
    layout = recognise(header, path.name)
    try:
        frame = pd.read_csv(
            path,
            sep=separator,
            header=None,
            names=list(range(len(header))),
            index_col=False,
            skiprows=first[skip][0],
            skip_blank_lines=False,
            skipinitialspace=True,
            low_memory=False,
            encoding="utf-8-sig",
            dtype=dict.fromkeys(layout.texts, str),
        )
    except (ValueError, OSError) as error:
        raise _unreadable(path.name, error, first[skip][0]) from error
    lines = np.arange(len(frame)) + first[skip][0] + 1
    kept = frame.notna().any(axis=1).to_numpy()
    return Table(path.name, lines[kept], layout, frame[kept])


def _first_lines(path: Path) -> list[tuple[int, str]]:
    """The first lines that say something, with the number of lines before each."""
    found: list[tuple[int, str]] = []
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline=None) as text:
            for number, line in enumerate(text):
                if line.strip(" \t\r\n,;"):
                    found.append((number, line.rstrip("\r\n")))
                if len(found) == 4:
                    break
    except (UnicodeDecodeError, OSError, EOFError) as error:
        raise DataError(
            f"{path.name} cannot be read as text: {error}", "Give a CSV or Parquet file."
        ) from error
    if not found:
        raise DataError(f"{path.name} is empty.", "Give a file with bars.")
    if len(found) == 1:
        raise DataError(f"{path.name} has one line and no bars under it.", NO_COLUMNS)
    return found


def _header(rows: list[list[str]], where: str) -> tuple[list[str], int]:
    """Column names that match the rows, and the index of the first row that holds a bar."""
    header = rows[0]
    if _is_number(header[-1]):
        raise DataError(f"{where}: the first line holds values, not column names.", NO_COLUMNS)
    if normalise(header[0]) == "price" and len(rows) == 4 and normalise(rows[1][0]) == "ticker":
        return ["Date", *header[1:]], 3
    first = rows[1]
    names = [normalise(name) for name in header]
    if len(first) == len(header) + 1:
        if first[-1].strip() == "":
            return [*header, "empty"], 1
        if names[0] == "date" and re.fullmatch(r"\s*\d{1,2}:\d\d(:\d\d)?\s*", first[1]):
            return [header[0], "Time", *header[1:]], 1
        if not {"date", "datetime", "timestamp", "time", "t"} & set(names):
            return ["Date", *header], 1
    if len(first) > len(header):
        raise DataError(
            f"{where}: the first bar has {len(first)} fields where the header has {len(header)}.",
            "Name every column in the header.",
        )
    return header, 1


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unreadable(where: str, error: Exception, skipped: int) -> DataError:
    fields = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
    if fields:
        wanted, line, seen = fields.groups()
        return DataError(
            f"{where}, line {line}: {seen} fields where the header has {wanted}.",
            "Repair the line; numbers must not hold the separator.",
        )
    return DataError(f"{where} cannot be read as CSV: {error}", "Check the file.")
