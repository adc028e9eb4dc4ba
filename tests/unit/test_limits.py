"""Limits and breakers: at, under and over each limit; what shrinks, what refuses, what trips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import nan

import pytest

from framework.components.breakers import DailyLoss, DailyLossMoney, ErrorRate, MaxDrawdown
from framework.components.limits import (
    AllowedInstruments,
    MaxConcentration,
    MaxGrossExposure,
    MaxNetExposure,
    MaxOrderNotional,
    MaxOrders,
    MaxPositionPercent,
    MaxPositions,
    MaxRiskPerTrade,
    MaxShares,
    PriceCollar,
)
from framework.domain.events import Halt, Refused
from framework.domain.instruments import Instrument
from framework.domain.orders import Order, OrderType, Side
from framework.errors import ConfigError
from framework.ports import AccountState, Breaker, BreakerState, RiskRule

BUY = Order("o-1", "ACME", Side.BUY, 100.0, OrderType.MARKET, 7, 50.0)
SELL = replace(BUY, side=Side.SELL)
LIMIT = replace(BUY, type=OrderType.LIMIT, limit=40.0)
STOP = replace(BUY, type=OrderType.STOP, stop=60.0)
UNSIZED = replace(BUY, quantity=0.0, fraction=0.5)
EMPTY = AccountState(7, 100_000.0, 100_000.0, Instrument("ACME"), 50.0, 45.0, {}, {}, (), 0)
LONG = replace(EMPTY, quantities={"ACME": 300.0}, values={"ACME": 15_000.0})
SHORT = replace(EMPTY, quantities={"ACME": -300.0}, values={"ACME": -15_000.0})
PAIR = replace(
    EMPTY,
    quantities={"AAA": 100.0, "BBB": -200.0},
    values={"AAA": 40_000.0, "BBB": -30_000.0},
)
RESTING = replace(EMPTY, working=(replace(BUY, id="o-0", quantity=200.0),))
RESTING_OTHER = replace(
    PAIR, working=(replace(BUY, id="o-0", symbol="AAA", quantity=50.0, decision_price=400.0),)
)
FUTURE = replace(EMPTY, instrument=Instrument("ACME", multiplier=50.0))


@pytest.mark.parametrize(
    ("rule", "order", "account", "quantity"),
    [
        (MaxRiskPerTrade(0.5), BUY, EMPTY, 100.0),
        (MaxRiskPerTrade(0.49), BUY, EMPTY, 0.0),
        (MaxRiskPerTrade(1.5), STOP, EMPTY, 100.0),
        (MaxRiskPerTrade(1.4), STOP, EMPTY, 0.0),
        (MaxRiskPerTrade(24.9), BUY, FUTURE, 0.0),
        (MaxRiskPerTrade(25), BUY, FUTURE, 100.0),
        (MaxRiskPerTrade(), BUY, replace(EMPTY, stop=None), 0.0),
        (MaxRiskPerTrade(), BUY, replace(EMPTY, stop=55.0), 0.0),
        (MaxRiskPerTrade(), BUY, replace(EMPTY, stop=nan), 0.0),
        (MaxRiskPerTrade(0.5), SELL, replace(EMPTY, stop=55.0), 100.0),
        (MaxRiskPerTrade(), SELL, EMPTY, 0.0),
        (MaxPositionPercent(5), BUY, EMPTY, 100.0),
        (MaxPositionPercent(4), BUY, EMPTY, 80.0),
        (MaxPositionPercent(5), STOP, EMPTY, 5_000 / 60),
        (MaxPositionPercent(4), LIMIT, EMPTY, 100.0),
        (MaxPositionPercent(18), BUY, LONG, 60.0),
        (MaxPositionPercent(15), BUY, LONG, 0.0),
        (MaxPositionPercent(18), SELL, SHORT, 60.0),
        (MaxPositionPercent(12), BUY, RESTING, 40.0),
        (MaxPositionPercent(5), SELL, RESTING, 100.0),
        (MaxPositionPercent(0.04), BUY, EMPTY, 0.0),
        (MaxPositionPercent(100), BUY, FUTURE, 40.0),
        (MaxPositionPercent(5), BUY, replace(EMPTY, equity=-1.0), 0.0),
        (MaxGrossExposure(75), BUY, PAIR, 100.0),
        (MaxGrossExposure(74), BUY, PAIR, 80.0),
        (MaxGrossExposure(70), BUY, PAIR, 0.0),
        (MaxGrossExposure(100, 72_000), BUY, PAIR, 40.0),
        (MaxGrossExposure(94), BUY, RESTING_OTHER, 80.0),
        (MaxGrossExposure(14), BUY, RESTING, 80.0),
        (MaxNetExposure(15), BUY, PAIR, 100.0),
        (MaxNetExposure(14), BUY, PAIR, 80.0),
        (MaxNetExposure(10), BUY, PAIR, 0.0),
        (MaxNetExposure(1), SELL, PAIR, 100.0),
        (MaxNetExposure(34), BUY, RESTING_OTHER, 80.0),
        (MaxOrderNotional(5_000), BUY, EMPTY, 100.0),
        (MaxOrderNotional(4_999), BUY, EMPTY, 0.0),
        (MaxOrderNotional(4_000), LIMIT, EMPTY, 100.0),
        (MaxOrderNotional(5_999), STOP, EMPTY, 0.0),
        (MaxOrderNotional(5_000), BUY, FUTURE, 0.0),
        (MaxConcentration(5), BUY, EMPTY, 100.0),
        (MaxConcentration(4.9), BUY, EMPTY, 0.0),
        (MaxConcentration(20), BUY, LONG, 100.0),
        (MaxConcentration(19), BUY, LONG, 0.0),
        (MaxConcentration(15), BUY, RESTING, 100.0),
        (MaxConcentration(14), BUY, RESTING, 0.0),
        (MaxConcentration(10), BUY, replace(PAIR, equity=50_000.0), 100.0),
        (MaxConcentration(6), BUY, replace(PAIR, equity=50_000.0), 0.0),
        (MaxOrders(3), BUY, replace(EMPTY, orders_today=2), 100.0),
        (MaxOrders(3), BUY, replace(EMPTY, orders_today=3), 0.0),
        (MaxPositions(3), BUY, PAIR, 100.0),
        (MaxPositions(2), BUY, PAIR, 0.0),
        (MaxPositions(1), BUY, LONG, 100.0),
        (MaxPositions(1), BUY, RESTING, 100.0),
        (MaxPositions(1), replace(BUY, symbol="NEW"), RESTING, 0.0),
        (MaxPositions(1), BUY, replace(EMPTY, quantities={"AAA": 0.0}), 100.0),
        (MaxShares(100), BUY, EMPTY, 100.0),
        (MaxShares(), BUY, LONG, 100.0),
        (MaxShares(350), BUY, LONG, 50.0),
        (MaxShares(300), BUY, LONG, 0.0),
        (MaxShares(250), BUY, RESTING, 50.0),
        (MaxShares(100), SELL, RESTING, 100.0),
        (PriceCollar(1), BUY, EMPTY, 100.0),
        (PriceCollar(20), LIMIT, EMPTY, 100.0),
        (PriceCollar(19), LIMIT, EMPTY, 0.0),
        (PriceCollar(20), STOP, EMPTY, 100.0),
        (PriceCollar(19), STOP, EMPTY, 0.0),
        (AllowedInstruments(("SPY", "ACME")), BUY, EMPTY, 100.0),
        (AllowedInstruments(("SPY",)), BUY, EMPTY, 0.0),
    ],
)
def test_check(rule: RiskRule, order: Order, account: AccountState, quantity: float) -> None:
    verdict = rule.check(order, account)
    if quantity == 0.0:
        assert isinstance(verdict, Refused)
        assert (verdict.symbol, verdict.side) == (order.symbol, order.side)
        assert (verdict.time, verdict.quantity) == (7, order.quantity)
    else:
        assert isinstance(verdict, Order)
        assert verdict == replace(order, quantity=verdict.quantity)
        assert verdict.quantity == pytest.approx(quantity, abs=1e-9)


@pytest.mark.parametrize(
    "rule",
    [
        MaxRiskPerTrade(),
        MaxPositionPercent(),
        MaxGrossExposure(),
        MaxNetExposure(),
        MaxOrderNotional(),
        MaxConcentration(),
        MaxShares(),
    ],
)
def test_a_rule_about_size_refuses_an_order_without_one(rule: RiskRule) -> None:
    verdict = rule.check(UNSIZED, EMPTY)
    assert isinstance(verdict, Refused)
    assert "sized at its fill" in verdict.reason


def test_a_replaced_order_does_not_count_itself() -> None:
    account = replace(EMPTY, working=(BUY,))
    assert MaxShares(100).check(BUY, account) == BUY
    assert MaxGrossExposure(5).check(BUY, account) == BUY
    assert MaxNetExposure(5).check(BUY, account) == BUY


def test_a_fractional_lot_is_used_to_the_full() -> None:
    account = replace(EMPTY, instrument=Instrument("ACME", lot=0.1))
    verdict = MaxPositionPercent(0.04).check(BUY, account)
    assert isinstance(verdict, Order)
    assert verdict.quantity == pytest.approx(0.8)


def test_a_refusal_gives_the_figures() -> None:
    verdict = MaxRiskPerTrade(0.4).check(BUY, EMPTY)
    assert isinstance(verdict, Refused)
    assert verdict.rule == "max_risk_per_trade"
    assert verdict.reason == (
        "100 x 5 to the stop risks 500.00; the limit is 0.4 % of 100,000.00 = 400.00."
    )


@pytest.mark.parametrize(
    ("breaker", "equity", "halt"),
    [
        (DailyLoss(), 97_000.01, None),
        (DailyLoss(), 97_000.0, Halt.SESSION),
        (DailyLoss(), nan, Halt.SESSION),
        (DailyLossMoney(), 99_000.01, None),
        (DailyLossMoney(), 99_000.0, Halt.SESSION),
        (MaxDrawdown(), 96_000.01, None),
        (MaxDrawdown(), 96_000.0, Halt.RUN),
        (MaxDrawdown(), nan, Halt.RUN),
    ],
)
def test_loss_breakers(breaker: Breaker, equity: float, halt: Halt | None) -> None:
    trip = breaker.check(BreakerState(9, equity, 100_000.0, 120_000.0))
    assert (trip.halt if trip else None) == halt
    assert trip is None or trip.time == 9


@pytest.mark.parametrize(
    ("orders", "errors", "tripped"),
    [(9, 9, False), (10, 4, False), (10, 5, True), (40, 19, False), (40, 20, True)],
)
def test_error_rate(orders: int, errors: int, tripped: bool) -> None:
    trip = ErrorRate(5, 10).check(BreakerState(9, 1.0, 1.0, 1.0, orders, errors))
    assert (trip is not None) is tripped
    assert trip is None or trip.halt is Halt.RUN


def test_a_trip_gives_the_figures() -> None:
    trip = DailyLoss().check(BreakerState(9, 96_000.0, 100_000.0, 100_000.0))
    assert trip is not None
    assert trip.reason == ("The session lost 4,000.00 of 100,000.00; the limit is 3 % = 3,000.00.")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MaxRiskPerTrade(0), "MaxRiskPerTrade: percent is 0"),
        (lambda: MaxPositionPercent(nan), "MaxPositionPercent: percent is nan"),
        (lambda: MaxGrossExposure(-1), "MaxGrossExposure: percent is -1"),
        (lambda: MaxGrossExposure(money=0), "MaxGrossExposure: money is 0"),
        (lambda: MaxNetExposure(0), "MaxNetExposure: percent is 0"),
        (lambda: MaxOrderNotional(-5), "MaxOrderNotional: money is -5"),
        (lambda: MaxConcentration(101), "MaxConcentration: percent is 101"),
        (lambda: MaxOrders(0), "MaxOrders: count is 0"),
        (lambda: MaxPositions(1.5), "MaxPositions: count is 1.5"),
        (lambda: MaxShares(0), "MaxShares: count is 0"),
        (lambda: PriceCollar(0), "PriceCollar: percent is 0"),
        (lambda: AllowedInstruments(()), "AllowedInstruments: symbols is ()"),
        (lambda: AllowedInstruments("SPY"), "AllowedInstruments: symbols is 'SPY'"),
        (lambda: DailyLoss(0), "DailyLoss: percent is 0"),
        (lambda: DailyLossMoney(nan), "DailyLossMoney: money is nan"),
        (lambda: MaxDrawdown(200), "MaxDrawdown: percent is 200"),
        (lambda: ErrorRate(0, 10), "ErrorRate: errors is 0"),
        (lambda: ErrorRate(5, 4), "ErrorRate: orders is 4"),
    ],
)
def test_bad_parameters_are_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()
    assert message in str(caught.value)
