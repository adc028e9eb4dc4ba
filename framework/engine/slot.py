"""Slot: one strategy instance at work, with its own world, ledger and order numbering."""

from __future__ import annotations

__all__ = ["Slot", "TimeStop"]

from collections.abc import Sequence
from dataclasses import dataclass, field

from framework.domain.instruments import Instrument
from framework.domain.ledger import Ledger
from framework.engine.history import World
from framework.ports import Hooks
from framework.series import When


@dataclass(frozen=True, slots=True)
class TimeStop:
    """A position to be closed after so many bars.

    Attributes:
        symbol: instrument.
        row: row of the instrument's bar at which it is due.
    """

    symbol: str
    row: int


@dataclass(slots=True, eq=False)
class Slot:
    """One strategy instance.

    Attributes:
        name: prefix of its order ids.
        hooks: what the engine calls.
        whens: its conditions and verbs, in order.
        wants_bars: whether it has an `on_bar` of its own.
        world: what it sees.
        ledger: its own book.
        share: part of its equity one instrument may use.
        trading: False before the run's start; verbs are then refused.
        blocked: why no new risk may be taken, empty while it may.
        orders: number of orders it has made; continues the numbering.
        orders_today: orders let out this session.
        entries: by symbol, ids of the orders that opened what is held.
        time_stops: positions waiting for their last bar.
    """

    name: str
    hooks: Hooks
    whens: Sequence[When]
    wants_bars: bool
    world: World
    ledger: Ledger
    share: float
    trading: bool = False
    blocked: str = ""
    orders: int = 0
    orders_today: int = 0
    entries: dict[str, list[str]] = field(default_factory=dict)
    time_stops: list[TimeStop] = field(default_factory=list)

    def next_id(self) -> str:
        """A new order id."""
        self.orders += 1
        return f"{self.name}-{self.orders}"

    def peek_id(self) -> str:
        """The id the next order will have."""
        return f"{self.name}-{self.orders + 1}"

    def instrument(self, symbol: str) -> Instrument:
        """The instrument called `symbol`."""
        return self.world.markets[symbol].instrument

    def price(self, symbol: str) -> float:
        """Last known close; NaN before the first bar."""
        data = self.world.markets[symbol]
        return data.close[-1] if len(data) else float("nan")

    def prices(self) -> dict[str, float]:
        """Last known closes of everything subscribed."""
        return {symbol: self.price(symbol) for symbol in self.world.markets}

    def equity(self) -> float:
        """Equity of its own ledger at the last known closes."""
        return self.ledger.equity(self.prices())
