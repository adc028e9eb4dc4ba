"""Sequence: which orders a bar fills when they exclude or starve each other, in either sequence."""

from __future__ import annotations

__all__ = ["Played", "backtrader_fills", "our_fills"]

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from math import isnan

from framework.domain.orders import Order, OrderType
from framework.referee.round import (
    STOP_LIMITS,
    STOPS,
    Bar,
    Round,
    as_limit,
    level,
    met_at_open,
    met_in_bar,
    ours_pays,
    theirs_pays,
)
from framework.referee.ticket import Ticket
from framework.referee.translate import Costs, missing

_AUCTIONS = frozenset({OrderType.MARKET, OrderType.MARKET_ON_CLOSE})
_KNOWN = frozenset({OrderType.LIMIT, *_AUCTIONS, *STOPS, *STOP_LIMITS})


@dataclass(frozen=True, slots=True)
class Played:
    """What a sequence makes of the orders.

    Attributes:
        fills: signed units and price by order id.
        ended: ids of orders that may only close, and once had nothing left to close.
    """

    fills: dict[str, tuple[float, float]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)


def backtrader_fills(round_: Round) -> Played:
    """What backtrader fills of the resting orders: one after the other as sent, and all but market
    orders against an old bar too."""
    taker = _Taker(round_, theirs_pays)
    for order in _resting(round_):
        if round_.bar_of(order).fresh or order.type not in _AUCTIONS:
            taker.take(order)
    return taker.played


def our_fills(round_: Round) -> Played:
    """What we fill, instrument by instrument: at the open first, then inside the bar, then at the
    close; exits before entries, stops before limits, and inside the bar what is nearer to the open
    first. Orders backtrader has no word for are taken to fill as they did."""
    taker = _Taker(round_, ours_pays)
    rested = [*_resting(round_), *_unknown(round_)]
    for symbol, bar in round_.bars.items():
        resting = [order for order in rested if order.symbol == symbol and bar.fresh]
        for order in _ranked(taker, resting, None):
            if met_at_open(order, bar):
                taker.take(order)
        for order in _ranked(taker, resting, bar):
            if met_in_bar(order, bar):
                taker.take(order)
        for order in _ranked(taker, resting, None):
            if order.type is OrderType.MARKET_ON_CLOSE:
                taker.take(order)
    return taker.played


class _Taker:
    """Takes orders in some sequence; one that fills ends its group and uses up the position."""

    def __init__(self, round_: Round, pays: Callable[[Order, Bar, Costs], float | None]) -> None:
        self._round = round_
        self._pays = pays
        self._cover = deepcopy(round_.cover)
        self._groups: set[str] = set()
        self.played = Played()

    def take(self, order: Order) -> None:
        """Fill what an order may still trade, if the bar fills it and its group has not ended."""
        if order.oca in self._groups or order.id in self.played.ended:
            return
        filled = self._round.filled.get(order.id, 0.0)
        ticket = Ticket(order, filled=filled)
        allowed = self._cover.allowed(ticket, self._cover.held(order.symbol))
        units = min(order.quantity - filled, allowed)
        price = self._pays(order, self._round.bar_of(order), self._round.costs)
        if units <= 0.0 or price is None:
            return
        self.played.fills[order.id] = (order.side * units, price)
        self._cover.fold(order, order.side * units)
        self.played.ended.update(
            other.id
            for other in self._round.orders.values()
            if other.reduce_only and other.id != order.id and self._cover.useless(Ticket(other))
        )
        if order.oca is not None:
            self._groups.add(order.oca)

    def rank(self, order: Order) -> int:
        """Stops that exit, other exits, entries."""
        if order.parent is None and order.side * self._cover.held(order.symbol) >= 0.0:
            return 2
        first = self._round.orders[order.id].type
        waited = first in STOPS or first in STOP_LIMITS or order.id in self._round.triggered
        return 0 if waited else 1


def _resting(round_: Round) -> list[Order]:
    """Orders that rested when the bars began; those of other kinds have rules of their own."""
    found = []
    for order in round_.orders.values():
        if order.symbol not in round_.bars or order.type not in _KNOWN or missing(order):
            continue
        if order.parent is None or round_.cover.left(order, order.parent) > 0.0:
            opened = order.type in STOP_LIMITS and met_at_open(order, round_.bar_of(order))
            found.append(as_limit(order) if opened else order)
    return found


def _unknown(round_: Round) -> list[Order]:
    """Orders backtrader has no word for that filled here, as limit orders at the price they met, or
    as orders for the close."""
    found = []
    for order_id, ours in round_.ours.items():
        order = round_.orders[order_id]
        if not missing(order) or not ours.quantity:
            continue
        units = round_.filled.get(order_id, 0.0) + abs(ours.quantity)
        if order.type is OrderType.LIMIT_ON_CLOSE:
            order = replace(order, type=OrderType.MARKET_ON_CLOSE, limit=None)
        else:
            order = as_limit(order, ours.reference)
        found.append(replace(order, quantity=units))
    return found


def _ranked(taker: _Taker, orders: Iterable[Order], bar: Bar | None) -> list[Order]:
    def key(order: Order) -> tuple[int, float]:
        distance = 0.0 if bar is None else abs(level(order) - bar.open)
        return taker.rank(order), 0.0 if isnan(distance) else distance

    return sorted(orders, key=key)
