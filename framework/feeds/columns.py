"""Column presets: which column of a vendor's file means what, recognised by the names alone."""

from __future__ import annotations

__all__ = ["Layout", "NO_COLUMNS", "Preset", "normalise", "recognise"]

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from framework.errors import DataError, did_you_mean

NO_COLUMNS = (
    "Expected a header line naming date (or Date and Time), open, high, low, close and, if there "
    "is one, volume; or the columns of an IB, Yahoo, Stooq or Polygon file."
)


class Preset(StrEnum):
    """Whose file it is."""

    IB = "IB"
    YAHOO = "Yahoo"
    STOOQ = "Stooq"
    POLYGON = "Polygon"
    PLAIN = "plain OHLCV"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a file keeps what, as positions of columns.

    Attributes:
        preset: whose file it is.
        date: the timestamp, or its date part.
        time: the time of day; None where `date` has it or there is none.
        open, high, low, close: prices.
        volume: traded quantity; None where the file has none.
        adjusted: close adjusted for splits and dividends; None where the file has none.
        symbol: the instrument's name; None where the file has none.
    """

    preset: Preset
    date: int
    time: int | None
    open: int
    high: int
    low: int
    close: int
    volume: int | None
    adjusted: int | None
    symbol: int | None

    @property
    def numbers(self) -> tuple[int, ...]:
        """Positions of every column read as numbers."""
        columns = (self.open, self.high, self.low, self.close, self.volume, self.adjusted)
        return tuple(column for column in columns if column is not None)

    @property
    def texts(self) -> tuple[int, ...]:
        """Positions of every column read as text."""
        columns = (self.date, self.time, self.symbol)
        return tuple(column for column in columns if column is not None)


_DATES = ("date", "datetime", "timestamp", "dateandtime", "gmttime", "utctime", "localtime")
_STAMPS = (*_DATES, "time", "t", "day", "index", "", "unnamed0", "level0")
_MEANINGS = {
    "time": ("time", "timeofday"),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c"),
    "volume": ("volume", "vol", "v"),
    "adjusted": ("adjclose", "adjustedclose", "closeadj"),
    "symbol": ("ticker", "symbol"),
}


def normalise(name: object) -> str:
    """A column name without case, spaces, brackets and punctuation: "<Adj Close>" is "adjclose"."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def recognise(header: Sequence[object], where: str) -> Layout:
    """The layout of a file with these column names, in this order.

    Args:
        header: names as written.
        where: the file, as messages call it.

    Raises:
        DataError: a needed column is missing or there twice.
    """
    names = [normalise(name) for name in header]
    found = {meaning: _position(names, aliases, where) for meaning, aliases in _MEANINGS.items()}
    date = _date_position(names, where)
    missing = [name for name in ("open", "high", "low", "close") if found[name] is None]
    if date is None:
        missing.insert(0, "date")
    if date is None or missing:
        raise _missing(header, names, missing, where)
    time = found["time"]
    return Layout(
        preset=_preset(names, header),
        date=date,
        time=time if time != date else None,
        open=found["open"] or 0,
        high=found["high"] or 0,
        low=found["low"] or 0,
        close=found["close"] or 0,
        volume=found["volume"],
        adjusted=found["adjusted"],
        symbol=found["symbol"],
    )


def _position(names: Sequence[str], aliases: Sequence[str], where: str) -> int | None:
    rows = [row for row, name in enumerate(names) if name in aliases]
    if len(rows) > 1:
        twice = " and ".join(str(row + 1) for row in rows)
        raise DataError(
            f"{where}: columns {twice} are both named {aliases[0]}.", "Remove or rename one."
        )
    return rows[0] if rows else None


def _date_position(names: Sequence[str], where: str) -> int | None:
    named = _position(names, _DATES, where)
    if named is not None:
        return named
    return next((names.index(alias) for alias in _STAMPS if alias in names), None)


def _missing(
    header: Sequence[object], names: Sequence[str], missing: Sequence[str], where: str
) -> DataError:
    listed = ", ".join(repr(str(name)) for name in header)
    if len(missing) == 5:
        return DataError(f"{where}: no column is recognised among {listed}.", NO_COLUMNS)
    guess = did_you_mean(missing[0], names).split(" Known:")[0]
    hint = f" {guess}" if guess.startswith("Did you mean") else ""
    return DataError(
        f"{where}: no column for {', '.join(missing)} among {listed}.{hint}", NO_COLUMNS
    )


def _preset(names: Sequence[str], header: Sequence[object]) -> Preset:
    known = set(names)
    if {"t", "o", "h", "l", "c"} <= known:
        return Preset.POLYGON
    if known & {"barcount", "average"}:
        return Preset.IB
    if "adjclose" in known:
        return Preset.YAHOO
    if any(str(name).strip().startswith("<") for name in header):
        return Preset.STOOQ
    return Preset.PLAIN
