"""Segment: a stretch of one instrument's price path, what the exchange matches against."""

from __future__ import annotations

__all__ = ["Segment", "merged"]

from collections.abc import Sequence
from typing import NamedTuple


class Segment(NamedTuple):
    """From the price before to the next; the whole bar where bars are not unrolled.

    Attributes:
        key: the instrument's symbol.
        time: nanoseconds UTC at which it ends.
        session: its trading day, days since 1970-01-01.
        session_close: nanoseconds UTC at which that closes.
        open: the price before, or the bar's own open.
        high, low: of its two ends.
        close: the price it leads to.
        volume: units traded in it.
        regular: whether it lies in regular hours.
    """

    key: str
    time: int
    session: int
    session_close: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    regular: bool


def merged(segments: Sequence[Segment]) -> Segment:
    """Neighbouring segments as one; at least one."""
    last = segments[-1]
    return last._replace(
        open=segments[0].open,
        high=max(segment.high for segment in segments),
        low=min(segment.low for segment in segments),
        volume=sum(segment.volume for segment in segments),
    )
