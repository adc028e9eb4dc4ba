"""Changes of a working order: which are possible, and how the changed order is judged."""

from __future__ import annotations

__all__ = ["request_of", "rounded", "unchangeable", "with_opening"]

from dataclasses import replace

from framework.domain.arithmetic import order_price, round_down_to_lot
from framework.domain.instruments import Instrument
from framework.domain.orders import BINDING, IF_TOUCHED, Order, OrderRequest, OrderType
from framework.engine.ticket import Ticket

_ON_CLOSE = frozenset({OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE})


def request_of(order: Order) -> OrderRequest:
    """The request that would make this order."""
    touched = order.type in IF_TOUCHED
    trails = order.trail is not None
    return OrderRequest(
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        limit=None if trails else order.limit,
        stop=None if touched or trails else order.stop,
        trailing=order.trail,
        tif=order.tif,
        oca=order.oca,
        fraction=order.fraction,
        origin=order.origin,
        touch=order.stop if touched else None,
        at_close=order.type in _ON_CLOSE,
        terms=order.terms,
    )


def rounded(order: Order, instrument: Instrument) -> Order:
    """The order with its prices on the instrument's grid and its quantity in whole lots.

    A price never moves to where it would trade earlier or worse than was asked.
    """
    limit, stop = order.limit, order.stop
    if limit is not None:
        limit = order_price(limit, instrument.tick_at(limit), order.side, False)
    if stop is not None:
        waits_below = order.type in IF_TOUCHED
        stop = order_price(stop, instrument.tick_at(stop), order.side, not waits_below)
    quantity = round_down_to_lot(order.quantity, instrument.lot)
    terms = order.terms
    asked = (order.limit, order.stop, order.quantity)
    if terms.scale is None and all(map(_is_the_same, asked, (limit, stop, quantity))):
        return order
    if terms.scale is not None and limit is not None:
        scale = terms.scale.on_grid(instrument.lot, instrument.tick_at(limit))
        terms = replace(terms, scale=scale)
    return replace(order, limit=limit, stop=stop, quantity=quantity, terms=terms)


def _is_the_same(asked: float | None, rounded: float | None) -> bool:
    """Whether rounding left a figure as it was, a float to begin with."""
    return asked is rounded or (type(asked) is float and asked == rounded)


def unchangeable(ticket: Ticket, order: Order) -> str:
    """Why a working order cannot become this one; empty if it can."""
    old = ticket.order
    if old.origin in BINDING:
        return f"an order of a {old.origin} cannot be changed"
    if (order.symbol, order.side, order.type) != (old.symbol, old.side, old.type):
        what = f"a {old.side.name.lower()} {old.type} order of {old.symbol}"
        return f"{what} stays one: send a new order"
    if (order.parent, order.oca, order.fraction) != (old.parent, old.oca, old.fraction):
        return "its entry and its one-cancels-all group cannot be changed: send a new order"
    if old.parent is not None and order.quantity != old.quantity:
        return "the quantity of a protective order follows what it protects"
    lot = ticket.slot.instrument(order.symbol).lot
    if round_down_to_lot(order.quantity, lot) <= ticket.filled:
        return f"{ticket.filled:g} of {order.quantity:g} units have already traded"
    return ""


def with_opening(old: Order, order: Order, left: float, judged: float) -> Order:
    """The changed order with the units it may open at most.

    Args:
        old: as it worked before.
        order: as it shall work.
        left: units the old one could still open.
        judged: units the new one may open from now on.
    """
    if old.opens is None:
        return order
    return replace(order, opens=old.opens - left + judged)
