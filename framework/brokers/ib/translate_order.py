"""From an order to what the broker is sent."""

from __future__ import annotations

__all__ = ["GROUP_REDUCES", "Sent", "order_to", "provisional"]

from dataclasses import dataclass, field, replace

from framework.brokers.ib.library import IbOrder, Library
from framework.brokers.ib.listed import Book
from framework.brokers.ib.times import time_text
from framework.brokers.ib.translate_algo import algo_to
from framework.brokers.ib.translate_conditions import conditions_to
from framework.brokers.simulated.resting import Resting
from framework.domain.instruments import Instrument
from framework.domain.orders import Order, OrderStatus, OrderType, Side, TimeInForce
from framework.domain.references import References
from framework.domain.terms import OcaType
from framework.errors import OrderError

TYPES = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAIL: "TRAIL",
    OrderType.TRAIL_LIMIT: "TRAIL LIMIT",
    OrderType.MARKET_IF_TOUCHED: "MIT",
    OrderType.LIMIT_IF_TOUCHED: "LIT",
    OrderType.MARKET_ON_CLOSE: "MOC",
    OrderType.LIMIT_ON_CLOSE: "LOC",
    OrderType.PEG_MID: "PEG MID",
    OrderType.PEG_BEST: "PEG BEST",
    OrderType.RELATIVE: "REL",
}
"""The broker's names."""

GROUP_REDUCES = OcaType.REDUCE
"""What a fill of one protective order does to the others: a part shrinks them, the whole ends
them."""

_TRAILING = frozenset({OrderType.TRAIL, OrderType.TRAIL_LIMIT})
_PEGGED = frozenset({OrderType.PEG_MID, OrderType.PEG_BEST, OrderType.RELATIVE})


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes with an order on its way, and is not the order's own.

    Attributes:
        account: it trades for; on every order, whatever the number of accounts.
        parent_id: the broker's id of the entry it protects; 0 without one.
        transmit: False for all of a family but the last.
        references: what it and its group are called there.
    """

    account: str
    parent_id: int = 0
    transmit: bool = True
    references: References = field(default_factory=References)


def order_to(lib: Library, order: Order, book: Book, sent: Sent) -> IbOrder:
    """The broker's order.

    `time in force` is always said: an order without one is given a preset, and an error that makes
    client libraries believe it dead.

    Raises:
        ContractError: a condition names what has not been qualified.
        OrderError: what no broker can take, such as a quantity to be found at the fill, or an id
            that is too long.
    """
    if order.quantity <= 0.0:
        raise OrderError(
            f"{order.id} is to be sized at its fill, which only a backtest can do.",
            "Size orders at the decision: fill policy sizing.",
        )
    found = lib.Order(
        action="BUY" if order.side is Side.BUY else "SELL",
        totalQuantity=float(order.quantity),
        orderType=TYPES[order.type],
        tif=order.tif.value,
        orderRef=sent.references.outward(order.id),
        account=sent.account,
        parentId=sent.parent_id,
        transmit=sent.transmit,
        outsideRth=order.terms.outside_hours,
    )
    _write_prices(found, order)
    _write_group(found, order, sent.references)
    _write_terms(lib, found, order, book)
    return found


def _write_prices(found: IbOrder, order: Order) -> None:
    if order.type in _TRAILING:
        _write_trail(found, order)
        return
    if order.limit is not None:
        found.lmtPrice = float(order.limit)
    if order.stop is not None:
        found.auxPrice = float(order.stop)
    if order.type in _PEGGED:
        found.auxPrice = float(order.terms.peg_offset)
    if order.type is OrderType.PEG_BEST:
        found.competeAgainstBestOffset = float(order.terms.peg_offset)


def _write_trail(found: IbOrder, order: Order) -> None:
    """Without a level of its own a trailing stop begins at the market, and a child's at its
    parent's fill."""
    trail = order.trail
    if trail is None or trail.atr is not None:
        raise OrderError(f"{order.id}: the trailing distance {trail} is not resolved.")
    if trail.percent is not None:
        found.trailingPercent = float(trail.percent)
    elif trail.amount is not None:
        found.auxPrice = float(trail.amount)
    if order.stop is not None:
        found.trailStopPrice = float(order.stop)
    if order.terms.limit_offset is not None:
        found.lmtPriceOffset = float(order.terms.limit_offset)


def _write_group(found: IbOrder, order: Order, references: References) -> None:
    if order.oca is not None:
        found.ocaGroup = references.group_outward(order.oca)
        kind = order.terms.oca_type if order.parent is None else GROUP_REDUCES
        found.ocaType = int(kind)


def _write_terms(lib: Library, found: IbOrder, order: Order, book: Book) -> None:
    terms = order.terms
    if order.tif is TimeInForce.GTD and terms.good_till is not None:
        found.goodTillDate = time_text(terms.good_till)
    if terms.conditions is not None:
        found.conditions = list(conditions_to(lib, terms.conditions, book))
        found.conditionsCancelOrder = terms.conditions.cancels
        found.conditionsIgnoreRth = terms.conditions.ignore_hours
    if terms.algo is not None:
        found.algoStrategy, found.algoParams = algo_to(lib, terms.algo)
    if terms.scale is not None:
        found.scaleInitLevelSize = round(terms.scale.first)
        found.scalePriceIncrement = float(terms.scale.step)
        if terms.scale.size is not None:
            found.scaleSubsLevelSize = round(terms.scale.size)


def provisional(order: Order, average: float, instrument: Instrument) -> Order:
    """The order with a price reckoned from `average`, where its price counts from the average fill
    of its entry: the arithmetic of the simulated broker.

    The order itself where its price does not.
    """
    if order.offset is None:
        return order
    resting = Resting.of(replace(order, stop=None, limit=None), 0, OrderStatus.HELD, instrument)
    resting.start_from(average, instrument)
    return resting.order
