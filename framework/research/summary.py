"""The figures of a run: performance, activity and costs, from its curve and its trades."""

from __future__ import annotations

__all__ = [
    "Activity",
    "Market",
    "Measure",
    "Performance",
    "Summary",
    "Tally",
    "Unit",
    "instants_held",
    "market_of",
    "measures",
    "performance_of",
    "summarise",
    "summary_of",
    "tally_of",
]

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np

from framework.backtest.layout import FILLED_WHOLE, R_WHY, STATUS, TOUCH
from framework.backtest.record import RunRecord
from framework.backtest.run_tables import RunTables, rule_of
from framework.domain.bars import FloatArray
from framework.domain.events import CashFlowKind
from framework.domain.orders import DONE, Origin
from framework.research.curves import buy_and_hold, span
from framework.research.figures import Activity, Measure, Performance, Summary, Unit, measures
from framework.research.fills import FillColumns, fill_columns
from framework.research.metrics import TRADING_DAYS, annualised, ratio
from framework.research.scan import CurveScan, Timeline, scan_curve, timeline_of
from framework.research.table import Marks, TradeTable, marks_of, trade_table
from framework.research.totals import Totals, totals_of
from framework.research.trades import Trade, Trades


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """What the figures of every run over the same bars share: worked out once.

    Attributes:
        timeline: the instants.
        marks: the symbols as the runs leave them.
        hold: the buy-and-hold curve, shape (N,).
        buy_and_hold: its figures.
    """

    timeline: Timeline
    marks: Marks
    hold: FloatArray
    buy_and_hold: Performance


@dataclass(frozen=True, slots=True)
class Tally:
    """What of a run is counted, not worked out.

    Attributes:
        held: instants at whose end something was held.
        working_orders: orders still working when the data ended.
        refused: orders refused, by rule, most frequent first.
        touch_fills: limits filled at a price the bar only just touched.
        breakers_tripped: how often a breaker tripped.
        income: money that moved without a trade, by kind.
        margin_calls: orders the broker sent because of the margin.
    """

    held: int
    working_orders: int = 0
    refused: tuple[tuple[str, int], ...] = ()
    touch_fills: int = 0
    breakers_tripped: int = 0
    income: tuple[tuple[str, float], ...] = ()
    margin_calls: int = 0


def market_of(record: RunRecord, risk_free: float = 0.0, periods: float = TRADING_DAYS) -> Market:
    """What all runs share that have the bars, start, stop and opening cash of one run.

    Args:
        record: the run.
        risk_free: annual risk-free rate, 0.02 is two percent.
        periods: sessions in a year.
    """
    return _market(record, buy_and_hold(record), risk_free, periods)


def _market(record: RunRecord, hold: FloatArray, risk_free: float, periods: float) -> Market:
    timeline = timeline_of(record, risk_free, periods)
    figures = performance_of(timeline, hold)
    return Market(timeline, marks_of(record), hold, figures)


def summary_of(market: Market, fills: FillColumns, equity: FloatArray, tally: Tally) -> Summary:
    """The figures of a run known by its columns.

    Args:
        market: what it shares with other runs; no splits were booked in it.
        fills: its executions.
        equity: its account after each instant, shape (N,), contiguous.
        tally: what else happened.
    """
    return _summary(market, trade_table(fills, market.marks), fills, equity, tally)


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
    market = _market(record, hold, risk_free, periods)
    equity = np.ascontiguousarray(record.equity[span(record)])
    if isinstance(trades, Trades):
        return _summary(market, trades.table, trades.fills, equity, tally_of(record))
    return _summary(market, trades, fill_columns(record), equity, tally_of(record))


def _summary(
    market: Market,
    trades: TradeTable | Sequence[Trade],
    fills: FillColumns,
    equity: FloatArray,
    tally: Tally,
) -> Summary:
    scan = scan_curve(market.timeline, equity)
    totals = totals_of(trades, fills, market.marks.multiplier)
    return Summary(
        strategy=_performance(market.timeline, equity, scan),
        buy_and_hold=market.buy_and_hold,
        activity=_activity(market.timeline, len(trades), totals, scan.average, tally),
        refused=tally.refused,
        income=tally.income,
        margin_calls=tally.margin_calls,
    )


def performance_of(timeline: Timeline, curve: FloatArray) -> Performance:
    """How a curve did.

    Args:
        timeline: its instants.
        curve: value of the account at each, shape (N,), contiguous.
    """
    return _performance(timeline, curve, scan_curve(timeline, curve))


