"""Clocks of the market: real time, a multiple of it, or one that moves only when it is stepped."""

from __future__ import annotations

__all__ = ["Clock", "RunningClock", "SteppedClock", "wall_time"]

import time
from collections.abc import Callable
from typing import Protocol

_SECOND = 1_000_000_000


def wall_time() -> int:
    """Nanoseconds UTC of the machine's clock."""
    return time.time_ns()


class Clock(Protocol):
    """What time it is on the market."""

    def now(self) -> int:
        """Nanoseconds UTC."""
        ...

    def skip_to(self, moment: int) -> None:
        """Let it be `moment` now, if that is not past."""
        ...


class RunningClock:
    """A clock that runs `speed` times as fast as real time.

    Args:
        start: nanoseconds UTC it shows when it is made.
        speed: market seconds per real second, > 0.
        reading: real nanoseconds on any scale that never goes back.
    """

    def __init__(
        self, start: int, speed: float = 1.0, reading: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._start = start
        self._speed = speed
        self._reading = reading
        self._since = reading()
        self._shown = start

    def now(self) -> int:
        """Nanoseconds UTC."""
        reached = self._start + int((self._reading() - self._since) * self._speed)
        self._shown = max(self._shown, reached)
        return self._shown

    def hold_back(self, nanoseconds: int) -> None:
        """Let so much market time not have passed; what was shown stays until it is reached."""
        self._start -= max(0, nanoseconds)

    def run_at(self, speed: float) -> None:
        """Go on from here `speed` times as fast as real time, > 0."""
        self._start, self._since, self._speed = self.now(), self._reading(), speed

    def lasting(self, seconds: float) -> int:
        """Market nanoseconds in real seconds."""
        return int(seconds * self._speed * _SECOND)

    def skip_to(self, moment: int) -> None:
        """Leave out the time until `moment`."""
        now = self.now()
        if moment > now:
            self._start += moment - now

    def seconds_until(self, moment: int) -> float:
        """Real seconds until `moment`; 0 if it is past."""
        return max(0.0, (moment - self.now()) / self._speed / _SECOND)


class SteppedClock:
    """A clock that shows the last moment it was put to.

    Args:
        start: nanoseconds UTC.
    """

    def __init__(self, start: int) -> None:
        self._now = start

    def now(self) -> int:
        """Nanoseconds UTC."""
        return self._now

    def skip_to(self, moment: int) -> None:
        """Go on to `moment`."""
        self._now = max(self._now, moment)
