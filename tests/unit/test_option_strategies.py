"""The option strategies that come along: a year of real bars each, against what they promise."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from framework.backtest.record import RunRecord
from framework.config.plan import plan_of
from framework.config.request import Request
from framework.config.strategies import available
from framework.domain.options import Right, Settlement, Style
from framework.domain.orders import Origin
from framework.errors import StrategyError
from framework.options.contracts import option_terms
from framework.options.market import ModelMarket
from framework.research.backtest import run_backtest
from framework.research.results import Result

NAMES = ("short_straddle_hedged", "covered_call", "iron_condor", "wheel")


def played(name: str, last: str = "2015-12-31", **named: object) -> Result:
    return run_backtest(name, first="2015-01-01", last=last, **named)  # type: ignore[arg-type]


@cache
def year(name: str) -> RunRecord:
    record = played(name).record
    assert record.error == ""
    return record


def market(name: str, record: RunRecord) -> ModelMarket:
    model = plan_of(Request(name, first="2015-01-01", last="2015-12-31")).settings.options
    assert model is not None
    return ModelMarket(record.bars[0], model)


def entries(record: RunRecord) -> dict[int, list[tuple[str, float]]]:
    """By row of the decision, what the strategy itself ordered."""
    found: dict[int, list[tuple[str, float]]] = {}
    for one in record.orders:
        if one.order.origin is Origin.STRATEGY:
            row = int(np.searchsorted(record.instants, one.order.time))
            units = one.order.side * one.order.quantity
            found.setdefault(row, []).append((one.order.symbol, units))
    return found


def expected_equity(record: RunRecord) -> np.ndarray:
    total = record.cash.copy()
    for one in record.all_bars:
        rows = np.searchsorted(one.close_time, record.instants, side="right") - 1
        held = record.quantities[one.symbol]
        close = one.close[np.maximum(rows, 0)]
        total = total + np.where(held != 0.0, held * one.instrument.multiplier * close, 0.0)
    return total


# all of them -------------------------------------------------------------------------------


def test_they_are_found_by_name() -> None:
    assert set(NAMES) <= set(available())


@pytest.mark.parametrize("name", NAMES)
def test_a_year_trades_and_nothing_is_refused(name: str) -> None:
    record = year(name)
    assert len(record.fills) > 10
    assert not record.refused
    assert len(record.listed) >= 5
    assert record.equity == pytest.approx(expected_equity(record), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_run_twice_is_the_same(name: str) -> None:
    again = played(name).record
    first = year(name)
    assert again.fills == first.fills
    assert (again.equity == first.equity).all()
    assert [item.order for item in again.orders] == [item.order for item in first.orders]


@pytest.mark.parametrize("name", NAMES)
def test_the_future_changes_no_past_fill(name: str) -> None:
    whole, short = year(name), played(name, "2015-08-03").record
    end = int(short.instants[-1])
    assert list(short.fills) == [fill for fill in whole.fills if fill.time <= end]
    assert short.equity == pytest.approx(whole.equity[: len(short.equity)], abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_one_set_of_options_at_a_time(name: str) -> None:
    record = year(name)
    held = [np.flatnonzero(record.quantities[one.symbol]) for one in record.listed]
    expiries = [one.instrument.expiry for one in record.listed]
    for row in range(len(record.instants)):
        now = {e for e, rows in zip(expiries, held, strict=True) if row in rows}
        assert len(now) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_the_next_ones_are_sold_at_the_expirys_close(name: str) -> None:
    record = year(name)
    days = {one.instrument.expiry for one in record.listed}
    settled = [f for f in record.fills if f.order.origin in (Origin.EXPIRY, Origin.EXERCISE)]
    rows = {int(np.searchsorted(record.instants, f.time)) for f in settled}
    assert rows == {row for row in entries(record) if row > 0}
    if name != "wheel":  # whose puts may be assigned before
        assert {int(record.session[row]) for row in rows} <= days


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("short_straddle_hedged", {"count": 0}),
        ("short_straddle_hedged", {"days": 400}),
        ("covered_call", {"delta": -0.3}),
        ("iron_condor", {"width": -5.0}),
        ("wheel", {"delta": 1.5}),
    ],
)
def test_parameters_that_make_no_sense_are_named(
    name: str, parameters: Mapping[str, object]
) -> None:
    try:
        record = played(name, "2015-03-01", parameters=parameters).record
    except StrategyError as error:
        assert error.remedy
        return
    assert record.error
    assert not record.fills


# the hedged straddle ------------------------------------------------------------------------


def test_the_straddle_is_the_one_nearest_to_the_price() -> None:
    record = year("short_straddle_hedged")
    close, session = record.bars[0].close, record.session
    for row, orders in entries(record).items():
        (first, one), (second, two) = orders
        assert (one, two) == (-2.0, -2.0)
        found = {bars.symbol: bars.instrument for bars in record.listed}
        call, put = found[first], found[second]
        terms = option_terms(call)
        assert terms.strike == option_terms(put).strike
        assert {terms.right, option_terms(put).right} == set(Right)
        assert abs(terms.strike - close[row]) <= 12.5
        assert call.expiry is not None
        assert call.expiry - session[row] >= 30
        assert (terms.style, terms.settlement) == (Style.EUROPEAN, Settlement.CASH)
        assert call.multiplier == 10.0


def test_the_straddles_delta_stays_within_its_band() -> None:
    record = year("short_straddle_hedged")
    wrong = [mark for mark in record.marks if mark.greeks.delta and abs(mark.hedge) > 20.0]
    assert not wrong, "no more is hedged than twenty units can move"
    for mark in record.marks:
        if mark.value:
            # what is on its way counts, so that only less than a unit is left
            assert abs(mark.greeks.delta + record.quantities["SP500"][mark.instant]) < 25.0


def test_the_hedge_takes_the_market_out_of_the_straddle() -> None:
    # at one volatility: the VIX rises when the market falls, which no delta knows of
    bare, hedged = (
        played("short_straddle_hedged", options=0.15, hedge=policy).record
        for policy in ("none", "band:1")
    )
    move = np.diff(hedged.bars[0].close)

    def share(record: RunRecord) -> float:
        return float(abs(np.corrcoef(np.diff(record.equity), move)[0, 1]))

    assert not [f for f in bare.fills if f.symbol == "SP500"]
    assert np.diff(hedged.equity).std() < np.diff(bare.equity).std()
    assert share(hedged) < 0.3 < share(bare)


# the covered call ---------------------------------------------------------------------------


def test_the_index_is_bought_once_and_every_call_is_covered() -> None:
    record = year("covered_call")
    assert [f.quantity for f in record.fills if f.symbol == "SP500"] == [40.0]
    for one in record.listed:
        assert record.quantities[one.symbol].min() == -4.0
        assert option_terms(one.instrument).right is Right.CALL


@pytest.mark.parametrize(
    ("name", "right", "target"),
    [("covered_call", Right.CALL, 0.3), ("wheel", Right.PUT, -0.3), ("wheel", Right.CALL, 0.3)],
)
def test_the_delta_sold_is_the_nearest_there_is(name: str, right: Right, target: float) -> None:
    record = year(name)
    priced = market(name, record)
    instruments = {bars.symbol: bars.instrument for bars in record.listed}
    checked = 0
    for row, orders in entries(record).items():
        for symbol, units in orders:
            contract = instruments.get(symbol)
            if contract is None or option_terms(contract).right is not right:
                continue
            assert contract.expiry is not None
            chain = priced.chain(row)
            others = chain.listed(contract.expiry, right)
            deltas = priced.deltas(others, row)
            assert others[int(np.argmin(np.abs(deltas - target)))] == contract
            assert contract.expiry == chain.expiry_at_least(30)
            assert units == -4.0
            checked += 1
    assert checked


# the iron condor ----------------------------------------------------------------------------


def test_the_condor_has_four_legs_fifty_points_apart_and_is_sized_by_its_loss() -> None:
    record = year("iron_condor")
    bars = {one.symbol: one for one in record.listed}
    for row, orders in entries(record).items():
        legs = sorted(
            (option_terms(bars[symbol].instrument).strike, units) for symbol, units in orders
        )
        count = legs[0][1]
        assert [units for _, units in legs] == [count, -count, -count, count]
        strikes = [strike for strike, _ in legs]
        assert strikes[1] - strikes[0] == strikes[3] - strikes[2] == 50.0
        credit = 0.0
        for symbol, units in orders:
            one = bars[symbol]
            at = int(np.searchsorted(one.close_time, record.instants[row]))
            credit -= units / count * one.close[at]
        worst = 10.0 * (50.0 - credit)
        assert credit > 0.0
        assert count == np.floor(0.02 * record.equity[row] / worst)


def test_a_condor_never_loses_more_than_it_was_sized_for() -> None:
    record = year("iron_condor")
    rows = [*sorted(entries(record)), len(record.equity) - 1]
    for start, stop in pairwise(rows):
        lost = record.equity[start] - record.equity[stop]
        # slippage, commission and the next open's credit may add a little
        assert lost < 0.03 * record.equity[start]


# the wheel ----------------------------------------------------------------------------------


def test_the_wheel_turns() -> None:
    record = year("wheel")
    shares = record.quantities["SP500"]
    assert set(np.unique(shares)) == {0.0, 40.0}
    instruments = {bars.symbol: bars.instrument for bars in record.listed}
    for row, orders in entries(record).items():
        ((symbol, units),) = orders
        right = option_terms(instruments[symbol]).right
        assert right is (Right.CALL if shares[row] else Right.PUT)
        assert units == -4.0
    moved = [f for f in record.fills if f.symbol == "SP500"]
    assert moved
    assert {f.order.origin for f in moved} == {Origin.EXERCISE}
    strikes = {option_terms(one).strike for one in instruments.values()}
    assert {f.price for f in moved} <= strikes
