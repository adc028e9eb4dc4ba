"""Option values against published figures: textbooks, and Longstaff and Schwartz's examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from framework.options import american, black_scholes
from framework.options.implied import SOLVED, implied_volatility
from framework.options.monte_carlo import longstaff_schwartz

CALL, PUT = 1.0, -1.0
HULL_WEEKS = 20 / 52


@dataclass(frozen=True, slots=True)
class Published:
    """One printed figure; `digits` says how many decimals the source prints."""

    source: str
    sign: float
    spot: float
    strike: float
    years: float
    rate: float
    dividend_yield: float
    volatility: float
    field: str
    figure: float
    digits: int


HAUG = "Haug (2007), The Complete Guide to Option Pricing Formulas, chapter 1"
HULL = "Hull, Options, Futures, and Other Derivatives, chapters on Black-Scholes-Merton and Greeks"
HEDGE = (CALL, 49, 50, HULL_WEEKS, 0.05, 0.0, 0.20)
CLOSED_FORMS = [
    Published(HAUG, CALL, 60, 65, 0.25, 0.08, 0.0, 0.30, "price", 2.1334, 4),
    Published(HAUG, PUT, 100, 95, 0.5, 0.10, 0.05, 0.20, "price", 2.4648, 4),
    Published(HAUG, CALL, 19, 19, 0.75, 0.10, 0.10, 0.28, "price", 1.7011, 4),
    Published(HAUG, CALL, 1.56, 1.6, 0.5, 0.06, 0.08, 0.12, "price", 0.0291, 4),
    Published(HULL, CALL, 42, 40, 0.5, 0.10, 0.0, 0.20, "price", 4.76, 2),
    Published(HULL, PUT, 42, 40, 0.5, 0.10, 0.0, 0.20, "price", 0.81, 2),
    Published(HULL, *HEDGE, "price", 2.40, 2),
    Published(HULL, *HEDGE, "delta", 0.522, 3),
    Published(HULL, *HEDGE, "gamma", 0.066, 3),
    Published(HULL, *HEDGE, "theta", -4.31, 2),
    Published(HULL, *HEDGE, "vega", 12.1, 1),
    Published(HULL, *HEDGE, "rho", 8.91, 2),
]


@pytest.mark.parametrize("case", CLOSED_FORMS, ids=lambda c: f"{c.field}-{c.figure}")
def test_a_closed_form_prints_as_published(case: Published) -> None:
    found = black_scholes.greeks(
        case.sign,
        case.spot,
        case.strike,
        case.years,
        case.rate,
        case.dividend_yield,
        case.volatility,
    )
    figure = float(getattr(found, case.field))
    assert abs(figure - case.figure) <= 0.5 * 10.0**-case.digits


def test_the_implied_volatility_of_hull_s_example() -> None:
    """A call at 1.875, spot 21, strike 20, three months, 10 %: printed as 0.235."""
    found = implied_volatility(CALL, 1.875, 21.0, 20.0, 0.25, 0.10, 0.0)
    assert found.reason == SOLVED
    assert abs(found.volatility - 0.235) <= 0.5e-3
    assert found.volatility == pytest.approx(0.23451291399744176, rel=1e-10)


LONGSTAFF_SCHWARTZ = [
    (36.0, 0.20, 1, 4.478, 3.844, 4.472, 0.010, 4.477811, 4.486674),
    (36.0, 0.20, 2, 4.840, 3.763, 4.821, 0.012, 4.840226, 4.848304),
    (36.0, 0.40, 1, 7.101, 6.711, 7.091, 0.020, 7.101265, 7.108980),
    (36.0, 0.40, 2, 8.508, 7.700, 8.488, 0.024, 8.506783, 8.514185),
    (40.0, 0.20, 1, 2.314, 2.066, 2.313, 0.009, 2.314068, 2.319574),
    (40.0, 0.20, 2, 2.885, 2.356, 2.879, 0.010, 2.884559, 2.889951),
    (40.0, 0.40, 1, 5.312, 5.060, 5.308, 0.018, 5.311966, 5.318294),
    (40.0, 0.40, 2, 6.920, 6.326, 6.921, 0.022, 6.917071, 6.923458),
]
"""Rows of Table 1 of Longstaff and Schwartz (2001): puts of strike 40, rate 6 %, no dividends.

Spot, volatility, years; as printed the finite difference value with 50 exercise dates a year, the
European value, the simulated value and its standard error. Then two figures the paper does not
have: the value with 50 dates a year by Gauss-Legendre quadrature between exercise boundaries, and
the continuous one by the method of Andersen, Lake and Offengenden (2016) in QuantLib 1.44. They
show the printed finite differences to be off by up to 0.003.
"""


@pytest.mark.parametrize("row", LONGSTAFF_SCHWARTZ, ids=str)
def test_the_american_put_table(row: tuple[float, ...]) -> None:
    spot, volatility, years, printed, european, _, _, fifty_dates, continuous = row
    terms = (PUT, spot, 40.0, float(years), 0.06, 0.0, volatility)
    bermudan = float(american.price(*terms, dates=50 * int(years)))
    assert abs(bermudan - printed) <= 0.0035
    assert abs(bermudan - fifty_dates) <= 5e-4
    assert abs(float(american.price(*terms)) - continuous) <= 3e-4
    assert abs(float(black_scholes.price(*terms)) - european) <= 0.5e-3


@pytest.mark.parametrize("row", LONGSTAFF_SCHWARTZ[:2], ids=str)
def test_simulated_values_come_near_the_table(row: tuple[float, ...]) -> None:
    """Ours and theirs are two samples around the same value: four standard errors apart at most."""
    spot, volatility, years, _, _, simulated, error, fifty_dates, _ = row
    dates = 50 * int(years)
    found = longstaff_schwartz(
        -1, _paths(spot, volatility, dates), strike=40.0, rate=0.06, step=0.02, degree=3
    )
    assert abs(found.value - simulated) <= 4.0 * np.hypot(found.standard_error, error)
    assert abs(found.value - fifty_dates) <= 4.0 * found.standard_error
    assert 0.005 < found.standard_error < 0.03


def _paths(spot: float, volatility: float, dates: int) -> np.ndarray:
    half = np.random.default_rng(7).standard_normal((10_000, dates))
    shocks = np.concatenate([half, -half])
    moves = (0.06 - 0.5 * volatility**2) * 0.02 + volatility * np.sqrt(0.02) * shocks
    grown = np.cumsum(moves, axis=1)
    return spot * np.exp(np.hstack([np.zeros((len(grown), 1)), grown]))


EIGHT_PATHS = [
    (1.00, 1.09, 1.08, 1.34),
    (1.00, 1.16, 1.26, 1.54),
    (1.00, 1.22, 1.07, 1.03),
    (1.00, 0.93, 0.97, 0.92),
    (1.00, 1.11, 1.56, 1.52),
    (1.00, 0.76, 0.77, 0.90),
    (1.00, 0.92, 0.84, 1.01),
    (1.00, 0.88, 1.22, 1.34),
]
"""Section 1 of the paper: a put of strike 1.10 over three years at 6 %."""


def test_the_paper_s_eight_paths() -> None:
    found = longstaff_schwartz(-1, EIGHT_PATHS, strike=1.10, rate=0.06, step=1.0, degree=2)
    assert round(found.value, 4) == 0.1144
    assert round(found.european, 4) == 0.0564
