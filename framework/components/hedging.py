"""Hedging policies: when the delta of a book is traded back, and how far.

Every policy reads a `HedgeState` and answers a delta in units of the underlying, or None.
"""

from __future__ import annotations

__all__ = [
    "COMBINATIONS",
    "AllOf",
    "DeltaBand",
    "FirstOf",
    "Interval",
    "Leland",
    "WhalleyWilmott",
    "half_width",
    "leland_number",
]

from collections.abc import Mapping
from dataclasses import dataclass
from math import copysign, exp, isfinite, pi, sqrt
from typing import Literal

from framework.components.checks import check_number, check_whole
from framework.components.exposure import TOLERANCE
from framework.errors import ConfigError, DataError
from framework.hedge_ports import Hedger, HedgeState, VolatilityRule

_HOUR = 3_600 * 10**9


def half_width(
    *, price: float, gamma: float, years: float, rate: float, cost: float, risk_aversion: float
) -> float:
    """Half width H of the band a book's delta is left in, units of the underlying.

    H = (3/2 exp(-rate years) cost price gamma^2 / risk_aversion)^(1/3) (Whalley and Wilmott, An
    asymptotic analysis of an optimal hedging model for option pricing with transaction costs,
    Mathematical Finance, 1997).

    Args:
        price: of the underlying.
        gamma: of the whole book, units of the underlying per point.
        years: to the expiry.
        rate: riskless, a year, continuously compounded.
        cost: one-way cost as a part of the value traded, 0.005 for 0.5 %.
        risk_aversion: per unit of money, > 0.

    Raises:
        DataError: a figure is not known or not finite.
    """
    cubed = 1.5 * exp(-rate * years) * cost * price * gamma * gamma / risk_aversion
    if not (isfinite(cubed) and cubed >= 0.0):
        raise DataError(
            f"A Whalley-Wilmott band at price {price}, gamma {gamma}, {years} years, rate {rate}.",
            "Give a price above 0, and the Greeks and expiry of every option in the book.",
        )
    width: float = cubed ** (1.0 / 3.0)
    return width


def leland_number(*, volatility: float, cost: float, years: float) -> float:
    """sqrt(2/pi) cost / (volatility sqrt(years)): what costs weigh against volatility.

    Leland, Option pricing and replication with transactions costs, Journal of Finance, 1985.

    Args:
        volatility: a year, > 0.
        cost: round-trip cost as a part of the value traded, 0.01 for 1 %.
        years: between two hedges, > 0.

    Raises:
        DataError: the volatility is not above 0.
    """
    if not (isfinite(volatility) and volatility > 0.0):
        raise DataError(
            f"The volatility to hedge at is {volatility}.", "Give one above 0, such as 0.2."
        )
    return sqrt(2.0 / pi) * cost / (volatility * sqrt(years))


@dataclass(frozen=True, slots=True)
class Interval:
    """Back to the target every so many bars, or after so much trading time.

    The first hedge is at once. Time between sessions does not count. Without either parameter it
    is every bar. Discrete rehedging at a fixed interval is the experiment of Hull, Options, Futures
    and Other Derivatives, chapter on the Greek letters.

    Attributes:
        bars: bars of the underlying between two hedges, >= 1; none with `hours`.
        hours: hours of trading time between two hedges, > 0; none with `bars`.
    """

    bars: int | None = None
    hours: float | None = None

    def __post_init__(self) -> None:
        _check_interval(self, self.bars, self.hours)

    def net_delta(self, state: HedgeState) -> float | None:
        """The target when the interval is over."""
        return state.target if _is_due(state, self.bars, self.hours) else None


@dataclass(frozen=True, slots=True)
class DeltaBand:
    """Nothing while the delta is within a width of its target; beyond it, back.

    The fixed bandwidth around delta of Martellini and Priaulet, Competing methods for option
    hedging in the presence of transaction costs, Journal of Derivatives, 2002.

    Attributes:
        width: units of the underlying the delta may be off, > 0.
        to: back to the target, or only to the nearest edge of the band.
    """

    width: float
    to: Literal["target", "edge"] = "target"

    def __post_init__(self) -> None:
        check_number(self, "width", above=0.0)
        if self.to not in ("target", "edge"):
            raise ConfigError(f"DeltaBand: to is {self.to!r}.", "Give 'target' or 'edge'.")

    def net_delta(self, state: HedgeState) -> float | None:
        """The target or the edge, once the delta is outside the band."""
        edge = _edge(state, self.width)
        return state.target if edge is not None and self.to == "target" else edge


