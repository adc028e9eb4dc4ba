"""What comes later: a queue in order of time, and in order of entry at the same time."""

from __future__ import annotations

__all__ = ["Agenda"]

from heapq import heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")


class Agenda(Generic[T]):
    """Things to do, each at its time."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._entries = 0

    def add(self, time: float, thing: T) -> None:
        """Something to do at `time`."""
        heappush(self._heap, (time, self._entries, thing))
        self._entries += 1

    def pop(self, now: float) -> tuple[float, T] | None:
        """The first thing that is due, and the time it was for; None if nothing is."""
        if not self._heap or self._heap[0][0] > now:
            return None
        time, _, thing = heappop(self._heap)
        return time, thing

    @property
    def next(self) -> float | None:
        """When the first thing is due; None if there is none."""
        return self._heap[0][0] if self._heap else None
