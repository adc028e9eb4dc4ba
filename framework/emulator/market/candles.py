"""Candles: bars of the past as messages carry them."""

from __future__ import annotations

__all__ = ["candle", "candles"]

from framework.emulator.market.buckets import HistoryBar
from framework.emulator.market.history import HistoryAnswer
from framework.emulator.market.times import bar_date
from framework.emulator.protocol.answer_history import Candle


def candles(answer: HistoryAnswer, format_date: int, version: int, zone: str) -> tuple[Candle, ...]:
    """An answer's bars; see `bar_date` for how their dates are written."""
    return tuple(candle(bar, answer.daily, format_date, version, zone) for bar in answer.bars)


def candle(bar: HistoryBar, daily: bool, format_date: int, version: int, zone: str) -> Candle:
    """One bar."""
    date = bar_date(bar.time, daily=daily, format_date=format_date, version=version, zone=zone)
    return Candle(date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.wap, bar.trades)
