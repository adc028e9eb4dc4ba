"""Acceptance: new orders wait for the next bar, which takes those that cash would pay for."""

from __future__ import annotations

__all__ = ["Acceptance"]

from collections.abc import Callable
from math import isnan

from framework.brokers.simulated.funds import Funds
from framework.brokers.simulated.resting import Resting
from framework.domain.ledger import Ledger
from framework.domain.orders import DONE, OrderStatus

Tell = Callable[[Resting, OrderStatus, str], None]


class Acceptance:
    """The orders that have come in since the last bar.

    They are taken in the order they came, each as if the ones before it had traded at the price
    they were made at. What cash would not pay for is rejected; cash stays as low as that left it.

    Args:
        ledger: the broker's book.
        funds: what there is to pay with.
        tell: tells a new state of an order.
        end: ends one that is not.
    """

    __slots__ = ("_end", "_funds", "_ledger", "_tell", "_waiting")

    def __init__(self, ledger: Ledger, funds: Funds, tell: Tell, end: Tell) -> None:
        self._ledger = ledger
        self._funds = funds
        self._tell = tell
        self._end = end
        self._waiting: list[tuple[Resting, OrderStatus]] = []

    def add(self, resting: Resting, status: OrderStatus) -> None:
        """Keep a new order for the next bar; `status` is what acceptance makes it."""
        self._tell(resting, OrderStatus.SENT, "")
        self._waiting.append((resting, status))

    def decide(self) -> None:
        """Accept or reject everything that waits."""
        if not self._waiting:
            return
        cash = self._funds.cash()
        held = {symbol: one.quantity for symbol, one in self._ledger.positions.items()}
        for resting, status in self._waiting:
            if resting.status in DONE:
                continue
            order = resting.order
            price = _made_at(resting)
            cash = self._funds.after(order, cash, held[order.symbol], price)
            held[order.symbol] += order.side * order.quantity
            if cash >= 0.0:
                self._tell(resting, status, "")
            else:
                self._end(resting, OrderStatus.REJECTED, "cash would not pay for it")
        self._waiting.clear()


def _made_at(resting: Resting) -> float:
    """The order's stop, else its limit, else the close it was decided at."""
    for price in (resting.stop, resting.limit):
        if not isnan(price):
            return price
    return resting.order.decision_price
