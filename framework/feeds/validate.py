"""Judging the rows of a file: prices that make sense and times that only go forward."""

from __future__ import annotations

__all__ = ["Prices", "check_order", "read_prices", "split_gaps"]

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framework.calendar import DAY
from framework.domain.bars import FloatArray, IntArray
from framework.errors import DataError
from framework.feeds.columns import Preset
from framework.feeds.table import Table

_ROUNDING = 1e-6
"""Relative distance by which open or close may leave high..low: a vendor's rounding."""

_SPLIT_FACTORS = np.array([1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0])
_SPLIT_TOLERANCE = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Validated columns, shape (n,): low <= open, close <= high, all finite and > 0.

    Attributes:
        open, high, low, close: prices as the file has them.
        volume: traded quantity, 0 where the file has none.
        adjusted: adjusted close; None where the file has none.
        warnings: what was put up with.
    """

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    adjusted: FloatArray | None
    warnings: tuple[str, ...]


def read_prices(table: Table) -> Prices:
    """The price and volume columns of a file.

    Raises:
        DataError: a price is blank, no number, infinite, zero or negative, a high is below its
            low, an open or close is outside the range, or a volume is negative.
    """
    layout = table.layout
    columns = {
        name: _positive(table, position, name)
        for name, position in (
            ("open", layout.open),
            ("high", layout.high),
            ("low", layout.low),
            ("close", layout.close),
        )
    }
    opened, high, low, close = columns.values()
    _refuse(table, high < low, lambda row: f"high {high[row]:g} is below low {low[row]:g}")
    for name in ("open", "close"):
        _inside(table, name, columns[name], low, high)
    volume, warnings = _volume(table)
    adjusted = layout.adjusted
    return Prices(
        opened,
        np.maximum(high, np.maximum(opened, close)),
        np.minimum(low, np.minimum(opened, close)),
        close,
        volume,
        None if adjusted is None else _positive(table, adjusted, "adjusted close"),
        warnings,
    )


def check_order(table: Table, times: IntArray) -> None:
    """DataError unless `times` (nanoseconds, shape (n,)) strictly increase."""
    steps = np.diff(times)
    if (steps > 0).all():
        return
    row = int((steps <= 0).argmax()) + 1
    shown = _time(times[row])
    if steps[row - 1] == 0:
        raise DataError(
            f"{table.at(row)}: the time {shown} is there twice.", "Remove one of the two rows."
        )
    remedy = "The file runs from new to old: sort" if (steps < 0).all() else "Sort"
    raise DataError(
        f"{table.at(row)}: the time {shown} is before the row above, {_time(times[row - 1])}.",
        f"{remedy} the rows by time, oldest first.",
    )


def split_gaps(wall: IntArray, prices: Prices) -> IntArray:
    """Rows whose open, against the close of an earlier day, looks like a split.

    The ratio, or its inverse, is within 3 % of 1.5, 2, 3, 4, 5, 6, 7, 8, 10, 15 or 20.
    """
    ratio = prices.open[1:] / prices.close[:-1]
    ratio = np.maximum(ratio, 1.0 / ratio)
    near = np.abs(ratio[:, None] / _SPLIT_FACTORS - 1.0).min(axis=1, initial=np.inf)
    overnight = np.diff(wall // DAY) > 0
    return np.flatnonzero((near <= _SPLIT_TOLERANCE) & overnight) + 1


def _positive(table: Table, position: int, name: str) -> FloatArray:
    values = table.numbers(position, name)
    _refuse(table, np.isnan(values), lambda row: f"{name} is blank or NaN")
    _refuse(table, np.isinf(values), lambda row: f"{name} is infinite")
    _refuse(table, values <= 0, lambda row: f"{name} is {values[row]:g}, not above 0")
    return values


def _inside(table: Table, name: str, values: FloatArray, low: FloatArray, high: FloatArray) -> None:
    outside = (values > high * (1 + _ROUNDING)) | (values < low * (1 - _ROUNDING))
    _refuse(
        table,
        outside,
        lambda row: f"{name} {values[row]:g} is outside low {low[row]:g} .. high {high[row]:g}",
    )


def _volume(table: Table) -> tuple[FloatArray, tuple[str, ...]]:
    position = table.layout.volume
    if position is None:
        zeros = np.zeros(len(table))
        return zeros, (f"{table.where} has no volume: taken as 0.",)
    values = table.numbers(position, "volume")
    if table.layout.preset is Preset.IB:
        # IB writes -1 where there is no volume, as in forex and midpoint bars.
        values = np.where(values == -1.0, 0.0, values)
    _refuse(table, np.isinf(values), lambda row: "volume is infinite")
    _refuse(table, values < 0, lambda row: f"volume is {values[row]:g}, below 0")
    blank = np.isnan(values)
    if not blank.any():
        return values, ()
    count, first = int(blank.sum()), table.lines[int(blank.argmax())]
    return np.where(blank, 0.0, values), (
        f"{table.where}: {count} blank volumes taken as 0, the first in {table.unit} {first}.",
    )


def _refuse(table: Table, wrong: NDArray[np.bool_], problem: Callable[[int], str]) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        more = int(wrong.sum()) - 1
        also = f" ({more} more row{'s' * (more > 1)} like it)" if more else ""
        raise DataError(f"{table.at(row)}: {problem(row)}{also}.", "Repair or remove the row.")


def _time(ns: int) -> str:
    return str(np.datetime64(int(ns), "ns").astype("M8[s]")).replace("T", " ")
