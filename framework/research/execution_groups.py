"""Groups of executions: what trading cost by type of order, by symbol and by hour."""

from __future__ import annotations

__all__ = ["CostLine", "by_hour", "by_kind", "by_symbol", "cost_line"]

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from framework.calendar import TradingCalendar
from framework.research.executions import FilledOrder

_SECOND = 1_000_000_000
Zones = Callable[[str], str]
"""Name of the calendar a symbol trades by."""


@dataclass(frozen=True, slots=True)
class CostLine:
    """What a group of orders cost. Money is the account's; basis points are of `traded`, each order
    weighing what it traded; the quantiles are over orders, each weighing the same.

    Attributes:
        name: of the group.
        orders: how many.
        traded: money at the prices of the decisions.
        delay, execution, fees, shortfall: money lost.
        delay_bps, execution_bps, fees_bps, shortfall_bps: the same in basis points.
        median_bps, upper_bps: median and 90 % quantile of the orders' execution.
        ticks: mean of the orders' execution, ticks a unit.
    """

    name: str
    orders: int
    traded: float
    delay: float
    execution: float
    fees: float
    shortfall: float
    delay_bps: float
    execution_bps: float
    fees_bps: float
    shortfall_bps: float
    median_bps: float
    upper_bps: float
    ticks: float


def cost_line(name: str, orders: Sequence[FilledOrder]) -> CostLine:
    """The line of a group of at least one order."""
    traded = sum(one.traded for one in orders)
    delay, execution = sum(one.delay for one in orders), sum(one.execution for one in orders)
    fees, shortfall = sum(one.fees for one in orders), sum(one.shortfall for one in orders)
    points = 10_000.0 / traded if traded > 0.0 else 0.0
    each = [one.basis_points(one.execution) for one in orders]
    median, upper = np.quantile(each, [0.5, 0.9]).tolist()
    return CostLine(
        name=name,
        orders=len(orders),
        traded=traded,
        delay=delay,
        execution=execution,
        fees=fees,
        shortfall=shortfall,
        delay_bps=points * delay,
        execution_bps=points * execution,
        fees_bps=points * fees,
        shortfall_bps=points * shortfall,
        median_bps=median,
        upper_bps=upper,
        ticks=sum(one.ticks for one in orders) / len(orders),
    )


def by_kind(orders: Sequence[FilledOrder]) -> tuple[CostLine, ...]:
    """By type of order, the most frequent first."""
    return _grouped(orders, lambda one: one.kind, lambda line: (-line.orders, line.name))


def by_symbol(orders: Sequence[FilledOrder]) -> tuple[CostLine, ...]:
    """By symbol, what was traded most first."""
    return _grouped(orders, lambda one: one.symbol, lambda line: (-line.traded, line.name))


def by_hour(orders: Sequence[FilledOrder], calendar: Zones) -> tuple[CostLine, ...]:
    """By the hour of the exchange's own clock in which an order first traded, such as "09:00"; what
    trades at the very end of an hour belongs to it."""
    return _grouped(
        orders, lambda one: _hour(one.time, calendar(one.symbol)), lambda line: line.name
    )


def _hour(time: int, calendar: str) -> str:
    moment = datetime.fromtimestamp((time - 1) // _SECOND, UTC)
    return f"{moment.astimezone(ZoneInfo(TradingCalendar(calendar).tz)):%H}:00"


def _grouped(
    orders: Sequence[FilledOrder],
    key: Callable[[FilledOrder], str],
    place: Callable[[CostLine], tuple[float, str] | str],
) -> tuple[CostLine, ...]:
    groups: dict[str, list[FilledOrder]] = {}
    for one in orders:
        groups.setdefault(key(one), []).append(one)
    lines = [cost_line(name, members) for name, members in groups.items()]
    return tuple(sorted(lines, key=place))
