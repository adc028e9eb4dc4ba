"""What the orders of one slot that may still trade are about to do, summed by symbol and side."""

from __future__ import annotations

__all__ = ["SlotCommitments"]

from framework.domain.exact import ExactSum
from framework.domain.orders import Order, Side
from framework.domain.resting import Way
from framework.engine.reservations import Cost, Reservations
from framework.engine.slot import Slot


class SlotCommitments:
    """Sums over the orders of one slot, protection left out; units are unsigned.

    Args:
        slot: whose they are.
        cost: says what an order needs.

    Attributes:
        reservations: money set aside for those that open risk.
    """

    __slots__ = ("_all", "_at_once", "reservations")

    def __init__(self, slot: Slot, cost: Cost) -> None:
        self._all: dict[Way, _Units] = {}
        self._at_once: dict[Way, _Units] = {}
        self.reservations = Reservations(slot, cost)

    def enter(self, order: Order, opening: float, closing: float) -> None:
        """Count an order, its units that open risk and those that close a position."""
        _enter(self._all, order, opening, closing)
        if order.trades_at_once:
            _enter(self._at_once, order, opening, closing)
        if opening:
            self.reservations.enter(order, opening)

    def leave(self, order: Order, opening: float, closing: float) -> None:
        """Count an order no more that was entered so."""
        _leave(self._all, order, opening, closing)
        if order.trades_at_once:
            _leave(self._at_once, order, opening, closing)
        if opening:
            self.reservations.leave(order)

    def opening(self, symbol: str, side: Side) -> float:
        """Units of orders on that side that open risk."""
        units = self._all.get((symbol, side))
        return 0.0 if units is None else units.opening.value

    def closing(self, symbol: str, side: Side, *, at_once: bool) -> float:
        """Units of orders on that side that close a position: of all of them, or of those only
        that trade with the next bar."""
        units = (self._at_once if at_once else self._all).get((symbol, side))
        return 0.0 if units is None else units.closing.value

    def to_trade(self) -> dict[str, float]:
        """By symbol, signed units that trade with the next bar."""
        found: dict[str, float] = {}
        for (symbol, side), units in self._at_once.items():
            traded = side * (units.opening.value + units.closing.value)
            found[symbol] = found.get(symbol, 0.0) + traded
        return found

    def to_close(self) -> dict[str, float]:
        """By symbol, signed units of those that close a position."""
        found: dict[str, float] = {}
        for (symbol, side), units in self._at_once.items():
            found[symbol] = found.get(symbol, 0.0) + side * units.closing.value
        return found


class _Units:
    """Units of the orders of one symbol and side."""

    __slots__ = ("closing", "count", "opening")

    def __init__(self) -> None:
        self.count = 0
        self.opening = ExactSum()
        self.closing = ExactSum()


def _enter(sums: dict[Way, _Units], order: Order, opening: float, closing: float) -> None:
    way = (order.symbol, order.side)
    units = sums.get(way)
    if units is None:
        units = sums[way] = _Units()
    units.count += 1
    if opening:
        units.opening.add(opening)
    if closing:
        units.closing.add(closing)


def _leave(sums: dict[Way, _Units], order: Order, opening: float, closing: float) -> None:
    way = (order.symbol, order.side)
    units = sums[way]
    units.count -= 1
    if opening:
        units.opening.remove(opening)
    if closing:
        units.closing.remove(closing)
    if not units.count:
        del sums[way]
