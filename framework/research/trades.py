"""Trades: what was bought and sold, matched first in first out from the fills.

A trade is a lot one fill opened, or the part of it that another fill closed. A fill of an order
that has a parent closes what its parent opened before anything else. A fill larger than what is
held closes it and opens the rest on the other side.

Excursions count only prices the position certainly lived through: every bar strictly between
entry and exit, the entry bar if the entry was at its open (its close alone otherwise), and of the
exit bar the open and the exit price. They are gross of commission.
"""

from __future__ import annotations

__all__ = ["OPEN", "Trade", "trades_of"]

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from framework.backtest.record import OrderRecord, RunRecord
from framework.domain.bars import Bars
from framework.domain.events import Fill
from framework.domain.orders import Origin, Side

OPEN = "open"
"""The exit reason of a trade that is still open."""

_DUST = 1e-9
"""Share of a fill below which what is left of it is rounding, as in the ledger."""


@dataclass(frozen=True, slots=True)
class Trade:
    """One round trip, or a lot still held, marked at the last close.

    Attributes:
        id: 1, 2, ... in order of closing; open trades come last.
        symbol: instrument.
        side: BUY for a long trade, SELL for a short one.
        quantity: units, > 0.
        entry_time, exit_time: nanoseconds UTC; an open trade's exit is the last bar.
        entry_price, exit_price: paid and received, slippage included.
        entry_order, exit_order: ids of the orders; the second is empty while open.
        exit_reason: who closed it (`Origin`), or "open".
        profit: money made after commissions; an open trade has paid only its entry's.
        commission: fees of both ends.
        slippage: money lost to slippage at both ends, already inside the prices.
        return_percent: profit in percent of the money put in at the entry.
        r_multiple: profit in units of the money at risk between the entry and its protective stop;
            None without one.
        best_excursion, worst_excursion: largest unrealised profit (>= 0) and loss (<= 0), money.
        bars: bars from entry to exit; 0 when both are in the same one.
    """

    id: int
    symbol: str
    side: Side
    quantity: float
    entry_time: int
    entry_price: float
    exit_time: int
    exit_price: float
    entry_order: str
    exit_order: str
    exit_reason: str
    profit: float
    commission: float
    slippage: float
    return_percent: float
    r_multiple: float | None
    best_excursion: float
    worst_excursion: float
    bars: int

    @property
    def is_open(self) -> bool:
        """Whether it was still held when the data ended."""
        return self.exit_reason == OPEN


@dataclass(slots=True)
class _Lot:
    entry: Fill
    left: float


@dataclass(frozen=True, slots=True)
class _Match:
    """`quantity` units of an entry, closed by `leave`, or still held."""

    entry: Fill
    leave: Fill | None
    quantity: float


def trades_of(record: RunRecord) -> tuple[Trade, ...]:
    """Every trade of a run, in order of closing, then what was left open."""
    costs = _Costs(_fees(record), _first_stops(record.orders))
    by_symbol = {bars.symbol: bars for bars in record.bars}
    end = int(record.instants[record.stop - 1]) if record.stop else 0
    trades = []
    for number, match in enumerate(_match(record.fills), start=1):
        bars = by_symbol[match.entry.symbol]
        trades.append(_trade(number, match, bars, _life(match, bars, end), costs))
    return tuple(trades)


def _match(fills: Sequence[Fill]) -> list[_Match]:
    held: dict[str, deque[_Lot]] = {}
    closed: list[_Match] = []
    for fill in fills:
        lots = held.setdefault(fill.symbol, deque())
        left = _close(fill, lots, closed)
        if left > 0.0:
            lots.append(_Lot(fill, left))
    still = [_Match(lot.entry, None, lot.left) for lot in chain.from_iterable(held.values())]
    return closed + sorted(still, key=lambda match: match.entry.time)


def _close(fill: Fill, lots: deque[_Lot], closed: list[_Match]) -> float:
    """Match `fill` with the lots it closes; the units left over open a new one."""
    left = abs(fill.quantity)
    if not lots or lots[0].entry.quantity * fill.quantity > 0.0:
        return left
    parent = fill.order.parent
    own = [lot for lot in lots if parent is not None and lot.entry.order.id == parent]
    while lots and left > 0.0:
        lot = own.pop(0) if own else lots[0]
        quantity = min(lot.left, left)
        closed.append(_Match(lot.entry, fill, quantity))
        dust = _DUST * max(lot.left, abs(fill.quantity))
        lot.left -= quantity
        left = left - quantity if left - quantity > dust else 0.0
        if lot.left <= dust:
            lots.remove(lot)
    return left


