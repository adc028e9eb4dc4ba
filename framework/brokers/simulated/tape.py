"""The bars the simulated broker matches against, one tape per instrument."""

from __future__ import annotations

__all__ = ["Bar", "Tape"]

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from framework.domain.bars import Bars, IntArray

_DAY = 86_400 * 10**9


class Bar(NamedTuple):
    """One bar as the matcher reads it; made only for bars on which an order rests.

    `previous_close` is the close of the bar before, NaN at the first; `regular` is whether it lies
    in regular trading hours.
    """

    time: int
    session: int
    starts_session: bool
    ends_session: bool
    regular: bool
    session_close: int
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
        rows: the last known row at every instant, -1 before the first, maybe growing; None when
            rows and instants are the same.
        finer: bars of a shorter frame that make up `bars`, where the feed has them.
    """

    __slots__ = ("_finer", "_finer_stops", "_rows", "bars", "instrument", "row")

    def __init__(
        self, bars: Bars, rows: IntArray | Sequence[int] | None, finer: Bars | None = None
    ) -> None:
        self.bars = bars
        self.instrument = bars.instrument
        self.row = -1
        self._rows = rows.data if isinstance(rows, np.ndarray) else rows
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

    def is_last(self, expiry_row: int) -> bool:
        """Whether the bar that closes now is the last a contract trades in.

        Args:
            expiry_row: the row of that bar, where the bars to come are known.
        """
        return self.row == expiry_row

    def reaches(self, expiry_row: int) -> bool:
        """Whether the bars go on to the last one a contract trades in, or may; as `is_last`."""
        return expiry_row < len(self.bars)

    def rows_between(self, start: int, stop: int) -> tuple[int, int]:
        """The rows that close at instants start..stop-1, start > 0, as first and end."""
        if self._rows is None:
            return start, stop
        return self._rows[start - 1] + 1, self._rows[stop - 1] + 1

    def instant_of(self, row: int, start: int, stop: int) -> int:
        """The instant of start..stop-1 at which a row closes."""
        return row if self._rows is None else bisect_left(self._rows, row, start, stop)

    @property
    def frame(self) -> int:
        """Nanoseconds from one close to the next, nights left aside; 0 at the first bar."""
        times = self.bars.close_time[max(0, self.row - 2) : self.row + 1]
        return int(np.diff(times).min()) if len(times) > 1 else 0

    def bars_until(self, end: int) -> int:
        """Bars from the present one, included, to the instant `end`, by the clock and the weekdays
        and not by what the data hold."""
        now, closes = int(self.bars.close_time[self.row]), int(self.bars.session_close[self.row])
        frame = self.frame
        if frame == 0:
            return 2 if end > now else 1
        today = max(0, (min(end, closes) - now) // frame)
        if end <= closes:
            return 1 + today
        session = int(self.bars.session[self.row])
        first, last = np.datetime64(session + 1, "D"), np.datetime64(end // _DAY + 1, "D")
        sessions = max(1, int(np.busday_count(first, last)))
        return 1 + today + sessions * self._bars_in_a_session()

    def _bars_in_a_session(self) -> int:
        """Regular bars of the last whole session, or of the present one so far."""
        start = self._session_start()
        if start == 0:
            return self._regular_between(0, self.row + 1)
        before = int(np.searchsorted(self.bars.session, self.bars.session[start - 1], side="left"))
        return self._regular_between(before, start)

    def _session_start(self) -> int:
        """The first row of the present session."""
        return int(np.searchsorted(self.bars.session, self.bars.session[self.row], side="left"))

    def _regular_between(self, start: int, stop: int) -> int:
        regular = self.bars.regular
        return stop - start if regular is None else int(regular[start:stop].sum())

    def session_volume(self) -> float:
        """Units the market traded in the present session so far, at all hours."""
        return float(self.bars.volume[self._session_start() : self.row + 1].sum())

    def previous_session_close(self) -> float:
        """The last regular close of the session before; NaN in the first."""
        row = self._session_start() - 1
        regular = self.bars.regular
        while regular is not None and row >= 0 and not regular[row]:
            row -= 1
        return float(self.bars.close[row]) if row >= 0 else float("nan")

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
    session = int(bars.session[row])
    regular = bars.regular is None or bool(bars.regular[row])
    return Bar(
        time,
        session,
        regular and _starts(bars, row, session),
        regular and time >= int(bars.session_close[row]),
        regular,
        int(bars.session_close[row]),
        float(bars.open[row]),
        float(bars.high[row]),
        float(bars.low[row]),
        float(bars.close[row]),
        float(bars.volume[row]),
        float(bars.close[row - 1]) if row > 0 else float("nan"),
    )


def _starts(bars: Bars, row: int, session: int) -> bool:
    """Whether no regular bar of the session comes before this one."""
    if row == 0 or bars.session[row - 1] != session:
        return True
    return bars.regular is not None and not bars.regular[row - 1] and _is_first(bars, row, session)


def _is_first(bars: Bars, row: int, session: int) -> bool:
    assert bars.regular is not None
    start = int(np.searchsorted(bars.session, session, side="left"))
    return not bars.regular[start:row].any()
