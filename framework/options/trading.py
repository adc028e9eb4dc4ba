"""Options: what a strategy sees of the options on an instrument, and how it trades them.

    chain = self.options.chain()
    short = straddle(chain, chain.expiry_at_least(30), strike)
    self.options.buy(short)

A combo is traded leg by leg, each leg an order of its own; they leave at the same instant, what is
bought before what is sold.
"""

from __future__ import annotations

__all__ = ["Options"]

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from framework.domain.bars import FloatArray
from framework.domain.events import Refused
from framework.domain.instruments import AssetType, Instrument
from framework.domain.ledger import Position
from framework.domain.options import BookGreeks
from framework.domain.orders import Order, Protection, Side
from framework.errors import ConfigError, DataError, StrategyError, did_you_mean
from framework.options import builder
from framework.options.chain import OptionChain
from framework.options.combos import Combo, Leg
from framework.options.option_market import OptionMarket
from framework.options.payoff import payoff_of
from framework.ports import Desk


class Options:
    """The options on one instrument, as they are now.

    `options["SPY"]` are those on another subscribed instrument.

    Args:
        symbol: the instrument.
        markets: list and price options, by underlying.
        row: the present row of an instrument's bars, -1 before its first.
        desk: the way to the order door.
    """

    def __init__(
        self,
        symbol: str,
        markets: Mapping[str, OptionMarket],
        row: Callable[[str], int],
        desk: Callable[[], Desk],
    ) -> None:
        self._symbol = symbol
        self._markets = markets
        self._market = markets[symbol]
        self._row = row
        self._desk = desk
        self._traded: dict[str, Instrument] = {}
        self._others: dict[str, Options] = {}

    def __getitem__(self, symbol: str) -> Options:
        if symbol == self._symbol:
            return self
        if symbol not in self._markets:
            raise DataError(f"{symbol!r} is not subscribed.", did_you_mean(symbol, self._markets))
        if symbol not in self._others:
            self._others[symbol] = Options(symbol, self._markets, self._row, self._desk)
        return self._others[symbol]

    # what there is --------------------------------------------------------------------------

    def chain(self) -> OptionChain:
        """What is listed now. What expires today is not: it could not be traded any more."""
        return self._market.chain(self._now())

    def on(self) -> builder.Sentence:
        """Begin a combo: `self.options.on().expiring(in_days=45).sell(put, delta=-0.16)...`."""
        return builder.on(self.chain(), spot=self._spot(), deltas=self.deltas)

    def price(self, what: Instrument | Combo) -> float:
        """What a contract is worth now, or what a combo costs: < 0 is received."""
        if isinstance(what, Combo):
            return float(np.dot(what.weights, [self._value(leg) for leg in what.legs]))
        return float(self._market.prices((what,), self._now())[0])

    def deltas(self, contracts: Sequence[Instrument]) -> FloatArray:
        """Deltas per unit of the underlying, in the order of the contracts."""
        return self._market.deltas(tuple(contracts), self._now())

    def greeks(self, what: Instrument | Combo) -> BookGreeks:
        """Greeks of one contract or one combo, multipliers included."""
        found = BookGreeks()
        for leg in _legs(what):
            found = found.plus(self._unit(leg.instrument), leg.ratio)
        return found

    # what is held ---------------------------------------------------------------------------

    @property
    def positions(self) -> tuple[Position, ...]:
        """What is held of the options, in the order they were first traded in."""
        held = (self.position(one) for one in self._traded.values())
        return tuple(position for position in held if not position.is_flat)

    @property
    def is_flat(self) -> bool:
        """Whether none is held, and no order for one works."""
        return not self.positions and not any(
            order.symbol in self._traded for order in self._desk().working(None)
        )

    def position(self, contract: Instrument) -> Position:
        """What is held of one contract."""
        if contract.symbol not in self._traded:
            return Position(contract.symbol, multiplier=contract.multiplier)
        return self._desk().position(contract.symbol)

    # verbs ----------------------------------------------------------------------------------

    def buy(self, what: Instrument | Combo, quantity: int = 1) -> tuple[Order | Refused, ...]:
        """Buy contracts or combos at the market; one answer for each leg, purchases first."""
        return self._trade(what, quantity, 1)

    def sell(self, what: Instrument | Combo, quantity: int = 1) -> tuple[Order | Refused, ...]:
        """Sell contracts or combos at the market; one answer for each leg, purchases first."""
        return self._trade(what, quantity, -1)

    def close(self, contract: Instrument | None = None) -> None:
        """Cancel what works in a contract and close what is held of it; of all without one."""
        wanted = self._traded.values() if contract is None else (contract,)
        for one in wanted:
            if one.symbol in self._traded:
                self._desk().reach(one.symbol, None, Protection())

    def quantity(self, what: Instrument | Combo) -> int:
        """How many the run's sizer would buy, whole ones.

        Raises:
            ConfigError: the sizer cannot size options.
        """
        price, vega = self.price(what), self.greeks(what).vega
        if isinstance(what, Combo):
            instrument, most = what.instrument(), _most_to_lose(what, price)
        else:
            instrument, most = what, price * what.multiplier
        return int(self._desk().units(instrument, self._symbol, abs(price), most, vega))

    def _trade(
        self, what: Instrument | Combo, quantity: int, way: int
    ) -> tuple[Order | Refused, ...]:
        if isinstance(quantity, bool) or not (isinstance(quantity, int) and quantity > 0):
            raise ConfigError(f"{quantity!r} combos cannot be traded.", "Give a whole number.")
        answers = []
        for leg in sorted(_legs(what), key=lambda leg: -leg.ratio * way):
            if leg.is_option:
                self._check_alive(leg.instrument)
                self._market.listing(leg.instrument, self._now())
                self._desk().admit(leg.instrument)
                self._traded[leg.instrument.symbol] = leg.instrument
            side = Side.BUY if leg.ratio * way > 0 else Side.SELL
            units = float(abs(leg.ratio) * quantity)
            answers.append(self._desk().market(leg.instrument.symbol, side, units))
        return tuple(answers)

    # parts ----------------------------------------------------------------------------------

    def _now(self) -> int:
        row = self._row(self._symbol)
        if row < 0:
            raise StrategyError(
                "Options were asked about before there is any bar.", "Use them in on_bar."
            )
        return row

    def _check_alive(self, contract: Instrument) -> None:
        """Refuse a contract whose last bar has closed: no order of it could trade any more."""
        bars, row = self._market.bars, self._now()
        last = int(bars.session[row]) == contract.expiry
        if last and bars.close_time[row] >= bars.session_close[row]:
            raise DataError(
                f"{contract.symbol} expires at this very close and can be traded no more.",
                "Pick one of chain().expiries.",
            )

    def _spot(self) -> float:
        return float(self._market.bars.close[self._now()])

    def _value(self, leg: Leg) -> float:
        if not leg.is_option:
            return self._spot()
        return float(self._market.prices((leg.instrument,), self._now())[0])

    def _unit(self, instrument: Instrument) -> BookGreeks:
        if instrument.type is not AssetType.OPTION:
            return BookGreeks(delta=instrument.multiplier)
        return self._market.greeks(instrument, self._now())


def _most_to_lose(combo: Combo, price: float) -> float | None:
    """Money a buyer of a combo can lose at most; None for one that expires on several days."""
    if len(combo.expiries) > 1:
        return None
    return payoff_of(combo).max_loss(price) * combo.multiplier


def _legs(what: Instrument | Combo) -> tuple[Leg, ...]:
    return what.legs if isinstance(what, Combo) else (Leg(what, 1),)
