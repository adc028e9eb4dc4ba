"""Growing bars: the bars of one instrument while they become known one by one."""

from __future__ import annotations

__all__ = ["BarRow", "GrowingBars", "row_of"]

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from framework.domain.bars import Bars, BoolArray, FloatArray, IntArray

_ROOM = 1024
"""Rows made room for beyond those known; room doubles when it is full."""


class BarRow(NamedTuple):
    """One bar, without its close: that is the instant it becomes known at.

    `session` is its trading day as days since 1970-01-01, `session_close` the nanoseconds UTC at
    which that closes, `regular` whether it lies in regular trading hours.
    """

    session: int
    session_close: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    regular: bool = True


def row_of(bars: Bars, row: int) -> BarRow:
    """One row of known bars."""
    return BarRow(
        int(bars.session[row]),
        int(bars.session_close[row]),
        float(bars.open[row]),
        float(bars.high[row]),
        float(bars.low[row]),
        float(bars.close[row]),
        float(bars.volume[row]),
        bars.regular is None or bool(bars.regular[row]),
    )


class GrowingBars:
    """The bars of one instrument so far; the first never goes.

    Args:
        past: those known already, maybe none.

    Attributes:
        bars: all of them. Those handed out before stay as they were.
    """

    __slots__ = ("_extended", "_prices", "_regular", "_times", "bars")

    def __init__(self, past: Bars) -> None:
        self.bars = past
        self._extended = past.regular is not None
        self._times = np.empty((3, 0), dtype=np.int64)
        self._prices = np.empty((5, 0))
        self._regular = np.empty(0, dtype=bool)

    def append(self, time: int, row: BarRow) -> None:
        """Take in a bar that closes at `time`, nanoseconds UTC."""
        count = len(self.bars)
        if count >= len(self._regular):
            self._make_room(count)
        self._times[:, count] = time, row.session, row.session_close
        self._prices[:, count] = row.open, row.high, row.low, row.close, row.volume
        self._regular[count] = row.regular
        self._extended = self._extended or not row.regular
        self.bars = self._view(count + 1)

    def _make_room(self, count: int) -> None:
        bars, room = self.bars, 2 * count + _ROOM
        times: IntArray = np.zeros((3, room), dtype=np.int64)
        prices: FloatArray = np.zeros((5, room))
        regular: BoolArray = np.ones(room, dtype=bool)
        times[:, :count] = bars.close_time, bars.session, bars.session_close
        prices[:, :count] = bars.open, bars.high, bars.low, bars.close, bars.volume
        if bars.regular is not None:
            regular[:count] = bars.regular
        self._times, self._prices, self._regular = times, prices, regular

    def _view(self, count: int) -> Bars:
        close_time, session, session_close = self._times[:, :count]
        opened, high, low, close, volume = self._prices[:, :count]
        return replace(
            self.bars,
            close_time=close_time,
            session=session,
            session_close=session_close,
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=volume,
            regular=self._regular[:count] if self._extended else None,
        )
