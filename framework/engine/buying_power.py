"""Buying power: equity that no margin needs, working orders and estimated fees deducted."""

from __future__ import annotations

__all__ = ["available", "lent", "reserve", "shortfall"]

from collections.abc import Mapping
from math import copysign, fsum, isinf, isnan

from framework.domain.arithmetic import covered
from framework.domain.orders import Order, OrderRequest
from framework.engine.fee_days import fees_until
from framework.engine.moment import Moment
from framework.engine.option_margin import is_margined_together, option_money
from framework.engine.reservations import Reserve
from framework.engine.slot import Slot
from framework.engine.slot_commitments import SlotCommitments
from framework.errors import ConfigError
from framework.ports import CommissionModel, MarginModel


def available(
    slot: Slot,
    orders: SlotCommitments,
    margin: MarginModel,
    equity: float,
    oca: str | None = None,
) -> float:
    """Money new risk may still use: equity - initial margin of what is held - that of working
    entries and their fees.

    Positions that a working market order is about to close no longer count, unless their symbol has
    no bar at this instant and so perhaps none to come. Of a one-cancels-all
    group only the dearest order counts, and none of the group `oca` the new order joins.

    Args:
        slot: whose money it is.
        orders: what its orders reserve, settled, and are about to do.
        margin: what positions need.
        equity: of the slot.
        oca: a group that does not count.
    """
    used = 0.0
    for symbol, position in slot.ledger.positions.items():
        if not position.is_flat and not is_margined_together(margin, slot.instrument(symbol)):
            used += _initial(slot, margin, symbol, position.quantity, slot.price(symbol))
    if slot.listed:
        used += option_money(slot, margin, orders.to_trade())
    single, groups = orders.reservations.money(oca)
    used += single
    used -= fsum(_freed(slot, margin, *one) for one in orders.to_close().items())
    return equity - used - groups


def reserve(
    slot: Slot,
    order: Order,
    opening: float,
    margin: MarginModel,
    commission: CommissionModel,
    day: int,
) -> Reserve:
    """What `opening` units of a working order need on a day.

    Without a price of its own it is valued at the last close. Options that are margined together
    need no more than their fee here: `option_money` looks at all of them.
    """
    symbol = order.symbol
    units = order.side * opening
    price = order.limit or order.stop or slot.price(symbol)
    cost = _fee(slot, commission, symbol, units, price, day)
    instrument = slot.instrument(symbol)
    if not is_margined_together(margin, instrument):
        cost += _initial(slot, margin, symbol, units, price)
    return Reserve(cost, fees_until(commission, instrument, day))


def shortfall(
    slot: Slot,
    request: OrderRequest,
    opening: float,
    exit_part: float,
    orders: SlotCommitments,
    free: float,
    margin: MarginModel,
    commission: CommissionModel,
    moment: Moment,
) -> str:
    """Why `opening` units cannot be paid for; empty if they can.

    Args:
        slot: whose order it is.
        request: the order.
        opening: units that increase risk.
        exit_part: units of the same order that close a position, which frees their margin.
        orders: what the other orders are about to do.
        free: what is available before the order.
        margin: what positions need.
        commission: fee schedule of the estimate.
        moment: what the request is judged by.
    """
    symbol, side = request.symbol, request.side
    price = request.limit or request.trigger or moment.price
    is_together = is_margined_together(margin, moment.instrument)
    if is_together:
        need = _added(slot, margin, symbol, side * opening, orders.to_trade())
    else:
        need = _initial(slot, margin, symbol, side * opening, price)
    if isinf(need):
        held = "short" if side < 0 else "long"
        return f"this account cannot hold a {held} position of {moment.instrument.type}"
    fee = _fee(slot, commission, symbol, side * opening, price, moment.day)
    if isnan(fee):
        raise ConfigError(
            f"The commission {type(commission).__name__} answered {fee} for {opening:g} {symbol}.",
            "A fee is a finite number.",
        )
    if exit_part and not is_together:
        free += _initial(slot, margin, symbol, -side * exit_part, moment.price)
    if covered(need, fee, free):
        return ""
    return f"needs {need + fee:,.2f} with fees, {max(0.0, free):,.2f} is free"


def lent(slot: Slot, margin: MarginModel) -> float:
    """Value of the slot's own instrument that one unit of free money buys; 1 before its first bar
    and where nothing is needed."""
    symbol = slot.world.data.symbol
    price = slot.price(symbol)
    if isnan(price):
        return 1.0
    instrument = slot.instrument(symbol)
    need = margin.initial(instrument, 1.0, price)
    return instrument.multiplier * price / need if need > 0.0 else 1.0


def _freed(slot: Slot, margin: MarginModel, symbol: str, units: float) -> float:
    """Margin of the part of a position that signed units are about to close."""
    held = slot.ledger.positions[symbol].quantity
    if (
        not units * held < 0.0
        or not slot.world.markets[symbol].is_fresh
        or is_margined_together(margin, slot.instrument(symbol))
    ):
        return 0.0
    closed = copysign(min(abs(units), abs(held)), held)
    return _initial(slot, margin, symbol, closed, slot.price(symbol))


def _added(
    slot: Slot, margin: MarginModel, symbol: str, units: float, changes: Mapping[str, float]
) -> float:
    """Margin that signed units of an option add to that of all options; 0 if they free some."""
    after = {**changes, symbol: changes.get(symbol, 0.0) + units}
    needed = option_money(slot, margin, after)
    return needed if isinf(needed) else max(0.0, needed - option_money(slot, margin, changes))


def _initial(slot: Slot, margin: MarginModel, symbol: str, quantity: float, price: float) -> float:
    """Initial margin of signed units, in the account's currency; 0 for none."""
    if quantity == 0.0:
        return 0.0
    return margin.initial(slot.instrument(symbol), quantity, price) * slot.rate(symbol)


def _fee(
    slot: Slot, commission: CommissionModel, symbol: str, quantity: float, price: float, day: int
) -> float:
    """Estimated fee of signed units, in the account's currency."""
    instrument = slot.instrument(symbol)
    notional = abs(quantity) * instrument.multiplier * price
    return commission.fee(instrument, quantity, notional, 0.0, day) * slot.rate(symbol)
