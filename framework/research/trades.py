"""Trades: what was bought and sold, matched first in first out from the fills.

A trade is a lot one order opened, or the part of it that another order closed, however many fills
either took: times are those of the first fill in and the last fill out, prices the averages. An
order that has a parent closes what its parent opened before anything else. An order larger than
what is held closes it and opens the rest on the other side.

Excursions count only prices the position certainly lived through: every bar strictly between
entry and exit, the entry bar if the entry was at its open (its close alone otherwise), and of the
exit bar the open and the exit price. They are gross of commission, and of the whole quantity also
while it was filled in parts.

A trade that lived through a split is told on the scale of its end: its entry is divided by the
split's ratio and its units are multiplied; what a split left of a unit was paid in cash, and what
that had cost is taken from the profit. Prices are in the instrument's currency, money is in the
account's, each end at the rate of its moment.
"""

from __future__ import annotations

__all__ = ["OPEN", "Trade", "trades_of"]

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from framework.backtest.record import OrderRecord, RunRecord
from framework.domain.bars import Bars
from framework.domain.events import Split
from framework.domain.orders import Origin, Side
from framework.research.lots import End, Match, matches_of

OPEN = "open"
"""The exit reason of a trade that is still open."""


@dataclass(frozen=True, slots=True)
class Trade:
    """One round trip, or a lot still held, marked at the last close.

    Attributes:
        id: 1, 2, ... in order of closing; open trades come last.
        symbol: instrument.
        side: BUY for a long trade, SELL for a short one.
        quantity: units, > 0.
        entry_time, exit_time: nanoseconds UTC of the first fill in and the last fill out; an open
            trade's exit is the last bar.
        entry_price, exit_price: paid and received on average, slippage included.
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


def trades_of(record: RunRecord) -> tuple[Trade, ...]:
    """Every trade of a run, in order of closing, then what was left open."""
    stops = _first_stops(record.orders)
    by_symbol = {bars.symbol: bars for bars in record.bars}
    end = int(record.instants[record.stop - 1]) if record.stop else 0
    sizes = {symbol: bars.instrument.lot for symbol, bars in by_symbol.items()}
    last = {symbol: float(rates[record.stop - 1]) for symbol, rates in record.rates.items()}
    matches = matches_of(record.fills, _fees(record), record.splits, sizes)
    trades = []
    for number, match in enumerate(matches, start=1):
        symbol = match.entry.first.symbol
        bars = by_symbol[symbol]
        if match.entry.ratio != 1.0:
            bars = _on_the_last_scale(bars, match, record.splits)
        stop = stops.get(match.entry.first.order.id)
        life = _life(match, bars, end)
        got = life.end_price * last.get(symbol, 1.0) if match.leave is None else match.leave.paid
        trades.append(_trade(number, match, bars, life, got, stop))
    return tuple(trades)


def _on_the_last_scale(bars: Bars, match: Match, splits: Sequence[Split]) -> Bars:
    """The bars as they would be if the splits the match lived through had happened before."""
    start, leave = match.entry.first.time, match.leave
    scale = np.ones(len(bars))
    for split in splits:
        lived = start < split.time and (leave is None or split.time <= leave.last.time)
        if split.symbol == bars.symbol and lived:
            scale[bars.close_time < split.time] *= split.ratio
    return replace(
        bars,
        open=bars.open / scale,
        high=bars.high / scale,
        low=bars.low / scale,
        close=bars.close / scale,
    )


@dataclass(frozen=True, slots=True)
class _Life:
    """A match's exit, real or marked, and the extreme prices it lived through."""

    end_time: int
    end_price: float
    high: float
    low: float
    bars: int


def _life(match: Match, bars: Bars, end: int) -> _Life:
    entry, leave = match.entry, match.leave
    entered = entry.first
    last = int(np.searchsorted(bars.close_time, end, side="right")) - 1
    enter_row = min(int(np.searchsorted(bars.close_time, entered.time)), last)
    if leave is None:
        leave_row, stop = last, last + 1
        end_time, end_price = int(bars.close_time[last]), float(bars.close[last])
    else:
        leave_row = stop = min(int(np.searchsorted(bars.close_time, leave.last.time)), last)
        end_time, end_price = leave.last.time, leave.price
    seen = [entry.price, end_price]
    if enter_row < stop:
        seen.append(float(bars.close[enter_row]))
    if enter_row < leave_row:
        seen.append(float(bars.open[leave_row]))
    aimed = entered.reference / entry.ratio
    at_open = aimed == bars.open[enter_row] and entered.order.time < entered.time
    first = enter_row if at_open else enter_row + 1
    if first < stop:
        seen.append(float(bars.high[first:stop].max()))
        seen.append(float(bars.low[first:stop].min()))
    return _Life(end_time, end_price, max(seen), min(seen), leave_row - enter_row)


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


def _risk_per_unit(entry: End, record: OrderRecord | None) -> float | None:
    """Price distance from the entry to where its stop first stood, on the scale of that time; None
    without one on the losing side."""
    if record is None:
        return None
    offset = record.order.trail or record.order.offset
    if offset is not None:
        return offset.distance(entry.price * entry.ratio)
    stop = record.order.stop if record.first_stop is None else record.first_stop
    if stop is None:
        return None
    entered = entry.price * entry.ratio
    distance = entered - stop if entry.first.quantity > 0 else stop - entered
    return distance if distance > 0.0 else None


def _trade(
    number: int,
    match: Match,
    bars: Bars,
    life: _Life,
    got: float,
    stop: OrderRecord | None,
) -> Trade:
    entry, leave = match.entry, match.leave
    opened = entry.first
    side = Side.BUY if opened.quantity > 0 else Side.SELL
    money = entry.quantity * bars.instrument.multiplier
    ends = [entry] if leave is None else [entry, leave]
    commission = entry.quantity * sum(end.fee for end in ends)
    profit = side * money * (got - entry.paid - entry.lost) - commission
    rate = entry.paid / entry.price if entry.price else 1.0
    risk = _risk_per_unit(entry, stop)
    risked = risk / entry.ratio * money * rate if risk else 0.0
    swings = [side * money * rate * (price - entry.price) for price in (life.high, life.low)]
    spent = money * abs(entry.paid)
    return Trade(
        id=number,
        symbol=opened.symbol,
        side=side,
        quantity=entry.quantity,
        entry_time=opened.time,
        entry_price=entry.price,
        exit_time=life.end_time,
        exit_price=life.end_price,
        entry_order=opened.order.id,
        exit_order=leave.last.order.id if leave else "",
        exit_reason=leave.last.order.origin.value if leave else OPEN,
        profit=profit,
        commission=commission,
        slippage=money * sum(end.slip for end in ends),
        return_percent=100.0 * profit / spent if spent else 0.0,
        r_multiple=profit / risked if risked else None,
        best_excursion=max(swings),
        worst_excursion=min(swings),
        bars=life.bars,
    )
