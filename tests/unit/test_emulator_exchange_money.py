"""Money: what-if figures, margin, realised profits, currencies, corrections."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from framework.backtest.settings import BacktestSettings
from framework.components.commission import IbkrFixed, NoCommission, PerShare
from framework.components.margin import CashAccount, RegT
from framework.components.slippage import NoSlippage
from framework.domain.actions import StockSplit
from framework.domain.bars import Bars, PriceBasis
from framework.domain.currency import Rates
from framework.domain.instruments import AssetType, Instrument
from framework.emulator.build import live_house
from framework.emulator.exchange.figures import account_values, ledger_values, profits_of
from framework.emulator.protocol.answers import CommissionReport, Error, OpenOrder
from framework.emulator.protocol.contract import ComboLeg, WireContract
from framework.emulator.protocol.order import OrderState
from tests.builders import FIRST
from tests.unit.emulated import (
    ACCOUNT,
    Bench,
    daily_bars,
    flat_bars,
    limit,
    order,
    running,
    stepped,
    stock,
)

FREE = BacktestSettings(commission=NoCommission(), slippage=NoSlippage())


def bench(closes: tuple[float, ...] = (100.0,) * 24, **more: Any) -> Bench:
    return Bench(running([flat_bars(closes), flat_bars(closes, "BBB")], **more))


def value(made: Bench, key: str, currency: str = "USD") -> float:
    """One value of the account window."""
    account = made.exchange.accounts[ACCOUNT]
    found = [one for one in account_values(account) if (one.key, one.currency) == (key, currency)]
    assert len(found) == 1, (key, currency, found)
    return float(found[0].value)


def what_if(made: Bench, wire: Any, contract: Any = None, number: int = 900) -> OrderState:
    made.told.clear()
    made.place(number, replace(wire, what_if=True), contract)
    (shown,) = made.answers(OpenOrder)
    assert len(made.told) == 1, "one message and no status"
    assert shown.order.what_if
    return shown.state


# what-if ------------------------------------------------------------------------------------


def test_what_if_of_a_purchase_by_hand() -> None:
    """1,000 shares at 100: 50 % to open, 25 % to hold, 0.005 a share."""
    made = bench()
    state = what_if(made, order(quantity=1000.0))
    assert (state.init_margin_before, state.maint_margin_before) == (0.0, 0.0)
    assert state.equity_with_loan_before == 1_000_000.0
    assert (state.init_margin_change, state.init_margin_after) == (50_000.0, 50_000.0)
    assert (state.maint_margin_change, state.maint_margin_after) == (25_000.0, 25_000.0)
    assert (state.commission, state.commission_currency) == (5.0, "USD")
    assert state.equity_with_loan_change == -5.0
    assert state.equity_with_loan_after == 999_995.0
    assert (state.min_commission, state.max_commission) == (5.0, 5.0)


def test_what_if_is_the_components_own_arithmetic() -> None:
    made = bench()
    margin, fees = RegT(), IbkrFixed()
    stock_ = Instrument("AAA")
    made.place(1, order(quantity=300.0))
    equity = made.exchange.accounts[ACCOUNT].equity()
    state = what_if(made, limit(98.0, "SELL", 700.0))
    assert state.init_margin_before == margin.initial(stock_, 300.0, 100.0)
    assert state.init_margin_after == margin.initial(stock_, -400.0, 100.0)
    assert state.maint_margin_after == margin.maintenance(stock_, -400.0, 100.0)
    assert state.commission == pytest.approx(fees.fee(stock_, -700.0, 68_600.0, 0.0, FIRST))
    assert state.equity_with_loan_before == pytest.approx(equity)


def test_what_if_of_a_limit_counts_the_fee_at_its_price() -> None:
    """At most 1 % of the value."""
    state = what_if(bench(), limit(1.0, quantity=10.0))
    assert state.commission == pytest.approx(0.1)


def test_what_if_leaves_nothing_behind() -> None:
    made = bench()
    what_if(made, order(quantity=1000.0))
    assert made.exchange.placed() == []
    assert made.book.positions["AAA"].is_flat
    placed = made.place(1, limit(90.0))
    assert placed is not None, "its id is not used up"


def test_what_if_of_a_combo_margins_its_legs_together() -> None:
    made = bench()
    listed = made.gateway.hub.market.directory
    legs = tuple(
        ComboLeg(listed.by_key(symbol).con_id, 1, action, "SMART")
        for symbol, action in (("AAA", "BUY"), ("BBB", "SELL"))
    )
    bag = WireContract(
        symbol="AAA", sec_type="BAG", exchange="SMART", currency="USD", combo_legs=legs
    )
    state = what_if(made, limit(1.0, quantity=100.0), bag)
    assert state.init_margin_change == pytest.approx(10_000.0)
    assert state.commission == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("wire", "code"),
    [(order("ABC"), 387), (order(quantity=0.0), 434), (limit(90.003), 110), (limit(0.0), 321)],
)
def test_what_if_of_what_is_no_order_is_refused(wire: Any, code: int) -> None:
    from framework.emulator.exchange.rejected import RejectedError

    made = bench()
    with pytest.raises(RejectedError, match=str(code)):
        made.place(1, replace(wire, what_if=True))


def test_what_if_of_what_an_account_cannot_hold_has_no_figures() -> None:
    """A cash account sells nothing short: its margin is no number a message could hold."""
    gateway = running([flat_bars()])
    house = live_house(gateway.hub.market)
    cash = replace(house, models=replace(house.models, margin=CashAccount()))
    made = Bench(running([flat_bars()], cash))
    state = what_if(made, order("MKT", "SELL"))
    assert state.init_margin_after is None and state.init_margin_change is None
    assert state.init_margin_before == 0.0


# margin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "side", "is_taken"),
    [
        (19_900.0, "BUY", True),
        (20_100.0, "BUY", False),
        (19_900.0, "SELL", True),
        (20_100.0, "SELL", False),
    ],
)
def test_an_order_margin_would_not_carry_is_rejected(
    quantity: float, side: str, is_taken: bool
) -> None:
    """A million of equity holds two of stocks."""
    made = bench()
    placed = made.place(1, order("MKT", side, quantity))
    assert placed is not None
    if is_taken:
        assert placed.status == "Filled"
        return
    assert placed.status == "Inactive"
    error = made.answers(Error, 1)[0]
    assert error.code == 201 and "insufficient" in error.message
    assert [one.state.status for one in made.answers(OpenOrder, 1)] == ["Inactive"]
    assert made.book.positions["AAA"].is_flat


def test_what_reduces_is_never_rejected() -> None:
    made = bench((100.0,) * 3 + (60.0,) * 21)
    made.place(1, order(quantity=15_000.0))
    for _ in range(8):
        made.step()
    assert value(made, "AvailableFunds") < 0.0 < value(made, "ExcessLiquidity")
    sold = made.place(2, order("MKT", "SELL", 1_000.0))
    assert sold is not None and sold.status == "Filled"


def test_a_combo_margin_would_not_carry_is_rejected_too() -> None:
    made = bench()
    listed = made.gateway.hub.market.directory
    legs = tuple(
        ComboLeg(listed.by_key(symbol).con_id, 1, "BUY", "SMART") for symbol in ("AAA", "BBB")
    )
    bag = WireContract(
        symbol="AAA", sec_type="BAG", exchange="SMART", currency="USD", combo_legs=legs
    )
    placed = made.place(1, order(quantity=11_000.0), bag)
    assert placed is not None and placed.status == "Inactive"
    assert made.answers(Error, 1)[0].code == 201
    assert made.place(2, order(quantity=9_000.0), bag).status == "Filled"  # type: ignore[union-attr]


def test_the_account_window_by_hand() -> None:
    made = bench()
    made.place(1, order(quantity=1000.0))
    made.place(2, order("MKT", "SELL", 500.0), stock("BBB"))
    cash = 1_000_000.0 - 100_010.0 + 49_995.0 - 5.0 - 2.5
    assert made.book.cash == pytest.approx(cash)
    equity = cash + 100_000.0 - 50_000.0
    assert value(made, "TotalCashValue") == pytest.approx(cash)
    assert value(made, "NetLiquidation") == pytest.approx(equity)
    assert value(made, "GrossPositionValue") == pytest.approx(150_000.0)
    assert value(made, "InitMarginReq") == pytest.approx(75_000.0)
    assert value(made, "MaintMarginReq") == pytest.approx(25_000.0 + 15_000.0)
    assert value(made, "AvailableFunds") == pytest.approx(equity - 75_000.0)
    assert value(made, "ExcessLiquidity") == pytest.approx(equity - 40_000.0)
    assert value(made, "BuyingPower") == pytest.approx(4.0 * (equity - 75_000.0))
    assert value(made, "StockMarketValue") == pytest.approx(50_000.0)


# profits ------------------------------------------------------------------------------------


def stepper(closes: tuple[float, ...], fee: float = 1.0) -> Bench:
    house = replace(FREE, commission=PerShare(0.0, per_order=fee), cash=10_000.0)
    made = Bench(stepped([flat_bars(closes)], house))
    made.step()
    return made


def trade(made: Bench, number: int, wire: Any) -> float | None:
    """Its realised profit as its commission report tells it."""
    made.told.clear()
    made.place(number, wire)
    made.step()
    return made.answers(CommissionReport)[-1].realized_pnl


def test_realised_profit_counts_the_commissions_of_both_sides() -> None:
    made = stepper((100.0, 100.0, 110.0, 120.0, 130.0, 130.0))
    assert trade(made, 1, order()) is None, "an opening realises nothing"
    assert trade(made, 2, order("MKT", "SELL", 4.0)) == pytest.approx(4 * 10 - 1.0 - 0.4)
    assert trade(made, 3, order("MKT", "SELL", 6.0)) == pytest.approx(6 * 20 - 1.0 - 0.6)
    account = made.exchange.accounts[ACCOUNT]
    assert account.holdings.realized == pytest.approx(made.book.cash - 10_000.0)
    assert profits_of(account).realized == pytest.approx(made.book.cash - 10_000.0)


def test_a_reversal_realises_what_it_closes() -> None:
    made = stepper((100.0, 100.0, 110.0, 105.0, 105.0, 105.0))
    trade(made, 1, order(quantity=10.0))
    assert trade(made, 2, order("MKT", "SELL", 15.0)) == pytest.approx(100.0 - 1.0 - 10 / 15)
    assert made.book.positions["AAA"].quantity == -5.0
    assert trade(made, 3, order(quantity=5.0)) == pytest.approx(25.0 - 1.0 - 5 / 15)
    account = made.exchange.accounts[ACCOUNT]
    assert account.holdings.realized == pytest.approx(made.book.cash - 10_000.0)


def test_a_loss_of_a_short_is_negative() -> None:
    made = stepper((100.0, 100.0, 110.0, 110.0), fee=0.0)
    trade(made, 1, order("MKT", "SELL"))
    assert trade(made, 2, order()) == pytest.approx(-100.0)


def test_realised_profit_knows_of_splits() -> None:
    """Ten at 100 become twenty at 50; sold at 50 they have earned nothing."""
    raw = replace(daily_bars((100.0, 100.0, 50.0, 50.0, 50.0)), prices=PriceBasis.RAW)
    house = replace(FREE, actions=(StockSplit("AAA", FIRST + 2, 2.0),))
    made = Bench(stepped([raw], house))
    made.step()
    trade(made, 1, order())
    made.step()
    assert made.book.positions["AAA"].quantity == 20.0
    assert trade(made, 2, order("MKT", "SELL", 20.0)) == pytest.approx(0.0)
    assert made.exchange.accounts[ACCOUNT].holdings.realized == pytest.approx(0.0)


def test_the_days_profit_counts_from_the_close_before() -> None:
    """What a night's gap has earned belongs to the new day."""
    made = bench((100.0,) * 6 + (110.0,) * 12)
    made.place(1, order(quantity=100.0))
    account = made.exchange.accounts[ACCOUNT]
    before = account.equity()
    while made.gateway.hub.market.close_of("AAA") != 110.0:
        made.step()
    found = profits_of(account)
    assert found.daily == pytest.approx(1_000.0)
    assert account.day_equity == pytest.approx(before)
    assert found.unrealized == pytest.approx(100 * (110.0 - 100.01))


