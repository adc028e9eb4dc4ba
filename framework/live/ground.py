"""Ground: the bars a session has seen of all its instruments, and the instants they closed at."""

from __future__ import annotations

__all__ = ["Ground", "Line"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from framework.calendar import utc_text
from framework.domain.bars import Bars
from framework.domain.growing import BarRow, GrowingBars
from framework.engine.history import Timeline
from framework.errors import DataError, did_you_mean


@dataclass(slots=True, eq=False)
class Line:
    """The bars of one instrument so far.

    Attributes:
        bars: all of them.
        rows: for every instant the last row known then, -1 before the first.
    """

    bars: Bars
    rows: list[int]


class Ground:
    """What a session has seen. It begins with history and never forgets its first bar.

    Args:
        history: bars known before it begins, maybe none: one per symbol, in subscription order.

    Attributes:
        times: nanoseconds UTC of every instant.
        sessions: the trading day of each, as days since 1970-01-01.
        lines: by symbol, the options that were traded after what is subscribed to.

    Raises:
        DataError: nothing is subscribed to, or something twice.
    """

    def __init__(self, history: Sequence[Bars]) -> None:
        symbols = [one.symbol for one in history]
        if not symbols or len(set(symbols)) < len(symbols):
            raise DataError(
                f"The symbols are {', '.join(symbols) or 'none'}.", "Give every symbol once."
            )
        known = Timeline(history)
        self.times: list[int] = known.instants.tolist()
        self.sessions: list[int] = known.session.tolist()
        self.lines = {one.symbol: Line(one, known.rows[one.symbol].tolist()) for one in history}
        self._growing = {one.symbol: GrowingBars(one) for one in history}

    @property
    def bars(self) -> tuple[Bars, ...]:
        """The bars so far of what is subscribed to."""
        return tuple(self.lines[symbol].bars for symbol in self._growing)

    @property
    def listed(self) -> tuple[Bars, ...]:
        """The bars so far of the options that were traded, in the order they were asked for."""
        return tuple(
            line.bars for symbol, line in self.lines.items() if symbol not in self._growing
        )

    def is_fresh(self, symbol: str, instant: int) -> bool:
        """Whether a bar of an instrument closes at an instant."""
        rows = self.lines[symbol].rows
        return rows[instant] != (rows[instant - 1] if instant else -1)

    def push(self, time: int, rows: Mapping[str, BarRow]) -> int:
        """Take in the bars that close at one instant, later than all before; its index.

        Raises:
            DataError: there are none, they are of symbols not subscribed to, or too late.
        """
        self._check(time, rows)
        for symbol, row in rows.items():
            self._growing[symbol].append(time, row)
        for symbol, growing in self._growing.items():
            self.lines[symbol].bars = growing.bars
            self.lines[symbol].rows.append(len(growing.bars) - 1)
        latest = max(row.session for row in rows.values())
        self.sessions.append(max(latest, self.sessions[-1]) if self.sessions else latest)
        self.times.append(time)
        return len(self.times) - 1

    def admit(self, bars: Bars) -> None:
        """Follow an option too, from here on."""
        rows = np.searchsorted(bars.close_time, np.array(self.times, dtype=np.int64), side="right")
        self.lines[bars.symbol] = Line(bars, (rows - 1).tolist())

    def carry(self, more: Mapping[str, Bars]) -> None:
        """Go on to the last instant with the options followed, some of which have more bars."""
        for symbol, line in self.lines.items():
            if symbol not in self._growing:
                line.bars = more.get(symbol, line.bars)
                line.rows.append(len(line.bars) - 1)

    def _check(self, time: int, rows: Mapping[str, BarRow]) -> None:
        for symbol in rows:
            if symbol not in self._growing:
                raise DataError(
                    f"A bar of {symbol!r} came in, which is not subscribed to.",
                    did_you_mean(symbol, self._growing),
                )
        if not rows:
            raise DataError(f"No bar closes at {utc_text(time)}.", "Give at least one.")
        if self.times and time <= self.times[-1]:
            raise DataError(
                f"A bar of {next(iter(rows))} closes at {utc_text(time)}, and the last instant was "
                f"{utc_text(self.times[-1])}.",
                "Bars come in order, those of one instant together.",
            )
