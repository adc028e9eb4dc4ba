"""The made-up market: minute bars of any day from the seed alone, whatever was asked before.

A day's bar comes with its block of `paths` and its minutes are made when somebody looks, so that
a day is exactly what its minutes add up to, and years of days cost nothing.
"""

from __future__ import annotations

__all__ = ["FIRST_DAY", "MINUTE", "Maker", "SyntheticSource"]

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from framework.calendar import DAY, day_of
from framework.domain.bars import Bars, FloatArray, IntArray
from framework.domain.instruments import Instrument
from framework.emulator.market.grid import on_grid
from framework.emulator.market.paths import (
    BLOCK,
    MINUTES,
    Days,
    days_of_block,
    minutes_of_day,
    ratio,
    shares,
)
from framework.emulator.market.randomness import stream, uniform
from framework.emulator.market.sources import Stretch, joined

FIRST_DAY = day_of("1990-01-01")
"""Before it nothing ever traded."""

MINUTE = 60 * 10**9
"""Nanoseconds of a bar."""

_DAYS_KEPT = 256
"""Days of minutes remembered over all symbols: some 25 MB."""
_BLOCKS_KEPT = 64
_YEAR = 365.0
_CLOSES = np.arange(1, MINUTES + 1, dtype=np.int64) * MINUTE


@dataclass(frozen=True, slots=True)
class Maker:
    """What the prices of one symbol are made from.

    Attributes:
        instrument: whose bars are made; without expiry they never end.
        driver: name of the path it follows; symbols of one driver move together.
        price: its usual price.
        volatility: of the driver, a year.
        carry: how much dearer than the driver it is for each year to its expiry.
        volume: units on a usual day.
    """

    instrument: Instrument
    driver: str
    price: float
    volatility: float
    carry: float = 0.0
    volume: float = 1e6


class SyntheticSource:
    """Minute bars of made-up symbols, open at all hours; a trading day is a UTC day.

    Args:
        makers: what to make, in subscription order.
        seed: of everything.
    """

    def __init__(self, makers: Sequence[Maker], seed: int) -> None:
        self._makers = {maker.instrument.symbol: maker for maker in makers}
        self._seed = seed
        self._blocks: OrderedDict[tuple[str, int], Days] = OrderedDict()
        self._minutes: OrderedDict[tuple[str, int], Stretch] = OrderedDict()

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """What it has bars of by key, in subscription order."""
        return {key: maker.instrument for key, maker in self._makers.items()}

    def frame(self, key: str) -> int:
        """Nanoseconds of a bar."""
        return MINUTE

    def first(self, key: str) -> int:
        """When its first bar opened."""
        return FIRST_DAY * DAY

    def block(self, key: str, time: int) -> Stretch:
        """The rest of the day after `time`; none after the expiry."""
        day = max(time // DAY, FIRST_DAY)
        return self.session(key, day).closing(time, (day + 1) * DAY)

    def before(self, key: str, time: int, count: int) -> Stretch:
        """The last `count` bars that close at `time` or before."""
        expiry = self._makers[key].instrument.expiry
        end = time if expiry is None else min(time, (expiry + 1) * DAY)
        found = self.between(key, end - count * MINUTE, end)
        return found.take(max(0, len(found) - count), len(found))

    def between(self, key: str, start: int, stop: int) -> Stretch:
        """Bars with start < close <= stop."""
        first = max(start // DAY, FIRST_DAY)
        last = max((stop - 1) // DAY, first)
        days = [self.session(key, day) for day in range(first, last + 1)]
        return joined(days).closing(start, stop)

    def session(self, key: str, session: int) -> Stretch:
        """Bars of one day; none before the first and after the expiry."""
        maker = self._makers[key]
        known = self._minutes.get((key, session))
        if known is not None:
            self._minutes.move_to_end((key, session))
            return known
        expiry = maker.instrument.expiry
        if session < FIRST_DAY or (expiry is not None and session > expiry):
            return self.session(key, FIRST_DAY).take(0, 0)
        found = self._minutes[key, session] = self._made(maker, session)
        if len(self._minutes) > _DAYS_KEPT:
            self._minutes.popitem(last=False)
        return found

    def days(self, key: str, first: int, last: int, *, regular: bool) -> Bars:
        """One bar for each day first..last, what its minutes add up to."""
        maker = self._makers[key]
        expiry = maker.instrument.expiry
        stop = (last if expiry is None else min(last, expiry)) + 1
        days = np.arange(max(first, FIRST_DAY), max(stop, first, FIRST_DAY), dtype=np.int64)
        opened, high, low, close = (
            _priced(maker, column, days) for column in self._scale(maker, days)
        )
        ends = (days + 1) * DAY
        return Bars(
            instrument=maker.instrument,
            frame="1d",
            close_time=ends,
            session=days,
            session_close=ends.copy(),
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=self._volumes(maker, days),
            synthetic=True,
        )

    def _made(self, maker: Maker, day: int) -> Stretch:
        one = np.array([day], dtype=np.int64)
        bounds = tuple(float(column[0]) for column in self._scale(maker, one))
        columns = minutes_of_day(self._seed, maker.driver, day, maker.volatility, bounds)
        opened, high, low, close = (_priced(maker, column, one) for column in columns)
        closes = day * DAY + _CLOSES
        volume = float(self._volumes(maker, one)[0])
        bars = Bars(
            instrument=maker.instrument,
            frame="1m",
            close_time=closes,
            session=np.full(MINUTES, day, dtype=np.int64),
            session_close=np.full(MINUTES, (day + 1) * DAY, dtype=np.int64),
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=shares(self._seed, maker.instrument.symbol, day, volume),
            synthetic=True,
        )
        return Stretch(bars, closes - MINUTE)

    def _scale(self, maker: Maker, days: IntArray) -> list[FloatArray]:
        """Opens, highs, lows and closes of days on the driver's scale."""
        blocks, places = np.divmod(days, BLOCK)
        names = ("open", "high", "low", "close")
        columns = [np.empty(len(days)) for _ in names]
        for number in np.unique(blocks).tolist():
            inside = blocks == number
            block = self._block(maker, number)
            for column, name in zip(columns, names, strict=True):
                column[inside] = getattr(block, name)[places[inside]]
        return columns

    def _block(self, maker: Maker, number: int) -> Days:
        key = (maker.driver, number)
        found = self._blocks.get(key)
        if found is None:
            found = days_of_block(self._seed, maker.driver, number, maker.volatility)
            self._blocks[key] = found
            if len(self._blocks) > _BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        return found

    def _volumes(self, maker: Maker, days: IntArray) -> FloatArray:
        """Units traded on each day: half to one and a half times the usual."""
        blocks, places = np.divmod(days, BLOCK)
        found = np.empty(len(days))
        for number in np.unique(blocks).tolist():
            inside = blocks == number
            drawn = uniform(stream(self._seed, maker.instrument.symbol, "active", number), BLOCK)
            found[inside] = np.floor((0.5 + drawn[places[inside]]) * maker.volume)
        return found


def _priced(maker: Maker, scale: FloatArray, days: IntArray) -> FloatArray:
    """Prices for the scale of days, or of the moments of one day, on the instrument's grid."""
    price = np.full(len(days), maker.price)
    if maker.instrument.expiry is not None:
        price *= 1.0 + maker.carry * (maker.instrument.expiry - days) / _YEAR
    tick = maker.instrument.tick
    return np.maximum(on_grid(ratio(scale) * price, tick), tick)
