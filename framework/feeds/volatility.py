"""Volatility from outside: the VIX that comes with a package, or the user's own file."""

from __future__ import annotations

__all__ = ["VOLATILITIES", "load_volatility", "vix"]

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from framework.calendar import TradingCalendar
from framework.domain.bars import IntArray
from framework.errors import DataError
from framework.feeds.packaged import file_in_arch
from framework.options.volatility import VolatilitySeries

if TYPE_CHECKING:
    import pandas as pd

_POINTS = 100.0
_DAY = 86_400 * 10**9
_COLUMNS = ("volatility", "points")


def vix() -> VolatilitySeries:
    """The closes of the Cboe Volatility Index, 2014 to 2019, known when the New York session ends.

    The figures are real and come with the `arch` package.

    Raises:
        DataError: the package, or the file in it, is missing.
    """
    import pandas as pd  # noqa: PLC0415

    table = pd.read_csv(_vix_file(), na_values=".").dropna()
    dates = pd.to_datetime(table["Date"], format="%m/%d/%Y").to_numpy().astype("M8[D]")
    days = np.array(dates.astype(np.int64))
    values = np.array(table["vix"].to_numpy(dtype=np.float64)) / _POINTS
    calendar = TradingCalendar("XNYS")
    open_days = calendar.is_session(days)
    closes = calendar.session_close_of(days[open_days])
    return VolatilitySeries("vix", closes, values[open_days])


def _vix_file() -> Path:
    path = file_in_arch("vix", "vix.csv.gz")
    if path is None:
        raise DataError(
            "The sample history of the VIX is not installed.",
            "Install the package that carries it, `pip install arch`, or give your own "
            "--volatility.",
        )
    return path


VOLATILITIES: dict[str, Callable[[], VolatilitySeries]] = {"vix": vix}
"""The series that come along, by name."""


def load_volatility(path: Path, calendar: str) -> tuple[VolatilitySeries, str]:
    """A CSV file of volatilities, and its hash.

    Columns: `time`, dates (the value is known when that day's session ends) or times with their
    offset; and `volatility`, fractions a year such as 0.2, or `points`, such as 20.

    Args:
        path: the file.
        calendar: whose sessions end dates.

    Raises:
        DataError: it cannot be read or used.
    """
    import pandas as pd  # noqa: PLC0415

    try:
        content = path.read_bytes()
        table = pd.read_csv(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} is no CSV file: {error}.", "Give a header.") from error
    named = [name for name in _COLUMNS if name in table]
    if "time" not in table or len(named) != 1:
        raise DataError(
            f"{path.name} has the columns {', '.join(map(str, table.columns))}.",
            "Name them `time` and `volatility` (0.2), or `time` and `points` (20).",
        )
    scale = _POINTS if named[0] == "points" else 1.0
    values = pd.to_numeric(table[named[0]], errors="coerce").to_numpy(dtype=np.float64) / scale
    series = VolatilitySeries(path.name, _times(table["time"], path.name, calendar), values)
    return series, sha256(content).hexdigest()


def _times(column: pd.Series[str], name: str, calendar: str) -> IntArray:
    """Nanoseconds UTC of each row."""
    import pandas as pd  # noqa: PLC0415

    texts = column.astype(str)
    try:
        stamps = pd.to_datetime(texts, utc=True).dt.tz_localize(None).dt.as_unit("ns")
    except (ValueError, TypeError) as error:
        raise DataError(f"{name}: {error}.", "Write dates as 2024-01-31.") from error
    times = np.array(stamps.to_numpy().astype(np.int64))
    if texts.str.len().max() <= len("2024-01-31"):
        return TradingCalendar(calendar).session_close_of(times // _DAY)
    if not texts.str.contains(r"Z$|[+-]\d\d:?\d\d$").all():
        raise DataError(f"{name} has times without an offset.", "Write 2024-01-31T16:00-05:00.")
    return times
