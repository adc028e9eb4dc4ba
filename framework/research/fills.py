"""Executions of a run as columns of numbers."""

from __future__ import annotations

__all__ = ["FillColumns", "fill_columns"]

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import nan

import numpy as np

from framework.backtest.layout import (
    AT,
    AWAY,
    BY_AMOUNT,
    DISTANCE,
    FEE,
    FILLED,
    FIRST,
    KIND,
    LANE,
    LAST,
    NOTHING,
    PAID,
    PARENT,
    PRICE,
    REFERENCE,
    SIDE,
    STOP_LOSS,
    TRAILING,
)
from framework.backtest.record import OrderRecord, RunRecord
from framework.backtest.run_tables import RunTables
from framework.domain.bars import BoolArray, FloatArray, IntArray
from framework.domain.events import Fill
from framework.domain.orders import Origin


@dataclass(frozen=True, slots=True, eq=False)
class FillColumns:
    """Every execution, in order. All arrays have shape (n,) and are contiguous.

    Attributes:
        orders: how many orders there are; each has a number 0..orders-1.
        order: number of the order that traded.
        parent: number of the order it protects, -1 without one.
        symbol: number of its symbol, in subscription order.
        time: nanoseconds UTC of the close of the bar it happened in.
        row: the first bar of its symbol that closes then or later.
        quantity: signed units, > 0 bought; never 0.
        price: paid, slippage included.
        reference: price before slippage.
        fee: commission in the account's currency.
        rate: units of the account's currency for one of the instrument's.
        waited: whether the order was made at an earlier instant.
        stop: of an order that opens, the price its first protective stop first stood at; NaN
            without one, or where a distance says it.
        stop_amount, stop_percent: that stop's distance from the average entry price; NaN without.
    """

    orders: int
    order: IntArray
    parent: IntArray
    symbol: IntArray
    time: IntArray
    row: IntArray
    quantity: FloatArray
    price: FloatArray
    reference: FloatArray
    fee: FloatArray
    rate: FloatArray
    waited: BoolArray
    stop: FloatArray
    stop_amount: FloatArray
    stop_percent: FloatArray

    def __post_init__(self) -> None:
        columns = (getattr(self, field.name) for field in fields(self) if field.name != "orders")
        lengths = {len(column) for column in columns}
        if len(lengths) > 1:
            raise ValueError(
                f"Columns of fills have {sorted(lengths)} rows. "
                "Give each as many as there are fills."
            )

    def __len__(self) -> int:
        return len(self.order)


def fill_columns(record: RunRecord) -> FillColumns:
    """The executions of a run."""
    if record.tables is not None:
        return _from_tables(record.tables)
    fills = tuple(record.fills)
    orders: dict[str, int] = {}
    order = [orders.setdefault(fill.order.id, len(orders)) for fill in fills]
    numbers = {bars.symbol: number for number, bars in enumerate(record.all_bars)}
    symbol = _integers([numbers[fill.order.symbol] for fill in fills])
    time = _integers([fill.time for fill in fills])
    stops = _stops(record.orders)
    levels = np.array([stops.get(f.order.id, _NO_STOP) for f in fills], dtype=np.float64)
    levels = levels.reshape(-1, 3).T.copy()
    return FillColumns(
        orders=len(orders),
        order=_integers(order),
        parent=_integers([orders.get(fill.order.parent or "", -1) for fill in fills]),
        symbol=symbol,
        time=time,
        row=_rows(record, symbol, time),
        quantity=np.array([fill.quantity for fill in fills], dtype=np.float64),
        price=np.array([fill.price for fill in fills], dtype=np.float64),
        reference=np.array([fill.reference for fill in fills], dtype=np.float64),
        fee=_fees(record, fills),
        rate=np.array([fill.rate for fill in fills], dtype=np.float64),
        waited=np.array([fill.order.time < fill.time for fill in fills], dtype=np.bool_),
        stop=levels[0],
        stop_amount=levels[1],
        stop_percent=levels[2],
    )


