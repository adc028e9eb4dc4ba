"""The record of a compiled run: its tables as one, and the curves they make."""

from __future__ import annotations

__all__ = ["record_of", "tables_of"]

from collections.abc import Sequence

import numpy as np

from framework.backtest.account import foreign_rates, open_actions
from framework.backtest.cast import Cast
from framework.backtest.kernel import expand
from framework.backtest.layout import (
    AT,
    AVERAGE,
    FEE,
    FILL,
    FILLED,
    HELD,
    LANE,
    LAST,
    NOTES,
    ORDERS,
    PAID,
    PARENT,
    R_AT,
    R_LANE,
    R_WHY,
    REASON,
    SIDE,
    TRIPPED,
    Books,
)
from framework.backtest.record import COMPILED, RunRecord
from framework.backtest.run_tables import RunTables
from framework.backtest.scalar_form import Costs
from framework.backtest.warnings import run_warnings
from framework.compiled import compiled
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
    cash, quantities, equity = _curves(cast, tables)
    return RunRecord(
        bars=cast.bars,
        instants=cast.timeline.instants,
        session=cast.timeline.session,
        rows=cast.timeline.rows,
        start=cast.first,
        stop=done,
        opening_cash=cast.settings.cash,
        cash=cash,
        quantities=quantities,
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
        warnings=run_warnings(cast, cash[:done], bool(len(tables.orders) or len(tables.refusals))),
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
        refusals=merged[~tripped],
        trips=merged[tripped],
        breakers=cast.settings.breakers,
    )


def _merged(books: Sequence[Books]) -> tuple[FloatArray, IntArray]:
    """The orders of all groups as they left, and the rows that traded as they did."""
    tables = [one.orders[: int(one.account[ORDERS])] for one in books]
    if len(books) == 1:
        orders = tables[0]
        traded = np.flatnonzero(orders[:, FILL] >= 0.0)
        return orders, traded[np.argsort(orders[traded, FILL], kind="stable")]
    offset = 0
    for lane, table in enumerate(tables):
        table[:, LANE] = lane
        for column in (PARENT, REASON):
            table[:, column] += np.where(table[:, column] >= 0.0, offset, 0.0)
        offset += len(table)
    orders = np.concatenate(tables)
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


def _curves(cast: Cast, tables: RunTables) -> tuple[FloatArray, dict[str, FloatArray], FloatArray]:
    """Cash, units by symbol and equity after every instant."""
    rows = tables.orders[tables.filled]
    run = compiled(expand)
    quantities: dict[str, FloatArray] = {}
    values: list[FloatArray] = []
    total: FloatArray | None = None
    for lane, (player, bars) in enumerate(zip(cast.players, cast.bars, strict=True)):
        mine = rows if len(cast.bars) == 1 else rows[rows[:, LANE] == lane]
        cash, held, value = (np.empty(len(bars)) for _ in range(3))
        run(
            np.ascontiguousarray(bars.close),
            mine[:, LAST].astype(np.int64),
            mine[:, SIDE] * mine[:, FILLED],
            np.ascontiguousarray(mine[:, PAID]),
            np.ascontiguousarray(mine[:, FEE]),
            cash,
            held,
            value,
            player.cash,
            bars.instrument.multiplier,
        )
        total = cash if total is None else total + cash
        quantities[bars.symbol] = held
        values.append(value)
    assert total is not None
    if len(values) == 1 and cast.spare_cash == 0.0:
        return total, quantities, np.add(values[0], total, out=values[0])
    total = cast.spare_cash + total
    first = int(tables.orders[0, AT]) if len(tables.orders) else len(total)
    total[:first] = cast.settings.cash
    equity = total.copy()
    for value in values:
        equity += value
    return total, quantities, equity
