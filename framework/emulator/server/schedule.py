"""The schedule of a contract's sessions, asked for as history of the kind SCHEDULE."""

from __future__ import annotations

__all__ = ["SCHEDULE", "schedule_of"]

from datetime import datetime
from zoneinfo import ZoneInfo

from framework.calendar import DAY, TradingCalendar
from framework.emulator.market.durations import read_duration
from framework.emulator.market.hours import compact_day
from framework.emulator.market.listing import Listing
from framework.emulator.market.times import read_instant
from framework.emulator.protocol.answers import HistoricalSchedule, HistoricalSession
from framework.emulator.protocol.requests import ReqHistoricalData

SCHEDULE = "SCHEDULE"
"""The kind of history that is a schedule."""

_PER_DAY = 86_400


def schedule_of(
    request: ReqHistoricalData, listing: Listing, zone: str, now: int
) -> HistoricalSchedule:
    """When a contract's sessions opened and closed over a duration, in its own time zone.

    Args:
        request: what the client asked for.
        listing: the contract.
        zone: of an end that names none.
        now: nanoseconds UTC.

    Raises:
        HistoryRefused: the end or the duration cannot be read.
    """
    duration = read_duration(request.duration)
    last = read_instant(request.end_date_time, zone, now) // DAY
    calendar = TradingCalendar(listing.instrument.calendar)
    days = max(1, duration.seconds // _PER_DAY)
    span = days if duration.unit != "D" else 2 * days + 10
    sessions = calendar.sessions_between(last - span, last)
    if duration.unit == "D":
        sessions = sessions[-days:]
    here = ZoneInfo(calendar.tz)
    rows = tuple(
        HistoricalSession(_dashed(opened, here), _dashed(closed, here), compact_day(day))
        for day, opened, closed in zip(
            sessions.tolist(),
            calendar.session_open_of(sessions).tolist(),
            calendar.session_close_of(sessions).tolist(),
            strict=True,
        )
    )
    first = rows[0].start_date_time if rows else ""
    return HistoricalSchedule(
        request.req_id, first, rows[-1].end_date_time if rows else "", listing.time_zone, rows
    )


def _dashed(time: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(time // 1_000_000_000, zone).strftime("%Y%m%d-%H:%M:%S")
