"""Expiry, exercise and assignment: what is paid and delivered, and that both books agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.brokers.simulated.exercise import Delivery, delivered, is_exercised_early
from framework.domain.bars import Bars
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import OptionTerms, Right, Settlement, Style
from framework.domain.orders import OrderStatus, Origin
from framework.options.contracts import option_contract, option_terms
from framework.options.listing import ListingRule
from framework.options.model import OptionModel
from framework.options.volatility import ConstantVolatility
from framework.strategy import Strategy
from tests.builders import bars_of, day_number, flat_rows, free, scripted

EXPIRY = day_number(4)
AAA = Instrument("AAA")


def option(
    right: Right,
    strike: float,
    settlement: Settlement = Settlement.PHYSICAL,
    style: Style = Style.EUROPEAN,
    expiry: int = EXPIRY,
    underlying: Instrument = AAA,
) -> Instrument:
    return option_contract(underlying, expiry, right, strike, style=style, settlement=settlement)


# what settles a position --------------------------------------------------------------------


@pytest.mark.parametrize("settlement", Settlement)
@pytest.mark.parametrize("held", [3.0, -2.0])
@pytest.mark.parametrize(
    ("right", "spot"),
    [
        (Right.CALL, 90.0),
        (Right.CALL, 100.0),
        (Right.CALL, 100.009),
        (Right.PUT, 110.0),
        (Right.PUT, 100.0),
        (Right.PUT, 99.991),
    ],
)
def test_what_is_less_than_a_cent_in_the_money_ends_worthless(
    settlement: Settlement, held: float, right: Right, spot: float
) -> None:
    one = option(right, 100.0, settlement)
    found = delivered(one, option_terms(one), AAA, held, spot)
    assert found == (Delivery(Origin.EXPIRY, one.symbol, -held, 0.0),)


@pytest.mark.parametrize("held", [3.0, -2.0])
@pytest.mark.parametrize(
    ("right", "strike", "spot", "inside"),
    [
        (Right.CALL, 100.0, 107.5, 7.5),
        (Right.PUT, 100.0, 92.5, 7.5),
        (Right.CALL, 100.0, 100.02, 0.02),
        (Right.PUT, 100.0, 99.98, 0.02),
    ],
)
def test_in_the_money_it_pays_or_is_delivered(
    held: float, right: Right, strike: float, spot: float, inside: float
) -> None:
    cash = option(right, strike, Settlement.CASH)
    (paid,) = delivered(cash, option_terms(cash), AAA, held, spot)
    assert (paid.origin, paid.symbol, paid.quantity) == (Origin.EXPIRY, cash.symbol, -held)
    assert paid.price == pytest.approx(inside)
    real = option(right, strike)
    gone, shares = delivered(real, option_terms(real), AAA, held, spot)
    assert gone == Delivery(Origin.EXERCISE, real.symbol, -held, 0.0)
    units = held * 100.0 * (1.0 if right is Right.CALL else -1.0)
    assert shares == Delivery(Origin.EXERCISE, "AAA", units, strike)


@pytest.mark.parametrize(
    ("right", "strike", "spot"),
    [
        (Right.CALL, 100.0, 100.01),
        (Right.PUT, 100.0, 99.99),
        (Right.CALL, 7.3, 7.31),
        (Right.PUT, 0.45, 0.44),
        (Right.CALL, 3400.0, 3400.01),
        (Right.PUT, 3400.0, 3399.99),
    ],
)
def test_exactly_a_cent_in_the_money_is_exercised(right: Right, strike: float, spot: float) -> None:
    cash = option(right, strike, Settlement.CASH)
    (paid,) = delivered(cash, option_terms(cash), AAA, 1.0, spot)
    assert paid.price == pytest.approx(0.01)


def test_an_option_on_a_future_delivers_one_future() -> None:
    future = Instrument("ESH0", AssetType.FUTURE, multiplier=50.0, expiry=EXPIRY)
    one = option(Right.PUT, 3000.0, underlying=future)
    _, shares = delivered(one, option_terms(one), future, 2.0, 2900.0)
    assert shares == Delivery(Origin.EXERCISE, "ESH0", -2.0, 3000.0)


@pytest.mark.parametrize(
    ("style", "right", "price", "spot", "early"),
    [
        (Style.AMERICAN, Right.PUT, 10.0, 90.0, True),
        (Style.AMERICAN, Right.PUT, 10.0001, 90.0, False),
        (Style.AMERICAN, Right.CALL, 10.0, 110.0, True),
        (Style.AMERICAN, Right.CALL, 10.5, 110.0, False),
        (Style.AMERICAN, Right.CALL, 0.0, 90.0, False),
        (Style.AMERICAN, Right.CALL, 0.0, 100.0, False),
        (Style.EUROPEAN, Right.PUT, 9.9, 90.0, False),
    ],
)
def test_an_american_option_is_used_early_where_waiting_gains_nothing(
    style: Style, right: Right, price: float, spot: float, early: bool
) -> None:
    assert is_exercised_early(OptionTerms("AAA", right, 100.0, style), price, spot) is early


# through the engine -------------------------------------------------------------------------


def played(
    contract: Instrument,
    count: int,
    closes: list[float],
    *,
    rate: float = 0.0,
    bars: Bars | None = None,
    also: Callable[[Strategy], object] | None = None,
) -> RunRecord:
    """A run that buys (or sells, below 0) contracts at the close of the first bar."""

    def first(s: Strategy) -> object:
        if also is not None:
            also(s)
        if count > 0:
            return s.options.buy(contract, count)
        return s.options.sell(contract, -count)

    model = OptionModel(ConstantVolatility(0.2), rate, listing=ListingRule(weeklies=True))
    record = run(scripted({0: first}), [bars or bars_of(flat_rows(closes))], free(options=model))
    assert record.error == "", "and the ledger agrees with the broker's book"
    return record


def settled(record: RunRecord) -> list[tuple[str, str, float, float]]:
    """What the broker traded itself: origin, symbol, signed units, price."""
    return [
        (str(f.order.origin), f.symbol, f.quantity, round(f.price, 9))
        for f in record.fills
        if f.order.origin in (Origin.EXPIRY, Origin.EXERCISE)
    ]


def check_equity(record: RunRecord) -> None:
    """Equity is cash and the closes of what is held, at every instant."""
    expected = record.cash.copy()
    for one in record.all_bars:
        rows = np.searchsorted(one.close_time, record.instants, side="right") - 1
        held = record.quantities[one.symbol]
        assert not held[rows < 0].any()
        close = np.where(rows < 0, 0.0, one.close[np.maximum(rows, 0)])
        expected = expected + held * one.instrument.multiplier * close
    assert record.equity == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("settlement", Settlement)
@pytest.mark.parametrize("count", [2, -2])
@pytest.mark.parametrize(
    ("right", "last", "inside"),
    [
        (Right.CALL, 108.0, 8.0),
        (Right.CALL, 100.0, 0.0),
        (Right.CALL, 92.0, 0.0),
        (Right.PUT, 92.0, 8.0),
        (Right.PUT, 100.0, 0.0),
        (Right.PUT, 108.0, 0.0),
    ],
)
def test_an_expiry_pays_the_intrinsic_value_however_it_is_settled(
    settlement: Settlement, count: int, right: Right, last: float, inside: float
) -> None:
    contract = option(right, 100.0, settlement)
    record = played(contract, count, [100, 100, 100, 100, last, last])
    check_equity(record)
    assert not record.refused
    premium = record.fills[0].price
    assert premium > 0.0
    worth = 100_000.0 + count * 100.0 * (inside - premium)
    assert record.equity[4] == pytest.approx(worth), "at the expiry"
    assert record.equity[5] == pytest.approx(worth), "and after it, at the same price"
    assert record.quantities[contract.symbol][4] == 0.0
    shares = count * 100.0 * right.sign
    delivers = inside > 0.0 and settlement is Settlement.PHYSICAL
    assert record.quantities["AAA"][4] == (shares if delivers else 0.0)
    if delivers:
        expected = [
            ("exercise", contract.symbol, -float(count), 0.0),
            ("exercise", "AAA", shares, 100.0),
        ]
    else:
        expected = [("expiry", contract.symbol, -float(count), round(inside, 9))]
    assert settled(record) == expected
    assert not record.commissions or all(c.amount == 0.0 for c in record.commissions)


def test_settling_makes_orders_of_the_brokers_own_that_are_filled_at_the_expiry() -> None:
    record = played(option(Right.CALL, 100.0), 1, [100, 100, 100, 100, 108, 108])
    orders = [item for item in record.orders if item.order.origin is Origin.EXERCISE]
    assert [item.order.id for item in orders] == ["exercise-1", "exercise-2"]
    assert all(item.status is OrderStatus.FILLED for item in orders)
    assert {item.order.time for item in orders} == {int(record.instants[4])}
    assert [p.symbol for p in record.positions] == ["AAA"]
    assert record.positions[0].average_price == 100.0


def test_calls_take_away_the_shares_that_cover_them() -> None:
    record = played(
        option(Right.CALL, 105.0), -1, [100, 100, 100, 100, 108, 130], also=lambda s: s.buy(100)
    )
    check_equity(record)
    assert record.quantities["AAA"].tolist() == [0, 100, 100, 100, 0, 0]
    premium = next(f.price for f in record.fills if f.symbol != "AAA")
    assert record.equity[-1] == pytest.approx(100_000.0 + 500.0 + 100.0 * premium)


def test_delivery_changes_equity_by_what_is_left_of_time_value_only() -> None:
    closes = [100.0, 100.0, 94.0, 95.0, 93.0, 93.0]
    at_once = played(option(Right.PUT, 100.0), 1, closes)
    in_cash = played(option(Right.PUT, 100.0, Settlement.CASH), 1, closes)
    assert at_once.equity == pytest.approx(in_cash.equity)


# early assignment ---------------------------------------------------------------------------

DEEP = [100.0, 100.0, 70.0, 71.0, 72.0, 72.0]


def test_a_short_american_put_is_assigned_when_it_has_no_time_value_left() -> None:
    put = option(Right.PUT, 100.0, style=Style.AMERICAN)
    record = played(put, -1, DEEP, rate=0.05)
    check_equity(record)
    assert settled(record) == [
        ("exercise", put.symbol, 1.0, 0.0),
        ("exercise", "AAA", 100.0, 100.0),
    ]
    assert record.quantities[put.symbol].tolist() == [0, -1, 0, 0, 0, 0]
    assert record.quantities["AAA"].tolist() == [0, 0, 100, 100, 100, 100]
    premium = record.fills[0].price
    assert record.equity[2] == pytest.approx(100_000.0 + 100.0 * (premium - 30.0))


@pytest.mark.parametrize(
    ("contract", "count", "rate", "closes"),
    [
        (option(Right.PUT, 100.0, style=Style.AMERICAN), 1, 0.05, DEEP),
        (option(Right.PUT, 100.0, style=Style.EUROPEAN), -1, 0.05, DEEP),
        (option(Right.PUT, 100.0, style=Style.AMERICAN), -1, 0.05, [100.0, 100, 98, 98, 97, 97]),
        (option(Right.CALL, 100.0, style=Style.AMERICAN), -1, 0.05, [100.0, 100, 130, 130, 130, 9]),
    ],
)
def test_nothing_else_is_settled_before_its_expiry(
    contract: Instrument, count: int, rate: float, closes: list[float]
) -> None:
    record = played(contract, count, closes, rate=rate)
    check_equity(record)
    times = {f.time for f in record.fills if f.order.origin is not Origin.STRATEGY}
    assert times == {int(record.instants[4])}


def test_early_assignment_in_cash_pays_the_intrinsic_value() -> None:
    put = option(Right.PUT, 100.0, Settlement.CASH, Style.AMERICAN)
    record = played(put, -1, DEEP, rate=0.05)
    check_equity(record)
    assert settled(record) == [("expiry", put.symbol, 1.0, 30.0)]
    assert record.quantities[put.symbol].tolist() == [0, -1, 0, 0, 0, 0]


def test_a_contract_can_be_sold_again_after_it_was_assigned() -> None:
    put = option(Right.PUT, 100.0, style=Style.AMERICAN)

    def act(s: Strategy, bar: int) -> object:
        return s.options.sell(put) if bar in (0, 2) else None

    model = OptionModel(ConstantVolatility(0.2), 0.05)
    record = run(scripted(act), [bars_of(flat_rows(DEEP))], free(options=model))
    assert record.error == ""
    check_equity(record)
    assert record.quantities["AAA"].tolist() == [0, 0, 100, 200, 200, 200]
    assert not record.quantities[put.symbol][3:].any()


# at the edges -------------------------------------------------------------------------------


def test_an_expiry_without_a_bar_is_settled_at_the_last_bar_before_it() -> None:
    bars = bars_of(flat_rows([100, 100, 106, 107]), sessions=[0, 1, 3, 5])
    call = option(Right.CALL, 100.0, Settlement.CASH)
    record = played(call, 1, [], bars=bars)
    check_equity(record)
    assert settled(record) == [("expiry", call.symbol, -1.0, 6.0)]
    assert record.quantities[call.symbol].tolist() == [0, 1, 0, 0]


def test_data_that_end_before_the_expiry_leave_the_option_open() -> None:
    call = option(Right.CALL, 100.0)
    record = played(call, 1, [100, 100, 106])
    check_equity(record)
    assert [p.symbol for p in record.positions] == [call.symbol]
    assert record.equity[-1] > 100_000.0


def test_two_instances_are_settled_each_in_its_own() -> None:
    both = [
        bars_of(flat_rows([100, 100, 100, 100, last, last]), name)
        for name, last in (("AAA", 110.0), ("BBB", 95.0))
    ]

    class Both(Strategy):
        def on_bar(self) -> None:
            if len(self.data) == 1:
                chain = self.options.chain()
                self.options.buy(chain.contract(EXPIRY, Right.CALL, 100.0))

    model = OptionModel(ConstantVolatility(0.2), listing=ListingRule(weeklies=True))
    record = run(Both, both, free(options=replace(model, style=Style.EUROPEAN)))
    assert record.error == ""
    check_equity(record)
    assert settled(record) == [
        ("exercise", "AAA 200228C100", -1.0, 0.0),
        ("exercise", "AAA", 100.0, 100.0),
        ("expiry", "BBB 200228C100", -1.0, 0.0),
    ]
