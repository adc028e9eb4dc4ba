"""History: the run's instants, and every instrument's bars so far as seen from each of them."""

from __future__ import annotations

__all__ = ["SymbolHistory", "Timeline", "World"]

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from framework.axis import Axis, Recorder
from framework.domain.bars import Bars, FloatArray, IntArray
from framework.errors import DataError, LookaheadError, StrategyError, did_you_mean
from framework.ports import IndicatorFunction
from framework.series import whole
from framework.views import MarketData

Resample = Callable[[Bars, str, int], Bars]
"""Bars, a longer frame and the last instant known, to the bars of that frame."""


class Timeline:
    """The instants at which some bar closes, and which row of each instrument is known then.

    Args:
        bars: one per symbol, in subscription order.

    Attributes:
        instants: nanoseconds UTC, strictly increasing, shape (K,).
        session: trading day of each, as days since 1970-01-01, shape (K,).
        first: index of the first instant at which every instrument that has bars has one.
    """

    __slots__ = ("_rows", "_symbols", "first", "instants", "session")

    def __init__(self, bars: Sequence[Bars]) -> None:
        first = bars[0]
        self._symbols = [one.symbol for one in bars]
        if all(_same(first.close_time, other.close_time) for other in bars[1:]):
            self.instants: IntArray = first.close_time
            self._rows: dict[str, IntArray] | None = None
            self.first = 0
            self.session: IntArray = first.session
            for one in bars[1:]:
                if not _same(self.session, one.session):
                    self.session = np.maximum(self.session, one.session)
        else:
            self.instants = np.unique(np.concatenate([one.close_time for one in bars]))
            self._rows = {one.symbol: self.rows_of(one.close_time) for one in bars}
            latest = max((int(one.close_time[0]) for one in bars if len(one)), default=0)
            self.first = int(np.searchsorted(self.instants, latest))
            self.session = np.full(len(self.instants), np.iinfo(np.int64).min)
            for one in bars:
                at = np.searchsorted(self.instants, one.close_time)
                self.session[at] = np.maximum(self.session[at], one.session)
        if len(self.session) > 1 and not (self.session[1:] >= self.session[:-1]).all():
            self.session = np.maximum.accumulate(self.session)

    @property
    def rows(self) -> Mapping[str, IntArray]:
        """By symbol, the row known at each instant, -1 before the first."""
        if self._rows is None:
            self._rows = dict.fromkeys(self._symbols, np.arange(len(self.instants)))
        return self._rows

    def rows_of(self, close_time: IntArray) -> IntArray:
        """For every instant, the last row closed by then; -1 before the first."""
        if close_time is self.instants:
            return np.arange(len(close_time))
        return np.searchsorted(close_time, self.instants, side="right").astype(np.int64) - 1

    def is_whole(self, symbol: str) -> bool:
        """Whether this instrument has a bar at every instant, so that rows and instants agree."""
        if self._rows is None:
            return True
        rows = self._rows[symbol]
        return bool(len(rows)) and rows[0] == 0 and rows[-1] == len(rows) - 1


def _same(one: IntArray, other: IntArray) -> bool:
    return one is other or np.array_equal(one, other)


class SymbolHistory:
    """The History port over one instrument: what components may ask about the past.

    Args:
        data: the instrument's bars.
        cache: indicator values by function, arguments and columns, shared by the run.
    """

    __slots__ = ("_cache", "_data")

    def __init__(self, data: MarketData) -> None:
        self._data = data
        self._cache: dict[tuple[object, ...], FloatArray] = {}

    def forget(self) -> None:
        """Forget the values computed so far: the columns have grown."""
        self._cache.clear()

    def last(self, count: int, column: str = "close") -> FloatArray:
        """The last `count` values of a column, oldest first; fewer if there are fewer."""
        return self._data.column(column).last(count)

    def value(self, function: IndicatorFunction, *args: float, on: Sequence[str]) -> float:
        """Present value of `function(*columns, *args)`; computed once a run, NaN in warm-up.

        Raises:
            LookaheadError: if the value changes when the future is cut off.
        """
        key = (function, args, tuple(on))
        row = len(self._data) - 1
        if key not in self._cache:
            columns = [whole(self._data.column(name)) for name in on]
            values = np.asarray(function(*columns, *args), dtype=np.float64)
            known = np.asarray(function(*(c[: row + 1] for c in columns), *args))
            if not np.allclose(known[-1:], values[row : row + 1], 1e-9, 0.0, equal_nan=True):
                name = getattr(function, "__name__", repr(function))
                raise LookaheadError(
                    f"{name} changes when the future is cut off.",
                    "Use only values up to the present row.",
                )
            self._cache[key] = values
        return float(self._cache[key][row])


