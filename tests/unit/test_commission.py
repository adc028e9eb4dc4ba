"""The fee schedules: bounds, tiers, partial fills, bad parameters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from framework.components.commission import (
    IbkrFixed,
    IbkrTiered,
    NoCommission,
    PercentCommission,
    PerOrder,
    PerShare,
    tiered_total,
)
from framework.domain.instruments import AssetType, Instrument
from framework.errors import ConfigError
from framework.ports import CommissionModel

STOCK = Instrument("ACME")


@pytest.mark.parametrize(
    ("model", "quantity", "price", "month", "fee"),
    [
        (NoCommission(), 1_000, 25.0, 0.0, 0.0),
        (IbkrFixed(), 0, 25.0, 0.0, 0.0),
        (IbkrFixed(), 200, 25.0, 0.0, 1.0),
        (IbkrFixed(), 201, 25.0, 0.0, 1.005),
        (IbkrFixed(), -201, 25.0, 0.0, 1.005),
        (IbkrFixed(), 1, 30.0, 0.0, 0.30),
        (IbkrFixed(rate=0.0075), 1_000, 25.0, 0.0, 7.5),
        (IbkrTiered(), 0, 25.0, 0.0, 0.0),
        (IbkrTiered(), 10, 25.0, 0.0, 0.35),
        (IbkrTiered(), 1, 20.0, 0.0, 0.20),
        (IbkrTiered(), 1_000, 25.0, 299_000.0, 3.5),
        (IbkrTiered(), 1_000, 25.0, 299_600.0, 400 * 0.0035 + 600 * 0.0020),
        (IbkrTiered(), 1_000, 25.0, 300_000.0, 2.0),
        (IbkrTiered(), 1_000, 25.0, 3_000_000.0, 1.5),
        (IbkrTiered(), 1_000, 25.0, 20_000_000.0, 1.0),
        (IbkrTiered(), 1_000, 25.0, 100_000_000.0, 0.5),
        (PerShare(0.01), 100, 25.0, 0.0, 1.0),
        (PerShare(0.01, minimum=5.0), 100, 25.0, 0.0, 5.0),
        (PerShare(0.01, minimum=5.0, maximum_percent=0.1), 100, 25.0, 0.0, 2.5),
        (PerShare(0.01, per_order=0.5), 100, 25.0, 0.0, 1.5),
        (PerShare(0.01, minimum=1.2, per_order=0.5), 100, 25.0, 0.0, 1.5),
        (PerShare(0.01, minimum=5.0), 0, 25.0, 0.0, 0.0),
        (PercentCommission(0.2), 100, 25.0, 0.0, 5.0),
        (PercentCommission(0.2, fixed=1.0), -100, 25.0, 0.0, 6.0),
        (PercentCommission(0.2, minimum=9.0), 100, 25.0, 0.0, 9.0),
        (PercentCommission(0.2, fixed=1.0, minimum=9.0), 0, 25.0, 0.0, 0.0),
        (PerOrder(10.0), 1, 25.0, 0.0, 10.0),
        (PerOrder(10.0), 0, 25.0, 0.0, 0.0),
    ],
)
def test_fee(
    model: CommissionModel, quantity: float, price: float, month: float, fee: float
) -> None:
    notional = abs(quantity) * price
    assert model.fee(STOCK, quantity, notional, month) == pytest.approx(fee, abs=1e-6)


def test_tiers_add_up_over_a_month() -> None:
    expected = 300_000 * 0.0035 + 2_700_000 * 0.0020 + 17e6 * 0.0015 + 80e6 * 0.0010 + 5e6 * 0.0005
    assert tiered_total(105_000_000.0) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("model", [IbkrFixed(), IbkrTiered()])
@pytest.mark.parametrize("kind", [AssetType.FUTURE, AssetType.FOREX, AssetType.CRYPTO])
def test_stock_schedules_refuse_what_is_no_stock(model: CommissionModel, kind: AssetType) -> None:
    with pytest.raises(ConfigError, match=r"EURUSD is \w+\. Choose another commission"):
        model.fee(Instrument("EURUSD", kind), 100.0, 100.0, 0.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IbkrFixed(rate=-0.1), r"IbkrFixed: rate is -0\.1\. Give a number at least 0"),
        (lambda: IbkrTiered(minimum=float("nan")), "IbkrTiered: minimum is nan"),
        (lambda: PerShare(float("inf")), "PerShare: rate is inf"),
        (lambda: PerShare(0.1, minimum=-1.0), "PerShare: minimum is -1"),
        (lambda: PerShare(0.1, maximum_percent=-1.0), "PerShare: maximum_percent is -1"),
        (lambda: PerShare(0.1, per_order=-1.0), "PerShare: per_order is -1"),
        (lambda: PercentCommission("0.1"), "PercentCommission: percent is '0.1'"),
        (lambda: PercentCommission(True), "PercentCommission: percent is True"),
        (lambda: PercentCommission(0.1, fixed=-1.0), "PercentCommission: fixed is -1"),
        (lambda: PerOrder(-1.0), "PerOrder: amount is -1"),
    ],
)
def test_bad_parameters_are_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
