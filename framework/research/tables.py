"""The tables of a run as columns and rows of plain cells, ready to be written."""

from __future__ import annotations

__all__ = ["Cell", "Table", "iso_times", "tables_of"]

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from framework.backtest.record import OrderRecord, RunRecord
from framework.domain.bars import IntArray
from framework.domain.events import CashFlow, Fill, Refused, Split
from framework.domain.orders import Side
from framework.research.attribution import Attribution
from framework.research.curves import drawdown_curve, span
from framework.research.results import Result
from framework.research.terms import terms_text
from framework.research.trades import Trade

Cell = str | float | int | None
"""What a cell holds; None is an empty one."""


@dataclass(frozen=True, slots=True)
class Table:
    """Column names, and the rows, which can be read once."""

    columns: tuple[str, ...]
    rows: Iterable[Sequence[Cell]]


def tables_of(result: Result) -> dict[str, Table]:
    """Every table of a run, by file name."""
    record = result.record
    symbols = [bars.symbol for bars in record.bars]
    quantities = (f"quantity {symbol}" for symbol in symbols)
    trades = Table(_TRADE_COLUMNS, _trade_rows(result.trades))
    orders = Table(_ORDER_COLUMNS, _order_rows(record.orders, record.fills))
    fills = Table(_FILL_COLUMNS, _fill_rows(record))
    if record.strategies:
        trades = _by_strategy(trades, map(result.strategy_of, result.trades))
        orders = _by_strategy(orders, (record.strategy_of(one.order.id) for one in record.orders))
        fills = _by_strategy(fills, (record.strategy_of(one.order.id) for one in record.fills))
    return {
        "trades.csv": trades,
        "orders.csv": orders,
        "fills.csv": fills,
        "refused.csv": Table(_REFUSED_COLUMNS, _refused_rows(record.refused)),
        "flows.csv": Table(_FLOW_COLUMNS, _flow_rows(record.flows, record.splits)),
        "equity.csv": Table(
            ("time", "equity", "cash", "drawdown", *quantities), _equity_rows(result, symbols)
        ),
        "hedge.csv": Table(_HEDGE_COLUMNS, _hedge_rows(record, result.attribution)),
    }


def _by_strategy(table: Table, names: Iterable[str]) -> Table:
    """The table with a column that says whose each row is, of several strategies."""
    rows = ((*row, name) for row, name in zip(table.rows, names, strict=True))
    return Table((*table.columns, "strategy"), rows)


def iso_times(times: IntArray | Sequence[int]) -> list[str]:
    """Nanoseconds UTC as ISO 8601 text, with as many decimals as the column needs."""
    stamps = np.asarray(times, dtype=np.int64)
    whole = not (stamps % 1_000_000_000).any()
    unit = "s" if whole else "ns"
    text = np.datetime_as_string(stamps.view("M8[ns]").astype(f"M8[{unit}]"), timezone="UTC")
    found: list[str] = text.tolist()
    return found


_TRADE_COLUMNS = (
    "id",
    "symbol",
    "side",
    "quantity",
    "entry_time",
    "entry_price",
    "exit_time",
    "exit_price",
    "exit_reason",
    "profit",
    "return_percent",
    "r_multiple",
    "best_excursion",
    "worst_excursion",
    "bars",
    "commission",
    "slippage",
    "entry_order",
    "exit_order",
)


def _trade_rows(trades: Sequence[Trade]) -> Iterable[Sequence[Cell]]:
    entries = iso_times([trade.entry_time for trade in trades])
    exits = iso_times([trade.exit_time for trade in trades])
    for trade, entered, left in zip(trades, entries, exits, strict=True):
        yield (
            trade.id,
            trade.symbol,
            "long" if trade.side is Side.BUY else "short",
            trade.quantity,
            entered,
            trade.entry_price,
            left,
            trade.exit_price,
            trade.exit_reason,
            trade.profit,
            trade.return_percent,
            trade.r_multiple,
            trade.best_excursion,
            trade.worst_excursion,
            trade.bars,
            trade.commission,
            trade.slippage,
            trade.entry_order,
            trade.exit_order,
        )


_ORDER_COLUMNS = (
    "id",
    "symbol",
    "side",
    "quantity",
    "type",
    "limit",
    "stop",
    "trail",
    "tif",
    "terms",
    "origin",
    "parent",
    "decision_time",
    "decision_price",
    "status",
    "reason",
    "filled",
    "remaining",
    "average_price",
    "fill_time",
    "commission",
    "slippage",
)


