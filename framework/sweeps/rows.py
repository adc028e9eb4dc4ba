"""Row: what one parameter set came to, the figures every sweep records."""

from __future__ import annotations

__all__ = [
    "COUNTS",
    "FIGURES",
    "LOWER_IS_BETTER",
    "MOMENTS",
    "Row",
    "refused_row",
    "row_of",
    "sign",
]

from collections.abc import Iterable
from dataclasses import dataclass, fields
from math import nan
from operator import attrgetter

import numpy as np

from framework.domain.bars import FloatArray
from framework.errors import ConfigError, did_you_mean
from framework.research.summary import Activity, Performance, Summary

FIGURES = tuple(item.name for group in (Performance, Activity) for item in fields(group))
"""Names of the figures of a run, in the order of a row."""

COUNTS = frozenset(item.name for item in fields(Activity) if item.type in ("int", int))
"""Those that are whole numbers."""

MOMENTS = ("observations", "skewness", "kurtosis")
"""What a deflated Sharpe ratio needs besides: number of daily returns, and their shape."""

LOWER_IS_BETTER = frozenset(
    {
        "volatility", "drawdown_days", "drawdown_bars", "longest_drawdown_days", "commission",
        "slippage", "turnover", "open_trades", "working_orders", "refused_orders", "touch_fills",
        "breakers_tripped",
    }
)  # fmt: skip
"""Figures whose best value is the lowest; a drawdown is a fraction <= 0, so it is none of them."""

_PERFORMANCE = attrgetter(*(item.name for item in fields(Performance)))
_ACTIVITY = attrgetter(*(item.name for item in fields(Activity)))


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter set's run.

    Attributes:
        figures: in the order of `FIGURES`; empty if it did not run to the end.
        moments: number, skewness and plain kurtosis (normal: 3) of its daily returns; empty then.
        reason: why it did not run to the end; empty if it did.
    """

    figures: tuple[float, ...] = ()
    moments: tuple[float, ...] = ()
    reason: str = ""


def row_of(summary: Summary, returns: FloatArray) -> Row:
    """The row of a run that went to its end, with its daily returns."""
    return Row((*_PERFORMANCE(summary.strategy), *_ACTIVITY(summary.activity)), _moments(returns))


def refused_row(reason: str) -> Row:
    """The row of a parameter set the strategy would not, or could not, run with."""
    return Row(reason=" ".join(reason.split()))


def sign(metric: str, others: Iterable[str] = ()) -> float:
    """1 for a figure that is best when high, -1 for one that is best when low.

    Raises:
        ConfigError: there is no such figure.
    """
    known = (*FIGURES, *others)
    if metric not in known:
        raise ConfigError(f"There is no metric {metric!r}.", did_you_mean(metric, known))
    return -1.0 if metric in LOWER_IS_BETTER else 1.0


def _moments(returns: FloatArray) -> tuple[float, float, float]:
    present = returns[~np.isnan(returns)]
    if len(present) == 0:
        return 0.0, nan, nan
    centred = present - present.mean()
    square = centred * centred
    variance = float(square.mean())
    if variance == 0.0:
        return float(len(present)), nan, nan
    skewness = float((square * centred).mean()) / variance**1.5
    return float(len(present)), skewness, float((square * square).mean()) / variance**2
