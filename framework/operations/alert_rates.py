"""Alert rates: how many alerts of one name go out in a time, and how many were held back."""

from __future__ import annotations

__all__ = ["AlertRates", "HeldBack"]

from collections import deque
from dataclasses import dataclass

from framework.config.alert import AlertName, Rate

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Alerts of one name that did not go out.

    Attributes:
        name: theirs.
        count: how many.
        since: nanoseconds UTC of the first.
    """

    name: AlertName
    count: int
    since: int


class AlertRates:
    """Lets so many alerts of a name out in any span of a time; the others are counted.

    Args:
        rate: how many in which time.
    """

    def __init__(self, rate: Rate) -> None:
        self._count = rate.count
        self._span = rate.seconds * _SECOND
        self._out: dict[AlertName, deque[int]] = {}
        self._held: dict[AlertName, HeldBack] = {}

    def admit(self, name: AlertName, time: int) -> bool:
        """Whether one may go out; if not, it is counted.

        Args:
            name: of it.
            time: nanoseconds UTC.
        """
        out = self._out.setdefault(name, deque())
        while out and time - out[0] >= self._span:
            out.popleft()
        if len(out) < self._count:
            out.append(time)
            return True
        held = self._held.get(name, HeldBack(name, 0, time))
        self._held[name] = HeldBack(name, held.count + 1, held.since)
        return False

    def due(self, now: int) -> tuple[HeldBack, ...]:
        """What was held back, of each name that has room again: to be told as one alert, which
        counts as one."""
        found = []
        for name, held in list(self._held.items()):
            out = self._out[name]
            if now - out[0] >= self._span:
                del self._held[name]
                self.admit(name, now)
                found.append(held)
        return tuple(found)

    def rest(self) -> tuple[HeldBack, ...]:
        """What was held back and not told yet; it counts as told."""
        found = tuple(self._held.values())
        self._held.clear()
        return found
