"""Indicators: causal functions of arrays, oldest bar first, NaN while they warm up.

TA-Lib does the arithmetic where it has the function. Any function of the same shape serves as well
as these; the run checks that none of them looks ahead.
"""

from __future__ import annotations

__all__ = [
    "average_true_range",
    "bollinger_lower",
    "bollinger_upper",
    "ema",
    "highest",
    "lowest",
    "macd",
    "macd_signal",
    "rate_of_change",
    "rsi",
    "sma",
    "standard_deviation",
    "true_range",
]

from types import ModuleType

import numpy as np

from framework.domain.bars import FloatArray
from framework.errors import ConfigError


def _talib() -> ModuleType:
    """TA-Lib, which loads pandas: only a run that has an indicator should wait for it."""
    import talib  # noqa: PLC0415

    library: ModuleType = talib
    return library


def _column(values: FloatArray) -> FloatArray:
    return np.ascontiguousarray(values, dtype=np.float64)


def _period(name: str, period: int) -> int:
    if int(period) != period or period < 1:
        raise ConfigError(f"{name}: period is {period!r}.", "Give a whole number of bars >= 1.")
    return int(period)


def sma(values: FloatArray, period: int) -> FloatArray:
    """Simple moving average of the last `period` values."""
    period = _period("sma", period)
    return np.asarray(_talib().SMA(_column(values), period)) if period > 1 else values.copy()


def ema(values: FloatArray, period: int) -> FloatArray:
    """Exponential moving average, weight 2/(period+1), seeded with the first simple average."""
    period = _period("ema", period)
    return np.asarray(_talib().EMA(_column(values), period)) if period > 1 else values.copy()


def rsi(values: FloatArray, period: int = 14) -> FloatArray:
    """Relative strength index in 0..100 (Wilder 1978); `period` is at least 2."""
    return np.asarray(_talib().RSI(_column(values), max(2, _period("rsi", period))))


def highest(values: FloatArray, period: int) -> FloatArray:
    """Highest of the last `period` values, this one included."""
    period = _period("highest", period)
    return np.asarray(_talib().MAX(_column(values), period)) if period > 1 else values.copy()


def lowest(values: FloatArray, period: int) -> FloatArray:
    """Lowest of the last `period` values, this one included."""
    period = _period("lowest", period)
    return np.asarray(_talib().MIN(_column(values), period)) if period > 1 else values.copy()


def standard_deviation(values: FloatArray, period: int) -> FloatArray:
    """Population standard deviation of the last `period` values."""
    period = _period("standard_deviation", period)
    return np.asarray(_talib().STDDEV(_column(values), max(2, period), 1.0))


def rate_of_change(values: FloatArray, period: int) -> FloatArray:
    """Change over `period` bars as a fraction: 0.05 is 5 % up."""
    return np.asarray(_talib().ROCP(_column(values), _period("rate_of_change", period)))


def true_range(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """max(high - low, |high - previous close|, |previous close - low|); the first is high - low."""
    result = np.array(_talib().TRANGE(_column(high), _column(low), _column(close)))
    result[:1] = (high - low)[:1]
    return result


def average_true_range(
    high: FloatArray, low: FloatArray, close: FloatArray, period: int = 14
) -> FloatArray:
    """Average true range, smoothed as by Wilder (1978)."""
    period = _period("average_true_range", period)
    return np.asarray(_talib().ATR(_column(high), _column(low), _column(close), period))


def bollinger_upper(values: FloatArray, period: int = 20, width: float = 2.0) -> FloatArray:
    """Moving average plus `width` standard deviations."""
    return sma(values, period) + width * standard_deviation(values, period)


def bollinger_lower(values: FloatArray, period: int = 20, width: float = 2.0) -> FloatArray:
    """Moving average minus `width` standard deviations."""
    return sma(values, period) - width * standard_deviation(values, period)


def macd(values: FloatArray, fast: int = 12, slow: int = 26) -> FloatArray:
    """Difference of a fast and a slow exponential average (Appel)."""
    return ema(values, fast) - ema(values, slow)


def macd_signal(values: FloatArray, fast: int = 12, slow: int = 26, period: int = 9) -> FloatArray:
    """Exponential average of `macd` over `period` bars."""
    line = macd(values, fast, slow)
    result = np.full(len(line), np.nan)
    known = int(np.argmax(~np.isnan(line))) if not np.isnan(line).all() else len(line)
    if len(line) - known >= period:
        result[known:] = ema(line[known:], period)
    return result
