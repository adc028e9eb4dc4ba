"""The bars the simulated broker matches against, one tape per instrument."""

from __future__ import annotations

__all__ = ["Bar", "Tape"]

from typing import NamedTuple

import numpy as np

from framework.domain.bars import Bars, IntArray


class Bar(NamedTuple):
    """One bar as the matcher reads it; made only for bars on which an order rests.

    `previous_close` is the close of the bar before, NaN at the first.
    """

    time: int
    session: int
    ends_session: bool
    open: float
    high: float
    low: float
    close: float
    volume: float
    previous_close: float


class Tape:
    """The bars of one instrument along the run's instants.

    Args:
        bars: the bars traded on.
        rows: the last known row at every instant, -1 before the first; None when rows and instants
            are the same.
        finer: bars of a shorter frame that make up `bars`, where the feed has them.
    """

    __slots__ = ("_finer", "_finer_stops", "_rows", "bars", "instrument", "row")

    def __init__(self, bars: Bars, rows: IntArray | None, finer: Bars | None = None) -> None:
        self.bars = bars
        self.instrument = bars.instrument
        self.row = -1
        self._rows = None if rows is None else rows.data
        self._finer = finer
        self._finer_stops = (
            None
            if finer is None
            else np.searchsorted(finer.close_time, bars.close_time, side="right")
        )

    def move(self, instant: int) -> bool:
        """Go to an instant; whether a bar of this instrument closes there."""
        row: int = instant if self._rows is None else self._rows[instant]
        before = -1 if self._rows is None or instant == 0 else self._rows[instant - 1]
        self.row = row
        return row >= 0 and row != before

    def close_by(self, time: int) -> float:
        """The last close known at `time`."""
        row = int(np.searchsorted(self.bars.close_time, time, side="right")) - 1
        return float(self.bars.close[row])

    @property
    def close(self) -> float:
        """The last known close; NaN before the first bar."""
        return float(self.bars.close[self.row]) if self.row >= 0 else float("nan")

    def bar(self) -> Bar:
        """The bar that closes now."""
        return _bar(self.bars, self.row)

    def finer_bars(self) -> list[Bar]:
        """The finer bars inside the bar that closes now; that bar itself where there are none."""
        if self._finer is None or self._finer_stops is None:
            return [self.bar()]
        start = int(self._finer_stops[self.row - 1]) if self.row > 0 else 0
        stop = int(self._finer_stops[self.row])
        return [_bar(self._finer, row) for row in range(start, stop)] or [self.bar()]


def _bar(bars: Bars, row: int) -> Bar:
    time = int(bars.close_time[row])
    return Bar(
        time,
        int(bars.session[row]),
        time >= int(bars.session_close[row]),
        float(bars.open[row]),
        float(bars.high[row]),
        float(bars.low[row]),
        float(bars.close[row]),
        float(bars.volume[row]),
        float(bars.close[row - 1]) if row > 0 else float("nan"),
    )