def test_a_day_ends_at_midnight_where_tws_is_logged_in() -> None:
    """Executions of the day are those since then; 0:00 UTC is nobody's midnight in New York."""
    from framework.emulator.exchange.days import day_of

    noon = 1_582_563_600 * 10**9
    first, last = day_of(noon, "US/Eastern")
    assert (last - first) == 86_400 * 10**9
    assert first % (86_400 * 10**9) == 5 * 3_600 * 10**9
    for clocks, hours in ((1_583_668_800, 23), (1_604_232_000, 25)):
        first, last = day_of(clocks * 10**9, "US/Eastern")
        assert last - first == hours * 3_600 * 10**9, "the day the clocks change"


# currencies ---------------------------------------------------------------------------------


def ledger(made: Bench, currency: str) -> dict[str, float]:
    account = made.exchange.accounts[ACCOUNT]
    return {
        one.key: float(one.value)
        for one in ledger_values(account)
        if one.currency == currency and one.key not in ("Currency", "RealCurrency")
    }


def test_an_account_in_euros_trades_dollars() -> None:
    first = live_house(running([flat_bars()]).hub.market)
    rates = Rates.constant("EUR", {"USD": 0.9})
    made = Bench(running([flat_bars()], replace(first, models=replace(first.models, rates=rates))))
    state = what_if(made, order(quantity=100.0))
    assert state.init_margin_change == pytest.approx(0.9 * 5_000.0)
    assert (state.commission, state.commission_currency) == (pytest.approx(0.9), "EUR")
    made.place(1, order(quantity=100.0))
    report = made.answers(CommissionReport)[0]
    assert (report.commission, report.currency) == (pytest.approx(0.9), "EUR")
    assert made.book.cash == pytest.approx(1_000_000.0 - 0.9 * 10_001.0 - 0.9)
    dollars, euros, base = (ledger(made, one) for one in ("USD", "EUR", "BASE"))
    assert (dollars["StockMarketValue"], dollars["ExchangeRate"]) == (10_000.0, 0.9)
    assert (euros["StockMarketValue"], base["StockMarketValue"]) == (0.0, 9_000.0)
    assert base["UnrealizedPnL"] == pytest.approx(-0.9, abs=0.01)
    assert value(made, "NetLiquidation", "EUR") == pytest.approx(made.book.cash + 9_000.0, abs=0.01)
    made.place(2, order("MKT", "SELL", 100.0))
    profit = made.answers(CommissionReport)[-1].realized_pnl
    assert profit == pytest.approx(made.book.cash - 1_000_000.0)