def _order_rows(orders: Sequence[OrderRecord], fills: Sequence[Fill]) -> Iterable[Sequence[Cell]]:
    filled_at = {fill.order.id: fill.time for fill in fills}
    decided = iso_times([record.order.time for record in orders])
    fill_times = iso_times([filled_at.get(record.order.id, 0) for record in orders])
    for record, decision, filled in zip(orders, decided, fill_times, strict=True):
        order = record.order
        traded = order.id in filled_at
        yield (
            order.id,
            order.symbol,
            order.side.name,
            order.quantity,
            order.type.value,
            order.limit,
            order.stop,
            _distance(record),
            order.tif.value,
            terms_text(order),
            order.origin.value,
            order.parent,
            decision,
            order.decision_price,
            record.status.value,
            record.reason,
            record.filled,
            max(0.0, order.quantity - record.filled),
            record.average_price if traded else None,
            filled if traded else None,
            record.commission,
            record.slippage,
        )


def _distance(record: OrderRecord) -> str | None:
    trail = record.order.trail
    if trail is None:
        return None
    return f"{trail.percent!r}%" if trail.percent is not None else repr(trail.amount)


_FILL_COLUMNS = (
    "id",
    "order",
    "time",
    "symbol",
    "side",
    "quantity",
    "price",
    "before_slippage",
    "slippage",
    "commission",
    "rate",
)


def _fill_rows(record: RunRecord) -> Iterable[Sequence[Cell]]:
    multiplier = {bars.symbol: bars.instrument.multiplier for bars in record.all_bars}
    fees: dict[str, float] = {}
    for fee in record.commissions:
        fees[fee.fill_id] = fees.get(fee.fill_id, 0.0) + fee.amount
    for fill, time in zip(record.fills, iso_times([f.time for f in record.fills]), strict=True):
        lost = (fill.price - fill.reference) * fill.quantity * multiplier[fill.symbol] * fill.rate
        yield (
            fill.id,
            fill.order.id,
            time,
            fill.symbol,
            fill.order.side.name,
            abs(fill.quantity),
            fill.price,
            fill.reference,
            lost or 0.0,
            fees.get(fill.id, 0.0),
            fill.rate if fill.rate != 1.0 else None,
        )


_REFUSED_COLUMNS = ("time", "symbol", "side", "quantity", "price", "rule", "reason", "origin")


def _refused_rows(refused: Sequence[Refused]) -> Iterable[Sequence[Cell]]:
    times = iso_times([refusal.time for refusal in refused])
    for refusal, time in zip(refused, times, strict=True):
        yield (
            time,
            refusal.symbol,
            refusal.side.name,
            refusal.quantity,
            refusal.price,
            refusal.rule,
            refusal.reason,
            refusal.origin.value,
        )


_FLOW_COLUMNS = ("time", "symbol", "kind", "amount", "ratio", "quantity")


def _flow_rows(flows: Sequence[CashFlow], splits: Sequence[Split]) -> Iterable[Sequence[Cell]]:
    """Money that moved without a trade, and splits with what was held after them."""
    events: list[CashFlow | Split] = [*splits, *flows]
    events.sort(key=lambda event: event.time)
    times = iso_times([event.time for event in events])
    for event, time in zip(events, times, strict=True):
        if isinstance(event, Split):
            yield time, event.symbol, "split", None, event.ratio, event.quantity
        else:
            yield time, event.symbol, event.kind.value, event.amount, None, None


def _equity_rows(result: Result, symbols: Sequence[str]) -> Iterable[Sequence[Cell]]:
    record, cut = result.record, span(result.record)
    equity = record.equity[cut]
    return zip(
        iso_times(record.instants[cut]),
        equity.tolist(),
        record.cash[cut].tolist(),
        drawdown_curve(record, equity).tolist(),
        *(record.quantities[symbol][cut].tolist() for symbol in symbols),
        strict=True,
    )


_HEDGE_COLUMNS = (
    "time",
    "underlying",
    "spot",
    "delta",
    "gamma",
    "vega",
    "theta",
    "volatility",
    "options_value",
    "hedge_units",
    "options_pnl",
    "delta_pnl",
    "gamma_pnl",
    "theta_pnl",
    "vega_pnl",
    "residual",
    "options_slippage",
    "options_commission",
    "hedge_pnl",
    "hedge_slippage",
    "hedge_commission",
    "other_pnl",
    "other_slippage",
    "other_commission",
)


def _hedge_rows(record: RunRecord, books: Sequence[Attribution]) -> Iterable[Sequence[Cell]]:
    """Each book at the instants at which it held or made anything."""
    instants = record.instants[span(record)]
    for book in books:
        held, greeks = book.held, book.greeks
        options, hedge, other = book.options, book.hedge, book.other
        columns = (
            book.spot,
            held.delta,
            held.gamma,
            held.vega,
            held.theta,
            held.volatility,
            held.value,
            book.hedge_units,
            options.pnl,
            greeks.delta,
            greeks.gamma,
            greeks.theta,
            greeks.vega,
            greeks.residual,
            options.slippage,
            options.commission,
            hedge.pnl,
            hedge.slippage,
            hedge.commission,
            other.pnl,
            other.slippage,
            other.commission,
        )
        active = book.is_active
        rows = np.stack(columns, axis=1)[active] + 0.0
        for time, row in zip(iso_times(instants[active]), rows.tolist(), strict=True):
            yield (time, book.underlying, *row)
