"""Bars as the broker tells them, to bars of Slipway's: each by the instant it is complete."""

from __future__ import annotations

__all__ = ["BarSeen", "bars_from", "closed_at", "seen_bars", "what_to_show"]

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite

import numpy as np

from framework.brokers.ib.frames import Frame
from framework.brokers.ib.library import IbBar
from framework.brokers.ib.times import nanoseconds, utc
from framework.calendar import DAY, TradingCalendar
from framework.domain.bars import Bars, PriceBasis
from framework.domain.instruments import AssetType, Instrument
from framework.errors import DataError

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class BarSeen:
    """One bar of one instrument.

    Attributes:
        symbol: instrument.
        close_time: nanoseconds UTC at which it is complete.
        session: its trading day, as days since 1970-01-01.
        session_close: nanoseconds UTC at which that ends.
        open, high, low, close, volume: as traded; volume 0 where there is none.
        regular: whether it lies in regular hours.
    """

    symbol: str
    close_time: int
    session: int
    session_close: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    regular: bool = True


def what_to_show(instrument: Instrument, prices: PriceBasis) -> str:
    """The broker's name of the prices wanted.

    Raises:
        DataError: the broker does not keep them.
    """
    if prices is PriceBasis.RAW:
        raise DataError(
            f"{instrument.symbol}: the broker's history is adjusted for splits.",
            "Ask for prices: split, or total.",
        )
    if prices is PriceBasis.TOTAL and instrument.type is AssetType.STOCK:
        return "ADJUSTED_LAST"
    if instrument.type is AssetType.FOREX:
        return "MIDPOINT"
    return "AGGTRADES" if instrument.type is AssetType.CRYPTO else "TRADES"


def closed_at(bar: IbBar, frame: Frame, calendar: TradingCalendar, zone: str) -> tuple[int, int]:
    """When a bar is complete, and the trading day it belongs to."""
    if not isinstance(bar.date, datetime):
        day = bar.date.toordinal() - _EPOCH_ORDINAL
        session = np.array([day], dtype=np.int64)
        if not calendar.is_session(session)[0]:
            return (day + 1) * DAY, day
        return int(calendar.session_close_of(session)[0]), day
    start = nanoseconds(utc(bar.date, zone))
    if frame.is_daily:
        session = calendar.session_of(np.array([start + 1], dtype=np.int64))
        return int(calendar.session_close_of(session)[0]), int(session[0])
    session = calendar.session_of(np.array([start + 1], dtype=np.int64))
    opened = int(calendar.session_open_of(session)[0])
    closed = int(calendar.session_close_of(session)[0])
    end = start + frame.length
    inside = opened <= start < closed
    return (min(end, closed) if inside else end), int(session[0])


def seen_bars(
    instrument: Instrument, frame: Frame, bars: Iterable[IbBar], zone: str, rth: bool = False
) -> list[BarSeen]:
    """Bars of an answer or a subscription, oldest first; what has no price is left out.

    Args:
        instrument: whose.
        frame: of the bars.
        bars: as the broker tells them.
        zone: of times without one.
        rth: whether only regular hours were asked for: then the broker says which those are, and
            not the calendar.
    """
    calendar = TradingCalendar(instrument.calendar)
    found: dict[int, BarSeen] = {}
    for bar in bars:
        prices = (float(bar.open), float(bar.high), float(bar.low), float(bar.close))
        if not all(isfinite(price) for price in prices) or min(prices) <= 0.0:
            continue
        close_time, day = closed_at(bar, frame, calendar, zone)
        session = np.array([day], dtype=np.int64)
        ends = (day + 1) * DAY
        if calendar.is_session(session)[0]:
            ends = int(calendar.session_close_of(session)[0])
        regular = rth or bool(calendar.in_session(np.array([close_time], dtype=np.int64))[0])
        volume = max(0.0, float(bar.volume))
        found[close_time] = BarSeen(
            instrument.symbol, close_time, day, ends, *prices, volume, regular
        )
    return [found[close_time] for close_time in sorted(found)]


def bars_from(
    instrument: Instrument, frame: Frame, seen: Sequence[BarSeen], prices: PriceBasis, rth: bool
) -> Bars:
    """Bars as columns."""

    def column(name: str, kind: type[np.int64] | type[np.float64]) -> np.ndarray:
        return np.array([getattr(bar, name) for bar in seen], dtype=kind)

    regular = column("regular", np.int64).astype(np.bool_)
    return Bars(
        instrument=instrument,
        frame=frame.name,
        close_time=column("close_time", np.int64),
        session=column("session", np.int64),
        session_close=column("session_close", np.int64),
        open=column("open", np.float64),
        high=column("high", np.float64),
        low=column("low", np.float64),
        close=column("close", np.float64),
        volume=column("volume", np.float64),
        prices=prices,
        regular=None if rth or regular.all() else regular,
    )
