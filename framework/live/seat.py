"""Seat: one strategy instance of a session, and how its world goes on."""

from __future__ import annotations

__all__ = ["Seat"]

from collections.abc import Mapping

import numpy as np

from framework.backtest.assembly import seated
from framework.backtest.cast import Cast, Player
from framework.domain.bars import Bars
from framework.domain.events import Signal
from framework.engine.desk import Lister
from framework.engine.orders import Door
from framework.engine.station import Station
from framework.errors import ConfigError
from framework.live.endings import rolls_so_far
from framework.live.ground import Ground
from framework.options.option_market import GrowingOptionMarket


class Seat:
    """One strategy instance at work.

    Args:
        player: the instance, its `setup` done.
        cast: all of them.
        door: the one order door.
        ground: what the session sees.
        lister: makes an option tradable.

    Attributes:
        station: its slot with its desk.

    Raises:
        ConfigError: it trades options as they were quoted, which only a backtest knows.
    """

    def __init__(
        self, player: Player, cast: Cast, door: Door, ground: Ground, lister: Lister
    ) -> None:
        slot = self._slot = cast.slot(player)
        self._cast = cast
        self._ground = ground
        self._rates = {symbol: np.asarray(table).tolist() for symbol, table in slot.rates.items()}
        slot.rates = self._rates
        self._options: dict[str, GrowingOptionMarket] = {}
        for underlying, market in slot.options.items():
            if not isinstance(market, GrowingOptionMarket):
                raise ConfigError(
                    "Options as they were quoted are known of the past only.",
                    "Give them a volatility instead of quotes.",
                )
            self._options[underlying] = market
        desk, book = seated(player, slot, door, cast.settings, lister)
        self.station = Station.growing(slot, desk, ground.times, cast.settings.signals, book)
        self._follow_rolls()
        for instant in range(len(ground.times)):
            self.station.note(any(ground.is_fresh(one.symbol, instant) for one in player.bars))
        self._symbols = frozenset(one.symbol for one in player.bars)

    def grow(self, instant: int) -> dict[str, Bars]:
        """Go on to an instant that has just become known; the bars that options then have more."""
        ground = self._ground
        fresh = {
            symbol: ground.lines[symbol].bars
            for symbol in self._symbols
            if ground.is_fresh(symbol, instant)
        }
        options = self._more_options(fresh)
        if fresh:
            self._slot.world.grow({**fresh, **options})
            self._follow_rates(ground.times[instant])
            self._follow_rolls()
        self.station.note(bool(fresh))
        return options

    def tell(self, signal: Signal) -> None:
        """Have the strategy told of a prediction, if it is about one of its symbols."""
        if signal.symbol in self._symbols:
            told = self.station.signals
            told.append(signal)
            ordered = sorted(told, key=lambda one: one.time)
            told.clear()
            told.extend(ordered)

    def _more_options(self, fresh: Mapping[str, Bars]) -> dict[str, Bars]:
        """The bars of options that it trades and that have more."""
        found: dict[str, Bars] = {}
        traded = {one.symbol for one in self._slot.listed}
        for underlying, market in self._options.items():
            if underlying in fresh:
                grown = market.grow(fresh[underlying])
                found |= {symbol: bars for symbol, bars in grown.items() if symbol in traded}
        return found

    def _follow_rates(self, time: int) -> None:
        now = np.array([time], dtype=np.int64)
        for symbol, table in self._rates.items():
            currency = self._slot.instrument(symbol).currency
            table.append(float(self._cast.rates.along(currency, now)[0]))

    def _follow_rolls(self) -> None:
        slot = self._slot
        if any(slot.instrument(symbol).next_contract for symbol in slot.world.symbols):
            slot.rolls = rolls_so_far(slot.world.bars, slot.world.timeline.instants)
