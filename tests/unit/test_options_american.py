"""Early exercise: edges, Greeks, whether to exercise now, and an independent oracle."""

from __future__ import annotations

from math import exp, nan

import numpy as np
import pytest

from framework.errors import ConfigError, DataError
from framework.options import american, black_scholes

CALL, PUT = 1.0, -1.0


@pytest.mark.parametrize(
    ("sign", "spot", "years", "rate", "dividend_yield", "volatility", "value", "delta"),
    [
        (PUT, 90.0, 0.0, 0.05, 0.0, 0.2, 10.0, -1.0),
        (PUT, 110.0, 0.0, 0.05, 0.0, 0.2, 0.0, 0.0),
        (CALL, 100.0, 0.0, 0.05, 0.1, 0.2, 0.0, 0.5),
        (PUT, 80.0, 1.0, 0.05, 0.0, 0.0, 20.0, -1.0),
        (CALL, 120.0, 1.0, 0.02, 0.08, 0.0, 20.0, 1.0),
        (PUT, 50.0, 1.0, 0.05, 0.0, 0.2, 50.0, -1.0),
        (PUT, 0.0, 1.0, 0.05, 0.0, 0.2, 100.0, -1.0),
        (CALL, 0.0, 1.0, 0.05, 0.1, 0.2, 0.0, 0.0),
    ],
)
def test_edges(
    sign: float,
    spot: float,
    years: float,
    rate: float,
    dividend_yield: float,
    volatility: float,
    value: float,
    delta: float,
) -> None:
    found = american.greeks(sign, spot, 100.0, years, rate, dividend_yield, volatility)
    assert found.price == pytest.approx(value, abs=1e-12)
    assert found.delta == pytest.approx(delta, abs=1e-12)
    assert found.gamma == pytest.approx(0.0, abs=1e-12)
    assert found.vega == pytest.approx(0.0, abs=1e-12)


def test_without_volatility_the_best_moment_is_found() -> None:
    """A call on a sure path: exp(-qt) 90 - exp(-rt) 100 is largest at ln(rK / qS) / (r - q)."""
    rate, dividend_yield = 0.08, 0.04
    best = np.log(rate * 100.0 / (dividend_yield * 90.0)) / (rate - dividend_yield)
    sure = exp(-dividend_yield * best) * 90.0 - exp(-rate * best) * 100.0
    found = american.price(CALL, 90.0, 100.0, 40.0, rate, dividend_yield, 0.0)
    assert best < 40.0
    assert found == pytest.approx(sure, abs=1e-3)
    assert found > black_scholes.price(CALL, 90.0, 100.0, 40.0, rate, dividend_yield, 0.0)


def test_without_volatility_exercise_is_on_one_of_the_dates() -> None:
    """Dividends make waiting costly: of four dates the first is the best, and the only one worth
    taking once the strike is above the last three forwards."""
    first = exp(-0.02) * (100.0 * exp(-0.06) - 90.0)
    found = american.price(CALL, 100.0, 90.0, 4.0, 0.02, 0.08, 0.0, dates=4)
    assert found == pytest.approx(first, rel=1e-12)
    assert black_scholes.price(CALL, 100.0, 90.0, 4.0, 0.02, 0.08, 0.0) == 0.0


def test_greeks_run_into_the_closed_form_s_as_the_yield_vanishes() -> None:
    """A call's yield of 1e-9 sends it through the tree, though exercise is as good as worthless."""
    strikes = np.array([85.0, 100.0, 120.0])
    terms = (CALL, 100.0, strikes, 0.75, 0.05, 1e-9, 0.25)
    tree, exact = american.greeks(*terms), black_scholes.greeks(*terms)
    for name, room in (("price", 1e-3), ("delta", 1e-4), ("gamma", 1e-5), ("theta", 5e-3),
                       ("vega", 0.05), ("rho", 0.05)):  # fmt: skip
        assert np.abs(getattr(tree, name) - getattr(exact, name)).max() < room, name


def test_one_exercise_date_is_european_and_more_are_worth_more() -> None:
    terms = (PUT, 100.0, 110.0, 1.0, 0.08, 0.0, 0.25)
    values = [float(american.price(*terms, dates=dates)) for dates in (1, 2, 4, 12, 50)]
    assert values[0] == pytest.approx(float(black_scholes.price(*terms)), abs=1e-12)
    assert (np.diff(values) > 0.0).all()
    assert values[-1] < american.price(*terms)


