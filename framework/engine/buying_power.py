"""Buying power: what an order may still spend, working orders and estimated fees deducted."""

from __future__ import annotations

__all__ = ["available", "opening_and_exit", "shortfall"]

from collections.abc import Iterable
from math import isnan

from framework.domain.orders import OrderRequest
from framework.engine.slot import Slot
from framework.engine.ticket import Ticket
from framework.errors import ConfigError
from framework.ports import CommissionModel


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
    closable = max(0.0, abs(position) - closing) if wanted * position < 0.0 else 0.0
    exit_part = min(abs(wanted), closable)
    return abs(wanted) - exit_part, exit_part


def available(
    slot: Slot,
    working: Iterable[Ticket],
    leverage: float,
    commission: CommissionModel,
    day: int,
    oca: str | None = None,
) -> float:
    """Money new risk may still use: leverage x equity - exposure - working entries and their fees.

    Positions that a working market order is about to close no longer count, unless their symbol has
    no bar at this instant and so perhaps none to come. Of a one-cancels-all
    group only the dearest order counts, and none of the group `oca` the new order joins.
    """
    prices = slot.prices()
    used = slot.ledger.gross_exposure(prices)
    groups: dict[str, float] = {}
    for ticket in working:
        order = ticket.order
        if order.parent is not None:
            continue
        instrument = slot.instrument(order.symbol)
        unit = instrument.multiplier
        if order.trades_at_once and slot.world.markets[order.symbol].is_fresh:
            used -= (ticket.remaining - ticket.opening) * unit * prices[order.symbol]
        if ticket.opening == 0.0:
            continue
        cost = ticket.opening * unit * (order.limit or order.stop or prices[order.symbol])
        cost += commission.fee(instrument, order.side * ticket.opening, cost, 0.0, day)
        if order.oca is None:
            used += cost
        elif order.oca != oca:
            groups[order.oca] = max(groups.get(order.oca, 0.0), cost)
    return leverage * slot.ledger.equity(prices) - used - sum(groups.values())


def shortfall(
    slot: Slot,
    request: OrderRequest,
    opening: float,
    exit_part: float,
    free: float,
    commission: CommissionModel,
    day: int,
) -> str:
    """Why `opening` units cannot be paid for; empty if they can.

    Args:
        slot: whose order it is.
        request: the order.
        opening: units that increase risk.
        exit_part: units of the same order that close a position, which frees their value.
        free: what is available before the order.
        commission: fee schedule of the estimate.
        day: the trading day of the estimate.
    """
    instrument = slot.instrument(request.symbol)
    close = slot.price(request.symbol)
    price = request.limit or request.trigger or close
    notional = opening * instrument.multiplier * price
    fee = commission.fee(instrument, request.side * opening, notional, 0.0, day)
    if isnan(fee):
        raise ConfigError(
            f"The commission {type(commission).__name__} answered {fee} for {opening:g} "
            f"{request.symbol}.",
            "A fee is a finite number.",
        )
    free += exit_part * instrument.multiplier * close
    if notional + fee <= free + 1e-9 * abs(free):
        return ""
    return f"needs {notional + fee:,.2f} with fees, {max(0.0, free):,.2f} is free"
