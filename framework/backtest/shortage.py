"""Shortage: which orders of a run had to wait because a bar could not give them all they wanted."""

from __future__ import annotations

__all__ = ["shortage_warnings"]

from collections.abc import Mapping, Sequence

import numpy as np

from framework.backtest.record import OrderRecord
from framework.domain.bars import Bars
from framework.domain.events import Fill
from framework.domain.orders import DONE, Order, OrderStatus, TimeInForce
from framework.ports import LiquidityModel


def shortage_warnings(
    liquidity: LiquidityModel | None,
    bars: Sequence[Bars],
    orders: Sequence[OrderRecord],
    fills: Sequence[Fill],
) -> tuple[str, ...]:
    """A warning if orders waited for volume.

    Counted are orders filled over several bars or only in part, and market orders a bar passed by.
    Algos and ladders trade in parts anyway; of an order that waits for a price it cannot be told.

    Args:
        liquidity: the model of the run; None limits nothing.
        bars: one per symbol.
        orders: how every order ended.
        fills: every execution, in order.
    """
    if liquidity is None:
        return ()
    by_symbol = {one.symbol: one for one in bars}
    times: dict[str, list[int]] = {}
    for fill in fills:
        times.setdefault(fill.order.id, []).append(fill.time)
    short = [one for one in orders if _waited(one, times.get(one.order.id, []), by_symbol)]
    if not short:
        return ()
    left = sum(one.filled < one.order.quantity for one in short)
    waited = "1 order" if len(short) == 1 else f"{len(short):,} orders"
    were = "1 was" if left == 1 else f"{left:,} were"
    rest = f"; {were} never filled whole: see `remaining` in orders.csv" if left else ""
    return (f"{waited} had to wait for volume (--liquidity){rest}.",)


def _waited(record: OrderRecord, times: Sequence[int], bars: Mapping[str, Bars]) -> bool:
    order = record.order
    if order.terms.algo is not None or order.terms.scale is not None:
        return False
    if 0.0 < record.filled < order.quantity or len(set(times)) > 1:
        return True
    if not order.trades_at_once or order.tif is TimeInForce.OPG:
        return False
    traded = bars[order.symbol]
    if times:
        return _bars_between(order, times[0] - 1, traded) > 0
    if record.status is OrderStatus.EXPIRED:
        return _bars_between(order, record.time, traded) > 0
    return (
        record.status not in DONE and _bars_between(order, int(traded.close_time[-1]), traded) > 0
    )


def _bars_between(order: Order, until: int, bars: Bars) -> int:
    """Bars an order could have traded in after its decision and up to `until`."""
    first, stop = np.searchsorted(bars.close_time, [order.time, until], side="right")
    if bars.regular is None or order.terms.outside_hours:
        return int(stop - first)
    return int(bars.regular[first:stop].sum())
