"""Metrics against an independent library on any returns, and at their edges."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isnan, nan

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.research import metrics as m

daily = st.one_of(st.just(nan), st.floats(-0.2, 0.2).map(lambda x: round(x, 6)))
pairs = st.lists(st.tuples(daily, daily), min_size=0, max_size=60)


def columns(rows: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(rows, dtype=float).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()


ONE_SERIES: list[tuple[Callable[..., float], Callable[..., float]]] = [
    (m.annual_return, empyrical.annual_return),
    (m.annual_volatility, empyrical.annual_volatility),
    (m.max_drawdown, empyrical.max_drawdown),
    (m.sharpe, empyrical.sharpe_ratio),
    (m.calmar, empyrical.calmar_ratio),
    (m.downside_risk, empyrical.downside_risk),
    (m.sortino, empyrical.sortino_ratio),
    (m.omega, empyrical.omega_ratio),
    (m.total_return, empyrical.cum_returns_final),
    (m.conditional_value_at_risk, empyrical.conditional_value_at_risk),
]
TWO_SERIES: list[tuple[Callable[..., float], Callable[..., float]]] = [
    (m.beta, empyrical.beta_aligned),
    (m.alpha, empyrical.alpha_aligned),
    (m.information_ratio, empyrical.excess_sharpe),
]


def agree(mine: float, theirs: float) -> bool:
    return mine == pytest.approx(theirs, rel=1e-7, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(("mine", "theirs"), ONE_SERIES, ids=lambda f: f.__name__)
@pytest.mark.filterwarnings("ignore::RuntimeWarning:numpy", "ignore::RuntimeWarning:empyrical")
@given(rows=pairs)
def test_same_as_empyrical(mine, theirs, rows) -> None:
    returns, _ = columns(rows)
    assert agree(mine(returns), float(theirs(returns)))


@pytest.mark.parametrize(("mine", "theirs"), TWO_SERIES, ids=lambda f: f.__name__)
@pytest.mark.filterwarnings("ignore::RuntimeWarning:numpy", "ignore::RuntimeWarning:empyrical")
@given(rows=pairs)
def test_same_as_empyrical_against_a_benchmark(mine, theirs, rows) -> None:
    returns, benchmark = columns(rows)
    assert agree(mine(returns, benchmark), float(theirs(returns, benchmark)))


full = st.lists(st.tuples(daily, daily), min_size=3, max_size=60)


@pytest.mark.filterwarnings("ignore::RuntimeWarning:numpy", "ignore::RuntimeWarning:empyrical")
@given(rows=full, rate=st.floats(-0.01, 0.01), periods=st.sampled_from([12, 52, 252, 365]))
def test_rates_and_periods_mean_the_same(rows, rate, periods) -> None:
    returns, market = columns(rows)
    for mine, theirs in (
        (m.sharpe(returns, rate, periods), empyrical.sharpe_ratio(returns, rate, None, periods)),
        (m.sortino(returns, rate, periods), empyrical.sortino_ratio(returns, rate, None, periods)),
        (
            m.omega(returns, rate, 0.05, periods),
            empyrical.omega_ratio(returns, rate, 0.05, periods),
        ),
        (
            m.alpha(returns, market, rate, periods),
            empyrical.alpha_aligned(returns, market, rate, None, periods),
        ),
    ):
        assert agree(mine, float(theirs))


@pytest.mark.filterwarnings("ignore::RuntimeWarning:numpy", "ignore::RuntimeWarning:empyrical")
@given(rows=full)
def test_same_as_empyrical_where_returns_are_complete(rows) -> None:
    returns, market = (np.nan_to_num(column) for column in columns(rows))
    if np.ptp(returns) > 0:
        assert agree(m.stability(returns), float(empyrical.stability_of_timeseries(returns)))
    if np.percentile(returns, 5) != 0:
        assert agree(m.tail_ratio(returns), float(empyrical.tail_ratio(returns)))
    assert agree(m.value_at_risk(returns), float(empyrical.value_at_risk(returns)))
    for mine, theirs, side in (
        (m.up_capture, empyrical.up_capture, market > 0),
        (m.down_capture, empyrical.down_capture, market < 0),
    ):
        if side.any():
            assert agree(mine(returns, market), float(theirs(returns, market)))


GAINS = np.array([0.01, 0.02, 0.01])
FLAT = np.array([0.0, 0.0, 0.0])
STEADY = np.array([0.01, 0.01, 0.01])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (m.sharpe(FLAT), nan),
        (m.sharpe(STEADY), inf),
        (m.sharpe(-STEADY), -inf),
        (m.sharpe(GAINS[:1]), nan),
        (m.sortino(GAINS), inf),
        (m.sortino(FLAT), nan),
        (m.calmar(GAINS), nan),
        (m.omega(GAINS), nan),
        (m.omega(GAINS, required=-1.0), nan),
        (m.max_drawdown(GAINS), 0.0),
        (m.max_drawdown(np.array([-0.1, 0.05])), -0.1),
        (m.max_drawdown(np.array([-1.0, 0.5])), -1.0),
        (m.annual_return(np.array([-1.0])), -1.0),
        (m.annual_return(np.array([-1.5])), nan),
        (m.beta(GAINS, FLAT), nan),
        (m.alpha(GAINS[:1], GAINS[:1]), nan),
        (m.stability(FLAT), nan),
        (m.stability(np.array([nan, 0.1])), nan),
        (m.stability(STEADY), 1.0),
        (m.tail_ratio(np.array([nan])), nan),
        (m.value_at_risk(np.array([nan])), nan),
        (m.conditional_value_at_risk(np.array([nan])), nan),
    ],
)
def test_edges_are_nan_or_a_limit_and_never_a_warning(found: float, expected: float) -> None:
    assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("metric", [pair[0] for pair in ONE_SERIES], ids=lambda f: f.__name__)
def test_no_returns_is_nan(metric: Callable[..., float]) -> None:
    assert isnan(metric(np.empty(0)))


def test_curves() -> None:
    values = np.array([100.0, 120.0, 90.0, 120.0, 130.0])
    assert m.drawdowns(values) == pytest.approx([0.0, 0.0, -0.25, 0.0, 0.0])
    assert m.simple_returns(values) == pytest.approx([0.2, -0.25, 1 / 3, 1 / 12])
    assert m.cumulative_returns(m.simple_returns(values))[-1] == pytest.approx(0.3)
    assert len(m.simple_returns(np.empty(0))) == len(m.drawdowns(np.empty(0))) == 0
    assert np.isnan(m.simple_returns(np.array([0.0, 1.0]))).all()
    assert np.isnan(m.drawdowns(np.array([-1.0]))).all()
