"""What the killed sessions sail with: seeded bars of real sessions, and a strategy that counts."""

from __future__ import annotations

__all__ = ["FLEETS", "LOGBOOK", "OPTIONS", "Captain", "Load", "load_of"]

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from framework import Strategy, points
from framework.backtest.roles import Fleet, Role, owned_settings
from framework.backtest.settings import BacktestSettings
from framework.calendar import TradingCalendar, day_of
from framework.components.liquidity import VolumeShare
from framework.components.sizing import PercentOfEquity
from framework.config.plan import plan_of
from framework.config.request import request_of
from framework.config.runfile import validate
from framework.domain.bars import Bars, FloatArray
from framework.domain.events import Fill, OrderUpdate
from framework.domain.instruments import Instrument
from framework.domain.orders import DONE, Order
from framework.session.bridge import Cargo

SYMBOLS = ("KEEL", "MAST")
LOGBOOK: list[list[Any]] = []
"""What every captain has counted when its run ended, its luck first."""

OPTIONS = 1_001
"""The first seed of books of options."""

FLEETS = 2_001
"""The first seed of two captains on one account, who trade the same symbols."""

_BOOKS = ("short_straddle_hedged", "covered_call", "iron_condor", "wheel")
_YEAR = ("2015-01-01", "2015-12-31")
_DAYS, _LATEST = 60, 180
_HALF_HOUR = 1_800 * 10**9
_SESSIONS = ("2024-03-05", "2024-03-12")
_MASK = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Load:
    """Bars, and what trades them."""

    bars: tuple[Bars, ...]
    cargo: Cargo


def _bars_of(seed: int) -> tuple[Bars, ...]:
    """Two made-up stocks in half-hours of six sessions, wild enough for every kind of exit."""
    calendar = TradingCalendar("XNYS")
    days = calendar.sessions_between(day_of(_SESSIONS[0]), day_of(_SESSIONS[1]))
    opens, ends = calendar.session_open_of(days), calendar.session_close_of(days)
    counts = (ends - opens) // _HALF_HOUR
    session = np.repeat(np.arange(len(days)), counts)
    place = np.arange(len(session)) - np.repeat(np.cumsum(counts) - counts, counts)
    found = []
    for number, symbol in enumerate(SYMBOLS):
        source = np.random.PCG64(1_000 * seed + number)
        steps = source.random_raw(len(session) * 4).astype(np.float64) / 2.0**64 - 0.5
        walk = 80.0 * (1 + number) * np.cumprod(1.0 + 0.008 * steps).reshape(-1, 4)
        path: FloatArray = np.round(walk, 2)
        volume = np.floor(200.0 + source.random_raw(len(session)).astype(np.float64) / 2.0**54)
        found.append(
            Bars(
                Instrument(symbol),
                "30m",
                opens[session] + (place + 1) * _HALF_HOUR,
                days[session],
                ends[session],
                path[:, 0].copy(),
                path.max(axis=1),
                path.min(axis=1),
                path[:, -1].copy(),
                volume,
                synthetic=True,
            )
        )
    return tuple(found)


@lru_cache(maxsize=4)
def load_of(seed: int) -> Load:
    """What a seed stands for. In every fourth run a bar takes only a part of an order; from
    `OPTIONS` on books of options sail, which expire; from `FLEETS` on two captains."""
    if seed >= FLEETS:
        return _fleet_of(seed - FLEETS + 1)
    if seed >= OPTIONS:
        return _options_of(seed - OPTIONS)
    liquidity = VolumeShare(0.1) if seed % 4 == 0 else None
    settings = BacktestSettings(sizer=PercentOfEquity(40.0), liquidity=liquidity)
    return Load(_bars_of(seed), Cargo(Captain, {"luck": seed}, settings, None))


def _fleet_of(seed: int) -> Load:
    """Two captains on one account: one on both symbols, one on the second alone."""
    fleet = Fleet(
        (
            Role(Captain, {"luck": seed}, (), 0.5),
            Role(Captain, {"luck": seed + 500}, SYMBOLS[1:], 0.5),
        )
    )
    bars = _bars_of(seed)
    settings = owned_settings(fleet, bars, BacktestSettings(sizer=PercentOfEquity(40.0)))
    return Load(bars, Cargo(fleet, {}, settings, None))


def _options_of(number: int) -> Load:
    """A strategy that comes along, on its own sample, from another day each time."""
    name = _BOOKS[number % len(_BOOKS)]
    content: dict[str, object] = {
        "strategy": name,
        "data": {"from": _YEAR[0], "to": _YEAR[1]},
    }
    plan = plan_of(request_of(validate(content, "kill9", {})))
    first = number // len(_BOOKS) * 7 % _LATEST
    bars = tuple(one.take(first, first + _DAYS) for one in plan.market.bars)
    return Load(bars, Cargo(plan.found.cls, plan.parameters, plan.settings, None))


