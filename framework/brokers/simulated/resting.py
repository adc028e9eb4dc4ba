"""A resting order: the broker's mutable record of an immutable order."""

from __future__ import annotations

__all__ = ["Resting"]

from dataclasses import dataclass, replace

from framework.domain.arithmetic import order_price
from framework.domain.orders import CLOSING, Order, OrderStatus, OrderType, Origin, Side

_NONE = float("nan")
_LEAST = 1e-9
_PROTECTIVE_STOPS = (Origin.STOP_LOSS, Origin.TRAIL)


@dataclass(slots=True, eq=False)
class Resting:
    """What the broker knows of one order.

    Attributes:
        order: as last replaced.
        sequence: order of submission; of a child, of the moment its entry filled.
        status: where it is in its life; HELD children do not match.
        stop: trigger level now, NaN without one.
        limit: limit price, NaN without one.
        triggered: whether a stop-limit's stop has been reached.
        day: the session a DAY order works in, None until it meets its first bar.
        waits: True while it must not match in the bar its parent filled in.
        filled: unsigned units filled.
        notional: money those units were worth.
        charged: fees charged for them.
        executions: number of fills.
    """

    order: Order
    sequence: int
    status: OrderStatus
    stop: float
    limit: float
    triggered: bool = False
    day: int | None = None
    waits: bool = False
    filled: float = 0.0
    notional: float = 0.0
    charged: float = 0.0
    executions: int = 0

    @classmethod
    def of(cls, order: Order, sequence: int, status: OrderStatus, tick: float) -> Resting:
        """A new record; a trailing order of its own starts from its decision price."""
        resting = cls(order, sequence, status, _NONE, _NONE)
        resting.reprice()
        if order.type is OrderType.TRAIL and order.parent is None and order.stop is None:
            resting.start_from(order.decision_price, tick)
        return resting

    def reprice(self) -> None:
        """Take over the prices of the order."""
        self.stop = _NONE if self.order.stop is None else self.order.stop
        self.limit = _NONE if self.order.limit is None else self.order.limit

    def start_from(self, price: float, tick: float) -> None:
        """Fix the level of a trailing stop, or of a price given as an offset, from `price`."""
        order = self.order
        if order.trail is not None and order.stop is None:
            away = order.side * order.trail.distance(price)
            stop = order_price(price + away, tick, order.side, is_stop=True)
            self.order = replace(order, stop=_reachable(stop, tick))
        elif order.offset is not None:
            away = order.side * order.offset.distance(price)
            if order.type is OrderType.STOP:
                stop = order_price(price + away, tick, order.side, is_stop=True)
                self.order = replace(order, stop=_reachable(stop, tick), offset=None)
            else:
                limit = order_price(price - away, tick, order.side, is_stop=False)
                self.order = replace(order, limit=_reachable(limit, tick), offset=None)
        self.reprice()

    @property
    def is_live(self) -> bool:
        """Whether it may match now."""
        return self.status in _LIVE and not self.waits

    @property
    def side(self) -> Side:
        """Direction."""
        return self.order.side

    @property
    def kind(self) -> OrderType:
        """Order type."""
        return self.order.type

    @property
    def is_stop(self) -> bool:
        """Whether reaching its price means things went against its sender."""
        return self.kind in (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL)

    @property
    def is_protective_stop_or_close(self) -> bool:
        """Whether a submission queue puts it first."""
        origin = self.order.origin
        return origin in CLOSING or (origin in _PROTECTIVE_STOPS and self.order.parent is not None)


def _reachable(price: float, tick: float) -> float:
    """A price an order can have: a distance wider than the fill price ends one tick above 0."""
    return max(price, tick or _LEAST)


_LIVE = frozenset({OrderStatus.WORKING, OrderStatus.PARTIAL})
