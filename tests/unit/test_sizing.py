"""Sizers: the formulas, what is unknown, what is missing, and the smallest of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import nan, sqrt

import numpy as np
import pytest

from framework.components.kelly import kelly_binary, kelly_continuous, kelly_growth
from framework.components.sizing import (
    AtrSizing,
    KellyFraction,
    MoneyPerPosition,
    PercentOfEquity,
    RiskPerTrade,
    Shares,
    VolatilityTarget,
    smallest,
)
from framework.domain.bars import FloatArray
from framework.domain.instruments import Instrument
from framework.domain.orders import Side
from framework.errors import ConfigError, OrderError
from framework.ports import IndicatorFunction, Sizer, SizingRequest

CLOSES = np.array([100.0, 102.0, 101.0, 104.0, 103.0, 105.0])


@dataclass(frozen=True)
class Past:
    """Closes; high and low are one point away."""

    closes: FloatArray

    def last(self, count: int, column: str = "close") -> FloatArray:
        assert column == "close"
        return self.closes[-count:]

    def value(self, function: IndicatorFunction, *args: float, on: Sequence[str]) -> float:
        columns = {"high": self.closes + 1, "low": self.closes - 1, "close": self.closes}
        return float(function(*(columns[name] for name in on), *args)[-1])


REQUEST = SizingRequest(
    Instrument("ACME"), Side.BUY, 105.0, 100.0, 100_000.0, 60_000.0, 0.5, Past(CLOSES)
)
FUTURE = replace(REQUEST, instrument=Instrument("FUT", multiplier=50.0))
SHORT = replace(REQUEST, side=Side.SELL, stop=110.0)
RETURNS = CLOSES[1:] / CLOSES[:-1] - 1
VOLATILITY = float(np.std(RETURNS, ddof=1)) * sqrt(252)
MEAN = float(np.mean(RETURNS)) * 252


@pytest.mark.parametrize(
    ("sizer", "request_", "units"),
    [
        (Shares(7), REQUEST, 7.0),
        (MoneyPerPosition(), REQUEST, 10_000 / 105),
        (MoneyPerPosition(21_000), FUTURE, 4.0),
        (PercentOfEquity(), REQUEST, 95_000 * 0.5 / 105),
        (PercentOfEquity(50), FUTURE, 25_000 / 105 / 50),
        (RiskPerTrade(), REQUEST, 2_000 / 5),
        (RiskPerTrade(1), FUTURE, 1_000 / 5 / 50),
        (RiskPerTrade(), SHORT, 2_000 / 5),
        (RiskPerTrade(), replace(REQUEST, stop=105.0), 0.0),
        (RiskPerTrade(), replace(REQUEST, stop=110.0), 0.0),
        (RiskPerTrade(), replace(REQUEST, stop=nan), 0.0),
        (VolatilityTarget(15, 5), REQUEST, 50_000 * 0.15 / VOLATILITY / 105),
        (VolatilityTarget(900, 5), REQUEST, 50_000 * 0.95 / 105),
        (VolatilityTarget(15, 6), REQUEST, 0.0),
        (VolatilityTarget(9, 5, 63), REQUEST, 50_000 * 0.09 / (VOLATILITY / 2) / 105),
        (
            KellyFraction(0.5, 5, rate=0.04, maximum_percent=5_000),
            REQUEST,
            50_000 * 0.5 * (MEAN - 0.04) / VOLATILITY**2 / 105,
        ),
        (KellyFraction(0.5, 5), REQUEST, 50_000 * 0.95 / 105),
        (KellyFraction(0.5, 5), SHORT, 0.0),
        (KellyFraction(0.5, 5), replace(SHORT, history=Past(CLOSES[::-1])), 50_000 * 0.95 / 105),
        (KellyFraction(0.5, 6), REQUEST, 0.0),
        (PercentOfEquity(), replace(REQUEST, equity=-5.0), 0.0),
        (PercentOfEquity(), replace(REQUEST, price=0.0), 0.0),
        (MoneyPerPosition(), replace(REQUEST, price=nan), 0.0),
        (VolatilityTarget(15, 5), replace(REQUEST, history=Past(np.full(6, 9.0))), 0.0),
        (KellyFraction(0.5, 5), replace(REQUEST, history=Past(np.full(6, 9.0))), 0.0),
        (KellyFraction(0.5, 5), replace(REQUEST, history=Past(np.full(6, nan))), 0.0),
    ],
)
def test_quantity(sizer: Sizer, request_: SizingRequest, units: float) -> None:
    assert sizer.quantity(request_) == pytest.approx(units, abs=1e-6)


def test_atr_sizing_is_the_turtle_unit() -> None:
    # true ranges from the second bar on: 3, 2, 4, 2, 3; seeded with the mean of the first three
    seed = (3 + 2 + 4) / 3
    wilder = ((seed * 2 + 2) / 3 * 2 + 3) / 3
    sizer = AtrSizing(percent=1, period=3)
    assert sizer.quantity(REQUEST) == pytest.approx(1_000 / wilder, abs=1e-6)
    assert sizer.quantity(FUTURE) == pytest.approx(1_000 / wilder / 50, abs=1e-6)
    halved = AtrSizing(percent=1, period=3, multiple=2)
    assert halved.quantity(REQUEST) == pytest.approx(1_000 / wilder / 2, abs=1e-6)
    assert AtrSizing(period=20).quantity(REQUEST) == 0.0


def test_a_risk_sizer_without_a_stop_is_an_error_with_a_remedy() -> None:
    with pytest.raises(
        OrderError, match=r"ACME: risk per trade needs a protective stop.*stop_loss"
    ):
        RiskPerTrade().quantity(replace(REQUEST, stop=None))


def test_the_smallest_wins_whatever_the_order() -> None:
    sizers: list[Sizer] = [Shares(50), MoneyPerPosition(1_050), PercentOfEquity()]
    assert smallest(sizers).quantity(REQUEST) == pytest.approx(10.0)
    assert smallest(sizers[::-1]).quantity(REQUEST) == pytest.approx(10.0)
    assert smallest(sizers[:1]) == Shares(50)
    with pytest.raises(OrderError):
        smallest([Shares(0.1), RiskPerTrade()]).quantity(replace(REQUEST, stop=None))
    with pytest.raises(ConfigError, match="at least one sizer"):
        smallest([])


def test_kelly_of_a_sure_thing_and_bad_odds() -> None:
    assert kelly_continuous(0.1, 0.02, 0.2) == pytest.approx(2.0)
    assert kelly_continuous(0.1, 0.02, 0.0) == 0.0
    assert kelly_growth(0.1, 0.02, 0.2) == pytest.approx(0.02 + 0.16 / 2)
    assert kelly_growth(0.1, 0.02, 0.0) == 0.02
    assert kelly_binary(1.0, 1.0) == 1.0
    with pytest.raises(ConfigError, match=r"probability is 1\.5"):
        kelly_binary(1.5, 1.0)
    with pytest.raises(ConfigError, match="odds are 0"):
        kelly_binary(0.5, 0.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Shares(0), "Shares: count is 0"),
        (lambda: MoneyPerPosition(-1), "MoneyPerPosition: money is -1"),
        (lambda: PercentOfEquity(nan), "PercentOfEquity: percent is nan"),
        (lambda: RiskPerTrade(101), "RiskPerTrade: percent is 101"),
        (lambda: AtrSizing(period=0), "AtrSizing: period is 0"),
        (lambda: AtrSizing(multiple=0), "AtrSizing: multiple is 0"),
        (lambda: VolatilityTarget(period=1), "VolatilityTarget: period is 1"),
        (lambda: VolatilityTarget(bars_per_year=0), "VolatilityTarget: bars_per_year is 0"),
        (lambda: KellyFraction(1.5), "KellyFraction: fraction is 1.5"),
        (lambda: KellyFraction(rate=nan), "KellyFraction: rate is nan"),
    ],
)
def test_bad_parameters_are_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
