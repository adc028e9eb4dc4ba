"""Instants: from an aware datetime to the nanoseconds bars are stamped with."""

from __future__ import annotations

__all__ = ["nanoseconds"]

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def nanoseconds(time: datetime) -> int:
    """Nanoseconds UTC of an aware time; exact, which a float of seconds is not."""
    return (time - _EPOCH) // _MICROSECOND * 1000
