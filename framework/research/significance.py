"""How far a Sharpe ratio can be trusted: luck, many trials, short histories, fat tails.

Sharpe ratios here are *per period* and not annualised: divide an annual one by the square root of
the periods in a year, and a variance of annual ones by that number. `observations` is the number
of returns, `skew` their skewness, `kurtosis` their plain kurtosis (3 for the normal distribution).

Sources:
    Bailey and Lopez de Prado (2012), The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2):
    probabilistic Sharpe ratio and minimum track record length.
    Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio, Journal of Portfolio Management
    40(5): expected maximum and deflated Sharpe ratio.
    Bailey, Borwein, Lopez de Prado and Zhu (2014), Pseudo-Mathematics and Financial Charlatanism,
    Notices of the AMS 61(5): minimum backtest length.
"""

from __future__ import annotations

__all__ = [
    "deflated_sharpe",
    "expected_max_sharpe",
    "minimum_backtest_length",
    "minimum_track_record",
    "probabilistic_sharpe",
]

from math import e, inf, nan, sqrt
from statistics import NormalDist

_NORMAL = NormalDist()
_EULER_GAMMA = 0.5772156649015329


def probabilistic_sharpe(
    sharpe: float,
    benchmark: float,
    observations: float,
    skew: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """Probability that the true Sharpe ratio is above `benchmark`; NaN if it is undefined."""
    spread = _spread(sharpe, skew, kurtosis)
    if spread <= 0.0 or observations <= 1:
        return nan
    return _NORMAL.cdf((sharpe - benchmark) * sqrt(observations - 1.0) / sqrt(spread))


def expected_max_sharpe(trials: float, variance: float) -> float:
    """Sharpe ratio the best of `trials` worthless strategies is expected to show.

    Args:
        trials: independent trials; 1 or fewer expect nothing, 0.
        variance: variance of the Sharpe ratios across the trials.
    """
    return sqrt(variance) * _expected_maximum(trials)


def deflated_sharpe(
    sharpe: float,
    *,
    trials: float,
    variance: float,
    observations: float,
    skew: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """Probability that the best of `trials` strategies is better than luck would have it."""
    luck = expected_max_sharpe(trials, variance)
    return probabilistic_sharpe(sharpe, luck, observations, skew, kurtosis)


def minimum_track_record(
    sharpe: float,
    benchmark: float = 0.0,
    confidence: float = 0.95,
    skew: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """Observations needed before `sharpe` is above `benchmark` with `confidence`.

    Divide by the periods in a year for years; infinite when `sharpe` is not above `benchmark`.
    """
    if sharpe <= benchmark:
        return inf
    quantile = _NORMAL.inv_cdf(confidence)
    return 1.0 + _spread(sharpe, skew, kurtosis) * (quantile / (sharpe - benchmark)) ** 2


def minimum_backtest_length(trials: float, sharpe: float) -> float:
    """Years a backtest must have so that the best of `trials` worthless strategies is not
    expected to reach the annual Sharpe ratio `sharpe`; infinite when that is not above 0."""
    return (_expected_maximum(trials) / sharpe) ** 2 if sharpe > 0.0 else inf


def _expected_maximum(trials: float) -> float:
    """Approximate expectation of the largest of `trials` standard normal values."""
    if trials <= 1.0:
        return 0.0
    typical = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    rare = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * e))
    return (1.0 - _EULER_GAMMA) * typical + _EULER_GAMMA * rare


def _spread(sharpe: float, skew: float, kurtosis: float) -> float:
    return 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
