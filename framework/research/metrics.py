"""Performance metrics: plain functions of arrays of periodic returns.

Conventions, the field's usual ones:

- `returns` has shape (n,): simple returns of equal periods, 0.01 is one percent. NaN is a period
  without a return: it counts towards the length of the history and towards nothing else.
- `periods` is how many periods make a year: 252 trading days, 52 weeks, 12 months.
- `risk_free` and `required` are returns *per period*.
- Deviations are sample deviations (n - 1); downside risk divides by n.
- What cannot be computed is NaN. A ratio over zero risk is infinite with its numerator's sign.
"""

from __future__ import annotations

__all__ = [
    "TRADING_DAYS",
    "alpha",
    "annual_return",
    "annual_volatility",
    "annualised",
    "beta",
    "calmar",
    "capture",
    "conditional_value_at_risk",
    "cumulative_returns",
    "down_capture",
    "downside_risk",
    "drawdowns",
    "information_ratio",
    "max_drawdown",
    "omega",
    "ratio",
    "sharpe",
    "simple_returns",
    "sortino",
    "stability",
    "tail_ratio",
    "total_return",
    "up_capture",
    "value_at_risk",
]

from math import inf, isfinite, isnan, nan, sqrt

import numpy as np

from framework.domain.bars import FloatArray
from framework.research.sums import deviation, mean

TRADING_DAYS = 252.0
"""Trading days in a year."""

_NO_VARIANCE = 1e-30
"""A benchmark whose variance is below this does not move: nothing can be regressed on it."""


def simple_returns(values: FloatArray) -> FloatArray:
    """Returns between consecutive values of a curve: shape (n - 1,).

    A value of 0 or less has no return after it: NaN.
    """
    before = values[:-1]
    change = np.full(len(before), nan)
    np.divide(values[1:] - before, before, out=change, where=before > 0.0)
    return change


def cumulative_returns(returns: FloatArray) -> FloatArray:
    """Growth since the start after each period, 0.1 is ten percent: shape (n,)."""
    return np.asarray(np.cumprod(1.0 + np.nan_to_num(returns, nan=0.0)) - 1.0)


def drawdowns(values: FloatArray) -> FloatArray:
    """Fall of each value from the highest so far, as a fraction <= 0 of that peak: shape (n,).

    A peak of 0 or less has no fraction: NaN.
    """
    if len(values) == 0:
        return np.empty(0)
    peaks = np.maximum.accumulate(values)
    fall = np.full(len(values), nan)
    np.divide(values - peaks, peaks, out=fall, where=peaks > 0.0)
    return fall


def total_return(returns: FloatArray) -> float:
    """Growth over the whole history; NaN without periods."""
    return float(cumulative_returns(returns)[-1]) if len(returns) else nan


def annual_return(returns: FloatArray, periods: float = TRADING_DAYS) -> float:
    """Compound annual growth rate (CAGR): (1 + total)^(periods / n) - 1."""
    return annualised(total_return(returns), len(returns) / periods)


def annualised(growth: float, years: float) -> float:
    """The yearly rate that compounds to `growth` over `years`; NaN if more than all is lost."""
    if years <= 0.0 or not growth >= -1.0:
        return nan
    with np.errstate(over="ignore"):
        return float(np.float64(1.0 + growth) ** (1.0 / years) - 1.0)


def ratio(numerator: float, denominator: float) -> float:
    """Numerator over denominator; over zero, infinite with the numerator's sign, or NaN."""
    if denominator != 0.0:
        return numerator / denominator
    if numerator == 0.0 or isnan(numerator):
        return nan
    return inf if numerator > 0.0 else -inf


def annual_volatility(returns: FloatArray, periods: float = TRADING_DAYS) -> float:
    """Sample standard deviation of the returns, times the square root of `periods`."""
    return deviation(_present(returns)) * sqrt(periods)


def max_drawdown(returns: FloatArray) -> float:
    """Deepest fall from a peak of the compounded returns, the start included: <= 0."""
    if len(returns) == 0:
        return nan
    curve = np.concatenate(([1.0], 1.0 + cumulative_returns(returns)))
    return float(drawdowns(curve).min())


def sharpe(returns: FloatArray, risk_free: float = 0.0, periods: float = TRADING_DAYS) -> float:
    """Mean excess return over its sample deviation, annualised.

    Source: Sharpe (1994), The Sharpe Ratio, Journal of Portfolio Management 21(1).
    """
    excess = _present(returns) - risk_free
    return ratio(mean(excess), deviation(excess)) * sqrt(periods)


def information_ratio(returns: FloatArray, benchmark: FloatArray) -> float:
    """Mean active return over its sample deviation (tracking error), per period."""
    active = _present(returns - benchmark)
    return ratio(mean(active), deviation(active))


def downside_risk(
    returns: FloatArray, required: float = 0.0, periods: float = TRADING_DAYS
) -> float:
    """Root mean square of the returns' shortfalls below `required`, annualised.

    Source: Sortino and Price (1994), Performance Measurement in a Downside Risk Framework.
    """
    shortfall = np.minimum(_present(returns) - required, 0.0)
    return sqrt(mean(np.square(shortfall)) * periods) if len(shortfall) else nan