def test_steps_refine_the_value() -> None:
    terms = (PUT, 36.0, 40.0, 1.0, 0.06, 0.0, 0.2)
    errors = [abs(float(american.price(*terms, steps=n)) - 4.486674) for n in (16, 128, 1024)]
    assert errors[2] < 1e-4
    assert errors[2] < errors[1] < errors[0] < 2e-2


def test_options_of_one_array_are_valued_as_alone() -> None:
    spots = np.linspace(70.0, 130.0, 41)
    sign = np.array([[CALL], [PUT]])
    table = american.greeks(sign, spots, 100.0, 0.5, 0.04, 0.06, 0.3, steps=64)
    assert table.price.shape == (2, 41)
    for row, column in ((0, 0), (0, 40), (1, 7), (1, 20)):
        alone = american.greeks(sign[row, 0], spots[column], 100.0, 0.5, 0.04, 0.06, 0.3, steps=64)
        for name in ("price", "delta", "gamma", "theta", "vega", "rho"):
            assert getattr(alone, name) == getattr(table, name)[row, column], name
    assert american.price([], 1.0, 1.0, 1.0, 0.05, 0.0, 0.2).shape == (0,)


def test_many_options_go_through_in_blocks() -> None:
    spots = np.linspace(70.0, 130.0, 300)
    whole = american.price(PUT, spots, 100.0, 0.5, 0.05, 0.0, 0.3, steps=256)
    parts = [american.price(PUT, part, 100.0, 0.5, 0.05, 0.0, 0.3, steps=256) for part in
             np.split(spots, 3)]  # fmt: skip
    assert whole.tolist() == np.concatenate(parts).tolist()


@pytest.mark.parametrize("volatility", [0.01, 3.0, 50.0])
def test_any_volatility_stays_within_the_bounds(volatility: float) -> None:
    for sign in (CALL, PUT):
        found = american.greeks(sign, 100.0, 101.0, 10.0, 0.05, 0.07, volatility, steps=128)
        assert 0.0 <= found.price <= 101.0
        assert np.isfinite([found.delta, found.gamma, found.theta, found.vega, found.rho]).all()


def test_where_early_exercise_never_pays_the_closed_form_is_exact() -> None:
    for sign, rate, dividend_yield in ((CALL, 0.05, 0.0), (PUT, 0.0, 0.03), (CALL, 0.0, -0.01)):
        terms = (sign, 100.0, 95.0, 2.0, rate, dividend_yield, 0.3)
        early, plain = american.greeks(*terms), black_scholes.greeks(*terms)
        for name in ("price", "delta", "gamma", "theta", "vega", "rho"):
            assert getattr(early, name) == getattr(plain, name), name


@pytest.mark.parametrize(
    ("sign", "spot", "years", "rate", "dividend_yield", "exercise"),
    [
        (PUT, 60.0, 1.0, 0.05, 0.0, True),
        (PUT, 95.0, 1.0, 0.05, 0.0, False),
        (PUT, 60.0, 1.0, 0.0, 0.0, False),
        (PUT, 1e-6, 1.0, 0.0, 0.0, False),
        (PUT, 60.0, 1.0, -0.02, 0.0, False),
        (PUT, 110.0, 1.0, 0.05, 0.0, False),
        (CALL, 200.0, 1.0, 0.05, 0.0, False),
        (CALL, 1e6, 1.0, 0.0, 0.0, False),
        (CALL, 200.0, 1.0, 0.02, 0.10, True),
        (CALL, 105.0, 1.0, 0.02, 0.10, False),
        (CALL, 101.0, 0.0, 0.05, 0.0, True),
        (PUT, 99.0, 0.0, 0.0, 0.0, True),
        (PUT, 100.0, 0.0, 0.05, 0.0, False),
        (PUT, 100.0, 1.0, 50.0, 0.0, False),
    ],
)
def test_exercise_now(
    sign: float, spot: float, years: float, rate: float, dividend_yield: float, exercise: bool
) -> None:
    found = american.exercise_now(sign, spot, 100.0, years, rate, dividend_yield, 0.3)
    assert found.dtype == np.bool_
    assert found == exercise


