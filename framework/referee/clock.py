"""Clock: the present instant of a run, and where each instrument is then."""

from __future__ import annotations

__all__ = ["Clock"]

from collections.abc import Sequence

from framework.domain.bars import Bars
from framework.domain.orders import Order, TimeInForce
from framework.engine.history import Timeline


class Clock:
    """The instants of a run, one of them present.

    Args:
        bars: what trades, in subscription order.
    """

    def __init__(self, bars: Sequence[Bars]) -> None:
        timeline = Timeline(bars)
        self._bars = {one.symbol: one for one in bars}
        self._instants = timeline.instants
        self._rows = timeline.rows
        self.instant = 0

    def go_to(self, time: int) -> None:
        """Make the instant at `time`, nanoseconds UTC, the present one."""
        self.instant = int(self._instants.searchsorted(time))

    @property
    def now(self) -> int:
        """Nanoseconds UTC of the present instant."""
        return int(self._instants[self.instant])

    def row(self, symbol: str) -> int:
        """Row of the instrument's last bar, -1 before its first."""
        return int(self._rows[symbol][self.instant])

    def is_fresh(self, symbol: str) -> bool:
        """Whether a bar of the instrument closes now."""
        return self.instant == 0 or self.row(symbol) != int(self._rows[symbol][self.instant - 1])

    def close(self, symbol: str) -> float:
        """The instrument's last close."""
        return float(self._bars[symbol].close[self.row(symbol)])

    def day(self, symbol: str) -> int:
        """The instrument's trading day, as days since 1970-01-01."""
        return int(self._bars[symbol].session[self.row(symbol)])

    def next_close(self, symbol: str) -> int | None:
        """When the session of the instrument's next bar closes; None if there is no next bar."""
        bars, row = self._bars[symbol], self.row(symbol) + 1
        return int(bars.session_close[row]) if row < len(bars) else None

    def end_of(self, order: Order) -> int | None:
        """The last instant at which an order sent now may trade; None without an end."""
        if order.tif is TimeInForce.GTC:
            return None
        if order.terms.good_till is not None:
            return round(order.terms.good_till.timestamp() * 1e6) * 1000
        return self.next_close(order.symbol)