@dataclass(frozen=True, slots=True)
class WhalleyWilmott:
    """A band as wide as costs and risk aversion call for; beyond it, to the nearest edge.

    The half width H is `half_width` of the *book's own* gamma. Its source maximises the expected
    exponential utility 1 - exp(-risk_aversion x money) of whatever claim is held, so the claim is
    the whole book: n options of multiplier m have gamma n m times one's and H (n m)^(2/3) times
    one's, in units of the underlying. A larger book is hedged more tightly for its size, because
    risk grows with its square and costs only with its size. To hedge n m units exactly as one unit
    would be at aversion a, give a / (n m).

    Attributes:
        cost: one-way cost as a part of the value traded, 0.005 for 0.5 %; > 0.
        risk_aversion: per unit of the account's money, > 0; the larger, the narrower the band.
    """

    cost: float
    risk_aversion: float

    def __post_init__(self) -> None:
        check_number(self, "cost", above=0.0, below=1.0)
        check_number(self, "risk_aversion", above=0.0)

    def net_delta(self, state: HedgeState) -> float | None:
        """The nearest edge, once the delta is outside the band."""
        width = half_width(
            price=state.price,
            gamma=state.book.gamma,
            years=state.years,
            rate=state.rate,
            cost=self.cost,
            risk_aversion=self.risk_aversion,
        )
        return _edge(state, width)


@dataclass(frozen=True, slots=True)
class Leland:
    """Back to the target at an interval, deltas reckoned at a volatility that carries the costs.

    sigma sqrt(1 + A) of short options and sigma sqrt(1 - A) of long ones, A being `leland_number`
    of the interval (Leland, 1985; the sign by Hoggard, Whalley and Wilmott, Hedging option
    portfolios in the presence of transaction costs, Advances in Futures and Options Research,
    1994). Without `bars` and `hours` it hedges every bar.

    Attributes:
        cost: round-trip cost as a part of the value traded, 0.01 for 1 %; > 0.
        bars: bars of the underlying between two hedges, >= 1; none with `hours`.
        hours: hours of trading time between two hedges, > 0; none with `bars`.
        bars_per_year: bars of the underlying in a year; 252 for daily bars, > 0.
        hours_per_year: hours of trading time in a year; 252 sessions of 6.5 hours, > 0.
    """

    cost: float
    bars: int | None = None
    hours: float | None = None
    bars_per_year: float = 252.0
    hours_per_year: float = 1_638.0

    def __post_init__(self) -> None:
        check_number(self, "cost", above=0.0, below=1.0)
        _check_interval(self, self.bars, self.hours)
        check_number(self, "bars_per_year", above=0.0)
        check_number(self, "hours_per_year", above=0.0)

    @property
    def years(self) -> float:
        """Years between two hedges."""
        if self.hours is not None:
            return self.hours / self.hours_per_year
        return (self.bars or 1) / self.bars_per_year

    def net_delta(self, state: HedgeState) -> float | None:
        """The target when the interval is over."""
        return state.target if _is_due(state, self.bars, self.hours) else None

    def volatility(self, volatility: float, *, is_short: bool) -> float:
        """The volatility that carries the costs.

        Raises:
            ConfigError: a long option loses more to costs than its volatility brings.
            DataError: the volatility is not above 0.
        """
        number = leland_number(volatility=volatility, cost=self.cost, years=self.years)
        if is_short:
            return volatility * sqrt(1.0 + number)
        if number >= 1.0:
            raise ConfigError(
                f"Leland: hedging long options at a cost of {self.cost:g} every {self.years:.3g} "
                f"years has a Leland number of {number:.4g} at volatility {volatility:g}; from 1 "
                "on there is no volatility to reckon with.",
                "Hedge less often, or use whalley_wilmott.",
            )
        return volatility * sqrt(1.0 - number)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Trades only when each of several policies would, to the last one's level.

    Attributes:
        hedgers: at least one; at most one that reckons with its own volatility, which counts.
    """

    hedgers: tuple[Hedger, ...]

    def __post_init__(self) -> None:
        _check_members(self, self.hedgers)

    def net_delta(self, state: HedgeState) -> float | None:
        """The last one's level; every policy is asked, so an error shows whatever the order."""
        levels = [hedger.net_delta(state) for hedger in self.hedgers]
        return None if None in levels else levels[-1]

    def volatility(self, volatility: float, *, is_short: bool) -> float:
        """As the member that has a volatility of its own says; unchanged without one."""
        return _volatility(self.hedgers, volatility, is_short)


