"""The account as risk rules see it: every slot's ledger and working orders together."""

from __future__ import annotations

__all__ = ["account_state"]

from collections.abc import Sequence
from dataclasses import replace

from framework.domain.options import BookGreeks
from framework.domain.orders import Order, OrderRequest, Protection
from framework.engine.slot import Slot
from framework.engine.slot_greeks import greeks_of, underlying_of, unit_greeks
from framework.engine.ticket import Ticket
from framework.ports import AccountState


def account_state(
    slots: Sequence[Slot],
    spare_cash: float,
    working: Sequence[Ticket],
    asking: Slot,
    request: OrderRequest,
    exit_part: float,
    protection: Protection,
    now: int,
) -> AccountState:
    """What a rule is told when an order asks to leave.

    Args:
        slots: every strategy instance of the account.
        spare_cash: cash of the account that no slot was given.
        working: every order that may still trade.
        asking: whose order it is.
        request: the order.
        exit_part: units of it that close a position, counted as done.
        protection: its protection, resolved.
        now: nanoseconds UTC.
    """
    prices = {symbol: slot.price(symbol) for slot in slots for symbol in slot.world.markets}
    multipliers = {
        symbol: slot.valued(symbol).multiplier for slot in slots for symbol in slot.world.markets
    }
    quantities: dict[str, float] = {}
    for slot in slots:
        for symbol, position in slot.ledger.positions.items():
            quantities[symbol] = quantities.get(symbol, 0.0) + position.quantity
    quantities[request.symbol] += request.side * exit_part
    held = {symbol: quantity for symbol, quantity in quantities.items() if quantity != 0.0}
    return AccountState(
        time=now,
        cash=spare_cash + sum(slot.ledger.cash for slot in slots),
        equity=spare_cash + sum(slot.equity() for slot in slots),
        instrument=asking.valued(request.symbol),
        price=prices[request.symbol],
        stop=_stop_price(request, protection, prices[request.symbol]),
        quantities=held,
        values={symbol: q * multipliers[symbol] * prices[symbol] for symbol, q in held.items()},
        working=tuple(_opening(ticket) for ticket in working if ticket.opening > 0.0),
        orders_today=sum(slot.orders_today for slot in slots),
        multipliers=multipliers,
        underlying=underlying_of(asking, request.symbol),
        greeks=_greeks(slots),
        unit=unit_greeks(asking, request.symbol) if asking.options else None,
        working_units=_working_units(slots, working),
        market=asking.market(request.symbol, request.side),
    )


def _opening(ticket: Ticket) -> Order:
    """The part of an order that opens risk."""
    order = ticket.order
    return order if order.quantity == ticket.opening else replace(order, quantity=ticket.opening)


def _greeks(slots: Sequence[Slot]) -> dict[str, BookGreeks]:
    """Greeks of everything held by the account, by underlying."""
    found: dict[str, BookGreeks] = {}
    for slot in slots:
        for underlying, greeks in greeks_of(slot).items():
            found[underlying] = found.get(underlying, BookGreeks()).plus(greeks)
    return found


def _working_units(
    slots: Sequence[Slot], working: Sequence[Ticket]
) -> dict[str, tuple[str, BookGreeks]]:
    """By symbol of a working order, the underlying and the Greeks of one unit."""
    if not any(slot.options for slot in slots):
        return {}
    found: dict[str, tuple[str, BookGreeks]] = {}
    for ticket in working:
        symbol = ticket.order.symbol
        unit = unit_greeks(ticket.slot, symbol)
        if unit is not None:
            found[symbol] = (underlying_of(ticket.slot, symbol), unit)
    return found


def _stop_price(request: OrderRequest, protection: Protection, price: float) -> float | None:
    """Where the entry's loss would be cut, seen from its decision."""
    entry = request.limit or request.stop or price
    stop = protection.stop_loss if protection.stop_loss is not None else protection.trail
    if stop is None or isinstance(stop, float | int):
        return stop
    return entry - request.side * stop.distance(entry)
