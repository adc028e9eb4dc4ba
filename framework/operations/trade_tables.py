"""Trade tables: a session's fills and closed trades as typed columns, by the day they happened."""

from __future__ import annotations

__all__ = ["FILLS", "TRADES", "fill_tables", "trade_tables"]

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeVar

import pyarrow as pa

from framework.backtest.record import RunRecord
from framework.calendar import DAY, day_text
from framework.domain.events import Fill
from framework.domain.orders import Side
from framework.research.trades import Trade

T = TypeVar("T")

_TIME = pa.timestamp("ns", tz="UTC")
_TEXT, _NUMBER, _COUNT = pa.string(), pa.float64(), pa.int64()

FILLS = pa.schema(
    [
        ("session", _TEXT),
        ("id", _TEXT),
        ("order", _TEXT),
        ("time", _TIME),
        ("symbol", _TEXT),
        ("side", _TEXT),
        ("quantity", _NUMBER),
        ("price", _NUMBER),
        ("before_slippage", _NUMBER),
        ("slippage", _NUMBER),
        ("commission", _NUMBER),
        ("currency", _TEXT),
        ("rate", _NUMBER),
        ("origin", _TEXT),
    ]
)
"""Columns of fills. `id` and `order` are the journal's; `quantity` is unsigned; prices are in the
instrument's currency, slippage and commission in `currency`, the account's; `rate` is what a unit
of the instrument's is worth in it."""

TRADES = pa.schema(
    [
        ("session", _TEXT),
        ("id", _COUNT),
        ("symbol", _TEXT),
        ("side", _TEXT),
        ("quantity", _NUMBER),
        ("entry_time", _TIME),
        ("entry_price", _NUMBER),
        ("exit_time", _TIME),
        ("exit_price", _NUMBER),
        ("exit_reason", _TEXT),
        ("profit", _NUMBER),
        ("currency", _TEXT),
        ("return_percent", _NUMBER),
        ("r_multiple", _NUMBER),
        ("best_excursion", _NUMBER),
        ("worst_excursion", _NUMBER),
        ("bars", _COUNT),
        ("commission", _NUMBER),
        ("slippage", _NUMBER),
        ("entry_order", _TEXT),
        ("exit_order", _TEXT),
    ]
)
"""Columns of closed trades, each as `Trade` has it; `side` is "long" or "short", `r_multiple` is
null without a protective stop."""


def fill_tables(record: RunRecord, session: str) -> Mapping[str, pa.Table]:
    """Every fill, by the UTC date of its time.

    Args:
        record: what a session has done so far.
        session: its name.
    """
    paid: dict[str, float] = defaultdict(float)
    for fee in record.commissions:
        paid[fee.fill_id] += fee.amount
    multipliers = {bars.symbol: bars.instrument.multiplier for bars in record.all_bars}
    days: dict[str, list[Fill]] = defaultdict(list)
    for fill in record.fills:
        days[_day(fill.time)].append(fill)
    return {
        day: pa.Table.from_pylist(
            [_fill(one, session, record.currency, paid, multipliers) for one in fills], FILLS
        )
        for day, fills in days.items()
    }


def trade_tables(trades: Sequence[Trade], currency: str, session: str) -> Mapping[str, pa.Table]:
    """Every closed trade, by the UTC date of its exit.

    Args:
        trades: of a session, open ones too.
        currency: the account's.
        session: its name.
    """
    days: dict[str, list[Trade]] = defaultdict(list)
    for trade in trades:
        if not trade.is_open:
            days[_day(trade.exit_time)].append(trade)
    return {
        day: pa.Table.from_pylist([_trade(one, session, currency) for one in found], TRADES)
        for day, found in days.items()
    }


def _day(time: int) -> str:
    return day_text(time // DAY)


def _fill(
    fill: Fill,
    session: str,
    currency: str,
    paid: Mapping[str, float],
    multipliers: Mapping[str, float],
) -> dict[str, object]:
    multiplier = multipliers.get(fill.symbol, 1.0)
    lost = (fill.price - fill.reference) * fill.quantity * multiplier * fill.rate
    return {
        "session": session,
        "id": fill.id,
        "order": fill.order.id,
        "time": fill.time,
        "symbol": fill.symbol,
        "side": fill.order.side.name,
        "quantity": abs(fill.quantity),
        "price": fill.price,
        "before_slippage": fill.reference,
        "slippage": lost or 0.0,
        "commission": paid.get(fill.id, 0.0),
        "currency": currency,
        "rate": fill.rate,
        "origin": fill.order.origin.value,
    }


def _trade(trade: Trade, session: str, currency: str) -> dict[str, object]:
    return {
        "session": session,
        "id": trade.id,
        "symbol": trade.symbol,
        "side": "long" if trade.side is Side.BUY else "short",
        "quantity": trade.quantity,
        "entry_time": trade.entry_time,
        "entry_price": trade.entry_price,
        "exit_time": trade.exit_time,
        "exit_price": trade.exit_price,
        "exit_reason": trade.exit_reason,
        "profit": trade.profit,
        "currency": currency,
        "return_percent": trade.return_percent,
        "r_multiple": trade.r_multiple,
        "best_excursion": trade.best_excursion,
        "worst_excursion": trade.worst_excursion,
        "bars": trade.bars,
        "commission": trade.commission,
        "slippage": trade.slippage,
        "entry_order": trade.entry_order,
        "exit_order": trade.exit_order,
    }
