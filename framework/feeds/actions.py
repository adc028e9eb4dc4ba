"""Corporate actions from a CSV file: symbol, date, kind (dividend or split), value."""

from __future__ import annotations

__all__ = ["load_actions"]

import csv
from math import isfinite
from pathlib import Path

from framework.calendar import day_of
from framework.domain.actions import CorporateAction, Dividend, StockSplit
from framework.errors import DataError, did_you_mean
from framework.feeds.columns import normalise

_COLUMNS = ("symbol", "date", "kind", "value")
_HEADER = "Write the header symbol,date,kind,value."
_KINDS = ("dividend", "split")


def load_actions(path: Path) -> tuple[CorporateAction, ...]:
    """The actions of a file, in its order.

    A dividend's value is money per unit on its ex-day; a split's is new units for each old one,
    as a number (2, 0.1) or a ratio (2:1, 1:10).

    Raises:
        DataError: the file is missing, a column is missing, a row cannot be used or is there twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), 1) if any(row)]
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}.", "Check the path given with --actions."
        ) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} cannot be read as CSV: {error}", _HEADER) from error
    if not rows:
        raise DataError(f"{path.name} is empty.", _HEADER)
    at = _positions(path.name, rows[0][1])
    found: dict[tuple[str, int, type], CorporateAction] = {}
    for number, row in rows[1:]:
        where = f"{path.name}, line {number}"
        action = _action(where, [row[i].strip() if i < len(row) else "" for i in at])
        key = (action.symbol, action.day, type(action))
        if key in found:
            raise DataError(
                f"{where}: a second {row[at[2]].strip()} of {action.symbol} on that day.",
                "Remove one, or add them up.",
            )
        found[key] = action
    return tuple(found.values())


def _positions(name: str, header: list[str]) -> list[int]:
    names = [normalise(cell) for cell in header]
    for column in _COLUMNS:
        if column not in names:
            raise DataError(f"{name} has no column {column}.", _HEADER)
    return [names.index(column) for column in _COLUMNS]


def _action(where: str, cells: list[str]) -> CorporateAction:
    symbol, day_text, kind_text, value_text = cells
    if not symbol:
        raise DataError(f"{where}: the symbol is blank.", "Fill it in.")
    kind = kind_text.lower()
    if kind not in _KINDS:
        raise DataError(f"{where}: the kind is {kind_text!r}.", did_you_mean(kind_text, _KINDS))
    try:
        day = day_of(day_text)
    except ValueError as error:
        raise DataError(f"{where}: the date is {day_text!r}.", "Write it as 2024-01-31.") from error
    value = _value(where, value_text, kind)
    try:
        if kind == "dividend":
            return Dividend(symbol, day, value)
        return StockSplit(symbol, day, value)
    except DataError as error:
        raise DataError(f"{where}: {error.problem}", error.remedy) from error


def _value(where: str, text: str, kind: str) -> float:
    parts = text.split(":") if kind == "split" else [text]
    try:
        numbers = [float(part) for part in parts]
        value = numbers[0] if len(numbers) == 1 else numbers[0] / numbers[1]
    except (ValueError, ZeroDivisionError):
        value = float("nan")
    if len(parts) > 2 or not isfinite(value):
        remedy = "Write a number, such as 0.24." if kind == "dividend" else "Write 2 or 2:1."
        raise DataError(f"{where}: the value is {text!r}.", remedy)
    return value
