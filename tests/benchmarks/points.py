"""Points: the figures of the scale picture, and the file they are kept in."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Point:
    """One measurement.

    Attributes:
        axis: what grows: bars, bars_on_bar, instruments or runs.
        size: how many.
        seconds: of the run.
        loaded_mb: the process's peak memory when its prices were there and nothing had run.
        peak_mb: its peak memory at the end.
    """

    axis: str
    size: int
    seconds: float
    loaded_mb: float
    peak_mb: float

    @classmethod
    def of(cls, cells: Sequence[str]) -> Point:
        """From the cells of a row."""
        axis, size, *rest = cells
        return cls(axis, int(size), *(float(cell) for cell in rest))


def read(file: Path) -> list[Point]:
    """The points of a CSV file."""
    with file.open(newline="", encoding="utf-8") as lines:
        return [Point.of(row) for row in list(csv.reader(lines))[1:]]


def write(points: Sequence[Point], file: Path) -> None:
    """Points as CSV."""
    with file.open("w", newline="", encoding="utf-8") as lines:
        table = csv.writer(lines, lineterminator="\n")
        table.writerow([field.name for field in fields(Point)])
        table.writerows(astuple(point) for point in points)
