"""The fee models: bounds, tiers, bands, currencies, what is passed on, bad parameters."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import date
from math import inf
from pathlib import Path

import pytest

from framework.components.commission import (
    IbkrFixed,
    IbkrTiered,
    NoCommission,
    PercentCommission,
    PerOrder,
    PerShare,
)
from framework.components.registry import build, spec_of
from framework.domain.instruments import AssetType, Instrument
from framework.engine.fee_days import fees_until
from framework.errors import ConfigError
from framework.ports import CommissionModel

STOCK = Instrument("ACME")
OPTION = Instrument("ACME C100", AssetType.OPTION, multiplier=100.0)
CANADIAN = Instrument("SHOP C100", AssetType.OPTION, currency="CAD", multiplier=100.0)
FUTURE = Instrument("ES", AssetType.FUTURE, multiplier=50.0)
MICRO = Instrument("MESZ5", AssetType.FUTURE, multiplier=5.0)
EURO = Instrument("FESX", AssetType.FUTURE, currency="EUR", multiplier=10.0)
PAIR = Instrument("EURUSD", AssetType.FOREX)
YEN = Instrument("USDJPY", AssetType.FOREX, currency="JPY")
COIN = Instrument("BTCUSD", AssetType.CRYPTO)
FIXED, TIERED = IbkrFixed(), IbkrTiered()


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


TODAY = day("2025-01-02")


@pytest.mark.parametrize(
    ("model", "quantity", "price", "month", "fee"),
    [
        (NoCommission(), 1_000, 25.0, 0.0, 0.0),
        (FIXED, 0, 25.0, 0.0, 0.0),
        (FIXED, 200, 25.0, 0.0, 1.0),
        (FIXED, 201, 25.0, 0.0, 1.005),
        (FIXED, -201, 25.0, 0.0, 1.005),
        (FIXED, 1, 30.0, 0.0, 0.30),
        (FIXED, 201, 25.0, 1e9, 1.005),
        (TIERED, 0, 25.0, 0.0, 0.0),
        (TIERED, 10, 25.0, 0.0, 0.35),
        (TIERED, 1, 20.0, 0.0, 0.20),
        (TIERED, 1_000, 25.0, 299_000.0, 3.5),
        (TIERED, 1_000, 25.0, 299_600.0, 400 * 0.0035 + 600 * 0.0020),
        (TIERED, 1_000, 25.0, 300_000.0, 2.0),
        (TIERED, 1_000, 25.0, 3_000_000.0, 1.5),
        (TIERED, 1_000, 25.0, 20_000_000.0, 1.0),
        (TIERED, 1_000, 25.0, 100_000_000.0, 0.5),
        (TIERED, 105_000_000, 1.0, 0.0, 1_050 + 5_400 + 25_500 + 80_000 + 2_500),
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
def test_fee_of_a_stock(
    model: CommissionModel, quantity: float, price: float, month: float, fee: float
) -> None:
    notional = abs(quantity) * price
    assert model.fee(STOCK, quantity, notional, month, TODAY) == pytest.approx(fee, abs=1e-6)


@pytest.mark.parametrize("model", [FIXED, TIERED])
@pytest.mark.parametrize(
    ("what", "quantity", "price", "month", "fee"),
    [
        # one schedule of options for both plans: bands of the premium, tiers of the month
        (OPTION, 1, 2.0, 0, 1.0),
        (OPTION, 10, 0.10, 0, 6.5),
        (OPTION, 10, 0.0999, 0, 5.0),
        (OPTION, 10, 0.05, 0, 5.0),
        (OPTION, 10, 0.0499, 0, 2.5),
        (OPTION, 10, 2.0, 10_000, 5.0),
        (OPTION, 10, 2.0, 9_994, 6 * 0.65 + 4 * 0.50),
        (OPTION, 10, 0.07, 10_000, 5.0),
        (OPTION, 10, 0.03, 10_000, 2.5),
        (OPTION, 10, 2.0, 50_000, 2.5),
        (OPTION, 10, 0.07, 50_000, 2.5),
        (OPTION, 10, 0.03, 50_000, 2.5),
        (OPTION, 10, 2.0, 100_000, 1.5),
        (OPTION, 10, 0.03, 100_000, 1.5),
        (OPTION, -7, 2.0, 100_000, 1.05),
        (OPTION, 5, 5.0, 100_000, 1.0),
        (CANADIAN, 1, 2.0, 0, 1.5),
        (CANADIAN, 10, 2.0, 10_000, 11.5),
        # currencies: basis points by value, the minimum of the tier the month stands in
        (PAIR, 50_000, 1.1, 0, 2.0),
        (PAIR, 1_000_000, 1.1, 0, 22.0),
        (PAIR, 1.25e9, 1.0, 0, 23_750.0),
        (PAIR, 100, 1.0, 1e9, 1.50),
        (PAIR, 100, 1.0, 2e9, 1.25),
        (PAIR, 100, 1.0, 5e9, 1.0),
        (PAIR, 1e9, 1.0, 5e9, 8_000.0),
        (PAIR, 1e6, 2.0, 4e9, 20 * 0.8),
        (YEN, 50_000, 150.0, 0, 300.0),
        (YEN, 1_000_000, 150.0, 0, 3_000.0),
        (COIN, 0.1, 60_000.0, 0, 10.8),
        (COIN, 0.01, 60_000.0, 0, 1.75),
        (COIN, 0.001, 60_000.0, 0, 0.60),
        (COIN, 1, 50_000.0, 10, 75.0),
        (COIN, 1, 50_000.0, 100, 60.0),
    ],
)
def test_fee_where_both_plans_agree(
    model: CommissionModel,
    what: Instrument,
    quantity: float,
    price: float,
    month: float,
    fee: float,
) -> None:
    notional = abs(quantity) * price * what.multiplier
    assert model.fee(what, quantity, notional, month, TODAY) == pytest.approx(fee, abs=1e-6)


@pytest.mark.parametrize(
    ("what", "quantity", "month", "fixed", "tiered"),
    [
        (FUTURE, 1, 0, 0.85, 0.85),
        (FUTURE, 1_500, 0, 1_275.0, 1_175.0),
        (FUTURE, 1, 1_000, 0.85, 0.65),
        (FUTURE, 1, 10_000, 0.85, 0.45),
        (FUTURE, 1, 20_000, 0.85, 0.25),
        (FUTURE, 25_000, 0, 21_250.0, 850 + 5_850 + 4_500 + 1_250),
        (MICRO, 10, 0, 2.5, 2.5),
        (MICRO, 10, 10_000, 2.5, 1.5),
        (EURO, 10, 1_000, 6.5, 5.0),
        (Instrument("SPX", AssetType.INDEX), 1_000, 300_000, 5.0, 2.0),
        (Instrument("SAP", currency="EUR"), 1_000, 300_000, 5.0, 2.0),
    ],
)
def test_fee_of_each_plan(
    what: Instrument, quantity: float, month: float, fixed: float, tiered: float
) -> None:
    notional = quantity * 4_000.0 * what.multiplier
    assert FIXED.fee(what, quantity, notional, month, TODAY) == pytest.approx(fixed, abs=1e-6)
    assert TIERED.fee(what, quantity, notional, month, TODAY) == pytest.approx(tiered, abs=1e-6)


@pytest.mark.parametrize("model", [IbkrFixed(pass_through=True), IbkrTiered(pass_through=True)])
@pytest.mark.parametrize(
    ("what", "quantity", "price", "on", "more"),
    [
        (STOCK, 1_000, 25.0, "2024-10-04", 0.0),
        (STOCK, -1_000, 25.0, "2024-10-04", 25_000 * 27.8e-6 + 0.166),
        (STOCK, -1_000, 25.0, "2024-05-21", 25_000 * 8e-6 + 0.166),
        (STOCK, -1_000, 25.0, "2024-05-22", 25_000 * 27.8e-6 + 0.166),
        (STOCK, -1_000, 25.0, "2025-05-14", 0.166),
        (STOCK, -1_000, 25.0, "1999-01-04", 25_000 * 17.4e-6 + 0.119),
        (STOCK, -1_000_000, 25.0, "2025-05-14", 8.30),
        (Instrument("SAP", currency="EUR"), -1_000, 25.0, "2024-10-04", 0.0),
        (OPTION, -10, 2.0, "2024-10-04", 2_000 * 27.8e-6 + 0.0279),
        (OPTION, 10, 2.0, "2024-10-04", 0.0),
        (FUTURE, 10, 4_000.0, "2024-10-04", 14.0),
        (FUTURE, -10, 4_000.0, "2024-10-04", 14.0),
        (MICRO, 10, 4_000.0, "2024-10-04", 3.7),
        (PAIR, -10_000, 1.1, "2024-10-04", 0.0),
        (STOCK, 0, 25.0, "2024-10-04", 0.0),
    ],
)
def test_what_is_passed_on(
    model: IbkrFixed | IbkrTiered,
    what: Instrument,
    quantity: float,
    price: float,
    on: str,
    more: float,
) -> None:
    notional = abs(quantity) * price * what.multiplier
    bare = type(model)().fee(what, quantity, notional, 0.0, day(on))
    fee = model.fee(what, quantity, notional, 0.0, day(on))
    assert fee - bare == pytest.approx(more, abs=1e-6)


@pytest.mark.parametrize("model", [FIXED, TIERED])
@pytest.mark.parametrize(
    ("kind", "currency"),
    [(AssetType.FUTURE, "KRW"), (AssetType.OPTION, "EUR"), (AssetType.CRYPTO, "EUR")],
)
def test_what_the_schedule_does_not_price_is_refused(
    model: CommissionModel, kind: AssetType, currency: str
) -> None:
    message = rf"commission for X, which is {kind.value} in {currency}\. Choose another commission"
    with pytest.raises(ConfigError, match=message):
        model.fee(Instrument("X", kind, currency), 100.0, 100.0, 0.0, TODAY)


def test_a_future_without_a_listed_exchange_fee_is_refused() -> None:
    with pytest.raises(ConfigError, match="no exchange fee for FDAX, a future in EUR"):
        IbkrFixed(pass_through=True).fee(
            Instrument("FDAX", AssetType.FUTURE, "EUR"), 1.0, 1.0, 0.0, TODAY
        )


OWN = """
stock:
  - valid_from: 2024-01-01
    source: my letter
    seen: 2024-02-01
    both: {any: {rate: 0.01}}
  - valid_from: 2025-01-01
    source: my letter
    seen: 2025-02-01
    fixed:
      any: {rate: 0.02}
      EUR: {percent: 0.05, minimum: 3}
    tiered:
      any: {rate: 0.03}
