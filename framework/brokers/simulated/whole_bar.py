"""The whole bar in one look: where an order aims, and how far it may slip from there."""

from __future__ import annotations

__all__ = ["Aim", "aimed", "at_once", "slipped"]

from collections.abc import Callable, Mapping
from math import inf
from typing import NamedTuple

from framework.brokers.simulated.matching import RULES, Ask
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.tape import Bar
from framework.domain.orders import OrderType, Side


class Aim(NamedTuple):
    """What an order would trade at in a bar.

    Attributes:
        price: before slippage; None when it does not trade.
        triggered: whether the trigger of a stop-limit has been reached, now or before.
        at_open: whether that price is the open.
        slips: whether it takes liquidity there.
        worst: the price slippage is not to exceed; inf or -inf for none.
        limited: whether that is a limit order's price, for which a policy may have its own rule.
        exact: whether a limit was only just touched.
    """

    price: float | None
    triggered: bool = False
    at_open: bool = False
    slips: bool = False
    worst: float = inf
    limited: bool = False
    exact: bool = False


_NO = Aim(None)
_WAITS = Aim(None, triggered=True)


def aimed(kind: OrderType, ask: Ask, bar: Bar, policy: FillPolicy) -> Aim:
    """Where an order of type `kind` aims in a bar it has wholly before it.

    Types without a rule of their own take what their row of the matcher's table says, first at the
    open, then inside the bar, then in the closing auction.
    """
    rule = _AIMS.get(kind)
    return _by_table(kind, ask, bar) if rule is None else rule(ask, bar, policy)


def at_once(kind: OrderType, ask: Ask, bar: Bar) -> Aim:
    """Where an order that lives for the open alone aims."""
    rule = RULES[kind]
    touch = rule.at_open(ask, bar.open)
    worst = _extreme(ask, bar) if rule.slips else ask.side * inf
    return Aim(touch.price, touch.triggered, True, rule.slips, worst, exact=touch.exact)


def slipped(aim: Aim, side: Side, price: float, policy: FillPolicy) -> float | None:
    """The price paid once slippage has proposed `price`; None if the order rather waits.

    Args:
        aim: where it aims.
        side: direction.
        price: after slippage.
        policy: says what becomes of a price beyond the worst one.
    """
    if (price - aim.worst) * side <= 0.0:
        return price
    rule = policy.limit_slip_cap if aim.limited else policy.slip_cap
    if rule == "wait":
        return None
    return price if rule == "none" else aim.worst


def _extreme(ask: Ask, bar: Bar) -> float:
    """The end of the bar where its sender pays most."""
    return bar.high if ask.side is Side.BUY else bar.low


def _market(ask: Ask, bar: Bar, policy: FillPolicy) -> Aim:
    """Aims at the open."""
    return Aim(bar.open, at_open=True, slips=True, worst=_extreme(ask, bar))


def _limit(ask: Ask, bar: Bar, policy: FillPolicy) -> Aim:
    """Aims at the open if the limit allows it, and may slip from there as far as the limit; else at
    the limit, once the bar goes there."""
    side, limit = ask.side, ask.limit
    if (limit - bar.open) * side >= 0.0:
        # The published engine stops a buyer at the high too, but not a seller at the low.
        worst = min(bar.high, limit) if side is Side.BUY else limit
        return Aim(bar.open, ask.triggered, True, True, worst, limited=True)
    best = bar.low if side is Side.BUY else bar.high
    if (limit - best) * side >= 0.0:
        return Aim(limit, ask.triggered, exact=best == limit)
    return Aim(None, ask.triggered)


def _stop(ask: Ask, bar: Bar, policy: FillPolicy) -> Aim:
    """Aims at the open if that is beyond the stop, else at the stop; what did not trade then waits
    for its stop once more."""
    worst = _extreme(ask, bar)
    if (bar.open - ask.stop) * ask.side >= 0.0:
        return Aim(bar.open, at_open=True, slips=True, worst=worst)
    if (worst - ask.stop) * ask.side >= 0.0:
        return Aim(ask.stop, slips=True, worst=worst)
    return _NO


def _stop_limit(ask: Ask, bar: Bar, policy: FillPolicy) -> Aim:
    """A limit order once its stop has been reached.

    Reached inside the bar it aims at the stop, which may slip, where the limit allows that; else,
    where the policy reads the bar's colour, at the limit if the bar came back from the stop to a
    close within the limit.
    """
    side, stop, limit = ask.side, ask.stop, ask.limit
    if ask.triggered or (bar.open - stop) * side >= 0.0:
        return _limit(ask._replace(triggered=True), bar, policy)
    worst = _extreme(ask, bar)
    if (worst - stop) * side < 0.0:
        return _NO
    if (limit - stop) * side >= 0.0:
        return Aim(stop, True, slips=True, worst=worst, limited=True)
    if policy.stop_limit_bar == "colour" and _came_back(ask, bar):
        return Aim(limit, True)
    return _WAITS


def _came_back(ask: Ask, bar: Bar) -> bool:
    """Whether the bar ended against the way its stop was reached, within the limit. Of a bar that
    closes where it opened the published engine says so to sellers, not to buyers."""
    if ask.side is Side.BUY:
        return bar.open > bar.close and ask.limit >= bar.close
    return bar.open <= bar.close and ask.limit <= bar.close


_AIMS: Mapping[OrderType, Callable[[Ask, Bar, FillPolicy], Aim]] = {
    OrderType.MARKET: _market,
    OrderType.LIMIT: _limit,
    OrderType.STOP: _stop,
    OrderType.TRAIL: _stop,
    OrderType.STOP_LIMIT: _stop_limit,
    OrderType.TRAIL_LIMIT: _stop_limit,
}


def _by_table(kind: OrderType, ask: Ask, bar: Bar) -> Aim:
    rule = RULES[kind]
    touch = rule.at_open(ask, bar.open)
    at_open = touch.price is not None
    if not at_open:
        touch = rule.in_bar(ask._replace(triggered=touch.triggered), bar.high, bar.low)
    if touch.price is None and rule.at_close is not None and bar.ends_session:
        touch = rule.at_close(ask, bar.close)
    worst = _extreme(ask, bar) if rule.slips else ask.side * inf
    return Aim(touch.price, touch.triggered, at_open, rule.slips, worst, exact=touch.exact)
