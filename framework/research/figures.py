"""Figures: what a run is judged by, each with its label and its unit."""

from __future__ import annotations

__all__ = ["Activity", "Measure", "Performance", "Summary", "Unit", "measures"]

from dataclasses import dataclass, field, fields
from enum import StrEnum


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
