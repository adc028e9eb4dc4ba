"""An order, its prices, its protection and its lifecycle."""

from __future__ import annotations

__all__ = [
    "DONE",
    "Offset",
    "Order",
    "OrderStatus",
    "OrderType",
    "Origin",
    "Protection",
    "Side",
    "TimeInForce",
    "can_become",
    "price_from",
]

from dataclasses import dataclass
from enum import IntEnum, StrEnum


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
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    TRAIL = "trail"
    TIME_STOP = "time_stop"
    BREAKER = "breaker"


@dataclass(frozen=True, slots=True)
class Offset:
    """A distance from the entry's average fill price: exactly one of the two is set.

    Attributes:
        amount: in price units, > 0.
        percent: in percent of the fill price, > 0.
    """

    amount: float | None = None
    percent: float | None = None


def price_from(fill_price: float, offset: Offset, direction: int) -> float:
    """The price `offset` away from `fill_price`; `direction` is +1 above or -1 below."""
    if offset.amount is not None:
        return fill_price + direction * offset.amount
    assert offset.percent is not None
    return fill_price * (1.0 + direction * offset.percent / 100.0)


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
