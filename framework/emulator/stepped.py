"""Stepped: the bars of a backtest, and the options on them, as tapes for a market in lockstep."""

from __future__ import annotations

__all__ = ["Stepped"]

from collections.abc import Mapping, Sequence

from framework.brokers.simulated.tape import Tape
from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.engine.history import Timeline
from framework.errors import ConfigError
from framework.options.contracts import option_terms
from framework.options.market import ModelMarket
from framework.options.model import OptionModel
from framework.options.quotes import QuoteModel


class Stepped:
    """What trades, whole bars at a time.

    Args:
        bars: one per symbol, in subscription order.
        options: how options on them are listed and priced; None for none.

    Attributes:
        timeline: the instants at which some bar closes.

    Raises:
        ConfigError: options are priced from quotes, which nobody can be sent yet.
    """

    def __init__(self, bars: Sequence[Bars], options: OptionModel | QuoteModel | None) -> None:
        if isinstance(options, QuoteModel):
            raise ConfigError(
                "The options of this run are priced from quotes of your own.",
                "The emulator prices options from a volatility: --volatility 0.2.",
            )
        self._bars = tuple(bars)
        self._model = options
        self._markets: dict[str, ModelMarket] = {}
        self.timeline = Timeline(bars)

    @property
    def listed_by(self) -> Mapping[str, OptionModel]:
        """By symbol, how its options are listed and priced."""
        if self._model is None:
            return {}
        return {one.symbol: self._model for one in self._bars}

    def tapes(self) -> list[Tape]:
        """A new tape for each symbol."""
        return [self._tape(one) for one in self._bars]

    def _tape(self, bars: Bars) -> Tape:
        whole = self.timeline.is_whole(bars.symbol)
        return Tape(bars, None if whole else self.timeline.rows[bars.symbol])

    def option(self, contract: Instrument, instant: int) -> Tape:
        """A tape of an option that comes to be traded, priced as a backtest prices it.

        Args:
            contract: which.
            instant: index of the present instant.
        """
        symbol = option_terms(contract).underlying
        market = self._market(symbol)
        row = int(self.timeline.rows[symbol][max(0, instant)])
        found = market.listing(contract, max(0, row)).bars
        return Tape(found, self.timeline.rows_of(found.close_time))

    def _market(self, symbol: str) -> ModelMarket:
        if symbol not in self._markets:
            bars = next(one for one in self._bars if one.symbol == symbol)
            assert self._model is not None, "a run without options lists none"
            self._markets[symbol] = ModelMarket(bars, self._model)
        return self._markets[symbol]
