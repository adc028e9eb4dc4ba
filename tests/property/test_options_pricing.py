"""Laws of option values over the sane domain: parity, bounds, Greeks, round trips, exercise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.options import american, black_scholes
from framework.options.implied import (
    ABOVE_BOUND,
    BELOW_INTRINSIC,
    NO_TIME_VALUE,
    REASONS,
    SOLVED,
    implied_volatility,
)

EPSILON = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Option:
    """One European or American option in the words of the formulas."""

    sign: float
    spot: float
    strike: float
    years: float
    rate: float
    dividend_yield: float
    volatility: float

    @property
    def deviation(self) -> float:
        return self.volatility * sqrt(self.years)

    @property
    def asset(self) -> float:
        return self.spot * exp(-self.dividend_yield * self.years)

    @property
    def cash(self) -> float:
        return self.strike * exp(-self.rate * self.years)

    @property
    def scale(self) -> float:
        return max(self.asset, self.cash)

    @property
    def value(self) -> float:
        return float(black_scholes.price(**asdict(self)))


def logarithmic(least: float, most: float) -> st.SearchStrategy[float]:
    return st.floats(np.log(least), np.log(most)).map(lambda x: float(np.exp(x)))


@st.composite
def options(
    draw: st.DrawFn,
    volatility: tuple[float, float] = (0.01, 5.0),
    years: tuple[float, float] = (1.0 / 8766.0, 10.0),
    rates: tuple[float, float] = (-0.05, 0.20),
    deviations: float = 9.0,
) -> Option:
    """An option whose strike is up to `deviations` standard deviations from the forward."""
    chosen = Option(
        sign=draw(st.sampled_from([1.0, -1.0])),
        spot=draw(logarithmic(0.01, 1e5)),
        strike=1.0,
        years=draw(logarithmic(*years)),
        rate=draw(st.floats(*rates)),
        dividend_yield=draw(st.floats(*rates)),
        volatility=draw(logarithmic(*volatility)),
    )
    forward = chosen.spot * exp((chosen.rate - chosen.dividend_yield) * chosen.years)
    away = draw(st.floats(-deviations, deviations)) * chosen.deviation
    return replace(chosen, strike=forward * exp(min(max(away, -50.0), 50.0)))


@given(options())
def test_put_call_parity(option: Option) -> None:
    call, put = replace(option, sign=1.0).value, replace(option, sign=-1.0).value
    assert abs(call - put - (option.asset - option.cash)) <= 8.0 * EPSILON * option.scale


@given(options(deviations=60.0))
def test_price_bounds(option: Option) -> None:
    intrinsic = max(option.sign * (option.asset - option.cash), 0.0)
    most = option.asset if option.sign > 0.0 else option.cash
    room = 4.0 * EPSILON * option.scale
    assert intrinsic - room <= option.value <= most + room
    assert option.value >= 0.0


@given(options(deviations=30.0), st.floats(1.0, 3.0))
def test_a_price_never_falls_with_volatility(option: Option, factor: float) -> None:
    more = replace(option, volatility=option.volatility * factor)
    assert more.value >= option.value - 4.0 * EPSILON * option.scale


@given(options(deviations=4.0))
def test_a_price_is_homogeneous_in_spot_and_strike(option: Option) -> None:
    twice = replace(option, spot=2.0 * option.spot, strike=2.0 * option.strike)
    assert twice.value == pytest.approx(2.0 * option.value, rel=1e-9, abs=1e-15 * option.scale)


def slope(of: Callable[[float], float], at: float, step: float) -> float:
    """Derivative by the five-point central difference, whose error is of fourth order."""
    near, far = of(at + step) - of(at - step), of(at + 2.0 * step) - of(at - 2.0 * step)
    return (8.0 * near - far) / (12.0 * step)


DERIVATIVES = [
    ("delta", "price", "spot", 1.0),
    ("gamma", "delta", "spot", 1.0),
    ("theta", "price", "years", -1.0),
    ("vega", "price", "volatility", 1.0),
    ("rho", "price", "rate", 1.0),
    ("vanna", "delta", "volatility", 1.0),
    ("vomma", "vega", "volatility", 1.0),
    ("charm", "delta", "years", -1.0),
]
"""Each Greek, what it is the derivative of, in which input, and the sign of time passing."""


def difference_step(option: Option, name: str) -> float:
    """A step that moves the standardised distance to the strike by about a hundredth."""
    if name == "spot":
        return 0.01 * option.deviation * option.spot
    if name == "rate":
        return 0.01 * option.volatility / sqrt(option.years)
    distance = abs(np.log(option.asset / option.cash)) / option.deviation
    return 0.002 * getattr(option, name) / (1.0 + distance + option.deviation)


@pytest.mark.parametrize(("greek", "parent", "name", "sign"), DERIVATIVES, ids=str)
@given(option=options(volatility=(0.05, 1.0), years=(0.01, 3.0), deviations=3.0))
def test_a_greek_is_the_derivative_it_claims(
    greek: str, parent: str, name: str, sign: float, option: Option
) -> None:
    """To a millionth of the derivative's natural size, or what rounding leaves of a difference."""
    found = asdict(black_scholes.greeks(**asdict(option)))
    step = difference_step(option, name)

    def moved(value: float) -> float:
        return float(getattr(black_scholes.greeks(**asdict(option) | {name: value}), parent))

    estimate = sign * slope(moved, getattr(option, name), step)
    size = {"price": option.scale, "delta": 1.0, "vega": option.scale * sqrt(option.years)}[parent]
    natural = size * max(1.0, option.deviation) * 0.01 / step
    rounding = 40.0 * EPSILON * size / step
    assert abs(float(found[greek]) - estimate) <= 1e-6 * natural + rounding


