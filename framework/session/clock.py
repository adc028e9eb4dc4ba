"""The clock of sessions that trade in real time."""

from __future__ import annotations

__all__ = ["WallClock"]

import time


class WallClock:
    """The machine's clock."""

    def now(self) -> int:
        """Nanoseconds UTC."""
        return time.time_ns()
