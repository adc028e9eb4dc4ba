"""Sums: the same bits by arrays and one number at a time, and near the exact ones."""

from __future__ import annotations

from math import fsum, isnan

import numpy as np
import pytest

from framework.research.sums import (
    BLOCK,
    block_deviation,
    block_total,
    deviation,
    mean,
    total,
)

SIZES = [1, 2, 7, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 5_000]


def noise(size: int) -> np.ndarray:
    return np.random.default_rng(size).normal(1e-3, 1.0, size)


@pytest.mark.parametrize("size", SIZES)
def test_a_total_is_the_same_to_the_last_bit(size: int) -> None:
    values = noise(size)
    assert total(values) == block_total(values, size)
    assert total(values) == pytest.approx(fsum(values), rel=1e-11)


@pytest.mark.parametrize("size", [size for size in SIZES if size > 1])
def test_a_deviation_is_the_same_to_the_last_bit(size: int) -> None:
    values = noise(size)
    assert deviation(values) == block_deviation(values, size, mean(values), np.empty(size))
    assert deviation(values) == pytest.approx(values.std(ddof=1), rel=1e-12)


def test_a_long_sum_of_one_awkward_number_stays_exact() -> None:
    """Added up one after the other, a million of these are off by 1e-11."""
    value, count = 100_123.37, 1_000_000
    assert mean(np.full(count, value)) == pytest.approx(value, rel=1e-13)


def test_what_there_is_nothing_of() -> None:
    nothing = np.empty(0)
    assert total(nothing) == block_total(nothing, 0) == 0.0
    assert str(total(np.array([-0.0]))) == str(block_total(np.array([-0.0]), 1)) == "0.0"
    assert isnan(mean(nothing))
    assert isnan(deviation(np.ones(1))) and isnan(block_deviation(np.ones(1), 1, 1.0, np.empty(1)))


def test_equal_values_do_not_deviate() -> None:
    values = np.full(3, 0.1)
    assert deviation(values) == block_deviation(values, 3, mean(values), np.empty(3)) == 0.0