def pair() -> Bars:
    bars = flat_bars((1.25,) * 24, "EUR.USD")
    instrument = Instrument("EUR.USD", AssetType.FOREX, tick=0.00005)
    return replace(bars, instrument=instrument)


EUR = WireContract(symbol="EUR", sec_type="CASH", exchange="IDEALPRO", currency="USD")


def test_currencies_bought_are_cash_of_both() -> None:
    made = Bench(running([pair(), flat_bars()]))
    made.place(1, order(quantity=40_000.0), EUR)
    paid = made.exchange.accounts[ACCOUNT].executions.all[0].details.execution.price * 40_000.0
    fee = made.answers(CommissionReport)[0].commission
    euros, dollars, base = (ledger(made, one) for one in ("EUR", "USD", "BASE"))
    assert euros["CashBalance"] == 40_000.0
    assert euros["ExchangeRate"] == pytest.approx(1.25)
    assert dollars["CashBalance"] == pytest.approx(1_000_000.0 - paid - fee, abs=0.01)
    whole = dollars["CashBalance"] + 1.25 * 40_000.0
    assert base["CashBalance"] == pytest.approx(whole, abs=0.02)
    assert base["NetLiquidationByCurrency"] == pytest.approx(
        value(made, "NetLiquidation"), abs=0.02
    )


