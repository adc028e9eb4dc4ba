"""The matcher: where each order type trades against one bar. Pure functions, one table."""

from __future__ import annotations

__all__ = [
    "RULES",
    "Ask",
    "Rule",
    "Touch",
    "is_reached",
    "is_within",
    "listed",
    "pegged",
    "ratchet",
]

from collections.abc import Callable, Mapping
from typing import NamedTuple

from framework.compiled import scalar
from framework.domain.orders import IF_TOUCHED, OrderType, Side


class Ask(NamedTuple):
    """What an order waits for now.

    Attributes:
        side: direction.
        limit: limit price; NaN without one.
        stop: trigger price; NaN without one.
        triggered: whether the trigger has been reached before.
        margin: how far beyond its limit the price must go; 0 fills at the touch.
    """

    side: Side
    limit: float
    stop: float
    triggered: bool
    margin: float


class Touch(NamedTuple):
    """Where an order trades.

    Attributes:
        price: before slippage; None when it does not trade.
        triggered: whether the trigger has been reached, now or before.
        exact: whether a limit was only just touched.
    """

    price: float | None
    triggered: bool = False
    exact: bool = False


_NO = Touch(None)


@scalar
def is_reached(stop: float, price: float, side: float) -> bool:
    """Whether `price` is at the stop or beyond, against the sender."""
    return (price - stop) * side >= 0.0


@scalar
def is_within(limit: float, price: float, side: float, margin: float) -> bool:
    """Whether a limit that must be exceeded by `margin` allows `price`."""
    return (limit - price) * side >= margin


def _reached(ask: Ask, price: float) -> bool:
    return is_reached(ask.stop, price, ask.side)


def _touched(ask: Ask, price: float) -> bool:
    """Whether `price` is at the trigger or better, in favour of the sender."""
    return (ask.stop - price) * ask.side >= 0.0


def _within(ask: Ask, price: float) -> bool:
    return is_within(ask.limit, price, ask.side, ask.margin)


def _worst(ask: Ask, high: float, low: float) -> float:
    return high if ask.side is Side.BUY else low


def _best(ask: Ask, high: float, low: float) -> float:
    return low if ask.side is Side.BUY else high


# at the open -----------------------------------------------------------------------------------


def market_at_open(ask: Ask, open_: float) -> Touch:
    """Trades at the open."""
    return Touch(open_)


def limit_at_open(ask: Ask, open_: float) -> Touch:
    """Trades at the open if the limit allows it."""
    if _within(ask, open_):
        return Touch(open_, ask.triggered, open_ == ask.limit)
    return Touch(None, ask.triggered)


def stop_at_open(ask: Ask, open_: float) -> Touch:
    """Trades at the open once its stop is reached there, or was before."""
    return Touch(open_, True) if ask.triggered or _reached(ask, open_) else _NO


def stop_limit_at_open(ask: Ask, open_: float) -> Touch:
    """A limit order once its stop is reached."""
    if not (ask.triggered or _reached(ask, open_)):
        return _NO
    return limit_at_open(ask._replace(triggered=True), open_)


def touched_at_open(ask: Ask, open_: float) -> Touch:
    """Trades at the open once its trigger is touched there, or was before."""
    return Touch(open_, True) if ask.triggered or _touched(ask, open_) else _NO


def touched_limit_at_open(ask: Ask, open_: float) -> Touch:
    """A limit order once its trigger is touched."""
    if not (ask.triggered or _touched(ask, open_)):
        return _NO
    return limit_at_open(ask._replace(triggered=True), open_)


def never_at_open(ask: Ask, open_: float) -> Touch:
    """Does not trade at the open."""
    return Touch(None, ask.triggered)


# after the open, somewhere between low and high ------------------------------------------------


def never_in_bar(ask: Ask, high: float, low: float) -> Touch:
    """Does not trade after the open."""
    return Touch(None, ask.triggered)


def limit_in_bar(ask: Ask, high: float, low: float) -> Touch:
    """Trades at its limit once the bar goes there."""
    best = _best(ask, high, low)
    if _within(ask, best):
        return Touch(ask.limit, ask.triggered, best == ask.limit)
    return Touch(None, ask.triggered)


def stop_in_bar(ask: Ask, high: float, low: float) -> Touch:
    """Trades at its stop once the bar goes there."""
    return Touch(ask.stop, True) if _reached(ask, _worst(ask, high, low)) else _NO


def stop_limit_in_bar(ask: Ask, high: float, low: float) -> Touch:
    """Triggered in this bar it trades in it only if the stop itself is within the limit; else the
    limit may have been seen before the stop, and waits."""
    if ask.triggered:
        return limit_in_bar(ask, high, low)
    if not _reached(ask, _worst(ask, high, low)):
        return _NO
    return Touch(ask.stop, True) if _within(ask, ask.stop) else Touch(None, True)


