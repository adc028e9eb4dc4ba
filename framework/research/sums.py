"""Sums, means and deviations that are the same to the last bit by arrays and by machine code.

Blocks are summed one number after the other, then the blocks: rounding does not grow with length.
"""

from __future__ import annotations

__all__ = ["BLOCK", "block_deviation", "block_total", "deviation", "mean", "total"]

from math import nan, sqrt

import numpy as np

from framework.compiled import scalar
from framework.domain.bars import FloatArray

BLOCK = 512
"""Numbers in a block."""


def total(values: FloatArray) -> float:
    """The sum of `values`, shape (n,); 0 without any."""
    if len(values) == 0:
        return 0.0
    whole = len(values) - len(values) % BLOCK
    blocks = values[:whole].reshape(-1, BLOCK).cumsum(axis=1)[:, -1]
    parts = np.concatenate((blocks, values[whole:].cumsum()[-1:]))
    return float(parts.cumsum()[-1]) + 0.0


def mean(values: FloatArray) -> float:
    """The arithmetic mean, NaN without values."""
    return total(values) / len(values) if len(values) else nan


def deviation(values: FloatArray) -> float:
    """The sample deviation (n - 1), NaN with fewer than two values.

    It is exactly 0 for equal values, whose computed mean may be a bit off.
    """
    if len(values) < 2:
        return nan
    if values.max() == values.min():
        return 0.0
    return sqrt(total(np.square(values - mean(values))) / (len(values) - 1))


@scalar
def block_total(values: FloatArray, count: int) -> float:
    """`total` of the first `count` values, one at a time."""
    result = 0.0
    for start in range(0, count, BLOCK):
        part = 0.0
        for k in range(start, min(start + BLOCK, count)):
            part += values[k]
        result += part
    return float(result)


@scalar
def block_deviation(values: FloatArray, count: int, average: float, squares: FloatArray) -> float:
    """`deviation` of the first `count` values around their mean, one at a time.

    `squares` is room to work in, for as many numbers.
    """
    if count < 2:
        return nan
    low = high = values[0]
    for k in range(count):
        low, high = min(low, values[k]), max(high, values[k])
        squares[k] = (values[k] - average) * (values[k] - average)
    return 0.0 if low == high else sqrt(block_total(squares, count) / (count - 1))
