"""Drafts: the order a request makes, before anybody has judged it."""

from __future__ import annotations

__all__ = ["order_of"]

from framework.domain.orders import Order, OrderRequest
from framework.engine.changes import rounded
from framework.engine.moment import Moment


def order_of(
    request: OrderRequest, moment: Moment, order_id: str, opens: float | None = None
) -> Order:
    """The order a request makes, on the instrument's grid.

    Args:
        request: the request, its distances resolved.
        moment: what it is judged by.
        order_id: its name.
        opens: units it may open at most; None without a limit.
    """
    order = Order(
        id=order_id,
        symbol=request.symbol,
        side=request.side,
        quantity=request.quantity,
        type=request.type,
        time=moment.time,
        decision_price=moment.price,
        limit=request.limit,
        stop=request.trigger,
        trail=request.trailing,
        tif=request.tif,
        oca=request.oca,
        origin=request.origin,
        fraction=request.fraction,
        opens=opens,
        terms=request.terms,
    )
    if order.limit is None and order.stop is None:
        return order
    return rounded(order, moment.instrument)
