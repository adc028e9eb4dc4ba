"""Laws of every hedge: it never overshoots, keeps its caps, and has no favourite side."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from hypothesis import assume, given
from hypothesis import strategies as st

from framework.components.hedge import Hedge, affordable_units, hedge_units
from framework.components.hedging import (
    AllOf,
    DeltaBand,
    FirstOf,
    Interval,
    Leland,
    WhalleyWilmott,
)
from framework.domain.options import BookGreeks
from framework.hedge_ports import Hedger, HedgeState

NEAR = 1e-8
"""Part of a figure that rounding to a lot may add to it."""

delta = st.floats(-1e5, 1e5)
above = st.floats(1e-3, 1e5)
cap = st.just(inf) | above
lot = st.sampled_from([1.0, 10.0, 0.1, 0.001])
per_unit = st.sampled_from([1.0, 5.0, 50.0, 250.0, 0.5])


@st.composite
def states(draw: st.DrawFn) -> HedgeState:
    since = draw(st.none() | st.integers(0, 50))
    return HedgeState(
        time=7,
        underlying="SPY",
        price=draw(st.floats(0.01, 1e4)),
        book=BookGreeks(draw(delta), draw(st.floats(-1e3, 1e3))),
        target=draw(st.just(0.0) | delta),
        bars=since,
        elapsed=None if since is None else since * 1_800 * 10**9,
        years=draw(st.floats(0.0, 3.0)),
        rate=draw(st.floats(-0.05, 0.2)),
        volatility=0.2,
    )


def settings_of(hedger: Hedger) -> st.SearchStrategy[Hedge]:
    return st.builds(
        lambda small, trade, held: Hedge(
            hedger, min_trade=min(small, trade, held), max_trade=trade, max_hedge=held
        ),
        st.just(0.0) | above,
        cap,
        cap,
    )


hedges = settings_of(Interval())
single = st.one_of(
    st.builds(Interval, bars=st.none() | st.integers(1, 20)),
    st.builds(Interval, hours=st.floats(0.1, 20.0)),
    st.builds(DeltaBand, above, st.sampled_from(["target", "edge"])),
    st.builds(WhalleyWilmott, st.floats(1e-5, 0.1), st.floats(1e-8, 10.0)),
    st.builds(Leland, st.floats(1e-5, 0.1)),
)
bands = st.one_of(
    st.builds(DeltaBand, above, st.just("edge")),
    st.builds(WhalleyWilmott, st.floats(1e-5, 0.1), st.floats(1e-8, 10.0)),
)


def mirrored(state: HedgeState) -> HedgeState:
    book = BookGreeks(-state.book.delta, -state.book.gamma)
    return replace(state, book=book, target=-state.target)


@given(states(), single)
def test_a_policy_never_leads_away_from_the_target(state: HedgeState, hedger: Hedger) -> None:
    level = hedger.net_delta(state)
    if level is not None:
        off = state.book.delta - state.target
        left = level - state.target
        scale = abs(state.book.delta) + abs(state.target)
        assert abs(left) <= abs(off) + NEAR * scale
        assert left * off >= -NEAR * scale * abs(off)


@given(states(), single)
def test_a_policy_has_no_favourite_side(state: HedgeState, hedger: Hedger) -> None:
    level = hedger.net_delta(state)
    other = hedger.net_delta(mirrored(state))
    assert other == (None if level is None else -level)


@given(states(), bands)
def test_at_the_edge_a_band_is_content(state: HedgeState, hedger: Hedger) -> None:
    level = hedger.net_delta(state)
    assume(level is not None)
    assert level is not None
    moved = replace(state, book=replace(state.book, delta=level))
    again = hedger.net_delta(moved)
    scale = abs(state.book.delta) + abs(state.target)
    assert again is None or abs(again - level) <= NEAR * scale


@given(states(), st.lists(single, min_size=1, max_size=4))
def test_all_trade_less_than_any(state: HedgeState, hedgers: list[Hedger]) -> None:
    assume(sum(isinstance(hedger, Leland) for hedger in hedgers) <= 1)
    levels = [hedger.net_delta(state) for hedger in hedgers]
    every, first = AllOf(tuple(hedgers)), FirstOf(tuple(hedgers))
    assert (every.net_delta(state) is not None) == all(level is not None for level in levels)
    assert (first.net_delta(state) is not None) == any(level is not None for level in levels)


@given(hedges, states(), delta, per_unit, delta, lot)
def test_a_hedge_never_overshoots(
    settings: Hedge, state: HedgeState, net: float, each: float, held: float, step: float
) -> None:
    units = hedge_units(settings, state, net, each, held, step)
    before = net - state.book.delta
    after = before - units * each
    slack = NEAR * (abs(net) + abs(state.book.delta))
    assert abs(after) <= abs(before) + slack
    assert after * before >= -slack * abs(before)


@given(hedges, states(), delta, per_unit, delta, lot)
def test_a_hedge_keeps_its_caps(
    settings: Hedge, state: HedgeState, net: float, each: float, held: float, step: float
) -> None:
    units = hedge_units(settings, state, net, each, held, step)
    assert units == 0.0 or abs(units) >= settings.min_trade
    assert abs(units) <= settings.max_trade * (1.0 + NEAR)
    limit = max(settings.max_hedge, abs(held))
    assert abs(held + units) <= limit + NEAR * (limit if limit < inf else 0.0)
    lots = units / step
    assert abs(lots - round(lots)) <= NEAR * max(1.0, abs(lots))


@given(states(), delta, per_unit, lot)
def test_an_uncapped_hedge_leaves_less_than_a_lot(
    state: HedgeState, net: float, each: float, step: float
) -> None:
    units = hedge_units(Hedge(Interval()), state, net, each, 0.0, step)
    left = net - state.book.delta - units * each
    assert abs(left) <= step * each * (1.0 + NEAR) + NEAR * abs(net - state.book.delta)


@given(hedges, states(), delta, per_unit, delta, lot)
def test_a_hedge_has_no_favourite_side(
    settings: Hedge, state: HedgeState, net: float, each: float, held: float, step: float
) -> None:
    units = hedge_units(settings, state, net, each, held, step)
    assert hedge_units(settings, mirrored(state), -net, each, -held, step) == -units


@given(delta, delta, above, above, above)
def test_a_budget_only_makes_a_hedge_smaller(
    units: float, held: float, budget: float, spent: float, cost: float
) -> None:
    left = affordable_units(Hedge(Interval(), budget=budget), units, held, spent, cost)
    assert abs(left) <= abs(units)
    assert left * units >= 0.0
    if spent + cost > budget:
        assert abs(held + left) <= abs(held)