class Captain(Strategy):
    """Does anything an order can live through, by counters of its own: one report more or less, or
    in another order, and everything after it comes out otherwise."""

    universe = True
    luck: int = 1

    def setup(self) -> None:
        """Counters: the state of a wheel of fortune, and what was counted."""
        self.wheel = (0x9E3779B97F4A7C15 * (self.luck + 1)) & _MASK
        self.bars_seen = 0
        self.fills_seen = 0
        self.units_seen = 0.0
        self.ends_seen: dict[str, int] = {}
        self.mine: dict[str, Order] = {}

    def on_bar(self) -> None:
        """One decision for each symbol."""
        self.bars_seen += 1
        for symbol in self.symbols:
            self._decide(symbol)

    def on_fill(self, fill: Fill) -> None:
        """Count it; now and then act upon it at once."""
        self.fills_seen += 1
        self.units_seen += fill.quantity
        if self._turn(8) == 0 and fill.order.parent is None:
            price = self._price(fill.symbol, -0.01 if fill.quantity < 0 else 0.01)
            closes = self.sell if fill.quantity > 0 else self.buy
            self._keep(closes(1.0, limit=price, tif="GTC", symbol=fill.symbol))

    def on_order(self, update: OrderUpdate) -> None:
        """Count how orders end."""
        if update.status in DONE:
            status = update.status.value
            self.ends_seen[status] = self.ends_seen.get(status, 0) + 1
            self.mine.pop(update.order.id, None)
            self._turn(3)

    def on_stop(self) -> None:
        """Leave the logbook behind."""
        others = [one for one in LOGBOOK if one[0] != self.luck]
        own = [
            self.luck, self.wheel, self.bars_seen, self.fills_seen, self.units_seen,
            sorted(self.ends_seen.items()), sorted(self.mine),
        ]  # fmt: skip
        LOGBOOK[:] = [*others, own]

    # parts -----------------------------------------------------------------------------------

    def _decide(self, symbol: str) -> None:
        held = self.positions_of(symbol)
        waiting = [one for one in self.mine.values() if one.symbol == symbol]
        if waiting and self._turn(3) == 0:
            self._meddle(waiting[self._turn(len(waiting))])
        elif held == 0.0 and not waiting:
            self._enter(symbol)
        elif held != 0.0:
            self._handle(symbol, held)

    def _enter(self, symbol: str) -> None:
        close = self.data[symbol].close[-1]
        width = points(round(close * 0.004, 2))
        wide = points(round(close * 0.006, 2))
        match self._turn(9):
            case 0:
                self.go_long(stop_loss=width, take_profit=wide, symbol=symbol)
            case 1:
                self.go_short(stop_loss=width, take_profit=wide, symbol=symbol)
            case 2:
                self.go_long(trail=width, symbol=symbol)
            case 3:
                self.go_short(trail=wide, stop_loss=self._price(symbol, 0.01), symbol=symbol)
            case 4:
                self._keep(
                    self.buy(100.0, limit=self._price(symbol, -0.001), tif="GTC", symbol=symbol)
                )
            case 5:
                self._keep(
                    self.sell(80.0, limit=self._price(symbol, 0.001), stop_loss=wide, symbol=symbol)
                )
            case 6:
                self._keep(
                    self.buy(
                        120.0,
                        stop=self._price(symbol, 0.001),
                        stop_loss=width,
                        take_profit=wide,
                        symbol=symbol,
                    )
                )
            case 7:
                self._keep(
                    self.bracket(
                        "sell", 90.0, stop_loss=width, take_profit=width, symbol=symbol, tif="GTC"
                    )
                )
            case _:
                pass

    def _handle(self, symbol: str, held: float) -> None:
        match self._turn(12):
            case 0:
                self.close(symbol)
            case 1:
                turn = self.go_short if held > 0.0 else self.go_long
                turn(stop_loss=points(0.4), take_profit=points(0.7), symbol=symbol)
            case 2:
                stay = self.go_long if held > 0.0 else self.go_short
                away = -0.003 if held > 0.0 else 0.003
                stay(stop_loss=self._price(symbol, away), symbol=symbol)
            case 3:
                away = 0.001 if held > 0.0 else -0.001
                exits = self.sell if held > 0.0 else self.buy
                half = max(1.0, abs(held) // 2)
                self._keep(exits(half, limit=self._price(symbol, away), symbol=symbol))
            case 4:
                self.cancel_all(symbol)
            case _:
                pass

    def _meddle(self, order: Order) -> None:
        price = order.limit if order.limit is not None else order.stop
        if price is None or self._turn(2) == 0:
            self.cancel(order)
            return
        moved = round(price * (1.0 + (self._turn(5) - 2) * 0.0005), 2)
        if order.limit is not None:
            self.modify(order, limit=moved)
        else:
            self.modify(order, stop=moved)

    def _keep(self, order: object) -> None:
        if isinstance(order, Order):
            self.mine[order.id] = order

    def positions_of(self, symbol: str) -> float:
        """Units held."""
        return sum(one.quantity for one in self.positions if one.symbol == symbol)

    def _price(self, symbol: str, away: float) -> float:
        return round(self.data[symbol].close[-1] * (1.0 + away), 2)

    def _turn(self, sides: int) -> int:
        self.wheel = (self.wheel * 6364136223846793005 + 1442695040888963407) & _MASK
        return (self.wheel >> 33) % sides
