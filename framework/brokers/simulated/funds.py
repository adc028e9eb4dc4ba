"""Funds: the cash an account can pay with, and what a position takes out of it."""

from __future__ import annotations

__all__ = ["Funds"]

from collections.abc import Callable, Mapping
from math import copysign

from framework.brokers.simulated.policy import FillPolicy
from framework.domain.instruments import AssetType, Instrument
from framework.domain.ledger import Ledger
from framework.domain.orders import Order

Fee = Callable[[Order, float, float], float]
"""The fee of trading so many signed units of an order's instrument at a price."""


class Funds:
    """Cash as settled: less the stake of what is held, futures marked to their last settlement.

    stake = average price x units / leverage for what is owned; minus its proceeds for what is sold
    short, or, where those are held back, the same as for what is owned; margin x units / leverage
    for a future.

    Args:
        ledger: the broker's book.
        instruments: by symbol.
        policy: fill policy; its `short_proceeds` counts here.
        leverage: money's worth of positions for each unit of money.
        fee: what trading costs.
    """

    __slots__ = ("_fee", "_instruments", "_ledger", "_leverage", "_marks", "_policy")

    def __init__(
        self,
        ledger: Ledger,
        instruments: Mapping[str, Instrument],
        policy: FillPolicy,
        leverage: float,
        fee: Fee,
    ) -> None:
        self._ledger = ledger
        self._instruments = instruments
        self._policy = policy
        self._leverage = leverage
        self._fee = fee
        self._marks: dict[str, float] = {}

    def settle(self, closes: Mapping[str, float]) -> None:
        """Settle futures at these closes, those before the bar that is about to be traded."""
        self._marks = dict(closes)

    def mark(self, symbol: str, price: float) -> None:
        """Settle a future at the price at which more of it was opened."""
        self._marks[symbol] = price

    def cash(self) -> float:
        """Money that can be paid with now."""
        total = self._ledger.cash
        for symbol, position in self._ledger.positions.items():
            if position.is_flat:
                continue
            instrument = self._instruments[symbol]
            mark = position.average_price
            if instrument.type is AssetType.FUTURE:
                mark = self._marks.get(symbol, mark)
            total += position.value(mark)
            total -= self.stake(instrument, position.quantity, position.average_price)
        return total

    def stake(self, instrument: Instrument, quantity: float, price: float) -> float:
        """Money bound by `quantity` signed units opened at `price`; < 0 for proceeds."""
        if instrument.type is AssetType.FUTURE:
            return abs(quantity) * (instrument.initial_margin or 1.0) / self._leverage
        value = quantity * instrument.multiplier * price
        if quantity >= 0.0:
            return value / self._leverage
        return value if self._policy.short_proceeds == "free" else -value / self._leverage

    def covers(self, order: Order, opening: float, price: float) -> bool:
        """Whether cash pays for opening so many signed units at `price`, fee included."""
        stake = self.stake(self._instruments[order.symbol], opening, price)
        return self.cash() - stake - self._fee(order, opening, price) >= 0.0

    def after(self, order: Order, cash: float, held: float, price: float) -> float:
        """Cash once all of an order has traded at `price`, given cash and signed units before it.

        What it closes counts as if it had been opened at that price as well.
        """
        quantity = order.side * order.quantity
        closed = 0.0
        if held * quantity < 0.0:
            closed = copysign(min(abs(held), abs(quantity)), quantity)
        instrument = self._instruments[order.symbol]
        for part, change in ((closed, 1.0), (quantity - closed, -1.0)):
            if part != 0.0:
                signed = -part if change > 0.0 else part
                cash += change * self.stake(instrument, signed, price)
                cash -= self._fee(order, part, price)
        return cash
