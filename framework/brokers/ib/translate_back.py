"""From an order as the broker shows it to an order of Slipway's."""

from __future__ import annotations

__all__ = ["Shown", "order_from", "shown_of"]

from dataclasses import dataclass

from framework.brokers.ib.library import IbContract, IbOrder
from framework.brokers.ib.listed import Book
from framework.brokers.ib.numbers import amount, count, price
from framework.brokers.ib.problems import RequestError
from framework.brokers.ib.times import parsed_time
from framework.brokers.ib.translate_algo import algo_from
from framework.brokers.ib.translate_conditions import conditions_from
from framework.brokers.ib.translate_contract import instrument_key
from framework.brokers.ib.translate_order import TYPES
from framework.domain.orders import Offset, Order, OrderType, Side, TimeInForce
from framework.domain.references import References
from framework.domain.terms import PLAIN, OcaType, Peg, Scale, Terms

_TYPES = {name: kind for kind, name in TYPES.items()}
_SPELT = {
    "STPLMT": "STP LMT",
    "STP LIMIT": "STP LMT",
    "TRAILLMT": "TRAIL LIMIT",
    "TRAIL LMT": "TRAIL LIMIT",
    "TRAILLIMIT": "TRAIL LIMIT",
    "PEGMID": "PEG MID",
    "PEGBEST": "PEG BEST",
}
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL, "SSHORT": Side.SELL}
_TIFS = {tif.value: tif for tif in TimeInForce} | {"": TimeInForce.DAY}
_PEGS = {
    OrderType.PEG_MID: Peg.MID,
    OrderType.PEG_BEST: Peg.BEST,
    OrderType.RELATIVE: Peg.PRIMARY,
}
_LIMITED = frozenset(
    {
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
        OrderType.LIMIT_IF_TOUCHED,
        OrderType.LIMIT_ON_CLOSE,
        *_PEGS,
    }
)
_STOPPED = frozenset(
    {
        OrderType.STOP,
        OrderType.STOP_LIMIT,
        OrderType.MARKET_IF_TOUCHED,
        OrderType.LIMIT_IF_TOUCHED,
    }
)
_TRAILING = frozenset({OrderType.TRAIL, OrderType.TRAIL_LIMIT})


@dataclass(frozen=True, slots=True)
class Shown:
    """The prices, quantity and life of an order as the broker shows it.

    Attributes:
        quantity: units in all.
        limit, stop: prices; of a trailing order where its stop is, and its limit, now.
        distance: of a trailing order, in points; None for percent.
        percent: the same in percent.
        tif: time in force.
        outside_hours: whether it works outside regular hours too.
    """

    quantity: float
    limit: float | None
    stop: float | None
    distance: float | None
    percent: float | None
    tif: TimeInForce
    outside_hours: bool


def shown_of(wire: IbOrder) -> Shown:
    """What of an echo can be compared with what was wanted."""
    kind = _kind(wire)
    trails = kind in _TRAILING
    limit = price(wire.lmtPrice) if kind in _LIMITED or kind is OrderType.TRAIL_LIMIT else None
    stop = price(wire.auxPrice) if kind in _STOPPED else None
    percent = price(wire.trailingPercent) if trails else None
    return Shown(
        quantity=float(wire.totalQuantity),
        limit=limit,
        stop=price(wire.trailStopPrice) if trails else stop,
        distance=price(wire.auxPrice) if trails and percent is None else None,
        percent=percent,
        tif=_TIFS.get(wire.tif.upper(), TimeInForce.DAY),
        outside_hours=bool(wire.outsideRth),
    )


def _kind(wire: IbOrder) -> OrderType | None:
    text = wire.orderType.upper()
    return _TYPES.get(_SPELT.get(text, text))


def order_from(
    contract: IbContract,
    wire: IbOrder,
    book: Book,
    zone: str,
    *,
    id: str = "",
    parent: str | None = None,
    time: int = 0,
    references: References | None = None,
) -> Order:
    """The order the broker shows.

    Args:
        contract, wire: as shown.
        book: what its contract and its conditions may name.
        zone: of times that name none.
        id: what it is called; its order reference where there is one.
        parent: id of the entry it protects.
        time: nanoseconds UTC.
        references: of whose order it is; those of one without a tag if left out.

    Raises:
        RequestError: a kind of order Slipway has no word for, or a time that cannot be read.
        ContractError: it names what has not been qualified.
        OrderError: what no order of Slipway's can be.
    """
    names = references or References()
    kind = _kind(wire)
    side = _SIDES.get(wire.action)
    if kind is None or side is None:
        raise RequestError(
            0,
            f"The broker shows a {wire.action} {wire.orderType} order of {contract.symbol}.",
            "It was not sent from here, and is left alone.",
        )
    listed = book.by_con_id(contract.conId)
    shown = shown_of(wire)
    tif = shown.tif
    trail = None
    if kind in _TRAILING:
        trail = Offset(amount=shown.distance, percent=shown.percent)
    return Order(
        id=id or names.inward(wire.orderRef) or wire.orderRef,
        symbol=instrument_key(contract) if listed is None else listed.key,
        side=side,
        quantity=shown.quantity,
        type=kind,
        time=time,
        decision_price=0.0,
        limit=shown.limit,
        stop=shown.stop,
        trail=trail,
        tif=tif,
        parent=parent,
        oca=names.group_inward(wire.ocaGroup) or None,
        terms=_terms(contract, wire, kind, book, zone, parent, tif),
    )


def _terms(
    contract: IbContract,
    wire: IbOrder,
    kind: OrderType,
    book: Book,
    zone: str,
    parent: str | None,
    tif: TimeInForce,
) -> Terms:
    listed = book.by_con_id(contract.conId)
    usual = contract.exchange in ("", "SMART") or (
        listed is not None and contract.exchange == listed.exchange
    )
    oca_type = OcaType.CANCEL
    if wire.ocaGroup and parent is None and wire.ocaType:
        oca_type = OcaType(wire.ocaType)
    pegged = kind in _PEGS
    good_till = parsed_time(wire.goodTillDate, zone) if tif is TimeInForce.GTD else None
    found = Terms(
        good_till=good_till,
        outside_hours=bool(wire.outsideRth),
        exchange="SMART" if usual else contract.exchange,
        oca_type=oca_type,
        conditions=conditions_from(
            wire.conditions, wire.conditionsCancelOrder, wire.conditionsIgnoreRth, book, zone
        ),
        algo=algo_from(wire.algoStrategy, wire.algoParams or (), zone),
        scale=_scale(wire),
        peg=_PEGS.get(kind),
        peg_offset=(amount(wire.auxPrice) or 0.0) if pegged else 0.0,
        limit_offset=amount(wire.lmtPriceOffset) if kind is OrderType.TRAIL_LIMIT else None,
    )
    return PLAIN if found == PLAIN else found


def _scale(wire: IbOrder) -> Scale | None:
    step, first = price(wire.scalePriceIncrement), count(wire.scaleInitLevelSize)
    if step is None or not first:
        return None
    later = count(wire.scaleSubsLevelSize)
    return Scale(float(first), step, float(later) if later else None)
