"""Executions: what trading cost against the price each order was decided at.

Implementation shortfall (A. F. Perold, "The Implementation Shortfall: Paper versus Reality", The
Journal of Portfolio Management 14 (3), 1988): the difference between a paper portfolio, which
trades everything at the decision's price at no cost, and the real one. In money, for an order that
buys (side +1) or sells (side -1):

    delay        side x units x (arrival - decision)
    execution    side x units x (fill - arrival)
    fees         commission
    opportunity  side x units not filled x (last close when it ended - decision)

A cost above 0 is worse than the decision's price, one below 0 is better. Money is in the account's
currency: units x multiplier x rate x price.
"""

from __future__ import annotations

__all__ = ["Arrival", "FilledOrder", "Opportunity", "filled_orders", "kind_of_order", "unfilled"]

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from framework.brokers.simulated.matching import is_reached
from framework.domain.events import Fill
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import (
    BROKER_MADE,
    IF_TOUCHED,
    Order,
    OrderType,
    TimeInForce,
)
from framework.research.order_lives import JournalOrders, OrderLife
from framework.research.price_tape import PriceTape, TapeBar
from framework.research.trading_hours import could_trade

Lookup = Callable[[str], Instrument]
"""The instrument of a symbol the journal does not describe."""

_TRIGGERED = IF_TOUCHED | {
    OrderType.STOP,
    OrderType.STOP_LIMIT,
    OrderType.TRAIL,
    OrderType.TRAIL_LIMIT,
}
_TAKING = frozenset(
    {OrderType.MARKET, OrderType.STOP, OrderType.TRAIL, OrderType.MARKET_IF_TOUCHED}
)
_NOBODY = PriceTape()
_BASIS = 10_000.0


class Arrival(StrEnum):
    """What is taken for the market's price when an order arrived."""

    QUOTE = "quote"
    """The middle of bid and ask when it was sent, of an order that could trade then."""
    OPEN = "open"
    """The open of the first bar that closes after it was sent: where no quote was written down, or
    the exchange was closed, so that the order waited for the open."""
    TRIGGER = "trigger"
    """Of an order that waits for a price: that price, or the open of a bar that opened beyond."""
    DECISION = "decision"
    """The decision's price, for the journal knows neither quote nor bar."""


@dataclass(frozen=True, slots=True)
class FilledOrder:
    """One order that traded. Costs are money of the account; > 0 is worse than the decision.

    Attributes:
        journal: name of its journal.
        id, symbol: of the order.
        kind: its type in words, such as "market" or "stop".
        is_option: whether it traded an option or a combo of them.
        takes: whether it takes liquidity: a backtest charges slippage on such orders alone.
        side: +1 bought, -1 sold.
        units: filled, unsigned.
        sent: nanoseconds UTC at which it was sent; 0 where the journal does not say.
        time: nanoseconds UTC of the first execution.
        decision: price it was decided at; of an order that waits for a price of its own, that one.
        arrival: price of the market when it arrived.
        source: what `arrival` is.
        price: average price paid.
        reference: what the price would have been without slippage, on average: the arrival, and of
            what traded in later bars their opens.
        tick: smallest step of its price.
        volume: of the bar it traded in first; 0 where it is not known.
        unit_money: money of the account for one price point of one unit.
        bid, ask: best prices when it was sent; None where they were not written down.
        fees: commission.
    """

    journal: str
    id: str
    symbol: str
    kind: str
    is_option: bool
    takes: bool
    side: int
    units: float
    sent: int
    time: int
    decision: float
    arrival: float
    source: Arrival
    price: float
    reference: float
    tick: float
    volume: float
    unit_money: float
    bid: float | None
    ask: float | None
    fees: float

    @property
    def traded(self) -> float:
        """Money it would have traded at the decision's price, >= 0."""
        return self.units * self.unit_money * abs(self.decision)

    @property
    def delay(self) -> float:
        """Cost of the time between decision and arrival."""
        return self._money(self.arrival - self.decision)

    @property
    def execution(self) -> float:
        """Cost of trading at another price than that of the arrival."""
        return self._money(self.price - self.arrival)

    @property
    def slippage(self) -> float:
        """Cost of trading at another price than a backtest fills at before slippage."""
        return self._money(self.price - self.reference)

    @property
    def shortfall(self) -> float:
        """Everything: delay, execution and fees."""
        return self.delay + self.execution + self.fees

    @property
    def ticks(self) -> float:
        """`execution` of one unit in ticks; 0 without a grid."""
        return self.side * (self.price - self.arrival) / self.tick if self.tick > 0.0 else 0.0

    def basis_points(self, money: float) -> float:
        """A cost in hundredths of a percent of what was traded; 0 of nothing."""
        return _BASIS * money / self.traded if self.traded > 0.0 else 0.0

    def _money(self, difference: float) -> float:
        return self.side * self.units * self.unit_money * difference


@dataclass(frozen=True, slots=True)
class Opportunity:
    """What an order that has ended did not fill.

    Attributes:
        journal, id, symbol, kind: as of a filled order.
        status: how it ended, in words.
        units: not filled, unsigned.
        cost: money by which the market had gone away from the decision's price when it ended; < 0
            is money saved, None where no price is known.
    """

    journal: str
    id: str
    symbol: str
    kind: str
    status: str
    units: float
    cost: float | None