def _performance(timeline: Timeline, curve: FloatArray, scan: CurveScan) -> Performance:
    final = float(curve[-1]) if len(curve) else timeline.opening
    growth = final / timeline.opening - 1.0
    annual = annualised(growth, timeline.years)
    periods, yearly = timeline.periods, sqrt(timeline.periods)
    risk = sqrt(scan.shortfall * periods)
    sortino = ratio(scan.excess * periods, risk) if len(timeline.ends) > 1 else nan
    return Performance(
        final_equity=final,
        total_return=growth,
        annual_return=_known(annual),
        volatility=_known(scan.deviation * yearly),
        sharpe=_known(ratio(scan.excess, scan.excess_deviation) * yearly),
        sortino=_known(sortino),
        calmar=_known(annual / -scan.depth) if scan.depth < 0.0 else nan,
        max_drawdown=scan.depth,
        drawdown_days=scan.days,
        drawdown_bars=scan.bars,
        longest_drawdown_days=scan.longest_days,
    )


def _activity(
    timeline: Timeline, trades: int, totals: Totals, average_equity: float, tally: Tally
) -> Activity:
    closed, losses = totals.closed, -totals.losses
    return Activity(
        exposure=_part(tally.held, len(timeline.times)),
        trades=int(closed),
        win_rate=_part(totals.wins, closed),
        profit_factor=totals.profits / losses if losses > 0.0 else nan,
        expectancy=_part(totals.net, closed),
        average_trade=_part(totals.growth, closed),
        best_trade=_known(totals.best),
        worst_trade=_known(totals.worst),
        average_r=_part(totals.multiples, totals.stopped),
        average_bars=_part(totals.bars, closed),
        commission=totals.commission,
        slippage=totals.slippage,
        turnover=_turnover(totals.traded, average_equity, timeline.years),
        open_trades=trades - int(closed),
        working_orders=tally.working_orders,
        refused_orders=sum(count for _, count in tally.refused),
        touch_fills=tally.touch_fills,
        breakers_tripped=tally.breakers_tripped,
    )


def _turnover(traded: float, average: float, years: float) -> float:
    """Value traded a year, in average equities."""
    return traded / average / years if years > 0.0 and average > 0.0 else nan


def _part(amount: float, count: float) -> float:
    return amount / count if count else nan


def _known(value: float) -> float:
    return value if isfinite(value) else nan


def tally_of(record: RunRecord) -> Tally:
    """What of a run is counted."""
    cut = span(record)
    held = instants_held([quantity[cut] for quantity in record.quantities.values()])
    if record.tables is not None:
        return _tally_in(record.tables, held)
    refused = Counter(refusal.rule for refusal in record.refused)
    return Tally(
        held=held,
        working_orders=sum(order.status not in DONE for order in record.orders),
        refused=tuple(sorted(refused.items(), key=lambda item: (-item[1], item[0]))),
        touch_fills=sum(fill.touch for fill in record.fills),
        breakers_tripped=len(record.trips),
        income=_income(record),
        margin_calls=sum(one.order.origin is Origin.LIQUIDATION for one in record.orders),
    )


def _tally_in(tables: RunTables, held: int) -> Tally:
    """What of a compiled run is counted."""
    status = tables.orders[:, STATUS]
    refused = Counter(rule_of(why) for why in tables.refusals[:, R_WHY].tolist())
    return Tally(
        held=held,
        working_orders=int(np.count_nonzero(status < FILLED_WHOLE)),
        refused=tuple(sorted(refused.items(), key=lambda item: (-item[1], item[0]))),
        touch_fills=int(np.count_nonzero(tables.orders[tables.filled, TOUCH])),
        breakers_tripped=len(tables.trips),
    )


def instants_held(quantities: Iterable[FloatArray]) -> int:
    """At how many instants something was held.

    Args:
        quantities: signed units of each symbol after each instant, each of shape (N,).
    """
    held = [quantity != 0.0 for quantity in quantities]
    return int(np.count_nonzero(np.logical_or.reduce(held))) if held else 0


def _income(record: RunRecord) -> tuple[tuple[str, float], ...]:
    """Money by kind, in the order of the kinds; kinds that never came up are left out."""
    return tuple(
        (kind.value, sum(flow.amount for flow in record.flows if flow.kind is kind))
        for kind in CashFlowKind
        if any(flow.kind is kind for flow in record.flows)
    )
