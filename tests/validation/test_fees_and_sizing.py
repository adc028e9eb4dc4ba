"""Published fees, commission and slippage models, and position sizes, reproduced."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framework.components.kelly import kelly_binary, kelly_continuous, kelly_growth
from framework.components.registry import build
from framework.components.sizing import AtrSizing
from framework.domain.arithmetic import round_down_to_lot
from framework.domain.bars import FloatArray
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Side
from framework.indicators import true_range
from framework.ports import IndicatorFunction, SizingRequest

CASES = Path(__file__).parent / "cases"
STOCK = Instrument("ACME")


def _cases(name: str) -> dict[str, dict[str, Any]]:
    return {case["id"]: case for case in json.loads((CASES / f"{name}.json").read_text())["cases"]}


FEES = _cases("fees")
MODELS = _cases("commission_slippage")
SIZING = _cases("sizing")


DAY = 20_000
"""2024-10-04: the published fees hold on it."""


@pytest.mark.parametrize("name", ["E01", "E02", "E03", "E04", "E10", "E11"])
@pytest.mark.parametrize("way", [1, -1])
def test_published_stock_fees(name: str, way: int) -> None:
    case = FEES[name]
    given = case["input"]
    model: Any = build("commission", given["commission"])
    notional = given["quantity"] * given["price"]
    fee = model.fee(STOCK, way * given["quantity"], notional, given["month_quantity"], DAY)
    assert fee == pytest.approx(case["expected"], abs=1e-6)


@pytest.mark.parametrize("name", ["E20", "E21", "E22", "E23", "E40"])
def test_published_fees_of_derivatives(name: str) -> None:
    case = FEES[name]
    given = case["input"]
    model: Any = build("commission", given["commission"])
    what = Instrument("X", AssetType(given["type"]), multiplier=given["multiplier"])
    notional = given["quantity"] * given["price"] * what.multiplier
    fee = model.fee(what, given["quantity"], notional, given["month_quantity"], DAY)
    assert fee == pytest.approx(case["expected"], abs=1e-6)


@pytest.mark.parametrize("name", ["C01", "C02", "C03", "C04", "C05", "C06"])
def test_running_fee_of_an_order_that_fills_in_parts(name: str) -> None:
    case = MODELS[name]
    model: Any = build("commission", case["component"])
    filled = np.cumsum(case["input"]["fills"])
    fees = [model.fee(STOCK, quantity, quantity * 100.0, 0.0, DAY) for quantity in filled]
    assert fees == pytest.approx(case["expected"], abs=1e-6)


@pytest.mark.parametrize("name", ["C11", "C12"])
def test_fee_of_each_part(name: str) -> None:
    case = MODELS[name]
    model: Any = build("commission", case["component"])
    parts = case["input"]["fills"]
    prices = case["input"].get("prices", [100.0] * len(parts))
    filled = np.cumsum(parts)
    values = np.cumsum(np.multiply(parts, prices))
    fees = [model.fee(STOCK, *pair, 0.0, DAY) for pair in zip(filled, values, strict=True)]
    assert np.diff(fees, prepend=0.0) == pytest.approx(case["expected"], abs=1e-6)


@pytest.mark.parametrize(("name", "volume"), [("C20", "vol"), ("C30", "volume")])
def test_price_and_participation_of_the_volume_models(name: str, volume: str) -> None:
    case = MODELS[name]
    given = case["input"]
    expected, filled = case["expected"]
    cap: Any = build("liquidity", case["liquidity"])
    model: Any = build("slippage", case["component"])
    at = given["price"]
    units = min(given["order"], cap.units(STOCK, at, at, at, given[volume]))
    assert units == pytest.approx(filled, abs=1e-6)
    price = model.price(STOCK, Side.BUY, at, units, given[volume])
    assert price == pytest.approx(expected, abs=1e-6)


def test_turtle_n_of_heating_oil() -> None:
    case = SIZING["G01"]
    high, low, close, printed_range, printed_n = np.array(case["rows"]).T
    ranges = true_range(high, low, close)
    assert ranges == pytest.approx(printed_range, abs=1e-9)
    n = [printed_n[0]]
    for value in ranges[1:]:
        n.append((19 * n[-1] + value) / 20)
    assert n == pytest.approx(case["computed_N"], abs=1e-6)
    assert np.max(np.abs(n - printed_n)) == pytest.approx(case["max_abs_diff"], abs=1e-9)


@dataclass(frozen=True)
class KnownN:
    """A market whose average true range is known."""

    n: float

    def last(self, count: int, column: str = "close") -> FloatArray:
        return np.empty(0)

    def value(self, function: IndicatorFunction, *args: float, on: Sequence[str]) -> float:
        return self.n


def test_turtle_unit_of_heating_oil() -> None:
    heating_oil = Instrument("HO", AssetType.FUTURE, multiplier=42_000.0)

    def unit(equity: float) -> float:
        request = SizingRequest(
            heating_oil, Side.BUY, 0.7162, None, equity, equity, 1.0, KnownN(0.0141)
        )
        return AtrSizing(percent=1, period=20).quantity(request)

    exact, large, small = SIZING["G02"]["expected"]
    assert unit(1_000_000.0) == pytest.approx(1_000_000 * 0.01 / (0.0141 * 42_000), abs=1e-6)
    assert unit(1_000_000.0) == pytest.approx(exact, abs=0.01)
    assert round_down_to_lot(unit(1_000_000.0), heating_oil.lot) == large
    assert round_down_to_lot(unit(100_000.0), heating_oil.lot) == small


def test_kelly_leverage_and_growth_of_spy() -> None:
    leverage, growth = SIZING["G05"]["expected"]
    assert kelly_continuous(0.1123, 0.04, 0.1691) == pytest.approx(leverage, abs=0.0005)
    assert kelly_growth(0.1123, 0.04, 0.1691) == pytest.approx(growth, abs=0.00005)


def test_kelly_of_a_binary_bet() -> None:
    bets = [(0.53, 1.0), (0.6, 1.0), (0.5, 1.5)]
    shares = [kelly_binary(probability, odds) for probability, odds in bets]
    assert shares == pytest.approx(SIZING["G06"]["expected"], abs=1e-6)
