"""Pace: batches sized by how long runs take, so that progress shows and little is ever lost."""

from __future__ import annotations

__all__ = ["Pace"]

from collections.abc import Iterator, Sequence

from framework.sweeps.store import Store
from framework.sweeps.work import Batch, Done

_SECONDS = 0.25
"""What a batch should take."""
_MOST = 512
"""Runs in a batch."""
_GROWTH = 8
"""Times a batch may be as large as the one before."""
_LAST = 16
"""Part of what is left that a batch may be, so that no worker is left alone with it."""


class Pace:
    """Cuts trials into batches, the first of one run, and learns from how long they take."""

    def __init__(self) -> None:
        self._size = 1

    def batches(self, store: Store, start: int, points: Sequence[int]) -> Iterator[Batch]:
        """The batches of a generation that are not done yet, each as large as by then seems right.

        Args:
            store: knows what is done.
            start: number of the generation's first trial.
            points: its points.
        """
        for first, stop in list(store.missing(start, start + len(points))):
            at, end = first - start, stop - start
            while at < end:
                size = min(self._size, end - at, max(8, (end - at) // _LAST))
                yield Batch(start + at, points[at : at + size])
                at += size

    def learn(self, done: Done) -> None:
        """Take note of how long a batch took."""
        runs = len(done.rows)
        wanted = _SECONDS * runs / max(done.seconds, 1e-9)
        self._size = int(max(1.0, min(wanted, float(_GROWTH * runs), float(_MOST))))
