"""What a corporate action does to a resting order: a pure function of each.

Dividends follow FINRA rule 5330(a)(1): on the ex-day an open order to buy below the market and an
open stop order to sell are lowered by the dividend, down to the tick; buy stops and orders to sell
above the market stay, and so does everything when the dividend is below 0.01. DAY orders are none
of the open orders the rule means. Splits divide every price and multiply every quantity, of orders
on both sides: the rule asks for that only of the same orders, and cancels at a reverse split; here
no order outlives a split at a price of another scale.
"""

from __future__ import annotations

__all__ = ["after_dividend", "after_split", "nearer"]

from dataclasses import replace

from framework.domain.arithmetic import order_price, round_down_to_lot, round_to_tick
from framework.domain.conditions import Condition, Conditions, PriceCondition, VolumeCondition
from framework.domain.instruments import Instrument
from framework.domain.orders import IF_TOUCHED, Offset, Order, OrderType, Side, TimeInForce
from framework.domain.terms import PLAIN, Terms

_LEAST_DIVIDEND = 0.01
_LEAST_PRICE = 1e-9
_STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL, OrderType.TRAIL_LIMIT})
_OPEN_ORDERS = frozenset({TimeInForce.GTC, TimeInForce.GTD})


def after_dividend(order: Order, amount: float, instrument: Instrument) -> Order:
    """The order on the ex-day of a dividend of `amount` per unit; itself where the rule has it
    stay."""
    stops = order.type in _STOPS
    if (
        amount < _LEAST_DIVIDEND
        or order.tif not in _OPEN_ORDERS
        or stops is not (order.side is Side.SELL)
    ):
        return order
    return replace(
        order,
        limit=_lowered(order.limit, amount, instrument),
        stop=_lowered(order.stop, amount, instrument),
    )


def after_split(
    order: Order,
    filled: float,
    ratio: float,
    instrument: Instrument,
    opened: float = 0.0,
    covered: float | None = None,
) -> Order | None:
    """The order once each unit has become `ratio` units; None when less than a lot is left of it.

    Args:
        order: as it rests.
        filled: unsigned units of it that traded before, which stay what they were.
        ratio: new units for each old one.
        instrument: of the order.
        opened: units among `filled` that opened or added to a position.
        covered: units left of what it protects, on the new scale; None for no protection.
    """
    left = covered or round_down_to_lot((order.quantity - filled) * ratio, instrument.lot)
    if left == 0.0 and order.fraction is None:
        return None
    limit, stop, opens = order.limit, order.stop, order.opens
    if opens is not None:
        opens = opened + round_down_to_lot(max(0.0, opens - opened) * ratio, instrument.lot)
    if limit is not None:
        limit = _on_grid(limit / ratio, order.side, False, instrument)
    if stop is not None:
        stop = _on_grid(stop / ratio, order.side, order.type not in IF_TOUCHED, instrument)
    return replace(
        order,
        quantity=filled + left,
        limit=limit,
        stop=stop,
        trail=nearer(order.trail, ratio),
        offset=nearer(order.offset, ratio),
        opens=opens,
        terms=_terms(order.terms, limit, ratio, instrument),
    )


def _lowered(price: float | None, amount: float, instrument: Instrument) -> float | None:
    if price is None:
        return None
    lower = max(0.0, price - amount)
    tick = instrument.tick_at(lower)
    return max(round_to_tick(lower, tick, up=False), tick or _LEAST_PRICE)


def _on_grid(price: float, side: Side, is_stop: bool, instrument: Instrument) -> float:
    tick = instrument.tick_at(price)
    return max(order_price(price, tick, side, is_stop), tick or _LEAST_PRICE)


def nearer(distance: Offset | None, ratio: float) -> Offset | None:
    """A distance in price units on the new scale; one in percent or ranges needs no change."""
    if distance is None or distance.amount is None:
        return distance
    return replace(distance, amount=distance.amount / ratio)


def _terms(terms: Terms, limit: float | None, ratio: float, instrument: Instrument) -> Terms:
    if terms is PLAIN:
        return terms
    scale, conditions, limit_offset = terms.scale, terms.conditions, terms.limit_offset
    if scale is not None:
        size = None if scale.size is None else scale.size * ratio
        scale = replace(scale, first=scale.first * ratio, step=scale.step / ratio, size=size)
        scale = scale.on_grid(instrument.lot, instrument.tick_at(limit or 0.0))
    return replace(
        terms,
        scale=scale,
        conditions=_conditions(conditions, instrument.symbol, ratio),
        peg_offset=terms.peg_offset / ratio,
        limit_offset=None if limit_offset is None else limit_offset / ratio,
    )


def _conditions(found: Conditions | None, symbol: str, ratio: float) -> Conditions | None:
    if found is None:
        return None
    groups = tuple(tuple(_condition(c, symbol, ratio) for c in group) for group in found.groups)
    return replace(found, groups=groups)


def _condition(condition: Condition, symbol: str, ratio: float) -> Condition:
    if isinstance(condition, PriceCondition) and condition.symbol == symbol:
        return replace(condition, price=condition.price / ratio)
    if isinstance(condition, VolumeCondition) and condition.symbol == symbol:
        return replace(condition, volume=condition.volume * ratio)
    return condition
