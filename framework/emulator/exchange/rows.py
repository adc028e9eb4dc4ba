"""Rows: bars of one instrument that become known one by one, and tapes that follow them."""

from __future__ import annotations

__all__ = ["GrowingRows", "GrowingTape"]

from dataclasses import dataclass

import numpy as np

from framework.brokers.simulated.tape import Tape
from framework.calendar import TradingCalendar
from framework.domain.bars import Bars, BoolArray, FloatArray, IntArray
from framework.domain.instruments import Instrument

_ROOM = 4096
"""Rows made room for at first."""

_MOST = 1 << 17
"""Rows kept; of more the older half is forgotten."""


@dataclass(frozen=True, slots=True)
class _Columns:
    times: IntArray
    sessions: IntArray
    session_closes: IntArray
    prices: FloatArray
    regular: BoolArray

    @classmethod
    def of(cls, room: int) -> _Columns:
        return cls(
            np.zeros(room, dtype=np.int64),
            np.zeros(room, dtype=np.int64),
            np.zeros(room, dtype=np.int64),
            np.zeros((5, room)),
            np.ones(room, dtype=bool),
        )

    def copied(self, room: int, start: int, stop: int) -> _Columns:
        """Rows start..stop-1 at the head of columns with other room."""
        new, count = _Columns.of(room), stop - start
        new.times[:count] = self.times[start:stop]
        new.sessions[:count] = self.sessions[start:stop]
        new.session_closes[:count] = self.session_closes[start:stop]
        new.prices[:, :count] = self.prices[:, start:stop]
        new.regular[:count] = self.regular[start:stop]
        return new


class GrowingRows:
    """Bars of an instrument, shared by the tapes of all accounts.

    Args:
        past: bars known already, of any frame.
        spacing: nanoseconds from one row to the next, in the middle of a session.
    """

    __slots__ = ("_columns", "_count", "_extended", "_tapes", "bars", "instrument", "spacing")

    def __init__(self, past: Bars, spacing: int) -> None:
        self.instrument = past.instrument
        self.spacing = spacing
        self._tapes: list[GrowingTape] = []
        kept = past.take(max(0, len(past) - _ROOM // 2), len(past))
        count = self._count = len(kept)
        columns = self._columns = _Columns.of(_ROOM)
        columns.times[:count] = kept.close_time
        columns.sessions[:count] = kept.session
        columns.session_closes[:count] = kept.session_close
        for row, values in enumerate((kept.open, kept.high, kept.low, kept.close, kept.volume)):
            columns.prices[row, :count] = values
        self._extended = kept.regular is not None
        if kept.regular is not None:
            columns.regular[:count] = kept.regular
        self.bars = self._view()

    def push(
        self,
        time: int,
        session: int,
        session_close: int,
        prices: tuple[float, float, float, float],
        volume: float,
        regular: bool,
    ) -> None:
        """Append a row: open, high, low and close `prices`, until `time`."""
        self._make_room()
        columns, row = self._columns, self._count
        columns.times[row] = time
        columns.sessions[row] = session
        columns.session_closes[row] = session_close
        columns.prices[:4, row] = prices
        columns.prices[4, row] = volume
        columns.regular[row] = regular
        self._count = row + 1
        self._extended = self._extended or not regular
        self.bars = self._view()
        for tape in self._tapes:
            tape.follow(self.bars)

    def tape(self) -> GrowingTape:
        """A tape that follows these rows."""
        tape = GrowingTape(self)
        self._tapes.append(tape)
        return tape

    def _make_room(self) -> None:
        room = len(self._columns.times)
        if self._count < room:
            return
        if room < _MOST:
            self._columns = self._columns.copied(2 * room, 0, room)
        else:
            self._columns = self._columns.copied(room, room // 2, room)
            self._count = room - room // 2

    def _view(self) -> Bars:
        columns, stop = self._columns, self._count
        opened, high, low, close, volume = columns.prices[:, :stop]
        return Bars(
            self.instrument,
            "tick",
            columns.times[:stop],
            columns.sessions[:stop],
            columns.session_closes[:stop],
            opened,
            high,
            low,
            close,
            volume,
            regular=columns.regular[:stop] if self._extended else None,
        )


class GrowingTape(Tape):
    """A tape whose last row is always the present.

    It is moved only at instants at which a row was pushed for it, or for another instrument.
    """

    __slots__ = ("_fresh", "_last_session", "_spacing")

    def __init__(self, rows: GrowingRows) -> None:
        super().__init__(rows.bars, None)
        self.row = len(rows.bars) - 1
        self._spacing = rows.spacing
        self._fresh = False
        self._last_session = _last_session(rows.instrument)

    def follow(self, bars: Bars) -> None:
        """Take over the bars with a row more."""
        self.bars = bars
        self.row = len(bars) - 1
        self._fresh = True

    def move(self, instant: int) -> bool:
        """Go on; whether a row came in since the last move."""
        fresh, self._fresh = self._fresh, False
        return fresh

    def is_last(self, expiry_row: int) -> bool:
        """Whether the session of a contract's expiry ends with the present row."""
        last = self._last_session
        return last is not None and self.bar().ends_session and self.bar().session >= last

    @property
    def frame(self) -> int:
        """Nanoseconds from one row to the next."""
        return self._spacing


def _last_session(instrument: Instrument) -> int | None:
    """The last session on or before a contract's expiry."""
    if instrument.expiry is None:
        return None
    calendar = TradingCalendar(instrument.calendar)
    return int(calendar.sessions_between(instrument.expiry - 20, instrument.expiry)[-1])