def sortino(returns: FloatArray, required: float = 0.0, periods: float = TRADING_DAYS) -> float:
    """Annualised mean return above `required` over the downside risk."""
    if len(returns) < 2:
        return nan
    excess = mean(_present(returns) - required) * periods
    return ratio(excess, downside_risk(returns, required, periods))


def calmar(returns: FloatArray, periods: float = TRADING_DAYS) -> float:
    """Annual return over the deepest drawdown; NaN when nothing was ever lost."""
    deepest = max_drawdown(returns)
    if not deepest < 0.0:
        return nan
    value = annual_return(returns, periods) / -deepest
    return value if isfinite(value) else nan


def omega(
    returns: FloatArray,
    risk_free: float = 0.0,
    required: float = 0.0,
    periods: float = TRADING_DAYS,
) -> float:
    """Sum of gains over sum of losses, both counted from a threshold; NaN without losses.

    `required` is an *annual* return here, `risk_free` a periodic one; together they are the
    threshold. Source: Keating and Shadwick (2002), A Universal Performance Measure.
    """
    if len(returns) < 2 or required <= -1.0:
        return nan
    threshold = required if periods == 1 else (1.0 + required) ** (1.0 / periods) - 1.0
    beyond = _present(returns) - risk_free - threshold
    losses = -float(beyond[beyond < 0.0].sum())
    return float(beyond[beyond > 0.0].sum()) / losses if losses > 0.0 else nan


def beta(returns: FloatArray, benchmark: FloatArray) -> float:
    """Covariance with the benchmark over the benchmark's variance, where both have a return."""
    mine, market = _paired(returns, benchmark)
    if len(mine) < 1 or len(benchmark) < 2:
        return nan
    moves = market - market.mean()
    variance = float(np.square(moves).mean())
    return float((moves * mine).mean()) / variance if variance >= _NO_VARIANCE else nan


def alpha(
    returns: FloatArray,
    benchmark: FloatArray,
    risk_free: float = 0.0,
    periods: float = TRADING_DAYS,
) -> float:
    """Mean return the benchmark does not explain, compounded over a year.

    Source: Jensen (1968), The Performance of Mutual Funds in the Period 1945-1964.
    """
    if len(returns) < 2:
        return nan
    mine, market = _paired(returns, benchmark)
    excess = (mine - risk_free) - beta(returns, benchmark) * (market - risk_free)
    with np.errstate(over="ignore"):
        return float(np.float64(1.0 + mean(excess)) ** periods - 1.0)


def capture(returns: FloatArray, benchmark: FloatArray, periods: float = TRADING_DAYS) -> float:
    """Annual return as a multiple of the benchmark's annual return."""
    return ratio(annual_return(returns, periods), annual_return(benchmark, periods))


def up_capture(returns: FloatArray, benchmark: FloatArray, periods: float = TRADING_DAYS) -> float:
    """`capture` over the periods in which the benchmark rose."""
    mine, market = _paired(returns, benchmark)
    return capture(mine[market > 0.0], market[market > 0.0], periods)


def down_capture(
    returns: FloatArray, benchmark: FloatArray, periods: float = TRADING_DAYS
) -> float:
    """`capture` over the periods in which the benchmark fell."""
    mine, market = _paired(returns, benchmark)
    return capture(mine[market < 0.0], market[market < 0.0], periods)


def stability(returns: FloatArray) -> float:
    """R squared of a straight line through the cumulative log returns: 1 is a steady climb."""
    if len(returns) < 2:
        return nan
    curve = np.cumsum(np.log1p(_present(returns)))
    if len(curve) < 2 or not np.isfinite(curve).all():
        return nan
    steps = np.arange(len(curve), dtype=np.float64)
    steps -= steps.mean()
    rise = curve - curve.mean()
    spread = float(np.square(steps).sum() * np.square(rise).sum())
    return float((steps * rise).sum()) ** 2 / spread if spread > 0.0 else nan


def tail_ratio(returns: FloatArray) -> float:
    """The 95th percentile over the 5th, both unsigned: above 1, good days outweigh bad ones."""
    present = _present(returns)
    if len(present) == 0:
        return nan
    high, low = np.percentile(present, (95.0, 5.0))
    return ratio(abs(float(high)), abs(float(low)))


def value_at_risk(returns: FloatArray, cutoff: float = 0.05) -> float:
    """The return that the worst `cutoff` share of periods stay below."""
    present = _present(returns)
    return float(np.percentile(present, 100.0 * cutoff)) if len(present) else nan


def conditional_value_at_risk(returns: FloatArray, cutoff: float = 0.05) -> float:
    """Mean return of the worst `cutoff` share of periods (expected shortfall)."""
    present = np.sort(_present(returns))
    if len(present) == 0:
        return nan
    return float(present[: int((len(present) - 1) * cutoff) + 1].mean())


def _present(returns: FloatArray) -> FloatArray:
    return returns[~np.isnan(returns)]


def _paired(returns: FloatArray, benchmark: FloatArray) -> tuple[FloatArray, FloatArray]:
    both = ~(np.isnan(returns) | np.isnan(benchmark))
    return returns[both], benchmark[both]
