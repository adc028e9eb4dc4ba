"""vectorbt: signals shifted to the bar that fills them, simulated by Portfolio.from_signals.

Its stops are fractions of the fill price, so they are chosen to come out at the rule's cents (and
1e-9 inside, so that rounding does not lose an exact touch). The portfolio has rules no signal can
say, and goes through from_order_func with compiled callbacks.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import vectorbt as vbt
from numba import njit
from vectorbt.portfolio import nb

from tests.benchmarks.outcome import Outcome, Prepare, Program, Run
from tests.benchmarks.peers.frames import frames, index_of
from tests.benchmarks.workloads import (
    CASH,
    DAILY_LOSS,
    EPSILON,
    FEE,
    MOST,
    PORTFOLIO_FAST,
    PORTFOLIO_FEE,
    PORTFOLIO_SLOW,
    SHARE,
    SIZE,
    SLIPPAGE,
    STOP,
    TARGET,
    TIE,
    Array,
    Task,
    days_of,
    prices_of,
)

warnings.simplefilter("ignore")

_DUST = 1e-9

Simulate = Callable[[], vbt.Portfolio]


def next_bar(signals: Array) -> Array:
    """Signals moved to the bar that fills them."""
    moved = np.zeros_like(signals)
    moved[1:] = signals[:-1]
    return moved


def gaps_of(closes: pd.DataFrame | pd.Series, fast: object, slow: object) -> Array:
    """Difference of two averages, one column per instrument or pair."""
    lines = [vbt.MA.run(closes, window=period).ma.to_numpy() for period in (fast, slow)]
    return lines[0] - lines[1]


def table(task: Task) -> tuple[pd.DataFrame | pd.Series, pd.DataFrame | pd.Series]:
    """Opens and closes."""
    prices, index = prices_of(task), index_of(task)
    make = pd.Series if prices.open.ndim == 1 else pd.DataFrame
    return make(prices.open, index=index), make(prices.close, index=index)


def averages(task: Task) -> Simulate:
    """One instrument, or many from one purse, or one with many pairs of periods."""
    opens, closes = table(task)
    fast, slow = task.pairs[0]
    if task.workload == "sweep":
        fast, slow = ([pair[side] for pair in task.pairs] for side in (0, 1))
    shared = {"cash_sharing": True, "group_by": True} if task.instruments > 1 else {}

    def run() -> vbt.Portfolio:
        gaps = gaps_of(closes, fast, slow)
        return vbt.Portfolio.from_signals(
            closes,
            entries=next_bar(gaps > EPSILON),
            exits=next_bar(gaps < -EPSILON),
            price=opens,
            size=SIZE,
            fees=FEE,
            init_cash=CASH,
            freq="1D" if task.daily else "1min",
            **shared,
        )

    return run


def bracket(task: Task) -> Simulate:
    """Stop and target."""
    frame = frames(task)[0]

    def run() -> vbt.Portfolio:
        opens, closes = frame["open"].to_numpy(), frame["close"].to_numpy()
        stops, targets = np.round(closes * (1.0 - STOP), 2), np.round(closes * (1.0 + TARGET), 2)
        entries = np.ones(len(closes), dtype=bool)
        entries[:2] = False
        below, above = np.full(len(closes), STOP), np.full(len(closes), TARGET)
        below[1:] = 1.0 - (stops[:-1] + _DUST) / opens[1:]
        above[1:] = (targets[:-1] - _DUST) / opens[1:] - 1.0
        return vbt.Portfolio.from_signals(
            frame["close"],
            entries=entries,
            exits=False,
            price=frame["open"],
            open=frame["open"],
            high=frame["high"],
            low=frame["low"],
            sl_stop=below,
            tp_stop=above,
            stop_entry_price="fillprice",
            size=SIZE,
            fees=FEE,
            init_cash=CASH,
            freq="1min",
        )

    return run


@njit(cache=True)
def _crossings(gaps: Array, level: Array) -> Array:
    """+1 where a gap turns above, -1 where it turns below; ties change nothing."""
    found = np.zeros(gaps.shape)
    for column in range(gaps.shape[1]):
        side = 0.0
        for row in range(gaps.shape[0]):
            gap = gaps[row, column]
            if np.isnan(gap) or abs(gap) <= TIE * level[row, column]:
                continue
            now = 1.0 if gap > 0.0 else -1.0
            if now * side < 0.0:
                found[row, column] = now
            side = now
    return found


@njit(cache=True)
def _before_bar(
    context: nb.SegmentContext,
    opens: Array,
    days: Array,
    crossings: Array,
    state: Array,
    wanted: Array,
) -> tuple[Array, Array]:
    """What was decided at the close before: `state` is (opening equity, halted, equity)."""
    wanted[:] = 0.0
    if context.i == 0:
        return opens, wanted
    row = context.i - 1
    held = context.last_position
    equity = context.last_cash[context.group]
    for column in range(len(held)):
        equity += held[column] * context.close[row, column]
    if row > 0 and days[row] != days[row - 1]:
        state[0], state[1] = state[2], 0.0
    state[2] = equity
    if state[1] == 0.0 and state[0] - equity >= state[0] * DAILY_LOSS:
        state[1] = 1.0
    for column in range(len(held)):
        crossing = crossings[row, column]
        if state[1] > 0.0 or crossing < 0.0:
            wanted[column] = -held[column]
        elif crossing > 0.0 and held[column] == 0.0:
            money = min(SHARE, MOST) * equity
            wanted[column] = np.floor(money / context.close[row, column])
    return opens, wanted


@njit(cache=True)
def _order(context: nb.OrderContext, opens: Array, wanted: Array) -> nb.Order:
    return nb.order_nb(
        size=wanted[context.col],
        price=opens[context.i, context.col],
        fees=PORTFOLIO_FEE,
        slippage=SLIPPAGE,
    )


def portfolio(task: Task) -> Simulate:
    """Five instruments with limits."""
    opens, closes = table(task)
    days = days_of(task)

    def run() -> vbt.Portfolio:
        gaps = gaps_of(closes, PORTFOLIO_FAST, PORTFOLIO_SLOW)
        crossings = _crossings(gaps, closes.to_numpy())
        state = np.array([CASH, 0.0, CASH])
        return vbt.Portfolio.from_order_func(
            closes,
            _order,
            pre_segment_func_nb=_before_bar,
            pre_segment_args=(opens.to_numpy(), days, crossings, state, np.zeros(5)),
            init_cash=CASH,
            cash_sharing=True,
            group_by=True,
            freq="1min",
        )

    return run


def whole(simulate: Callable[[Task], Simulate]) -> Prepare:
    """Trades, the equity curve and its end."""

    def prepare(task: Task) -> Run:
        run = simulate(task)

        def start() -> Outcome:
            found = run()
            closed = np.atleast_1d(found.trades.closed.count())
            equity = np.asarray(found.value())
            return Outcome(
                [int(one) for one in closed], (np.atleast_1d(equity[-1]) - CASH).tolist()
            )

        return start

    return prepare


def end_only(simulate: Callable[[Task], Simulate]) -> Prepare:
    """Final equity and nothing else."""

    def prepare(task: Task) -> Run:
        run = simulate(task)
        return lambda: Outcome([], (np.atleast_1d(run().final_value()) - CASH).tolist())

    return prepare


_SIMULATIONS = {
    "sma": averages,
    "panel": averages,
    "sweep": averages,
    "bracket": bracket,
    "portfolio": portfolio,
}

PROGRAM = Program(
    vbt.__version__,
    {name: whole(simulate) for name, simulate in _SIMULATIONS.items()},
    least={name: end_only(simulate) for name, simulate in _SIMULATIONS.items()},
    compiles=True,
)
