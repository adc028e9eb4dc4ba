"""Trading options from a strategy: verbs, positions, sizes, refusals, and what is no option."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.components.limits import AllowedInstruments
from framework.components.margin import RegT
from framework.components.option_sizing import MaxLoss, Premium, Vega
from framework.components.sizing import SmallestOf
from framework.components.slippage import FixedSlippage
from framework.domain.bars import Bars
from framework.domain.currency import Rates
from framework.domain.events import Refused
from framework.domain.instruments import Instrument
from framework.domain.ledger import Position
from framework.domain.options import Right, Style
from framework.domain.orders import Order, OrderStatus, Origin, Side
from framework.options.combos import Combo
from framework.options.contracts import option_contract
from framework.options.listing import ListingRule
from framework.options.model import OptionModel
from framework.options.spreads import covered_call, iron_condor, straddle, vertical
from framework.options.volatility import ConstantVolatility
from framework.ports import Sizer
from framework.strategy import Strategy
from tests.builders import bars_of, day_number, five_minutes, flat_rows, free, scripted

EXPIRY = day_number(9)
MODEL = OptionModel(
    ConstantVolatility(0.2), style=Style.EUROPEAN, listing=ListingRule(horizon=40, weeklies=True)
)
QUIET = bars_of(flat_rows([100.0] * 8))


def option(right: Right = Right.CALL, strike: float = 100.0, underlying: str = "AAA") -> Instrument:
    return option_contract(Instrument(underlying), EXPIRY, right, strike, style=Style.EUROPEAN)


CALL, PUT = option(), option(Right.PUT)


def settings(**named: object) -> BacktestSettings:
    named.setdefault("options", MODEL)
    return free(**named)  # type: ignore[arg-type]


def ran(
    strategy: type[Strategy], bars: Bars | Sequence[Bars] = QUIET, **named: object
) -> RunRecord:
    several = [bars] if isinstance(bars, Bars) else list(bars)
    return run(strategy, several, settings(**named))


def clean(
    strategy: type[Strategy], bars: Bars | Sequence[Bars] = QUIET, **named: object
) -> RunRecord:
    record = ran(strategy, bars, **named)
    assert record.error == ""
    return record


def condor(s: Strategy) -> Combo:
    return iron_condor(
        s.options.chain(), EXPIRY, buy_put=90.0, sell_put=95.0, sell_call=105.0, buy_call=110.0
    )


def trades(record: RunRecord) -> list[tuple[str, str, float, str]]:
    return [(f.order.id, f.symbol, f.quantity, str(f.order.origin)) for f in record.fills]


# orders -------------------------------------------------------------------------------------


def test_a_combo_bought_is_one_order_for_each_leg_purchases_first() -> None:
    strategy = scripted({1: lambda s: s.options.buy(condor(s), 2)})
    record = clean(strategy)
    assert trades(record) == [
        ("Scripted-1", "AAA 200306P90", 2.0, "strategy"),
        ("Scripted-2", "AAA 200306C110", 2.0, "strategy"),
        ("Scripted-3", "AAA 200306P95", -2.0, "strategy"),
        ("Scripted-4", "AAA 200306C105", -2.0, "strategy"),
    ]
    (answer,) = (a for a in strategy.answers if a)  # type: ignore[attr-defined]
    assert isinstance(answer, tuple)
    assert [one.symbol for one in answer] == [f.symbol for f in record.fills]
    assert {item.order.time for item in record.orders} == {int(record.instants[1])}
    assert {fill.time for fill in record.fills} == {int(record.instants[2])}


def test_a_combo_sold_trades_every_leg_the_other_way_purchases_first() -> None:
    record = clean(scripted({1: lambda s: s.options.sell(condor(s), 1)}))
    assert [(f.symbol, f.quantity) for f in record.fills] == [
        ("AAA 200306P95", 1.0),
        ("AAA 200306C105", 1.0),
        ("AAA 200306P90", -1.0),
        ("AAA 200306C110", -1.0),
    ]


def test_an_option_fills_at_the_models_price_of_the_next_open() -> None:
    rows = [(100.0, 101.0, 99.0, 100.0), (102.0, 103.0, 101.0, 101.0), *flat_rows([101.0] * 3)]
    record = clean(scripted({0: lambda s: s.options.buy(CALL)}), bars_of(rows))
    (listed,) = record.listed
    assert record.fills[0].price == listed.open[1]
    assert listed.open[1] > listed.close[1] > listed.close[0]
    assert record.orders[0].order.decision_price == listed.close[0]


def test_a_stock_leg_is_traded_with_its_options() -> None:
    def act(s: Strategy) -> object:
        chain = s.options.chain()
        return s.options.buy(covered_call(chain, s.data.instrument, EXPIRY, 105.0), 3)

    record = clean(scripted({0: act}))
    assert [(f.symbol, f.quantity) for f in record.fills] == [
        ("AAA", 300.0),
        ("AAA 200306C105", -3.0),
    ]


def test_a_contract_can_be_sold_and_bought_back() -> None:
    record = clean(
        scripted({0: lambda s: s.options.sell(CALL, 5), 2: lambda s: s.options.buy(CALL, 5)})
    )
    assert record.quantities[CALL.symbol].tolist() == [0, -5, -5, 0, 0, 0, 0, 0]
    sold, bought = record.fills
    assert record.equity[-1] == pytest.approx(100_000.0 + 500.0 * (sold.price - bought.price))
    assert bought.price < sold.price, "time has passed"


def test_options_can_slip_otherwise_than_the_rest() -> None:
    def act(s: Strategy) -> object:
        return s.buy(1), s.options.buy(CALL), s.options.sell(PUT)

    plain = clean(scripted({0: act}))
    apart = clean(scripted({0: act}), option_spread=FixedSlippage(0.05))
    before = {fill.symbol: fill.price for fill in plain.fills}
    moved = {fill.symbol: fill.price - before[fill.symbol] for fill in apart.fills}
    assert moved == pytest.approx({"AAA": 0.0, CALL.symbol: 0.05, PUT.symbol: -0.05})


# what is held -------------------------------------------------------------------------------


def test_positions_is_flat_and_close() -> None:
    seen: list[tuple[int, bool, list[tuple[str, float]]]] = []

    def act(s: Strategy, bar: int) -> None:
        held = [(p.symbol, p.quantity) for p in s.options.positions]
        if bar == 1:
            s.options.sell(straddle(s.options.chain(), EXPIRY, 100.0), 2)
        if bar == 4:
            s.options.close()
        seen.append((bar, s.options.is_flat, held))

    record = clean(scripted(act))
    both = [(CALL.symbol, -2.0), (PUT.symbol, -2.0)]
    assert seen == [
        (0, True, []),
        (1, False, []),
        (2, False, both),
        (3, False, both),
        (4, False, both),
        (5, True, []),
        (6, True, []),
        (7, True, []),
    ]
    assert [str(item.order.origin) for item in record.orders] == ["strategy"] * 2 + ["close"] * 2
    assert [item.order.id for item in record.orders] == [f"Scripted-{n}" for n in range(1, 5)]
    assert not record.positions


def test_close_of_one_contract_leaves_the_others() -> None:
    def act(s: Strategy, bar: int) -> None:
        if bar == 0:
            s.options.sell(straddle(s.options.chain(), EXPIRY, 100.0))
        if bar == 2:
            s.options.close(PUT)

    record = clean(scripted(act))
    assert [(p.symbol, p.quantity) for p in record.positions] == [(CALL.symbol, -1.0)]


def test_close_takes_back_what_still_works_like_the_close_of_an_instrument() -> None:
    def act(s: Strategy, bar: int) -> None:
        if bar == 0:
            s.buy(10)
            s.options.buy(CALL)
            s.close()
            s.options.close()

    record = clean(scripted(act))
    assert {item.order.symbol: item.status for item in record.orders} == {
        "AAA": OrderStatus.CANCELLED,
        CALL.symbol: OrderStatus.CANCELLED,
    }
    assert not record.fills


def test_a_contract_never_traded_is_flat_at_its_own_multiplier() -> None:
    found: list[Position] = []

    def act(s: Strategy) -> None:
        found.append(s.options.position(CALL))

    clean(scripted({0: act}))
    assert found == [Position(CALL.symbol, multiplier=100.0)]


def test_two_instances_know_their_own_options_only() -> None:
    class Both(Strategy):
        def on_bar(self) -> None:
            chain = self.options.chain()
            if len(self.data) == 1:
                self.options.buy(chain.contract(EXPIRY, Right.CALL, 100.0), 1)
            if len(self.data) == 3:
                assert len(self.options.positions) == 1

    record = clean(Both, [QUIET, bars_of(flat_rows([100.0] * 8), "BBB")])
    assert sorted(p.symbol for p in record.positions) == ["AAA 200306C100", "BBB 200306C100"]
    assert len({f.order.id for f in record.fills}) == 2


# prices and greeks --------------------------------------------------------------------------


def test_prices_and_greeks_of_a_combo_are_the_signed_sum_of_its_legs() -> None:
    def act(s: Strategy) -> tuple[float, ...]:
        wide = vertical(s.options.chain(), EXPIRY, Right.CALL, buy=100.0, sell=105.0)
        near, far = (leg.instrument for leg in wide.legs)
        assert s.options.price(wide) == pytest.approx(s.options.price(near) - s.options.price(far))
        whole, first, second = (s.options.greeks(x) for x in (wide, near, far))
        for name in ("delta", "gamma", "vega", "theta"):
            parts = getattr(first, name) - getattr(second, name)
            assert getattr(whole, name) == pytest.approx(parts)
        covered = covered_call(s.options.chain(), s.data.instrument, EXPIRY, 105.0)
        assert s.options.greeks(covered).delta == pytest.approx(100.0 - second.delta)
        assert s.options.price(covered) == pytest.approx(100.0 - s.options.price(far))
        assert s.options.deltas([near, far]) * 100 == pytest.approx([first.delta, second.delta])
        return (1.0,)

    strategy = scripted({2: act})
    clean(strategy)
    assert (1.0,) in strategy.answers  # type: ignore[attr-defined]


def test_a_sentence_begins_on_the_chain_of_the_day() -> None:
    def act(s: Strategy) -> str:
        said = s.options.on().expiring(in_days=11).sell(Right.PUT, delta=-0.45)
        return said.buy(Right.PUT, below=5).combo().symbol

    strategy = scripted({0: act})
    clean(strategy)
    assert strategy.answers == ["vertical AAA 200306 -P100 +P95"]  # type: ignore[attr-defined]


# sizes --------------------------------------------------------------------------------------


def sized(sizer: Sizer, what: str = "straddle", bars: Bars = QUIET, **named: object) -> int:
    def act(s: Strategy) -> int:
        if what == "straddle":
            return s.options.quantity(straddle(s.options.chain(), EXPIRY, 100.0))
        return s.options.quantity(condor(s) if what == "condor" else CALL)

    strategy = scripted({0: act})
    clean(strategy, bars, sizer=sizer, **named)
    (found,) = strategy.answers  # type: ignore[attr-defined]
    assert isinstance(found, int)
    return found


def facts() -> dict[str, float]:
    """Price, credit and vega of what is sized."""
    found: dict[str, float] = {}

    def act(s: Strategy) -> None:
        both = straddle(s.options.chain(), EXPIRY, 100.0)
        found["straddle"] = s.options.price(both)
        found["vega"] = s.options.greeks(both).vega
        found["condor"] = s.options.price(condor(s))
        found["call"] = s.options.price(CALL)

    clean(scripted({0: act}))
    return found


def test_every_option_sizer_sizes_combos() -> None:
    known = facts()
    assert known["condor"] < 0.0, "a credit"
    assert sized(Premium(5.0)) == int(5_000 / (100 * known["straddle"]))
    assert sized(Premium(5.0), "condor") == int(5_000 / (100 * -known["condor"]))
    assert sized(Vega(100.0)) == int(100.0 / (known["vega"] / 100))
    assert sized(MaxLoss(2.0)) == int(2_000 / (100 * known["straddle"]))
    assert sized(MaxLoss(2.0), "condor") == int(2_000 / (100 * (5.0 + known["condor"])))
    assert sized(MaxLoss(2.0), "call") == int(2_000 / (100 * known["call"]))
    assert sized(SmallestOf((Premium(5.0), MaxLoss(2.0)))) == sized(MaxLoss(2.0))


def test_a_size_of_less_than_one_is_none() -> None:
    assert sized(Premium(0.1)) == 0


def test_a_loss_without_bound_cannot_be_sized_by_it() -> None:
    def act(s: Strategy) -> int:
        return s.options.quantity(straddle(s.options.chain(), EXPIRY, 100.0).reversed())

    record = ran(scripted({0: act}), sizer=MaxLoss(2.0))
    assert "what one unit can lose has no bound" in record.error


def euro(bars: Bars) -> Bars:
    return replace(bars, instrument=replace(bars.instrument, currency="EUR"))


def test_a_size_counts_the_currency_of_the_option() -> None:
    rates = Rates.constant("USD", {"EUR": 2.0})
    at_par = sized(Premium(5.0), "call")
    assert sized(Premium(5.0), "call", euro(QUIET), rates=rates) == pytest.approx(at_par / 2, abs=1)


def test_options_in_another_currency_are_worth_it_in_the_accounts() -> None:
    rates = Rates.constant("USD", {"EUR": 2.0})
    contract = option_contract(euro(QUIET).instrument, EXPIRY, Right.CALL, 100.0)
    record = clean(scripted({0: lambda s: s.options.buy(contract, 1)}), euro(QUIET), rates=rates)
    (listed,) = record.listed
    paid = 100 * 2.0 * record.fills[0].price
    assert record.cash[1] == pytest.approx(100_000.0 - paid)
    assert record.equity[1] == pytest.approx(100_000.0 - paid + 100 * 2.0 * listed.close[1])


# refusals -----------------------------------------------------------------------------------


def test_what_the_door_refuses_is_answered_and_shown() -> None:
    strategy = scripted({0: lambda s: s.options.buy(CALL, 5)})
    record = clean(strategy, rules=(AllowedInstruments(("AAA",)),))
    ((answer,),) = strategy.answers[:1]  # type: ignore[attr-defined]
    assert isinstance(answer, Refused)
    assert (answer.symbol, answer.side) == (CALL.symbol, Side.BUY)
    assert answer.rule == "allowed_instruments"
    assert list(record.refused) == [answer]
    assert not record.fills


def test_an_option_that_cannot_be_paid_is_refused() -> None:
    record = clean(scripted({0: lambda s: s.options.buy(CALL, 100_000)}))
    (refusal,) = record.refused
    assert refusal.symbol == CALL.symbol
    assert "cash" in refusal.rule or "power" in refusal.rule


def test_a_naked_call_needs_margin_of_a_reg_t_account() -> None:
    def sell(count: int) -> RunRecord:
        act = scripted({0: lambda s: s.options.sell(option(strike=110.0), count)})
        return clean(act, account=RegT())

    assert len(sell(5).fills) == 1
    assert len(sell(500).refused) == 1


def test_before_the_start_nothing_is_traded() -> None:
    start = int(QUIET.close_time[2])
    strategy = scripted(lambda s, bar: s.options.buy(CALL) if bar < 4 else None)
    record = clean(strategy, start=start)
    assert {fill.time > start for fill in record.fills} == {True}
    assert len(record.fills) == 2


@pytest.mark.parametrize("count", [0, -1, 1.5])
def test_only_whole_numbers_of_contracts_are_traded(count: float) -> None:
    record = ran(scripted({0: lambda s: s.options.buy(CALL, count)}))  # type: ignore[arg-type]
    assert f"{count!r} combos cannot be traded" in record.error


def test_true_is_no_number_of_contracts() -> None:
    record = ran(scripted({0: lambda s: s.options.buy(CALL, True)}))
    assert "True combos cannot be traded" in record.error


# what is wrong ------------------------------------------------------------------------------


def test_options_in_a_run_without_a_model_are_a_named_error() -> None:
    record = run(scripted({0: lambda s: s.options.chain()}), [QUIET], free())
    assert "Scripted uses options, and this run has none" in record.error


def test_a_contract_of_another_underlying_is_named() -> None:
    other = option(underlying="BBB")
    record = ran(scripted({0: lambda s: s.options.buy(other)}))
    assert "BBB 200306C100 is an option on BBB, not on AAA" in record.error


def test_options_of_a_symbol_not_subscribed_are_named() -> None:
    record = ran(scripted({0: lambda s: s.options["AAB"].chain()}))
    assert "'AAB' is not subscribed" in record.error


def test_a_stock_is_no_option() -> None:
    def act(s: Strategy) -> object:
        return s.options.price(s.data.instrument)

    assert "AAA is no option contract" in ran(scripted({0: act})).error


def test_options_are_not_traded_in_setup() -> None:
    class Early(Strategy):
        def setup(self) -> None:
            self.options.buy(CALL)

    with pytest.raises(Exception, match=r"before there is any bar|setup|on_bar") as caught:
        ran(Early)
    assert getattr(caught.value, "remedy", "")


def later(expiry: int, bar: int) -> RunRecord:
    """A run that buys a contract at the close of a bar, and again where it is asked to."""
    contract = option_contract(Instrument("AAA"), expiry, Right.CALL, 100.0)

    def buy(s: Strategy) -> object:
        return s.options.buy(contract)

    return ran(scripted({0: buy, bar: buy}))


def test_a_contract_that_has_expired_cannot_be_bought_again() -> None:
    assert "AAA 200228C100 expired on 2020-02-28" in later(day_number(4), 6).error


def test_an_order_at_the_last_close_of_a_contract_does_not_rest_for_ever() -> None:
    record = later(day_number(4), 4)
    if record.error:
        assert "AAA 200228C100" in record.error
        return
    sent = [item for item in record.orders if item.order.origin is Origin.STRATEGY]
    ends = [item.status for item in sent if item.order.time == record.instants[4]]
    left = [item.symbol for item in record.refused]
    assert ends in ([], [OrderStatus.EXPIRED], [OrderStatus.CANCELLED])
    assert ends or left


def test_the_first_order_at_the_last_close_of_a_contract_does_not_rest_for_ever() -> None:
    contract = option_contract(Instrument("AAA"), day_number(4), Right.CALL, 100.0)
    record = ran(scripted({4: lambda s: s.options.buy(contract)}))
    if record.error:
        assert "AAA 200228C100" in record.error
        return
    assert all(item.status is not OrderStatus.WORKING for item in record.orders)
    assert record.orders or record.refused


def test_a_worthless_leg_has_a_price_and_can_be_closed() -> None:
    # so far from the money that the model's price is 0
    far = option(strike=200.0)
    model = OptionModel(ConstantVolatility(0.02), listing=ListingRule(width=0.9, weeklies=True))

    def act(s: Strategy, bar: int) -> object:
        wide = vertical(s.options.chain(), EXPIRY, Right.CALL, buy=100.0, sell=190.0)
        if bar == 0:
            return s.options.price(wide), s.options.buy(far)
        return s.options.close() if bar == 3 else None

    record = ran(scripted(act), options=model)
    assert record.error == ""


def test_two_sleeves_number_their_orders_apart_and_say_their_origin() -> None:
    class Once(Strategy):
        def on_bar(self) -> None:
            if len(self.data) == 1:
                chain = self.options.chain()
                self.options.sell(straddle(chain, chain.expiries[-1], 100.0))

    record = clean(Once, [QUIET, bars_of(flat_rows([100.0] * 8), "BBB")])
    assert [item.order.id for item in record.orders] == [
        "Once.AAA-1",
        "Once.AAA-2",
        "Once.BBB-1",
        "Once.BBB-2",
    ]
    assert {item.order.origin for item in record.orders} == {Origin.STRATEGY}
    assert all(isinstance(item.order, Order) for item in record.orders)


def test_on_five_minute_bars_an_option_trades_at_the_next_bars_open() -> None:
    rows = [(100.0, 101.0, 99.0, 100.5), (100.5, 102.0, 100.0, 101.0), *flat_rows([101.0] * 4)]
    bars = five_minutes(rows, 3)
    record = clean(scripted({0: lambda s: s.options.buy(CALL)}), bars)
    (listed,) = record.listed
    assert record.fills[0].price == listed.open[1] == pytest.approx(listed.close[0], abs=1e-12)
