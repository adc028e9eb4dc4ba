"""Laws every component keeps, whatever its parameters and whatever it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.components import commission, exits, limits, liquidity, sizing, slippage
from framework.components.breakers import DailyLoss, ErrorRate
from framework.components.rates import marginal
from framework.components.registry import build, spec_of
from framework.domain.bars import FloatArray
from framework.domain.events import Refused
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Order, OrderType, Side
from framework.ports import (
    AccountState,
    CommissionModel,
    IndicatorFunction,
    LiquidityModel,
    RiskRule,
    Sizer,
    SizingRequest,
    SlippageModel,
)

STOCK = Instrument("ACME")
price = st.floats(0.01, 1e5)
rate = st.floats(0.0, 10.0)
units = st.floats(0.0, 1e7)
percent = st.floats(0.01, 100.0)
side = st.sampled_from(Side)
positive = st.floats(0.01, 1e6)
whole = st.integers(2, 50)

fees = st.one_of(
    st.builds(commission.NoCommission),
    st.builds(commission.IbkrFixed, pass_through=st.booleans()),
    st.builds(commission.IbkrTiered, pass_through=st.booleans()),
    st.builds(commission.PerShare, rate, st.none() | rate, st.none() | percent, rate),
    st.builds(commission.PercentCommission, rate, rate, rate),
    st.builds(commission.PerOrder, rate),
)
traded = st.sampled_from(
    [
        STOCK,
        Instrument("SPX", AssetType.INDEX),
        Instrument("ACME C100", AssetType.OPTION, multiplier=100.0),
        Instrument("ESZ5", AssetType.FUTURE, multiplier=50.0),
        Instrument("EURUSD", AssetType.FOREX),
        Instrument("USDJPY", AssetType.FOREX, currency="JPY"),
        Instrument("BTCUSD", AssetType.CRYPTO),
    ]
)
days = st.integers(-10_000, 40_000)
without_volume = st.sampled_from(["fill", "refuse"])
caps = st.one_of(
    st.builds(liquidity.Unlimited),
    st.builds(liquidity.VolumeShare, percent, without_volume),
    st.builds(liquidity.FixedUnits, positive, without_volume),
    st.builds(liquidity.BarPointShare, percent, st.floats(0.0, 10.0), without_volume),
)
slips = st.one_of(
    st.builds(slippage.NoSlippage),
    st.builds(slippage.FixedSlippage, rate),
    st.builds(slippage.PercentSlippage, percent),
    st.builds(slippage.HalfSpread, percent, rate),
    st.builds(slippage.VolumeShareSlippage, st.floats(0.0, 1.0), percent),
)
sizers = st.one_of(
    st.builds(sizing.Shares, positive),
    st.builds(sizing.MoneyPerPosition, positive),
    st.builds(sizing.PercentOfEquity, percent),
    st.builds(sizing.RiskPerTrade, percent),
    st.builds(sizing.AtrSizing, percent, whole, positive),
    st.builds(sizing.VolatilityTarget, percent, whole, positive, percent),
    st.builds(sizing.KellyFraction, st.floats(0.01, 1.0), whole, rate, positive, percent),
)
rules = st.one_of(
    st.builds(limits.MaxRiskPerTrade, percent),
    st.builds(limits.MaxPositionPercent, percent),
    st.builds(limits.MaxGrossExposure, percent, st.none() | positive),
    st.builds(limits.MaxNetExposure, percent),
    st.builds(limits.MaxOrderNotional, positive),
    st.builds(limits.MaxConcentration, percent),
    st.builds(limits.MaxShares, positive),
)


@dataclass(frozen=True)
class Past:
    closes: FloatArray

    def last(self, count: int, column: str = "close") -> FloatArray:
        return self.closes[-count:]

    def value(self, function: IndicatorFunction, *args: float, on: Sequence[str]) -> float:
        return float(function(*(self.closes * 1.01, self.closes * 0.99, self.closes), *args)[-1])


odd = st.one_of(price, st.just(float("nan")))
requests = st.builds(
    SizingRequest,
    instrument=st.builds(Instrument, st.just("ACME"), multiplier=st.floats(0.1, 1_000.0)),
    side=side,
    price=price,
    stop=odd,
    equity=st.floats(-1e6, 1e9),
    cash=st.floats(-1e6, 1e9),
    share=st.floats(0.0, 1.0),
    history=st.lists(odd, min_size=1, max_size=60).map(lambda values: Past(np.array(values))),
)


@given(model=fees, what=traded, small=units, more=units, at=price, month=units, way=side, day=days)
def test_a_fee_never_falls_as_an_order_fills(
    model: CommissionModel,
    what: Instrument,
    small: float,
    more: float,
    at: float,
    month: float,
    way: Side,
    day: int,
) -> None:
    value = at * what.multiplier
    before = model.fee(what, way * small, small * value, month, day)
    after = model.fee(what, way * (small + more), (small + more) * value, month, day)
    assert 0.0 <= before <= after + 1e-6 * max(1.0, after)
    assert model.fee(what, 0.0, 0.0, month, day) == 0.0


@given(
    model=fees, what=traded, parts=st.lists(st.integers(1, 1_000), min_size=1, max_size=8), at=price
)
def test_partial_fills_are_charged_what_the_whole_order_costs(
    model: CommissionModel, what: Instrument, parts: list[int], at: float
) -> None:
    value = at * what.multiplier
    charged = 0.0
    filled = 0
    for part in parts:
        filled += part
        charged += model.fee(what, filled, filled * value, 0.0, 0) - charged
    whole = model.fee(what, sum(parts), sum(parts) * value, 0.0, 0)
    assert charged == pytest.approx(whole, abs=1e-6)


ENDS = (1_000.0, 10_000.0, 20_000.0, float("inf"))
RATES = (0.85, 0.65, 0.45, 0.25)


@given(month=st.floats(0.0, 5e4), first=st.floats(0.0, 5e4), second=st.floats(0.0, 5e4))
def test_tiers_cost_the_same_in_one_order_or_two(month: float, first: float, second: float) -> None:
    split = marginal(month, first, ENDS, RATES) + marginal(month + first, second, ENDS, RATES)
    assert split == pytest.approx(marginal(month, first + second, ENDS, RATES), abs=1e-6)


@given(at=st.sampled_from(ENDS[:-1]), month=st.floats(0.0, 999.0), gap=st.floats(1e-9, 1e-3))
def test_tiers_do_not_jump_where_one_ends(at: float, month: float, gap: float) -> None:
    below, above = (marginal(month, at + step - month, ENDS, RATES) for step in (-gap, gap))
    assert 0.0 <= above - below <= 2 * gap * RATES[0] + 1e-9


@given(
    model=caps,
    at=price,
    span=st.floats(0.0, 1e3),
    volume=units,
    more=units,
    tick=st.sampled_from([0.0, 0.01, 0.25]),
)
def test_liquidity_is_never_negative_and_grows_with_the_volume(
    model: LiquidityModel, at: float, span: float, volume: float, more: float, tick: float
) -> None:
    what = Instrument("ACME", tick=tick)
    found = model.units(what, at, at + span, at, volume)
    assert found >= 0.0
    if volume > 0.0:
        assert model.units(what, at, at + span, at, volume + more) >= found


@given(model=slips, at=st.floats(-1e5, 1e5), size=positive, volume=units)
def test_slippage_never_improves_a_price(
    model: SlippageModel, at: float, size: float, volume: float
) -> None:
    assert model.price(STOCK, Side.BUY, at, size, volume) >= at
    sold = model.price(STOCK, Side.SELL, at, size, volume)
    assert sold <= at
    assert sold >= min(at * 2.0, 0.0) - 10.0 * STOCK.tick - 10.0


@given(model=slips, at=price, small=positive, more=positive, volume=units)
def test_a_larger_order_never_slips_less(
    model: SlippageModel, at: float, small: float, more: float, volume: float
) -> None:
    small_price = model.price(STOCK, Side.BUY, at, small, volume)
    assert model.price(STOCK, Side.BUY, at, small + more, volume) >= small_price


@given(sizer=sizers, request_=requests)
def test_a_size_is_a_number_not_below_zero(sizer: Sizer, request_: SizingRequest) -> None:
    quantity = sizer.quantity(request_)
    assert isfinite(quantity)
    assert quantity >= 0.0


@given(several=st.lists(sizers, min_size=1, max_size=4), request_=requests)
def test_the_smallest_size_wins(several: list[Sizer], request_: SizingRequest) -> None:
    quantity = sizing.smallest(several).quantity(request_)
    assert quantity == min(sizer.quantity(request_) for sizer in several)


@given(
    rule=rules,
    wanted=st.floats(1.0, 1e6),
    at=price,
    equity=st.floats(-1e3, 1e8),
    held=st.floats(0.0, 1e5),
    resting=st.floats(0.0, 1e5),
    way=side,
)
def test_a_rule_never_enlarges_and_keeps_its_own_word(
    rule: RiskRule, wanted: float, at: float, equity: float, held: float, resting: float, way: Side
) -> None:
    order = Order("o-1", "ACME", way, wanted, OrderType.MARKET, 1, at)
    working = [Order("o-0", "ACME", way, resting, OrderType.MARKET, 0, at)] if resting else []
    account = AccountState(
        1,
        equity,
        equity,
        STOCK,
        at,
        at * (1 - 0.1 * way),
        {"ACME": way * held},
        {"ACME": way * held * at},
        working,
        0,
    )
    verdict = rule.check(order, account)
    if isinstance(verdict, Refused):
        return
    assert 0.0 < verdict.quantity <= wanted
    again = rule.check(verdict, account)
    assert isinstance(again, Order)
    assert again.quantity == pytest.approx(verdict.quantity, rel=1e-8)


exit_rules = st.one_of(
    st.builds(exits.StopPercent, st.floats(0.1, 99.0)),
    st.builds(exits.TargetPercent, percent),
    st.builds(exits.AtrStop, positive, whole),
    st.builds(exits.AtrTarget, positive, whole),
    st.builds(exits.TrailingPercent, st.floats(0.1, 99.0)),
    st.builds(exits.TrailingAmount, positive),
    st.builds(exits.TrailingAtr, positive, whole),
    st.builds(exits.TimeStop, whole),
)
others = st.one_of(
    st.builds(limits.MaxOrders, whole),
    st.builds(limits.MaxPositions, whole),
    st.builds(limits.PriceCollar, percent),
    st.builds(
        limits.AllowedInstruments,
        st.lists(st.text("ABCXYZ.", min_size=1, max_size=5), min_size=1).map(tuple),
    ),
    st.builds(DailyLoss, percent),
    st.builds(ErrorRate, st.integers(1, 5), st.integers(5, 50)),
)


@given(
    st.one_of(
        fees.map(lambda item: ("commission", item)),
        slips.map(lambda item: ("slippage", item)),
        caps.map(lambda item: ("liquidity", item)),
        sizers.map(lambda item: ("sizing", item)),
        exit_rules.map(lambda item: ("exit", item)),
        st.one_of(rules, others).map(lambda item: ("limit", item)),
    )
)
def test_a_spec_rebuilds_the_component(kind_and_component: tuple[str, object]) -> None:
    kind, component = kind_and_component
    spec = spec_of(component)
    assert build(kind, spec) == component
    assert spec_of(build(kind, spec)) == spec
    name = spec.pop("name")
    text = {
        key: "+".join(value) if isinstance(value, list) else str(value).lower()
        for key, value in spec.items()
    }
    if not isinstance(component, limits.AllowedInstruments):
        line = ",".join(f"{key}={value}" for key, value in text.items())
        assert build(kind, f"{name}:{line}") == component
