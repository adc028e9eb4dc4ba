"""Reference: every workload as one bare loop that can be read, run, and compiled as it stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
    Prices,
    Task,
    days_of,
)

Answer = tuple[int, float]
"""Round trips closed, and final equity: cash and what is held at the last close."""


def answers(task: Task, prices: Prices) -> list[Answer]:
    """Trades and final equity of a task: one answer, or one per pair of periods."""
    if task.workload == "panel":
        return [panel(prices.open, prices.close, *task.pairs[0])]
    if task.workload == "bracket":
        return [bracket(prices.open, prices.high, prices.low, prices.close)]
    if task.workload == "portfolio":
        return [portfolio(prices.open, prices.close, days_of(task))]
    return [sma(prices.open, prices.close, fast, slow) for fast, slow in task.pairs]


def sma(opens: Array, closes: Array, fast: int, slow: int) -> Answer:
    """Two moving averages and a fixed size, on one instrument."""
    cash = CASH
    held = wanted = fast_sum = slow_sum = 0.0
    trades = 0
    for t in range(len(closes)):
        if wanted != 0.0:
            value = wanted * opens[t]
            cash -= value + abs(value) * FEE
            held += wanted
            wanted = 0.0
            if held == 0.0:
                trades += 1
        fast_sum += closes[t]
        slow_sum += closes[t]
        if t >= fast:
            fast_sum -= closes[t - fast]
        if t >= slow:
            slow_sum -= closes[t - slow]
        if t >= slow - 1:
            gap = fast_sum / fast - slow_sum / slow
            if held == 0.0 and gap > EPSILON:
                wanted = SIZE
            elif held > 0.0 and gap < -EPSILON:
                wanted = -SIZE
    return trades, cash + held * closes[-1]


def panel(opens: Array, closes: Array, fast: int, slow: int) -> Answer:
    """The same on every column, bar by bar, from one purse."""
    count, columns = closes.shape
    cash = CASH
    held, wanted = np.zeros(columns), np.zeros(columns)
    fast_sum, slow_sum = np.zeros(columns), np.zeros(columns)
    trades = 0
    for t in range(count):
        for j in range(columns):
            if wanted[j] != 0.0:
                value = wanted[j] * opens[t, j]
                cash -= value + abs(value) * FEE
                held[j] += wanted[j]
                wanted[j] = 0.0
                if held[j] == 0.0:
                    trades += 1
            fast_sum[j] += closes[t, j]
            slow_sum[j] += closes[t, j]
            if t >= fast:
                fast_sum[j] -= closes[t - fast, j]
            if t >= slow:
                slow_sum[j] -= closes[t - slow, j]
            if t >= slow - 1:
                gap = fast_sum[j] / fast - slow_sum[j] / slow
                if held[j] == 0.0 and gap > EPSILON:
                    wanted[j] = SIZE
                elif held[j] > 0.0 and gap < -EPSILON:
                    wanted[j] = -SIZE
    equity = cash
    for j in range(columns):
        equity += held[j] * closes[-1, j]
    return trades, equity


def bracket(opens: Array, highs: Array, lows: Array, closes: Array) -> Answer:
    """Always in, behind a stop and before a target."""
    cash = CASH
    held = stop = target = 0.0
    entering = False
    trades = 0
    for t in range(len(closes)):
        if entering:
            cash -= SIZE * opens[t] * (1.0 + FEE)
            held = SIZE
            entering = False
        if held > 0.0:
            price = 0.0
            if opens[t] <= stop or opens[t] >= target:
                price = opens[t]
            elif lows[t] <= stop:
                price = stop
            elif highs[t] >= target:
                price = target
            if price > 0.0:
                cash += SIZE * price * (1.0 - FEE)
                held = 0.0
                trades += 1
        if held == 0.0 and t > 0:
            entering = True
            stop = np.round(closes[t] * (1.0 - STOP), 2)
            target = np.round(closes[t] * (1.0 + TARGET), 2)
    return trades, cash + held * closes[-1]


def portfolio(opens: Array, closes: Array, days: NDArray[np.int64]) -> Answer:
    """Crossing averages, sizes in percent, costs in percent, a position and a loss limit."""
    count, columns = closes.shape
    cash = equity = opening = CASH
    held, wanted, side = np.zeros(columns), np.zeros(columns), np.zeros(columns)
    fast_sum, slow_sum = np.zeros(columns), np.zeros(columns)
    halted = False
    trades = 0
    for t in range(count):
        if t > 0 and days[t] != days[t - 1]:
            halted, opening = False, equity
        for j in range(columns):
            if wanted[j] != 0.0:
                slip = SLIPPAGE if wanted[j] > 0.0 else -SLIPPAGE
                value = wanted[j] * opens[t, j] * (1.0 + slip)
                cash -= value + abs(value) * PORTFOLIO_FEE
                held[j] += wanted[j]
                wanted[j] = 0.0
                if held[j] == 0.0:
                    trades += 1
        equity = cash
        for j in range(columns):
            equity += held[j] * closes[t, j]
        trips = not halted and opening - equity >= opening * DAILY_LOSS
        halted = halted or trips
        for j in range(columns):
            fast_sum[j] += closes[t, j]
            slow_sum[j] += closes[t, j]
            if t >= PORTFOLIO_FAST:
                fast_sum[j] -= closes[t - PORTFOLIO_FAST, j]
            if t >= PORTFOLIO_SLOW:
                slow_sum[j] -= closes[t - PORTFOLIO_SLOW, j]
            if halted:
                wanted[j] = -held[j]
            if t < PORTFOLIO_SLOW - 1:
                continue
            fast, slow = fast_sum[j] / PORTFOLIO_FAST, slow_sum[j] / PORTFOLIO_SLOW
            if abs(fast - slow) <= TIE * max(fast, slow):
                continue
            now = 1.0 if fast > slow else -1.0
            crossed = now * side[j] < 0.0
            side[j] = now
            if crossed and not halted and now > 0.0 and held[j] == 0.0:
                wanted[j] = np.floor(min(SHARE, MOST) * equity / closes[t, j])
            elif crossed and now < 0.0:
                wanted[j] = -held[j]
    return trades, equity
