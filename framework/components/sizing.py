"""Sizers: how much to trade when a side is about to be entered.

A sizer answers unrounded units; the order door rounds down to the lot. What cannot be known yet
(too little history, a flat price) is 0 units, which the door refuses and the results show.
"""

from __future__ import annotations

__all__ = [
    "AtrSizing",
    "KellyFraction",
    "MoneyPerPosition",
    "PercentOfEquity",
    "RiskPerTrade",
    "Shares",
    "SmallestOf",
    "VolatilityTarget",
    "bar_returns",
    "risked",
    "share_of_equity",
    "smallest",
    "units_for",
]

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from framework.compiled import scalar
from framework.components.checks import check_number, check_whole
from framework.components.kelly import kelly_continuous
from framework.domain.bars import FloatArray
from framework.errors import ConfigError, OrderError
from framework.indicators import average_true_range
from framework.ports import History, Sizer, SizingRequest


@scalar
def units_for(money: float, money_per_unit: float) -> float:
    """money / money_per_unit, and 0 where either is not above 0 or not known."""
    if not (money > 0.0 and money_per_unit > 0.0):
        return 0.0
    units = money / money_per_unit
    return units if units < inf else 0.0


def bar_returns(history: History, period: int) -> FloatArray:
    """The last `period` simple returns, bar on bar; empty while there are fewer."""
    closes = history.last(period + 1)
    if len(closes) < period + 1 or not np.all(closes > 0.0):
        return np.empty(0)
    return np.asarray(closes[1:] / closes[:-1] - 1.0, dtype=np.float64)


@scalar
def share_of_equity(percent: float, equity: float, share: float, each: float) -> float:
    """Units worth `percent` of `share` of equity, at `each` a unit."""
    return units_for(equity * share * percent / 100.0, each)


@scalar
def risked(percent: float, equity: float, distance: float, multiplier: float) -> float:
    """Units that lose `percent` of equity over a price `distance`."""
    return units_for(equity * percent / 100.0, distance * multiplier)


@dataclass(frozen=True, slots=True)
class Shares:
    """A fixed number of units.

    Attributes:
        count: units, > 0.
    """

    count: float

    def __post_init__(self) -> None:
        check_number(self, "count", above=0.0)

    def quantity(self, request: SizingRequest) -> float:
        """That number."""
        return float(self.count)


@dataclass(frozen=True, slots=True)
class MoneyPerPosition:
    """A fixed amount of money; beside another sizer, a cap on it, because the smallest wins.

    Attributes:
        money: market value of the position at the decision's close, > 0.
    """

    money: float = 10_000.0

    def __post_init__(self) -> None:
        check_number(self, "money", above=0.0)

    def quantity(self, request: SizingRequest) -> float:
        """money / (price x multiplier)."""
        return units_for(self.money, request.price * request.instrument.multiplier)


@dataclass(frozen=True, slots=True)
class PercentOfEquity:
    """A percentage of the part of equity the instrument may use.

    Attributes:
        percent: percent of equity x share, > 0.
    """

    percent: float = 95.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0)

    def quantity(self, request: SizingRequest) -> float:
        """percent x equity x share / (price x multiplier)."""
        each = request.price * request.instrument.multiplier
        return share_of_equity(self.percent, request.equity, request.share, each)


@dataclass(frozen=True, slots=True)
class RiskPerTrade:
    """As much as loses a percentage of equity if the protective stop is hit.

    Attributes:
        percent: percent of the whole equity at risk, above 0 and at most 100.
    """

    percent: float = 2.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0, high=100.0)

    def quantity(self, request: SizingRequest) -> float:
        """percent x equity / (distance to the stop x multiplier).

        A stop on the wrong side of the price protects nothing, so it sizes 0.

        Raises:
            OrderError: the entry has no protective stop.
        """
        if request.stop is None:
            raise OrderError(
                f"{request.instrument.symbol}: risk per trade needs a protective stop and this "
                "entry has none.",
                "Pass stop_loss= to the verb, or add an exit such as stop_percent:5.",
            )
        distance = (request.price - request.stop) * request.side
        return risked(self.percent, request.equity, distance, request.instrument.multiplier)


