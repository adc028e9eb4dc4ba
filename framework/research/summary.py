"""The figures of a run: performance, activity and costs, each named and with its unit."""

from __future__ import annotations

__all__ = ["Activity", "Measure", "Performance", "Summary", "Unit", "measures", "summarise"]

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from math import isfinite, nan

import numpy as np
from numpy.typing import NDArray

from framework.backtest.record import RunRecord
from framework.domain.bars import FloatArray
from framework.domain.events import CashFlowKind
from framework.domain.orders import DONE, Origin
from framework.research import metrics
from framework.research.curves import daily_returns, drawdown_curve, span, underwater
from framework.research.trades import Trade


class Unit(StrEnum):
    """What a figure counts."""

    FRACTION = "fraction"
    """0.01 is one percent."""
    RATIO = "ratio"
    MONEY = "money"
    DAYS = "days"
    BARS = "bars"
    COUNT = "count"
    PER_YEAR = "per year"


def _as(label: str, unit: Unit) -> dict[str, str]:
    return {"label": label, "unit": unit.value}


@dataclass(frozen=True, slots=True)
class Performance:
    """How an equity curve did. What cannot be computed is NaN."""

    final_equity: float = field(metadata=_as("Final equity", Unit.MONEY))
    total_return: float = field(metadata=_as("Total return", Unit.FRACTION))
    annual_return: float = field(metadata=_as("Annual return", Unit.FRACTION))
    volatility: float = field(metadata=_as("Annual volatility", Unit.FRACTION))
    sharpe: float = field(metadata=_as("Sharpe ratio", Unit.RATIO))
    sortino: float = field(metadata=_as("Sortino ratio", Unit.RATIO))
    calmar: float = field(metadata=_as("Calmar ratio", Unit.RATIO))
    max_drawdown: float = field(metadata=_as("Max drawdown", Unit.FRACTION))
    drawdown_days: float = field(metadata=_as("  its length, days", Unit.DAYS))
    drawdown_bars: float = field(metadata=_as("  its length, bars", Unit.BARS))
    longest_drawdown_days: float = field(metadata=_as("Longest drawdown, days", Unit.DAYS))


@dataclass(frozen=True, slots=True)
class Activity:
    """What the strategy did and what it cost. Averages are over closed trades."""

    exposure: float = field(metadata=_as("Exposure", Unit.FRACTION))
    trades: int = field(metadata=_as("Closed trades", Unit.COUNT))
    win_rate: float = field(metadata=_as("Win rate", Unit.FRACTION))
    profit_factor: float = field(metadata=_as("Profit factor", Unit.RATIO))
    expectancy: float = field(metadata=_as("Expectancy per trade", Unit.MONEY))
    average_trade: float = field(metadata=_as("Average trade", Unit.FRACTION))
    best_trade: float = field(metadata=_as("Best trade", Unit.FRACTION))
    worst_trade: float = field(metadata=_as("Worst trade", Unit.FRACTION))
    average_r: float = field(metadata=_as("Average R multiple", Unit.RATIO))
    average_bars: float = field(metadata=_as("Average bars held", Unit.BARS))
    commission: float = field(metadata=_as("Commission paid", Unit.MONEY))
    slippage: float = field(metadata=_as("Slippage paid", Unit.MONEY))
    turnover: float = field(metadata=_as("Turnover", Unit.PER_YEAR))
    open_trades: int = field(metadata=_as("Open trades", Unit.COUNT))
    working_orders: int = field(metadata=_as("Working orders left", Unit.COUNT))
    refused_orders: int = field(metadata=_as("Refused orders", Unit.COUNT))
    touch_fills: int = field(metadata=_as("Fills on a mere touch", Unit.COUNT))
    breakers_tripped: int = field(metadata=_as("Breakers tripped", Unit.COUNT))


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything a run is judged by.

    Attributes:
        strategy: the account's own curve.
        buy_and_hold: the same figures for holding the symbols in equal parts.
        activity: trades and costs.
        refused: orders refused, by rule, most frequent first.
        income: money that moved without a trade, by kind: > 0 received.
        margin_calls: orders the broker sent because the margin no longer carried the positions.
    """

    strategy: Performance
    buy_and_hold: Performance
    activity: Activity
    refused: tuple[tuple[str, int], ...]
    income: tuple[tuple[str, float], ...] = ()
    margin_calls: int = 0


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure with what is needed to print it."""

    name: str
    label: str
    unit: Unit
    value: float


def measures(group: Performance | Activity) -> tuple[Measure, ...]:
    """The figures of a group in the order they are shown."""
    return tuple(
        Measure(item.name, item.metadata["label"], Unit(item.metadata["unit"]), value)
        for item in fields(group)
        for value in (getattr(group, item.name),)
    )


