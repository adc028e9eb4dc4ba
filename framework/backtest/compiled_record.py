"""The record of a compiled run: its tables as one, and the curves they make."""

from __future__ import annotations

__all__ = ["record_of", "tables_of"]

from collections.abc import Sequence

import numpy as np

from framework.backtest.account import foreign_rates, open_actions
from framework.backtest.cast import Cast
from framework.backtest.lane_trades import LaneTrades, TradedHoldings
from framework.backtest.layout import (
    AT,
    AVERAGE,
    FILL,
    HELD,
    LANE,
    LAST,
    NOTES,
    ORDERS,
    PARENT,
    R_AT,
    R_LANE,
    R_WHY,
    REASON,
    TRIPPED,
    Books,
)
from framework.backtest.record import COMPILED, Held, Holdings, RunRecord
from framework.backtest.run_tables import RunTables
from framework.backtest.scalar_form import Costs
from framework.backtest.warnings import run_warnings
from framework.domain.bars import FloatArray, IntArray
from framework.domain.ledger import Position


def record_of(
    cast: Cast, costs: Costs, books: Sequence[Books], done: int, error: str = ""
) -> RunRecord:
    """What a compiled run left behind.

    Args:
        cast: the run.
        costs: its components as tables.
        books: the tables of each group of lanes, in order.
        done: instants processed.
        error: what cut it short.
    """
    tables = tables_of(cast, books)
    states = np.concatenate([one.lanes for one in books])
    holdings, equity, least = _curves(cast, tables)
    return RunRecord(
        bars=cast.bars,
        timeline=cast.timeline,
        start=cast.first,
        stop=done,
        opening_cash=cast.settings.cash,
        holdings=holdings,
        equity=equity,
        orders=tables.order_records(),
        fills=tables.fills(),
        commissions=tables.commissions(),
        refused=tables.refused(),
        trips=tables.tripped(),
        positions=tuple(
            Position(one.symbol, float(state[HELD]), float(state[AVERAGE]), float(multiplier))
            for one, state, (multiplier, *_) in zip(cast.bars, states, costs.terms, strict=True)
            if state[HELD] != 0.0
        ),
        warnings=run_warnings(cast, least, bool(len(tables.orders) or len(tables.refusals))),
        warmup=cast.warmup,
        error=error,
        actions=open_actions(cast.bars, cast.settings),
        currency=cast.rates.base,
        rates=foreign_rates(cast.bars, cast.rates, cast.timeline.instants),
        tables=tables,
        path=COMPILED,
    )


def tables_of(cast: Cast, books: Sequence[Books]) -> RunTables:
    """The rows of all groups as one run's."""
    orders, filled = _merged(books)
    notes = [one.notes[: int(one.account[NOTES])] for one in books]
    if len(books) > 1:
        for lane, rows in enumerate(notes):
            rows[:, R_LANE] = lane
    merged = np.concatenate(notes)
    if len(books) > 1:
        merged = merged[np.argsort(merged[:, R_AT], kind="stable")]
    tripped = merged[:, R_WHY] == TRIPPED
    return RunTables(
        names=[player.name for player in cast.players],
        bars=cast.bars,
        instants=cast.timeline.instants,
        orders=orders,
        filled=filled,
        traded=orders if _is_in_order(filled, len(orders)) else orders[filled],
        refusals=merged[~tripped],
        trips=merged[tripped],
        breakers=cast.settings.breakers,
    )


def _is_in_order(filled: IntArray, orders: int) -> bool:
    """Whether all orders traded, and as they had left."""
    return len(filled) == orders and bool((filled[1:] > filled[:-1]).all())


def _merged(books: Sequence[Books]) -> tuple[FloatArray, IntArray]:
    """The orders of all groups as they left, and the rows that traded as they did."""
    tables = [one.orders[: int(one.account[ORDERS])] for one in books]
    if len(books) == 1:
        orders = tables[0]
        traded = np.flatnonzero(orders[:, FILL] >= 0.0)
        return orders, traded[np.argsort(orders[traded, FILL], kind="stable")]
    orders = np.concatenate(tables)
    counts = [len(table) for table in tables]
    orders[:, LANE] = np.repeat(np.arange(len(tables)), counts)
    before = np.repeat(np.cumsum([0, *counts[:-1]]), counts)
    for column in (PARENT, REASON):
        orders[:, column] += np.where(orders[:, column] >= 0.0, before, 0.0)
    left = np.argsort(orders[:, AT], kind="stable")
    place = np.empty(len(left))
    place[left] = np.arange(len(left))
    orders = orders[left]
    for column in (PARENT, REASON):
        named = orders[:, column] >= 0.0
        orders[named, column] = place[orders[named, column].astype(np.int64)]
    traded = np.flatnonzero(orders[:, FILL] >= 0.0)
    key = (orders[traded, FILL], orders[traded, LANE], orders[traded, LAST])
    return orders, traded[np.lexsort(key)]


def _curves(cast: Cast, tables: RunTables) -> tuple[Holdings, FloatArray, float]:
    """Holdings and equity after every instant, and the lowest cash ever was, or 0."""
    trades = LaneTrades.of(tables)
    if len(cast.bars) == 1 and cast.spare_cash == 0.0:
        equity, least = trades.worth(cast)
        return TradedHoldings(cast, trades), equity, least
    first = int(tables.orders[0, AT]) if len(tables.orders) else len(cast.timeline.instants)
    held, equity = _all_curves(cast, trades, first)
    return held, equity, float(held.cash.min(initial=0.0))


def _all_curves(cast: Cast, trades: LaneTrades, first: int) -> tuple[Held, FloatArray]:
    """Cash and units after every instant of several lanes, or of one beside other money, and
    equity; `first` is the instant of the first order, before which cash is that of the account."""
    total: FloatArray = np.zeros(0)
    quantities: dict[str, FloatArray] = {}
    values: list[FloatArray] = []
    for lane, bars in enumerate(cast.bars):
        cash, held, value = trades.curves(cast, lane)
        total = total + cash if lane else cash
        quantities[bars.symbol] = held
        values.append(value)
    total = cast.spare_cash + total
    total[:first] = cast.settings.cash
    equity = total.copy()
    for value in values:
        equity += value
    return Held(total, quantities), equity
