"""An order, its prices, its protection and its lifecycle."""

from __future__ import annotations

__all__ = [
    "CLOSING",
    "DONE",
    "Offset",
    "Order",
    "OrderRequest",
    "OrderStatus",
    "OrderType",
    "Origin",
    "Protection",
    "Side",
    "TimeInForce",
    "atr",
    "can_become",
    "pct",
    "points",
]

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from math import isfinite

from framework.errors import OrderError


class Side(IntEnum):
    """Direction of an order; multiplies an unsigned quantity into a signed one."""

    BUY = 1
    SELL = -1

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """How an order decides when and where it trades."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAIL = "trail"


class TimeInForce(StrEnum):
    """How long an order works."""

    DAY = "DAY"
    """Until the end of the first session in which it can trade."""
    GTC = "GTC"
    """Until filled or cancelled."""


class Origin(StrEnum):
    """Who made an order; the exit reason of the trade it closes."""

    STRATEGY = "strategy"
    CLOSE = "close"
    """The strategy's `close` verb: never opens a position."""
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    TRAIL = "trail"
    TIME_STOP = "time_stop"
    BREAKER = "breaker"


CLOSING = frozenset({Origin.CLOSE, Origin.TIME_STOP, Origin.BREAKER})
"""Origins of orders that close a position and never open one."""


@dataclass(frozen=True, slots=True)
class Offset:
    """A distance from the entry's average fill price: exactly one of the first three is set.

    Attributes:
        amount: in price units, > 0.
        percent: in percent of the fill price, > 0.
        atr: in multiples of the average true range at the decision, > 0; the door turns it into an
            amount before any broker sees it.
        atr_period: bars of that average true range.
    """

    amount: float | None = None
    percent: float | None = None
    atr: float | None = None
    atr_period: int = 14

    def __post_init__(self) -> None:
        given = [value for value in (self.amount, self.percent, self.atr) if value is not None]
        if len(given) != 1 or not isfinite(given[0]) or given[0] <= 0:
            raise OrderError(
                f"A protective distance is {given or 'missing'}.",
                "Give one distance above 0, such as pct(3), atr(2) or points(1.5).",
            )
        if self.atr_period < 1:
            raise OrderError(f"The ATR period is {self.atr_period}.", "Give 1 or more bars.")

    def distance(self, price: float) -> float:
        """The distance in price units from `price`; an `atr` offset has none until resolved."""
        if self.amount is not None:
            return self.amount
        if self.percent is not None:
            return price * self.percent / 100.0
        raise OrderError("An ATR distance was used before it was resolved.")


def pct(percent: float) -> Offset:
    """A protective distance of `percent` percent of the average fill price."""
    return Offset(percent=float(percent))


def atr(multiple: float, period: int = 14) -> Offset:
    """A protective distance of `multiple` average true ranges over `period` bars."""
    return Offset(atr=float(multiple), atr_period=period)


def points(amount: float) -> Offset:
    """A protective distance in price units."""
    return Offset(amount=float(amount))


