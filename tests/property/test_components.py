"""Laws every component keeps, whatever its parameters and whatever it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.components import commission, exits, limits, sizing, slippage
from framework.components.breakers import DailyLoss, ErrorRate
from framework.components.registry import build, spec_of
from framework.domain.bars import FloatArray
from framework.domain.events import Refused
from framework.domain.instruments import Instrument
from framework.domain.orders import Order, OrderType, Side
from framework.ports import (
    AccountState,
    CommissionModel,
    IndicatorFunction,
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
    st.builds(commission.IbkrFixed, rate=rate, minimum=rate, maximum_percent=percent),
    st.builds(commission.IbkrTiered, minimum=rate, maximum_percent=percent),
    st.builds(commission.PerShare, rate, st.none() | rate, st.none() | percent, rate),
    st.builds(commission.PercentCommission, rate, rate, rate),
    st.builds(commission.PerOrder, rate),
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


@given(model=fees, small=units, more=units, at=price, month=units, way=side)
def test_a_fee_never_falls_as_an_order_fills(
    model: CommissionModel, small: float, more: float, at: float, month: float, way: Side
) -> None:
    before = model.fee(STOCK, way * small, small * at, month)
    after = model.fee(STOCK, way * (small + more), (small + more) * at, month)
    assert 0.0 <= before <= after + 1e-6 * max(1.0, after)
    assert model.fee(STOCK, 0.0, 0.0, month) == 0.0


@given(model=fees, parts=st.lists(st.integers(1, 1_000), min_size=1, max_size=8), at=price)
def test_partial_fills_are_charged_what_the_whole_order_costs(
    model: CommissionModel, parts: list[int], at: float
) -> None:
    charged = 0.0
    filled = 0
    for part in parts:
        filled += part
        charged += model.fee(STOCK, filled, filled * at, 0.0) - charged
    assert charged == pytest.approx(model.fee(STOCK, sum(parts), sum(parts) * at, 0.0), abs=1e-6)


@given(month=units, first=units, second=units)
def test_tiers_cost_the_same_in_one_order_or_two(month: float, first: float, second: float) -> None:
    split = commission.tiered_base(first, month) + commission.tiered_base(second, month + first)
    assert split == pytest.approx(commission.tiered_base(first + second, month), abs=1e-6)


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
