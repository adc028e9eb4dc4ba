"""External predictions from a CSV file: time, symbol, BUY/SELL/SHORT, confidence."""

from __future__ import annotations

__all__ = ["load_signals", "read_signals"]

from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from framework.calendar import DAY
from framework.domain.bars import IntArray
from framework.domain.events import Signal, SignalAction
from framework.errors import DataError, did_you_mean
from framework.feeds.columns import normalise
from framework.feeds.stamps import localize, read_stamps
from framework.feeds.table import Rows

if TYPE_CHECKING:
    import pandas as pd

_HEADER = "Write the header time,symbol,action,confidence; confidence may be left out."


def load_signals(path: Path, tz: str | None) -> tuple[Signal, ...]:
    """Signals in order of time.

    A time is the instant from which the signal is known. A date alone means the last nanosecond
    of that day in UTC: no bar that closes during the day can act on it. An empty confidence is 1.

    Args:
        path: CSV with the columns time, symbol, action (or signal) and, optionally, confidence.
        tz: time zone of times written without an offset.

    Raises:
        DataError: the file is missing, a row cannot be read, is out of order or there twice, or
            times need a zone and `tz` is None.
        ConfigError: there is no zone `tz`.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}.", "Check the path given with --signals.")
    frame = _read(path, path.name)
    if frame.empty:
        raise DataError(f"{path.name} has a header but no signals.", "Give at least one row.")
    rows = Rows(path.name, np.arange(2, len(frame) + 2))
    found = _signals(rows, frame, tz)
    times = np.array([one.time for one in found], dtype=np.int64)
    _check(rows, times, [one.symbol for one in found])
    return found


def read_signals(
    name: str, header: str, lines: Sequence[str], numbers: Sequence[int], tz: str | None
) -> tuple[Signal, ...]:
    """Signals of some lines of a file, in their order, by the rules of `load_signals`; only that
    they follow upon each other is not looked at.

    Args:
        name: of the file, for messages.
        header: its first line.
        lines: the lines, without their ends.
        numbers: of the lines in the file, counted from 1.
        tz: time zone of times written without an offset.

    Raises:
        DataError: the header lacks a column, or a line cannot be read.
        ConfigError: there is no zone `tz`.
    """
    rows = Rows(name, np.array(numbers, dtype=np.int64))
    frame = _read(StringIO("\n".join([header, *lines, ""])), name)
    if len(frame) != len(lines):
        raise DataError(f"{rows.at(0)}: a quote is not closed.", "Write one signal a line.")
    found = _signals(rows, frame, tz) if lines else ()
    blank = [row for row, one in enumerate(found) if not one.symbol]
    if blank:
        raise DataError(f"{rows.at(blank[0])}: the symbol is blank.", "Fill it in.")
    return found


def _signals(rows: Rows, frame: pd.DataFrame, tz: str | None) -> tuple[Signal, ...]:
    times = _times(rows, frame["time"], tz)
    symbols = [str(symbol).strip() for symbol in frame["symbol"].fillna("")]
    actions = [_action(rows, row, value) for row, value in enumerate(frame["action"].fillna(""))]
    confidences = [1.0] * len(frame)
    if "confidence" in frame:
        values = frame["confidence"].fillna("1").replace(r"^\s*$", "1", regex=True)
        confidences = [_confidence(rows, row, value) for row, value in enumerate(values)]
    return tuple(
        Signal(int(time), symbol, action, confidence)
        for time, symbol, action, confidence in zip(
            times, symbols, actions, confidences, strict=True
        )
    )


def _read(source: Path | StringIO, name: str) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    try:
        frame = pd.read_csv(
            source,
            dtype=str,
            encoding="utf-8-sig",
            skipinitialspace=True,
            skip_blank_lines=False,
            keep_default_na=False,
            na_values=[""],
        )
    except (ValueError, OSError) as error:
        raise DataError(f"{name} cannot be read as CSV: {error}", _HEADER) from error
    names = {"signal": "action", "date": "time", "datetime": "time", "timestamp": "time"}
    frame.columns = pd.Index([names.get(normalise(name), normalise(name)) for name in frame])
    missing = [column for column in ("time", "symbol", "action") if column not in frame]
    if missing:
        raise DataError(f"{name} has no column {missing[0]}.", _HEADER)
    return frame


def _times(rows: Rows, column: pd.Series[str], tz: str | None) -> IntArray:
    stamps = read_stamps(rows, column)
    if stamps.utc is not None:
        return stamps.utc
    if stamps.date_only:
        return stamps.wall + (DAY - 1)
    if tz is None:
        raise DataError(
            f"{rows.where}: its times, such as {str(column.iloc[0])!r}, name no time zone.",
            "Give --tz Area/City, or write them with an offset, such as +00:00.",
        )
    return localize(stamps.wall, tz, rows)


def _action(rows: Rows, row: int, value: str) -> SignalAction:
    try:
        return SignalAction(value.strip().upper())
    except ValueError as error:
        raise DataError(
            f"{rows.at(row)}: the signal is {value!r}.", did_you_mean(value, [*SignalAction])
        ) from error


def _confidence(rows: Rows, row: int, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not 0.0 <= number <= 1.0:
        raise DataError(
            f"{rows.at(row)}: the confidence is {value!r}.", "Write a number from 0 to 1."
        )
    return number


def _check(rows: Rows, times: IntArray, symbols: list[str]) -> None:
    if "" in symbols:
        raise DataError(f"{rows.at(symbols.index(''))}: the symbol is blank.", "Fill it in.")
    back = np.diff(times) < 0
    if back.any():
        row = int(back.argmax()) + 1
        raise DataError(
            f"{rows.at(row)}: the signal is earlier than the row above.",
            "Sort the rows by time, oldest first.",
        )
    seen: set[tuple[int, str]] = set()
    for row, key in enumerate(zip(times.tolist(), symbols, strict=True)):
        if key in seen:
            raise DataError(
                f"{rows.at(row)}: a second signal for {key[1]} at the same time.", "Remove one."
            )
        seen.add(key)
