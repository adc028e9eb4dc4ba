"""Closed forms at their edges: no time, no volatility, far from the money, and bad input."""

from __future__ import annotations

from dataclasses import fields
from math import exp, inf, nan, pi, sqrt

import numpy as np
import pytest

from framework.errors import DataError
from framework.options.black_scholes import greeks, price
from framework.options.greeks import Greeks

CALL, PUT = 1.0, -1.0
NAMES = [field.name for field in fields(Greeks)]
UPPER = exp(-0.02)
LOWER = exp(-0.05)


@pytest.mark.parametrize(
    ("sign", "spot", "years", "volatility", "value", "delta"),
    [
        (CALL, 110.0, 0.0, 0.2, 10.0, 1.0),
        (CALL, 90.0, 0.0, 0.2, 0.0, 0.0),
        (CALL, 100.0, 0.0, 0.2, 0.0, 0.5),
        (PUT, 110.0, 0.0, 0.2, 0.0, 0.0),
        (PUT, 90.0, 0.0, 0.2, 10.0, -1.0),
        (PUT, 100.0, 0.0, 0.0, 0.0, -0.5),
        (CALL, 110.0, 1.0, 0.0, 110.0 * UPPER - 100.0 * LOWER, UPPER),
        (PUT, 110.0, 1.0, 0.0, 0.0, 0.0),
        (PUT, 80.0, 1.0, 0.0, 100.0 * LOWER - 80.0 * UPPER, -UPPER),
        (CALL, 1e9, 1.0, 0.2, 1e9 * UPPER - 100.0 * LOWER, UPPER),
        (CALL, 1e-9, 1.0, 0.2, 0.0, 0.0),
        (PUT, 1e-9, 1.0, 0.2, 100.0 * LOWER - 1e-9 * UPPER, -UPPER),
        (PUT, 0.0, 1.0, 0.2, 100.0 * LOWER, -UPPER),
        (CALL, 0.0, 1.0, 0.2, 0.0, 0.0),
    ],
)
def test_limits_are_exact(
    sign: float, spot: float, years: float, volatility: float, value: float, delta: float
) -> None:
    found = greeks(sign, spot, 100.0, years, 0.05, 0.02, volatility)
    assert found.price == pytest.approx(value, rel=1e-15, abs=0.0)
    assert found.delta == pytest.approx(delta, rel=1e-15, abs=0.0)
    assert price(sign, spot, 100.0, years, 0.05, 0.02, volatility) == found.price
    for name in ("gamma", "vega", "vanna", "vomma"):
        assert getattr(found, name) == 0.0, name
    assert all(np.isfinite(getattr(found, name)) for name in NAMES)


def test_rounding_never_takes_a_value_below_intrinsic() -> None:
    spots = np.random.default_rng(3).uniform(100.0, 400.0, 5000)
    assert (price(CALL, spots, 100.0, 0.05, 0.0, 0.0, 0.3) >= spots - 100.0).all()
    assert (price(PUT, 100.0, spots, 0.05, 0.0, 0.0, 0.3) >= spots - 100.0).all()


def test_vega_at_the_kink_is_its_limit_from_above() -> None:
    at_zero = greeks(CALL, 100.0, 100.0, 0.25, 0.0, 0.0, 0.0)
    assert at_zero.vega == pytest.approx(100.0 * 0.5 / sqrt(2.0 * pi), rel=1e-15)
    assert at_zero.vega == pytest.approx(greeks(CALL, 100.0, 100.0, 0.25, 0.0, 0.0, 1e-6).vega)
    assert at_zero.delta == 0.5


def test_a_strike_of_zero_is_the_underlying() -> None:
    found = greeks(CALL, 100.0, 0.0, 1.0, 0.05, 0.02, 0.2)
    assert found.price == pytest.approx(100.0 * UPPER, rel=1e-15)
    assert price(PUT, 100.0, 0.0, 1.0, 0.05, 0.02, 0.2) == 0.0


def test_theta_and_charm_are_of_time_passing() -> None:
    now = greeks(CALL, 100.0, 105.0, 0.5, 0.05, 0.02, 0.3)
    day = 1.0 / 365.0
    later = greeks(CALL, 100.0, 105.0, 0.5 - day, 0.05, 0.02, 0.3)
    assert now.theta < 0.0
    assert now.theta * day == pytest.approx(float(later.price - now.price), rel=5e-3)
    assert now.charm * day == pytest.approx(float(later.delta - now.delta), rel=5e-3)


def test_scalars_give_arrays_of_no_dimension_and_arrays_broadcast() -> None:
    alone = greeks(CALL, 100.0, 100.0, 1.0, 0.05, 0.0, 0.2)
    assert {getattr(alone, name).shape for name in NAMES} == {()}
    strikes = np.array([90.0, 100.0, 110.0])
    sign = np.array([[1], [-1]])
    table = greeks(sign, 100.0, strikes, 1.0, 0.05, 0.0, 0.2)
    assert {getattr(table, name).shape for name in NAMES} == {(2, 3)}
    for name in NAMES:
        assert getattr(table, name)[0, 1] == getattr(alone, name), name
    assert price([], 1.0, 1.0, 1.0, 0.0, 0.0, 0.2).shape == (0,)


def test_inputs_are_left_as_they_were() -> None:
    spots = np.array([90.0, 100.0])
    greeks(CALL, spots, 100.0, 1.0, 0.05, 0.0, 0.2)
    assert spots.tolist() == [90.0, 100.0]


TERMS = {
    "sign": 1.0,
    "spot": 100.0,
    "strike": 100.0,
    "years": 1.0,
    "rate": 0.05,
    "dividend_yield": 0.0,
    "volatility": 0.2,
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, -0.1) for name in ("spot", "strike", "years", "volatility")],
        *[(name, bad) for name in TERMS for bad in (nan, inf, -inf)],
        ("sign", 0.0),
        ("sign", 2.0),
        ("sign", "C"),
        ("rate", 700.0),
        ("dividend_yield", -700.0),
    ],
)
@pytest.mark.parametrize("formula", [price, greeks])
def test_bad_input_is_named(formula, name: str, value: object) -> None:
    with pytest.raises(DataError, match=rf"^{name} is .*Give "):
        formula(**(TERMS | {name: value}))


def test_the_place_of_a_bad_value_is_named() -> None:
    with pytest.raises(DataError, match=r"volatility is -0.2 at position 2 of 3\..*0.20 for 20 %"):
        price(**(TERMS | {"volatility": [0.1, 0.2, -0.2]}))
    with pytest.raises(DataError, match=r"shapes \(\), \(2,\), \(3,\)"):
        price(**(TERMS | {"spot": [1.0, 2.0], "strike": [1.0, 2.0, 3.0]}))
