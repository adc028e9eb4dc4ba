"""Timestamps of a file as arrays: what they say, and if they name instants or a wall clock."""

from __future__ import annotations

__all__ = ["Stamps", "localize", "read_stamps"]

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

import numpy as np

from framework.calendar import DAY
from framework.domain.bars import IntArray
from framework.errors import ConfigError, DataError, did_you_mean
from framework.feeds.table import Rows

if TYPE_CHECKING:
    import pandas as pd

_YEARS = (1900, 2200)
"""What nanoseconds since 1970 hold, with room for zones and sessions."""
_HOUR = 3_600_000_000_000
_DATE_FORMATS = (
    (r"\d{4}-\d{1,2}-\d{1,2}", "%Y-%m-%d"),
    (r"\d{4}/\d{1,2}/\d{1,2}", "%Y/%m/%d"),
    (r"\d{4}\.\d{1,2}\.\d{1,2}", "%Y.%m.%d"),
    (r"\d{8}", "%Y%m%d"),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", "%d.%m.%Y"),
    (r"\d{1,2}/\d{1,2}/\d{4}", "?/?/%Y"),
    (r"\d{1,2}-\d{1,2}-\d{4}", "?-?-%Y"),
)
_TIME_FORMATS = (
    (r"\d{1,2}:\d\d:\d\d\.\d+", "%H:%M:%S.%f"),
    (r"\d{1,2}:\d\d:\d\d", "%H:%M:%S"),
    (r"\d{1,2}:\d\d", "%H:%M"),
    (r"\d{6}", "%H%M%S"),
    (r"\d{4}", "%H%M"),
)
_EPOCH_UNITS = {9: 10**9, 10: 10**9, 12: 10**6, 13: 10**6, 15: 10**3, 16: 10**3, 18: 1, 19: 1}
_SPLIT = re.compile(
    r"(?P<date>[\d./-]{8,10})(?:[T ]+(?P<time>[\d:.]{4,15}))?\s*"
    r"(?P<zone>Z|[+-]\d\d:?\d\d|[A-Za-z][\w+/-]*)?"
)


@dataclass(frozen=True, slots=True, eq=False)
class Stamps:
    """The timestamps of a file, shape (n,).

    Attributes:
        wall: nanoseconds of what the file writes, read as if it were UTC.
        utc: nanoseconds UTC where the file says which instant it means, else None.
        date_only: whether they are dates without a time of day, or all at midnight.
    """

    wall: IntArray
    utc: IntArray | None
    date_only: bool


def read_stamps(rows: Rows, column: pd.Series[Any], clock: pd.Series[Any] | None = None) -> Stamps:
    """The timestamps of a file.

    Args:
        rows: where they stand, for messages.
        column: the timestamps, or their dates.
        clock: the times of day, None where `column` has them or there are none.

    Raises:
        DataError: one cannot be read, they differ in form or in time zone, or it cannot be told
            whether the day or the month comes first.
    """
    import pandas as pd  # noqa: PLC0415

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        wall = _nanoseconds(column.dt.tz_localize(None))
        return _stamps(wall, _nanoseconds(column.dt.tz_convert("UTC").dt.tz_localize(None)))
    if column.dtype.kind == "M":
        return _stamps(_nanoseconds(column), None)
    text = column.astype(str).str.strip()
    _refuse_blank(rows, column.isna() | (text == ""))
    if clock is not None:
        _refuse_blank(rows, clock.isna())
        text = text + " " + clock.astype(str).str.strip()
    first = str(text.iloc[0])
    if re.fullmatch(r"\d{9,10}|\d{12,13}|\d{15,16}|\d{18,19}", first):
        return _epoch(rows, text, len(first))
    return _written(rows, text)


def localize(wall: IntArray, zone: str, rows: Rows) -> IntArray:
    """Nanoseconds UTC of wall-clock times in a time zone.

    Raises:
        ConfigError: there is no such zone.
        DataError: a time does not exist there, or exists twice.
    """
    import pandas as pd  # noqa: PLC0415

    if zone not in available_timezones():
        near = did_you_mean(zone, available_timezones()).split(" Known:")[0]
        hint = f"{near} " if near.startswith("Did") else ""
        raise ConfigError(
            f"Unknown time zone {zone!r}.", f"{hint}Give --tz Area/City, or --tz UTC."
        )
    index = pd.DatetimeIndex(wall.view("M8[ns]"))
    local = index.tz_localize(ZoneInfo(zone), ambiguous="NaT", nonexistent="NaT")
    bad = np.asarray(local.isna())
    if bad.any():
        row = int(bad.argmax())
        moment = index[row].to_pydatetime().replace(tzinfo=ZoneInfo(zone))
        before, after = moment.utcoffset(), moment.replace(fold=1).utcoffset()
        assert before is not None and after is not None
        what = "does not exist" if before < after else "exists twice"
        raise DataError(
            f"{rows.at(row)}: {index[row]} {what} in {zone}, where the clocks change.",
            "Name the zone these times are really in with --tz, or write them with a UTC offset.",
        )
    return np.array(local.tz_convert("UTC").as_unit("ns").asi8, dtype=np.int64)


def _nanoseconds(column: pd.Series[Any]) -> IntArray:
    return np.array(column.to_numpy().astype("M8[ns]").view(np.int64))


def _stamps(wall: IntArray, utc: IntArray | None) -> Stamps:
    return Stamps(wall, utc, date_only=bool((wall % DAY == 0).all()))


def _refuse_blank(rows: Rows, blank: pd.Series[bool]) -> None:
    if blank.any():
        row = int(blank.to_numpy().argmax())
        raise DataError(f"{rows.at(row)}: the time is blank.", "Fill it in or remove the row.")


