"""The simulated broker's lots: which entry opened what, and how much of it is left."""

from __future__ import annotations

__all__ = ["Lot", "LotBook", "Part"]

from dataclasses import dataclass
from math import copysign

from framework.domain.arithmetic import round_down_to_lot


@dataclass(slots=True)
class Lot:
    """Units one entry opened.

    Attributes:
        entry: id of the order that opened it.
        quantity: signed units left.
    """

    entry: str
    quantity: float


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a fill.

    Attributes:
        quantity: signed units traded.
        opens: True for what opens or adds, False for what closes.
    """

    quantity: float
    opens: bool


_DUST = 1e-9
"""Share of a quantity below which what is left of it is rounding."""


class LotBook:
    """Lots of one instrument, oldest first. All lots have the same sign."""

    __slots__ = ("_lots",)

    def __init__(self) -> None:
        self._lots: list[Lot] = []

    def of(self, order_id: str) -> LotBook:
        """The lots an order trades with: all of them."""
        return self

    def left(self, entry: str) -> float:
        """Unsigned units left of what `entry` opened."""
        return sum(abs(lot.quantity) for lot in self._lots if lot.entry == entry)

    @property
    def quantity(self) -> float:
        """Signed units held."""
        return sum(lot.quantity for lot in self._lots)

    def split(self, quantity: float, parent: str | None) -> list[Part]:
        """The parts `quantity` (signed) falls into: one per lot closed, then what opens.

        Lots are closed first in first out; with a `parent`, those it opened and no others.
        """
        parts: list[Part] = []
        rest = quantity
        for lot in self._lots:
            if rest * lot.quantity >= 0.0 or (parent is not None and lot.entry != parent):
                continue
            closed = -lot.quantity if abs(rest) >= abs(lot.quantity) else rest
            parts.append(Part(closed, opens=False))
            rest -= closed
            if abs(rest) <= _DUST * abs(quantity):
                rest = 0.0
        if rest != 0.0 and parent is None:
            parts.append(Part(rest, opens=True))
        return parts

    def rescale(self, ratio: float, quantity: float, lot: float) -> None:
        """Split every lot: `ratio` units for each one, in whole lots of size `lot`.

        What is left of `quantity`, the signed units held afterwards, stays with the oldest.
        """
        for each in self._lots:
            units = round_down_to_lot(abs(each.quantity) * ratio, lot)
            each.quantity = copysign(units, each.quantity)
        if self._lots:
            self._lots[0].quantity += quantity - self.quantity
        self._lots[:] = [each for each in self._lots if each.quantity != 0.0]

    def trade(self, entry: str, quantity: float, parent: str | None) -> None:
        """Fold a fill of `quantity` (signed) by order `entry`."""
        for part in self.split(quantity, parent):
            if part.opens:
                self._open(entry, part.quantity)
            else:
                self._close(part.quantity, parent)

    def _open(self, entry: str, quantity: float) -> None:
        if self._lots and self._lots[-1].entry == entry:
            self._lots[-1].quantity += quantity
        else:
            self._lots.append(Lot(entry, quantity))

    def _close(self, quantity: float, parent: str | None) -> None:
        lot = next(lot for lot in self._lots if parent is None or lot.entry == parent)
        lot.quantity += quantity
        if abs(lot.quantity) <= _DUST * abs(quantity):
            self._lots.remove(lot)
