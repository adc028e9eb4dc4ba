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
    "ours_pays",
    "slipped",
    "theirs_pays",
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
    """The last bar of an instrument; `fresh` if it closes in this round, `final` if a session ends
    with it."""

    open: float
    high: float
    low: float
    close: float
    fresh: bool
    final: bool


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


def as_limit(order: Order, price: float | None = None) -> Order:
    """A limit order in place of another: a stop-limit once it is triggered, or one at `price`."""
    limit = order.limit if price is None else price
    return replace(order, type=OrderType.LIMIT, limit=limit, stop=None, trail=None, terms=PLAIN)


def level(order: Order) -> float:
    """The price a resting order waits for; NaN for one that waits for none."""
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


def ours_pays(order: Order, bar: Bar, costs: Costs) -> float | None:
    """What a resting order pays here in a new bar; None if it does not fill.

    A limit order the open fills gets the open; a stop-limit triggered in the bar its stop, unless
    its limit lies before that.
    """
    if order.type is OrderType.MARKET_ON_CLOSE:
        return bar.close if bar.final else None
    if order.type in STOP_LIMITS:
        if met_at_open(order, bar):
            return ours_pays(as_limit(order), bar, costs)
        waits = order.limit is None or (order.limit - level(order)) * order.side < 0.0
        return level(order) if met_in_bar(order, bar) and not waits else None
    start = _start(order, bar)
    if start is None or order.type is OrderType.LIMIT:
        return start
    return slipped(order, start, bar, costs)


def theirs_pays(order: Order, bar: Bar, costs: Costs) -> float | None:
    """What a resting order pays in backtrader in a bar, new or old; None if it does not fill.

    A limit order the open fills slips. A stop-limit the open triggers is a limit order at once;
    triggered later, it pays its stop, which slips, or, with its limit before its stop, the limit if
    the bar's colour shows that the price came back to it.
    """
    if order.type is OrderType.MARKET_ON_CLOSE:
        return bar.close if bar.final else None
    if order.type in STOP_LIMITS:
        if met_at_open(order, bar):
            return theirs_pays(as_limit(order), bar, costs)
        return _their_trigger(order, bar, costs) if met_in_bar(order, bar) else None
    start = _start(order, bar)
    if start is None or (order.type is OrderType.LIMIT and not met_at_open(order, bar)):
        return start
    return slipped(order, start, bar, costs)


def _start(order: Order, bar: Bar) -> float | None:
    """Where a market, limit or stop order fills before slippage."""
    if met_at_open(order, bar):
        return bar.open
    return level(order) if met_in_bar(order, bar) else None


def _their_trigger(order: Order, bar: Bar, costs: Costs) -> float | None:
    if order.limit is None:
        return None
    if (order.limit - level(order)) * order.side >= 0.0:
        return slipped(order, level(order), bar, costs)
    back = bar.open > bar.close if order.side is Side.BUY else bar.open <= bar.close
    return order.limit if back and (order.limit - bar.close) * order.side >= 0.0 else None


def slipped(order: Order, start: float, bar: Bar, costs: Costs) -> float | None:
    """What is paid for a market, stop, stop-limit or slipping limit order that aims at `start`;
    None if it waits because slippage would leave the bar."""
    if start == bar.open and met_at_open(order, bar) and not costs.at_open:
        return start
    price = costs.worse(start, order.side)
    worst = bar.high if order.side is Side.BUY else bar.low
    if order.type is OrderType.LIMIT and order.limit is not None:
        worst = min(worst, order.limit) if order.side is Side.BUY else order.limit
    cap = costs.limit_cap if order.limit is not None else costs.cap
    if cap == "none" or (price - worst) * order.side <= 0.0:
        return price
    return None if cap == "wait" else worst
