"""Whatever the legs: a payoff is their sum, its extremes a dense grid's, and names read back."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.bars import FloatArray
from framework.domain.instruments import Instrument
from framework.domain.options import Right
from framework.options.combos import Combo, Leg, combo_of
from framework.options.contracts import option_contract
from framework.options.occ import day_of
from framework.options.payoff import payoff_of

STRIKES = (80.0, 90.0, 95.0, 100.0, 105.0, 110.0, 120.0)
SPY = Instrument("SPY")
OPTIONS = [
    option_contract(SPY, day_of("2024-03-15"), right, strike)
    for strike in STRIKES
    for right in Right
]
KNOWN = {one.symbol: one for one in (*OPTIONS, SPY)}

RATIOS = st.integers(-3, 3).filter(bool)
COMBOS = st.builds(
    lambda options, units: Combo(
        "custom",
        tuple(Leg(one, ratio) for one, ratio in options.items())
        + ((Leg(SPY, units),) if units else ()),
    ),
    st.dictionaries(
        st.sampled_from(OPTIONS),
        RATIOS,
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([0, 100, -100, 50, 300]),
)
GRID = np.unique(np.concatenate([np.linspace(0.0, 400.0, 4001), np.array(STRIKES)]))


def by_hand(combo: Combo, spots: FloatArray) -> FloatArray:
    """The value of every leg at every spot, one after another."""
    value = np.zeros(len(spots))
    for leg in combo.legs:
        for row, spot in enumerate(spots):
            if leg.instrument.option is None:
                value[row] += leg.ratio / 100 * spot
            elif leg.instrument.option.right is Right.CALL:
                value[row] += leg.ratio * max(spot - leg.instrument.option.strike, 0.0)
            else:
                value[row] += leg.ratio * max(leg.instrument.option.strike - spot, 0.0)
    return value


@given(COMBOS, st.lists(st.floats(0.0, 1e4), max_size=8))
def test_the_payoff_is_the_sum_of_the_legs(combo: Combo, spots: list[float]) -> None:
    at = np.array([0.0, *STRIKES, *spots])
    np.testing.assert_allclose(payoff_of(combo).at(at), by_hand(combo, at), atol=1e-8, rtol=1e-9)


@given(COMBOS, st.floats(-30.0, 30.0))
def test_extremes_and_zeros_are_those_of_a_dense_grid(combo: Combo, price: float) -> None:
    payoff = payoff_of(combo)
    profit = payoff.at(GRID) - price
    rising = profit[-1] - profit[-2]
    if rising > -1e-9:
        assert payoff.max_loss(price) == pytest.approx(-profit.min(), abs=1e-8)
    else:
        assert payoff.max_loss(price) == inf
    if rising < 1e-9:
        assert payoff.max_gain(price) == pytest.approx(profit.max(), abs=1e-8)
    else:
        assert payoff.max_gain(price) == inf
    zeros = payoff.break_evens(price)
    np.testing.assert_allclose(payoff.at(zeros), price, atol=1e-7)
    assert (np.diff(zeros) > 0.0).all()
    crossed = np.flatnonzero(profit[:-1] * profit[1:] < -1e-12)
    for row in crossed:
        assert ((GRID[row] - 1e-6 <= zeros) & (zeros <= GRID[row + 1] + 1e-6)).any()


@given(COMBOS)
def test_every_combo_s_name_reads_back(combo: Combo) -> None:
    assert combo_of(combo.symbol, KNOWN) == combo
