"""The matcher: where an order would trade against one bar. Pure functions of scalars."""

from __future__ import annotations

__all__ = ["Touch", "at_open", "in_bar", "listed", "ratchet"]

from typing import NamedTuple

from framework.domain.orders import OrderType, Side


class Touch(NamedTuple):
    """Where an order trades.

    Attributes:
        price: before slippage; None when it does not trade.
        triggered: whether a stop-limit's stop has been reached, now or before.
        exact: whether a limit was only just touched.
    """

    price: float | None
    triggered: bool = False
    exact: bool = False


_NO = Touch(None)


def at_open(
    kind: OrderType,
    side: Side,
    limit: float,
    stop: float,
    triggered: bool,
    open_: float,
    margin: float,
) -> Touch:
    """Whether and where the order trades at the bar's open.

    Args:
        kind: order type.
        side: direction.
        limit, stop: its prices; ignored where the type has none.
        triggered: whether a stop-limit's stop was reached in an earlier bar.
        open_: the bar's open.
        margin: how far beyond the limit the price must go; 0 fills at the touch.
    """
    if kind is OrderType.MARKET:
        return Touch(open_)
    reached = (open_ - stop) * side >= 0.0
    if kind in (OrderType.STOP, OrderType.TRAIL):
        return Touch(open_) if reached else _NO
    if kind is OrderType.STOP_LIMIT and not (triggered or reached):
        return _NO
    if (limit - open_) * side >= margin:
        return Touch(open_, True, open_ == limit)
    return Touch(None, True)


def in_bar(
    kind: OrderType,
    side: Side,
    limit: float,
    stop: float,
    triggered: bool,
    high: float,
    low: float,
    margin: float,
) -> Touch:
    """Whether and where the order trades after the open, somewhere between low and high.

    A stop-limit whose stop is reached in this bar trades in it only if the stop price itself is
    within the limit; otherwise the limit may have been seen before the stop and waits.
    """
    favourable = low if side is Side.BUY else high
    adverse = high if side is Side.BUY else low
    if kind in (OrderType.STOP, OrderType.TRAIL):
        return Touch(stop) if (adverse - stop) * side >= 0.0 else _NO
    if kind is OrderType.STOP_LIMIT and not triggered:
        if (adverse - stop) * side < 0.0:
            return _NO
        return Touch(stop, True) if (limit - stop) * side >= margin else Touch(None, True)
    if kind is OrderType.MARKET:
        return _NO
    if (limit - favourable) * side >= margin:
        return Touch(limit, True, favourable == limit)
    return Touch(None, triggered)


def listed(
    kind: OrderType,
    side: Side,
    limit: float,
    stop: float,
    triggered: bool,
    open_: float,
    high: float,
    low: float,
    gap_at_stop: bool,
) -> Touch:
    """The whole bar in one look, for queues that ignore the order of prices inside it.

    A stop fills at the worse of open and stop, a limit at the better of open and limit. A
    stop-limit triggered in this bar trades in it unless the limit lies before the stop;
    `gap_at_stop` prices it from its stop even when the open has gapped beyond.
    """
    if kind is OrderType.MARKET:
        return Touch(open_)
    adverse = high if side is Side.BUY else low
    favourable = low if side is Side.BUY else high
    waiting = kind is OrderType.STOP_LIMIT and not triggered
    if (waiting or kind in (OrderType.STOP, OrderType.TRAIL)) and (adverse - stop) * side < 0.0:
        return _NO
    worse = open_ if (open_ - stop) * side > 0.0 else stop
    if kind in (OrderType.STOP, OrderType.TRAIL):
        return Touch(worse)
    within = (limit - favourable) * side >= 0.0
    if not within or (waiting and (stop - limit) * side >= 0.0):
        return Touch(None, True)
    start = open_ if not waiting else (stop if gap_at_stop else worse)
    better = start if (limit - start) * side > 0.0 else limit
    return Touch(better, True, favourable == limit)


def ratchet(side: Side, stop: float, level: float) -> float:
    """A trailing stop once the market would have it at `level`: it never moves back."""
    return min(stop, level) if side is Side.BUY else max(stop, level)
