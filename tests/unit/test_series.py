"""Series and conditions: now, the past, arithmetic, crossings, and what is not readable."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from framework.errors import LookaheadError, StrategyError
from framework.series import (
    Axis,
    Condition,
    Series,
    always,
    crosses_above,
    crosses_below,
    flat,
    long,
    short,
    whole,
)

NAN = float("nan")


def series(*values: float, axis: Axis | None = None, name: str = "x") -> Series:
    return Series(np.array(values, dtype=float), axis or Axis(len(values)), name)


def pair(a: list[float], b: list[float]) -> tuple[Series, Series]:
    axis = Axis(len(a))
    return series(*a, axis=axis, name="a"), series(*b, axis=axis, name="b")


def holds(condition: Condition, length: int) -> list[bool]:
    return [bool(v) for v in np.broadcast_to(condition.when_flat, (length,))]


def test_minus_one_is_now_and_minus_two_the_row_before() -> None:
    x = series(1, 2, 3, 4)
    x.axis.row = 2
    assert (x[-1], x[-2], x[-3]) == (3.0, 2.0, 1.0)
    assert len(x) == 3
    assert float(x) == 3.0


@pytest.mark.parametrize("index", [0, 1, 2, 3, 99])
@pytest.mark.parametrize("row", [-1, 1])
def test_no_index_reaches_the_future(index: int, row: int) -> None:
    x = series(1, 2, 3, 4)
    x.axis.row = row
    with pytest.raises(LookaheadError):
        x[index]


def test_reaching_back_before_the_first_row_is_an_index_error_that_counts() -> None:
    x = series(1, 2, 3)
    x.axis.row = 1
    with pytest.raises(IndexError, match="2 bars so far"):
        x[-3]


@pytest.mark.parametrize("read", [lambda x: x[-1], lambda x: x.last(2), float, lambda x: x[-5]])
def test_in_setup_nothing_is_readable(read: Callable[[Series], object]) -> None:
    with pytest.raises(StrategyError, match="setup"):
        read(series(1, 2, 3))


def test_last_is_a_copy_of_what_is_known_that_leads_to_nothing_else() -> None:
    x = series(1, 2, 3, 4, 5)
    x.axis.row = 2
    assert list(x.last(2)) == [2.0, 3.0]
    assert list(x.last(99)) == [1.0, 2.0, 3.0]
    assert list(x.last(0)) == []
    x.last(2)[0] = 9.0
    assert list(x.last(2)) == [2.0, 3.0]
    assert x.last(2).base is None


def test_a_negative_count_does_not_reach_ahead() -> None:
    x = series(1, 2, 3, 4, 5)
    x.axis.row = 2
    assert list(x.last(-1)) == []


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda a, b: a + b, [5.0, 7.0, 9.0]),
        (lambda a, b: a - b, [-3.0, -3.0, -3.0]),
        (lambda a, b: a * b, [4.0, 10.0, 18.0]),
        (lambda a, b: b / a, [4.0, 2.5, 2.0]),
        (lambda a, b: 1 + a, [2.0, 3.0, 4.0]),
        (lambda a, b: 1 - a, [0.0, -1.0, -2.0]),
        (lambda a, b: 2 * a, [2.0, 4.0, 6.0]),
        (lambda a, b: 6 / a, [6.0, 3.0, 2.0]),
        (lambda a, b: -a, [-1.0, -2.0, -3.0]),
        (lambda a, b: abs(a - b), [3.0, 3.0, 3.0]),
    ],
)
def test_arithmetic(make: Callable[[Series, Series], Series], expected: list[float]) -> None:
    a, b = pair([1, 2, 3], [4, 5, 6])
    assert list(whole(make(a, b))) == expected


def test_dividing_by_zero_gives_no_warning_and_no_condition() -> None:
    a, b = pair([1, 0, 3], [0, 0, 1])
    ratio = a / b
    assert holds((ratio > 2) | (ratio <= 2), 3) == [True, False, True]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda a, b: a > b, [False, False, True, False, False]),
        (lambda a, b: a < b, [True, False, False, False, False]),
        (lambda a, b: a >= b, [False, True, True, True, False]),
        (lambda a, b: a <= b, [True, True, False, True, False]),
        (lambda a, b: a == b, [False, True, False, True, False]),
        (lambda a, b: a != b, [True, False, True, False, False]),
    ],
)
def test_comparisons_count_a_billionth_as_equal_and_the_unknown_as_false(
    make: Callable[[Series, Series], Condition], expected: list[bool]
) -> None:
    a, b = pair([1, 2, 3, 1e6 * (1 + 5e-10), NAN], [2, 2, 2, 1e6, 2])
    assert holds(make(a, b), 5) == expected


@pytest.mark.parametrize(
    ("a", "b", "above", "below"),
    [
        ([1, 3], [2, 2], [1], []),
        ([3, 1], [2, 2], [], [1]),
        ([1, 2, 3], [2, 2, 2], [2], []),
        ([3, 2, 3], [2, 2, 2], [], []),
        ([1, 2, 1], [2, 2, 2], [], []),
        ([2, 3], [2, 2], [], []),
        ([3, 3, 3], [2, 2, 2], [], []),
        ([NAN, 3, 3], [2, 2, 2], [], []),
        ([1, NAN, 3], [2, 2, 2], [2], []),
        ([1, 3, 1, 3], [2, 2, 2, 2], [1, 3], [2]),
        ([1, 2 * (1 + 5e-10), 1], [2, 2, 2], [], []),
    ],
)
def test_crossings(a: list[float], b: list[float], above: list[int], below: list[int]) -> None:
    one, other = pair(a, b)
    count = len(a)
    assert [i for i, v in enumerate(holds(crosses_above(one, other), count)) if v] == above
    assert [i for i, v in enumerate(holds(crosses_below(one, other), count)) if v] == below
    assert [i for i, v in enumerate(holds(crosses_above(other, one), count)) if v] == below


def test_crossing_a_number() -> None:
    rsi = series(50, 25, 35)
    assert holds(crosses_above(rsi, 30), 3) == [False, False, True]
    assert holds(crosses_below(rsi, 30), 3) == [False, True, False]


def test_conditions_combine() -> None:
    a, b = pair([1, 2, 3], [3, 2, 1])
    assert holds((a > 1) & (b > 1), 3) == [False, True, False]
    assert holds((a > 2) | (b > 2), 3) == [True, False, True]
    assert holds(~(a > 1), 3) == [True, False, False]
    assert holds(always & (a > 1), 3) == [False, True, True]
    assert holds(~always, 3) == [False, False, False]


def test_conditions_know_the_side() -> None:
    a = series(1, 2)
    both = flat & (a > 1)
    assert list(both.when_flat) == [False, True]
    assert not both.when_long.any()
    assert not both.when_short.any()
    inverse = ~both
    assert list(inverse.when_flat) == [True, False]
    assert np.broadcast_to(inverse.when_long, (2,)).all()
    either = long | short
    assert (bool(either.when_flat), bool(either.when_long), bool(either.when_short)) == (
        False,
        True,
        True,
    )
    assert both.needs_position
    assert not (a > 1).needs_position


@pytest.mark.parametrize(
    "misuse",
    [
        lambda a: bool(a > 1),
        bool,
        lambda a: a > 1 and a < 3,
        lambda a: not (a > 1),
        lambda a: 1 < a < 3,
        lambda a: a == "x",
        lambda a: a == None,  # noqa: E711
    ],
)
def test_python_s_own_and_or_not_are_caught(misuse: Callable[[Series], object]) -> None:
    with pytest.raises(StrategyError):
        misuse(series(1, 2))


def test_shift_goes_back_only() -> None:
    x = series(1, 2, 3)
    assert list(whole(x.shift(1)))[1:] == [1.0, 2.0]
    assert np.isnan(whole(x.shift(1))[0])
    for rows in (0, -1):
        with pytest.raises(LookaheadError):
            x.shift(rows)


def test_a_shift_beyond_the_data_is_unknown_throughout() -> None:
    assert np.isnan(whole(series(1, 2, 3).shift(5))).all()


def test_series_of_another_axis_are_compared_as_known_at_each_instant() -> None:
    """A slow series with rows known at instants 1 and 3."""
    instants = Axis(4)
    slow_axis = Axis(2, np.array([-1, 0, 0, 1]), instants)
    slow = series(10, 20, axis=slow_axis)
    fast = series(15, 15, 15, 15, axis=instants)
    assert holds(fast > slow, 4) == [False, True, True, False]
    total = fast + slow
    assert np.isnan(whole(total)[0])
    assert list(whole(total)[1:]) == [25.0, 25.0, 35.0]


def test_a_series_has_no_hash_and_says_its_name() -> None:
    a, b = pair([1, 2], [1, 2])
    with pytest.raises(TypeError):
        hash(a)
    assert repr(a + b * 2) == "<series (a + (b * 2))>"
    assert repr(crosses_above(a, b)) == "<condition crosses_above(a, b)>"