def _epoch(rows: Rows, text: pd.Series[str], digits: int) -> Stamps:
    wrong = ~text.str.fullmatch(r"\d+").to_numpy(dtype=bool) | (
        (text.str.len() - digits).abs() > 1
    ).to_numpy(dtype=bool)
    if wrong.any():
        raise _unlike_first(rows, text, int(wrong.argmax()))
    ns = text.to_numpy().astype(np.int64) * _EPOCH_UNITS[digits]
    return Stamps(ns, ns, date_only=False)


def _written(rows: Rows, text: pd.Series[str]) -> Stamps:
    import pandas as pd  # noqa: PLC0415

    parts = _SPLIT.fullmatch(str(text.iloc[0]))
    date_format = _format_of(parts["date"], _DATE_FORMATS) if parts else None
    if parts is None or date_format is None:
        raise _unknown_form(rows, text)
    form = date_format
    if "?" in form:
        form = _day_or_month(rows, text, form)
    if parts["time"]:
        time_format = _format_of(parts["time"], _TIME_FORMATS)
        if time_format is None:
            raise _unknown_form(rows, text)
        form += ("T" if "T" in str(text.iloc[0])[:11] else " ") + time_format
    offset: IntArray | None = None
    zone = parts["zone"]
    if zone:
        text, offset, named = _cut_zone(rows, text, zone)
    text = text.str.replace(r" +", " ", regex=True)
    wall = pd.to_datetime(text, format=form, errors="coerce")
    if wall.isna().any():
        raise _unlike_first(rows, text, int(wall.isna().to_numpy().argmax()))
    strange = ~wall.dt.year.between(*_YEARS)
    if strange.any():
        row = int(strange.to_numpy().argmax())
        raise DataError(
            f"{rows.at(row)}: {str(text.iloc[row])!r} is not in the years {_YEARS[0]}-{_YEARS[1]}.",
            "Correct the date.",
        )
    ns = _nanoseconds(wall)
    if zone and offset is None:
        return _stamps(ns, localize(ns, named, rows))
    return _stamps(ns, None if offset is None else ns - offset)


def _format_of(text: str, formats: tuple[tuple[str, str], ...]) -> str | None:
    return next((form for pattern, form in formats if re.fullmatch(pattern, text)), None)


def _day_or_month(rows: Rows, text: pd.Series[str], form: str) -> str:
    fields = text.str.extract(r"^(\d{1,2})[/-](\d{1,2})[/-]")
    numbers = fields.fillna("0").astype(np.int64)
    first, second = int(numbers[0].max()), int(numbers[1].max())
    if first > 12 and second <= 12:
        return form.replace("?", "%d", 1).replace("?", "%m", 1)
    if second > 12 and first <= 12:
        return form.replace("?", "%m", 1).replace("?", "%d", 1)
    raise DataError(
        f"{rows.at(0)}: in {str(text.iloc[0])!r} it cannot be told day from month.",
        "Write dates as 2024-01-31.",
    )


def _cut_zone(
    rows: Rows, text: pd.Series[str], zone: str
) -> tuple[pd.Series[str], IntArray | None, str]:
    """Times without their zones, offsets in nanoseconds, or the one named zone of all rows."""
    if zone != "Z" and zone[0] not in "+-":
        if zone not in available_timezones():
            raise _unknown_form(rows, text)
        mine = text.str.endswith(zone).to_numpy(dtype=bool)
        if not mine.all():
            raise _mixed_zones(rows, text, int((~mine).argmax()), zone)
        return text.str.slice(0, -len(zone)).str.strip(), None, zone
    width = len(zone)
    tails = text.str.slice(-width)
    first_of = tails.drop_duplicates()
    offsets: dict[str, int] = {}
    for tail, row in zip(first_of, np.flatnonzero(~tails.duplicated()), strict=True):
        offset = _offset(str(tail))
        if offset is None or abs(offset - offsets.get(zone, offset)) > _HOUR:
            raise _mixed_zones(rows, text, int(row), zone)
        offsets[str(tail)] = offset
    ns: IntArray = np.array([offsets[str(tail)] for tail in first_of], dtype=np.int64)[
        tails.factorize()[0]
    ]
    return text.str.slice(0, -width).str.strip(), ns, zone


def _offset(tail: str) -> int | None:
    if tail == "Z":
        return 0
    match = re.fullmatch(r"([+-])(\d\d):?(\d\d)", tail)
    if match is None:
        return None
    sign = -1 if match[1] == "-" else 1
    return sign * (int(match[2]) * _HOUR + int(match[3]) * _HOUR // 60)


def _mixed_zones(rows: Rows, text: pd.Series[str], row: int, zone: str) -> DataError:
    return DataError(
        f"{rows.at(row)}: the time {str(text.iloc[row])!r} is not in the zone of the first "
        f"row, {zone!r}: time zones are mixed.",
        "Write all times in one zone.",
    )


def _unlike_first(rows: Rows, text: pd.Series[str], row: int) -> DataError:
    value, first = str(text.iloc[row]), str(text.iloc[0])
    if row == 0:
        return _unknown_form(rows, text)
    return DataError(
        f"{rows.at(row)}: the time {value!r} cannot be read the way the first one is, {first!r}.",
        "Write all times in one form and one zone.",
    )


def _unknown_form(rows: Rows, text: pd.Series[str]) -> DataError:
    return DataError(
        f"{rows.at(0)}: {str(text.iloc[0])!r} is not a time that can be read.",
        "Write 2024-01-31 or 2024-01-31 15:30:00, with +00:00 behind it if it is UTC.",
    )
