"""Volatility as history: realised over thirty trading days, and implied by the option model."""

from __future__ import annotations

__all__ = ["flat", "realised"]

from itertools import pairwise
from math import log, sqrt

from framework.emulator.market.buckets import HistoryBar

_DAYS = 30


def realised(closes: list[float], days: int) -> float:
    """Yearly deviation of the last thirty daily returns, of a year of `days`; 0 without three."""
    used = closes[-_DAYS - 1 :]
    moves = [log(after / before) for before, after in pairwise(used)]
    if len(moves) < 3:
        return 0.0
    mean = sum(moves) / len(moves)
    return sqrt(sum((one - mean) ** 2 for one in moves) / (len(moves) - 1) * days)


def flat(bars: list[HistoryBar], levels: list[float]) -> list[HistoryBar]:
    """Bars at the times of others that stand at a level each."""
    return [
        HistoryBar(bar.time, level, level, level, level, -1.0, level, -1)
        for bar, level in zip(bars, levels, strict=True)
    ]
