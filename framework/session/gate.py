"""Gate: the first order of each kind leaves only once the broker has said what it would do.

An order that waits here is written down as waiting and has not been sent: a session that is killed
meanwhile knows that it never was. What can only close is never held. Nothing waits for the gate but
the orders in it: the core goes on, and so does whatever else it sends.
"""

from __future__ import annotations

__all__ = ["Ask", "Gate", "Owner", "Releases"]

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

from framework.brokers.ib.what_if import WhatIf
from framework.domain.events import CHANGE_REFUSED, BrokerEvent, OrderUpdate
from framework.domain.instruments import AssetType
from framework.domain.orders import Order, OrderStatus, OrderType, Side
from framework.engine.journalled import is_exit
from framework.errors import SlipwayError

Releases = Literal["never", "first"]
"""Of which orders the broker is asked what they would do, before they are sent: of none, or of the
first of each kind."""
Kind = tuple[OrderType, AssetType, Side]
Ask = Callable[[Order], Awaitable[WhatIf]]
"""What the broker says an order would do; raises where it does not, or refuses it."""

_WAITS = "it waits for the broker's what-if"


class Owner(Protocol):
    """The session's core, as the gate sees it."""

    @property
    def doubted(self) -> str:
        """Why no new risk may be taken now; empty if it may."""
        ...

    def opening(self, order_id: str) -> float:
        """Unsigned units of an order that increase risk."""
        ...

    def let_out(self, orders: Sequence[Order], words: str) -> None:
        """Write down that these leave now.

        Raises:
            SlipwayError: it could not be written, so they may not.
        """
        ...


class Gate:
    """Holds orders back, asks, and lets them out or refuses them.

    Args:
        ask: the broker.
        type_of: kind of instrument a symbol stands for.
        clock: nanoseconds UTC, the session's.

    Attributes:
        owner: the core; to be given before the first order.
    """

    def __init__(
        self, ask: Ask, type_of: Callable[[str], AssetType], clock: Callable[[], int]
    ) -> None:
        self.owner: Owner = None  # type: ignore[assignment]  # the bridge gives itself
        self._ask = ask
        self._type_of = type_of
        self._clock = clock
        self._approved: set[Kind] = set()
        self._held: deque[tuple[Order, ...]] = deque()
        self._ready: deque[tuple[tuple[Order, ...], str]] = deque()
        self._news: list[BrokerEvent] = []
        self._working: asyncio.Task[None] | None = None

    # what comes in ---------------------------------------------------------------------------

    def holds(self, orders: Sequence[Order]) -> bool:
        """Whether an entry and its children may not leave yet."""
        entry = orders[0]
        if is_exit(entry) or not self.owner.opening(entry.id):
            return False
        return self._kind(entry) not in self._approved

    def take(self, orders: Sequence[Order]) -> None:
        """Hold these."""
        self._held.append(tuple(orders))

    def has(self, order_id: str) -> bool:
        """Whether an order is held."""
        return self._unit(order_id) is not None

    def withdraw(self, order_id: str) -> None:
        """Cancel a held order; children go with their entry."""
        unit = self._unit(order_id)
        if unit is None:
            return
        gone = unit if unit[0].id == order_id else tuple(o for o in unit if o.id == order_id)
        self._drop(unit, tuple(one for one in unit if one not in gone))
        self._tell(gone, OrderStatus.CANCELLED, "cancelled before it was sent")

    def refuse_change(self, order_id: str) -> None:
        """Leave a held order as it is, and say so."""
        for order in self._unit(order_id) or ():
            if order.id == order_id:
                status = OrderStatus.SENT if order.parent is None else OrderStatus.HELD
                self._tell((order,), status, f"{CHANGE_REFUSED}: {_WAITS}")

    def close(self, reason: str) -> None:
        """Let none of them out any more."""
        if self._working is not None:
            self._working.cancel()
        for unit in (*self._held, *(unit for unit, _ in self._ready)):
            self._refuse(unit, reason)
        self._held.clear()
        self._ready.clear()

    # what goes out ---------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held."""
        return not self._held and not self._ready

    def news(self) -> list[BrokerEvent]:
        """What has become of held orders since the last call."""
        found, self._news = self._news, []
        return found

    def released(self) -> list[tuple[Order, ...]]:
        """Those that leave now, written down as such; also lets the asking go on."""
        if self._held and (self._working is None or self._working.done()):
            self._working = asyncio.get_running_loop().create_task(self._work())
        found = []
        while self._ready:
            unit, words = self._ready.popleft()
            reason = self.owner.doubted
            try:
                if not reason:
                    self.owner.let_out(unit, words)
            except SlipwayError as error:
                reason = str(error)
            if reason:
                self._refuse(unit, reason)
            else:
                found.append(unit)
        return found

    # asking ----------------------------------------------------------------------------------

    async def _work(self) -> None:
        """One after the other; what has come to be approved meanwhile needs no question."""
        while self._held:
            unit = self._held[0]
            entry = unit[0]
            kind = self._kind(entry)
            reason, words = "", "one of its kind was let out before"
            if kind not in self._approved:
                reason, words = await self._asked(entry)
            if not self._held or self._held[0][0] is not entry:
                continue  # withdrawn meanwhile
            unit = self._held.popleft()
            if reason:
                self._refuse(unit, reason)
            else:
                self._approved.add(kind)
                self._ready.append((unit, words))

    async def _asked(self, order: Order) -> tuple[str, str]:
        """Why it may not leave, or what the broker says of it."""
        try:
            found = await self._ask(order)
        except SlipwayError as error:
            return f"its what-if: {error.problem}", ""
        figures = f"initial margin {found.initial:,.2f}, equity {found.equity:,.2f}"
        if not found.initial <= found.equity:
            return f"its what-if: {figures}: the account cannot carry it", ""
        return "", f"{figures}{f'; {found.warning}' if found.warning else ''}"

    # parts -----------------------------------------------------------------------------------

    def _kind(self, order: Order) -> Kind:
        return order.type, self._type_of(order.symbol), order.side

    def _unit(self, order_id: str) -> tuple[Order, ...] | None:
        units = (*self._held, *(unit for unit, _ in self._ready))
        return next((u for u in units if any(one.id == order_id for one in u)), None)

    def _drop(self, unit: tuple[Order, ...], left: tuple[Order, ...]) -> None:
        """Keep only a part of what belongs together."""
        held = [left if one is unit else one for one in self._held]
        ready = [(left if one is unit else one, words) for one, words in self._ready]
        self._held = deque(one for one in held if one)
        self._ready = deque(one for one in ready if one[0])

    def _refuse(self, unit: Sequence[Order], reason: str) -> None:
        self._tell(unit, OrderStatus.REJECTED, f"never sent: {reason}")

    def _tell(self, orders: Sequence[Order], status: OrderStatus, reason: str) -> None:
        time = self._clock()
        self._news += [OrderUpdate(order, status, time, reason) for order in orders]
