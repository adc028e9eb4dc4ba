"""Curves of a run: drawdown, daily samples, and buying and holding beside it.

All start at the first instant orders were allowed and end where the run stopped; N is their
number of instants.
"""

from __future__ import annotations

__all__ = [
    "Underwater",
    "buy_and_hold",
    "daily_returns",
    "drawdown_curve",
    "returns_between",
    "session_ends",
    "span",
    "underwater",
]

from dataclasses import dataclass
from math import nan

import numpy as np

from framework.backtest.record import RunRecord
from framework.domain.actions import StockSplit
from framework.domain.bars import Bars, FloatArray, IntArray
from framework.research.metrics import drawdowns, simple_returns

_DAY = 86_400e9


def span(record: RunRecord) -> slice:
    """The instants that count: from the first with orders allowed to where the run stopped."""
    return slice(record.start, max(record.start, record.stop))


def daily_returns(record: RunRecord, curve: FloatArray) -> FloatArray:
    """Returns from one session's last instant to the next.

    The first counts from the opening cash at the start instant, so a run that starts on the last
    bar of a session has no return that day.

    Args:
        record: the run.
        curve: value of the account at each instant, shape (N,).
    """
    ends = session_ends(record.session[span(record)])
    return returns_between(record.opening_cash, curve[ends])


def session_ends(session: IntArray) -> IntArray:
    """Positions of each session's last instant, without the very first instant.

    Args:
        session: trading day of each instant, shape (N,).
    """
    if len(session) == 0:
        return np.empty(0, dtype=np.int64)
    last = np.append(np.flatnonzero(np.diff(session)), len(session) - 1)
    return last[last > 0]


def returns_between(opening: float, values: FloatArray) -> FloatArray:
    """Returns from `opening` to the first value and from each value to the next: shape (n,)."""
    return simple_returns(np.concatenate(([opening], values)))


def drawdown_curve(record: RunRecord, curve: FloatArray) -> FloatArray:
    """Fall from the highest value so far, opening cash included, as a fraction <= 0: (N,)."""
    return drawdowns(np.concatenate(([record.opening_cash], curve)))[1:]


@dataclass(frozen=True, slots=True)
class Underwater:
    """The deepest drawdown and how long drawdowns lasted, from peak to new peak or the end.

    Attributes:
        depth: the deepest, a fraction <= 0.
        days: calendar days the deepest one lasted.
        bars: instants it lasted.
        longest_days: calendar days of the longest one.
    """

    depth: float = nan
    days: float = nan
    bars: float = nan
    longest_days: float = nan


def underwater(times: IntArray, drawdown: FloatArray) -> Underwater:
    """Depth and lengths of the drawdowns of a curve.

    Args:
        times: nanoseconds UTC, shape (N,).
        drawdown: fractions <= 0, shape (N,).
    """
    if len(drawdown) == 0 or np.isnan(drawdown).any():
        return Underwater()
    deepest = int(drawdown.argmin())
    at_peak = drawdown == 0.0
    at_peak[0] = True
    peaks = np.flatnonzero(at_peak)
    ends = np.append(peaks[1:], len(drawdown) - 1)
    below = drawdown[np.minimum(peaks + 1, len(drawdown) - 1)] < 0.0
    days = np.where(below, (times[ends] - times[peaks]) / _DAY, 0.0)
    if drawdown[deepest] == 0.0:
        return Underwater(0.0, 0.0, 0.0, 0.0)
    which = int(np.searchsorted(peaks, deepest, side="right")) - 1
    return Underwater(
        depth=float(drawdown[deepest]),
        days=float(days[which]),
        bars=float(ends[which] - peaks[which]),
        longest_days=float(days.max()),
    )


def buy_and_hold(record: RunRecord) -> FloatArray:
    """What the opening cash would have become, shape (N,).

    Equal amounts are put into every symbol at its close at the start instant, or at its first close
    after, without costs; units may be fractions. Splits and dividends that the prices do not
    contain are booked, dividends without being reinvested.
    """
    cut = span(record)
    value = np.zeros(cut.stop - cut.start)
    stake = record.opening_cash / len(record.bars)
    for bars in record.bars:
        rows = record.rows[bars.symbol][cut]
        known = rows >= 0
        growth = np.ones(len(rows))
        if known.any():
            prices = _held(record, bars)[rows[known]]
            if bars.symbol in record.rates:
                prices = prices * record.rates[bars.symbol][cut][known]
            growth[known] = prices / prices[0]
        value += stake * growth
    return value


def _held(record: RunRecord, bars: Bars) -> FloatArray:
    """What one unit bought before everything else would be worth at each row: (n,).

    Dividends are those per unit of their day, kept as money on the scale of the first bar.
    """
    units, money = np.ones(len(bars)), np.zeros(len(bars))
    for action in record.actions:
        if action.symbol != bars.symbol:
            continue
        row = int(np.searchsorted(bars.session, action.day))
        if row == 0 or row == len(bars):
            continue
        if isinstance(action, StockSplit):
            units[row:] *= action.ratio
        else:
            money[row:] += action.amount * units[row]
    return units * bars.close + money
