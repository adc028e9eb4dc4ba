"""Option sizers: the formulas, what is missing, and what has no bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from framework.components.option_sizing import MaxLoss, Premium, Vega
from framework.components.registry import build, spec_of
from framework.components.sizing import Shares, smallest
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Side
from framework.errors import ConfigError, OrderError, SlipwayError
from framework.ports import Sizer, SizingRequest
from tests.unit.test_sizing import Past

OPTION = Instrument("SPY C400", AssetType.OPTION, multiplier=100.0)
REQUEST = SizingRequest(
    OPTION,
    Side.BUY,
    5.0,
    None,
    100_000.0,
    60_000.0,
    0.5,
    Past(np.array([5.0])),
    max_loss=500.0,
    vega=40.0,
)


@pytest.mark.parametrize(
    ("sizer", "request_", "units"),
    [
        (Premium(), REQUEST, 10.0),
        (Premium(1), REQUEST, 2.0),
        (Premium(), replace(REQUEST, side=Side.SELL), 10.0),
        (Premium(), replace(REQUEST, price=-2.0), 25.0),
        (Premium(), replace(REQUEST, price=0.0), 0.0),
        (Premium(), replace(REQUEST, equity=-1.0), 0.0),
        (MaxLoss(), REQUEST, 4.0),
        (MaxLoss(5), REQUEST, 10.0),
        (MaxLoss(), replace(REQUEST, max_loss=320.0), 6.25),
        (MaxLoss(), replace(REQUEST, max_loss=0.0), 0.0),
        (MaxLoss(), replace(REQUEST, max_loss=-5.0), 0.0),
        (Vega(10), REQUEST, 25.0),
        (Vega(10), replace(REQUEST, vega=-40.0), 25.0),
        (Vega(10), replace(REQUEST, vega=0.0), 0.0),
        (smallest([Vega(10), Premium(), Shares(12)]), REQUEST, 10.0),
        (smallest([Vega(10), Shares(3)]), REQUEST, 3.0),
    ],
)
def test_quantity(sizer: Sizer, request_: SizingRequest, units: float) -> None:
    assert sizer.quantity(request_) == pytest.approx(units, rel=1e-12)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: MaxLoss().quantity(replace(REQUEST, max_loss=None)),
            OrderError,
            "SPY C400: sizing by max_loss needs the most one unit can lose, which is not known.",
        ),
        (lambda: MaxLoss().quantity(replace(REQUEST, max_loss=nan)), OrderError, "is not known"),
        (
            lambda: MaxLoss().quantity(replace(REQUEST, max_loss=inf)),
            ConfigError,
            "SPY C400: sizing by max_loss, and what one unit can lose has no bound.",
        ),
        (
            lambda: Vega(10).quantity(replace(REQUEST, vega=None)),
            OrderError,
            "SPY C400: sizing by vega needs the vega of one unit, which is not known.",
        ),
        (lambda: Vega(10).quantity(replace(REQUEST, vega=nan)), OrderError, "is not known"),
        (
            lambda: smallest([Shares(1), Vega(10)]).quantity(replace(REQUEST, vega=None)),
            OrderError,
            "sizing by vega",
        ),
        (lambda: Premium(0), ConfigError, "Premium: percent is 0."),
        (lambda: MaxLoss(101), ConfigError, "MaxLoss: percent is 101."),
        (lambda: Vega(-1), ConfigError, "Vega: money is -1."),
    ],
)
def test_what_is_missing_is_named(
    make: Callable[[], object], error: type[SlipwayError], message: str
) -> None:
    with pytest.raises(error) as caught:
        make()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "sizer"),
    [("premium:3", Premium(3)), ("max_loss", MaxLoss()), ("vega:250", Vega(250))],
)
def test_the_words_of_a_run_file(spec: str, sizer: Sizer) -> None:
    assert build("sizing", spec) == sizer
    assert build("sizing", spec_of(sizer)) == sizer
