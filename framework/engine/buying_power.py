"""Buying power: equity that no margin needs, working orders and estimated fees deducted."""

from __future__ import annotations

__all__ = ["available", "lent", "opening_and_exit", "shortfall", "to_trade"]

from collections.abc import Iterable, Mapping
from math import copysign, isinf, isnan

from framework.domain.arithmetic import covered, opening_and_closing
from framework.domain.orders import OrderRequest
from framework.engine.option_margin import is_margined_together, option_money
from framework.engine.slot import Slot
from framework.engine.ticket import Ticket
from framework.errors import ConfigError
from framework.ports import CommissionModel, MarginModel


def opening_and_exit(
    position: float, wanted: float, working: Iterable[Ticket]
) -> tuple[float, float]:
    """Unsigned units of an order that open risk, and that close it.

    Args:
        position: signed units held.
        wanted: signed units of the order.
        working: orders of the same instrument; those that already close the position count,
            protective children do not.
    """
    closing = sum(
        ticket.remaining - ticket.opening
        for ticket in working
        if ticket.order.parent is None and ticket.order.side * position < 0.0
    )
    return opening_and_closing(position, wanted, closing)


def available(
    slot: Slot,
    working: Iterable[Ticket],
    margin: MarginModel,
    commission: CommissionModel,
    day: int,
    oca: str | None = None,
) -> float:
    """Money new risk may still use: equity - initial margin of what is held - that of working
    entries and their fees.

    Positions that a working market order is about to close no longer count, unless their symbol has
    no bar at this instant and so perhaps none to come. Of a one-cancels-all
    group only the dearest order counts, and none of the group `oca` the new order joins.
    """
    used = 0.0
    for symbol, position in slot.ledger.positions.items():
        if not position.is_flat and not is_margined_together(margin, slot.instrument(symbol)):
            used += _initial(slot, margin, symbol, position.quantity, slot.price(symbol))
    groups: dict[str, float] = {}
    closing: dict[str, float] = {}
    working = tuple(working)
    used += option_money(slot, margin, to_trade(working))
    for ticket in working:
        order = ticket.order
        if order.parent is not None:
            continue
        symbol = order.symbol
        if order.trades_at_once and slot.world.markets[symbol].is_fresh:
            units = order.side * (ticket.remaining - ticket.opening)
            closing[symbol] = closing.get(symbol, 0.0) + units
        if ticket.opening == 0.0:
            continue
        units = order.side * ticket.opening
        price = order.limit or order.stop or slot.price(symbol)
        cost = _fee(slot, commission, symbol, units, price, day)
        if not is_margined_together(margin, slot.instrument(symbol)):
            cost += _initial(slot, margin, symbol, units, price)
        if order.oca is None:
            used += cost
        elif order.oca != oca:
            groups[order.oca] = max(groups.get(order.oca, 0.0), cost)
    for symbol, units in closing.items():
        held = slot.ledger.positions[symbol].quantity
        if units * held < 0.0 and not is_margined_together(margin, slot.instrument(symbol)):
            closed = copysign(min(abs(units), abs(held)), held)
            used -= _initial(slot, margin, symbol, closed, slot.price(symbol))
    return slot.ledger.equity(slot.prices()) - used - sum(groups.values())


def to_trade(working: Iterable[Ticket]) -> dict[str, float]:
    """By symbol, signed units that working market orders will trade, protection left out."""
    found: dict[str, float] = {}
    for ticket in working:
        order = ticket.order
        if order.parent is None and order.trades_at_once:
            found[order.symbol] = found.get(order.symbol, 0.0) + order.side * ticket.remaining
    return found


def shortfall(
    slot: Slot,
    request: OrderRequest,
    opening: float,
    exit_part: float,
    working: Iterable[Ticket],
    free: float,
    margin: MarginModel,
    commission: CommissionModel,
    day: int,
) -> str:
    """Why `opening` units cannot be paid for; empty if they can.

    Args:
        slot: whose order it is.
        request: the order.
        opening: units that increase risk.
        exit_part: units of the same order that close a position, which frees their margin.
        working: the other orders that may still trade.
        free: what is available before the order.
        margin: what positions need.
        commission: fee schedule of the estimate.
        day: the trading day of the estimate.
    """
    symbol, side = request.symbol, request.side
    close = slot.price(symbol)
    price = request.limit or request.trigger or close
    if is_margined_together(margin, slot.instrument(symbol)):
        need = _added(slot, margin, symbol, side * opening, to_trade(working))
    else:
        need = _initial(slot, margin, symbol, side * opening, price)
    if isinf(need):
        held = "short" if side < 0 else "long"
        return f"this account cannot hold a {held} position of {slot.instrument(symbol).type}"
    fee = _fee(slot, commission, symbol, side * opening, price, day)
    if isnan(fee):
        raise ConfigError(
            f"The commission {type(commission).__name__} answered {fee} for {opening:g} {symbol}.",
            "A fee is a finite number.",
        )
    if exit_part and not is_margined_together(margin, slot.instrument(symbol)):
        free += _initial(slot, margin, symbol, -side * exit_part, close)
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