"""


def test_a_schedule_of_the_users_own(tmp_path: Path) -> None:
    path = tmp_path / "fees.yaml"
    path.write_text(OWN)
    model = build("commission", f"ibkr_fixed:schedule={path}")
    assert isinstance(model, IbkrFixed)
    assert spec_of(model) == {"name": "ibkr_fixed", "schedule": str(path), "pass_through": False}
    euro = Instrument("SAP", currency="EUR")

    def fee(what: Instrument, on: str) -> float:
        return model.fee(what, 1_000.0, 100_000.0, 0.0, day(on))

    assert fee(STOCK, "2020-01-01") == 10.0
    assert fee(STOCK, "2024-12-31") == 10.0
    assert fee(STOCK, "2025-01-01") == 20.0
    assert fee(STOCK, "2024-12-31") == 10.0
    assert fee(euro, "2024-12-31") == 10.0
    assert fee(euro, "2025-01-01") == pytest.approx(50.0)
    assert fee(FUTURE, "2025-01-01") == 850.0
    assert IbkrTiered(str(path)).fee(STOCK, 100.0, 1e4, 0.0, day("2025-01-01")) == 3.0


def test_same_symbol_other_instrument_is_priced_anew() -> None:
    model = IbkrFixed()
    assert model.fee(Instrument("ES"), 1_000.0, 1e5, 0.0, TODAY) == 5.0
    assert model.fee(FUTURE, 1_000.0, 1e5, 0.0, TODAY) == 850.0
    assert model.fee(Instrument("ES"), 1_000.0, 1e5, 0.0, TODAY) == 5.0


def test_a_model_that_has_priced_is_still_a_plain_value() -> None:
    model = IbkrTiered()
    model.fee(STOCK, 100.0, 1e4, 0.0, TODAY)
    assert model == IbkrTiered()
    assert repr(model) == "IbkrTiered(schedule='shipped', pass_through=False)"
    assert pickle.loads(pickle.dumps(model)).fee(STOCK, 10.0, 1e4, 0.0, TODAY) == 0.35


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IbkrFixed("missing.yaml"), "missing.yaml cannot be read: No such file"),
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


@pytest.mark.parametrize("instrument", [STOCK, OPTION, FUTURE, PAIR, COIN], ids=str)
@pytest.mark.parametrize(
    "model",
    [
        NoCommission(),
        PerShare(0.01, minimum=1.0),
        PercentCommission(0.1),
        PerOrder(2.0),
        FIXED,
        TIERED,
        IbkrFixed(pass_through=True),
        IbkrTiered(pass_through=True),
    ],
    ids=repr,
)
def test_a_fee_stays_until_the_day_it_says(model: CommissionModel, instrument: Instrument) -> None:
    """Asked on each day of eleven years; what is passed on changes on other days than the plans."""
    if instrument is FUTURE and getattr(model, "pass_through", False):
        instrument = MICRO

    def fees(on: int) -> list[float]:
        return [model.fee(instrument, q, abs(q) * 25.0, 0.0, on) for q in (-3.0, 700.0)]

    asked = day("2015-06-01")
    until, known = fees_until(model, instrument, asked), fees(asked)
    while asked < TODAY + 600:
        asked += 1
        if asked >= until:
            until, known = fees_until(model, instrument, asked), fees(asked)
            assert until > asked
        assert fees(asked) == known


def test_a_fee_of_the_users_own_schedule_stays_until_its_next_table(tmp_path: Path) -> None:
    path = tmp_path / "fees.yaml"
    path.write_text(OWN)
    model = IbkrFixed(str(path))
    assert fees_until(model, STOCK, day("2024-12-31")) == day("2025-01-01")
    assert fees_until(model, STOCK, day("2025-01-01")) == inf


def test_a_model_that_does_not_say_may_charge_otherwise_tomorrow() -> None:
    class Own:
        def fee(
            self, instrument: Instrument, quantity: float, notional: float, month: float, day: int
        ) -> float:
            return float(day)

    assert fees_until(Own(), STOCK, TODAY) == TODAY + 1