def test_the_exercise_boundary_of_a_put_is_one_spot() -> None:
    """Below the critical spot all is exercised, and the value meets the payoff there."""
    spots = np.arange(50.0, 100.0, 0.25)
    exercised = american.exercise_now(PUT, spots, 100.0, 1.0, 0.05, 0.01, 0.3)
    edge = spots[exercised].max()
    assert exercised.tolist() == (spots <= edge).tolist()
    held = american.price(PUT, edge + 0.5, 100.0, 1.0, 0.05, 0.01, 0.3, steps=2048)
    assert held - (100.0 - (edge + 0.5)) < 0.02
    below = american.price(PUT, edge - 0.5, 100.0, 1.0, 0.05, 0.01, 0.3, steps=2048)
    assert below == pytest.approx(100.0 - (edge - 0.5), abs=1e-3)


@pytest.mark.parametrize("name", ["dates", "steps"])
@pytest.mark.parametrize("value", [0, -1, 2.5])
def test_counts_are_checked(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"^{name} is {value}\. Give a whole number"):
        american.price(PUT, 100.0, 100.0, 1.0, 0.05, 0.0, 0.2, **{name: value})
    with pytest.raises(DataError, match="volatility is nan"):
        american.exercise_now(PUT, 100.0, 100.0, 1.0, 0.05, 0.0, nan)


def test_quantlib_agrees() -> None:
    """Prices by QuantLib's fixed point method, Greeks by its finite differences."""
    quantlib = pytest.importorskip("QuantLib", reason="the extra `quantlib` is not installed")
    chance = np.random.default_rng(5)
    for _ in range(12):
        sign = float(chance.choice([-1, 1]))
        days = int(chance.integers(20, 700))
        volatility = float(chance.uniform(0.1, 0.6))
        strike = 100.0 * exp(0.7 * chance.normal() * volatility * (days / 365) ** 0.5)
        rate, dividend_yield = chance.uniform(0.01, 0.1, 2).tolist()
        given = (sign, 100.0, strike, days / 365, rate, dividend_yield, volatility)
        found = american.greeks(*given)
        oracle = _quantlib_option(quantlib, *given)
        assert found.price == pytest.approx(oracle.NPV(), abs=1e-3)
        process = _quantlib_process(quantlib, *given)
        oracle.setPricingEngine(quantlib.FdBlackScholesVanillaEngine(process, 800, 800))
        assert found.delta == pytest.approx(oracle.delta(), abs=2e-3)
        assert found.gamma == pytest.approx(oracle.gamma(), abs=2e-3)
        assert found.theta == pytest.approx(oracle.theta(), abs=0.3)


def _quantlib_process(quantlib, sign, spot, strike, years, rate, dividend_yield, volatility):
    today, count = quantlib.Date(2, 1, 2020), quantlib.Actual365Fixed()
    quantlib.Settings.instance().evaluationDate = today
    market = [
        quantlib.YieldTermStructureHandle(quantlib.FlatForward(today, one, count))
        for one in (dividend_yield, rate)
    ]
    flat = quantlib.BlackConstantVol(today, quantlib.NullCalendar(), volatility, count)
    return quantlib.BlackScholesMertonProcess(
        quantlib.QuoteHandle(quantlib.SimpleQuote(spot)),
        *market,
        quantlib.BlackVolTermStructureHandle(flat),
    )


def _quantlib_option(quantlib, *given):
    sign, _, strike, years = given[:4]
    process = _quantlib_process(quantlib, *given)
    today = quantlib.Settings.instance().evaluationDate
    right = quantlib.Option.Call if sign > 0 else quantlib.Option.Put
    option = quantlib.VanillaOption(
        quantlib.PlainVanillaPayoff(right, strike),
        quantlib.AmericanExercise(today, today + round(years * 365)),
    )
    scheme = quantlib.QdFpAmericanEngine.highPrecisionScheme()
    option.setPricingEngine(quantlib.QdFpAmericanEngine(process, scheme))
    return option


def test_delta_alone_is_the_greeks_delta() -> None:
    spots = np.linspace(1.0, 220.0, 45)
    for sign in (1.0, -1.0):
        for years, volatility in ((0.0, 0.2), (0.3, 0.2), (2.0, 0.0), (2.0, 0.5)):
            given = (sign, spots, 100.0, years, 0.05, 0.03, volatility)
            whole = american.greeks(*given, steps=64).delta
            assert american.delta(*given, steps=64).tobytes() == whole.tobytes()
