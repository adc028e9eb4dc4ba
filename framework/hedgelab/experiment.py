"""Experiment: the call that is sold, the market it is hedged in, and when the market is looked at.

The hedging experiment of Hull, Options, Futures and Other Derivatives, chapter on the Greek
letters, is the default: S = 49, K = 50, r = 5 %, sigma = 20 %, 20 weeks, expected return 13 %.
"""

from __future__ import annotations

__all__ = ["Experiment"]

from dataclasses import dataclass
from math import ceil, exp, pi, sqrt

import numpy as np

from framework.components.checks import check_number
from framework.domain.bars import FloatArray
from framework.errors import ConfigError
from framework.options import black_scholes

_WEEKS = 52.0
"""In a year, as the published experiments count."""
_BARS_PER_YEAR = 365.0
"""Of the engine's own time, one bar a day."""
_MOST_LOOKS = 5_000


@dataclass(frozen=True, slots=True)
class Experiment:
    """A short European call, hedged with its underlying until it expires.

    Attributes:
        spot: price of the underlying when the call is sold, > 0.
        strike: of the call, > 0, a multiple of 0.001.
        rate: riskless, a year, continuously compounded.
        volatility: of the underlying and of the call's price, a year, > 0.
        drift: expected return of the underlying, a year, continuously compounded.
        weeks: to the expiry, 52 in a year.
        step: weeks between two looks at the market, at which a policy may hedge; they divide
            `weeks`.
        cost: of every hedge, as a part of the value traded, >= 0: 0.001 is 0.1 %.
        options: calls sold, each on one unit of the underlying, > 0.
        lot: smallest quantity step of the underlying, > 0; one so small only keeps orders from
            being of what a sum's last digit leaves.

    Raises:
        ConfigError: a value that cannot be used.
    """

    spot: float = 49.0
    strike: float = 50.0
    rate: float = 0.05
    volatility: float = 0.20
    drift: float = 0.13
    weeks: float = 20.0
    step: float = 0.5
    cost: float = 0.001
    options: float = 1.0
    lot: float = 1e-9

    def __post_init__(self) -> None:
        for name in ("spot", "strike", "weeks", "step", "options", "lot"):
            check_number(self, name, above=0.0)
        check_number(self, "volatility", above=0.0, high=5.0)
        for name in ("rate", "drift"):
            check_number(self, name, low=-1.0, high=1.0)
        check_number(self, "cost", low=0.0, below=1.0)
        count = self.weeks / self.step
        if abs(1_000.0 * self.strike - round(1_000.0 * self.strike)) > 1e-6:
            raise ConfigError(
                f"The strike is {self.strike!r}.", "Give a multiple of 0.001, as exchanges do."
            )
        if not (count >= 1.0 and abs(count - round(count)) < 1e-9 * count):
            raise ConfigError(
                f"A step of {self.step:g} weeks does not divide {self.weeks:g} weeks.",
                f"Give one that does, such as {_divisor(self.weeks, count):g}.",
            )
        if count > _MOST_LOOKS:
            raise ConfigError(
                f"A step of {self.step:g} weeks looks at the market {count:,.0f} times.",
                f"Give a step of at least {self.weeks / _MOST_LOOKS:g} weeks.",
            )
        if abs(self.rate) * self.stretch >= 1.0:
            most = _WEEKS / _BARS_PER_YEAR / abs(self.rate)
            raise ConfigError(
                f"A step of {self.step:g} weeks is too long for a rate of {self.rate:g}.",
                f"Give one below {most:.2g} weeks; a policy may look less often than that.",
            )

    @property
    def looks(self) -> int:
        """Looks at the market before the expiry, the first when the call is sold."""
        return round(self.weeks / self.step)

    @property
    def years(self) -> float:
        """To the expiry."""
        return self.weeks / _WEEKS

    @property
    def bars_per_year(self) -> float:
        """Looks at the market in a year."""
        return self.looks / self.years

    @property
    def stretch(self) -> float:
        """True years in a year of the engine's own time, in which every step is a day."""
        return _BARS_PER_YEAR / self.bars_per_year

    @property
    def price(self) -> float:
        """Of one call when it is sold, by Black, Scholes and Merton."""
        given = (1.0, self.spot, self.strike, self.years, self.rate, 0.0, self.volatility)
        return float(black_scholes.price(*given))

    def rule_of_thumb(self, weeks: float) -> float:
        """The hedging error to expect of a hedge every so many weeks, without costs.

        sqrt(pi / 4) vega sigma / sqrt(n) over the price, n hedges in all (Derman and Kamal, When
        you cannot hedge continuously, Goldman Sachs Quantitative Strategies, 1998).
        """
        given = (1.0, self.spot, self.strike, self.years, self.rate, 0.0, self.volatility)
        vega = float(black_scholes.greeks(*given).vega)
        return sqrt(pi / 4.0) * vega * self.volatility / sqrt(self.weeks / weeks) / self.price

    def path(self, seed: int, number: int) -> FloatArray:
        """Prices of the underlying at each look and at the expiry, shape (looks + 1,).

        Geometric Brownian motion, drawn exactly, not step by step. A path is the same whatever
        other paths are drawn; none is the mirror of another.

        Args:
            seed: of the experiment.
            number: of the path.
        """
        step = self.years / self.looks
        drawn = np.random.default_rng((seed, number)).standard_normal(self.looks)
        moves = (self.drift - 0.5 * self.volatility**2) * step + self.volatility * sqrt(
            step
        ) * drawn
        path: FloatArray = self.spot * np.exp(np.concatenate(([0.0], np.cumsum(moves))))
        return path

    def discount(self) -> FloatArray:
        """What one unit of money at each look, and at the expiry, is worth at the first."""
        step = self.years / self.looks
        return np.array([exp(-self.rate * step * look) for look in range(self.looks + 1)])


def _divisor(weeks: float, count: float) -> float:
    """A step not much shorter than one that fits `count` times, which divides the weeks."""
    wanted = ceil(count)
    steps = (weeks / number for number in range(wanted, wanted + 50))
    return next((step for step in steps if f"{step:g}" == repr(step).removesuffix(".0")), weeks)
