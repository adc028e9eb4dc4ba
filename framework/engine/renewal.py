"""Renewal: protection moved, added, and given back to what is held or about to be."""

from __future__ import annotations

__all__ = ["Renewal"]

from dataclasses import replace

from framework.domain.arithmetic import order_price, round_to_tick
from framework.domain.orders import Offset, Order, OrderRequest, Origin, Protection, Side
from framework.engine.orders import Door
from framework.engine.protection import children_of, resolved, unknown_range
from framework.engine.slot import Slot
from framework.engine.standing import effective, entries, protective
from framework.engine.ticket import Ticket


class Renewal:
    """Changes the protective orders of one slot.

    Args:
        slot: the strategy at work.
        door: the one order door.
    """

    __slots__ = ("_cancelled", "_door", "_slot")

    def __init__(self, slot: Slot, door: Door) -> None:
        self._slot = slot
        self._door = door
        self._cancelled: dict[str, tuple[int, Protection]] = {}

    def renew(self, symbol: str, protection: Protection) -> bool:
        """Move the protection of what is held or about to be, entry by entry, or add what it lacks.

        Returns:
            False if it was refused: nothing was changed then.
        """
        if protection.is_empty:
            return True
        found = resolved(self._slot, symbol, protection)
        problem = self._unfit(symbol, found)
        if problem:
            self._refuse_renewal(symbol, problem)
            return False
        for entry in self._bearers(symbol):
            self._renew_entry(entry, found)
        return True

    def _unfit(self, symbol: str, protection: Protection) -> str:
        """Why a protection cannot be put on what is held or working; empty if it can."""
        position = self._slot.ledger.positions[symbol]
        base = position.average_price or self._slot.price(symbol)
        for distance in (protection.stop_loss, protection.take_profit, protection.trail):
            if not isinstance(distance, Offset):
                continue
            if distance.atr is not None:
                return unknown_range(distance)
            if distance.distance(base) >= base:
                return f"a distance of {distance.distance(base):g} from {base:g} leaves no price"
        return ""

    def _renew_entry(self, entry: Ticket, protection: Protection) -> None:
        children = [
            ticket
            for ticket in protective(self._door, self._slot, entry.order.symbol)
            if ticket.order.parent == entry.order.id
        ]
        for ticket in children:
            moved = self._moved(ticket.order, protection)
            if moved is not None and moved != ticket.order:
                self._door.replace(moved)
        present = {ticket.order.origin for ticket in children}
        missing = Protection(
            None if Origin.STOP_LOSS in present else protection.stop_loss,
            None if Origin.TAKE_PROFIT in present else protection.take_profit,
            None if Origin.TRAIL in present else protection.trail,
        )
        if not missing.is_empty:
            self._protect(entry, missing)

    def _bearers(self, symbol: str) -> list[Ticket]:
        """The entries behind what is held, then those still working, on the present side."""
        tickets = self._door.blotter.tickets
        filled = [tickets[entry_id] for entry_id in self._slot.entries.get(symbol, [])]
        held = effective(self._door, self._slot, symbol)
        working = entries(self._door, self._slot, symbol)
        side = held or (working[0].order.side if working else 0.0)
        every = dict.fromkeys([*filled, *working])
        return [ticket for ticket in every if ticket.order.side * side > 0.0]

    def given_up(self, symbol: str) -> Protection:
        """The protection cancelled at this very instant for a reversal that was taken back."""
        when, protection = self._cancelled.get(symbol, (0, Protection()))
        return protection if when == self._door.now else Protection()

    def remember(self, symbol: str) -> None:
        """Note the protection working now, as prices and distances, before it is cancelled."""
        found = Protection()
        for ticket in protective(self._door, self._slot, symbol):
            order = ticket.order
            if order.origin is Origin.STOP_LOSS:
                found = found.or_else(Protection(stop_loss=order.offset or order.stop))
            elif order.origin is Origin.TAKE_PROFIT:
                found = found.or_else(Protection(take_profit=order.offset or order.limit))
            else:
                found = found.or_else(Protection(trail=order.trail))
        if not found.is_empty:
            self._cancelled[symbol] = (self._door.now, found)

    def _refuse_renewal(self, symbol: str, reason: str) -> None:
        held = effective(self._door, self._slot, symbol)
        request = OrderRequest(symbol, Side.BUY if held > 0.0 else Side.SELL, abs(held))
        self._door.refuse(request, self._slot.price(symbol), "protection", reason)

    def _moved(self, order: Order, protection: Protection) -> Order | None:
        """The protective order at its new price; None where none was given."""
        if order.origin is Origin.TRAIL:
            return None if protection.trail is None else replace(order, trail=protection.trail)
        price = protection.stop_loss
        is_stop = True
        if order.origin is Origin.TAKE_PROFIT:
            price, is_stop = protection.take_profit, False
        if price is None:
            return None
        position = self._slot.ledger.positions[order.symbol]
        if isinstance(price, Offset):
            if position.quantity * order.side >= 0.0:
                return replace(order, offset=price)
            away = order.side * price.distance(position.average_price)
            price = position.average_price + (away if is_stop else -away)
        tick = self._slot.instrument(order.symbol).tick_at(price)
        fixed = order_price(price, tick, order.side, is_stop)
        if is_stop:
            return replace(order, stop=fixed, offset=None)
        return replace(order, limit=fixed, offset=None)

    def _protect(self, entry: Ticket, protection: Protection) -> None:
        """Send protective orders for an entry that lacks them."""
        symbol = entry.order.symbol
        held = abs(self._slot.ledger.positions[symbol].quantity)
        lot = self._slot.instrument(symbol).lot
        quantity = min(round_to_tick(entry.units, lot, up=True), held) or entry.opening
        now, price = self._door.now, self._slot.price(symbol)
        for child in children_of(self._slot, entry.order, quantity, protection):
            fixed = self._moved(child, protection) or child
            self._door.send_child(self._slot, replace(fixed, time=now, decision_price=price))
