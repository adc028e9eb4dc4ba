"""Slippage models: what a buy and a sell pay, with and without volume."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from framework.components.slippage import (
    FixedSlippage,
    HalfSpread,
    NoSlippage,
    PercentSlippage,
    VolumeShareSlippage,
)
from framework.domain.instruments import Instrument
from framework.domain.orders import Side
from framework.errors import ConfigError
from framework.ports import SlippageModel

PENNY = Instrument("ACME")
QUARTER = Instrument("FUT", tick=0.25)
NO_GRID = Instrument("FREE", tick=0.0)


@pytest.mark.parametrize(
    ("model", "instrument", "quantity", "volume", "lost"),
    [
        (NoSlippage(), PENNY, 100.0, 1_000.0, 0.0),
        (FixedSlippage(0.3), PENNY, 100.0, 1_000.0, 0.3),
        (PercentSlippage(), PENNY, 100.0, 1_000.0, 0.025),
        (PercentSlippage(2.0), PENNY, 100.0, 1_000.0, 1.0),
        (HalfSpread(percent=0.1, ticks=1.0), PENNY, 100.0, 1_000.0, 0.025),
        (HalfSpread(percent=0.1, ticks=1.0), QUARTER, 100.0, 1_000.0, 0.125),
        (HalfSpread(percent=0.0, ticks=2.0), QUARTER, 100.0, 1_000.0, 0.25),
        (HalfSpread(percent=0.1, ticks=1.0), NO_GRID, 100.0, 1_000.0, 0.025),
        (VolumeShareSlippage(), PENNY, 100.0, 1_000.0, 50 * 0.1 * 0.01),
        (VolumeShareSlippage(impact=0.2), PENNY, 500.0, 1_000.0, 50 * 0.2 * 0.25),
        (VolumeShareSlippage(), PENNY, 9_000.0, 1_000.0, 50 * 0.1),
        (VolumeShareSlippage(), PENNY, 100.0, 0.0, 50 * 0.0005),
        (VolumeShareSlippage(without_volume=1.0), PENNY, 100.0, 0.0, 0.5),
    ],
)
def test_price(
    model: SlippageModel, instrument: Instrument, quantity: float, volume: float, lost: float
) -> None:
    bought = model.price(instrument, Side.BUY, 50.0, quantity, volume)
    sold = model.price(instrument, Side.SELL, 50.0, quantity, volume)
    assert bought == pytest.approx(50.0 + lost, abs=1e-9)
    assert sold == pytest.approx(50.0 - lost, abs=1e-9)


def test_a_sale_never_yields_less_than_nothing() -> None:
    assert FixedSlippage(3.0).price(PENNY, Side.SELL, 2.0, 1.0, 0.0) == 0.0


def test_a_negative_price_slips_the_right_way() -> None:
    assert PercentSlippage(10.0).price(PENNY, Side.BUY, -20.0, 1.0, 0.0) == pytest.approx(-18.0)
    assert PercentSlippage(10.0).price(PENNY, Side.SELL, -20.0, 1.0, 0.0) == -20.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FixedSlippage(-1.0), "FixedSlippage: amount is -1"),
        (lambda: PercentSlippage(101.0), "PercentSlippage: percent is 101"),
        (lambda: PercentSlippage(float("nan")), "PercentSlippage: percent is nan"),
        (lambda: HalfSpread(percent=-0.1), "HalfSpread: percent is -0.1"),
        (lambda: HalfSpread(ticks=-1.0), "HalfSpread: ticks is -1"),
        (lambda: VolumeShareSlippage(impact=1.5), "VolumeShareSlippage: impact is 1.5"),
        (lambda: VolumeShareSlippage(without_volume=-1.0), "without_volume is -1"),
    ],
)
def test_bad_parameters_are_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
