"""Resting orders that would increase risk, and their sums by symbol and side."""

from __future__ import annotations

__all__ = ["Resting", "RestingOrders", "RestingSum", "Way", "sums_of"]

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from framework.domain.exact import ExactSum
from framework.domain.orders import Order, Side

Way = tuple[str, Side]
"""Symbol and direction of an order."""


@dataclass(frozen=True, slots=True)
class Resting:
    """The orders of one symbol and side together.

    Attributes:
        units: of all of them, unsigned.
        unpriced: of those without a price of their own, that is a limit or a stop.
        priced: units x own price of the others.
        decided: units x decision price of those without.
    """

    units: float
    unpriced: float
    priced: float
    decided: float


class RestingSum:
    """The sums behind a `Resting`, which orders enter and leave.

    Attributes:
        count: orders that are in it.
    """

    __slots__ = ("_decided", "_priced", "_units", "_unpriced", "count")

    def __init__(self) -> None:
        self.count = 0
        self._units = ExactSum()
        self._unpriced = ExactSum()
        self._priced = ExactSum()
        self._decided = ExactSum()

    def enter(self, units: float, price: float | None, decided: float) -> None:
        """Count an order: its units, its own price if it has one, the price of its decision."""
        self.count += 1
        self._units.add(units)
        if price is not None:
            self._priced.add(units * price)
        else:
            self._unpriced.add(units)
            self._decided.add(units * decided)

    def leave(self, units: float, price: float | None, decided: float) -> None:
        """Count an order no more that was entered so."""
        self.count -= 1
        self._units.remove(units)
        if price is not None:
            self._priced.remove(units * price)
        else:
            self._unpriced.remove(units)
            self._decided.remove(units * decided)

    @property
    def total(self) -> Resting:
        """The sums as they are."""
        return Resting(
            self._units.value, self._unpriced.value, self._priced.value, self._decided.value
        )


class RestingOrders(Sequence[Order]):
    """Orders whose sums are known without looking at each of them.

    Args:
        read: gives the orders, once somebody looks.
        sums: of them, by symbol and side.
    """

    __slots__ = ("_orders", "_read", "sums")

    def __init__(self, read: Callable[[], Iterable[Order]], sums: Mapping[Way, Resting]) -> None:
        self._read = read
        self._orders: tuple[Order, ...] | None = None
        self.sums = sums

    @property
    def _all(self) -> tuple[Order, ...]:
        if self._orders is None:
            self._orders = tuple(self._read())
        return self._orders

    def __iter__(self) -> Iterator[Order]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @overload
    def __getitem__(self, index: int) -> Order: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Order, ...]: ...

    def __getitem__(self, index: int | slice) -> Order | tuple[Order, ...]:
        return self._all[index]

    def __repr__(self) -> str:
        return repr(self._all)


def sums_of(orders: Iterable[Order]) -> dict[Way, Resting]:
    """The sums of some orders, by symbol and side."""
    found: dict[Way, RestingSum] = {}
    for order in orders:
        entry = found.setdefault((order.symbol, order.side), RestingSum())
        entry.enter(order.quantity, order.limit or order.stop, order.decision_price)
    return {way: entry.total for way, entry in found.items()}
