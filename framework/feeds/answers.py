"""What a file does not say of itself: stamp, time zone, calendar, prices, and the hours to use."""

from __future__ import annotations

__all__ = ["FileAnswers", "describe_gap", "open_questions", "resolve"]

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from framework.calendar import DAY, TradingCalendar, day_text, well_known_fits
from framework.domain.bars import IntArray
from framework.errors import DataError
from framework.feeds.columns import Preset
from framework.feeds.stamps import Stamps
from framework.feeds.table import Table
from framework.feeds.validate import Prices, split_gaps

_CERTAIN_DAYS = 20
"""Daily bars from which a perfect fit to the NYSE's sessions is no coincidence."""


@dataclass(frozen=True, slots=True)
class FileAnswers:
    """What a file's rows mean; None leaves a question open.

    Attributes:
        stamp: whether a row's time is the start ("open") or the end ("close") of its bar.
        tz: time zone of the times written.
        calendar: whose sessions the bars belong to.
        prices: "raw" as traded, "split" adjusted for splits, "total" for dividends too.
        hours: "regular" leaves out bars outside regular trading hours, "all" keeps them; never
            found out, regular unless asked for.
    """

    stamp: Literal["open", "close"] | None = None
    tz: str | None = None
    calendar: str | None = None
    prices: Literal["raw", "split", "total"] | None = None
    hours: Literal["regular", "all"] | None = None


def resolve(
    table: Table, stamps: Stamps, prices: Prices, asked: FileAnswers, calendar: str | None
) -> FileAnswers:
    """The answers, with those that are certain filled in; what is not certain stays None.

    Args:
        table: the file.
        stamps: its timestamps.
        prices: its prices.
        asked: what the user answered.
        calendar: the calendar of its entry in instruments.yaml, None without one.
    """
    name = asked.calendar or calendar or _certain_calendar(stamps)
    known = None if name is None else TradingCalendar(name)
    found = replace(
        asked,
        calendar=None if known is None else known.name,
        hours=asked.hours or "regular",
    )
    if stamps.date_only:
        found = replace(found, stamp="close", tz=None if known is None else known.tz)
    elif stamps.utc is not None:
        found = replace(found, tz="UTC")
    if found.stamp is None and table.layout.preset in (Preset.POLYGON, Preset.IB):
        found = replace(found, stamp="open")
    certain = prices.adjusted is None and len(split_gaps(stamps.wall, prices)) == 0
    if found.prices is None and certain:
        found = replace(found, prices="split")
    return found


def open_questions(
    table: Table, stamps: Stamps, prices: Prices, answers: FileAnswers, frame: str
) -> DataError | None:
    """The error that asks for every answer still missing, None when there is none."""
    lines = []
    if answers.stamp is None:
        lines.append(_ask_stamp(stamps))
    if answers.tz is None and not stamps.date_only:
        lines.append(
            "--tz Area/City: the time zone the times are written in, such as UTC, America/New_York "
            "or Europe/Berlin. A wrong one moves every bar against its session."
        )
    if answers.calendar is None:
        lines.append(_ask_calendar(stamps))
    if answers.prices is None:
        lines.append(_ask_prices(table, stamps, prices))
    if not lines:
        return None
    flags = "a flag" if len(lines) == 1 else f"{len(lines)} flags"
    what = f"{table.layout.preset.value}, {len(table)} bars of {frame}"
    return DataError(
        f"{table.where} ({what}) does not say all that must be known of it. Answer with {flags}:",
        "\n  " + "\n  ".join(lines),
    )


def _certain_calendar(stamps: Stamps) -> str | None:
    days = stamps.wall // DAY
    if not stamps.date_only or len(days) < _CERTAIN_DAYS:
        return None
    sessions = TradingCalendar("XNYS").sessions_between(int(days[0]), int(days[-1]))
    return "XNYS" if np.array_equal(sessions, days) else None


def _ask_stamp(stamps: Stamps) -> str:
    starts = np.flatnonzero(np.diff(stamps.wall // DAY, prepend=-1))
    ends = np.append(starts[1:], len(stamps.wall)) - 1
    first = _clock(_most_common(stamps.wall[starts] % DAY))
    last = _clock(_most_common(stamps.wall[ends] % DAY))
    return (
        "--stamp open|close: whether the time of a row is the start or the end of its bar. Taken "
        "wrongly, a strategy knows each bar before it is over, or one bar late. "
        f"Most days here run from {first} to {last}."
    )


def _ask_calendar(stamps: Stamps) -> str:
    fits = well_known_fits(stamps.wall // DAY)[:4]
    shown = ", ".join(
        name if share == 1 else f"{name} (all but {1 - share:.1%} of the bars)"
        for name, share in fits
    )
    proposal = f"Its days fit {shown}." if shown else "Its days fit no well-known one."
    return (
        "--calendar NAME: whose sessions the bars belong to (or give the symbol an entry in "
        "data/instruments.yaml). It decides when a day opens and closes, for day orders, daily "
        f"limits and longer bars. {proposal}"
    )


def _ask_prices(table: Table, stamps: Stamps, prices: Prices) -> str:
    if prices.adjusted is not None:
        return (
            "--prices raw|split|total: the file has an adjusted close. total scales all prices "
            "by it, so that dividends are in the returns; split (Yahoo's plain columns) and raw "
            "(as traded that day) use the plain columns."
        )
    return (
        f"--prices raw|split|total: {describe_gap(table, stamps, prices)} Prices as traded that "
        "day are raw, and the gap would be traded as a real loss or gain; if the gap is real and "
        "the prices are adjusted for splits, say split, for dividends too, total."
    )


def describe_gap(table: Table, stamps: Stamps, prices: Prices) -> str:
    """The first gap that looks like a split, in one sentence."""
    rows = split_gaps(stamps.wall, prices)
    row = int(rows[0])
    more = f" ({len(rows) - 1} more like it)" if len(rows) > 1 else ""
    return (
        f"in {table.unit} {table.lines[row]}, {day_text(int(stamps.wall[row] // DAY))}, the open "
        f"{prices.open[row]:g} after a close of {prices.close[row - 1]:g} looks like a "
        f"split{more}."
    )


def _most_common(values: IntArray) -> int:
    unique, counts = np.unique(values, return_counts=True)
    return int(unique[counts.argmax()])


def _clock(ns: int) -> str:
    seconds = ns // 1_000_000_000
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
