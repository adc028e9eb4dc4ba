"""Round: what both brokers made of the orders between two looks, and the bars they did it in."""

from __future__ import annotations

__all__ = [
    "STOPS",
    "STOP_LIMITS",
    "Bar",
    "Round",
    "as_limit",
    "level",
    "met_at_open",
    "met_in_bar",
    "paid",
    "slipped",
    "their_stop_limit",
]

from collections.abc import Mapping
from dataclasses import dataclass, replace

from framework.domain.orders import Order, OrderType, Side
from framework.domain.terms import PLAIN
from framework.referee.cover import Cover
from framework.referee.outcome import Outcome, agree
from framework.referee.translate import Costs

STOPS = frozenset({OrderType.STOP, OrderType.TRAIL})
STOP_LIMITS = frozenset({OrderType.STOP_LIMIT, OrderType.TRAIL_LIMIT})


@dataclass(frozen=True, slots=True)
class Bar:
    """The last bar of an instrument; `fresh` if it closes in this round."""

    open: float
    high: float
    low: float
    close: float
    fresh: bool


@dataclass(frozen=True, slots=True)
class Round:
    """What both brokers made of the orders between two looks.

    Attributes:
        orders: every order that was alive, or came alive, with the prices it had, in the order
            they were sent; a stop-limit triggered before is the limit order it has become.
        filled: unsigned units each had filled before.
        ours, theirs: by order id; an order nothing happened to is missing.
        bars: by symbol.
        cover: what was held before, entry by entry.
        costs: slippage.
        triggered: ids of the orders that were stop-limits.
    """

    orders: Mapping[str, Order]
    filled: Mapping[str, float]
    ours: Mapping[str, Outcome]
    theirs: Mapping[str, Outcome]
    bars: Mapping[str, Bar]
    cover: Cover
    costs: Costs
    triggered: frozenset[str] = frozenset()

    def both(self, order_id: str) -> tuple[Outcome, Outcome]:
        """Our outcome of an order, and theirs."""
        nothing = Outcome(self.orders[order_id])
        return self.ours.get(order_id, nothing), self.theirs.get(order_id, nothing)

    def agreed(self, order_id: str) -> bool:
        """Whether both made the same of it."""
        return agree(*self.both(order_id))

    def bar_of(self, order: Order) -> Bar:
        """The last bar of an order's instrument."""
        return self.bars[order.symbol]

    def mates(self, order: Order) -> list[Order]:
        """The other orders of its one-cancels-all group."""
        if order.oca is None:
            return []
        return [o for o in self.orders.values() if o.oca == order.oca and o.id != order.id]


def as_limit(order: Order) -> Order:
    """A stop-limit once it is triggered."""
    return replace(order, type=OrderType.LIMIT, stop=None, trail=None, terms=PLAIN)


def level(order: Order) -> float:
    """The price a resting order waits for; NaN for a market order."""
    found = order.limit if order.type is OrderType.LIMIT else order.stop
    return float("nan") if found is None else found


def met_at_open(order: Order, bar: Bar) -> bool:
    """Whether the open reaches the order's price; a market order is always met."""
    if order.type is OrderType.MARKET:
        return True
    away = (bar.open - level(order)) * order.side
    return away <= 0.0 if order.type is OrderType.LIMIT else away >= 0.0


def met_in_bar(order: Order, bar: Bar) -> bool:
    """Whether the bar reaches the order's price after its open."""
    rises = (order.type is OrderType.LIMIT) is (order.side is Side.SELL)
    reached = bar.high >= level(order) if rises else bar.low <= level(order)
    return reached and not met_at_open(order, bar)


def paid(order: Order, bar: Bar, costs: Costs, limits_slip: bool) -> float:
    """What a market, limit or stop order pays in a bar that meets it.

    `limits_slip` says whether a limit order slips at the open, as it does in backtrader.
    """
    at_open = met_at_open(order, bar)
    start = bar.open if at_open else level(order)
    if order.type is OrderType.LIMIT and not (limits_slip and at_open):
        return start
    return slipped(order, start, bar, costs)


def slipped(order: Order, start: float, bar: Bar, costs: Costs) -> float:
    """What is paid for a market, stop or slipping limit order that aims at `start`."""
    if start == bar.open and met_at_open(order, bar) and not costs.at_open:
        return start
    price = costs.worse(start, order.side)
    if not costs.capped:
        return price
    worst = bar.high if order.side is Side.BUY else bar.low
    if order.type is OrderType.LIMIT and order.limit is not None:
        worst = min(worst, order.limit) if order.side is Side.BUY else order.limit
    return min(price, worst) if order.side is Side.BUY else max(price, worst)


def their_stop_limit(order: Order, bar: Bar, costs: Costs) -> float | None:
    """What a stop-limit pays in backtrader in the bar that triggers it; None if nothing.

    At an opening gap it is a limit order at once. Triggered later, it pays its stop, or, with its
    limit before its stop, the limit if the bar's colour shows that the price came back to it.
    """
    if order.limit is None or not (met_at_open(order, bar) or met_in_bar(order, bar)):
        return None
    if met_at_open(order, bar):
        limit = as_limit(order)
        met = met_at_open(limit, bar) or met_in_bar(limit, bar)
        return paid(limit, bar, costs, limits_slip=True) if met else None
    if (order.limit - level(order)) * order.side >= 0.0:
        return slipped(order, level(order), bar, costs)
    back = bar.open > bar.close if order.side is Side.BUY else bar.open <= bar.close
    return order.limit if back and (order.limit - bar.close) * order.side >= 0.0 else None
