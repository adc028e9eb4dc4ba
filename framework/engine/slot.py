"""Slot: one strategy instance at work, with its own world, ledger and order numbering."""

from __future__ import annotations

__all__ = ["Slot", "TimeStop"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import nan
from typing import TYPE_CHECKING

from framework.domain.bars import FloatArray
from framework.domain.instruments import Instrument
from framework.domain.ledger import Ledger
from framework.domain.options import Quote
from framework.domain.orders import Side
from framework.engine.history import World
from framework.engine.rolling import Roll
from framework.ports import Hooks
from framework.series import When

if TYPE_CHECKING:
    from framework.options.option_market import OptionMarket


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
        struck: why nothing may be ordered any more, empty while it may: the kill switch was used.
        orders: number of orders it has made; continues the numbering.
        orders_today: orders let out this session.
        entries: by symbol, ids of the orders that opened what is held.
        time_stops: positions waiting for their last bar.
        rates: by symbol of another currency than the account's, what a unit of its currency is
            worth at each instant of the slot's own timeline.
        rolls: by index on that timeline, contracts whose positions move to the next one.
        options: the option markets, by underlying.
        listed: options it can trade, in the order they were asked for.
        hedges: by symbol, signed units that hedge orders and deliveries have left.
        hedge_cost: money hedging has cost this session.
        hedge_with: symbol its options are hedged with; None where that is their underlying.
        quotes: by symbol, best prices of this moment, where a session knows them.
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
    struck: str = ""
    orders: int = 0
    orders_today: int = 0
    entries: dict[str, list[str]] = field(default_factory=dict)
    time_stops: list[TimeStop] = field(default_factory=list)
    rates: Mapping[str, FloatArray | list[float]] = field(default_factory=dict)
    rolls: Mapping[int, Sequence[Roll]] = field(default_factory=dict)
    options: Mapping[str, OptionMarket] = field(default_factory=dict)
    listed: list[Instrument] = field(default_factory=list)
    hedges: dict[str, float] = field(default_factory=dict)
    hedge_cost: float = 0.0
    hedge_with: str | None = None
    quotes: Mapping[str, Quote] = field(default_factory=dict)

    def next_id(self) -> str:
        """A new order id."""
        self.orders += 1
        return f"{self.name}-{self.orders}"

    def peek_id(self) -> str:
        """The id the next order will have."""
        return f"{self.name}-{self.orders + 1}"

    def show(self, symbol: str) -> None:
        """Let the strategy see what it holds now, if that is its first instrument."""
        if symbol == self.world.data.symbol:
            self.hooks.position = self.ledger.positions[symbol]

    def instrument(self, symbol: str) -> Instrument:
        """The instrument called `symbol`."""
        return self.world.markets[symbol].instrument

    def price(self, symbol: str) -> float:
        """Last known close; NaN before the first bar."""
        data = self.world.markets[symbol]
        return data.close[-1] if len(data) else nan

    def market(self, symbol: str, side: Side) -> float | None:
        """The best price of the other side now: the ask for a buy, the bid for a sale; None where
        no quote is known."""
        quote = self.quotes.get(symbol)
        if quote is None:
            return None
        return quote.ask if side is Side.BUY else quote.bid

    def volume(self, symbol: str) -> float:
        """Units traded in the last bar; 0 before the first, or where it is not known."""
        data = self.world.markets[symbol]
        return data.volume[-1] if len(data) else 0.0

    def rate(self, symbol: str) -> float:
        """Units of the account's currency for one unit of the instrument's."""
        if not self.rates:
            return 1.0
        table = self.rates.get(self._priced_as(symbol))
        return 1.0 if table is None else float(table[self.world.now])

    def is_foreign(self, symbol: str) -> bool:
        """Whether an instrument is in another currency than the account's."""
        return bool(self.rates) and self._priced_as(symbol) in self.rates

    def _priced_as(self, symbol: str) -> str:
        """The symbol whose currency an instrument has: an option's underlying, or itself."""
        option = self.instrument(symbol).option
        return symbol if option is None else option.underlying

    def valued(self, symbol: str) -> Instrument:
        """The instrument with its multiplier in the account's currency, as sizers and risk rules
        are told of it: price x multiplier is then money of the account."""
        instrument, rate = self.instrument(symbol), self.rate(symbol)
        if rate == 1.0:
            return instrument
        return replace(instrument, multiplier=instrument.multiplier * rate)

    def multipliers(self) -> dict[str, float]:
        """Money of the account per price point of a unit, of everything subscribed."""
        markets = self.world.markets
        if self.rates:
            return {symbol: self.valued(symbol).multiplier for symbol in markets}
        return {symbol: data.instrument.multiplier for symbol, data in markets.items()}

    def equity(self) -> float:
        """Equity of its own ledger at the last known closes."""
        return self.ledger.equity_at(self._money if self.rates else self.price)

    def _money(self, symbol: str) -> float:
        """Last known close in the account's currency."""
        return self.price(symbol) * self.rate(symbol)
