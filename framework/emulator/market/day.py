"""Day: what a ticker shows of the trading day so far."""

from __future__ import annotations

__all__ = ["Day"]

from math import isnan, nan
from typing import NamedTuple

from framework.emulator.market.segment import Segment


class Day(NamedTuple):
    """A trading day so far; NaN where nothing traded yet.

    Attributes:
        session: which day; -1 before the first.
        open, high, low, close: of regular hours.
        close_time: when the last regular piece ended.
        volume: of all hours.
        previous_close, previous_time: the last regular close of a day before, and when it was.
    """

    session: int = -1
    open: float = nan
    high: float = nan
    low: float = nan
    close: float = nan
    close_time: int = 0
    volume: float = 0.0
    previous_close: float = nan
    previous_time: int = 0

    def after(self, piece: Segment) -> Day:
        """With one more bar, or a part of one."""
        day = self
        if piece.session != self.session:
            last = (self.previous_close, self.previous_time)
            if not isnan(self.close):
                last = (self.close, self.close_time)
            day = Day(piece.session, previous_close=last[0], previous_time=last[1])
        volume = day.volume + piece.volume
        if not piece.regular:
            return day._replace(volume=volume)
        begun = not isnan(day.open)
        return Day(
            day.session,
            day.open if begun else piece.open,
            max(day.high, piece.high) if begun else piece.high,
            min(day.low, piece.low) if begun else piece.low,
            piece.close,
            piece.time,
            volume,
            day.previous_close,
            day.previous_time,
        )