def test_the_ledgers_of_all_currencies_are_the_account() -> None:
    made = Bench(running([pair(), flat_bars()]))
    made.place(1, order("MKT", "SELL", 40_000.0), EUR)
    made.place(2, order(quantity=100.0))
    euros, dollars, base = (ledger(made, one) for one in ("EUR", "USD", "BASE"))
    assert euros["CashBalance"] == -40_000.0
    assert dollars["StockMarketValue"] == base["StockMarketValue"] == 10_000.0
    both = dollars["NetLiquidationByCurrency"] + 1.25 * euros["NetLiquidationByCurrency"]
    assert both == pytest.approx(base["NetLiquidationByCurrency"], abs=0.02)
    assert base["NetLiquidationByCurrency"] == pytest.approx(
        value(made, "NetLiquidation"), abs=0.02
    )


# corrections --------------------------------------------------------------------------------


def corrected(shares: float, price: float) -> Bench:
    """Two purchases, at 100 and 102; the second one is corrected."""
    house = replace(FREE, commission=PerShare(0.0, per_order=1.0), cash=10_000.0)
    made = Bench(stepped([flat_bars((100.0, 100.0, 102.0) + (110.0,) * 9)], house))
    made.step()
    for number in (1, 2):
        made.place(number, order())
        made.step()
    account = made.exchange.accounts[ACCOUNT]
    account.correct(account.executions.all[-1], shares, price)
    return made


