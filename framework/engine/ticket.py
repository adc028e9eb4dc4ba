"""Ticket: what the door knows of one order that left."""

from __future__ import annotations

__all__ = ["Ticket"]

from dataclasses import dataclass

from framework.domain.arithmetic import filled_up, round_down_to_lot
from framework.domain.orders import Order, OrderStatus
from framework.engine.slot import Slot


@dataclass(slots=True, eq=False)
class Ticket:
    """What the door knows of one order that left.

    Attributes:
        slot: whose it is.
        order: as last reported.
        status, reason, time: its last state.
        opening: unsigned units that increase risk, as judged when it left.
        max_bars: time stop that comes with its fill.
        filled, value: units filled and what they were worth.
        units: units filled on the present scale: every split since a fill has multiplied it.
        commission, slippage: what it cost.
        first_stop: its stop level when that was first known, before any was moved.
    """

    slot: Slot
    order: Order
    status: OrderStatus
    opening: float
    time: int
    reason: str = ""
    max_bars: int | None = None
    filled: float = 0.0
    value: float = 0.0
    units: float = 0.0
    commission: float = 0.0
    slippage: float = 0.0
    first_stop: float | None = None

    def take(self, quantity: float, price: float) -> None:
        """Note units filled and their price; the last ones make the quantity exact, whatever sums
        of tenths are."""
        self.value += quantity * price
        self.units += quantity
        self.filled = filled_up(self.filled, quantity, self.order.quantity)

    def split(self, ratio: float, lot: float) -> None:
        """Follow a split, `ratio` units for each one."""
        self.units *= ratio
        self.opening = round_down_to_lot(self.opening * ratio, lot)

    @property
    def remaining(self) -> float:
        """Unsigned units it may still trade."""
        return self.order.quantity - self.filled
