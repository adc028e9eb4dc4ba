"""Greek limits: at, under and over each; what shrinks, what refuses, what is not known."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

from framework.components.greek_limits import MaxNetDelta, MaxNetGamma, MaxNetVega
from framework.components.registry import build, spec_of
from framework.domain.events import Refused
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import BookGreeks
from framework.domain.orders import Order, OrderType, Side
from framework.errors import ConfigError
from framework.ports import AccountState, RiskRule

CALL = Instrument("SPY C400", AssetType.OPTION, multiplier=100.0)
ONE = BookGreeks(delta=50.0, gamma=2.0, vega=400_000.0, theta=-900.0)
BOOK = BookGreeks(delta=300.0, gamma=10.0, vega=2_000_000.0)
BUY = Order("o-1", CALL.symbol, Side.BUY, 10.0, OrderType.MARKET, 7, 5.0)
SELL = replace(BUY, side=Side.SELL)
UNSIZED = replace(BUY, quantity=0.0, fraction=0.5)
EMPTY = AccountState(
    7, 1e5, 1e5, CALL, 5.0, None, {}, {}, (), 0, {"SPY": 1.0}, underlying="SPY", unit=ONE
)
HELD = replace(EMPTY, greeks={"SPY": BOOK, "QQQ": BookGreeks(delta=1e6)})
FAR = replace(EMPTY, greeks={"SPY": BookGreeks(delta=-900.0)})
LONG = replace(EMPTY, quantities={"SPY": 100.0})
RESTING = replace(HELD, working=(replace(BUY, id="o-0", quantity=2.0),))
STOCK_RESTING = replace(HELD, working=(replace(SELL, id="o-0", symbol="SPY", quantity=150.0),))
OTHER_RESTING = replace(HELD, working=(replace(BUY, id="o-0", symbol="QQQ", quantity=900.0),))
SPY = Instrument("SPY")
STOCK = replace(BUY, symbol="SPY", quantity=500.0)
STOCK_STATE = replace(HELD, instrument=SPY, unit=None)
FUTURE = Instrument("ESZ5", AssetType.FUTURE, multiplier=50.0)
FUTURE_STATE = replace(HELD, instrument=FUTURE, unit=None)


@pytest.mark.parametrize(
    ("rule", "order", "account", "quantity"),
    [
        (MaxNetDelta(500), BUY, EMPTY, 10.0),
        (MaxNetDelta(499), BUY, EMPTY, 9.98),
        (MaxNetDelta(49), BUY, EMPTY, 0.0),
        (MaxNetDelta(800), BUY, HELD, 10.0),
        (MaxNetDelta(600), BUY, HELD, 6.0),
        (MaxNetDelta(300), BUY, HELD, 0.0),
        (MaxNetDelta(200), BUY, HELD, 0.0),
        (MaxNetDelta(200), SELL, HELD, 10.0),
        (MaxNetDelta(150), SELL, HELD, 9.0),
        (MaxNetDelta(100), BUY, FAR, 10.0),
        (MaxNetDelta(100), replace(BUY, quantity=30.0), FAR, 20.0),
        (MaxNetDelta(100), SELL, FAR, 0.0),
        (MaxNetDelta(500), BUY, LONG, 8.0),
        (MaxNetDelta(500), BUY, replace(LONG, greeks={"SPY": BOOK}), 4.0),
        (MaxNetDelta(600), BUY, RESTING, 4.0),
        (MaxNetDelta(150), SELL, RESTING, 9.0),
        (MaxNetDelta(600), replace(BUY, id="o-0"), RESTING, 6.0),
        (MaxNetDelta(150), SELL, STOCK_RESTING, 6.0),
        (MaxNetDelta(600), BUY, STOCK_RESTING, 6.0),
        (MaxNetDelta(600), BUY, OTHER_RESTING, 6.0),
        (MaxNetDelta(600), STOCK, STOCK_STATE, 300.0),
        (MaxNetDelta(600), replace(STOCK, symbol="ESZ5"), FUTURE_STATE, 6.0),
        (MaxNetDelta(600), STOCK, replace(STOCK_STATE, underlying="", greeks={}), 500.0),
        (MaxNetDelta(100, "SPY"), BUY, HELD, 0.0),
        (MaxNetDelta(100, "QQQ"), BUY, HELD, 10.0),
        (MaxNetDelta(100, "QQQ"), BUY, replace(HELD, unit=None), 10.0),
        (MaxNetGamma(30), BUY, HELD, 10.0),
        (MaxNetGamma(20), BUY, HELD, 5.0),
        (MaxNetGamma(4), SELL, HELD, 7.0),
        (MaxNetGamma(1), STOCK, STOCK_STATE, 500.0),
        (MaxNetVega(60_000), BUY, HELD, 10.0),
        (MaxNetVega(40_000), BUY, HELD, 5.0),
        (MaxNetVega(4_000), SELL, HELD, 6.0),
        (MaxNetVega(1), STOCK, STOCK_STATE, 500.0),
        (MaxNetDelta(1e6), UNSIZED, HELD, 0.0),
        (MaxNetDelta(1e6), BUY, replace(HELD, unit=None), 0.0),
        (MaxNetGamma(1e6), BUY, replace(HELD, unit=None), 0.0),
        (MaxNetVega(1e6), BUY, replace(HELD, unit=replace(ONE, vega=nan)), 0.0),
        (MaxNetDelta(1e6), BUY, replace(HELD, unit=replace(ONE, vega=nan)), 10.0),
        (MaxNetDelta(1e6), BUY, replace(HELD, greeks={"SPY": BookGreeks(nan)}), 0.0),
    ],
)
def test_what_a_rule_lets_out(
    rule: RiskRule, order: Order, account: AccountState, quantity: float
) -> None:
    verdict = rule.check(order, account)
    if quantity == 0.0:
        assert isinstance(verdict, Refused)
    else:
        assert isinstance(verdict, Order)
        assert verdict.quantity == pytest.approx(quantity, rel=1e-12)
        assert replace(verdict, quantity=order.quantity) == order


@pytest.mark.parametrize(
    ("rule", "account", "name", "reason"),
    [
        (
            MaxNetDelta(200),
            HELD,
            "max_net_delta",
            "Net delta on SPY is 300 and a unit of the order adds 50; the limit is 200.",
        ),
        (
            MaxNetGamma(5.5),
            HELD,
            "max_net_gamma",
            "Net gamma on SPY is 10 and a unit of the order adds 2; the limit is 5.5.",
        ),
        (
            MaxNetVega(20_000),
            HELD,
            "max_net_vega",
            "Net vega on SPY is 20,000 and a unit of the order adds 4,000; the limit is 20,000.",
        ),
        (
            MaxNetDelta(200),
            replace(HELD, unit=None),
            "max_net_delta",
            "The delta of SPY C400 is not known; price it before it is traded.",
        ),
        (
            MaxNetVega(200),
            replace(HELD, greeks={"SPY": replace(BOOK, vega=nan)}),
            "max_net_vega",
            "The net vega on SPY is not known; price every option held on it.",
        ),
    ],
)
def test_a_refusal_gives_the_figures(
    rule: RiskRule, account: AccountState, name: str, reason: str
) -> None:
    verdict = rule.check(BUY, account)
    assert isinstance(verdict, Refused)
    assert (verdict.rule, verdict.reason) == (name, reason)


def test_the_figure_shown_is_signed() -> None:
    verdict = MaxNetDelta(100).check(SELL, FAR)
    assert isinstance(verdict, Refused)
    assert "is -900 and a unit of the order adds -50" in verdict.reason


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        ("max_net_delta:500", MaxNetDelta(500)),
        ("max_net_gamma:5,SPY", MaxNetGamma(5, "SPY")),
        ("max_net_vega:5000,underlying=SPX", MaxNetVega(5_000, "SPX")),
    ],
)
def test_the_words_of_a_run_file(spec: str, rule: RiskRule) -> None:
    assert build("limit", spec) == rule
    assert build("limit", spec_of(rule)) == rule


@pytest.mark.parametrize("kind", [MaxNetDelta, MaxNetGamma, MaxNetVega])
def test_a_wrong_parameter_is_named(kind: type[MaxNetDelta]) -> None:
    with pytest.raises(ConfigError, match=f"{kind.__name__}: limit is 0"):
        kind(0)
    with pytest.raises(ConfigError, match=f"{kind.__name__}: underlying is ''"):
        kind(1, "")
