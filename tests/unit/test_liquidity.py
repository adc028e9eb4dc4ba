"""The liquidity models: how many units a bar gives, and what a bar without volume does."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import pytest

from framework.components.liquidity import (
    BarPointShare,
    FixedUnits,
    Unlimited,
    VolumeShare,
    price_points,
)
from framework.components.registry import build
from framework.config.parts import liquidity_of
from framework.domain.instruments import Instrument
from framework.errors import ConfigError
from framework.ports import LiquidityModel

STOCK = Instrument("ACME", tick=0.25)


@pytest.mark.parametrize(
    ("model", "volume", "units"),
    [
        (Unlimited(), 1_000.0, inf),
        (Unlimited(), 0.0, inf),
        (VolumeShare(), 1_000.0, 100.0),
        (VolumeShare(2.5), 200.0, 5.0),
        (VolumeShare(2.5), 150.0, 3.75),
        (VolumeShare(), 0.0, inf),
        (VolumeShare(), float("nan"), inf),
        (VolumeShare(without_volume="refuse"), 0.0, 0.0),
        (FixedUnits(300.0), 1_000.0, 300.0),
        (FixedUnits(300.0), 200.0, 200.0),
        (FixedUnits(300.0), 0.0, 300.0),
        (FixedUnits(300.0, "refuse"), 0.0, 0.0),
        (BarPointShare(step=0.5), 1_000.0, 200.0),
        (BarPointShare(percent=10.0, step=0.5), 1_000.0, 20.0),
        (BarPointShare(), 1_800.0, 200.0),
        (BarPointShare(step=5.0), 1_000.0, 1_000.0),
        (BarPointShare(), 0.0, inf),
        (BarPointShare(without_volume="refuse"), 0.0, 0.0),
    ],
)
def test_units_of_a_bar_from_100_to_102(model: LiquidityModel, volume: float, units: float) -> None:
    assert model.units(STOCK, 101.0, 102.0, 100.0, volume) == pytest.approx(units, abs=1e-9)


@pytest.mark.parametrize(
    ("high", "low", "step", "points"),
    [
        (102.0, 100.0, 1.0, 3.0),
        (102.0, 100.0, 0.75, 3.0),
        (100.0, 100.0, 0.5, 1.0),
        (102.0, 100.0, 0.0, 1.0),
        (102.0, 100.0, 9.0, 1.0),
    ],
)
def test_price_points(high: float, low: float, step: float, points: float) -> None:
    assert price_points(high, low, step) == points


def test_without_a_grid_the_whole_bar_is_one_price() -> None:
    loose = Instrument("ACME", tick=0.0)
    assert BarPointShare().units(loose, 101.0, 102.0, 100.0, 500.0) == 500.0


@pytest.mark.parametrize(
    ("spec", "model"),
    [
        ("none", Unlimited()),
        ("volume_share", VolumeShare()),
        ("volume_share:2.5,refuse", VolumeShare(2.5, "refuse")),
        ({"name": "fixed", "count": 100}, FixedUnits(100.0)),
        ("bar_points:percent=50,step=0.01", BarPointShare(50.0, 0.01)),
        (VolumeShare(5.0), VolumeShare(5.0)),
    ],
)
def test_by_name_or_as_an_object(spec: str | LiquidityModel, model: LiquidityModel) -> None:
    assert liquidity_of(spec) == model


def test_what_is_no_liquidity_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="is no liquidity component"):
        liquidity_of(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VolumeShare(0.0), r"VolumeShare: percent is 0\.0"),
        (lambda: VolumeShare(101.0), "VolumeShare: percent is 101"),
        (lambda: FixedUnits(0.0), r"FixedUnits: count is 0\.0"),
        (lambda: BarPointShare(101.0), "BarPointShare: percent is 101"),
        (lambda: BarPointShare(step=-1.0), "BarPointShare: step is -1"),
        (
            lambda: build("liquidity", "volume_share:10,refus"),
            "without_volume is 'refus'. Did you mean 'refuse'",
        ),
        (lambda: FixedUnits(1.0, "x"), "FixedUnits: without_volume is 'x'. Known: fill, refuse"),
        (lambda: BarPointShare(without_volume=""), "BarPointShare: without_volume is ''"),
    ],
)
def test_bad_parameters_are_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
