"""An order, its prices, its protection and its lifecycle."""

from __future__ import annotations

__all__ = [
    "BINDING",
    "BROKER_MADE",
    "CLOSING",
    "DONE",
    "IF_TOUCHED",
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

from framework.domain.shown import in_words
from framework.domain.terms import PLAIN, OcaType, Peg, Terms
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
    TRAIL_LIMIT = "trail_limit"
    """A trailing stop that becomes a limit order at a distance from its level."""
    MARKET_IF_TOUCHED = "market_if_touched"
    """Waits for a better price, then becomes a market order."""
    LIMIT_IF_TOUCHED = "limit_if_touched"
    """Waits for a better price, then becomes a limit order."""
    MARKET_ON_CLOSE = "market_on_close"
    LIMIT_ON_CLOSE = "limit_on_close"
    PEG_MID = "peg_mid"
    """Follows the middle of the quote."""
    PEG_BEST = "peg_best"
    """Follows the best quote of its own side, in front of it."""
    RELATIVE = "relative"
    """Follows the best quote of its own side at a distance (a primary peg)."""


IF_TOUCHED = frozenset({OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED})
"""Types that wait for a better price than the present one."""


class TimeInForce(StrEnum):
    """How long an order works."""

    DAY = "DAY"
    """Until the end of the first session in which it can trade."""
    GTC = "GTC"
    """Until filled or cancelled."""
    GTD = "GTD"
    """Until `Terms.good_till`."""
    IOC = "IOC"
    """What trades at once trades; the rest is cancelled."""
    FOK = "FOK"
    """All of it at once, or nothing."""
    OPG = "OPG"
    """Only in the opening auction: a market or limit order on open."""


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
    KILL = "kill"
    """The kill switch: closes what is held, on the user's command."""
    HEDGE = "hedge"
    """The hedger's: brings the delta of a book of options to its target."""
    ROLL = "roll"
    """Moves a position from an expiring contract to the next one."""
    LIQUIDATION = "liquidation"
    """The broker's own: closes what the account's margin no longer carries."""
    EXPIRY = "expiry"
    """The broker's own: settles a contract that has expired."""
    EXERCISE = "exercise"
    """The broker's own: an option was exercised, or a short one assigned."""


BINDING = frozenset(
    {Origin.BREAKER, Origin.KILL, Origin.LIQUIDATION, Origin.EXPIRY, Origin.EXERCISE}
)
"""Origins of orders a strategy can neither cancel nor change."""

CLOSING = BINDING - {Origin.EXERCISE} | {Origin.CLOSE, Origin.TIME_STOP}
"""Origins of orders that close a position and never open one."""

BROKER_MADE = frozenset({Origin.LIQUIDATION, Origin.EXPIRY, Origin.EXERCISE})
"""Origins of orders the broker makes itself: they never pass the door, which adopts them."""


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

    def __str__(self) -> str:
        if self.percent is not None:
            return f"{self.percent:.10g}%"
        return f"{self.amount:.10g}" if self.amount is not None else f"{self.atr:.10g} ATR"


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
        return (
            self.stop_loss is None
            and self.take_profit is None
            and self.trail is None
            and self.max_bars is None
        )


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
        limit: limit price; of a pegged order the worst price it may follow to, if any; of a
            TRAIL_LIMIT once its level is known.
        stop: trigger price (STOP, STOP_LIMIT, the if-touched types; TRAIL and TRAIL_LIMIT once
            their level is known).
        trail: distance of a trailing stop.
        offset: for a protective order whose price counts from its parent's average fill.
        tif: time in force.
        parent: id of the entry this order protects: it wakes with the parent's fill, dies with the
            parent, and never trades more than is left of what the parent opened.
        oca: name of a one-cancels-all group.
        origin: who made it.
        fraction: share of free margin to be sized at the fill; backtest-only (FillPolicy.sizing).
        opens: units it may open at most, as judged when it left; None without a limit.
        terms: everything rarer: conditions, algo, scale, pegs, routing, hours, expiry.
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
    terms: Terms = PLAIN

    def __post_init__(self) -> None:
        _check(self)

    @property
    def reduce_only(self) -> bool:
        """Whether it may only close: its quantity is capped at what is held, and it is cancelled
        when nothing is."""
        return self.opens == 0.0

    @property
    def trades_at_once(self) -> bool:
        """Whether it starts to trade with the next bar, whatever happens."""
        terms = self.terms
        return (
            self.type is OrderType.MARKET
            and self.tif is not TimeInForce.OPG
            and (terms is PLAIN or (terms.conditions is None and terms.algo is None))
        )

    _repr_pretty_ = in_words

    def __str__(self) -> str:
        """Such as "SmaCross-3 buy 10 AAA limit 95 DAY"."""
        share = self.fraction if self.quantity == 0.0 else None
        units = f"{self.quantity:.10g}" if share is None else f"{100.0 * share:.10g}%"
        prices = [f"{price:.10g}" for price in (self.stop, self.limit) if price is not None]
        distance = self.trail or (None if prices else self.offset)
        away = [str(distance)] if distance is not None else []
        level = " at ".join([*away, *([", limit ".join(prices)] if prices else [])])
        kind = f"{self.type.replace('_', ' ')} {level}".strip()
        return f"{self.id} {self.side.name.lower()} {units} {self.symbol} {kind} {self.tif}"


_LIMIT, _STOP, _BOTH = frozenset({"limit"}), frozenset({"stop"}), frozenset({"limit", "stop"})
_NOTHING: frozenset[str] = frozenset()
_PRICES: dict[OrderType, tuple[frozenset[str], frozenset[str]]] = {
    OrderType.MARKET: (_NOTHING, _NOTHING),
    OrderType.LIMIT: (_LIMIT, _NOTHING),
    OrderType.STOP: (_STOP, _NOTHING),
    OrderType.STOP_LIMIT: (_BOTH, _NOTHING),
    OrderType.TRAIL: (_NOTHING, _BOTH),
    OrderType.TRAIL_LIMIT: (_NOTHING, _BOTH),
    OrderType.MARKET_IF_TOUCHED: (_STOP, _NOTHING),
    OrderType.LIMIT_IF_TOUCHED: (_BOTH, _NOTHING),
    OrderType.MARKET_ON_CLOSE: (_NOTHING, _NOTHING),
    OrderType.LIMIT_ON_CLOSE: (_LIMIT, _NOTHING),
    OrderType.PEG_MID: (_NOTHING, _LIMIT),
    OrderType.PEG_BEST: (_NOTHING, _LIMIT),
    OrderType.RELATIVE: (_NOTHING, _LIMIT),
}
"""The prices each type needs, and those it may have besides."""
_TRAILING = frozenset({OrderType.TRAIL, OrderType.TRAIL_LIMIT})


def _check(order: Order) -> None:
    if not isfinite(order.quantity) or order.quantity < 0:
        raise OrderError(
            f"{order.symbol}: the order quantity is {order.quantity}.", "It must be above 0."
        )
    if order.quantity == 0 and order.fraction is None:
        raise OrderError(f"{order.symbol}: the order quantity is 0.", "It must be above 0.")
    needed, allowed = _PRICES[order.type]
    for name, price in (("limit", order.limit), ("stop", order.stop)):
        if price is not None and not (isfinite(price) and price > 0):
            raise OrderError(
                f"{order.symbol}: the {name} price is {price}.", "It must be a number above 0."
            )
        if price is not None and name not in needed and name not in allowed:
            raise OrderError(
                f"{order.symbol}: a {order.type} order takes no {name} price.",
                "Leave it out, or choose the order type that has one.",
            )
        if price is None and name in needed and order.offset is None:
            raise OrderError(
                f"{order.symbol}: a {order.type} order needs a {name} price.", f"Give {name}=."
            )
    if (order.trail is not None) != (order.type in _TRAILING):
        raise OrderError(
            f"{order.symbol}: a {order.type} order with a trailing distance of {order.trail}.",
            "Only trailing orders have one, and they need it.",
        )
    if (
        order.terms is not PLAIN
        or order.tif is TimeInForce.GTD
        or order.type is OrderType.TRAIL_LIMIT
    ):
        _check_terms(order)


def _check_terms(order: Order) -> None:
    terms = order.terms
    if (order.tif is TimeInForce.GTD) != (terms.good_till is not None):
        raise OrderError(
            f"{order.symbol}: a {order.tif} order with good_till={terms.good_till}.",
            "GTD orders end at good_till, and no others do.",
        )
    if (terms.limit_offset is not None) != (order.type is OrderType.TRAIL_LIMIT):
        raise OrderError(
            f"{order.symbol}: a {order.type} order with limit_offset={terms.limit_offset}.",
            "Only a trailing stop-limit has one, and it needs it.",
        )
    if terms.oca_type is not OcaType.CANCEL and order.oca is None:
        raise OrderError(
            f"{order.symbol}: an order with oca_type={terms.oca_type.name} and no group.",
            "Name its one-cancels-all group: oca=.",
        )
    if terms.scale is not None and order.type is not OrderType.LIMIT:
        raise OrderError(
            f"{order.symbol}: a {order.type} order with scale={terms.scale}.",
            "A scale order is a limit order: give limit=.",
        )
    if terms.algo is not None and order.type not in (OrderType.MARKET, OrderType.LIMIT):
        raise OrderError(
            f"{order.symbol}: a {order.type} order with algo={terms.algo}.",
            "An algo works a market or a limit order.",
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
        touch: trigger price of an if-touched order.
        at_close: whether it trades in the closing auction only.
        terms: everything rarer.
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
    touch: float | None = None
    at_close: bool = False
    terms: Terms = PLAIN

    @property
    def trigger(self) -> float | None:
        """The price it waits for, of a stop or if-touched order."""
        return self.stop if self.touch is None else self.touch

    @property
    def type(self) -> OrderType:
        """The order type its prices and terms make it."""
        if self.terms.peg is not None:
            return _PEGGED[self.terms.peg]
        if self.at_close:
            return OrderType.MARKET_ON_CLOSE if self.limit is None else OrderType.LIMIT_ON_CLOSE
        if self.trailing is not None:
            return OrderType.TRAIL if self.terms.limit_offset is None else OrderType.TRAIL_LIMIT
        if self.touch is not None:
            none = self.limit is None
            return OrderType.MARKET_IF_TOUCHED if none else OrderType.LIMIT_IF_TOUCHED
        if self.limit is not None:
            return OrderType.LIMIT if self.stop is None else OrderType.STOP_LIMIT
        return OrderType.MARKET if self.stop is None else OrderType.STOP


_PEGGED = {
    Peg.MID: OrderType.PEG_MID,
    Peg.BEST: OrderType.PEG_BEST,
    Peg.PRIMARY: OrderType.RELATIVE,
}


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
    _S.CANCELLING: _ENDS | {_S.WORKING, _S.PARTIAL, _S.UNKNOWN, _S.HELD, _S.SENT},
    _S.UNKNOWN: _ENDS | {_S.WORKING, _S.PARTIAL, _S.ABSENT},
}


def can_become(status: OrderStatus, new: OrderStatus) -> bool:
    """Whether the lifecycle allows `status` -> `new`; a finished order allows nothing."""
    return new in _NEXT.get(status, frozenset())
