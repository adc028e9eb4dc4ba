"""How far back and how fine: durations and bar sizes, and which go together.

TWS limits bars below a minute strictly; from a minute on only by what it can answer in time, which
here is a year of 5-minute bars.
"""

from __future__ import annotations

__all__ = ["BAR_SIZES", "BarSize", "Duration", "allow", "read_bar_size", "read_duration"]

import re
from dataclasses import dataclass

from framework.emulator.market.refusal import HistoryRefused

_SECOND = 10**9
_DAY = 86_400
_SECONDS = {"S": 1, "D": _DAY, "W": 7 * _DAY, "M": 28 * _DAY, "Y": 365 * _DAY}
_LONGEST = {
    1: 2_000,
    5: 10_000,
    10: 14_400,
    15: 14_400,
    30: _DAY,
    60: 93 * _DAY,
    120: 93 * _DAY,
    180: 93 * _DAY,
    300: 366 * _DAY,
    600: 366 * _DAY,
    900: 366 * _DAY,
    1200: 366 * _DAY,
    1800: 5 * 366 * _DAY,
}
"""Longest duration in seconds by bar length in seconds; longer bars as 30 minutes up to a day."""
_LONGEST_INTRADAY = 5 * 366 * _DAY


@dataclass(frozen=True, slots=True)
class Duration:
    """How far back: a number of seconds (S), days (D), weeks (W), months (M) or years (Y)."""

    count: int
    unit: str

    @property
    def seconds(self) -> int:
        """At least so long, by the calendar."""
        return self.count * _SECONDS[self.unit]


@dataclass(frozen=True, slots=True)
class BarSize:
    """A bar's length.

    Attributes:
        text: as TWS writes it.
        seconds: of a bar; of a month, 28 days.
    """

    text: str
    seconds: int

    @property
    def length(self) -> int:
        """In nanoseconds."""
        return self.seconds * _SECOND

    @property
    def daily(self) -> bool:
        """Whether it is a day or longer."""
        return self.seconds >= _DAY


BAR_SIZES = tuple(
    BarSize(text, seconds)
    for text, seconds in (
        *((f"{count} secs", count) for count in (1, 5, 10, 15, 30)),
        ("1 min", 60),
        *((f"{count} mins", 60 * count) for count in (2, 3, 5, 10, 15, 20, 30)),
        ("1 hour", 3600),
        *((f"{count} hours", 3600 * count) for count in (2, 3, 4, 8)),
        ("1 day", _DAY),
        ("1 week", 7 * _DAY),
        ("1 month", 28 * _DAY),
    )
)
"""Those there are, rising."""

_SPELLINGS = {
    **{size.text: size for size in BAR_SIZES},
    **{size.text.rstrip("s"): size for size in BAR_SIZES},
    **dict.fromkeys(("1 w", "1w"), BAR_SIZES[-2]),
    **dict.fromkeys(("1 m", "1m"), BAR_SIZES[-1]),
}


def read_duration(text: str) -> Duration:
    """A duration such as "60 S", "1 D", "2 W", "1 M" or "1 Y".

    Raises:
        HistoryRefused: 321, it is none, or too long for its unit.
    """
    match = re.fullmatch(r"([1-9]\d*) *([SDWMY])", text.strip().upper())
    if match is None:
        raise HistoryRefused.invalid(
            "Historical data duration must be a whole number above 0 and one of S, D, W, M, Y"
            f"; not '{text}'"
        )
    found = Duration(int(match[1]), match[2])
    if found.unit == "S" and found.count > _DAY:
        raise HistoryRefused.invalid(
            "Historical data requests for durations longer than 86400 seconds must be made in days"
        )
    if found.unit == "D" and found.count > 365:
        raise HistoryRefused.invalid(
            "Historical data requests for durations longer than 365 days must be made in years"
        )
    return found


def read_bar_size(text: str) -> BarSize:
    """A bar size such as "5 mins".

    Raises:
        HistoryRefused: 321, it is none.
    """
    found = _SPELLINGS.get(" ".join(text.lower().split()))
    if found is None:
        legal = ", ".join(size.text for size in BAR_SIZES)
        raise HistoryRefused.invalid(
            f"Historical data bar size setting is invalid. Legal ones are: {legal}"
        )
    return found


def allow(duration: Duration, size: BarSize) -> None:
    """Let a duration and a bar size that go together pass.

    Raises:
        HistoryRefused: 162, the bars are longer than the duration, or it is too long for them.
    """
    if size.seconds > duration.seconds:
        raise HistoryRefused.service(
            f"invalid step: bars of {size.text} in {duration.count} {duration.unit}"
        )
    longest = _LONGEST.get(size.seconds, _LONGEST_INTRADAY)
    if not size.daily and duration.seconds > longest:
        raise HistoryRefused.service("Time length exceed max.")
