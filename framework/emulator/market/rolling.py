"""Rolling: the bar of now and those to come, from the segments the market sends."""

from __future__ import annotations

__all__ = ["Rolling"]

import numpy as np

from framework.calendar import DAY
from framework.domain.instruments import Instrument
from framework.emulator.market.buckets import Buckets, HistoryBar, dates_of
from framework.emulator.market.durations import BarSize
from framework.emulator.market.segment import Segment
from framework.emulator.market.sides import shown_as


class Rolling:
    """Bars of one size of one instrument, kept up to date.

    Args:
        instrument: which.
        size: of the bars.
        buckets: which bar a segment belongs to; None of bars of a day or longer.
        last: the bar of now, of trades.
        what: is shown.
        spread: width of an option's quote as a part of its price.
    """

    def __init__(
        self,
        instrument: Instrument,
        size: BarSize,
        buckets: Buckets | None,
        last: HistoryBar,
        what: str,
        spread: float,
    ) -> None:
        self._instrument = instrument
        self._size = size
        self._buckets = buckets
        self._bar = last
        self._what = what
        self._spread = spread
        self._regular = False
        self._seen = last.time
        self._stop = last.time

    def only_regular(self, regular: bool) -> Rolling:
        """Whether to leave out what lies outside regular hours."""
        self._regular = regular
        return self

    @property
    def bar(self) -> HistoryBar:
        """The bar of now, as it is shown."""
        return shown_as([self._bar], self._what, self._instrument, self._spread)[0]

    def fold(self, segment: Segment) -> HistoryBar | None:
        """The bar of now with one more segment; None for one that does not count."""
        if self._regular and not segment.regular:
            return None
        time = self._time(segment)
        bar = self._bar
        if self._name(time) != self._name(bar.time):
            average = (segment.open + segment.high + segment.low + segment.close) / 4.0
            prices = (segment.open, segment.high, segment.low, segment.close)
            self._bar = HistoryBar(time, *prices, segment.volume, round(average, 6), 1)
            return self.bar
        volume = bar.volume + segment.volume
        wap = bar.wap
        if volume > 0.0:
            typical = (segment.open + segment.high + segment.low + segment.close) / 4.0
            wap = round((bar.wap * bar.volume + typical * segment.volume) / volume, 6)
        self._bar = HistoryBar(
            time,
            bar.open,
            max(bar.high, segment.high),
            min(bar.low, segment.low),
            segment.close,
            volume,
            wap,
            bar.trades + 1,
        )
        return self.bar

    def _time(self, segment: Segment) -> int:
        """The time of the bar a segment belongs to."""
        if self._buckets is None:
            return segment.session * DAY
        if self._bar.time < segment.time <= self._stop:
            return self._bar.time
        one = np.array([segment.time]), np.array([segment.session])
        start = int(self._buckets.starts(*one)[0])
        self._stop = start + self._size.length
        return start

    def _name(self, time: int) -> int:
        """What bars of one time have in common."""
        if self._buckets is not None:
            return time
        return int(dates_of(np.array([time // DAY]), self._size)[0])
