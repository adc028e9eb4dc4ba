"""Whole runs on every kind of account: the ledgers, the broker's book and the curves agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from framework.backtest.record import RunRecord
from framework.backtest.settings import BacktestSettings
from framework.components.commission import PercentCommission
from framework.components.financing import IbkrFinancing
from framework.components.limits import MaxGrossExposure, MaxOrderNotional
from framework.components.margin import CashAccount, Leverage, RegT
from framework.components.sizing import MoneyPerPosition, PercentOfEquity
from framework.domain.actions import Dividend, StockSplit
from framework.domain.bars import Bars, PriceBasis
from framework.domain.currency import Rates
from framework.domain.events import CashFlowKind, Refused
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Order, Origin, Side
from framework.errors import ConfigError, DataError
from framework.strategy import Strategy
from tests.builders import Row, bars_of, day_number, flat_rows, free, played, trades_of


def raw(rows: Sequence[Row], symbol: str = "AAA", **instrument: object) -> Bars:
    made = Instrument(symbol, **instrument)  # type: ignore[arg-type]
    return replace(bars_of(rows, symbol), instrument=made, prices=PriceBasis.RAW)


def ended(record: RunRecord) -> float:
    """Final equity, computed from fills, fees, flows and the last closes alone."""
    total = record.opening_cash
    multipliers = {bars.symbol: bars.instrument.multiplier for bars in record.bars}
    for fill in record.fills:
        total -= fill.quantity * multipliers[fill.symbol] * fill.price * fill.rate
    total -= sum(commission.amount for commission in record.commissions)
    total += sum(flow.amount for flow in record.flows)
    for bars in record.bars:
        rate = record.rates[bars.symbol][-1] if bars.symbol in record.rates else 1.0
        quantity = record.quantities[bars.symbol][-1]
        total += quantity * bars.instrument.multiplier * float(bars.close[-1]) * rate
    return total


# buying power ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "act", "rule"),
    [
        (RegT(), lambda s: s.buy(2_000), None),
        (RegT(), lambda s: s.buy(2_001), "buying_power"),
        (RegT(), lambda s: s.sell(2_000), None),
        (RegT(), lambda s: s.sell(2_001), "buying_power"),
        (CashAccount(), lambda s: s.buy(1_000), None),
        (CashAccount(), lambda s: s.buy(1_001), "buying_power"),
        (CashAccount(), lambda s: s.sell(1), "buying_power"),
        (Leverage(4.0), lambda s: s.buy(4_000), None),
        (Leverage(4.0), lambda s: s.buy(4_001), "buying_power"),
    ],
)
def test_what_each_account_lets_open(
    account: RegT | CashAccount | Leverage, act: Callable[[Strategy], object], rule: str | None
) -> None:
    answers: list[object] = []
    played(
        {0: lambda s: answers.append(act(s))},
        bars_of(flat_rows([100.0] * 2)),
        free(account=account),
    )
    answer = answers[0]
    assert (answer.rule if isinstance(answer, Refused) else None) == rule
    if isinstance(account, CashAccount) and isinstance(answer, Refused) and answer.side < 0:
        assert answer.reason == "this account cannot hold a short position of stock"


@pytest.mark.parametrize(
    ("account", "before", "after"),
    [
        (None, 100_000.0, 40_000.0),
        (RegT(), 200_000.0, 140_000.0),
        (CashAccount(), 100_000.0, 40_000.0),
        (Leverage(4.0), 400_000.0, 340_000.0),
    ],
)
def test_buying_power_is_what_could_still_be_bought(
    account: RegT | None, before: float, after: float
) -> None:
    seen: list[float] = []

    def script(strategy: Strategy, bar: int) -> None:
        seen.append(strategy.account.buying_power)
        if bar == 0:
            strategy.buy(600)
        seen.append(strategy.account.buying_power)

    played(script, bars_of(flat_rows([100.0] * 2)), free(account=account))
    assert seen == pytest.approx([before, after, after, after])


def test_a_reversal_needs_only_what_the_exit_does_not_free() -> None:
    bars = bars_of(flat_rows([100.0] * 4))
    record = played(
        {0: lambda s: s.buy(2_000), 1: lambda s: s.sell(4_000)}, bars, free(account=RegT())
    )
    assert record.refused == ()
    assert trades_of(record) == [(1, 2_000.0, 100.0), (2, -4_000.0, 100.0)]


# whole runs --------------------------------------------------------------------------------

FALL = [100.0, 100.0, 90.0, 80.0, 70.0, 60.0, 55.0, 60.0, 70.0, 80.0]


def test_a_margin_account_is_liquidated_step_by_step() -> None:
    record = played(
        {0: lambda s: s.buy(2_000, stop_loss=10.0)},
        bars_of(flat_rows(FALL)),
        free(account=RegT()),
    )
    made = [one for one in record.orders if one.order.origin is Origin.LIQUIDATION]
    assert [one.order.quantity for one in made] == [667.0, 606.0]
    assert all(one.status == "filled" for one in made)
    assert trades_of(record)[1:] == [(6, -667.0, 55.0), (7, -606.0, 60.0)]
    stop = next(one for one in record.orders if one.order.origin is Origin.STOP_LOSS)
    assert stop.order.quantity == record.positions[0].quantity == 727.0
    assert ended(record) == pytest.approx(float(record.equity[-1]))


def test_a_plain_account_never_is() -> None:
    record = played({0: lambda s: s.buy(4_000)}, bars_of(flat_rows(FALL)), free(leverage=4.0))
    assert len(record.fills) == 1
    assert float(record.equity[6]) < 0.0


def test_actions_interest_and_fees_of_a_run_in_two_slots() -> None:
    days = [day_number(i) for i in range(len(FALL))]
    bars = [raw(flat_rows(FALL), symbol) for symbol in ("AAA", "BBB")]
    settings = free(
        financing=IbkrFinancing(5.0, borrow=2.0),
        commission=PercentCommission(0.1),
        actions=(
            Dividend("AAA", days[3], 1.0),
            Dividend("BBB", days[4], 0.5),
            StockSplit("BBB", days[5], 1.5),
        ),
    )
    record = played({1: lambda s: s.go_long(), 6: lambda s: s.go_short()}, bars, settings)
    kinds = {flow.kind for flow in record.flows}
    assert kinds == {CashFlowKind.DIVIDEND, CashFlowKind.INTEREST, CashFlowKind.BORROW_FEE}
    assert [(f.symbol, f.amount) for f in record.flows if f.kind is CashFlowKind.DIVIDEND] == [
        ("AAA", 10.0),
        ("BBB", 5.0),
    ]
    assert [split.quantity for split in record.splits] == [15.0]
    assert [fill.quantity for fill in record.fills] == [10.0, 10.0, -20.0, -25.0]
    assert ended(record) == pytest.approx(float(record.equity[-1]), abs=1e-6)
    assert record.warnings == ()


def test_prices_that_contain_the_actions_are_not_booked_twice() -> None:
    total = replace(bars_of(flat_rows(FALL)), prices=PriceBasis.TOTAL)
    record = played(
        {0: lambda s: s.buy(10)}, total, free(actions=(Dividend("AAA", day_number(3), 1.0),))
    )
    assert record.flows == ()
    assert record.warnings == (
        "1 of 1 actions of AAA were not booked: its prices (total) already contain them.",
    )


def test_an_order_that_rests_over_a_split_reserves_what_it_costs() -> None:
    bars = raw([*flat_rows([100.0] * 2), *flat_rows([50.0] * 3)])
    seen: list[float] = []

    def script(strategy: Strategy, bar: int) -> None:
        if bar == 0:
            strategy.buy(100, limit=80.0, tif="GTC")
        seen.append(strategy.account.buying_power)

    played(script, bars, free(actions=(StockSplit("AAA", day_number(2), 2.0),)))
    assert seen == [92_000.0] * 5


# currencies --------------------------------------------------------------------------------


def euro(closes: Sequence[float], symbol: str = "SAP") -> Bars:
    return raw(flat_rows(closes), symbol, currency="EUR")


PAIR = bars_of(flat_rows([1.0, 1.1, 1.2, 1.25, 1.0]), "EUR.USD")


def test_a_run_in_two_currencies() -> None:
    bars = [euro([100.0, 110.0, 120.0, 120.0, 120.0]), bars_of(flat_rows([50.0] * 5))]
    settings = free(
        rates=Rates.of_bars("USD", [PAIR]),
        commission=PercentCommission(0.1),
        sizer=PercentOfEquity(100.0),
    )
    record = played({0: lambda s: s.go_long()}, bars, settings, universe=True)
    first = record.fills[0]
    # 50,000 dollars at 100 euros and 1 dollar a euro, less nothing: 500 units at the decision
    assert (first.symbol, first.quantity, first.rate) == ("SAP", 500.0, 1.1)
    assert record.commissions[0].amount == pytest.approx(500 * 110 * 1.1 * 0.001)
    assert record.currency == "USD"
    assert set(record.rates) == {"SAP"}
    assert ended(record) == pytest.approx(float(record.equity[-1]))
    value = 500 * np.array([0.0, 110 * 1.1, 120 * 1.2, 120 * 1.25, 120.0])
    cash = record.cash
    assert record.equity == pytest.approx(cash + value)


def test_a_strategy_and_its_rules_see_the_account_s_currency() -> None:
    seen: list[float] = []

    def script(strategy: Strategy, bar: int) -> None:
        seen.append(strategy.account.equity)
        if bar == 0:
            strategy.buy(10)
            strategy.buy(41)

    settings = free(rates=Rates.constant("USD", {"EUR": 2.0}), rules=(MaxOrderNotional(8_000.0),))
    record = played(script, euro([100.0, 100.0, 150.0]), settings)
    assert seen == [100_000.0, 100_000.0, 101_000.0]
    assert trades_of(record) == [(1, 10.0, 100.0)]
    assert [refusal.rule for refusal in record.refused] == ["max_order_notional"]


def test_a_limit_on_exposure_counts_what_is_held_in_another_currency() -> None:
    answers: list[object] = []

    def script(strategy: Strategy, bar: int) -> None:
        if bar == 0:
            strategy.buy(100)
        elif bar == 1:
            answers.extend(strategy.buy(units, symbol="AAA") for units in (50, 51))

    settings = free(
        rates=Rates.constant("USD", {"EUR": 2.0}), rules=(MaxGrossExposure(percent=22.5),)
    )
    bars = [euro([100.0] * 3), bars_of(flat_rows([50.0] * 3))]
    record = played(script, bars, settings, universe=True)
    # 20,000 are held, so 2,500 fit: 50 shares, and then none
    assert [fill.quantity for fill in record.fills] == [100.0, 50.0]
    assert [refusal.rule for refusal in record.refused] == ["max_gross_exposure"]


def test_sizes_in_money_are_of_the_account_s_currency() -> None:
    settings = free(rates=Rates.constant("USD", {"EUR": 2.0}), sizer=MoneyPerPosition(10_000.0))
    record = played({0: lambda s: s.go_long()}, euro([100.0] * 2), settings)
    assert trades_of(record) == [(1, 50.0, 100.0)]
    record = played({0: lambda s: s.target_percent(50)}, euro([100.0] * 2), settings)
    assert trades_of(record) == [(1, 250.0, 100.0)]


def test_an_account_in_the_currency_of_its_only_symbols_needs_no_rates() -> None:
    record = played({0: lambda s: s.buy(10)}, euro([100.0] * 3))
    assert (record.currency, record.rates) == ("EUR", {})


def test_buying_power_is_judged_in_the_account_s_currency() -> None:
    settings = free(rates=Rates.constant("USD", {"EUR": 2.0}))
    answers: list[object] = []
    played({0: lambda s: answers.append(s.buy(501))}, euro([100.0] * 2), settings)
    played({0: lambda s: answers.append(s.buy(500))}, euro([100.0] * 2), settings)
    assert [isinstance(answer, Order) for answer in answers] == [False, True]


# futures -----------------------------------------------------------------------------------


def contract(symbol: str, closes: Sequence[float], expiry: int, **facts: object) -> Bars:
    return raw(
        flat_rows(closes),
        symbol,
        type=AssetType.FUTURE,
        multiplier=50.0,
        initial_margin=15_000.0,
        maintenance_margin=10_000.0,
        expiry=expiry,
        **facts,
    )


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_a_future_is_margined_and_expires(side: Side) -> None:
    bars = contract("ESH", [4_000.0, 4_010.0, 4_020.0, 4_030.0, 4_030.0], day_number(3))
    answers: list[object] = []

    def script(strategy: Strategy, bar: int) -> None:
        if bar == 0:
            order = strategy.buy if side > 0 else strategy.sell
            answers.extend([order(7), order(6)])

    record = played(script, bars, free(account=RegT()))
    assert [isinstance(answer, Order) for answer in answers] == [False, True]
    assert trades_of(record) == [(1, 6.0 * side, 4_010.0), (3, -6.0 * side, 4_030.0)]
    assert record.orders[-1].order.origin is Origin.EXPIRY
    assert float(record.equity[-1]) == 100_000.0 + side * 6 * 50 * 20.0
    assert record.positions == ()


# what is refused before a run --------------------------------------------------------------


@pytest.mark.parametrize(
    ("bars", "changes", "message"),
    [
        ([euro([1.0] * 2), bars_of(flat_rows([1.0] * 2))], {}, r"several currencies: EUR, USD"),
        ([euro([1.0] * 2)], {"rates": Rates("USD")}, "no rate of EUR in USD"),
        (
            [euro([1.0] * 2)],
            {"rates": Rates.of_bars("USD", [PAIR.take(1, 5)])},
            "EUR in USD is not known so early",
        ),
        (
            [raw(flat_rows([1.0] * 2), "NQ", type=AssetType.FUTURE)],
            {"account": RegT()},
            "future NQ has no initial_margin",
        ),
        (
            [bars_of(flat_rows([1.0] * 2))],
            {"actions": (Dividend("AAB", 5, 1.0),)},
            r"actions are of AAB, which is not traded.*'AAA'",
        ),
    ],
)
def test_what_is_missing_is_named(
    bars: list[Bars], changes: dict[str, object], message: str
) -> None:
    with pytest.raises((ConfigError, DataError), match=message):
        played({}, bars, free(**changes), universe=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BacktestSettings(leverage=2.0, account=RegT()), "an account and a leverage of 2"),
        (
            lambda: free(account=RegT(), policy=_at_the_fill()),
            "checks cash at the fill knows no margin rules",
        ),
    ],
)
def test_settings_that_contradict_each_other(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


def _at_the_fill() -> object:
    from framework.brokers.simulated.policy import FillPolicy

    return FillPolicy.backtesting_py()


# rolls -------------------------------------------------------------------------------------


def chain(roll_days: int = 2) -> list[Bars]:
    """Two contracts, the first expiring on the sixth day."""
    front = [4_000.0, 4_010.0, 4_020.0, 4_030.0, 4_040.0, 4_050.0]
    following = [4_100.0 + 10 * i for i in range(9)]
    return [
        contract("ESH", front, day_number(5), next_contract="ESM", roll_days=roll_days),
        contract("ESM", following, day_number(40)),
    ]


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
@pytest.mark.parametrize(
    ("roll_days", "out", "into"),
    [(2, (4, 4_040.0), (4, 4_140.0)), (5, (1, 4_010.0), (1, 4_110.0))],
)
def test_a_position_rolls_into_the_next_contract(
    side: Side, roll_days: int, out: tuple[int, float], into: tuple[int, float]
) -> None:
    def script(strategy: Strategy, bar: int) -> None:
        if bar == 0 and roll_days == 2:
            order = strategy.buy if side > 0 else strategy.sell
            order(2, stop_loss=4_000.0 - side * 500)

    record = played(script, chain(roll_days), free(account=RegT()), universe=True)
    if roll_days == 5:
        assert record.fills == ()
        return
    assert trades_of(record) == [
        (1, 2.0 * side, 4_010.0),
        (out[0], -2.0 * side, out[1]),
        (into[0], 2.0 * side, into[1]),
    ]
    origins = [one.order.origin for one in record.orders if one.order.parent is None]
    assert origins == [Origin.STRATEGY, Origin.ROLL, Origin.ROLL]
    protection = [one for one in record.orders if one.order.origin is Origin.STOP_LOSS]
    assert [one.status for one in protection] == ["cancelled"]
    assert [p.symbol for p in record.positions] == ["ESM"]
    assert ended(record) == pytest.approx(float(record.equity[-1]))


def test_bars_that_end_before_the_roll_do_not_roll() -> None:
    bars = chain()
    record = played(
        {0: lambda s: s.buy(2)}, [bars[0].take(0, 3), bars[1]], free(account=RegT()), universe=True
    )
    assert [one.order.origin for one in record.orders] == [Origin.STRATEGY]


def test_what_cannot_roll_expires_and_says_so() -> None:
    alone = chain()[0]
    record = played({0: lambda s: s.buy(1)}, alone, free(account=RegT()))
    assert record.orders[-1].order.origin is Origin.EXPIRY
    assert any("ESH does not roll: ESM, its next contract" in text for text in record.warnings)


def test_a_roll_that_is_not_let_in_is_refused_and_the_old_contract_still_closed() -> None:
    bars = chain()
    dear = replace(bars[1], instrument=replace(bars[1].instrument, initial_margin=90_000.0))
    record = played({0: lambda s: s.buy(2)}, [bars[0], dear], free(account=RegT()), universe=True)
    assert [(r.symbol, r.rule, r.origin) for r in record.refused] == [
        ("ESM", "buying_power", Origin.ROLL)
    ]
    assert record.positions == ()