@settings(max_examples=500)
@given(options(deviations=40.0))
def test_implied_volatility_round_trip(option: Option) -> None:
    quote = option.value
    found = implied_volatility(
        option.sign,
        quote,
        option.spot,
        option.strike,
        option.years,
        option.rate,
        option.dividend_yield,
    )
    time_value = quote - max(option.sign * (option.asset - option.cash), 0.0)
    room = min(option.asset, option.cash) - time_value
    if found.reason == NO_TIME_VALUE:
        assert abs(time_value) <= 16.0 * EPSILON * option.scale, REASONS[NO_TIME_VALUE]
        return
    if found.reason == ABOVE_BOUND:
        assert room <= 16.0 * EPSILON * option.scale, REASONS[ABOVE_BOUND]
        return
    assert found.reason == SOLVED
    volatility = float(found.volatility)
    back = replace(option, volatility=volatility).value
    assert abs(back - quote) <= 1e-14 * option.scale
    vega = float(black_scholes.greeks(**asdict(option)).vega)
    if vega * option.volatility > 1e-5 * option.scale:
        assert volatility == pytest.approx(option.volatility, rel=1e-8)


@given(options(deviations=6.0), st.floats(1e-9, 1.0))
def test_prices_outside_the_bounds_have_their_reason(option: Option, outside: float) -> None:
    intrinsic = max(option.sign * (option.asset - option.cash), 0.0)
    most = option.asset if option.sign > 0.0 else option.cash
    terms = (option.spot, option.strike, option.years, option.rate, option.dividend_yield)
    above = implied_volatility(option.sign, most + outside * option.scale, *terms)
    assert above.reason == ABOVE_BOUND
    assert np.isnan(above.volatility)
    if intrinsic > outside * option.scale:
        below = implied_volatility(option.sign, intrinsic - outside * option.scale, *terms)
        assert below.reason == BELOW_INTRINSIC
        assert np.isnan(below.volatility)


AMERICAN = options(volatility=(0.02, 2.0), years=(0.005, 5.0), rates=(-0.05, 0.15), deviations=3.0)


@settings(max_examples=60)
@given(AMERICAN)
def test_an_american_option_is_worth_what_it_may_become(option: Option) -> None:
    """At least the European value and the intrinsic value; delta between nothing and the whole."""
    found = american.greeks(**asdict(option), steps=64)
    intrinsic = max(option.sign * (option.spot - option.strike), 0.0)
    most = max(option.asset, option.spot) if option.sign > 0.0 else max(option.cash, option.strike)
    assert max(option.value, intrinsic) <= found.price <= most * (1.0 + 4.0 * EPSILON)
    grown = max(1.0, exp(-option.dividend_yield * option.years))
    assert -0.02 <= option.sign * float(found.delta) <= grown + 0.02
    exercised = american.exercise_now(**asdict(option), steps=64)
    if exercised:
        assert float(found.price) - intrinsic <= 1e-2 * option.deviation * option.scale


@settings(max_examples=60)
@given(AMERICAN)
def test_an_american_call_without_dividends_is_european(option: Option) -> None:
    call = replace(option, sign=1.0, rate=abs(option.rate), dividend_yield=0.0)
    assert american.price(**asdict(call), steps=64) == call.value
    assert not american.exercise_now(**asdict(call), steps=64)


@settings(max_examples=40)
@given(AMERICAN)
def test_put_call_symmetry_of_american_options(option: Option) -> None:
    """A call is a put with spot and strike, rate and yield exchanged (McDonald, Schroder 1998)."""
    mirror = Option(
        -option.sign,
        option.strike,
        option.spot,
        option.years,
        option.dividend_yield,
        option.rate,
        option.volatility,
    )
    one, other = american.price(**asdict(option)), american.price(**asdict(mirror))
    assert abs(float(one - other)) <= 1e-4 * max(1.0, option.deviation) * option.scale


@settings(max_examples=40)
@given(options(volatility=(0.1, 0.8), years=(0.1, 2.0), rates=(0.0, 0.1), deviations=1.5))
def test_american_greeks_are_differences_of_values(option: Option) -> None:
    found = american.greeks(**asdict(option))
    step = 0.05 * option.deviation * option.spot
    at = [american.price(**asdict(replace(option, spot=option.spot + k * step))) for k in (-1, 1)]
    delta = float(at[1] - at[0]) / (2.0 * step)
    assert float(found.delta) == pytest.approx(delta, abs=5e-3)
    later = replace(option, years=0.98 * option.years)
    theta = float(american.price(**asdict(later)) - found.price) / (0.02 * option.years)
    room = 0.02 * option.scale * option.volatility / sqrt(option.years)
    assert float(found.theta) == pytest.approx(theta, abs=room)