@dataclass(frozen=True, slots=True)
class FirstOf:
    """Trades as soon as one of several policies would, to the level of the first that does.

    Attributes:
        hedgers: at least one; at most one that reckons with its own volatility, which counts.
    """

    hedgers: tuple[Hedger, ...]

    def __post_init__(self) -> None:
        _check_members(self, self.hedgers)

    def net_delta(self, state: HedgeState) -> float | None:
        """The first level given; every policy is asked, so an error shows whatever the order."""
        levels = [hedger.net_delta(state) for hedger in self.hedgers]
        return next((level for level in levels if level is not None), None)

    def volatility(self, volatility: float, *, is_short: bool) -> float:
        """As the member that has a volatility of its own says; unchanged without one."""
        return _volatility(self.hedgers, volatility, is_short)


COMBINATIONS: Mapping[str, type[AllOf] | type[FirstOf]] = {"all_of": AllOf, "first_of": FirstOf}
"""The words a list of policies may begin with."""


def _edge(state: HedgeState, width: float) -> float | None:
    """The nearest edge of target +- width; None inside."""
    off = state.book.delta - state.target
    if not isfinite(off):
        raise DataError(
            f"{state.underlying}: the delta of the book is {state.book.delta}, its target "
            f"{state.target}.",
            "Nothing can be hedged whose Greeks are not known; price every option in the book.",
        )
    return None if abs(off) <= width * TOLERANCE else state.target + copysign(width, off)


def _is_due(state: HedgeState, bars: int | None, hours: float | None) -> bool:
    if hours is not None:
        return state.elapsed is None or state.elapsed >= round(hours * _HOUR)
    return state.bars is None or state.bars >= (bars or 1)


def _check_interval(component: object, bars: int | None, hours: float | None) -> None:
    if bars is not None and hours is not None:
        raise ConfigError(
            f"{type(component).__name__}: bars is {bars!r} and hours is {hours!r}.",
            "Give one of them; for both, combine two policies.",
        )
    if bars is not None:
        check_whole(component, "bars", 1)
    if hours is not None:
        check_number(component, "hours", above=0.0)


def _check_members(component: object, hedgers: tuple[Hedger, ...]) -> None:
    name = type(component).__name__
    if not isinstance(hedgers, tuple) or not hedgers:
        raise ConfigError(f"{name}: hedgers is {hedgers!r}.", "Give a tuple of at least one.")
    for hedger in hedgers:
        if not callable(getattr(hedger, "net_delta", None)):
            raise ConfigError(f"{name}: {hedger!r} is no hedger.", "Give one with net_delta().")
    own = [type(rule).__name__ for rule in hedgers if _has_volatility(rule)]
    if len(own) > 1:
        raise ConfigError(
            f"{name}: {' and '.join(own)} each reckon with a volatility of their own.",
            "Keep one of them.",
        )


def _has_volatility(hedger: Hedger) -> bool:
    """Whether it reckons with its own volatility, itself or through a member."""
    if isinstance(hedger, AllOf | FirstOf):
        return any(_has_volatility(member) for member in hedger.hedgers)
    return isinstance(hedger, VolatilityRule)


def _volatility(hedgers: tuple[Hedger, ...], volatility: float, is_short: bool) -> float:
    for hedger in hedgers:
        if isinstance(hedger, VolatilityRule) and _has_volatility(hedger):
            return hedger.volatility(volatility, is_short=is_short)
    return volatility
