"""What the verbs check of their arguments before they ask the desk for anything."""

from __future__ import annotations

__all__ = [
    "Price",
    "Tif",
    "changed_order",
    "check_finite",
    "check_order",
    "check_request",
    "order_request",
    "protection_of",
    "quantity_of",
    "side_of",
    "takes",
    "timer_step",
]

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from math import inf, isfinite
from numbers import Real
from typing import Literal

from framework.domain.events import Refused
from framework.domain.orders import Offset, Order, OrderRequest, Protection, Side, TimeInForce
from framework.domain.terms import PLAIN, Terms
from framework.errors import OrderError, StrategyError, did_you_mean

Tif = Literal["DAY", "GTC", "GTD", "IOC", "FOK", "OPG"]
"""A time in force by name."""

_BARE = Protection()

Price = float | Offset
"""A protective price: a price, or `pct(3)`, `atr(2)`, `points(1.5)` from the average fill."""


def order_request(
    symbol: str,
    side: Side,
    quantity: float,
    limit: float | None,
    stop: float | None,
    touch: float | None,
    trailing: Offset | None,
    at: Literal["open", "close"] | None,
    tif: str,
    oca: str | None,
    fraction: float | None,
    protection: Protection,
    terms: Terms | None,
) -> OrderRequest:
    """The request an order verb makes of its arguments.

    Raises:
        OrderError: for what no order can be made of.
    """
    _check_prices(limit, stop, touch, trailing)
    if at not in (None, "open", "close"):
        raise OrderError(f"at is {at!r}.", "Give 'open' or 'close', the auction to trade in.")
    if at is not None and (stop is not None or touch is not None or trailing is not None):
        raise OrderError(
            f"An order at the {at} was given a trigger.", "The auctions take market and limit."
        )
    if terms is not None and not isinstance(terms, Terms):
        raise OrderError(f"terms is {terms!r}.", "Give Terms(...).")
    force = TimeInForce.OPG if at == "open" else _time_in_force(tif)
    if terms is not None and terms.good_till is not None:
        if force not in (TimeInForce.DAY, TimeInForce.GTD):
            raise OrderError(
                f"A {force} order was given good_till={terms.good_till}.",
                "Leave tif out: an order with good_till is GTD.",
            )
        force = TimeInForce.GTD
    return OrderRequest(
        symbol=symbol,
        side=side,
        quantity=_quantity_of(quantity, fraction),
        limit=limit,
        stop=stop,
        trailing=trailing,
        tif=force,
        oca=oca,
        fraction=fraction,
        protection=protection,
        touch=touch,
        at_close=at == "close",
        terms=terms or PLAIN,
    )


def check_finite(what: str, number: float) -> None:
    """Refuse what is no finite number."""
    if not isfinite(number):
        raise OrderError(f"{what} was given {number}.", "Give a finite number.")


def check_order(verb: str, order: object) -> None:
    """Refuse to change or cancel what is no order."""
    if not isinstance(order, Order | Refused):
        raise OrderError(
            f"{verb} was given {order!r}.", "Give the order that buy or sell returned."
        )


def check_request(request: object) -> None:
    """Refuse to preview what is no request."""
    if not isinstance(request, OrderRequest):
        raise OrderError(
            f"what_if was given {request!r}.", 'Give OrderRequest("AAPL", Side.BUY, 100).'
        )


def timer_step(name: str, first: datetime | None, every: timedelta | None) -> int | None:
    """The nanoseconds between two rings of a timer, its times checked; None if it rings once.

    Raises:
        StrategyError: a time without a zone, or a repeat that is no length of time.
    """
    if first is not None and first.tzinfo is None:
        raise StrategyError(f"Timer {name!r}: {first} has no time zone.", "Use an aware time.")
    if every is None:
        return None
    if not isinstance(every, timedelta):
        raise StrategyError(
            f"Timer {name!r} repeats every {every!r}.",
            "Give a timedelta, such as timedelta(hours=1).",
        )
    step = int(every.total_seconds() * 1e9)
    if step <= 0:
        raise StrategyError(f"Timer {name!r} repeats every {every}.", "Give a time above 0.")
    return step


def changed_order(
    order: Order,
    quantity: float | None,
    limit: float | None,
    stop: float | None,
    trailing: Offset | None,
    tif: str | None,
) -> Order:
    """The order with what was given changed, and the rest as it is."""
    _check_prices(limit, stop, None, order.trail)
    if trailing is not None and not isinstance(trailing, Offset):
        raise OrderError(f"trailing is {trailing!r}.", "Give a distance: pct(3) or points(1.5).")
    if trailing is not None and trailing.atr is not None:
        raise OrderError(
            f"modify: trailing is {trailing.atr:g} average true ranges.",
            "Give a distance that is known: pct(3) or points(1.5).",
        )
    force = order.tif if tif is None else _time_in_force(tif)
    terms = order.terms
    if order.tif is TimeInForce.GTD and force is not TimeInForce.GTD:
        terms = replace(terms, good_till=None)
    return replace(
        order,
        quantity=order.quantity if quantity is None else _quantity_of(quantity, None),
        limit=order.limit if limit is None else limit,
        stop=order.stop if stop is None else stop,
        trail=order.trail if trailing is None else trailing,
        tif=force,
        terms=terms,
        offset=order.offset if limit is None and stop is None else None,
    )


