"""The account as risk rules see it: every slot's ledger and working orders together."""

from __future__ import annotations

__all__ = ["account_state"]

from collections.abc import Sequence

from framework.domain.options import BookGreeks
from framework.domain.orders import OrderRequest, Protection
from framework.domain.resting import RestingOrders
from framework.engine.moment import Moment
from framework.engine.slot import Slot
from framework.engine.slot_greeks import greeks_of, underlying_of, unit_greeks
from framework.ports import AccountState


def account_state(
    slots: Sequence[Slot],
    spare_cash: float,
    working: RestingOrders,
    asking: Slot,
    request: OrderRequest,
    exit_part: float,
    protection: Protection,
    moment: Moment,
) -> AccountState:
    """What a rule is told when an order asks to leave.

    Args:
        slots: every strategy instance of the account.
        spare_cash: cash of the account that no slot was given.
        working: the orders that rest and would increase risk.
        asking: whose order it is.
        request: the order.
        exit_part: units of it that close a position, counted as done.
        protection: its protection, resolved.
        moment: what the request is judged by.
    """
    quantities: dict[str, float] = {}
    prices: dict[str, float] = {}
    for slot in slots:
        for symbol, position in slot.ledger.positions.items():
            if position.quantity != 0.0:
                quantities[symbol] = quantities.get(symbol, 0.0) + position.quantity
                prices[symbol] = slot.price(symbol)
    price = prices[request.symbol] = moment.price
    if exit_part:
        before = quantities.get(request.symbol, 0.0)
        quantities[request.symbol] = before + request.side * exit_part
    held = {symbol: quantity for symbol, quantity in quantities.items() if quantity != 0.0}
    multipliers: dict[str, float] = {}
    cash, orders_today, has_options = 0.0, 0, False
    for slot in slots:
        has_options = has_options or bool(slot.options)
        multipliers.update(slot.multipliers())
        cash += slot.ledger.cash
        orders_today += slot.orders_today
    return AccountState(
        time=moment.time,
        cash=spare_cash + cash,
        equity=moment.account_equity,
        instrument=asking.valued(request.symbol),
        price=price,
        stop=_stop_price(request, protection, price),
        quantities=held,
        values={symbol: q * multipliers[symbol] * prices[symbol] for symbol, q in held.items()},
        working=working,
        orders_today=orders_today,
        multipliers=multipliers,
        underlying=underlying_of(asking, request.symbol),
        greeks=_greeks(slots) if has_options else {},
        unit=unit_greeks(asking, request.symbol) if asking.options else None,
        working_units=_working_units(slots, working) if has_options else {},
        market=asking.market(request.symbol, request.side),
    )


def _greeks(slots: Sequence[Slot]) -> dict[str, BookGreeks]:
    """Greeks of everything held by the account, by underlying."""
    found: dict[str, BookGreeks] = {}
    for slot in slots:
        for underlying, greeks in greeks_of(slot).items():
            found[underlying] = found.get(underlying, BookGreeks()).plus(greeks)
    return found


def _working_units(
    slots: Sequence[Slot], working: RestingOrders
) -> dict[str, tuple[str, BookGreeks]]:
    """By symbol of a resting order, the underlying and the Greeks of one unit."""
    found: dict[str, tuple[str, BookGreeks]] = {}
    for symbol in dict.fromkeys(symbol for symbol, _ in working.sums):
        for slot in slots:
            unit = unit_greeks(slot, symbol) if symbol in slot.world.markets else None
            if unit is not None:
                found[symbol] = (underlying_of(slot, symbol), unit)
    return found


def _stop_price(request: OrderRequest, protection: Protection, price: float) -> float | None:
    """Where the entry's loss would be cut, seen from its decision."""
    entry = request.limit or request.stop or price
    stop = protection.stop_loss if protection.stop_loss is not None else protection.trail
    if stop is None or isinstance(stop, float | int):
        return stop
    return entry - request.side * stop.distance(entry)
