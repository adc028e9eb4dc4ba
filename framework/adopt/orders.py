"""From an order of backtrader, with the children of its bracket, to one request at our door."""

from __future__ import annotations

__all__ = ["child_of", "request_of", "resize", "revised", "whole"]

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import backtrader as bt

from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import (
    Offset,
    Order,
    OrderRequest,
    Origin,
    Protection,
    Side,
    TimeInForce,
)
from framework.domain.terms import PLAIN, Terms
from framework.errors import StrategyError

Moment = Callable[[float], datetime]
"""backtrader's number of days to an aware time."""


class _Lifetime(NamedTuple):
    tif: TimeInForce
    until: datetime | None = None


def request_of(
    main: Any, children: Sequence[Any], group: str | None, instrument: Instrument, moment: Moment
) -> OrderRequest:
    """The request that asks for what a backtrader order, with its bracket, asks for.

    Args:
        main: a `bt.Order`.
        children: the orders whose parent it is.
        group: name of its one-cancels-all group.
        instrument: what it trades.
        moment: makes aware times.

    Raises:
        StrategyError: for what no bracket at our door can be.
    """
    created = main.created
    limit = stop = None
    if main.exectype == bt.Order.Limit:
        limit = created.price
    elif main.exectype == bt.Order.Stop:
        stop = created.price
    elif main.exectype == bt.Order.StopLimit:
        stop, limit = created.price, created.pricelimit
    elif main.exectype == bt.Order.Historical:
        raise _unsupported(main, "a Historical order", "Leave past orders out.")
    elif _is_anchored(main):
        stop = created.price
        limit = created.pricelimit if main.exectype == bt.Order.StopTrailLimit else None
    lifetime = _lifetime(main, moment)
    if main.exectype == bt.Order.Market and instrument.type is AssetType.CRYPTO:
        lifetime = _Lifetime(TimeInForce.DAY)  # the broker takes no other market order of crypto
    return OrderRequest(
        symbol=instrument.symbol,
        side=Side.BUY if main.isbuy() else Side.SELL,
        quantity=abs(float(main.created.size)),
        limit=_plain(limit),
        stop=_plain(stop),
        trailing=_distance(main) if main.exectype in _TRAILING else None,
        tif=lifetime.tif,
        oca=group,
        protection=_protection(main, children),
        at_close=main.exectype == bt.Order.Close,
        terms=_terms(main, lifetime.until),
    )


def child_of(children: Sequence[Any], order: Order) -> Any | None:
    """The backtrader order that a protective order of ours stands for; None if none does."""
    wanted = _ORIGINS[order.origin]
    return next((child for child in children if child.exectype == wanted), None)


def revised(order: Order, child: Any, moment: Moment) -> Order:
    """Our protective order with what its request could not say: its lifetime and first level."""
    tif, until = _lifetime(child, moment)
    if until is not None:
        order = replace(order, tif=tif, terms=replace(order.terms, good_till=until))
    if child.exectype == bt.Order.StopTrail:
        order = replace(order, stop=_plain(child.created.price))
    return order


def whole(quantity: float) -> float:
    """A number of units, an int where it is one, as backtrader's users are used to."""
    return int(quantity) if quantity == int(quantity) else quantity


def resize(order: Any, quantity: float) -> None:
    """Give a backtrader order the quantity (unsigned) our door has made of it."""
    size = whole(quantity if order.isbuy() else -quantity)
    if size != order.size:
        order.size = size
        order.created.size = size
        order.executed.remsize = size - order.executed.size


_TRAILING = (bt.Order.StopTrail, bt.Order.StopTrailLimit)
_ORIGINS = {
    Origin.STOP_LOSS: bt.Order.Stop,
    Origin.TRAIL: bt.Order.StopTrail,
    Origin.TAKE_PROFIT: bt.Order.Limit,
}


def _plain(price: float | None) -> float | None:
    return None if price is None else float(price)


def _lifetime(order: Any, moment: Moment) -> _Lifetime:
    """A market order never expires, whatever its validity says, as in backtrader."""
    valid = order.p.valid
    if order.exectype == bt.Order.Close:
        return _Lifetime(TimeInForce.DAY)
    if valid is None or order.exectype == bt.Order.Market:
        return _Lifetime(TimeInForce.GTC)
    if valid == timedelta() or valid == 0:
        return _Lifetime(TimeInForce.DAY)
    return _Lifetime(TimeInForce.GTD, moment(order.valid))


def _terms(order: Any, until: datetime | None) -> Terms:
    beyond = None
    if order.exectype == bt.Order.StopTrailLimit:
        beyond = order._limitoffset if order.issell() else -order._limitoffset
        if beyond < 0.0:
            raise _unsupported(
                order,
                f"a StopTrailLimit order from {order.p.price} with plimit={order.p.pricelimit}",
                "Give a plimit below the price for a sell, above it for a buy.",
            )
    if beyond is None and until is None:
        return PLAIN
    return Terms(good_till=until, limit_offset=_plain(beyond))


def _is_anchored(order: Any) -> bool:
    """Whether it is a trailing stop that starts from a price of its own, not from the close."""
    return order.exectype in _TRAILING and bool(order.p.price or order.p.pricelimit)


def _distance(order: Any) -> Offset:
    if order.p.trailamount:
        return Offset(amount=float(order.p.trailamount))
    if order.p.trailpercent:
        return Offset(percent=100.0 * float(order.p.trailpercent))
    raise _unsupported(order, "a trailing stop without a distance", "Give trailamount=.")


def _protection(main: Any, children: Sequence[Any]) -> Protection:
    found = Protection()
    for child in children:
        _check_child(main, child)
        if child.exectype == bt.Order.Stop:
            part = Protection(stop_loss=_plain(child.created.price))
        elif child.exectype == bt.Order.Limit:
            part = Protection(take_profit=_plain(child.created.price))
        elif child.exectype == bt.Order.StopTrail:
            part = Protection(trail=_distance(child))
        else:
            raise _unsupported(
                child,
                f"a {child.getordername()} order inside a bracket",
                "Protect with Stop, StopTrail or Limit.",
            )
        if found.or_else(part) == found:
            raise _unsupported(
                child,
                f"a second {child.getordername()} order inside one bracket",
                "Protect each entry with one order of a kind.",
            )
        found = found.or_else(part)
    return found


def _check_child(main: Any, child: Any) -> None:
    if child.data is not main.data or child.isbuy() == main.isbuy():
        raise _unsupported(
            child,
            f"a child order that is a {child.ordtypename().lower()} of {child.data._name}",
            "A child closes what its parent opens.",
        )
    if abs(child.created.size) != abs(main.created.size):
        raise _unsupported(
            child,
            f"a child order of {abs(child.created.size):g} for a parent of "
            f"{abs(main.created.size):g}",
            "Give a bracket one size.",
        )


def _unsupported(order: Any, what: str, remedy: str) -> StrategyError:
    return StrategyError(f"{order.data._name}: {what} cannot be sent.", remedy)
