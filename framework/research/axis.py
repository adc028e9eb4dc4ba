"""Drawing long series on a few pixels: which points to keep, and where to write dates.

Pictures count bars on their horizontal axis, not hours, so nights and weekends leave no gap.
"""

from __future__ import annotations

__all__ = ["Tick", "date_ticks", "extremes"]

from dataclasses import dataclass

import numpy as np

from framework.domain.bars import FloatArray, IntArray

_MOST_TICKS = 11


@dataclass(frozen=True, slots=True)
class Tick:
    """A label under the bar at `position`."""

    position: int
    label: str


def extremes(values: FloatArray, buckets: int = 1600) -> IntArray:
    """Positions of the points a line needs to look the same: first, last, and the lowest and the
    highest of each of `buckets` stretches; all of them when there are few. Shape (m,), ascending.
    """
    count = len(values)
    if count <= 4 * buckets:
        return np.arange(count)
    size = -(-count // buckets)
    padded = np.append(values, np.full(-count % size, values[-1])).reshape(-1, size)
    first = np.arange(len(padded)) * size
    keep = (first + padded.argmin(axis=1), first + padded.argmax(axis=1), [0, count - 1])
    return np.unique(np.minimum(np.concatenate(keep), count - 1))


def date_ticks(times: IntArray, session: IntArray) -> tuple[Tick, ...]:
    """Labels where a year, a month, a day or an hour begins: as fine as there is room for.

    Args:
        times: nanoseconds UTC of each bar, shape (n,).
        session: trading day of each bar, days since 1970-01-01, shape (n,).
    """
    if len(times) == 0:
        return ()
    days = session.astype("M8[D]")
    years = days.astype("M8[Y]").astype(np.int64) + 1970
    months = days.astype("M8[M]").astype(np.int64)
    ranks = np.cumsum(np.append(0, np.diff(session) != 0))
    minutes = times // 60_000_000_000
    choices = (
        *(("%H:%M", minutes // step) for step in (5, 15, 30, 60, 120, 240)),
        *(("%d %b %Y", ranks // step) for step in (1, 2, 5, 10)),
        *(("%b %Y", months // step) for step in (1, 2, 3, 6)),
        *(("%Y", years // step) for step in (1, 2, 5, 10, 20)),
    )
    for form, keys in choices:
        starts = np.flatnonzero(np.diff(keys)) + 1
        if form == "%H:%M" and ranks[-1] > 0:
            continue
        if form.startswith("%d"):
            starts = np.append(0, starts)
        if len(starts) <= _MOST_TICKS:
            return tuple(_tick(int(at), times if form == "%H:%M" else days, form) for at in starts)
    return ()


def _tick(position: int, stamps: IntArray, form: str) -> Tick:
    stamp = stamps[position].astype("M8[s]" if stamps.dtype.kind == "M" else "M8[ns]")
    return Tick(position, stamp.astype("M8[s]").item().strftime(form))