def summarise(
    record: RunRecord,
    trades: Sequence[Trade],
    hold: FloatArray,
    risk_free: float,
    periods: float,
) -> Summary:
    """The figures of a run.

    Args:
        record: the run.
        trades: its trades.
        hold: the buy-and-hold curve, shape (N,).
        risk_free: annual risk-free rate, 0.02 is two percent.
        periods: sessions in a year.
    """
    equity = record.equity[span(record)]
    refused = Counter(refusal.rule for refusal in record.refused)
    return Summary(
        strategy=_performance(record, equity, risk_free, periods),
        buy_and_hold=_performance(record, hold, risk_free, periods),
        activity=_activity(record, equity, trades, periods),
        refused=tuple(sorted(refused.items(), key=lambda item: (-item[1], item[0]))),
        income=_income(record),
        margin_calls=sum(one.order.origin is Origin.LIQUIDATION for one in record.orders),
    )


def _income(record: RunRecord) -> tuple[tuple[str, float], ...]:
    """Money by kind, in the order of the kinds; kinds that never came up are left out."""
    return tuple(
        (kind.value, sum(flow.amount for flow in record.flows if flow.kind is kind))
        for kind in CashFlowKind
        if any(flow.kind is kind for flow in record.flows)
    )


def _performance(
    record: RunRecord, curve: FloatArray, risk_free: float, periods: float
) -> Performance:
    returns = daily_returns(record, curve)
    final = float(curve[-1]) if len(curve) else record.opening_cash
    total = final / record.opening_cash - 1.0
    annual = metrics.annualised(total, len(returns) / periods)
    daily_rate = (1.0 + risk_free) ** (1.0 / periods) - 1.0
    below = underwater(record.instants[span(record)], drawdown_curve(record, curve))
    return Performance(
        final_equity=final,
        total_return=total,
        annual_return=_known(annual),
        volatility=_known(metrics.annual_volatility(returns, periods)),
        sharpe=_known(metrics.sharpe(returns, daily_rate, periods)),
        sortino=_known(metrics.sortino(returns, daily_rate, periods)),
        calmar=_known(annual / -below.depth) if below.depth < 0.0 else nan,
        max_drawdown=below.depth,
        drawdown_days=below.days,
        drawdown_bars=below.bars,
        longest_drawdown_days=below.longest_days,
    )


def _activity(
    record: RunRecord, equity: FloatArray, trades: Sequence[Trade], periods: float
) -> Activity:
    closed = [trade for trade in trades if not trade.is_open]
    profits = np.array([trade.profit for trade in closed], dtype=np.float64)
    growth = np.array([trade.return_percent / 100.0 for trade in closed], dtype=np.float64)
    multiples = np.array([t.r_multiple for t in closed if t.r_multiple is not None], dtype=float)
    losses = -float(profits[profits < 0.0].sum())
    return Activity(
        exposure=_exposure(record),
        trades=len(closed),
        win_rate=_mean(profits > 0.0),
        profit_factor=float(profits[profits > 0.0].sum()) / losses if losses > 0.0 else nan,
        expectancy=_mean(profits),
        average_trade=_mean(growth),
        best_trade=float(growth.max()) if len(growth) else nan,
        worst_trade=float(growth.min()) if len(growth) else nan,
        average_r=_mean(multiples),
        average_bars=_mean(np.array([trade.bars for trade in closed], dtype=np.float64)),
        commission=sum(commission.amount for commission in record.commissions),
        slippage=sum(trade.slippage for trade in trades),
        turnover=_turnover(record, equity, len(daily_returns(record, equity)) / periods),
        open_trades=len(trades) - len(closed),
        working_orders=sum(order.status not in DONE for order in record.orders),
        refused_orders=len(record.refused),
        touch_fills=sum(fill.touch for fill in record.fills),
        breakers_tripped=len(record.trips),
    )


def _exposure(record: RunRecord) -> float:
    cut = span(record)
    held = np.zeros(cut.stop - cut.start, dtype=bool)
    for quantity in record.quantities.values():
        held |= quantity[cut] != 0.0
    return _mean(held)


def _turnover(record: RunRecord, equity: FloatArray, years: float) -> float:
    """Value traded a year, in average equities."""
    average = float(equity.mean()) if len(equity) else 0.0
    if years <= 0.0 or average <= 0.0:
        return nan
    multiplier = {bars.symbol: bars.instrument.multiplier for bars in record.bars}
    traded = sum(abs(f.quantity) * f.price * multiplier[f.symbol] * f.rate for f in record.fills)
    return traded / average / years


def _mean(values: FloatArray | NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else nan


def _known(value: float) -> float:
    return value if isfinite(value) else nan
