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
    "resting_alike",
    "resting_of",
    "resting_value",
    "units_for_money",
]

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import fsum

from framework.domain.arithmetic import round_down_to_lot, total
from framework.domain.events import Refused
from framework.domain.orders import Order
from framework.domain.resting import Resting, RestingOrders, Way, sums_of
from framework.ports import AccountState

TOLERANCE = 1.0 + 1e-9
"""Factor by which a size may exceed a limit and still count as equal to it."""

_NOTHING = Resting(0.0, 0.0, 0.0, 0.0)


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


def resting_of(order: Order, account: AccountState) -> Mapping[Way, Resting]:
    """Resting orders summed by symbol and side, without the order under judgement."""
    working = account.working
    if isinstance(working, RestingOrders):  # the door's: the order it judges is not among them
        return working.sums
    return sums_of(other for other in working if other.id != order.id)


def resting_alike(order: Order, account: AccountState) -> Resting:
    """Resting orders of the same instrument and direction."""
    return resting_of(order, account).get((order.symbol, order.side), _NOTHING)


def units_for_money(money: float, order: Order, account: AccountState) -> float:
    """Units of the order that amount of money pays for; 0 where its price is not above 0."""
    unit = account.instrument.multiplier * order_price(order, account)
    return money / unit if unit > 0.0 else 0.0


def resting_value(symbol: str, resting: Resting, account: AccountState) -> float:
    """Unsigned value of resting orders of one instrument."""
    if symbol == account.instrument.symbol:
        points = resting.priced + resting.unpriced * account.price
        return account.instrument.multiplier * points
    return account.multipliers.get(symbol, 1.0) * (resting.priced + resting.decided)


def gross_exposure(order: Order, account: AccountState) -> float:
    """Absolute values of positions and of resting orders, without the order under judgement."""
    sums = resting_of(order, account)
    resting = fsum([resting_value(symbol, one, account) for (symbol, _), one in sums.items()])
    return total(map(abs, account.values.values())) + resting


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
    rule: str, order: Order, account: AccountState, units: float, reason: Callable[[], str]
) -> Order | Refused:
    """The order, or as much of it as `units` allow, or its refusal when that is below one lot, for
    the reason then asked for.

    The smaller order is not rounded: that is the door's job.
    """
    unsized = refused_unsized(rule, order, account)
    if unsized is not None:
        return unsized
    if order.quantity <= units * TOLERANCE:
        return order
    if not units > 0.0 or round_down_to_lot(units, account.instrument.lot) <= 0.0:
        return refused(rule, order, account, reason())
    return replace(order, quantity=units)
