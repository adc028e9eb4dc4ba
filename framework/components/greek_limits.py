"""Greek limits: rules that keep the net delta, gamma and vega on an underlying within bounds.

A Greek counts in the direction in which the order moves it, so an order that brings it back to 0
and no further than the limit beyond passes. Orders that would add none of it pass. Resting orders
of the same instrument, and in the underlying itself, count as filled; the Greeks of other resting
options are not among what a rule is told.
"""

from __future__ import annotations

__all__ = ["MaxNetDelta", "MaxNetGamma", "MaxNetVega"]

from collections.abc import Callable
from dataclasses import dataclass
from math import copysign, isfinite

from framework.components.checks import check_number
from framework.components.exposure import fit, refused, resting_of
from framework.domain.events import Refused
from framework.domain.instruments import AssetType
from framework.domain.options import BookGreeks
from framework.domain.orders import Order
from framework.errors import ConfigError
from framework.ports import AccountState

_Greek = Callable[[BookGreeks], float]


@dataclass(frozen=True, slots=True)
class MaxNetDelta:
    """Shrink an order so that the net delta on its underlying stays within a limit, either way.

    Attributes:
        limit: units of the underlying, > 0.
        underlying: the only underlying it applies to; none for each of them by itself.
    """

    limit: float
    underlying: str | None = None

    def __post_init__(self) -> None:
        _check(self, self.underlying)

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, as much of it as fits, or why nothing does."""
        return _within("delta", _delta, self.limit, self.underlying, order, account)


@dataclass(frozen=True, slots=True)
class MaxNetGamma:
    """Shrink an order so that the net gamma on its underlying stays within a limit, either way.

    Attributes:
        limit: units of the underlying per point of its price, > 0.
        underlying: the only underlying it applies to; none for each of them by itself.
    """

    limit: float
    underlying: str | None = None

    def __post_init__(self) -> None:
        _check(self, self.underlying)

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, as much of it as fits, or why nothing does."""
        return _within("gamma", _gamma, self.limit, self.underlying, order, account)


@dataclass(frozen=True, slots=True)
class MaxNetVega:
    """Shrink an order so that the net vega on its underlying stays within a limit, either way.

    Attributes:
        limit: money per volatility point (0.01), > 0.
        underlying: the only underlying it applies to; none for each of them by itself.
    """

    limit: float
    underlying: str | None = None

    def __post_init__(self) -> None:
        _check(self, self.underlying)

    def check(self, order: Order, account: AccountState) -> Order | Refused:
        """The order, as much of it as fits, or why nothing does."""
        return _within("vega", _vega, self.limit, self.underlying, order, account)


def _within(
    name: str,
    greek: _Greek,
    limit: float,
    only: str | None,
    order: Order,
    account: AccountState,
) -> Order | Refused:
    """The verdict of every rule here, on one of the Greeks."""
    rule = f"max_net_{name}"
    underlying = _underlying(account)
    if only is not None and underlying != only:
        return order
    unit = _unit(account)
    if unit is None or not isfinite(greek(unit)):
        reason = f"The {name} of {order.symbol} is not known; price it before it is traded."
        return refused(rule, order, account, reason)
    each = order.side * greek(unit)
    if each == 0.0:
        return order
    way = copysign(1.0, each)
    used = way * greek(_held(underlying, account)) + _resting(greek, unit, way, order, account)
    if not isfinite(used):
        reason = f"The net {name} on {underlying} is not known; price every option held on it."
        return refused(rule, order, account, reason)

    def exceeded() -> str:
        return (
            f"Net {name} on {underlying} is {way * used:,.6g} and a unit of the order adds "
            f"{each:,.6g}; the limit is {limit:,.6g}."
        )

    return fit(rule, order, account, (limit - used) / abs(each), exceeded)


def _underlying(account: AccountState) -> str:
    return account.underlying or account.instrument.symbol


def _unit(account: AccountState) -> BookGreeks | None:
    """Greeks of one unit of the order's instrument; None of an option not priced."""
    instrument = account.instrument
    is_option = instrument.type is AssetType.OPTION or instrument.option is not None
    if account.unit is not None or is_option:
        return account.unit
    return BookGreeks(delta=instrument.multiplier)


def _held(underlying: str, account: AccountState) -> BookGreeks:
    """Greeks of what is held; without options that is the underlying alone."""
    units = account.quantities.get(underlying, 0.0)
    alone = BookGreeks(delta=units * account.multipliers.get(underlying, 1.0))
    return account.greeks.get(underlying, alone)


def _resting(
    greek: _Greek, unit: BookGreeks, way: float, order: Order, account: AccountState
) -> float:
    """What resting orders that move the Greek the same way would add, >= 0."""
    underlying = _underlying(account)
    total = 0.0
    for (symbol, side), resting in resting_of(order, account).items():
        if symbol == order.symbol:
            total += max(0.0, way * side * resting.units * greek(unit))
            continue
        plain = (symbol, BookGreeks(delta=account.multipliers.get(symbol, 1.0)))
        moves, each = account.working_units.get(symbol, plain)
        if moves == underlying:
            total += max(0.0, way * side * resting.units * greek(each))
    return total


def _delta(greeks: BookGreeks) -> float:
    return greeks.delta


def _gamma(greeks: BookGreeks) -> float:
    return greeks.gamma


def _vega(greeks: BookGreeks) -> float:
    """Money per volatility point, as traders quote it."""
    return greeks.vega / 100.0


def _check(component: object, underlying: str | None) -> None:
    check_number(component, "limit", above=0.0)
    if underlying is not None and not (isinstance(underlying, str) and underlying):
        raise ConfigError(
            f"{type(component).__name__}: underlying is {underlying!r}.",
            "Give a symbol, or None for each underlying by itself.",
        )
