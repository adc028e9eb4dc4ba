"""Servicing: what the broker trades by itself, such as expiries and assignments, as events."""

from __future__ import annotations

__all__ = ["Servicing"]

from collections.abc import Callable, Sequence

from framework.brokers.ib.external import ExternalFill, ExternalOrder
from framework.brokers.simulated.account import made_by_broker
from framework.domain.events import BrokerEvent, Fill, OrderUpdate
from framework.domain.orders import BROKER_MADE, OrderStatus, Origin

External = ExternalOrder | ExternalFill
_ORIGINS = {origin.value: origin for origin in BROKER_MADE}


class Servicing:
    """Tells the broker's own acts from what other people and programs do in the account.

    An act of the broker's names itself in the order's reference ("expiry", "exercise",
    "liquidation"), as the emulator's do. Everything else is kept as external.

    Args:
        fetch: what others did since the last call.

    Attributes:
        external: what is neither the broker's nor ours, oldest first.
    """

    def __init__(self, fetch: Callable[[], Sequence[External]]) -> None:
        self._fetch = fetch
        self._made = 0
        self.external: list[External] = []

    def events(self) -> list[BrokerEvent]:
        """The broker's own trades since the last call."""
        found: list[BrokerEvent] = []
        for one in self._fetch():
            origin = _ORIGINS.get(one.reference)
            if origin is None:
                self.external.append(one)
            elif isinstance(one, ExternalFill):
                found += self._trade(origin, one)
        return found

    def _trade(self, origin: Origin, seen: ExternalFill) -> list[BrokerEvent]:
        self._made += 1
        opens = abs(seen.quantity) if origin is Origin.EXERCISE else 0.0
        order = made_by_broker(
            origin, self._made, seen.symbol, seen.quantity, seen.price, seen.time, opens
        )
        fill = Fill(f"{order.id}/1", order, seen.time, seen.quantity, seen.price, seen.price)
        return [
            OrderUpdate(order, OrderStatus.WORKING, seen.time),
            fill,
            OrderUpdate(order, OrderStatus.FILLED, seen.time),
        ]
