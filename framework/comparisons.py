"""Comparisons: where one column is above, below or level with another, and where they cross.

Two values count as equal when |a - b| <= 1e-9 max(|a|, |b|). With the machine code at hand one pass
over the columns does it; without, numpy does the same in several.
"""

from __future__ import annotations

__all__ = ["ABOVE", "BELOW", "DIFFERENT", "LEVEL", "NOT_ABOVE", "NOT_BELOW", "compared", "crossed"]

from math import inf, isfinite, nan

import numpy as np

from framework.compiled import entry, fast, scalar
from framework.domain.bars import BoolArray, FloatArray

ABOVE, BELOW, NOT_BELOW, NOT_ABOVE, LEVEL, DIFFERENT = range(6)
"""What a comparison asks of a column."""

_EQUAL = 1e-9
_READ = "Array(f8, 1, 'C', readonly=True)"


def compared(a: FloatArray, b: FloatArray, asked: int) -> BoolArray:
    """Where `a` stands to `b` as asked; false where either is unknown.

    Args:
        a, b: shape (n,), or () for a constant, not both.
        asked: ABOVE, BELOW, NOT_BELOW, NOT_ABOVE, LEVEL or DIFFERENT.
    """
    run = fast(_compare)
    if run is not None and a.ndim == 1:
        mask = np.empty(len(a), dtype=np.bool_)
        run(a, b if b.ndim else b.reshape(1), asked, mask)
        return mask
    with np.errstate(invalid="ignore"):
        return np.asarray(_TESTS[asked](_signs(a, b)))


def crossed(a: FloatArray, b: FloatArray, upwards: bool) -> BoolArray:
    """Where `a` is on one side of `b` and the last time they differed it was on the other.

    Args:
        a, b: shape (n,), or () for a constant, not both.
        upwards: whether `a` comes from below.
    """
    run = fast(_cross)
    if run is not None:
        long, other, sign = (a, b, 1.0) if a.ndim else (b, a, -1.0)
        mask = np.empty(len(long), dtype=np.bool_)
        run(long, other if other.ndim else other.reshape(1), sign if upwards else -sign, mask)
        return mask
    signs = np.nan_to_num(_signs(a, b))
    last_differing = np.maximum.accumulate(np.where(signs != 0.0, np.arange(len(signs)), 0))
    standing = signs[last_differing]
    before = np.concatenate(([0.0], standing[:-1])) if len(signs) else standing
    crossing = np.where(signs * before < 0.0, signs, 0.0)
    return crossing > 0.0 if upwards else crossing < 0.0


@scalar
def _sign(a: float, b: float) -> float:
    """Sign of a - b, 0 where they count as equal, NaN where either is unknown."""
    gap = a - b
    if a == b or (isfinite(gap) and abs(gap) <= _EQUAL * max(abs(a), abs(b))):
        return 0.0
    if gap > 0.0:
        return 1.0
    return -1.0 if gap < 0.0 else nan


@entry(f"void({_READ}, {_READ}, i8, b1[::1])")
def _compare(a: FloatArray, b: FloatArray, asked: int, mask: BoolArray) -> None:
    count, constant = len(a), len(b) == 1
    if asked in (LEVEL, DIFFERENT):
        step = 0 if constant else 1
        for row in range(count):
            sign = _sign(a[row], b[row * step])
            mask[row] = sign == 0.0 if asked == LEVEL else abs(sign) > 0.0
        return
    turn = -1.0 if asked in (BELOW, NOT_BELOW) else 1.0
    level = turn * b[0] if constant else 0.0
    if asked in (ABOVE, BELOW):
        if constant:
            for row in range(count):
                mask[row] = _is_above(turn * a[row], level)
        else:
            for row in range(count):
                mask[row] = _is_above(turn * a[row], turn * b[row])
    elif constant:
        for row in range(count):
            mask[row] = _is_not_above(turn * a[row], level)
    else:
        for row in range(count):
            mask[row] = _is_not_above(turn * a[row], turn * b[row])


@scalar
def _is_above(a: float, b: float) -> bool:
    """Whether the sign of a - b is 1, without a branch: several rows are compared at once."""
    gap = a - b
    return bool((gap > _EQUAL * max(abs(a), abs(b))) | (gap == inf))


@scalar
def _is_not_above(a: float, b: float) -> bool:
    """Whether the sign of a - b is 0 or -1."""
    gap = a - b
    return bool(
        ((gap <= _EQUAL * max(abs(a), abs(b))) & (gap < inf)) | (a == b)  # neither is unknown
    )


@entry(f"void({_READ}, {_READ}, f8, b1[::1])")
def _cross(a: FloatArray, b: FloatArray, direction: float, mask: BoolArray) -> None:
    step = 0 if len(b) == 1 else 1
    standing = 0.0
    for row in range(len(a)):
        sign = _sign(a[row], b[row * step])
        mask[row] = sign * direction > 0.0 and standing * direction < 0.0
        if abs(sign) > 0.0:
            standing = sign


_TESTS = (
    lambda sign: sign > 0,
    lambda sign: sign < 0,
    lambda sign: sign >= 0,
    lambda sign: sign <= 0,
    lambda sign: sign == 0,
    lambda sign: np.abs(sign) > 0,
)


def _signs(a: FloatArray, b: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", over="ignore"):
        gap = a - b
        near = np.isfinite(gap) & (np.abs(gap) <= _EQUAL * np.maximum(np.abs(a), np.abs(b)))
        return np.where(near | (a == b), 0.0, np.sign(gap))
