"""Sequence: which orders a bar fills when they exclude or starve each other, in either sequence."""

from __future__ import annotations

__all__ = ["Fills", "backtrader_fills", "our_fills"]

from collections.abc import Iterable
from copy import deepcopy
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
    paid,
)
from framework.referee.ticket import Ticket

_PLAIN = frozenset({OrderType.MARKET, OrderType.LIMIT, *STOPS})

Fills = dict[str, tuple[float, float]]
"""Signed units and price by order id."""


def backtrader_fills(round_: Round) -> Fills:
    """What backtrader fills of the resting orders: one after the other as sent, and all but market
    orders against an old bar too."""
    taker = _Taker(round_, limits_slip=True)
    for order in _resting(round_):
        bar = round_.bar_of(order)
        met = met_at_open(order, bar) or met_in_bar(order, bar)
        if met and (bar.fresh or order.type is not OrderType.MARKET):
            taker.take(order)
    return taker.fills


def our_fills(round_: Round) -> Fills:
    """What we fill, instrument by instrument: at the open first, then inside the bar; exits before
    entries, stops before limits, and inside the bar what is nearer to the open first."""
    taker = _Taker(round_, limits_slip=False)
    for symbol, bar in round_.bars.items():
        resting = [order for order in _resting(round_) if order.symbol == symbol and bar.fresh]
        for order in _ranked(taker, resting, None):
            if met_at_open(order, bar):
                taker.take(order)
        for order in _ranked(taker, resting, bar):
            if met_in_bar(order, bar):
                taker.take(order)
    return taker.fills


class _Taker:
    """Takes orders in some sequence; one that fills ends its group and uses up the position."""

    def __init__(self, round_: Round, limits_slip: bool) -> None:
        self._round = round_
        self._limits_slip = limits_slip
        self._cover = deepcopy(round_.cover)
        self._groups: set[str] = set()
        self.fills: Fills = {}

    def take(self, order: Order) -> None:
        """Fill what an order may still trade, unless its group has ended."""
        if order.oca is not None and order.oca in self._groups:
            return
        filled = self._round.filled.get(order.id, 0.0)
        ticket = Ticket(order, filled=filled)
        allowed = self._cover.allowed(ticket, self._cover.held(order.symbol))
        units = min(order.quantity - filled, allowed)
        if units <= 0.0:
            return
        price = paid(order, self._round.bar_of(order), self._round.costs, self._limits_slip)
        self.fills[order.id] = (order.side * units, price)
        self._cover.fold(order, order.side * units)
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
        if order.symbol not in round_.bars:
            continue
        began = order.parent is None or round_.cover.left(order, order.parent) > 0.0
        if not began or (order.type not in _PLAIN and order.type not in STOP_LIMITS):
            continue
        if order.type in _PLAIN:
            found.append(order)
        elif order.limit is not None and met_at_open(order, round_.bar_of(order)):
            found.append(as_limit(order))  # from the open on that is what it is
    return found


def _ranked(taker: _Taker, orders: Iterable[Order], bar: Bar | None) -> list[Order]:
    def key(order: Order) -> tuple[int, float]:
        distance = 0.0 if bar is None else abs(level(order) - bar.open)
        return taker.rank(order), 0.0 if isnan(distance) else distance

    return sorted(orders, key=key)