class World:
    """What one strategy sees: its instruments on the instants of its own bars.

    Args:
        bars: subscribed bars, the strategy's own instrument first.
        resample: makes the bars of longer frames.
        timeline: theirs, where it is known already.
        grows: whether there will be more of them.

    Attributes:
        histories: what components may ask about the past, by symbol.
        is_asked_late: whether bars of another frame were asked for once the world was closed.
        markets: every instrument's bars, by symbol.
    """

    __slots__ = (
        "_axes",
        "_bars",
        "_is_closed",
        "_longer",
        "_markets",
        "_now",
        "_own",
        "_resample",
        "histories",
        "is_asked_late",
        "markets",
        "timeline",
    )

    def __init__(
        self,
        bars: Sequence[Bars],
        resample: Resample,
        timeline: Timeline | None = None,
        *,
        grows: bool = False,
    ) -> None:
        self.timeline = timeline or Timeline(bars)
        self._resample = resample
        self._bars = {one.symbol: one for one in bars}
        self._own = bars[0].symbol if len(bars) == 1 else ""
        self._now = Axis(len(self.timeline.instants))
        self._now.recorder = Recorder() if grows else None
        self._axes: list[tuple[Axis, memoryview]] = []
        self._is_closed = False
        self.is_asked_late = False
        self._longer: dict[tuple[str, str], MarketData] = {}
        self._markets = {one.symbol: self._market(one, one.symbol) for one in bars}
        self.markets: Mapping[str, MarketData] = self._markets
        self.histories = {s: SymbolHistory(data) for s, data in self._markets.items()}

    @property
    def symbols(self) -> tuple[str, ...]:
        """Subscribed symbols, in order, and then the options admitted."""
        return tuple(self._bars)

    @property
    def bars(self) -> tuple[Bars, ...]:
        """The bars of these symbols."""
        return tuple(self._bars.values())

    @property
    def data(self) -> MarketData:
        """The first instrument's bars."""
        return next(iter(self._markets.values()))

    @property
    def now(self) -> int:
        """Index of the present instant on the timeline; -1 before the first."""
        return self._now.row

    @property
    def axis(self) -> Axis:
        """The axis of the instants; its row is the present one."""
        return self._now

    def admit(self, bars: Bars) -> None:
        """Let it be seen from here on how an option trades."""
        symbol = bars.symbol
        self._bars[symbol] = bars
        self._markets[symbol] = self._market(bars, symbol)
        self.histories[symbol] = SymbolHistory(self._markets[symbol])

    def remember(self) -> None:
        """Compute each indicator of a column once, for all strategies that see this world."""
        for data in self._markets.values():
            data.remember()

    def close(self) -> bool:
        """Let nobody ask for bars of another frame from here on; whether nobody has, so that
        moving the axis of the instants moves everything."""
        self._is_closed = True
        return not self._axes

    def move(self, instant: int) -> None:
        """Make this instant (index into the timeline) the present."""
        self._now.row = instant
        for axis, rows in self._axes:
            axis.row = rows[instant]

    def grow(self, bars: Mapping[str, Bars]) -> None:
        """Go on with more bars of some of the symbols, all of which close at the same instant.

        What has been made from them grows with them, so that whoever holds a series, or a
        condition, holds it still.
        """
        self._bars.update(bars)
        self.timeline = Timeline(self.bars)
        self._now.length = len(self.timeline.instants)
        self._axes.clear()
        for symbol, data in self._markets.items():
            self._follow(data, self._bars[symbol])
        for (symbol, frame), data in self._longer.items():
            self._follow(data, self._of_frame(symbol, frame))
        for history in self.histories.values():
            history.forget()
        if self._now.recorder is not None:
            self._now.recorder.renew()

    def _follow(self, data: MarketData, bars: Bars) -> None:
        """Let a market go on with more bars."""
        data.grow(bars)
        if data.axis is not self._now:
            rows = self.timeline.rows_of(bars.close_time)
            data.axis.rows = rows
            self._axes.append((data.axis, rows.data))

    def cut(self, instants: int) -> World:
        """A fresh world that ends after the first `instants` instants."""
        end = self.timeline.instants[instants - 1]
        kept = [
            one.take(0, int(np.searchsorted(one.close_time, end, side="right")))
            for one in self._bars.values()
        ]
        return World(kept, self._resample)

    def tail(self, first: int) -> World:
        """A fresh world that begins with the instant of index `first`."""
        start = self.timeline.instants[first]
        kept = [
            one.take(int(np.searchsorted(one.close_time, start, side="left")), len(one))
            for one in self._bars.values()
        ]
        return World(kept, self._resample)

    def _market(self, bars: Bars, symbol: str) -> MarketData:
        if self._is_along(bars):
            return MarketData(bars, self._now, self._another, self._every)
        rows = self.timeline.rows_of(bars.close_time)
        axis = Axis(len(bars), rows, self._now)
        self._axes.append((axis, rows.data))
        if self._now.row >= 0:
            axis.row = int(rows[self._now.row])
        return MarketData(bars, axis, self._another, self._every)

    def _is_along(self, bars: Bars) -> bool:
        """Whether a bar closes at every instant, and will at those to come."""
        if self._now.recorder is None:
            return _same(self.timeline.instants, bars.close_time)
        return bars is self._bars.get(self._own)

    def _of_frame(self, symbol: str, frame: str) -> Bars:
        instants = self.timeline.instants
        last = int(instants[-1]) if len(instants) else 0
        return self._resample(self._bars[symbol], frame, last)

    def _another(self, symbol: str) -> MarketData:
        if symbol not in self._markets:
            raise DataError(f"{symbol!r} is not subscribed.", did_you_mean(symbol, self._markets))
        return self._markets[symbol]

    def _every(self, symbol: str, frame: str) -> MarketData:
        key = (symbol, frame)
        if key not in self._longer:
            if self._is_closed:
                self.is_asked_late = True
                raise StrategyError(
                    f"The bars of {frame} were asked for after setup.", "Ask for them in setup."
                )
            self._longer[key] = self._market(self._of_frame(symbol, frame), symbol)
        return self._longer[key]
