"""Kelly's criterion: the share of capital that makes wealth grow fastest.

Kelly (1956), A New Interpretation of Information Rate; for returns, Thorp (1997) and
Chan (2009), Quantitative Trading, chapter 6. Means, rates and deviations are per year.
"""

from __future__ import annotations

__all__ = ["kelly_binary", "kelly_continuous", "kelly_growth"]

from framework.errors import ConfigError


def kelly_continuous(mu: float, r: float, sd: float) -> float:
    """Leverage (mu - r) / sd^2 for returns of mean `mu` and deviation `sd`, cash earning `r`.

    Negative for a short position; 0 where `sd` is 0, unknown, or its square vanishes.
    """
    variance = sd * sd
    return (mu - r) / variance if variance > 0.0 else 0.0


def kelly_growth(mu: float, r: float, sd: float) -> float:
    """Growth rate r + S^2 / 2 of wealth at that leverage, S = (mu - r) / sd the Sharpe ratio."""
    if not sd > 0.0:
        return r
    sharpe = (mu - r) / sd
    return r + 0.5 * sharpe * sharpe


def kelly_binary(p: float, b: float) -> float:
    """Share p - (1 - p) / b of capital for a bet won with probability `p` that pays `b` to 1.

    Raises:
        ConfigError: `p` is no probability or `b` is not above 0.
    """
    if not 0.0 <= p <= 1.0:
        raise ConfigError(f"Kelly: the probability is {p}.", "Give a number from 0 to 1.")
    if not b > 0.0:
        raise ConfigError(f"Kelly: the odds are {b}.", "Give a number above 0.")
    return p - (1.0 - p) / b
