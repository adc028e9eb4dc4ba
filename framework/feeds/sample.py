"""Bars to start with: the real S&P 500, and two synthetic sets."""

from __future__ import annotations

__all__ = ["SAMPLES", "sample", "sp500"]

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from framework.calendar import TradingCalendar
from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.errors import ConfigError, DataError, did_you_mean
from framework.feeds.answers import FileAnswers
from framework.feeds.files import Loaded, fingerprint
from framework.feeds.packaged import file_in_arch
from framework.feeds.resample import resample
from framework.feeds.synthetic import synthetic_intraday, synthetic_universe


def sp500() -> Bars:
    """The S&P 500's daily history 1999-2018, offered as the tradable test stock SP500.

    The figures are real and come with the `arch` package. An index cannot be bought, and this one
    is a price index: its returns lack the dividends a holder of the stocks would have had.

    Raises:
        DataError: the package, or the file in it, is missing.
    """
    import pandas as pd  # noqa: PLC0415

    table = pd.read_csv(_sp500_file())
    dates = pd.to_datetime(table["Date"], format="%m/%d/%Y").to_numpy().astype("M8[D]")
    days = np.array(dates.astype(np.int64))
    closes = TradingCalendar("XNYS").session_close_of(days)
    opened, high, low, close, volume = (
        np.array(table[name].to_numpy(dtype=np.float64))
        for name in ("Open", "High", "Low", "Close", "Volume")
    )
    return Bars(Instrument("SP500"), "1d", closes, days, closes, opened, high, low, close, volume)


def _sp500_file() -> Path:
    path = file_in_arch("sp500", "sp500.csv.gz")
    if path is None:
        raise DataError(
            "The sample history of the S&P 500 is not installed.",
            "Install the package that carries it, `pip install arch`, or give your own --data.",
        )
    return path


def _sp500() -> tuple[Bars, ...]:
    return (sp500(),)


def _sp500_vix() -> tuple[Bars, ...]:
    """The S&P 500 on the days on which the sample VIX is known, 2014 to 2018."""
    bars = sp500()
    start = int(np.searchsorted(bars.session, _VIX_FROM))
    return (bars.take(start, len(bars)),)


def _intraday() -> tuple[Bars, ...]:
    return (synthetic_intraday(),)


_VIX_FROM = 16_073
"""2014-01-03, the first day of the sample VIX."""

SAMPLES: dict[str, Callable[[], tuple[Bars, ...]]] = {
    "sp500": _sp500,
    "sp500-vix": _sp500_vix,
    "synthetic-5m": _intraday,
    "synthetic-universe": synthetic_universe,
}
"""The samples by name, each with what loads its bars."""


def sample(
    name: str = "sp500", symbols: Sequence[str] | None = None, frame: str | None = None
) -> Loaded:
    """One of `SAMPLES`, in the form files are loaded in.

    Args:
        name: which one.
        symbols: which of its symbols, in this order; None takes all.
        frame: bar length wanted; None keeps its own.

    Raises:
        ConfigError: no sample has that name, or the bar length does not fit.
        DataError: it does not have a symbol.
    """
    if name not in SAMPLES:
        raise ConfigError(f"There is no sample {name!r}.", did_you_mean(name, SAMPLES))
    by_symbol = {bars.symbol: bars for bars in SAMPLES[name]()}
    for symbol in symbols or ():
        if symbol not in by_symbol:
            raise DataError(
                f"The sample {name} has no symbol {symbol!r}.", did_you_mean(symbol, by_symbol)
            )
    chosen = tuple(by_symbol[symbol] for symbol in symbols or by_symbol)
    bars = chosen if frame is None else tuple(resample(series, frame) for series in chosen)
    label = (f"{name} is synthetic: no market ever printed these bars.",)
    return Loaded(
        bars,
        FileAnswers("close", TradingCalendar("XNYS").tz, "XNYS", "split", "regular"),
        (),
        label if any(series.synthetic for series in bars) else (),
        fingerprint(bars),
    )
