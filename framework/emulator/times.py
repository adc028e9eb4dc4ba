"""Times as TWS writes and reads them."""

from __future__ import annotations

__all__ = ["parsed_time", "time_text"]

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_WITH_ZONE = 174
"""Server version from which times carry their zone."""

_SHAPES = ("%Y%m%d %H:%M:%S", "%Y%m%d %H:%M")


def time_text(time: int, version: int, zone: str) -> str:
    """An instant as in an execution: "20240102  09:30:00", from version 174 on with its zone.

    Args:
        time: nanoseconds UTC.
        version: server version of the connection.
        zone: name of the time zone TWS was logged in with.
    """
    moment = datetime.fromtimestamp(time // 1_000_000_000, _zone(zone))
    if version < _WITH_ZONE:
        return moment.strftime("%Y%m%d  %H:%M:%S")
    return f"{moment.strftime('%Y%m%d %H:%M:%S')} {zone}"


def parsed_time(text: str, zone: str) -> datetime:
    """An aware time from "20240102 09:30:00", with or without a zone behind it, or in UTC as
    "20240102-14:30:00".

    Args:
        text: as a client wrote it.
        zone: meant where the text names none.

    Raises:
        ValueError: it is no such time.
    """
    words = text.split()
    if len(words) == 1 and "-" in text:
        return datetime.strptime(text.strip(), "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    if len(words) == 1:
        return datetime.strptime(words[0], "%Y%m%d").replace(hour=23, minute=59, tzinfo=_zone(zone))
    named = words[2] if len(words) > 2 else zone
    for shape in _SHAPES:
        try:
            return datetime.strptime(" ".join(words[:2]), shape).replace(tzinfo=_zone(named))
        except ValueError:
            continue
    raise ValueError(f"{text!r} is no time such as 20240102 09:30:00 US/Eastern")


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone") from error
