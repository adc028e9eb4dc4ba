"""What a strategy sees of the world: the bars so far of one instrument, and its own account."""

from __future__ import annotations

__all__ = ["COLUMNS", "NO_POSITION_YET", "AccountView", "MarketData"]

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Never

import numpy as np

from framework.domain.bars import Bars, FloatArray
from framework.errors import OrderError
from framework.ports import IndicatorFunction
from framework.series import Axis, Series, computed, refill

COLUMNS = ("open", "high", "low", "close", "volume", "session", "minutes_to_close")
"""Names an indicator's `on=` may use."""

_MINUTE = 60 * 10**9


def _days(bars: Bars) -> FloatArray:
    return bars.session.astype(np.float64)


def _minutes_left(bars: Bars) -> FloatArray:
    left: FloatArray = (bars.session_close - bars.close_time) / _MINUTE
    return left


_COMPUTED = {"session": _days, "minutes_to_close": _minutes_left}
"""Columns that are computed once they are asked for."""


class MarketData:
    """The bars so far of one instrument, as series.

    Attributes:
        symbol, instrument: what it is.
        frame: bar length.
        open, high, low, close, volume: the bars' columns.

    `data["SPY"]` is another subscribed instrument; `data.every("1d")` the completed bars of a
    longer frame, and only those.
    """

    __slots__ = (
        "_another",
        "_axis",
        "_bars",
        "_known",
        "_longer",
        "_made",
        "close",
        "frame",
        "high",
        "instrument",
        "low",
        "open",
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
        self._bars = bars
        self._made: dict[str, Series] = {}
        self._known: dict[tuple[object, ...], Series] | None = None

    @property
    def session(self) -> Series:
        """The trading day of each bar, as days since 1970-01-01."""
        return self._column("session")

    @property
    def minutes_to_close(self) -> Series:
        """Minutes from each bar's close to its session's close."""
        return self._column("minutes_to_close")

    def _column(self, name: str) -> Series:
        if name not in self._made:
            values = _COMPUTED[name](self._bars)
            self._made[name] = Series(values, self._axis, f"{self.symbol}.{name}")
        return self._made[name]

    def grow(self, bars: Bars) -> None:
        """Go on with more bars: the same ones, and those that have closed since."""
        self._bars = bars
        self._axis.length = len(bars)
        for name in ("open", "high", "low", "close", "volume"):
            refill(getattr(self, name), getattr(bars, name))
        for name, series in self._made.items():
            refill(series, _COMPUTED[name](bars))

    @property
    def axis(self) -> Axis:
        """Where its bars lie among the instants."""
        return self._axis

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

    def remember(self) -> None:
        """From here on, compute each indicator of a column once for each set of arguments."""
        self._known = {}

    def indicator(
        self, function: IndicatorFunction, inputs: Sequence[Series], args: Sequence[float]
    ) -> Series:
        """The series `function(*inputs, *args)`."""
        if self._known is None:
            return computed(function, inputs, args)
        key = (function, tuple(map(id, inputs)), tuple(args))
        if key not in self._known:
            made = computed(function, inputs, args)
            if not all(self._is_lasting(series) for series in inputs):
                return made
            self._known[key] = made
        return self._known[key]

    def _is_lasting(self, series: Series) -> bool:
        """Whether a series stays as long as this does: a column, or an indicator known by now."""
        columns = (self.open, self.high, self.low, self.close, self.volume, *self._made.values())
        return any(series is one for one in (*columns, *(self._known or {}).values()))

    def column(self, name: str) -> Series:
        """The series called `name` in `COLUMNS`."""
        series: Series = getattr(self, name)
        return series


class _NoPositionYet:
    """What `position` is while `setup` runs."""

    def __getattr__(self, name: str) -> Never:
        if name.startswith("__"):
            raise AttributeError(name)
        raise OrderError(
            "position was used in setup, before there is any bar.",
            "Use it in on_bar, or the conditions flat, long and short in when(...).",
        )


NO_POSITION_YET: Any = _NoPositionYet()
"""Stands for a position until the run begins."""


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
