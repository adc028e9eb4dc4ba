"""The calibrated slippage: its size, its form, how sure it is, and when it is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.config.parts import slippage_of
from framework.domain.bars import FloatArray
from framework.domain.instruments import Instrument
from framework.domain.orders import Side
from framework.errors import DataError
from framework.research.executions import Arrival, FilledOrder
from framework.research.slippage_fit import FEWEST, SlippageFit, fit_slippage


def order(
    price: float,
    cost: float,
    *,
    side: int = 1,
    tick: float = 0.01,
    units: float = 10.0,
    volume: float = 0.0,
    option: bool = False,
    takes: bool = True,
) -> FilledOrder:
    return FilledOrder(
        "j", "o", "AAA", "market", option, takes, side, units, 1, 2, price, price, Arrival.OPEN,
        price + side * cost, price, tick, volume, 1.0, None, None, 0.0,
    )  # fmt: skip


def _luck(count: int, seed: int) -> FloatArray:
    return np.random.default_rng(seed).uniform(0.0, 1.0, count)


PRICES = (20.0 + 400.0 * _luck(120, 1)).tolist()


def spec(fit: SlippageFit) -> tuple[object, float]:
    return fit.spec["name"], float(str(fit.spec[fit.parameter]))


def test_a_percentage_is_found_on_both_sides() -> None:
    orders = [order(p, 0.0004 * p, side=1 - 2 * (k % 2)) for k, p in enumerate(PRICES)]
    fit = fit_slippage(orders)
    assert spec(fit) == ("percent", 0.04)
    assert (fit.low, fit.high) == (0.04, 0.04)
    assert fit.median == pytest.approx(4.0)


def test_a_fixed_amount_is_found_where_it_is_one() -> None:
    fit = fit_slippage([order(p, 0.03, tick=0.01 * (1 + k % 3)) for k, p in enumerate(PRICES)])
    assert spec(fit) == ("fixed", 0.03)
    assert fit.forms[0].error == pytest.approx(0.0, abs=1e-9)
    assert fit.forms[-1].error > 1.0


def test_ticks_are_found_where_it_is_them() -> None:
    ticks = [0.01, 0.05, 0.25]
    orders = [order(p, 1.5 * ticks[k % 3], tick=ticks[k % 3]) for k, p in enumerate(PRICES)]
    fit = fit_slippage(orders)
    assert fit.spec == {"name": "half_spread", "percent": 0.0, "ticks": 3.0}


def test_impact_is_found_where_it_is_that() -> None:
    shares = _luck(len(PRICES), 2)
    orders = [
        order(p, 0.2 * p * s * s, units=1_000.0 * s, volume=1_000.0)
        for p, s in zip(PRICES, shares.tolist(), strict=True)
    ]
    fit = fit_slippage(orders)
    assert spec(fit) == ("volume_share", 0.2)
    assert float(str(fit.spec["without_volume"])) > 0.0


def test_the_simplest_stays_where_none_is_better() -> None:
    noise = _luck(len(PRICES), 3)
    orders = [order(100.0, 0.1 * n) for n in noise.tolist()]
    assert spec(fit_slippage(orders))[0] == "percent"


def test_what_was_written_costs_what_was_measured() -> None:
    """Each form, given to a backtest, charges what the orders paid."""
    instrument = Instrument("AAA")
    for orders in (
        [order(p, 0.0004 * p) for p in PRICES],
        [order(p, 0.03, tick=0.01 * (1 + k % 3)) for k, p in enumerate(PRICES)],
        [order(p, 0.1 * p * 0.25, units=500.0, volume=1_000.0) for p in PRICES],
    ):
        model = slippage_of(fit_slippage(orders).spec)
        for one in orders:
            at = model.price(instrument, Side(one.side), one.reference, one.units, one.volume)
            assert at == pytest.approx(one.price, rel=1e-6)


def test_a_few_wild_fills_do_not_move_it() -> None:
    orders = [order(p, 0.0004 * p) for p in PRICES]
    wild = [replace(one, price=one.price * 1.2) for one in orders[:20]]
    assert spec(fit_slippage([*wild, *orders[20:]])) == ("percent", 0.04)


def test_a_careful_quantile_costs_more() -> None:
    noise = _luck(len(PRICES), 4).tolist()
    orders = [order(p, 0.0010 * p * n) for p, n in zip(PRICES, noise, strict=True)]
    usual, careful = fit_slippage(orders), fit_slippage(orders, 0.9)
    assert usual.low <= spec(usual)[1] <= usual.high
    assert spec(careful)[1] > 1.5 * spec(usual)[1] > 0.0
    assert 100.0 * spec(careful)[1] == pytest.approx(careful.upper, rel=0.02)
    assert "the 90% quantile" in careful.notes[0]


def test_the_interval_shrinks_with_what_is_known() -> None:
    noise = _luck(4 * len(PRICES), 5).tolist()
    many = [order(100.0, 0.1 * n) for n in noise]
    few = many[: len(PRICES)]
    wide, narrow = (fit.high - fit.low for fit in (fit_slippage(few), fit_slippage(many)))
    assert 0.0 < narrow < wide


def test_only_what_takes_liquidity_counts_and_options_are_apart() -> None:
    orders = [order(p, 0.0004 * p) for p in PRICES]
    others = [order(100.0, -1.0, takes=False), order(2.0, 0.2, option=True)]
    fit = fit_slippage([*orders, *others])
    assert (fit.orders, fit.options_aside) == (len(PRICES), 1)
    assert spec(fit) == ("percent", 0.04)


def test_better_fills_make_it_free_and_not_a_gift() -> None:
    fit = fit_slippage([order(p, -0.0004 * p) for p in PRICES])
    assert spec(fit) == ("percent", 0.0)
    assert any("no component improves a price" in note for note in fit.notes)


def test_few_orders_are_refused() -> None:
    orders = [order(p, 0.0004 * p) for p in PRICES[: FEWEST - 1]]
    with pytest.raises(DataError, match=r"29 orders that take liquidity. Trade until there are 30"):
        fit_slippage(orders)
    fit = fit_slippage(orders, fewest=1)
    assert "Fewer than 30 orders: mistrust it." in fit.notes
    for none in ([], [order(1.0, 0.0, takes=False)]):
        with pytest.raises(DataError, match="from 0 orders"):
            fit_slippage(none, fewest=1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(1.0, 1e4), st.floats(-0.01, 0.02), st.sampled_from([1, -1])),
        min_size=1,
        max_size=40,
    ),
    st.floats(0.0, 1.0),
)
def test_any_orders_give_a_component_that_can_be_built(
    rows: list[tuple[float, float, int]], quantile: float
) -> None:
    orders = [order(p, p * share, side=side) for p, share, side in rows]
    fit = fit_slippage(orders, quantile, fewest=1)
    assert slippage_of(fit.spec).price(Instrument("AAA"), Side.BUY, 50.0, 1.0, 9.0) >= 50.0
    assert 0.0 <= fit.low <= fit.high
