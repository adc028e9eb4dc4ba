"""What a strategy sees of the world: the bars so far of one instrument, and its own account."""

from __future__ import annotations

__all__ = ["COLUMNS", "AccountView", "MarketData"]

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from framework.domain.bars import Bars
from framework.series import Axis, Series

COLUMNS = ("open", "high", "low", "close", "volume", "session", "minutes_to_close")
"""Names an indicator's `on=` may use."""

_MINUTE = 60 * 10**9


class MarketData:
    """The bars so far of one instrument, as series.

    Attributes:
        symbol, instrument: what it is.
        frame: bar length.
        open, high, low, close, volume: the bars' columns.
        session: the trading day of each bar, as days since 1970-01-01.
        minutes_to_close: minutes from each bar's close to its session's close.

    `data["SPY"]` is another subscribed instrument; `data.every("1d")` the completed bars of a
    longer frame, and only those.
    """

    __slots__ = (
        "_another",
        "_axis",
        "_longer",
        "close",
        "frame",
        "high",
        "instrument",
        "low",
        "minutes_to_close",
        "open",
        "session",
        "symbol",
        "volume",
    )

    def __init__(
        self,
        bars: Bars,
        axis: Axis,
        another: Callable[[str], MarketData],
        longer: Callable[[str, str], MarketData],
    ) -> None:
        self.symbol = bars.symbol
        self.instrument = bars.instrument
        self.frame = bars.frame
        self._axis = axis
        self._another = another
        self._longer = longer
        self.open = Series(bars.open, axis, f"{bars.symbol}.open")
        self.high = Series(bars.high, axis, f"{bars.symbol}.high")
        self.low = Series(bars.low, axis, f"{bars.symbol}.low")
        self.close = Series(bars.close, axis, f"{bars.symbol}.close")
        self.volume = Series(bars.volume, axis, f"{bars.symbol}.volume")
        session = bars.session.astype(np.float64)
        self.session = Series(session, axis, f"{bars.symbol}.session")
        left = (bars.session_close - bars.close_time) / _MINUTE
        self.minutes_to_close = Series(left, axis, f"{bars.symbol}.minutes_to_close")

    def __getitem__(self, symbol: str) -> MarketData:
        return self._another(symbol)

    def __len__(self) -> int:
        return self._axis.row + 1

    def every(self, frame: str) -> MarketData:
        """The completed bars of a longer frame such as "1h" or "1d"."""
        return self._longer(self.symbol, frame)

    @property
    def is_fresh(self) -> bool:
        """Whether a bar closed at this very instant; False while the last one is carried on."""
        rows, now = self._axis.rows, self._axis.instants.row
        if rows is None:
            return now >= 0
        if now < 0:
            return False
        return bool(rows[now] >= 0 and (now == 0 or rows[now] != rows[now - 1]))

    def column(self, name: str) -> Series:
        """The series called `name` in `COLUMNS`."""
        series: Series = getattr(self, name)
        return series


@dataclass(frozen=True, slots=True)
class AccountView:
    """The strategy's own ledger now.

    Attributes:
        cash: cash.
        equity: cash plus positions at the last closes.
        buying_power: what may still be bought, working orders deducted.
        commission: fees paid so far.
    """

    cash: float
    equity: float
    buying_power: float
    commission: float