@dataclass(frozen=True, slots=True)
class Protection:
    """Exits that come with an entry. Each is a price or a distance from the average fill.

    Attributes:
        stop_loss: where a loss is cut.
        take_profit: where a profit is taken.
        trail: distance of a trailing stop from the best close since the fill.
        max_bars: bars after the entry's fill at whose close the position is closed.
    """

    stop_loss: float | Offset | None = None
    take_profit: float | Offset | None = None
    trail: Offset | None = None
    max_bars: int | None = None

    def or_else(self, other: Protection) -> Protection:
        """This protection, with what it leaves open taken from `other`."""
        return Protection(
            self.stop_loss if self.stop_loss is not None else other.stop_loss,
            self.take_profit if self.take_profit is not None else other.take_profit,
            self.trail if self.trail is not None else other.trail,
            self.max_bars if self.max_bars is not None else other.max_bars,
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is protected."""
        return self == Protection()


@dataclass(frozen=True, slots=True)
class Order:
    """One instruction to a broker. Immutable: a change is a new value with the same id.

    Attributes:
        id: ours, deterministic, at most 40 ASCII characters.
        symbol: instrument.
        side: direction.
        quantity: units, > 0; 0 only while `fraction` waits to be sized at the fill.
        type: order type.
        time: nanoseconds UTC of the decision.
        decision_price: close the decision was made at.
        limit: limit price (LIMIT, STOP_LIMIT).
        stop: trigger price (STOP, STOP_LIMIT, TRAIL once its level is known).
        trail: distance of a trailing stop.
        offset: for a protective order whose price counts from its parent's average fill.
        tif: time in force.
        parent: id of the entry this order protects: it wakes with the parent's fill, dies with the
            parent, and never trades more than is left of what the parent opened.
        oca: name of a one-cancels-all group.
        origin: who made it.
        fraction: share of free margin to be sized at the fill; backtest-only (FillPolicy.sizing).
        opens: units it may open at most, as judged when it left; None without a limit.
    """

    id: str
    symbol: str
    side: Side
    quantity: float
    type: OrderType
    time: int
    decision_price: float
    limit: float | None = None
    stop: float | None = None
    trail: Offset | None = None
    offset: Offset | None = None
    tif: TimeInForce = TimeInForce.DAY
    parent: str | None = None
    oca: str | None = None
    origin: Origin = Origin.STRATEGY
    fraction: float | None = None
    opens: float | None = None

    def __post_init__(self) -> None:
        _check(self)

    @property
    def reduce_only(self) -> bool:
        """Whether it may only close: its quantity is capped at what is held, and it is cancelled
        when nothing is."""
        return self.opens == 0.0


_PRICES: dict[OrderType, frozenset[str]] = {
    OrderType.MARKET: frozenset(),
    OrderType.LIMIT: frozenset({"limit"}),
    OrderType.STOP: frozenset({"stop"}),
    OrderType.STOP_LIMIT: frozenset({"limit", "stop"}),
    OrderType.TRAIL: frozenset({"trail"}),
}


def _check(order: Order) -> None:
    if not isfinite(order.quantity) or order.quantity < 0:
        raise OrderError(
            f"{order.symbol}: the order quantity is {order.quantity}.", "It must be above 0."
        )
    if order.quantity == 0 and order.fraction is None:
        raise OrderError(f"{order.symbol}: the order quantity is 0.", "It must be above 0.")
    needed = _PRICES[order.type]
    for name, price in (("limit", order.limit), ("stop", order.stop)):
        if price is not None and not (isfinite(price) and price > 0):
            raise OrderError(
                f"{order.symbol}: the {name} price is {price}.", "It must be a number above 0."
            )
        if price is not None and name not in needed and order.type is not OrderType.TRAIL:
            raise OrderError(
                f"{order.symbol}: a {order.type} order takes no {name} price.",
                "Leave it out, or choose the order type that has one.",
            )
        if price is None and name in needed and order.offset is None:
            raise OrderError(
                f"{order.symbol}: a {order.type} order needs a {name} price.", f"Give {name}=."
            )
    if (order.trail is not None) != (order.type is OrderType.TRAIL):
        raise OrderError(
            f"{order.symbol}: a {order.type} order with a trailing distance of {order.trail}.",
            "Only trailing orders have one, and they need it.",
        )


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a strategy asks for, before the door has rounded, judged and named it.

    Attributes:
        symbol: instrument.
        side: direction.
        quantity: units, > 0; 0 when `fraction` is given.
        limit, stop: the order's own prices.
        trailing: the order's own trailing distance.
        tif: time in force.
        oca: name of a one-cancels-all group.
        fraction: share of free margin sized at the fill; backtest-only.
        protection: exits that come with it.
        origin: who asks.
    """

    symbol: str
    side: Side
    quantity: float
    limit: float | None = None
    stop: float | None = None
    trailing: Offset | None = None
    tif: TimeInForce = TimeInForce.DAY
    oca: str | None = None
    fraction: float | None = None
    protection: Protection = Protection()
    origin: Origin = Origin.STRATEGY

    @property
    def type(self) -> OrderType:
        """The order type its prices make it."""
        if self.trailing is not None:
            return OrderType.TRAIL
        if self.limit is not None:
            return OrderType.LIMIT if self.stop is None else OrderType.STOP_LIMIT
        return OrderType.MARKET if self.stop is None else OrderType.STOP


class OrderStatus(StrEnum):
    """Where an order is in its life."""

    HELD = "held"
    """Known to us, waiting for its parent's fill or for the proof of a cancel."""
    SENT = "sent"
    WORKING = "working"
    PARTIAL = "partial"
    CANCELLING = "cancelling"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    ABSENT = "absent"
    """Proven never to have reached the broker."""


DONE = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
        OrderStatus.EXPIRED,
        OrderStatus.REJECTED,
        OrderStatus.ABSENT,
    }
)
"""States an order never leaves."""

_S = OrderStatus
_ENDS = frozenset({_S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.REJECTED})
_NEXT: dict[OrderStatus, frozenset[OrderStatus]] = {
    _S.HELD: _ENDS | {_S.SENT, _S.WORKING, _S.PARTIAL, _S.CANCELLING},
    _S.SENT: _ENDS | {_S.WORKING, _S.PARTIAL, _S.CANCELLING, _S.UNKNOWN, _S.HELD},
    _S.WORKING: _ENDS | {_S.PARTIAL, _S.CANCELLING, _S.UNKNOWN},
    _S.PARTIAL: _ENDS | {_S.CANCELLING, _S.UNKNOWN, _S.PARTIAL},
    _S.CANCELLING: _ENDS | {_S.WORKING, _S.PARTIAL, _S.UNKNOWN},
    _S.UNKNOWN: _ENDS | {_S.WORKING, _S.PARTIAL, _S.ABSENT},
}


def can_become(status: OrderStatus, new: OrderStatus) -> bool:
    """Whether the lifecycle allows `status` -> `new`; a finished order allows nothing."""
    return new in _NEXT.get(status, frozenset())