def kind_of_order(order: Order) -> str:
    """An order's type in words, an auction or an algorithm of the broker named with it."""
    name = order.type.value.replace("_", " ")
    if order.tif is TimeInForce.OPG:
        return f"{name} on open"
    if order.terms.algo is not None:
        return f"{name}, {type(order.terms.algo).__name__}"
    return f"{name}, scale" if order.terms.scale is not None else name


def filled_orders(found: JournalOrders, lookup: Lookup) -> Iterator[FilledOrder]:
    """Every order of a journal that traded, but for those the broker made itself."""
    for life in found.lives:
        if life.filled > 0.0 and life.order.origin not in BROKER_MADE:
            yield _filled(found, life, found.instruments.get(life.order.symbol) or lookup(
                life.order.symbol))  # fmt: skip


def unfilled(found: JournalOrders, lookup: Lookup) -> Iterator[Opportunity]:
    """What the orders of a journal that have ended did not fill. Protective orders are left out:
    most of them are meant never to trade."""
    for life in found.lives:
        order, left = life.order, life.order.quantity - life.filled
        protects = order.parent is not None or order.reduce_only
        if life.ended is None or protects or left <= 1e-9 or order.origin in BROKER_MADE:
            continue
        instrument = found.instruments.get(order.symbol) or lookup(order.symbol)
        close = found.tapes.get(order.symbol, _NOBODY).close_at(life.ended)
        rate = life.fills[-1].rate if life.fills else 1.0
        money = order.side * left * instrument.multiplier * rate
        cost = None if close is None else money * (close - life.decision_price)
        status = "" if life.status is None else life.status.value
        yield Opportunity(
            found.name, order.id, order.symbol, kind_of_order(order), status, left, cost
        )


def _filled(found: JournalOrders, life: OrderLife, instrument: Instrument) -> FilledOrder:
    order, fills = life.order, life.fills
    tape = found.tapes.get(order.symbol, _NOBODY)
    units = sum(fill.quantity for fill in fills) * order.side
    price = _average(fills, [fill.price for fill in fills])
    first = tape.traded(fills[0].time, life.sent or 0)
    decision = _decision(life)
    arrival, source = _arrival(life, tape, first, instrument)
    reference = _average(fills, list(_references(life, tape, arrival)))
    return FilledOrder(
        journal=found.name,
        id=order.id,
        symbol=order.symbol,
        kind=kind_of_order(order),
        is_option=instrument.type is AssetType.OPTION,
        takes=_takes(order),
        side=int(order.side),
        units=units,
        sent=life.sent or 0,
        time=fills[0].time,
        decision=decision,
        arrival=arrival,
        source=source,
        price=price,
        reference=reference,
        tick=instrument.tick_at(abs(arrival)),
        volume=0.0 if first is None else first.volume,
        unit_money=instrument.multiplier * fills[-1].rate,
        bid=None if life.quote is None else life.quote.bid,
        ask=None if life.quote is None else life.quote.ask,
        fees=life.fees,
    )


def _takes(order: Order) -> bool:
    terms = order.terms
    plain = terms.algo is None and terms.scale is None and order.tif is not TimeInForce.OPG
    return plain and order.type in _TAKING


def _decision(life: OrderLife) -> float:
    """The price an order was decided at, or the price of its own that it was to wait for."""
    order = life.fills[0].order
    own = order.stop if order.type in _TRIGGERED else order.limit if order.parent else None
    return life.decision_price if own is None else own


def _arrival(
    life: OrderLife, tape: PriceTape, first: TapeBar | None, instrument: Instrument
) -> tuple[float, Arrival]:
    order, sent = life.fills[0].order, life.sent
    if order.type in _TRIGGERED and order.stop is not None:
        return _triggered(order, order.stop, first), Arrival.TRIGGER
    if order.parent is not None and order.limit is not None:
        return order.limit, Arrival.TRIGGER
    if sent is None:
        return life.decision_price, Arrival.DECISION
    quote = None if life.quote is None else life.quote.quote
    if quote is not None and could_trade(instrument, order, sent):
        return 0.5 * (quote.bid + quote.ask), Arrival.QUOTE
    bar = tape.next(sent)
    return (life.decision_price, Arrival.DECISION) if bar is None else (bar.open, Arrival.OPEN)


def _triggered(order: Order, level: float, bar: TapeBar | None) -> float:
    """The price at which it was set off: its own, or the open of a bar that opened beyond it."""
    if bar is None:
        return level
    side = -order.side if order.type in IF_TOUCHED else order.side
    return bar.open if is_reached(level, bar.open, float(side)) else level


def _references(life: OrderLife, tape: PriceTape, arrival: float) -> Iterator[float]:
    """Of every execution, what a backtest would have filled it at before slippage."""
    sent, first = life.sent or 0, tape.traded(life.fills[0].time, life.sent or 0)
    for fill in life.fills:
        bar = tape.traded(fill.time, sent)
        is_later = bar is not None and first is not None and bar.number > first.number
        yield bar.open if is_later and bar is not None else arrival


def _average(fills: list[Fill], prices: list[float]) -> float:
    """Of prices, weighted by the units of their fills; what one undoes of another counts out."""
    units = sum(fill.quantity for fill in fills)
    return sum(f.quantity * p for f, p in zip(fills, prices, strict=True)) / units
