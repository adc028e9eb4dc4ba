"""Triggers: whether the conditions of an order hold at a bar's close. Pure."""

from __future__ import annotations

__all__ = ["Facts", "Market", "hold", "market_of"]

from collections.abc import Mapping
from dataclasses import dataclass

from framework.brokers.simulated.instants import nanoseconds
from framework.brokers.simulated.tape import Tape
from framework.domain.conditions import (
    Condition,
    Conditions,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
)


@dataclass(frozen=True, slots=True)
class Market:
    """What conditions may ask of one instrument.

    Attributes:
        high, low: of the bar that closes now; of the last one where none does.
        close: last known close.
        previous: last close of the session before, NaN in the first.
        volume: units traded in the session so far.
        regular: whether that bar lies in regular trading hours.
        is_fresh: whether its bar closes now.
    """

    high: float
    low: float
    close: float
    previous: float
    volume: float
    regular: bool
    is_fresh: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when conditions are looked at.

    Attributes:
        time: nanoseconds UTC.
        markets: by symbol; those without a bar yet are missing.
        cushion: percent of equity not needed as maintenance margin.
        traded: by symbol, nanoseconds UTC of the account's last execution.
        since: nanoseconds UTC the order was submitted at.
        symbol: the order's instrument.
    """

    time: int
    markets: Mapping[str, Market]
    cushion: float
    traded: Mapping[str, int]
    since: int
    symbol: str


def hold(conditions: Conditions, facts: Facts) -> bool:
    """Whether all conditions of one group hold.

    Without `ignore_hours` they are looked at only while the order's instrument trades in regular
    hours, and those on a market only while that one does.
    """
    own = facts.markets.get(facts.symbol)
    if own is not None and not (own.regular or conditions.ignore_hours):
        return False
    return any(
        all(_holds(each, facts, conditions.ignore_hours) for each in group)
        for group in conditions.groups
    )


def _holds(condition: Condition, facts: Facts, ignore_hours: bool) -> bool:
    if isinstance(condition, TimeCondition):
        return (facts.time >= nanoseconds(condition.time)) is condition.after
    if isinstance(condition, MarginCondition):
        return _beyond(facts.cushion, condition.percent, condition.above)
    if isinstance(condition, ExecutionCondition):
        return facts.traded.get(condition.symbol, 0) > facts.since
    market = facts.markets.get(condition.symbol)
    if market is None or not (market.regular or ignore_hours):
        return False
    return _market_holds(condition, market)


def _market_holds(
    condition: PriceCondition | VolumeCondition | PercentChangeCondition, market: Market
) -> bool:
    if isinstance(condition, VolumeCondition):
        return _beyond(market.volume, condition.volume, condition.above)
    high, low = (market.high, market.low) if market.is_fresh else (market.close, market.close)
    extreme = high if condition.above else low
    if isinstance(condition, PriceCondition):
        return _beyond(extreme, condition.price, condition.above)
    change = 100.0 * (extreme / market.previous - 1.0)
    return _beyond(change, condition.percent, condition.above)


def _beyond(value: float, level: float, above: bool) -> bool:
    return value >= level if above else value <= level


def market_of(tape: Tape, is_fresh: bool) -> Market:
    """What conditions may ask of a tape's instrument now."""
    bar = tape.bar()
    return Market(
        bar.high,
        bar.low,
        bar.close,
        tape.previous_session_close(),
        tape.session_volume(),
        bar.regular,
        is_fresh,
    )