def touched_in_bar(ask: Ask, high: float, low: float) -> Touch:
    """Trades at its trigger once the bar goes there."""
    return Touch(ask.stop, True) if _touched(ask, _best(ask, high, low)) else _NO


def touched_limit_in_bar(ask: Ask, high: float, low: float) -> Touch:
    """Triggered in this bar it trades at the trigger if the limit allows it, else at the limit,
    which lies further on the same way."""
    if ask.triggered:
        return limit_in_bar(ask, high, low)
    if not _touched(ask, _best(ask, high, low)):
        return _NO
    if _within(ask, ask.stop):
        return Touch(ask.stop, True, _best(ask, high, low) == ask.limit)
    return limit_in_bar(ask._replace(triggered=True), high, low)


# at the close ----------------------------------------------------------------------------------


def market_on_close(ask: Ask, close: float) -> Touch:
    """Trades at the close."""
    return Touch(close)


def limit_on_close(ask: Ask, close: float) -> Touch:
    """Trades at the close if the limit allows it."""
    return Touch(close, False, close == ask.limit) if _within(ask, close) else _NO


class Rule(NamedTuple):
    """How one order type meets a bar.

    Attributes:
        at_open: at the bar's open.
        in_bar: between its low and its high.
        at_close: in the closing auction; None for types that take no part in it.
        adverse: whether it waits for a price that is bad news for its sender.
        slips: whether it takes liquidity and pays slippage.
    """

    at_open: Callable[[Ask, float], Touch]
    in_bar: Callable[[Ask, float, float], Touch]
    at_close: Callable[[Ask, float], Touch] | None = None
    adverse: bool = False
    slips: bool = False


_STOPPED = Rule(stop_at_open, stop_in_bar, adverse=True, slips=True)
_STOPPED_LIMIT = Rule(stop_limit_at_open, stop_limit_in_bar, adverse=True)
_PEGGED = Rule(never_at_open, limit_in_bar)

RULES: Mapping[OrderType, Rule] = {
    OrderType.MARKET: Rule(market_at_open, never_in_bar, slips=True),
    OrderType.LIMIT: Rule(limit_at_open, limit_in_bar),
    OrderType.STOP: _STOPPED,
    OrderType.STOP_LIMIT: _STOPPED_LIMIT,
    OrderType.TRAIL: _STOPPED,
    OrderType.TRAIL_LIMIT: _STOPPED_LIMIT,
    OrderType.MARKET_IF_TOUCHED: Rule(touched_at_open, touched_in_bar, slips=True),
    OrderType.LIMIT_IF_TOUCHED: Rule(touched_limit_at_open, touched_limit_in_bar),
    OrderType.MARKET_ON_CLOSE: Rule(never_at_open, never_in_bar, market_on_close),
    OrderType.LIMIT_ON_CLOSE: Rule(never_at_open, never_in_bar, limit_on_close),
    OrderType.PEG_MID: _PEGGED,
    OrderType.PEG_BEST: _PEGGED,
    OrderType.RELATIVE: _PEGGED,
}


def pegged(kind: OrderType, side: Side, open_: float, spread: float, offset: float) -> float:
    """Where a pegged order rests during a bar whose quote at the open is open +- spread / 2.

    PEG_MID: open - side x offset. PEG_BEST and RELATIVE: its own side of the quote improved by the
    offset, as far as the middle: open - side x max(0, spread / 2 - offset).
    """
    if kind is OrderType.PEG_MID:
        return open_ - side * offset
    return open_ - side * max(0.0, 0.5 * spread - offset)


def listed(kind: OrderType, ask: Ask, open_: float, high: float, low: float, gap: bool) -> Touch:
    """The whole bar in one look, for queues that ignore the order of prices inside it.

    A stop fills at the worse of open and stop, a limit at the better of open and limit. A
    stop-limit triggered in this bar trades in it unless the limit lies before the stop; `gap`
    prices it from its stop even when the open has gapped beyond.
    """
    rule = RULES[kind]
    if kind in IF_TOUCHED or not (rule.adverse or kind is OrderType.LIMIT):
        touch = rule.at_open(ask, open_)
        return touch if touch.price is not None else rule.in_bar(ask, high, low)
    side, limit, stop = ask.side, ask.limit, ask.stop
    waiting = rule.adverse and not ask.triggered
    if waiting and not _reached(ask, _worst(ask, high, low)):
        return _NO
    worse = open_ if not waiting or (open_ - stop) * side > 0.0 else stop
    if rule.slips:
        return Touch(worse, True)
    best = _best(ask, high, low)
    if (limit - best) * side < 0.0 or (waiting and (stop - limit) * side >= 0.0):
        return Touch(None, True)
    start = stop if waiting and gap else worse
    better = start if (limit - start) * side > 0.0 else limit
    return Touch(better, True, best == limit)


@scalar
def ratchet(side: float, stop: float, level: float) -> float:
    """A trailing stop once the market would have it at `level`: it never moves back."""
    return min(stop, level) if side > 0 else max(stop, level)
