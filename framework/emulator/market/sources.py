"""Where a market's bars come from: the made-up market, or bars somebody has."""

from __future__ import annotations

__all__ = ["BarsSource", "Source", "Stretch", "folded", "joined"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from framework.calendar import DAY, TradingCalendar
from framework.domain.bars import Bars, IntArray
from framework.domain.instruments import Instrument
from framework.errors import DataError
from framework.feeds.resample import parse_frame

_ROWS = 2048
"""Bars handed over at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Bars and when each of them opened, nanoseconds UTC, shape (n,)."""

    bars: Bars
    opens: IntArray

    def __len__(self) -> int:
        return len(self.opens)

    def take(self, start: int, stop: int) -> Stretch:
        """Rows start..stop-1."""
        return Stretch(self.bars.take(start, stop), self.opens[start:stop])

    def closing(self, start: int, stop: int) -> Stretch:
        """Those with start < close <= stop."""
        low, high = np.searchsorted(self.bars.close_time, [start, stop], side="right")
        return self.take(int(low), int(high))

    def regular(self) -> Stretch:
        """Those in regular hours."""
        kept = self.bars.regular
        if kept is None:
            return self
        return Stretch(replace(self.bars.where(kept), regular=None), self.opens[kept])


class Source(Protocol):
    """Bars of everything that has its own; options follow their underlying."""

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """What it has bars of by key, in subscription order."""
        ...

    def frame(self, key: str) -> int:
        """Nanoseconds of a bar."""
        ...

    def first(self, key: str) -> int:
        """When its first bar opened."""
        ...

    def block(self, key: str, time: int) -> Stretch:
        """The next bars that close after `time`, a bounded number; none at the end."""
        ...

    def before(self, key: str, time: int, count: int) -> Stretch:
        """The last `count` bars that close at `time` or before, or what there is."""
        ...

    def between(self, key: str, start: int, stop: int) -> Stretch:
        """Bars with start < close <= stop."""
        ...

    def session(self, key: str, session: int) -> Stretch:
        """Bars of one trading day."""
        ...

    def days(self, key: str, first: int, last: int, *, regular: bool) -> Bars:
        """One bar for each session first..last, of regular hours or of all."""
        ...


class BarsSource:
    """Bars that are all there from the beginning.

    Args:
        series: one for each symbol.

    Raises:
        DataError: no bars, bars longer than a day, or two of one symbol.
    """

    def __init__(self, series: Sequence[Bars]) -> None:
        if not series:
            raise DataError("The market has no bars.", "Give at least one symbol's.")
        self._all: dict[str, Stretch] = {}
        self._frames: dict[str, int] = {}
        self._days: dict[tuple[str, bool], Bars] = {}
        for bars in series:
            if bars.symbol in self._all:
                raise DataError(f"The market has two series of {bars.symbol}.", "Leave one out.")
            frame = self._frames[bars.symbol] = _length(bars)
            self._all[bars.symbol] = Stretch(bars, _opens(bars, frame))

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """What it has bars of by key."""
        return {key: stretch.bars.instrument for key, stretch in self._all.items()}

    def frame(self, key: str) -> int:
        """Nanoseconds of a bar."""
        return self._frames[key]

    def first(self, key: str) -> int:
        """When its first bar opened."""
        return int(self._all[key].opens[0])

    def block(self, key: str, time: int) -> Stretch:
        """The next bars that close after `time`."""
        start = self._row(key, time)
        return self._all[key].take(start, start + _ROWS)

    def before(self, key: str, time: int, count: int) -> Stretch:
        """The last `count` bars that close at `time` or before."""
        stop = self._row(key, time)
        return self._all[key].take(max(0, stop - count), stop)

    def between(self, key: str, start: int, stop: int) -> Stretch:
        """Bars with start < close <= stop."""
        return self._all[key].closing(start, stop)

    def session(self, key: str, session: int) -> Stretch:
        """Bars of one trading day."""
        sessions = self._all[key].bars.session
        low, high = np.searchsorted(sessions, [session, session + 1])
        return self._all[key].take(int(low), int(high))

    def days(self, key: str, first: int, last: int, *, regular: bool) -> Bars:
        """One bar for each session first..last."""
        if (key, regular) not in self._days:
            whole = self._all[key]
            self._days[key, regular] = folded((whole.regular() if regular else whole).bars)
        found = self._days[key, regular]
        low, high = np.searchsorted(found.session, [first, last + 1])
        return found.take(int(low), int(high))

    def _row(self, key: str, time: int) -> int:
        return int(np.searchsorted(self._all[key].bars.close_time, time, side="right"))


def joined(stretches: Sequence[Stretch]) -> Stretch:
    """Stretches of one symbol, one after the other; at least one."""
    if len(stretches) == 1:
        return stretches[0]
    first, parts = stretches[0].bars, [one.bars for one in stretches]
    bars = replace(
        first,
        close_time=np.concatenate([part.close_time for part in parts]),
        session=np.concatenate([part.session for part in parts]),
        session_close=np.concatenate([part.session_close for part in parts]),
        open=np.concatenate([part.open for part in parts]),
        high=np.concatenate([part.high for part in parts]),
        low=np.concatenate([part.low for part in parts]),
        close=np.concatenate([part.close for part in parts]),
        volume=np.concatenate([part.volume for part in parts]),
        regular=None
        if all(part.regular is None for part in parts)
        else np.concatenate([_regular(part) for part in parts]),
    )
    return Stretch(bars, np.concatenate([one.opens for one in stretches]))


def _regular(bars: Bars) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.ones(len(bars), dtype=np.bool_) if bars.regular is None else bars.regular


def _length(bars: Bars) -> int:
    length = parse_frame(bars.frame)
    if length > DAY:
        raise DataError(
            f"{bars.symbol} has bars of {bars.frame}.", "The market trades bars of a day at most."
        )
    if not len(bars):
        raise DataError(f"{bars.symbol} has no bars.", "Leave it out.")
    return length


def _opens(bars: Bars, frame: int) -> IntArray:
    """When each bar opened: not before the one before it closed, nor before its session."""
    calendar = TradingCalendar(bars.instrument.calendar)
    sessions = calendar.session_open_of(bars.session)
    if frame == DAY:
        return np.minimum(sessions, bars.close_time - 1)
    found = bars.close_time - frame
    same = bars.session[1:] == bars.session[:-1]
    found[1:] = np.where(same, np.maximum(found[1:], bars.close_time[:-1]), found[1:])
    inside = sessions < bars.close_time
    if bars.regular is not None:
        inside &= bars.regular
    return np.where(inside, np.maximum(found, sessions), found)


def folded(bars: Bars) -> Bars:
    """One bar for each session."""
    starts = np.flatnonzero(np.diff(bars.session, prepend=bars.session[:1] - 1))
    ends = np.append(starts[1:], len(bars)) - 1
    return replace(
        bars,
        frame="1d",
        close_time=bars.session_close[starts],
        session=bars.session[starts],
        session_close=bars.session_close[starts],
        open=bars.open[starts],
        high=np.maximum.reduceat(bars.high, starts) if len(starts) else bars.high,
        low=np.minimum.reduceat(bars.low, starts) if len(starts) else bars.low,
        close=bars.close[ends],
        volume=np.add.reduceat(bars.volume, starts) if len(starts) else bars.volume,
        regular=None,
    )
