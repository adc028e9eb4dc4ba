"""Quotes: what somebody pays and takes for an instrument now, and what its day looks like."""

from __future__ import annotations

__all__ = ["NONE", "Snapshot", "half_spread", "option_snapshot", "sizes", "snapshot"]

from dataclasses import dataclass
from math import isnan
from zlib import crc32

from framework.domain.instruments import AssetType, Instrument
from framework.emulator.market.day import Day
from framework.emulator.market.grid import snapped
from framework.emulator.market.randomness import mixed
from framework.emulator.market.segment import Segment

NONE = -1.0
"""What TWS says where there is no price."""

_UNITS = {
    AssetType.STOCK: 100.0,
    AssetType.FUTURE: 3.0,
    AssetType.FOREX: 500_000.0,
    AssetType.CRYPTO: 0.5,
}
"""Size steps of quotes; 1 of everything else."""
_STEPS = 20
"""Sizes go up to so many steps."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The quote of one instrument. A price that is not there is -1, an option's bid of nothing 0.

    Attributes:
        key: the instrument's symbol.
        time: nanoseconds UTC of the last trade.
        bid, ask, bid_size, ask_size: best prices and what is there.
        last, last_size: last trade; of an option the model's price, which trades nothing.
        volume: units traded today.
        open, high, low: of today's regular hours.
        previous_close: of the day before.
        halted: whether trading is halted.
    """

    key: str
    time: int
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    last: float
    last_size: float
    volume: float
    open: float
    high: float
    low: float
    previous_close: float
    halted: bool = False

    @property
    def middle(self) -> float:
        """Between bid and ask; the last price where one of them is missing."""
        return 0.5 * (self.bid + self.ask) if self.bid >= 0.0 and self.ask > 0.0 else self.last


def snapshot(instrument: Instrument, last: Segment, day: Day) -> Snapshot:
    """A quote of two ticks around the last price; none of an index, nor before the first trade."""
    bid = ask = NONE
    sized = (0.0, 0.0)
    if not isnan(last.close) and instrument.type is not AssetType.INDEX:
        tick = instrument.tick_at(last.close)
        middle = snapped(last.close, tick)
        bid, ask = snapped(middle - tick, tick), snapped(middle + tick, tick)
        sized = sizes(instrument, last.time)
    return _shown(instrument, last, day, bid, ask, sized)


def half_spread(instrument: Instrument, price: float, option_spread: float) -> float:
    """From the middle to the bid or the ask: a tick; of an option half of `option_spread` of its
    price, and at least a tick."""
    tick = instrument.tick_at(price)
    if instrument.option is None:
        return tick
    return max(tick, snapped(0.5 * option_spread * price, tick))


def option_snapshot(instrument: Instrument, last: Segment, day: Day, spread: float) -> Snapshot:
    """A quote around the model's price, as wide as `spread` of it, and at least two ticks."""
    price = last.close
    if isnan(price):
        return _shown(instrument, last, day, NONE, NONE, (0.0, 0.0))
    tick = instrument.tick_at(price)
    half = half_spread(instrument, price, spread)
    middle = snapped(price, tick)
    bid, ask = snapped(middle - half, tick), snapped(middle + half, tick)
    sized = sizes(instrument, last.time)
    return _shown(instrument, last, day, bid, ask, sized)


def sizes(instrument: Instrument, time: int) -> tuple[float, float]:
    """How much is bid for and offered at a time, always the same."""
    salt = crc32(instrument.symbol.encode())
    unit = _UNITS.get(instrument.type, 1.0)
    drawn = mixed(time, salt)
    return unit * (1 + drawn % _STEPS), unit * (1 + (drawn >> 20) % _STEPS)


def _shown(
    instrument: Instrument,
    last: Segment,
    day: Day,
    bid: float,
    ask: float,
    sized: tuple[float, float],
) -> Snapshot:
    worthless = bid != NONE and bid <= 0.0
    return Snapshot(
        key=instrument.symbol,
        time=last.time,
        bid=0.0 if worthless else bid,
        ask=ask,
        bid_size=0.0 if worthless else sized[0],
        ask_size=sized[1],
        last=_there(last.close),
        last_size=last.volume,
        volume=day.volume,
        open=_there(day.open),
        high=_there(day.high),
        low=_there(day.low),
        previous_close=_there(day.previous_close),
    )


def _there(price: float) -> float:
    return NONE if isnan(price) else price