@dataclass(frozen=True, slots=True)
class _Life:
    """A match's exit, real or marked, and the extreme prices it lived through."""

    end_time: int
    end_price: float
    high: float
    low: float
    bars: int


def _life(match: _Match, bars: Bars, end: int) -> _Life:
    entry, leave = match.entry, match.leave
    last = int(np.searchsorted(bars.close_time, end, side="right")) - 1
    enter_row = min(int(np.searchsorted(bars.close_time, entry.time)), last)
    if leave is None:
        leave_row, stop = last, last + 1
        end_time, end_price = int(bars.close_time[last]), float(bars.close[last])
    else:
        leave_row = stop = min(int(np.searchsorted(bars.close_time, leave.time)), last)
        end_time, end_price = leave.time, leave.price
    seen = [entry.price, end_price]
    if enter_row < stop:
        seen.append(float(bars.close[enter_row]))
    if enter_row < leave_row:
        seen.append(float(bars.open[leave_row]))
    at_open = entry.reference == bars.open[enter_row] and entry.order.time < entry.time
    first = enter_row if at_open else enter_row + 1
    if first < stop:
        seen.append(float(bars.high[first:stop].max()))
        seen.append(float(bars.low[first:stop].min()))
    return _Life(end_time, end_price, max(seen), min(seen), leave_row - enter_row)


@dataclass(frozen=True, slots=True)
class _Costs:
    """Commission per unit by fill id, and the first protective stop by entry order id."""

    fees: Mapping[str, float]
    stops: Mapping[str, OrderRecord]


def _fees(record: RunRecord) -> dict[str, float]:
    """Commission per unit of each fill, by the fill's id."""
    paid: dict[str, float] = {}
    for commission in record.commissions:
        paid[commission.fill_id] = paid.get(commission.fill_id, 0.0) + commission.amount
    return {fill.id: paid.get(fill.id, 0.0) / abs(fill.quantity) for fill in record.fills}


def _first_stops(orders: Sequence[OrderRecord]) -> dict[str, OrderRecord]:
    """The first protective stop of each entry, by the entry's id."""
    found: dict[str, OrderRecord] = {}
    for record in orders:
        order = record.order
        if order.parent is not None and order.origin in (Origin.STOP_LOSS, Origin.TRAIL):
            found.setdefault(order.parent, record)
    return found


def _risk_per_unit(entry: Fill, record: OrderRecord | None) -> float | None:
    """Price distance from the entry to where its stop first stood; None without one on the losing
    side."""
    if record is None:
        return None
    offset = record.order.trail or record.order.offset
    if offset is not None:
        return offset.distance(entry.price)
    stop = record.order.stop if record.first_stop is None else record.first_stop
    if stop is None:
        return None
    distance = entry.price - stop if entry.quantity > 0 else stop - entry.price
    return distance if distance > 0.0 else None


def _trade(
    number: int,
    match: _Match,
    bars: Bars,
    life: _Life,
    costs: _Costs,
) -> Trade:
    entry, leave = match.entry, match.leave
    side = Side.BUY if entry.quantity > 0 else Side.SELL
    money = match.quantity * bars.instrument.multiplier
    ends = [entry] if leave is None else [entry, leave]
    commission = match.quantity * sum(costs.fees[fill.id] for fill in ends)
    profit = side * money * (life.end_price - entry.price) - commission
    risk = _risk_per_unit(entry, costs.stops.get(entry.order.id))
    swings = [side * money * (price - entry.price) for price in (life.high, life.low)]
    spent = money * abs(entry.price)
    return Trade(
        id=number,
        symbol=entry.symbol,
        side=side,
        quantity=match.quantity,
        entry_time=entry.time,
        entry_price=entry.price,
        exit_time=life.end_time,
        exit_price=life.end_price,
        entry_order=entry.order.id,
        exit_order=leave.order.id if leave else "",
        exit_reason=leave.order.origin.value if leave else OPEN,
        profit=profit,
        commission=commission,
        slippage=money * sum(_slip(fill) for fill in ends),
        return_percent=100.0 * profit / spent if spent else 0.0,
        r_multiple=profit / (risk * money) if risk else None,
        best_excursion=max(swings),
        worst_excursion=min(swings),
        bars=life.bars,
    )


def _slip(fill: Fill) -> float:
    """Price points lost to slippage."""
    return (fill.price - fill.reference) * (1.0 if fill.quantity > 0 else -1.0)
