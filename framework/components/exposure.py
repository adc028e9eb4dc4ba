"""What an order would add to an account, and how a rule cuts it down to what still fits.

Resting orders that would increase risk count as if they had filled. Orders are valued at their own
limit or stop price, else at the decision's close.
"""

from __future__ import annotations

__all__ = [
    "TOLERANCE",
    "fit",
    "gross_exposure",
    "held",
    "order_price",
    "order_value",
    "refused",
    "refused_unsized",
    "units_for_money",
    "working_alike",
    "working_value",
]

from dataclasses import replace

from framework.domain.arithmetic import round_down_to_lot
from framework.domain.events import Refused
from framework.domain.orders import Order
from framework.ports import AccountState

TOLERANCE = 1.0 + 1e-9
"""Factor by which a size may exceed a limit and still count as equal to it."""


def order_price(order: Order, account: AccountState) -> float:
    """The order's limit, else its stop, else the decision's close."""
    if order.limit is not None:
        return order.limit
    return order.stop if order.stop is not None else account.price


def order_value(order: Order, account: AccountState) -> float:
    """Unsigned value of the order under judgement."""
    return order.quantity * account.instrument.multiplier * order_price(order, account)


def held(order: Order, account: AccountState) -> float:
    """Units already held in the order's direction, >= 0."""
    return max(order.side * account.quantities.get(order.symbol, 0.0), 0.0)


def working_alike(order: Order, account: AccountState) -> list[Order]:
    """Resting orders of the same instrument and direction."""
    return [
        other
        for other in account.working
        if other.symbol == order.symbol and other.side is order.side and other.id != order.id
    ]


def units_for_money(money: float, order: Order, account: AccountState) -> float:
    """Units of the order that amount of money pays for; 0 where its price is not above 0."""
    unit = account.instrument.multiplier * order_price(order, account)
    return money / unit if unit > 0.0 else 0.0


def working_value(other: Order, account: AccountState) -> float:
    """Unsigned value of a resting order."""
    if other.symbol == account.instrument.symbol:
        return order_value(other, account)
    price = other.limit or other.stop or other.decision_price
    return other.quantity * account.multipliers.get(other.symbol, 1.0) * price


def gross_exposure(order: Order, account: AccountState) -> float:
    """Absolute values of positions and of resting orders, without the order under judgement."""
    resting = sum(working_value(o, account) for o in account.working if o.id != order.id)
    return sum(abs(value) for value in account.values.values()) + resting


def refused(rule: str, order: Order, account: AccountState, reason: str) -> Refused:
    """The refusal of `order` by `rule`."""
    return Refused(
        account.time,
        order.symbol,
        order.side,
        order.quantity,
        order_price(order, account),
        rule,
        reason,
        order.origin,
    )


def refused_unsized(rule: str, order: Order, account: AccountState) -> Refused | None:
    """The refusal of an order without a size yet, which no rule about size can judge."""
    if order.fraction is None:
        return None
    reason = "The order is sized at its fill, too late to be judged; size it at the decision."
    return refused(rule, order, account, reason)


def fit(
    rule: str, order: Order, account: AccountState, units: float, reason: str
) -> Order | Refused:
    """The order, or as much of it as `units` allow, or its refusal when that is below one lot.

    The smaller order is not rounded: that is the door's job.
    """
    unsized = refused_unsized(rule, order, account)
    if unsized is not None:
        return unsized
    if order.quantity <= units * TOLERANCE:
        return order
    if not units > 0.0 or round_down_to_lot(units, account.instrument.lot) <= 0.0:
        return refused(rule, order, account, reason)
    return replace(order, quantity=units)