def side_of(side: object) -> Side:
    """The side named.

    Raises:
        OrderError: it is none.
    """
    named = side.lower() if isinstance(side, str) else side
    if named not in (Side.BUY, Side.SELL, "buy", "sell"):
        raise OrderError(f"bracket: the side is {named!r}.", "Give 'buy' or 'sell'.")
    return Side.BUY if named in (Side.BUY, "buy") else Side.SELL


def quantity_of(quantity: float) -> float:
    """The quantity of an order verb, checked.

    Raises:
        OrderError: it is no number above 0.
    """
    if type(quantity) in (float, int) and 0 < quantity < inf:
        return float(quantity)
    if not _is_price(quantity):
        raise OrderError(f"The order quantity is {quantity!r}.", "Give a number above 0.")
    return float(quantity)


def _quantity_of(quantity: float, fraction: float | None) -> float:
    """The quantity of an order verb; 0 for an order made as a fraction of free margin."""
    if fraction is not None:
        if quantity != 0.0 or not 0.0 < fraction <= 1.0:
            raise OrderError(
                f"An order with quantity={quantity} and fraction={fraction}.",
                "Give a quantity above 0, or a fraction in (0, 1].",
            )
        return 0.0
    return quantity_of(quantity)


def _check_prices(
    limit: float | None, stop: float | None, touch: float | None, trailing: Offset | None
) -> None:
    """Refuse prices no order can have, before anything rounds them."""
    for name, price in (("limit", limit), ("stop", stop), ("touch", touch)):
        if price is None:
            continue
        if not _is_price(price):
            raise OrderError(f"The order's {name} is {price!r}.", "Give a price above 0.")
        if trailing is not None:
            raise OrderError(
                f"A trailing order was given {name}={price}.",
                "Its level follows the market: leave it out, or send another order.",
            )
    if stop is not None and touch is not None:
        raise OrderError(
            f"An order was given stop={stop} and touch={touch}.",
            "A stop waits for a worse price, touch for a better one: give one of them.",
        )
    if trailing is not None and not isinstance(trailing, Offset):
        raise OrderError(
            f"trailing is {trailing!r}.", "Give a distance: pct(3), atr(2) or points(1.5)."
        )


def _is_price(price: object) -> bool:
    """Whether this is a finite number above 0."""
    return isinstance(price, Real) and isfinite(price) and float(price) > 0.0


def _time_in_force(tif: str) -> TimeInForce:
    """The time in force called `tif`."""
    try:
        return TimeInForce(str(tif).upper())
    except ValueError:
        known = [str(each) for each in TimeInForce]
        raise OrderError(f"The time in force is {tif!r}.", did_you_mean(str(tif), known)) from None


def protection_of(
    stop_loss: Price | None, take_profit: Price | None, trail: Offset | None
) -> Protection:
    """The protection of a verb, its prices checked."""
    if stop_loss is take_profit is trail is None:
        return _BARE
    for name, price in (("stop_loss", stop_loss), ("take_profit", take_profit)):
        if isinstance(price, Offset) or price is None:
            continue
        if not _is_price(price):
            raise OrderError(
                f"{name} is {price!r}.", "Give a price above 0, or pct(3), atr(2), points(1.5)."
            )
    if trail is not None and not isinstance(trail, Offset):
        raise OrderError(f"trail is {trail!r}.", "Give a distance: pct(3), atr(2) or points(1.5).")
    return Protection(stop_loss, take_profit, trail)


def takes(verb: Callable[..., object], arguments: Mapping[str, object]) -> bool:
    """Whether a method clearly takes these arguments; False where it takes a closer look."""
    function = getattr(verb, "__func__", None)
    if function is None:
        return False
    known, needed = _names_of(function)
    return arguments.keys() <= known and needed <= arguments.keys()


@lru_cache(maxsize=256)
def _names_of(method: Callable[..., object]) -> tuple[frozenset[str], frozenset[str]]:
    """The named parameters of a method without `self`, and those of them without a default."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    after_self = list(inspect.signature(method).parameters.values())[1:]
    if any(one.kind not in named for one in after_self):
        return frozenset(), frozenset({""})
    needed = (one.name for one in after_self if one.default is inspect.Parameter.empty)
    return frozenset(one.name for one in after_self), frozenset(needed)
