"""Margin models: the figures of the published rules, and what each account cannot hold."""

from __future__ import annotations

from math import inf

import pytest

from framework.components.margin import CashAccount, Leverage, RegT, check_margins
from framework.domain.instruments import AssetType, Instrument
from framework.errors import ConfigError
from framework.ports import MarginModel

STOCK = Instrument("AAA")
FUTURE = Instrument(
    "ES", AssetType.FUTURE, multiplier=50.0, initial_margin=15_400.0, maintenance_margin=14_000.0
)
FOREX = Instrument("EUR.USD", AssetType.FOREX)
CRYPTO = Instrument("BTC", AssetType.CRYPTO)
OPTION = Instrument("AAA C", AssetType.OPTION, multiplier=100.0)


@pytest.mark.parametrize(
    ("model", "instrument", "quantity", "price", "initial", "maintenance"),
    [
        (RegT(), STOCK, 100.0, 40.0, 2_000.0, 1_000.0),
        (RegT(), STOCK, -100.0, 40.0, 2_000.0, 1_200.0),
        # 30 % of 10 is 3, less than 5 a share, which is what opening asks for too
        (RegT(), STOCK, -100.0, 10.0, 500.0, 500.0),
        (RegT(), STOCK, -100.0, 6.0, 500.0, 500.0),
        (RegT(), STOCK, -100.0, 5.0, 500.0, 500.0),
        # below 5 the whole value, and at least 2.50 a share
        (RegT(), STOCK, -100.0, 4.99, 499.0, 499.0),
        (RegT(), STOCK, -100.0, 2.0, 250.0, 250.0),
        (RegT(), STOCK, 100.0, 2.0, 100.0, 50.0),
        (RegT(), FUTURE, 2.0, 4_000.0, 30_800.0, 28_000.0),
        (RegT(), FUTURE, -2.0, 4_000.0, 30_800.0, 28_000.0),
        (RegT(), FOREX, -10_000.0, 1.1, 220.0, 220.0),
        (RegT(forex_percent=5.0), FOREX, 10_000.0, 1.1, 550.0, 550.0),
        (RegT(), CRYPTO, 2.0, 100.0, 200.0, 200.0),
        (RegT(), CRYPTO, -2.0, 100.0, inf, inf),
        (RegT(), OPTION, 2.0, 3.0, 600.0, 600.0),
        (RegT(), OPTION, -2.0, 3.0, inf, inf),
        (RegT(100.0, 40.0, 50.0), STOCK, 100.0, 40.0, 4_000.0, 1_600.0),
        (RegT(100.0, 40.0, 50.0), STOCK, -100.0, 40.0, 4_000.0, 2_000.0),
        (CashAccount(), STOCK, 100.0, 40.0, 4_000.0, 0.0),
        (CashAccount(), STOCK, -100.0, 40.0, inf, 0.0),
        (CashAccount(), OPTION, 2.0, 3.0, 600.0, 0.0),
        (CashAccount(), FUTURE, -1.0, 4_000.0, 15_400.0, 14_000.0),
        (Leverage(), STOCK, -100.0, 40.0, 4_000.0, 0.0),
        (Leverage(4.0), STOCK, 100.0, 40.0, 1_000.0, 0.0),
        (Leverage(4.0), FUTURE, 1.0, 4_000.0, 50_000.0, 0.0),
        (Leverage(4.0, 20.0), STOCK, -100.0, 40.0, 1_000.0, 800.0),
    ],
)
def test_figures(
    model: MarginModel,
    instrument: Instrument,
    quantity: float,
    price: float,
    initial: float,
    maintenance: float,
) -> None:
    assert model.initial(instrument, quantity, price) == pytest.approx(initial, abs=1e-9)
    assert model.maintenance(instrument, quantity, price) == pytest.approx(maintenance, abs=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RegT(initial_percent=0.0), "RegT: initial_percent is 0.0"),
        (lambda: RegT(long_percent=101.0), "RegT: long_percent is 101.0"),
        (lambda: RegT(short_percent=-1.0), "RegT: short_percent is -1.0"),
        (lambda: RegT(forex_percent=float("nan")), "RegT: forex_percent is nan"),
        (lambda: Leverage(0.5), "Leverage: times is 0.5"),
        (lambda: Leverage(2.0, -1.0), "Leverage: maintenance_percent is -1.0"),
        (lambda: Leverage(4.0, 30.0), r"holding asks for 30 %, opening for 25 %"),
    ],
)
def test_bad_parameters(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ConfigError, match=message):
        make()


@pytest.mark.parametrize("model", [CashAccount(), RegT()])
def test_a_future_without_its_margins_is_named_before_the_run(model: MarginModel) -> None:
    bare = Instrument("NQ", AssetType.FUTURE, multiplier=20.0)
    with pytest.raises(ConfigError, match=r"future NQ has no initial_margin.*instruments.yaml"):
        check_margins(model, [STOCK, bare])
    half = Instrument("NQ", AssetType.FUTURE, multiplier=20.0, initial_margin=20_000.0)
    with pytest.raises(ConfigError, match=r"future NQ has no maintenance_margin"):
        check_margins(model, [STOCK, half])
    check_margins(model, [STOCK, FUTURE, FOREX])
    check_margins(Leverage(2.0), [bare])


def test_a_model_must_answer_with_money() -> None:
    class Wrong:
        def initial(self, instrument: Instrument, quantity: float, price: float) -> float:
            return float("nan")

        def maintenance(self, instrument: Instrument, quantity: float, price: float) -> float:
            return 0.0

    with pytest.raises(ConfigError, match="Wrong asks for nan"):
        check_margins(Wrong(), [STOCK])
