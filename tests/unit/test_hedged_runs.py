"""Hedged runs: when the hedger's orders leave, where they fill, and what bounds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from framework.backtest.record import RunRecord
from framework.backtest.run import run, run_verified
from framework.components.breakers import DailyLossMoney
from framework.components.commission import PerShare
from framework.components.greek_limits import MaxNetDelta
from framework.components.hedge import Hedge
from framework.components.hedging import (
    AllOf,
    DeltaBand,
    FirstOf,
    Interval,
    Leland,
    WhalleyWilmott,
)
from framework.components.limits import AllowedInstruments, MaxShares
from framework.components.slippage import FixedSlippage
from framework.config.parts import Hedging, hedger_of
from framework.domain.bars import Bars
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import Right, Settlement, Style
from framework.domain.orders import Origin
from framework.errors import ConfigError
from framework.hedge_ports import Hedger
from framework.options.contracts import option_contract
from framework.options.listing import ListingRule
from framework.options.market import ModelMarket
from framework.options.model import OptionModel
from framework.options.volatility import ConstantVolatility
from framework.strategy import Strategy
from tests.builders import bars_of, day_number, five_minutes, flat_rows, free, scripted

EXPIRY = day_number(9)
MODEL = OptionModel(
    ConstantVolatility(0.2),
    style=Style.EUROPEAN,
    settlement=Settlement.CASH,
    listing=ListingRule(horizon=40, weeklies=True),
)
CLOSES = [100.0, 101.0, 103.0, 102.0, 99.0, 98.0, 100.0, 104.0, 107.0, 106.0, 105.0, 105.0]
BARS = bars_of(flat_rows(CLOSES))
NOW = Interval()


def option(
    right: Right = Right.CALL,
    strike: float = 100.0,
    symbol: str = "AAA",
    settlement: Settlement = Settlement.CASH,
) -> Instrument:
    return option_contract(
        Instrument(symbol), EXPIRY, right, strike, style=Style.EUROPEAN, settlement=settlement
    )


CALL = option()


def sell_ten(s: Strategy) -> object:
    return s.options.sell(CALL, 10)


def hedged(
    hedge: Hedge | None,
    script: dict[int, Callable[[Strategy], object]] | None = None,
    bars: Bars | Sequence[Bars] = BARS,
    *,
    universe: bool = False,
    strategy: type[Strategy] | None = None,
    **named: object,
) -> RunRecord:
    several = [bars] if isinstance(bars, Bars) else list(bars)
    named = {"options": MODEL, "cash": 1_000_000.0} | named
    record = run(
        strategy or scripted(script or {1: sell_ten}, universe=universe),
        several,
        free(hedge=hedge, **named),  # type: ignore[arg-type]
    )
    assert record.error == ""
    return record


def hedges(record: RunRecord, symbol: str = "AAA") -> list[tuple[int, float]]:
    """Instant of the decision, and signed units, of every hedge order that left the door."""
    return [
        (int(np.searchsorted(record.instants, one.order.time)), one.order.side * one.order.quantity)
        for one in record.orders
        if one.order.origin is Origin.HEDGE and one.order.symbol == symbol
    ]


def delta(contract: Instrument, row: int, bars: Bars = BARS, model: OptionModel = MODEL) -> float:
    """Of one contract at a close."""
    return ModelMarket(bars, model).greeks(contract, row).delta


# when and where -----------------------------------------------------------------------------


def test_the_hedge_leaves_with_the_option_order_and_fills_at_the_same_open() -> None:
    record = hedged(Hedge(NOW))
    option_order, first = record.orders[0].order, record.orders[1].order
    assert (option_order.origin, first.origin) == (Origin.STRATEGY, Origin.HEDGE)
    assert option_order.time == first.time == record.instants[1]
    assert first.id == "Scripted-2", "one numbering, through the one door"
    bought, sold = record.fills[:2]
    assert (bought.symbol, sold.symbol) == ("AAA", CALL.symbol)
    assert sold.time == bought.time == record.instants[2]
    assert bought.price == BARS.open[2]


def test_each_order_brings_the_delta_to_the_nearest_share() -> None:
    record = hedged(Hedge(NOW))
    held = 0.0
    found = dict(hedges(record))
    for row in range(1, 9):
        wanted = 10.0 * delta(CALL, row) - held
        units = found.get(row, 0.0)
        assert abs(units) == np.floor(abs(wanted)), f"at bar {row}, rounded toward zero"
        assert units * wanted >= 0.0
        held += units
    assert 0 not in found


def test_without_a_hedge_there_are_no_hedge_orders() -> None:
    assert hedges(hedged(None)) == []


def test_a_book_without_options_is_not_hedged() -> None:
    record = hedged(Hedge(NOW), {0: lambda s: s.buy(50)})
    assert hedges(record) == []


def test_the_strategys_own_shares_count() -> None:
    script = {1: lambda s: (s.buy(300), s.options.sell(CALL, 10))}
    record = hedged(Hedge(NOW), script)
    first = hedges(record)[0]
    assert first == (1, np.floor(10 * delta(CALL, 1) - 300))
    # and stay when the hedge is taken off
    assert record.quantities["AAA"][-1] == 300.0


def test_the_hedge_is_unwound_after_the_expiry() -> None:
    record = hedged(Hedge(NOW))
    # the call ends 6 in the money at bar 9; what is left of the hedge goes at the next open
    assert hedges(record)[-1][0] == 9
    assert record.quantities["AAA"][9] != 0.0
    assert record.quantities["AAA"][10:].tolist() == [0.0, 0.0]
    assert not record.positions


def test_shares_delivered_against_the_hedge_leave_nothing() -> None:
    contract = option(settlement=Settlement.PHYSICAL)
    model = replace(MODEL, settlement=Settlement.PHYSICAL)
    record = hedged(Hedge(NOW), {1: lambda s: s.options.sell(contract, 10)}, options=model)
    assert record.quantities["AAA"][8] > 950.0
    assert record.quantities["AAA"][10:].tolist() == [0.0, 0.0]
    assert abs(hedges(record)[-1][1]) < 50.0, "what was missing to a thousand"


def test_a_hedge_is_unwound_when_the_options_are_closed() -> None:
    record = hedged(Hedge(NOW), {1: sell_ten, 4: lambda s: s.options.close()})
    assert hedges(record)[-1][0] == 4
    assert record.quantities["AAA"][5:].tolist() == [0.0] * 7


@pytest.mark.parametrize("target", [250.0, -120.0])
def test_the_delta_is_kept_at_its_target(target: float) -> None:
    record = hedged(Hedge(NOW, target=target))
    held = 0.0
    for row, units in hedges(record):
        held += units
        if row < 9:
            assert held - 10 * delta(CALL, row) == pytest.approx(target, abs=1.0)
    assert record.quantities["AAA"][-1] == 0.0


def test_a_band_leaves_small_deltas_alone() -> None:
    tight, wide = (hedges(hedged(Hedge(DeltaBand(width)))) for width in (1.0, 150.0))
    assert 0 < len(wide) < len(tight)


def test_an_interval_counts_bars() -> None:
    found = hedges(hedged(Hedge(Interval(bars=3))))
    assert [row for row, _ in found] == [1, 4, 7, 9], "and off after the expiry"


def test_hours_between_sessions_do_not_count() -> None:
    rows = flat_rows([100 + 0.7 * (i % 7) for i in range(30)])
    bars = five_minutes(rows, 10)
    record = hedged(Hedge(Interval(hours=0.5)), {0: sell_ten}, bars)
    # six bars of five minutes; a session's first bar spans from the open to its close
    found = [row for row, _ in hedges(record)]
    assert found[:3] == [0, 6, 10]


def test_leland_reckons_its_deltas_at_its_own_volatility() -> None:
    plain, leland = (hedges(hedged(Hedge(h)))[0] for h in (NOW, Leland(cost=0.02)))
    rule = Leland(cost=0.02)
    unit = ModelMarket(BARS, MODEL).greeks(CALL, 1, rule, is_short=True)
    assert leland == (1, np.floor(10 * unit.delta))
    assert leland != plain


# bounds -------------------------------------------------------------------------------------


def test_a_hedge_below_min_trade_is_left() -> None:
    sizes = [abs(units) for row, units in hedges(hedged(Hedge(NOW, min_trade=150.0))) if row < 9]
    assert sizes
    assert min(sizes) >= 150.0


def test_a_hedge_is_taken_off_whatever_min_trade_says() -> None:
    # options that end worthless: what is left to sell is less than min_trade
    far = option(Right.CALL, 105.0)
    record = hedged(Hedge(NOW, min_trade=100.0), {1: lambda s: s.options.sell(far, 4)})
    assert record.quantities["AAA"].any()
    assert record.quantities["AAA"][-1] == 0.0


def test_no_order_is_larger_than_max_trade() -> None:
    found = hedges(hedged(Hedge(NOW, max_trade=120.0)))
    assert max(abs(units) for _, units in found) == 120.0
    assert found[0] == (1, 120.0)
    assert found[1] == (2, 120.0)


def test_the_hedge_holds_no_more_than_max_hedge() -> None:
    record = hedged(Hedge(NOW, max_hedge=300.0))
    assert record.quantities["AAA"].max() == 300.0


def test_beyond_the_budget_the_hedge_is_refused_and_shown() -> None:
    record = hedged(Hedge(NOW, budget=2.0), commission=PerShare(0.01))
    assert all(abs(units) <= 200.0 for row, units in hedges(record) if row < 9)
    refusals = [one for one in record.refused if one.rule == "hedge_budget"]
    assert refusals[0].quantity == np.floor(10 * delta(CALL, 1)), "it would cost six dollars"
    assert {one.origin for one in refusals} == {Origin.HEDGE}
    assert "more than the hedge's budget" in refusals[0].reason
    assert refusals[0].symbol == "AAA"


def test_slippage_counts_toward_the_budget_before_it_is_paid() -> None:
    # 600 shares at a tenth of slippage cost 60
    record = hedged(Hedge(NOW, budget=20.0), slippage=FixedSlippage(0.1))
    assert hedges(record)[:1] != [(1, np.floor(10 * delta(CALL, 1)))]
    assert [one.rule for one in record.refused][:1] == ["hedge_budget"]


def test_a_budget_is_of_one_session() -> None:
    # at a cent a share the first order costs 6.24, paid in the session of bar 2
    record = hedged(Hedge(NOW, budget=6.5), commission=PerShare(0.01))
    assert [row for row, _ in hedges(record)][:2] == [1, 3]
    refused = int(np.searchsorted(record.instants, record.refused[0].time))
    assert (refused, record.refused[0].rule) == (2, "hedge_budget")


def test_a_hedge_may_be_closed_beyond_the_budget() -> None:
    record = hedged(
        Hedge(NOW, budget=7.0),
        {1: sell_ten, 2: lambda s: s.options.close()},
        commission=PerShare(0.02),
    )
    if hedges(record):
        assert record.quantities["AAA"][-1] == 0.0


# the door -----------------------------------------------------------------------------------


def test_risk_rules_judge_hedge_orders() -> None:
    record = hedged(Hedge(NOW), rules=(AllowedInstruments((CALL.symbol,)),))
    assert hedges(record) == []
    assert {one.origin for one in record.refused} == {Origin.HEDGE}
    assert len(record.refused) > 5, "each of them is shown"


def test_a_rule_can_shrink_a_hedge() -> None:
    record = hedged(Hedge(NOW), rules=(MaxShares(200.0),))
    assert record.quantities["AAA"].max() == 200.0


def test_net_delta_counts_the_hedge_and_the_options() -> None:
    record = hedged(
        Hedge(NOW), {1: lambda s: s.options.sell(CALL, 100)}, rules=(MaxNetDelta(300.0),)
    )
    sold = record.orders[0].order.quantity
    assert record.orders[0].order.symbol == CALL.symbol
    assert sold == np.floor(300.0 / delta(CALL, 1))


def test_a_breaker_closes_options_and_hedge_and_nothing_is_hedged_after() -> None:
    bars = bars_of(flat_rows([100, 100, 100, 112, 113, 90, 91]))
    record = hedged(Hedge(NOW), {1: sell_ten}, bars, breakers=(DailyLossMoney(500.0),))
    assert record.trips
    tripped = int(np.searchsorted(record.instants, record.trips[0].time))
    assert all(row < tripped or row > tripped for row, _ in hedges(record))
    origins = {f.order.origin for f in record.fills if f.time > record.trips[0].time}
    assert Origin.BREAKER in origins
    assert not record.positions


def test_a_strategy_that_closes_the_underlying_leaves_nothing_behind() -> None:
    record = hedged(Hedge(NOW), {1: sell_ten, 3: lambda s: s.close()})
    assert record.quantities["AAA"][8] == pytest.approx(10 * delta(CALL, 7), abs=1.0)
    assert not record.positions


def test_a_hedge_before_the_start_of_the_run_is_not_tried() -> None:
    record = hedged(Hedge(NOW), {5: sell_ten}, start=int(BARS.close_time[4]))
    assert hedges(record)[0][0] == 5
    assert not record.refused


# instruments --------------------------------------------------------------------------------


def future(closes: Sequence[float] = CLOSES) -> Bars:
    bars = bars_of(flat_rows(closes), "FUT", multiplier=50.0)
    return replace(bars, instrument=replace(bars.instrument, type=AssetType.FUTURE))


def test_a_future_hedges_by_its_multiplier() -> None:
    record = hedged(
        Hedge(NOW, instrument="FUT"),
        {1: lambda s: s.options.sell(CALL, 20)},
        [BARS, future()],
        universe=True,
        leverage=20.0,
    )
    first = hedges(record, "FUT")[0]
    assert first == (1, np.floor(20 * delta(CALL, 1) / 50.0))
    assert hedges(record, "AAA") == []
    assert record.quantities["FUT"][8] == np.floor(20 * delta(CALL, 8) / 50.0)
    assert record.quantities["FUT"][-1] == 0.0, "and is taken off after the expiry"


def test_shares_of_the_underlying_count_beside_a_future() -> None:
    record = hedged(
        Hedge(NOW, instrument="FUT"),
        {1: lambda s: (s.buy(600), s.options.sell(CALL, 20))},
        [BARS, future()],
        universe=True,
        leverage=20.0,
    )
    first = hedges(record, "FUT")[0]
    assert first == (1, np.floor((20 * delta(CALL, 1) - 600) / 50.0))


def test_one_future_for_two_underlyings_is_a_named_error() -> None:
    other = bars_of(flat_rows(CLOSES), "BBB")
    act = scripted(
        {1: lambda s: (s.options.sell(CALL), s.options["BBB"].sell(option(symbol="BBB")))},
        universe=True,
    )
    settings = free(options=MODEL, hedge=Hedge(NOW, instrument="FUT"), leverage=20.0)
    record = run(act, [BARS, other, future()], settings)
    assert "FUT is to hedge options on AAA and BBB" in record.error


def test_a_hedge_instrument_the_strategy_does_not_see_is_named() -> None:
    with pytest.raises(ConfigError, match="'FUT', which the strategy does not see"):
        hedged(Hedge(NOW, instrument="FUT"))


def test_a_hedge_in_a_future_that_expires_first_is_not_given_up_in_silence() -> None:
    bars = future()
    first = replace(bars.instrument, expiry=day_number(5))
    act = scripted({1: lambda s: s.options.sell(CALL, 20)}, universe=True)
    settings = free(options=MODEL, hedge=Hedge(NOW, instrument="FUT"), leverage=20.0)
    record = run(act, [BARS, replace(bars.take(0, 6), instrument=first)], settings)
    assert record.quantities["FUT"][5:].tolist() == [0.0] * 7
    told = [record.error, *record.warnings, *(one.reason for one in record.refused)]
    assert any("FUT" in text for text in told)


def test_two_underlyings_are_hedged_each_by_itself() -> None:
    other = bars_of(flat_rows([2 * c for c in CLOSES[::-1]]), "BBB")
    put = option(Right.PUT, 200.0, "BBB")
    record = hedged(
        Hedge(NOW),
        {1: lambda s: (s.options.sell(CALL, 10), s.options["BBB"].sell(put, 5))},
        [BARS, other],
        universe=True,
        leverage=20.0,
    )
    assert hedges(record)[0] == (1, np.floor(10 * delta(CALL, 1)))
    assert hedges(record, "BBB")[0] == (1, np.ceil(5 * delta(put, 1, other)))
    assert {mark.underlying for mark in record.marks} == {"AAA", "BBB"}
    assert not record.positions
    alone = hedged(Hedge(NOW), leverage=20.0)
    assert hedges(record) == hedges(alone), "as if the other were not there"


def test_instances_of_several_symbols_are_hedged_in_their_own_sleeves() -> None:
    class Both(Strategy):
        def on_bar(self) -> None:
            if len(self.data) == 2:
                self.options.sell(self.options.chain().contract(EXPIRY, Right.CALL, 100.0), 3)

    record = hedged(Hedge(NOW), strategy=Both, bars=[BARS, bars_of(flat_rows(CLOSES), "BBB")])
    assert hedges(record, "AAA") == hedges(record, "BBB")
    assert hedges(record)[0] == (1, np.floor(3 * delta(CALL, 1)))


# marks --------------------------------------------------------------------------------------


def test_marks_say_what_the_options_are_worth_at_each_close() -> None:
    record = hedged(Hedge(NOW))
    market = ModelMarket(BARS, MODEL)
    (listed,) = record.listed
    for mark in record.marks:
        row = mark.instant
        held = record.quantities[CALL.symbol][row]
        assert mark.spot == BARS.close[row]
        assert mark.value == pytest.approx(held * 100 * listed.close[row - 1])
        if held:
            assert mark.greeks.delta == pytest.approx(held * market.greeks(CALL, row).delta)
            assert mark.volatility == 0.2
        assert mark.hedge == record.quantities["AAA"][row]
    assert [mark.instant for mark in record.marks] == list(range(2, 10))


# names --------------------------------------------------------------------------------------

NAMED: list[tuple[Hedging, Hedger]] = [
    ("interval", Interval()),
    ("interval:5", Interval(bars=5)),
    ("interval:hours=2", Interval(hours=2.0)),
    ("band:20", DeltaBand(20.0)),
    ("band:width=20,to=edge", DeltaBand(20.0, "edge")),
    ("whalley_wilmott:cost=0.001,risk_aversion=0.01", WhalleyWilmott(0.001, 0.01)),
    ("leland:cost=0.002", Leland(0.002)),
    (["band:20", "interval:2"], AllOf((DeltaBand(20.0), Interval(2)))),
    (["first_of", "band:20", "interval:2"], FirstOf((DeltaBand(20.0), Interval(2)))),
    (
        ["all_of", "band:20", ["first_of", "leland:cost=0.002", "band:9"]],
        AllOf((DeltaBand(20.0), FirstOf((Leland(0.002), DeltaBand(9.0))))),
    ),
]


@pytest.mark.parametrize(("given", "policy"), NAMED, ids=[str(one) for one, _ in NAMED])
def test_every_policy_by_name_hedges_a_run(given: Hedging, policy: Hedger) -> None:
    assert hedger_of(given) == policy
    record = hedged(Hedge(hedger_of(given)))
    assert hedges(record)
    assert record.quantities["AAA"][-1] == 0.0
    assert not record.refused


@pytest.mark.parametrize("policy", [policy for _, policy in NAMED], ids=str)
def test_a_hedged_run_replays_alike(policy: Hedger) -> None:
    act = scripted({1: sell_ten, 3: lambda s: s.options.buy(option(Right.PUT, 95.0), 4)})
    settings = free(options=MODEL, hedge=Hedge(policy))
    assert run_verified(act, [BARS], settings, {}, {}).error == ""


def test_an_intraday_hedge_on_the_expirys_day_replays_alike() -> None:
    rows = flat_rows([100 + 0.9 * (i * 7 % 5) for i in range(10 * 4)])
    bars = five_minutes(rows, 4)
    act = scripted({0: sell_ten})
    settings = free(options=MODEL, hedge=Hedge(NOW))
    record = run_verified(act, [bars], settings, {}, {})
    assert record.error == ""
    days = {int(record.session[row]) for row, _ in hedges(record)}
    assert EXPIRY in days
