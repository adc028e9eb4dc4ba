"""Made-up price paths on a scale around 0: days of a block, minutes of a day.

On the scale 0 is a symbol's usual price and x stands for the ratio (2 + x) / (2 - x), near e^x,
made of exact operations alone. A block of 1024 days is pinned at both ends and a seeded bridge
joins the pins: a day's level needs no chain of days before it, and stays near the usual for ever.
"""

from __future__ import annotations

__all__ = ["BLOCK", "MINUTES", "Days", "days_of_block", "minutes_of_day", "ratio", "shares"]

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import numpy as np

from framework.domain.bars import FloatArray
from framework.emulator.market.randomness import normal, stream, uniform

BLOCK = 1024
"""Days between two pins."""
MINUTES = 1440
"""Minutes of a day."""

_PIN = 0.1
"""Standard deviation of the scale at a pin: 10 %."""
_REACH = 1.2
"""Largest distance from 0 on the scale: a quarter of the usual price to four times of it."""
_DAYS_A_YEAR = 365.0
_WICK = (0.05, 0.9)
"""How far a day reaches beyond its open and close, at least and at most, in standard deviations."""
_BUSY = (810, 1200)
"""First and last minute, UTC, in which New York trades."""


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """The days of one block on the scale, shape (BLOCK,) each."""

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray


def ratio(scale: FloatArray) -> FloatArray:
    """What prices on the scale are to the usual price."""
    return (2.0 + scale) / (2.0 - scale)


def days_of_block(seed: int, driver: str, number: int, volatility: float) -> Days:
    """The days number x BLOCK .. number x BLOCK + BLOCK - 1 of a driver."""
    source = stream(seed, driver, "days", number)
    step = volatility / sqrt(_DAYS_A_YEAR)
    walk = np.cumsum(normal(source, BLOCK)) * step
    start, end = _pin(seed, driver, number), _pin(seed, driver, number + 1)
    along = np.arange(1, BLOCK + 1) / BLOCK
    inner = _REACH - 6.0 * step
    close = np.clip(start + walk + along * (end - start - walk[-1]), -inner, inner)
    close[-1] = end
    opened = np.concatenate(([start], close[:-1]))
    least, more = _WICK
    wicks = (least + more * np.square(uniform(source, 2 * BLOCK))).reshape(2, BLOCK) * step
    high = np.maximum(opened, close) + wicks[0]
    low = np.minimum(opened, close) - wicks[1]
    return Days(opened, high, low, close)


def minutes_of_day(
    seed: int, driver: str, day: int, volatility: float, bounds: Sequence[float]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Opens, highs, lows and closes of a day's minutes, on the scale, shape (MINUTES,) each.

    Args:
        seed, driver, day: name the path.
        volatility: a year.
        bounds: the day's open, high, low and close, which the minutes reach exactly.
    """
    opened, high, low, close = bounds
    source = stream(seed, driver, "minutes", day)
    places, swapped = _turns(source)
    extremes = (high, low) if swapped else (low, high)
    deviation = volatility / sqrt(_DAYS_A_YEAR) * _SHAPE
    walk = np.concatenate(([0.0], np.cumsum(normal(source, MINUTES) * deviation)))
    path = np.empty(MINUTES + 1)
    anchors = [(0, opened), (places[0], extremes[0]), (places[1], extremes[1]), (MINUTES, close)]
    for (start, here), (stop, there) in pairwise(anchors):
        path[start : stop + 1] = _bridge(walk[start : stop + 1], here, there)
    path = _folded(path, low, high)
    for place, value in anchors:
        path[place] = value
    before, after = path[:-1], path[1:]
    reach = uniform(source, 2 * MINUTES).reshape(2, MINUTES) * deviation * 0.6
    above = np.minimum(np.maximum(before, after) + reach[0], high)
    below = np.maximum(np.minimum(before, after) - reach[1], low)
    return before, above, below, after


def shares(seed: int, symbol: str, day: int, volume: float) -> FloatArray:
    """A day's whole volume split over its minutes, busiest while New York trades."""
    weights = np.square(_SHAPE) * (
        0.4 + 1.2 * uniform(stream(seed, symbol, "volume", day), MINUTES)
    )
    total = np.cumsum(weights)
    parts = np.floor(volume * (total / total[-1]))
    parts[-1] = volume
    return np.diff(parts, prepend=0.0)


def _shape() -> FloatArray:
    """Standard deviation of each minute in days', so that their squares sum to 1."""
    place = np.arange(MINUTES)
    busy = (place >= _BUSY[0]) & (place < _BUSY[1])
    weight = np.where(busy, 2.0, 1.0)
    root: FloatArray = np.sqrt(weight / weight.sum())
    return root


_SHAPE = _shape()


def _pin(seed: int, driver: str, number: int) -> float:
    return float(normal(stream(seed, driver, "pin", number), 1)[0]) * _PIN


def _turns(source: np.random.PCG64) -> tuple[tuple[int, int], bool]:
    """The minutes at whose ends the extremes are reached, and whether the high comes first."""
    first, second, order = uniform(source, 3).tolist()
    one, other = 1 + int(first * (MINUTES - 2)), 1 + int(second * (MINUTES - 3))
    other += other >= one
    return (min(one, other), max(one, other)), order < 0.5


def _bridge(walk: FloatArray, here: float, there: float) -> FloatArray:
    """The walk, tilted so that it leads from one value to the other."""
    along = np.arange(len(walk)) / (len(walk) - 1)
    moved: FloatArray = here + (walk - walk[0]) + along * (there - here - (walk[-1] - walk[0]))
    return moved


def _folded(path: FloatArray, low: float, high: float) -> FloatArray:
    """The path with what lies beyond low or high mirrored back inside."""
    width = high - low
    inside = np.abs(np.mod(path - high, 2.0 * width) - width)
    found: FloatArray = np.clip(low + inside, low, high)
    return found
