"""Times as TWS writes and reads them, to and from UTC."""

from __future__ import annotations

__all__ = ["SECOND", "day_text", "nanoseconds", "parsed_time", "time_text", "utc"]

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from framework.brokers.ib.problems import RequestError

SECOND = 1_000_000_000
"""Nanoseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHAPES = ("%Y%m%d %H:%M:%S", "%Y%m%d %H:%M")


def time_text(moment: datetime) -> str:
    """An aware time as every version of TWS understands it: "20240102 14:30:00 UTC"."""
    return moment.astimezone(UTC).strftime("%Y%m%d %H:%M:%S UTC")


def day_text(day: int) -> str:
    """Days since 1970-01-01 as "20240102"."""
    return (date(1970, 1, 1) + timedelta(days=day)).strftime("%Y%m%d")


def parsed_time(text: str, zone: str) -> datetime:
    """A time as TWS writes it, in UTC.

    Args:
        text: "20240102 09:30:00", with or without a zone behind it, or "20240102-14:30:00".
        zone: meant where the text names none, as servers below version 174 do: the zone TWS was
            logged in with.

    Raises:
        RequestError: it is no such time.
    """
    words = text.split()
    if len(words) == 1 and "-" in text:
        return _read(words[0].replace("-", " "), "UTC", text)
    if len(words) == 1 and words[0].isdigit() and len(words[0]) == len("20240102"):
        return _read(f"{words[0]} 23:59:59", zone, text)
    return _read(" ".join(words[:2]), words[2] if len(words) > 2 else zone, text)


def _read(text: str, zone: str, whole: str) -> datetime:
    for shape in _SHAPES:
        try:
            moment = datetime.strptime(text, shape)  # noqa: DTZ007 - the zone comes next
            return moment.replace(tzinfo=_zone(zone)).astimezone(UTC)
        except ValueError:
            continue
    raise RequestError(0, f"The broker wrote the time {whole!r}.", "Report it: it cannot be read.")


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise RequestError(
            0, f"The broker named the time zone {name!r}.", "Set the zone TWS is logged in with."
        ) from error


def utc(moment: datetime, zone: str) -> datetime:
    """A time the client library has read, in UTC: one without a zone is of `zone`."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=_zone(zone))
    return aware.astimezone(UTC)


def nanoseconds(moment: datetime) -> int:
    """Nanoseconds UTC of an aware time."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1_000
