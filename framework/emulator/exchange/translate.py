"""From an order as a client wrote it to an order of the framework's own matching engine."""

from __future__ import annotations

__all__ = ["Arrival", "check_price", "order_of"]

from dataclasses import dataclass
from math import isclose, isnan

from framework.domain.instruments import Instrument
from framework.domain.orders import Offset, Order, OrderType, Origin, Side, TimeInForce
from framework.domain.terms import OcaType, Peg, Terms
from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.exchange.terms_of import Symbols, terms_of
from framework.emulator.protocol.order import WireOrder
from framework.errors import OrderError


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where and when an order comes in.

    Attributes:
        key: id the order gets.
        time: nanoseconds UTC.
        price: last price of its instrument.
        parent: key of the order it protects, None without one.
        oca: name of its group where it belongs to one without saying so.
        zone: time zone of times without one.
        symbols: what its conditions name.
    """

    key: str
    time: int
    price: float
    parent: str | None
    oca: str | None
    zone: str
    symbols: Symbols


_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL, "SSHORT": Side.SELL}
_TIFS = {tif.value: tif for tif in TimeInForce} | {"": TimeInForce.DAY, "DTC": TimeInForce.DAY}
_TYPES = {
    "MKT": OrderType.MARKET,
    "LMT": OrderType.LIMIT,
    "STP": OrderType.STOP,
    "STP LMT": OrderType.STOP_LIMIT,
    "TRAIL": OrderType.TRAIL,
    "TRAIL LIMIT": OrderType.TRAIL_LIMIT,
    "MIT": OrderType.MARKET_IF_TOUCHED,
    "LIT": OrderType.LIMIT_IF_TOUCHED,
    "MOC": OrderType.MARKET_ON_CLOSE,
    "LOC": OrderType.LIMIT_ON_CLOSE,
    "PEG MID": OrderType.PEG_MID,
    "PEG BEST": OrderType.PEG_BEST,
    "REL": OrderType.RELATIVE,
}
_SPELT = {
    "STPLMT": "STP LMT",
    "STP LIMIT": "STP LMT",
    "TRAILLIMIT": "TRAIL LIMIT",
    "TRAILLMT": "TRAIL LIMIT",
    "PEGMID": "PEG MID",
    "PEGBEST": "PEG BEST",
    "MARKET": "MKT",
    "LIMIT": "LMT",
}
_LIMITED = frozenset(
    {
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
        OrderType.LIMIT_IF_TOUCHED,
        OrderType.LIMIT_ON_CLOSE,
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
_PEGS = {
    OrderType.PEG_MID: Peg.MID,
    OrderType.PEG_BEST: Peg.BEST,
    OrderType.RELATIVE: Peg.PRIMARY,
}
_PROTECTIVE = {
    OrderType.STOP: Origin.STOP_LOSS,
    OrderType.TRAIL: Origin.TRAIL,
    OrderType.TRAIL_LIMIT: Origin.TRAIL,
    OrderType.LIMIT: Origin.TAKE_PROFIT,
}


def order_of(wire: WireOrder, instrument: Instrument, arrival: Arrival) -> Order:
    """The order the matching engine takes.

    Raises:
        RejectedError: TWS would not take it, or the engine does not know its kind.
    """
    check_price(arrival.price, instrument.symbol)
    side = _side(wire)
    kind = _kind(wire)
    _check_quantity(wire, instrument)
    _refuse_unknown(wire)
    tif = _tif(wire)
    limit = _limit(wire, kind, instrument)
    stop = _stop(wire, kind, instrument)
    parent = arrival.parent
    try:
        return Order(
            id=arrival.key,
            symbol=instrument.symbol,
            side=side,
            quantity=float(wire.total_quantity),
            type=kind,
            time=arrival.time,
            decision_price=arrival.price,
            limit=limit,
            stop=stop,
            trail=_distance(wire, kind),
            tif=tif,
            parent=parent,
            oca=wire.oca_group or arrival.oca,
            origin=Origin.STRATEGY if parent is None else _PROTECTIVE.get(kind, Origin.STRATEGY),
            terms=_terms(wire, kind, tif, arrival),
        )
    except OrderError as error:
        raise _invalid(error.problem) from error


def check_price(price: float, symbol: str) -> None:
    """Refuse an order for what has no price yet.

    Raises:
        RejectedError: it has none.
    """
    if isnan(price):
        raise RejectedError(201, f"Order rejected - reason:There is no price of {symbol} yet.")


def _terms(wire: WireOrder, kind: OrderType, tif: TimeInForce, arrival: Arrival) -> Terms:
    beyond = None
    if kind is OrderType.TRAIL_LIMIT:
        beyond = _beyond(wire)
    grouped = bool(wire.oca_group or arrival.oca)
    return terms_of(
        wire,
        arrival.symbols,
        arrival.zone,
        good_till=tif is TimeInForce.GTD,
        oca_type=_oca_type(wire) if grouped else OcaType.CANCEL,
        peg=_PEGS.get(kind),
        limit_offset=beyond,
    )


def _invalid(cause: str) -> RejectedError:
    return RejectedError(321, f"Error validating request:-'b' : cause - {cause}")


def _side(wire: WireOrder) -> Side:
    side = _SIDES.get(wire.action)
    if side is None:
        raise _invalid(f"Invalid order action {wire.action!r}: BUY or SELL")
    return side


def _kind(wire: WireOrder) -> OrderType:
    text = wire.order_type.upper()
    kind = _TYPES.get(_SPELT.get(text, text))
    if kind is None:
        raise RejectedError(
            387, f"Unsupported order type for this exchange and security type: {wire.order_type}"
        )
    return kind


def _tif(wire: WireOrder) -> TimeInForce:
    tif = _TIFS.get(wire.tif.upper())
    if tif is None:
        raise _invalid(f"Invalid time in force {wire.tif!r}")
    return tif


def _check_quantity(wire: WireOrder, instrument: Instrument) -> None:
    quantity = wire.total_quantity
    if not quantity > 0.0:
        raise RejectedError(434, "The order size cannot be zero.")
    lots = quantity / instrument.lot if instrument.lot > 0.0 else 0.0
    if not isclose(lots, round(lots), rel_tol=1e-9, abs_tol=1e-9):
        raise RejectedError(10243, f"Fractional-sized order cannot be placed via API: {quantity:g}")


def _refuse_unknown(wire: WireOrder) -> None:
    """What the engine cannot honour is refused: an order must never quietly be another one."""
    adjusted = wire.adjusted_order_type not in ("", "None")
    delta_neutral = wire.delta_neutral_order_type not in ("", "None")
    unknown = (
        (adjusted, "adjusted stops"),
        (delta_neutral, "delta neutral orders"),
        (bool(wire.hedge_type), "attached hedges"),
        (bool(wire.discretionary_amt), "discretionary amounts"),
        (wire.all_or_none, "all or none"),
        (bool(wire.min_qty), "minimum quantities"),
        (wire.cash_qty is not None and wire.cash_qty > 0.0, "cash quantities"),
        (wire.sweep_to_fill, "sweep to fill"),
    )
    for is_asked, name in unknown:
        if is_asked:
            raise _invalid(f"The emulator's matching engine knows no {name}")


def _limit(wire: WireOrder, kind: OrderType, instrument: Instrument) -> float | None:
    price = wire.lmt_price
    if kind in _LIMITED:
        if not price:
            raise _invalid(f"A {wire.order_type} order needs a limit price")
        return _on_grid(price, instrument)
    if kind in _PEGS and price:
        return _on_grid(price, instrument)
    return None


def _stop(wire: WireOrder, kind: OrderType, instrument: Instrument) -> float | None:
    if kind in _STOPPED:
        if not wire.aux_price:
            raise _invalid(f"A {wire.order_type} order needs a trigger price in auxPrice")
        return _on_grid(wire.aux_price, instrument)
    if kind in (OrderType.TRAIL, OrderType.TRAIL_LIMIT) and wire.trail_stop_price:
        return _on_grid(wire.trail_stop_price, instrument)
    return None


def _on_grid(price: float, instrument: Instrument) -> float:
    """The price, if it is a whole number of ticks."""
    tick = instrument.tick_at(price)
    if tick > 0.0 and abs(price / tick - round(price / tick)) > _OFF_GRID:
        raise RejectedError(
            110,
            "The price does not conform to the minimum price variation for this contract: "
            f"{price:g} is not a multiple of {tick:g}",
        )
    return price


_OFF_GRID = 1e-6
"""Ticks by which a price may miss its grid, the rounding of its decimal text."""


def _distance(wire: WireOrder, kind: OrderType) -> Offset | None:
    if kind not in (OrderType.TRAIL, OrderType.TRAIL_LIMIT):
        return None
    if wire.trailing_percent:
        return Offset(percent=wire.trailing_percent)
    if wire.aux_price:
        return Offset(amount=wire.aux_price)
    raise _invalid("A trailing order needs a distance in auxPrice, or trailingPercent")


def _beyond(wire: WireOrder) -> float:
    """Price distance of a trailing limit beyond its stop."""
    if wire.lmt_price_offset is not None:
        return wire.lmt_price_offset
    if wire.lmt_price and wire.trail_stop_price:
        away = wire.trail_stop_price - wire.lmt_price
        return away if wire.action != "BUY" else -away
    raise _invalid("A trailing limit order needs lmtPriceOffset, or lmtPrice and trailStopPrice")


def _oca_type(wire: WireOrder) -> OcaType:
    try:
        return OcaType(wire.oca_type or OcaType.CANCEL)
    except ValueError as error:
        raise _invalid(f"Invalid OCA type {wire.oca_type}: 1, 2 or 3") from error