def _from_tables(tables: RunTables) -> FillColumns:
    """The executions of a compiled run, of which each order has one at most."""
    rows = tables.traded
    count = len(rows)
    number = np.full(len(tables.orders) + 1, -1, dtype=np.int64)
    number[tables.filled] = np.arange(count)
    at = rows[:, LAST].astype(np.int64)
    stop, amount, percent = _stops_in(tables)
    return FillColumns(
        orders=count,
        order=np.arange(count),
        parent=number[rows[:, PARENT].astype(np.int64)],
        symbol=rows[:, LANE].astype(np.int64),
        time=tables.instants[at],
        row=at,
        quantity=rows[:, SIDE] * rows[:, FILLED],
        price=np.ascontiguousarray(rows[:, PAID]),
        reference=np.ascontiguousarray(rows[:, REFERENCE]),
        fee=np.ascontiguousarray(rows[:, FEE]),
        rate=np.ones(count),
        waited=rows[:, AT] < rows[:, LAST],
        stop=stop,
        stop_amount=amount,
        stop_percent=percent,
    )


def _stops_in(tables: RunTables) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Price, amount and percentage of the first protective stop of each order that traded."""
    orders = tables.orders
    kinds = orders[:, KIND]
    stops = np.flatnonzero((kinds == STOP_LOSS) | (kinds == TRAILING))
    if not len(stops):
        none = np.full(len(tables.filled), nan)
        return none, none, none
    found = np.full((3, len(orders)), nan)
    entries, first = np.unique(orders[stops, PARENT].astype(np.int64), return_index=True)
    children = orders[stops[first]]
    distant = (children[:, KIND] == TRAILING) | (
        (children[:, AWAY] != NOTHING) & (children[:, PRICE] < 0.0)
    )
    by_amount = distant & (children[:, AWAY] == BY_AMOUNT)
    by_share = distant & ~by_amount
    found[0, entries[~distant]] = children[~distant, FIRST]
    found[1, entries[by_amount]] = children[by_amount, DISTANCE]
    found[2, entries[by_share]] = children[by_share, DISTANCE]
    price, amount, percent = (column[tables.filled] for column in found)
    return price, amount, percent


def _integers(values: Sequence[int]) -> IntArray:
    return np.array(values, dtype=np.int64)


def _rows(record: RunRecord, symbol: IntArray, time: IntArray) -> IntArray:
    found = np.zeros(len(time), dtype=np.int64)
    for number, bars in enumerate(record.all_bars):
        mine = symbol == number
        found[mine] = np.searchsorted(bars.close_time, time[mine])
    return found


def _fees(record: RunRecord, fills: Sequence[Fill]) -> FloatArray:
    paid: dict[str, float] = {}
    for commission in record.commissions:
        paid[commission.fill_id] = paid.get(commission.fill_id, 0.0) + commission.amount
    return np.array([paid.get(fill.id, 0.0) for fill in fills], dtype=np.float64)


_Levels = tuple[float, float, float]
_NO_STOP: _Levels = (nan, nan, nan)


def _stops(orders: Sequence[OrderRecord]) -> dict[str, _Levels]:
    """Where the first protective stop of each entry first stood, by the entry's id."""
    found: dict[str, _Levels] = {}
    for record in orders:
        order = record.order
        if order.parent is not None and order.origin in (Origin.STOP_LOSS, Origin.TRAIL):
            found.setdefault(order.parent, _levels(record))
    return found


def _levels(record: OrderRecord) -> _Levels:
    order = record.order
    offset = order.trail or order.offset
    if offset is not None:
        amount, percent = offset.amount, offset.percent
        return nan, nan if amount is None else amount, nan if percent is None else percent
    stop = order.stop if record.first_stop is None else record.first_stop
    return nan if stop is None else stop, nan, nan
