"""Which options an exchange would list: a chain for a backtest, made from a price alone.

Expiries are the third Friday of each month, on request every Friday; where the exchange is closed
that day, the last session before it in the same week. Strikes are a ladder around the price. Only
today's price counts: a strike listed last month, far from today's price, is not in the chain, and
the contract once traded stays a contract all the same.
"""

from __future__ import annotations

__all__ = ["ListingRule", "expiry_days", "ladder_of", "listed_chain", "strike_ladder"]

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite

import numpy as np

from framework.calendar import day_text
from framework.domain.bars import BoolArray, IntArray
from framework.domain.instruments import Instrument
from framework.domain.options import Right, Settlement, Style
from framework.errors import DataError
from framework.options.chain import OptionChain
from framework.options.contracts import option_contract

_STEPS = ((0.0, 0.5), (5.0, 1.0), (50.0, 2.5), (100.0, 5.0), (500.0, 10.0), (1000.0, 25.0))
"""(price from which it holds, distance of strikes): a house rule near what U.S. exchanges list."""

_SNAP = 1e-9
"""Distance, in steps, below which the end of the range counts as on the ladder."""

_FRIDAY = 1
"""Days modulo 7 of a Friday: 1970-01-01 was a Thursday."""


@dataclass(frozen=True, slots=True)
class ListingRule:
    """How many contracts are listed.

    Attributes:
        horizon: calendar days ahead within which expiries are listed, > 0.
        width: strikes reach from price x (1 - width) to price x (1 + width), 0..1.
        step: distance of strikes; None for 0.5 below 5, 1 below 50, 2.5 below 100, 5 below 500,
            10 below 1000, and 25.
        weeklies: whether every Friday is an expiry, not the month's third alone.
    """

    horizon: int = 100
    width: float = 0.25
    step: float | None = None
    weeklies: bool = False

    def __post_init__(self) -> None:
        if self.horizon <= 0:
            raise DataError(f"ListingRule: horizon is {self.horizon} days.", "Give 1 or more.")
        if not 0.0 < self.width < 1.0:
            raise DataError(f"ListingRule: width is {self.width}.", "Give 0.25 for +-25 %.")
        if self.step is not None and not (isfinite(self.step) and self.step > 0.0):
            raise DataError(f"ListingRule: step is {self.step}.", "It must be above 0.")


def expiry_days(day: int, sessions: IntArray, horizon: int, weeklies: bool = False) -> IntArray:
    """Expiries from `day` to `horizon` calendar days later, rising, as days since 1970-01-01.

    Args:
        day: the first day looked at; an expiry of that day is still listed.
        sessions: days on which the exchange is open, rising, reaching to the end of the horizon.
        horizon: calendar days.
        weeklies: whether every Friday counts, not the month's third alone.

    Raises:
        DataError: the sessions end too early to tell.
    """
    last = day + horizon
    fridays = np.arange(day + (_FRIDAY - day) % 7, last + 1, 7)
    if not weeklies:
        fridays = fridays[_third_of_month(fridays)]
    if not len(fridays):
        return fridays
    _check_reach(sessions, max(day, int(fridays[0]) - 4), int(fridays[-1]))
    rows = np.searchsorted(sessions, fridays, side="right") - 1
    expiries = sessions[rows]
    kept: IntArray = expiries[(expiries > fridays - 5) & (expiries >= day)]
    return kept


def strike_ladder(price: float, width: float, step: float | None = None) -> tuple[float, ...]:
    """The multiples of `step` from price x (1 - width) to price x (1 + width), rising.

    Raises:
        DataError: no price, or a step so wide that no strike is left.
    """
    if not (isfinite(price) and price > 0.0):
        raise DataError(f"Strikes around a price of {price}.", "Give a price above 0.")
    if step is None:
        step = next(wide for start, wide in reversed(_STEPS) if price >= start)
    first = ceil(price * (1.0 - width) / step - _SNAP)
    last = floor(price * (1.0 + width) / step + _SNAP)
    strikes = tuple(round(count * step, 3) for count in range(max(first, 1), last + 1))
    if not strikes:
        raise DataError(
            f"No multiple of {step:g} lies within {width:.0%} of {price:g}.",
            "Give a smaller step or a larger width.",
        )
    return strikes


def listed_chain(
    underlying: Instrument,
    price: float,
    day: int,
    sessions: IntArray,
    rule: ListingRule | None = None,
) -> OptionChain:
    """The chain the rule lists: every expiry with every strike, as call and as put.

    Args:
        underlying: a stock, an index or a future.
        price: its price on that day.
        day: days since 1970-01-01.
        sessions: days on which the exchange is open, rising, reaching to the rule's horizon.
        rule: what is listed; the default rule if left out.

    Raises:
        DataError: no price, or sessions that end too early.
    """
    rule = ListingRule() if rule is None else rule
    strikes = strike_ladder(price, rule.width, rule.step)
    expiries = expiry_days(day, sessions, rule.horizon, rule.weeklies)
    return OptionChain(underlying.symbol, day, ladder_of(underlying, expiries, strikes))


def ladder_of(
    underlying: Instrument,
    expiries: IntArray,
    strikes: Sequence[float],
    *,
    style: Style | None = None,
    settlement: Settlement | None = None,
    multiplier: float | None = None,
) -> tuple[Instrument, ...]:
    """Every expiry with every strike, as call and as put, but for what outlives its underlying.

    Args:
        underlying: a stock, an index or a future.
        expiries: days since 1970-01-01.
        strikes: prices.
        style, settlement, multiplier: of the contracts; None is as `option_contract` has it.
    """
    if underlying.expiry is not None:
        expiries = expiries[expiries <= underlying.expiry]
    return tuple(
        option_contract(
            underlying,
            expiry,
            right,
            strike,
            style=style,
            settlement=settlement,
            multiplier=multiplier,
        )
        for expiry in expiries.tolist()
        for strike in strikes
        for right in Right
    )


def _check_reach(sessions: IntArray, first: int, last: int) -> None:
    """Refuse sessions that do not tell whether the exchange is open from `first` to `last`."""
    if len(sessions) and sessions[0] <= first and sessions[-1] >= last:
        return
    ends = [day_text(int(day)) for day in sessions[[0, -1]]] if len(sessions) else ["none"]
    raise DataError(
        f"Expiries between {day_text(first)} and {day_text(last)} need the exchange's sessions of "
        f"that time, and those given are {' to '.join(ends)}.",
        f"Give all sessions up to {day_text(last)}, or a shorter horizon.",
    )


def _third_of_month(days: IntArray) -> BoolArray:
    """Which of some Fridays are the third of their month."""
    dates = days.astype("datetime64[D]")
    number = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    found: BoolArray = (number >= 15) & (number <= 21)
    return found
