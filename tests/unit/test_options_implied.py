"""Why a price has no implied volatility, and that looking for one always ends."""

from __future__ import annotations

from math import exp, inf, nan

import numpy as np
import pytest

from framework.errors import DataError
from framework.options import implied
from framework.options.black_scholes import price
from framework.options.implied import REASONS, implied_volatility

CALL, PUT = 1.0, -1.0
FLOOR = 110.0 - 100.0 * exp(-0.05)
BOUND = 100.0 * exp(-0.05)


@pytest.mark.parametrize(
    ("sign", "quote", "years", "reason"),
    [
        (CALL, nan, 1.0, "NOT_A_PRICE"),
        (CALL, inf, 1.0, "NOT_A_PRICE"),
        (CALL, -1.0, 1.0, "NOT_A_PRICE"),
        (CALL, 20.0, 0.0, "EXPIRED"),
        (CALL, 20.0, -0.5, "EXPIRED"),
        (CALL, 0.0, 1.0, "BELOW_INTRINSIC"),
        (CALL, FLOOR - 0.01, 1.0, "BELOW_INTRINSIC"),
        (CALL, FLOOR, 1.0, "NO_TIME_VALUE"),
        (CALL, FLOOR - 1e-14, 1.0, "NO_TIME_VALUE"),
        (CALL, FLOOR + 1e-14, 1.0, "NO_TIME_VALUE"),
        (CALL, 110.0, 1.0, "ABOVE_BOUND"),
        (CALL, 111.0, 1.0, "ABOVE_BOUND"),
        (PUT, 0.0, 1.0, "NO_TIME_VALUE"),
        (PUT, BOUND, 1.0, "ABOVE_BOUND"),
        (PUT, BOUND + 1.0, 1.0, "ABOVE_BOUND"),
        (CALL, FLOOR + 0.01, 1.0, "SOLVED"),
        (CALL, 109.99, 1.0, "SOLVED"),
        (PUT, 1e-200, 1.0, "SOLVED"),
        (PUT, BOUND - 0.01, 1.0, "SOLVED"),
    ],
)
def test_a_price_has_a_volatility_or_a_reason(
    sign: float, quote: float, years: float, reason: str
) -> None:
    found = implied_volatility(sign, quote, 110.0, 100.0, years, 0.05, 0.0)
    assert REASONS[found.reason] == REASONS[getattr(implied, reason)]
    assert np.isnan(found.volatility) == (reason != "SOLVED")
    if reason == "SOLVED":
        back = price(sign, 110.0, 100.0, years, 0.05, 0.0, found.volatility)
        assert back == pytest.approx(quote, rel=1e-12)


def test_time_value_below_rounding_is_not_read() -> None:
    """A call so deep that any volatility gives its price, and one that can just be read."""
    deep = price(CALL, 110.0, 40.0, 0.1, 0.05, 0.0, 0.2)
    assert implied_volatility(CALL, deep, 110.0, 40.0, 0.1, 0.05, 0.0).reason == (
        implied.NO_TIME_VALUE
    )
    out = price(PUT, 110.0, 40.0, 0.1, 0.05, 0.0, 0.2)
    found = implied_volatility(PUT, out, 110.0, 40.0, 0.1, 0.05, 0.0)
    assert 0.0 < out < 1e-50
    assert found.volatility == pytest.approx(0.2, rel=1e-9)


def test_a_hair_from_the_money_the_search_ends() -> None:
    """A thousand quotes whose time value is near rounding: each is solved or says why not."""
    chance = np.random.default_rng(0)
    spots = 100.0 * np.exp(10.0 ** chance.uniform(-15.0, -9.0, 1000))
    quotes = 10.0 ** chance.uniform(-14.0, -8.0, 1000)
    found = implied_volatility(PUT, quotes, spots, 100.0, 1.0, 0.0, 0.0)
    solved = found.reason == implied.SOLVED
    assert solved.mean() > 0.9
    assert (solved | (found.reason == implied.NOT_SETTLED)).all()
    back = price(PUT, spots[solved], 100.0, 1.0, 0.0, 0.0, found.volatility[solved])
    assert np.abs(back - quotes[solved]).max() < 1e-12


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_unfinished_searches_say_so(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    monkeypatch.setattr(implied, "_STEPS", steps)
    found = implied_volatility(PUT, [1e-200, 1e-5], 110.0, 100.0, 1.0, 0.05, 0.0)
    assert (np.isnan(found.volatility) == (found.reason == implied.NOT_SETTLED)).all()
    assert steps == 3 or found.reason[0] == implied.NOT_SETTLED


def test_a_worthless_underlying_or_strike_has_no_time_value() -> None:
    found = implied_volatility([CALL, PUT], [0.0, 0.0], [0.0, 10.0], [10.0, 0.0], 1.0, 0.0, 0.0)
    assert set(found.reason.tolist()) <= {implied.NO_TIME_VALUE, implied.ABOVE_BOUND}
    assert np.isnan(found.volatility).all()


def test_a_chain_with_holes_keeps_its_shape() -> None:
    quotes = np.array([[nan, 8.0], [0.0, 200.0]])
    found = implied_volatility(CALL, quotes, 100.0, 100.0, 1.0, 0.0, 0.0)
    assert found.reason.dtype == np.uint8
    assert found.reason.tolist() == [
        [implied.NOT_A_PRICE, implied.SOLVED],
        [implied.NO_TIME_VALUE, implied.ABOVE_BOUND],
    ]
    assert len(REASONS) == implied.NOT_SETTLED + 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("sign", 0.0), ("spot", -1.0), ("strike", nan), ("years", nan), ("rate", inf)],
)
def test_other_bad_input_is_named(name: str, value: float) -> None:
    terms = {"sign": 1.0, "price": 8.0, "spot": 100.0, "strike": 100.0, "years": 1.0}
    terms |= {"rate": 0.05, "dividend_yield": 0.0, name: value}
    with pytest.raises(DataError, match=rf"^{name} is .*Give "):
        implied_volatility(**terms)