@pytest.mark.parametrize(
    ("shares", "price", "average", "cash"),
    [
        (10.0, 103.0, 101.5, 10_000.0 - 1_000.0 - 1_030.0 - 2.0),
        (10.0, 102.0, 101.0, 10_000.0 - 1_000.0 - 1_020.0 - 2.0),
        (5.0, 102.0, 1510.0 / 15.0, 10_000.0 - 1_000.0 - 510.0 - 2.0),
    ],
)
def test_a_corrected_execution_takes_the_place_of_the_first(
    shares: float, price: float, average: float, cash: float
) -> None:
    made = corrected(shares, price)
    account = made.exchange.accounts[ACCOUNT]
    position = made.book.positions["AAA"]
    assert position.quantity == 10.0 + shares
    assert position.average_price == pytest.approx(average)
    assert made.book.cash == pytest.approx(cash)
    assert account.holdings.realized == 0.0, "nothing was closed"
    execution = account.executions.all[-1].details.execution
    assert execution.exec_id.endswith(".02")
    assert (execution.shares, execution.price) == (shares, price)
    assert account.executions.all[-1].commission.exec_id == execution.exec_id
    placed = made.exchange.placed()[-1]
    assert placed.average == pytest.approx(price) and placed.filled == shares


def test_a_correction_can_be_corrected() -> None:
    made = corrected(10.0, 103.0)
    account = made.exchange.accounts[ACCOUNT]
    account.correct(account.executions.all[-1], 10.0, 104.0)
    assert account.executions.all[-1].details.execution.exec_id.endswith(".03")
    assert len(account.executions.all) == 2
    assert made.book.positions["AAA"].average_price == pytest.approx(102.0)


def test_a_sale_after_a_correction_earns_from_the_corrected_price() -> None:
    made = corrected(10.0, 103.0)
    profit = trade(made, 3, order("MKT", "SELL", 20.0))
    assert profit == pytest.approx(20 * (110.0 - 101.5) - 3.0)
    assert made.book.cash == pytest.approx(10_000.0 + profit)
