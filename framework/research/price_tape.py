"""Price tape: the bars a journal holds of one instrument, and what each moment meets in them."""

from __future__ import annotations

__all__ = ["PriceTape", "TapeBar"]

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from framework.domain.bars import Bars
from framework.domain.growing import BarRow


@dataclass(frozen=True, slots=True)
class TapeBar:
    """One bar.

    Attributes:
        number: of the bar, from 0 on.
        open, close: prices.
        volume: traded units; 0 where they are not known.
    """

    number: int
    open: float
    close: float
    volume: float


@dataclass(slots=True)
class PriceTape:
    """Bars in order of their closes; one that is told twice counts once.

    Attributes:
        times: nanoseconds UTC of the closes, rising.
        bars: as many.
    """

    times: list[int] = field(default_factory=list)
    bars: list[TapeBar] = field(default_factory=list)

    def take(self, time: int, row: BarRow) -> None:
        """A bar that closes at `time`, nanoseconds UTC."""
        self._add(time, row.open, row.close, row.volume)

    def take_all(self, bars: Bars) -> None:
        """Every bar of a history."""
        columns = (bars.close_time, bars.open, bars.close, bars.volume)
        for time, open_, close, volume in zip(*(one.tolist() for one in columns), strict=True):
            self._add(time, open_, close, volume)

    def _add(self, time: int, open_: float, close: float, volume: float) -> None:
        if not self.times or time > self.times[-1]:
            self.times.append(time)
            self.bars.append(TapeBar(len(self.bars), open_, close, volume))

    def traded(self, time: int, sent: int) -> TapeBar | None:
        """The bar an execution lies in: the first that closes at or after `time`, and later than
        its order was sent, for a broker tells whole seconds only. None if no such bar is known."""
        row = max(bisect_left(self.times, time), bisect_right(self.times, sent))
        return self.bars[row] if row < len(self.bars) else None

    def next(self, time: int) -> TapeBar | None:
        """The first bar that closes after `time`; None if no such bar is known."""
        row = bisect_right(self.times, time)
        return self.bars[row] if row < len(self.bars) else None

    def close_at(self, time: int) -> float | None:
        """The last close at or before `time`; None before the first."""
        row = bisect_right(self.times, time) - 1
        return self.bars[row].close if row >= 0 else None
