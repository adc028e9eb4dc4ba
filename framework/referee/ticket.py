"""Ticket: one order of ours together with backtrader's order that stands for it."""

from __future__ import annotations

__all__ = ["Ticket"]

from dataclasses import dataclass
from typing import Any

from framework.domain.orders import DONE, Order, OrderStatus, OrderType
from framework.referee.feed import number_of


@dataclass(slots=True, eq=False)
class Ticket:
    """What the referee knows of one order.

    Attributes:
        order: ours, as last changed.
        status: where it is in its life.
        theirs: backtrader's order; None while it is held back.
        sent: number of the instant at which it was sent.
        woke: number of the instant from which on it could match; -1 if it never could.
        ends: nanoseconds UTC of the last instant at which it may trade; None without an end.
        filled: unsigned units filled.
        opened: of those, units that opened or added to a position.
        value: sum of units x price.
        executions: number of fills.
        triggered: whether it was a stop-limit and is a limit order now.
        useless: why it has nothing left to do; empty while it has.
    """

    order: Order
    status: OrderStatus = OrderStatus.SENT
    theirs: Any = None
    sent: int = -1
    woke: int = -1
    ends: int | None = None
    filled: float = 0.0
    opened: float = 0.0
    value: float = 0.0
    executions: int = 0
    triggered: bool = False
    useless: str = ""

    @property
    def average(self) -> float:
        """Average fill price."""
        return self.value / self.filled

    @property
    def is_sent(self) -> bool:
        """Whether it may match in backtrader."""
        idle = self.status in DONE or self.status is OrderStatus.HELD
        return self.theirs is not None and not idle

    def prices(self) -> dict[str, float | None]:
        """The prices of the order by backtrader's names."""
        order = self.order
        if order.type is OrderType.LIMIT:
            return {"price": order.limit}
        if order.type is OrderType.STOP_LIMIT:
            return {"price": order.stop, "plimit": order.limit}
        if order.trail is None:
            return {"price": order.stop}
        share = None if order.trail.percent is None else order.trail.percent / 100.0
        prices = {"price": order.stop, "trailamount": order.trail.amount, "trailpercent": share}
        if order.type is OrderType.TRAIL_LIMIT:
            prices["plimit"] = order.limit
        return prices

    def amend(self) -> None:
        """Give backtrader's order the quantity and the prices ours has now."""
        order, theirs = self.order, self.theirs
        for name, price in self.prices().items():
            if price is not None and name == "price":
                theirs.created.price = price
            elif price is not None and name == "plimit":
                theirs.created.pricelimit = price
        if order.trail is not None:
            theirs.params.trailamount = self.prices()["trailamount"]
            theirs.params.trailpercent = self.prices()["trailpercent"]
        theirs.executed.remsize = order.side * (order.quantity - self.filled)

    def close_at(self, session_close: int | None) -> None:
        """Tell an order for the close when that is; backtrader guesses one time for all days."""
        if session_close is not None:
            self.theirs.dteos = number_of(session_close)
