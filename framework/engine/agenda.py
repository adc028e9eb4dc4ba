"""The agenda: the next instant at which something can happen."""

from __future__ import annotations

__all__ = ["Agenda", "Outlook"]

from collections.abc import Callable, Sequence

from framework.engine.blotter import Blotter
from framework.engine.station import Station

_BLOCK = 256
"""Instants that are looked through first; each next block is twice as long."""

Outlook = Callable[[int, int], int]
"""The first instant of start..stop-1 at which a resting order may have something to do; `stop` if
there is none."""


class Agenda:
    """Says where a run can go from an instant without passing anything by.

    It may name an instant at which nothing happens after all: that only costs the look.

    Args:
        stations: the slots.
        blotter: every order of the account.
        outlook: what the broker expects of the resting orders.
        is_alert: whether the breakers have to see every instant for now.
        first: index of the first instant at which orders are allowed.
        length: instants of the run.
    """

    __slots__ = ("_blotter", "_first", "_is_alert", "_last", "_outlook", "_stations")

    def __init__(
        self,
        stations: Sequence[Station],
        blotter: Blotter,
        outlook: Outlook,
        is_alert: Callable[[], bool],
        first: int,
        length: int,
    ) -> None:
        self._stations = tuple(stations)
        self._blotter = blotter
        self._outlook = outlook
        self._is_alert = is_alert
        self._first = first
        self._last = length - 1

    def after(self, k: int) -> int:
        """The next instant to go to from instant `k`, which is over; the last one of the run is
        always gone to."""
        start = k + 1
        early = k < self._first
        if start >= self._last or (not early and self._is_alert()):
            return start
        last = min(self._first, self._last) if early else self._last
        size = _BLOCK
        while start < last:
            stop = min(start + size, last)
            found = self._next(start, stop)
            if found < stop:
                return found
            start, size = stop, 2 * size
        return last

    def _next(self, start: int, stop: int) -> int:
        """The first instant of start..stop-1 at which something may happen; `stop` if none."""
        for station in self._stations:
            stop = station.next_wake(start, stop)
            if stop == start:
                return start
        return self._outlook(start, stop) if self._blotter.at_work else stop
