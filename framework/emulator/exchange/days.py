"""Days as an account counts them: from midnight to midnight where TWS is logged in."""

from __future__ import annotations

__all__ = ["day_of"]

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = 1_000_000_000


def day_of(time: int, zone: str) -> tuple[int, int]:
    """The midnights a moment lies between, in nanoseconds UTC like itself."""
    moment = datetime.fromtimestamp(time // _SECOND, ZoneInfo(zone))
    midnight = moment.replace(hour=0, minute=0, second=0)
    first, last = midnight.timestamp(), (midnight + timedelta(days=1)).timestamp()
    return int(first) * _SECOND, int(last) * _SECOND
