"""BarsFeed: our bars as a data feed of backtrader."""

from __future__ import annotations

__all__ = ["BarsFeed", "number_of"]

from datetime import datetime, timedelta

import backtrader as bt

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # backtrader keeps UTC without a zone


def number_of(time: int) -> float:
    """Nanoseconds UTC as backtrader's number of days."""
    number: float = bt.date2num(naive_of(time))
    return number


def naive_of(time: int) -> datetime:
    """Nanoseconds UTC as the naive datetime backtrader works with; it knows microseconds."""
    return _EPOCH + timedelta(microseconds=time // 1000)


class BarsFeed(bt.feed.DataBase):  # type: ignore[misc]
    """Bars given one by one, each stamped with the instant at which it closes.

    Parameter `bars`: the bars, a `framework.domain.bars.Bars`.
    """

    params = (("bars", None),)

    def start(self) -> None:
        """Begin with the first row."""
        super().start()
        bars = self.p.bars
        times = [number_of(time) for time in bars.close_time.tolist()]
        columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
        self._rest = zip(times, *(column.tolist() for column in columns), strict=True)

    def _load(self) -> bool:
        row = next(self._rest, None)
        if row is None:
            return False
        lines = self.lines
        lines.datetime[0], lines.open[0], lines.high[0], lines.low[0] = row[:4]
        lines.close[0], lines.volume[0] = row[4:]
        lines.openinterest[0] = 0.0
        return True
