"""The clock and the data feed of an adopted strategy: one bar at a time, in the exchange's time."""

from __future__ import annotations

__all__ = ["BarByBar", "ExchangeClock", "Row"]

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import backtrader as bt

_UNITS = {"m": 1, "h": 60, "d": 1, "w": 1}
_TIMEFRAMES = {
    "m": bt.TimeFrame.Minutes,
    "h": bt.TimeFrame.Minutes,
    "d": bt.TimeFrame.Days,
    "w": bt.TimeFrame.Weeks,
}


class Row(NamedTuple):
    """One bar."""

    open: float
    high: float
    low: float
    close: float
    volume: float


class ExchangeClock:
    """Turns our instants into backtrader's and back.

    backtrader keeps times as days since the year 1 without a zone; strategies written for it expect
    the exchange's own time of day in them.

    Args:
        zone: name of the exchange's time zone.
    """

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)

    def local(self, time: int) -> datetime:
        """Nanoseconds UTC as the exchange's naive date and time."""
        seconds, rest = divmod(time, 10**9)
        moment = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=rest // 1000)
        return moment.astimezone(self._zone).replace(tzinfo=None)

    def number(self, time: int) -> float:
        """Nanoseconds UTC as backtrader's number."""
        number: float = bt.date2num(self.local(time))
        return number

    def moment(self, number: float) -> datetime:
        """backtrader's number as an aware time."""
        naive: datetime = bt.num2date(number)
        return naive.replace(tzinfo=self._zone)


class BarByBar(bt.feed.DataBase):  # type: ignore[misc]
    """A data feed of backtrader that is handed each bar when it has closed."""

    def __init__(self) -> None:
        super().__init__()
        self._coming: tuple[float, Row] | None = None

    @classmethod
    def of(cls, symbol: str, frame: str) -> BarByBar:
        """A feed called `symbol` of bars as long as `frame`, such as "5m" or "1d"."""
        unit = frame[-1]
        return cls(  # type: ignore[call-arg]  # its metaclass takes the parameters of a feed
            name=symbol,
            timeframe=_TIMEFRAMES[unit],
            compression=int(frame[:-1]) * _UNITS[unit],
        )

    def give(self, number: float, row: Row) -> None:
        """Let the bar that closed at `number` become the present one."""
        self._coming = number, row
        self.next()

    def _load(self) -> bool | None:
        if self._coming is None:
            return None
        lines = self.lines
        lines.datetime[0], row = self._coming
        lines.open[0], lines.high[0], lines.low[0], lines.close[0], lines.volume[0] = row
        lines.openinterest[0] = 0.0
        self._coming = None
        return True
