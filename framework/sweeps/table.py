"""Table: rows of a sweep as typed columns, the form in which they are kept."""

from __future__ import annotations

__all__ = ["DEFLATED", "LAST", "REASON", "TRIAL", "Columns", "columns_of"]

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from framework.sweeps.axes import Axis, Grid
from framework.sweeps.rows import COUNTS, FIGURES, MOMENTS, Row

TRIAL = "trial"
"""Number of a trial in the order of the search, from 0."""
DEFLATED = "deflated_sharpe"
"""Probability that a trial's Sharpe ratio is better than the luck of the whole sweep."""
REASON = "reason"
"""Why a set did not run; empty if it did."""
LAST = (*MOMENTS, DEFLATED, REASON)
"""Columns behind the figures."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a sweep.

    Attributes:
        grid: what is swept.
        names: column of each axis: the parameter's name, with an underscore behind it where a
            figure has that name.
    """

    grid: Grid
    names: tuple[str, ...]

    @property
    def part(self) -> pa.Schema:
        """Columns of rows as they arrive."""
        kinds = [_kind(axis) for axis in self.grid.axes]
        return pa.schema(
            [
                (TRIAL, pa.int64()),
                *zip(self.names, kinds, strict=True),
                *((name, pa.int64() if name in COUNTS else pa.float64()) for name in FIGURES),
                *((name, pa.float64()) for name in MOMENTS),
                (REASON, pa.string()),
            ]
        )

    @property
    def whole(self) -> pa.Schema:
        """Columns of the finished table."""
        part = self.part
        return part.insert(len(part) - 1, pa.field(DEFLATED, pa.float64()))

    def cells(self, axis: Axis) -> list[object]:
        """The values of an axis as its column holds them: text for what no column can."""
        if _kind(axis) != pa.string():
            return list(axis.values)
        return [None if value is None else str(value) for value in axis.values]

    def table(self, start: int, points: Sequence[int], rows: Sequence[Row]) -> pa.Table:
        """Rows as a table.

        Args:
            start: number of the first trial.
            points: in the grid, one per row.
            rows: what they came to.
        """
        schema = self.part
        places = self.grid.places(np.asarray(points, dtype=np.int64))
        arrays: list[pa.Array] = [pa.array(np.arange(start, start + len(rows)))]
        for axis, place in zip(self.grid.axes, places, strict=True):
            values = pa.array(self.cells(axis), type=_kind(axis))
            arrays.append(values.take(pa.array(place)))
        blank = (None,) * len(FIGURES)
        figures = zip(*(row.figures or blank for row in rows), strict=True)
        for name, column in zip(FIGURES, figures, strict=True):
            arrays.append(pa.array(column, type=schema.field(name).type))
        moments = zip(*(row.moments or (None,) * len(MOMENTS) for row in rows), strict=True)
        arrays += [pa.array(column, type=pa.float64()) for column in moments]
        arrays.append(pa.array([row.reason for row in rows], type=pa.string()))
        return pa.Table.from_arrays(arrays, schema=schema)


def columns_of(grid: Grid) -> Columns:
    """The columns of a sweep over a grid."""
    taken = {TRIAL, *FIGURES, *LAST}
    return Columns(
        grid, tuple(f"{axis.name}_" if axis.name in taken else axis.name for axis in grid.axes)
    )


def _kind(axis: Axis) -> pa.DataType:
    kinds = {type(value) for value in axis.values if value is not None}
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        return pa.int64()
    if kinds and kinds <= {int, float}:
        return pa.float64()
    return pa.string()
