"""Least squares Monte Carlo on small tables of paths."""

from __future__ import annotations

from math import exp, inf, nan

import numpy as np
import pytest

from framework.errors import ConfigError, DataError
from framework.options.monte_carlo import longstaff_schwartz


def test_sure_paths_are_worth_the_first_payoff_discounted_once() -> None:
    """Twelve falling paths: holding loses interest at every date, so all exercise at the first."""
    starts = np.linspace(80.0, 91.0, 12)
    paths = np.column_stack([np.full(12, 90.0), starts, starts, starts])
    found = longstaff_schwartz(-1, paths, strike=100.0, rate=0.05, step=0.5)
    assert found.value == pytest.approx(exp(-0.025) * (100.0 - starts).mean(), rel=1e-12)
    assert found.european == pytest.approx(exp(-0.075) * (100.0 - starts).mean(), rel=1e-12)
    assert found.standard_error == pytest.approx(
        exp(-0.025) * starts.std(ddof=1) / np.sqrt(12), rel=1e-12
    )


def test_a_call_is_the_mirror_of_a_put() -> None:
    paths = 100.0 + np.random.default_rng(1).normal(0.0, 10.0, (200, 5)).cumsum(axis=1)
    put = longstaff_schwartz(-1, np.maximum(paths, 0.0), strike=100.0, rate=0.03, step=0.25)
    call = longstaff_schwartz(1, 200.0 - np.maximum(paths, 0.0), 100.0, rate=0.03, step=0.25)
    assert call.value == pytest.approx(put.value, rel=1e-9)
    assert call.european == pytest.approx(put.european, rel=1e-12)


def test_paths_out_of_the_money_take_no_part_in_the_regression() -> None:
    """Paths that never pay, whatever they do, halve the value of as many that may, and no more."""
    chance = np.random.default_rng(4)
    may = 95.0 + chance.normal(0.0, 4.0, (40, 4)).cumsum(axis=1)
    never = 101.0 + chance.exponential(2.0, (40, 4)).cumsum(axis=1)
    alone = longstaff_schwartz(-1, may, strike=100.0, rate=0.05, step=0.25)
    both = longstaff_schwartz(-1, np.vstack([may, never]), strike=100.0, rate=0.05, step=0.25)
    assert alone.value > alone.european * 1.01
    assert both.value == pytest.approx(0.5 * alone.value, rel=1e-12)


def test_too_few_paths_to_regress_are_held() -> None:
    """Three paths and three terms fit perfectly: exercising on that would know the future."""
    paths = [[1.0, 0.8, 1.5], [1.0, 0.9, 0.2], [1.0, 0.7, 1.2]]
    found = longstaff_schwartz(-1, paths, strike=1.0, rate=0.05, step=1.0, degree=2)
    assert found.value == pytest.approx(found.european, rel=1e-15)
    assert longstaff_schwartz(-1, paths[:1], 1.0, 0.05, 1.0).standard_error == 0.0


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([1.0, 2.0], r"shape \(2,\)"),
        ([[1.0], [2.0]], r"shape \(2, 1\)"),
        (np.zeros((0, 4)), r"shape \(0, 4\)"),
        ([[1.0, nan]], r"Path 0, date 1: the spot is nan"),
        ([[1.0, 2.0], [inf, 1.0]], r"Path 1, date 0: the spot is inf"),
        ([[1.0, -2.0]], r"the spot is -2\."),
        ([["a", "b"]], r"not a table of numbers"),
    ],
)
def test_bad_paths_are_named(paths: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        longstaff_schwartz(-1, paths, strike=1.0, rate=0.05, step=1.0)


@pytest.mark.parametrize(
    "wrong",
    [{"sign": 0}, {"strike": 0.0}, {"strike": nan}, {"rate": inf}, {"step": 0.0}, {"step": nan},
     {"degree": 0}, {"degree": 1.5}],
)  # fmt: skip
def test_bad_arguments_are_named(wrong: dict[str, float]) -> None:
    given = {"sign": -1, "strike": 1.0, "rate": 0.05, "step": 1.0, "degree": 2} | wrong
    with pytest.raises(ConfigError, match=rf"^{next(iter(wrong))} is .*Give "):
        longstaff_schwartz(paths=[[1.0, 1.1]], **given)
