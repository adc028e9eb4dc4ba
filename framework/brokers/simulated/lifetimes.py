"""Lifetimes: which time in force ends an order before a bar, and which after it."""

from __future__ import annotations

__all__ = ["expired_after", "expired_before", "works_in"]

from framework.brokers.simulated.instants import nanoseconds
from framework.brokers.simulated.resting import Resting
from framework.brokers.simulated.tape import Bar
from framework.domain.orders import OrderStatus, TimeInForce

_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})


def works_in(resting: Resting, bar: Bar) -> bool:
    """Whether an order takes part in a bar at all: outside regular hours only if it says so."""
    return bar.regular or resting.order.terms.outside_hours


def expired_before(resting: Resting, bar: Bar) -> str:
    """Why an order is over before this bar; empty if it is not. Notes the day of its first bar."""
    order = resting.order
    if order.tif is TimeInForce.GTD:
        end = order.terms.good_till
        assert end is not None
        return "its time is over" if bar.time > nanoseconds(end) else ""
    if resting.day is None:
        if works_in(resting, bar):
            resting.day = bar.session
        return ""
    over = order.tif is TimeInForce.DAY and resting.day < bar.session
    return "its day is over" if over else ""


def expired_after(resting: Resting, bar: Bar, extended: bool) -> tuple[OrderStatus, str] | None:
    """How an order ends with this bar; None if it goes on.

    Args:
        resting: the order.
        bar: the bar just traded.
        extended: whether the instrument also has bars outside regular hours.
    """
    order = resting.order
    if resting.day is None or not works_in(resting, bar):
        return None
    if order.tif in _AT_ONCE and not resting.asleep:
        what = "the rest" if resting.filled else "it"
        return OrderStatus.CANCELLED, f"{what} could not trade at once"
    if order.tif is TimeInForce.OPG and bar.starts_session:
        return OrderStatus.EXPIRED, "the opening auction is over"
    if extended and order.terms.outside_hours:
        return None
    if order.tif is TimeInForce.DAY and bar.ends_session:
        auction = resting.rule.at_close is not None
        return OrderStatus.EXPIRED, f"{'the closing auction' if auction else 'its day'} is over"
    return None