@dataclass(frozen=True, slots=True)
class AtrSizing:
    """As much as moves a percentage of equity when the price moves a multiple of its ATR.

    With 1 %, 20 bars and multiple 1 it is the unit of the turtles: 1 % of equity over N x money per
    point, N being Wilder's average true range (Faith, Way of the Turtle, 2007).

    Attributes:
        percent: percent of the whole equity, above 0 and at most 100.
        period: bars of the average true range, >= 1.
        multiple: average true ranges the price moves, > 0.
    """

    percent: float = 1.0
    period: int = 20
    multiple: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0, high=100.0)
        check_whole(self, "period", 1)
        check_number(self, "multiple", above=0.0)

    def quantity(self, request: SizingRequest) -> float:
        """percent x equity / (multiple x ATR x multiplier); 0 in the ATR's warm-up."""
        columns = ("high", "low", "close")
        atr = request.history.value(average_true_range, self.period, on=columns)
        money = request.equity * self.percent / 100.0
        return units_for(money, self.multiple * atr * request.instrument.multiplier)


@dataclass(frozen=True, slots=True)
class VolatilityTarget:
    """As much as gives the position a yearly volatility, measured on its own past returns.

    Volatility is the sample deviation of simple bar-on-bar returns x sqrt(bars_per_year).

    Attributes:
        percent: yearly volatility in percent of equity x share, > 0.
        period: returns measured, >= 2.
        bars_per_year: bars of the strategy's frame in a year; 252 for daily bars, > 0.
        maximum_percent: most of equity x share ever used, in percent, > 0.
    """

    percent: float = 15.0
    period: int = 20
    bars_per_year: float = 252.0
    maximum_percent: float = 95.0

    def __post_init__(self) -> None:
        for name in ("percent", "bars_per_year", "maximum_percent"):
            check_number(self, name, above=0.0)
        check_whole(self, "period", 2)

    def quantity(self, request: SizingRequest) -> float:
        """equity x share x target / volatility / (price x multiplier); 0 in warm-up."""
        returns = bar_returns(request.history, self.period)
        if not len(returns):
            return 0.0
        volatility = float(np.std(returns, ddof=1)) * sqrt(self.bars_per_year)
        if not volatility > 0.0:
            return 0.0
        leverage = min(self.percent / volatility, self.maximum_percent) / 100.0
        return _units_at(leverage, request)


@dataclass(frozen=True, slots=True)
class KellyFraction:
    """A fraction of Kelly's leverage, measured on the instrument's own past returns.

    Leverage is (mu - rate) / sd^2 with mean and variance of simple bar-on-bar returns brought to a
    year (Chan, Quantitative Trading, 2009); below zero it calls for the other side, so 0 units.

    Attributes:
        fraction: part of full Kelly, above 0 and at most 1.
        period: returns measured, >= 2.
        rate: yearly risk-free rate, 0.04 for 4 %.
        bars_per_year: bars of the strategy's frame in a year; 252 for daily bars, > 0.
        maximum_percent: most of equity x share ever used, in percent, > 0.
    """

    fraction: float = 0.5
    period: int = 250
    rate: float = 0.0
    bars_per_year: float = 252.0
    maximum_percent: float = 95.0

    def __post_init__(self) -> None:
        check_number(self, "fraction", above=0.0, high=1.0)
        check_whole(self, "period", 2)
        check_number(self, "rate")
        for name in ("bars_per_year", "maximum_percent"):
            check_number(self, name, above=0.0)

    def quantity(self, request: SizingRequest) -> float:
        """equity x share x fraction x Kelly leverage / (price x multiplier); 0 in warm-up."""
        returns = bar_returns(request.history, self.period)
        if not len(returns):
            return 0.0
        mu = float(np.mean(returns)) * self.bars_per_year
        sd = float(np.std(returns, ddof=1)) * sqrt(self.bars_per_year)
        leverage = self.fraction * kelly_continuous(mu, self.rate, sd) * request.side
        return _units_at(min(leverage, self.maximum_percent / 100.0), request)


@dataclass(frozen=True, slots=True)
class SmallestOf:
    """The smallest size several sizers give.

    Attributes:
        sizers: at least one.
    """

    sizers: tuple[Sizer, ...]

    def __post_init__(self) -> None:
        if not self.sizers:
            raise ConfigError("SmallestOf: sizers is empty.", "Give at least one sizer.")

    def quantity(self, request: SizingRequest) -> float:
        """The smallest; every sizer is asked, so a missing stop is noticed whatever the order."""
        return min([sizer.quantity(request) for sizer in self.sizers])


def smallest(sizers: Sequence[Sizer]) -> Sizer:
    """One sizer as it is, several as the smallest of them. ConfigError when there is none."""
    return sizers[0] if len(sizers) == 1 else SmallestOf(tuple(sizers))


def _units_at(leverage: float, request: SizingRequest) -> float:
    money = request.equity * request.share * leverage
    return units_for(money, request.price * request.instrument.multiplier)
