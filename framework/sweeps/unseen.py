"""Unseen: days kept away from a search, and what its best sets come to on them."""

from __future__ import annotations

__all__ = [
    "LABEL",
    "UNSEEN",
    "Days",
    "days_between",
    "days_of",
    "out_of_sample",
    "restricted",
]

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from framework.config.plan import Plan
from framework.config.request import Request
from framework.errors import ConfigError
from framework.feeds.ranges import parse_day
from framework.sweeps.evaluate import evaluate
from framework.sweeps.result import SweepTrial
from framework.sweeps.rows import FIGURES
from framework.sweeps.table import DEFLATED, REASON, TRIAL

if TYPE_CHECKING:
    import pandas as pd

UNSEEN = "out_of_sample.csv"
"""Its file in a sweep's folder."""

LABEL = (
    "The train figures are those the search chose by: they are too good. Judge by the test days, "
    "and look at them once; whoever searches again after looking is searching on them."
)
"""The warning that comes with every comparison."""


@dataclass(frozen=True, slots=True)
class Days:
    """A stretch of days, both included; None is the beginning, or the end, of the data."""

    first: str | None
    last: str | None

    def __str__(self) -> str:
        return f"{self.first or 'the first bar'} to {self.last or 'the last bar'}"


def days_of(train: str | None, test: str | None) -> tuple[Days, Days] | None:
    """The days of the search and of the test; None without both.

    Args:
        train, test: FROM:TO, where either end may be left out.

    Raises:
        ConfigError: one without the other, no such days, or days in both.
    """
    if train is None and test is None:
        return None
    if train is None or test is None:
        given, missing = ("--train", "--test") if test is None else ("--test", "--train")
        raise ConfigError(f"There is {given} without {missing}.", "Give both, as FROM:TO.")
    learnt, kept = days_between(train, "--train"), days_between(test, "--test")
    if not (_before(learnt, kept) or _before(kept, learnt)):
        raise ConfigError(
            f"--train {train} and --test {test} share days.",
            "Let the test begin after the last day of the search.",
        )
    return learnt, kept


def restricted(request: Request, days: Days) -> Request:
    """The request with orders on these days only; bars before them are history.

    Raises:
        ConfigError: it has a start, or an end, of its own.
    """
    if request.start is not None or request.last is not None:
        flag = "--start" if request.start is not None else "--to"
        raise ConfigError(
            f"There is {flag} beside --train and --test.",
            f"Leave {flag} out: they say which days count.",
        )
    return replace(request, start=days.first, last=days.last, data_sha256=None)


def out_of_sample(plan: Plan, leaders: Sequence[SweepTrial]) -> pd.DataFrame:
    """The best sets of a search beside what they come to on the days of `plan`.

    Columns: trial, parameters, each figure as `train_...` and `test_...`, the deflated Sharpe ratio
    of the search, and the reason why a set did not run on these days.
    """
    import pandas as pd  # noqa: PLC0415  # most sweeps have no test

    tested = evaluate(plan, [leader.parameters for leader in leaders])
    rows = []
    for leader, row in zip(leaders, tested, strict=True):
        cells: dict[str, object] = {TRIAL: leader.trial, **leader.parameters}
        values = row.figures or (float("nan"),) * len(FIGURES)
        for name, value in zip(FIGURES, values, strict=True):
            cells[f"train_{name}"] = leader.figures[name]
            cells[f"test_{name}"] = value
        rows.append({**cells, DEFLATED: leader.deflated_sharpe, REASON: row.reason})
    return pd.DataFrame(rows)


def days_between(text: str, flag: str) -> Days:
    """The days FROM:TO means, where either end may be left out.

    Raises:
        ConfigError: they are none.
    """
    first, colon, last = (part.strip() for part in text.partition(":"))
    if not colon or not (first or last):
        raise ConfigError(
            f"{flag} is {text!r}.", f"Write {flag} FROM:TO, such as 2000-01-01:2009-12-31."
        )
    days = Days(first or None, last or None)
    if _start(days, flag) > _end(days, flag):
        raise ConfigError(f"{flag} {text} ends before it begins.", "Swap the days.")
    return days


def _before(one: Days, other: Days) -> bool:
    return _end(one, "") < _start(other, "")


def _start(days: Days, flag: str) -> date:
    return date.min if days.first is None else parse_day(days.first, flag)


def _end(days: Days, flag: str) -> date:
    return date.max if days.last is None else parse_day(days.last, flag)
