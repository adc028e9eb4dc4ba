"""Protection: from what a strategy asked for to the child orders that travel with its entry."""

from __future__ import annotations

__all__ = ["children_of", "known_distance", "resolved", "unknown_range", "unsound"]

from dataclasses import replace
from math import isnan

from framework.domain.arithmetic import order_price
from framework.domain.orders import (
    Offset,
    Order,
    OrderRequest,
    OrderType,
    Origin,
    Protection,
    Side,
    TimeInForce,
)
from framework.engine.slot import Slot
from framework.indicators import average_true_range


def resolved(slot: Slot, symbol: str, protection: Protection) -> Protection:
    """The protection with every ATR distance turned into an amount at this instant.

    A distance that is not known yet (the ATR is warming up) stays as it was.
    """
    if protection.is_empty:
        return protection
    stop_loss, take_profit, trail = (
        known_distance(slot, symbol, offset) if isinstance(offset, Offset) else offset
        for offset in (protection.stop_loss, protection.take_profit, protection.trail)
    )
    assert trail is None or isinstance(trail, Offset)
    return replace(protection, stop_loss=stop_loss, take_profit=take_profit, trail=trail)


def known_distance(slot: Slot, symbol: str, offset: Offset) -> Offset:
    """The distance with an ATR turned into an amount at this instant, if it is known yet."""
    if offset.atr is None:
        return offset
    history = slot.world.histories[symbol]
    value = history.value(average_true_range, offset.atr_period, on=("high", "low", "close"))
    if isnan(value) or value <= 0.0:
        return offset
    return Offset(amount=offset.atr * value)


def unknown_range(offset: Offset) -> str:
    """Why a distance in average true ranges cannot be used yet."""
    return f"the average true range over {offset.atr_period} bars is not known yet"


def unsound(request: OrderRequest, protection: Protection, price: float, tick: float = 0.0) -> str:
    """Why this protection cannot go with this entry; empty if it can.

    Args:
        request: the entry.
        protection: resolved.
        price: decision close.
        tick: the instrument's smallest price step.
    """
    if protection.is_empty:
        return ""
    entry = request.limit or request.stop or price
    return _out_of_reach(request, protection, entry) or _out_of_place(
        request, protection, entry, tick
    )


def _out_of_reach(request: OrderRequest, protection: Protection, entry: float) -> str:
    """Which distance leads nowhere; empty if none does."""
    for offset in (protection.stop_loss, protection.take_profit, protection.trail):
        if isinstance(offset, Offset) and offset.atr is not None:
            return unknown_range(offset)
    behind, ahead = -request.side, request.side
    for name, distance, way in (
        ("stop loss", protection.stop_loss, behind),
        ("trailing stop", protection.trail, behind),
        ("take profit", protection.take_profit, ahead),
    ):
        if isinstance(distance, Offset):
            level = entry + way * distance.distance(entry)
            if level <= 0.0:
                return f"the {name} would be at {level:g}"
    return ""


def _out_of_place(request: OrderRequest, protection: Protection, entry: float, tick: float) -> str:
    """Which fixed price is on the wrong side, or too small; empty if none is."""
    stop, target = protection.stop_loss, protection.take_profit
    for fixed in (stop, target):
        if isinstance(fixed, float | int) and fixed < tick:
            return f"the price {fixed:g} is below one tick of {tick:g}"
    if isinstance(stop, float | int) and (entry - stop) * request.side <= 0.0:
        where = "below" if request.side is Side.BUY else "above"
        return f"the stop loss {stop:g} is not {where} the entry at {entry:g}"
    if isinstance(target, float | int) and (target - entry) * request.side <= 0.0:
        where = "above" if request.side is Side.BUY else "below"
        return f"the take profit {target:g} is not {where} the entry at {entry:g}"
    return ""


def children_of(slot: Slot, entry: Order, quantity: float, protection: Protection) -> list[Order]:
    """The protective orders of an entry: GTC, one OCA group, on the other side.

    Args:
        slot: whose entry it is.
        entry: the entry.
        quantity: units it opens; 0 while it waits to be sized at the fill.
        protection: resolved.
    """
    instrument = slot.instrument(entry.symbol)
    side = entry.side.opposite
    children: list[Order] = []

    def add(kind: OrderType, origin: Origin, price: float | Offset) -> None:
        offset = price if isinstance(price, Offset) else None
        fixed = None
        if not isinstance(price, Offset):
            tick = instrument.tick_at(price)
            fixed = order_price(price, tick, side, kind is not OrderType.LIMIT)
        children.append(
            Order(
                id=slot.next_id(),
                symbol=entry.symbol,
                side=side,
                quantity=quantity,
                type=kind,
                time=entry.time,
                decision_price=entry.decision_price,
                limit=fixed if kind is OrderType.LIMIT else None,
                stop=fixed if kind is OrderType.STOP else None,
                trail=offset if kind is OrderType.TRAIL else None,
                offset=None if kind is OrderType.TRAIL else offset,
                tif=TimeInForce.GTC,
                parent=entry.id,
                oca=f"{entry.id}.exits",
                origin=origin,
                fraction=entry.fraction,
            )
        )

    if protection.stop_loss is not None:
        add(OrderType.STOP, Origin.STOP_LOSS, protection.stop_loss)
    if protection.trail is not None:
        add(OrderType.TRAIL, Origin.TRAIL, protection.trail)
    if protection.take_profit is not None:
        add(OrderType.LIMIT, Origin.TAKE_PROFIT, protection.take_profit)
    return children
