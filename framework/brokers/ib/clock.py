"""Clock: what time it is, for whoever must not look at the machine's."""

from __future__ import annotations

__all__ = ["Clock"]

from typing import Protocol


class Clock(Protocol):
    """A clock of real time, or of a market that is stepped."""

    def now(self) -> int:
        """Nanoseconds UTC."""
        ...
