"""Servicing: what the broker trades by itself, such as expiries and liquidations, as events."""

from __future__ import annotations

__all__ = ["House", "Servicing"]

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from framework.brokers.ib.external import (
    External,
    ExternalEnd,
    ExternalFee,
    ExternalFill,
    ExternalOrder,
)
from framework.brokers.simulated.account import made_by_broker
from framework.domain.arithmetic import same
from framework.domain.events import BrokerEvent, Commission, Fill, OrderUpdate
from framework.domain.orders import BROKER_MADE, Order, OrderStatus, Origin

_ORIGINS = {origin.value: origin for origin in BROKER_MADE}


class House(Protocol):
    """A broker that tells what others do in the account, itself included."""

    def external(self) -> Sequence[External]:
        """What others did since the last call."""
        ...

    def rate(self, symbol: str) -> float:
        """Units of the account's currency for one of an instrument's."""
        ...

    def follow(self, fill: Fill) -> None:
        """Let a trade of the broker's own move what our orders hold."""
        ...


@dataclass(slots=True)
class _Made:
    """An order of the broker's own, and how much of it has traded in how many parts; of those that
    a session before has told also which, and which of all fills were paid for."""

    order: Order
    filled: float = 0.0
    parts: int = 0
    told: list[Fill] = field(default_factory=list)
    settled: Collection[str] = ()

    @property
    def is_open(self) -> bool:
        """Whether it may still trade."""
        return self.filled < self.order.quantity and not same(self.filled, self.order.quantity)

    def told_of(self, seen: ExternalFill) -> Fill | None:
        """The fill a session before has made of an execution, if it has."""
        for fill in self.told:
            if (fill.time, fill.quantity, fill.price) == (seen.time, seen.quantity, seen.price):
                return fill
        return None


class Servicing:
    """Tells the broker's own acts from what other people and programs do in the account.

    An act of the broker's names itself in the order's reference ("expiry", "exercise",
    "liquidation"), as the emulator's do. Everything else is kept as external.

    Args:
        house: tells of both.
        clock: nanoseconds UTC, the session's.

    Attributes:
        external: what is neither the broker's nor ours, oldest first.
    """

    def __init__(self, house: House, clock: Callable[[], int]) -> None:
        self._house = house
        self._clock = clock
        self._made: dict[int, _Made] = {}
        self._count = 0
        self._before: list[_Made] = []
        self._fees: dict[str, Fill] = {}
        self.external: list[ExternalOrder | ExternalFill] = []

    def restore(
        self, orders: Iterable[Order], fills: Sequence[Fill], paid: Iterable[Commission]
    ) -> None:
        """Know what a session before has told: the broker shows it again.

        Args:
            orders: any; those of the broker's own are looked at.
            fills, paid: of all orders, oldest first.
        """
        settled = {one.fill_id for one in paid}
        for order in orders:
            if order.origin in BROKER_MADE:
                told = [fill for fill in fills if fill.order.id == order.id]
                filled = sum(abs(fill.quantity) for fill in told)
                self._before.append(_Made(order, filled, len(told), told, settled))
                self._count += 1

    def events(self) -> list[BrokerEvent]:
        """The broker's own trades since the last call."""
        found: list[BrokerEvent] = []
        for one in self._house.external():
            origin = _ORIGINS.get(one.reference)
            match one:
                case ExternalEnd():
                    found += self._ended(one)
                case ExternalFee():
                    found += self._charged(one)
                case ExternalOrder() if origin is Origin.LIQUIDATION:
                    found += self._announced(one)
                case ExternalFill() if origin is not None:
                    found += self._traded(origin, one)
                case ExternalOrder() | ExternalFill() if origin is None:
                    self.external.append(one)
                case _:
                    pass
        return found

    def _announced(self, seen: ExternalOrder) -> list[BrokerEvent]:
        """A liquidation waits for the market; the others are told with their price."""
        if seen.perm_id in self._made or self._recalled(Origin.LIQUIDATION, seen):
            return []
        return self._begin(Origin.LIQUIDATION, seen, 0.0, self._clock())

    def _recalled(self, origin: Origin, seen: ExternalOrder | ExternalFill) -> bool:
        """Whether a session before has told of this order; its permanent id is known from here."""
        for made in self._before:
            order = made.order
            same_side = order.side * seen.quantity > 0.0
            if order.origin is not origin or order.symbol != seen.symbol or not same_side:
                continue
            if isinstance(seen, ExternalFill) and not (made.is_open or made.told_of(seen)):
                continue
            if isinstance(seen, ExternalOrder) and not made.is_open:
                continue
            self._before.remove(made)
            self._made[seen.perm_id] = made
            return True
        return False

    def _begin(
        self, origin: Origin, seen: ExternalOrder | ExternalFill, price: float, time: int
    ) -> list[BrokerEvent]:
        opens = abs(seen.quantity) if origin is Origin.EXERCISE else 0.0
        self._count += 1
        number = self._count
        order = made_by_broker(origin, number, seen.symbol, seen.quantity, price, time, opens)
        self._made[seen.perm_id] = _Made(order)
        return [OrderUpdate(order, OrderStatus.WORKING, time)]

    def _traded(self, origin: Origin, seen: ExternalFill) -> list[BrokerEvent]:
        found: list[BrokerEvent] = []
        if seen.perm_id not in self._made and not self._recalled(origin, seen):
            found += self._begin(origin, seen, seen.price, seen.time)
        made = self._made[seen.perm_id]
        order = made.order
        before = made.told_of(seen)
        if before is not None:
            made.told.remove(before)
            if origin is Origin.LIQUIDATION and before.id not in made.settled:
                self._fees[seen.id] = before
            return []
        made.filled += abs(seen.quantity)
        made.parts += 1
        number, price, rate = f"{order.id}/{made.parts}", seen.price, self._house.rate(seen.symbol)
        fill = Fill(number, order, seen.time, seen.quantity, price, price, rate=rate)
        if origin is Origin.LIQUIDATION:  # the others are free of charge
            self._fees[seen.id] = fill
        self._house.follow(fill)
        is_whole = made.filled >= order.quantity or same(made.filled, order.quantity)
        status = OrderStatus.FILLED if is_whole else OrderStatus.PARTIAL
        return [*found, fill, OrderUpdate(order, status, seen.time)]

    def _charged(self, fee: ExternalFee) -> list[BrokerEvent]:
        fill = self._fees.pop(fee.fill, None)
        if fill is None:
            return []
        return [Commission(fill.id, fill.symbol, fee.amount, fee.time)]

    def _ended(self, seen: ExternalEnd) -> list[BrokerEvent]:
        made = self._made.get(seen.perm_id)
        if made is None or same(made.filled, made.order.quantity):
            return []
        return [OrderUpdate(made.order, OrderStatus.CANCELLED, seen.time)]
