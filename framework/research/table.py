"""Trades as columns of numbers: what thousands of runs are judged by without an object a trade."""

from __future__ import annotations

__all__ = ["Lines", "Marks", "TradeTable", "lines_of", "marks_of", "tell_trades", "trade_table"]

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from framework.backtest.record import RunRecord
from framework.compiled import entry, scalar
from framework.domain.bars import BoolArray, FloatArray, IntArray
from framework.domain.events import Split
from framework.domain.owners import allotted
from framework.research.calls import call
from framework.research.fills import FillColumns
from framework.research.lots import (
    CLOSED_BY,
    FEE,
    LOST,
    OPENED_BY,
    PAID,
    PRICE,
    QUANTITY,
    RATIO,
    REFERENCE,
    SCALE,
    LotBook,
    match_fills,
)


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Every symbol as the run left it, in subscription order. All arrays have shape (symbols,).

    Attributes:
        symbols: their names.
        lot: smallest quantity step.
        multiplier: money per price point per unit.
        row: the last bar.
        time: nanoseconds UTC of its close.
        price: its close.
        rate: units of the account's currency for one of the symbol's, at the last instant.
    """

    symbols: tuple[str, ...]
    lot: FloatArray
    multiplier: FloatArray
    row: IntArray
    time: IntArray
    price: FloatArray
    rate: FloatArray


def marks_of(record: RunRecord) -> Marks:
    """The symbols of a run; any run over the same bars that stopped there has the same."""
    end = int(record.instants[record.stop - 1]) if record.stop else 0
    every = record.all_bars
    rows = [
        int(np.searchsorted(bars.close_time, end, side="right")) - 1 for bars in record.all_bars
    ]
    known = list(zip(every, rows, strict=True))
    last = {symbol: float(rates[record.stop - 1]) for symbol, rates in record.rates.items()}
    return Marks(
        symbols=tuple(bars.symbol for bars in record.all_bars),
        lot=_floats(bars.instrument.lot for bars in record.all_bars),
        multiplier=_floats(bars.instrument.multiplier for bars in record.all_bars),
        row=np.array(rows, dtype=np.int64),
        time=np.array([bars.close_time[row] if row >= 0 else 0 for bars, row in known], np.int64),
        price=_floats(bars.close[row] if row >= 0 else nan for bars, row in known),
        rate=_floats(last.get(bars.symbol, 1.0) for bars in record.all_bars),
    )


def _floats(values: Iterable[float]) -> FloatArray:
    return np.array(list(values), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class TradeTable:
    """Every trade of a run, in the order of `Trade.id`. All arrays have shape (m,).

    Attributes:
        entry_fill: number of the first fill in.
        exit_fill: number of the last fill out, -1 while open.
        symbol: number of the symbol.
        entry_row, exit_row: bars of the symbol in which it began and ended.
        entry_time, exit_time: nanoseconds UTC; an open trade's exit is the last bar.
        quantity: signed units, > 0 for a long trade.
        entry_price, exit_price: paid and received on average; an open trade is marked.
        profit, commission, slippage: money; see `Trade`.
        return_percent: profit in percent of the money put in.
        r_multiple: profit in units of the money at risk, NaN without a protective stop.
        rate: units of the account's currency for one of the instrument's, at the entry.
        ratio: product of the splits it lived through.
    """

    entry_fill: IntArray
    exit_fill: IntArray
    symbol: IntArray
    entry_row: IntArray
    exit_row: IntArray
    entry_time: IntArray
    exit_time: IntArray
    quantity: FloatArray
    entry_price: FloatArray
    exit_price: FloatArray
    profit: FloatArray
    commission: FloatArray
    slippage: FloatArray
    return_percent: FloatArray
    r_multiple: FloatArray
    rate: FloatArray
    ratio: FloatArray

    def __len__(self) -> int:
        return len(self.entry_fill)

    @property
    def is_open(self) -> BoolArray:
        """Which were still held when the data ended."""
        return self.exit_fill < 0

    @property
    def bars(self) -> IntArray:
        """Bars from entry to exit; 0 when both are in the same one."""
        return self.exit_row - self.entry_row


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The lines of lots that fills are matched along, where several strategies trade one symbol.

    Attributes:
        of: by fill, the number of its line, shape (fills,).
        symbol: by line, the number of its symbol, shape (lines,).
    """

    of: IntArray
    symbol: IntArray


def trade_table(
    fills: FillColumns, marks: Marks, splits: Sequence[Split] = (), lines: Lines | None = None
) -> TradeTable:
    """The trades of a run, matched first in first out.

    Args:
        fills: every execution.
        marks: its symbols.
        splits: every split, in order.
        lines: where several strategies trade the same symbol; None where none do.
    """
    lines = lines or Lines(fills.symbol, np.arange(len(marks.symbols)))
    book = LotBook.of(len(fills), fills.orders, len(lines.symbol))
    done = 0
    for split in splits:
        upto = done + int(np.argmax(np.append(fills.time[done:] >= split.time, True)))
        _match(book, fills, lines.of, done, upto)
        symbol = marks.symbols.index(split.symbol)
        seen = bool(marks.time[symbol] >= split.time)
        lot = float(marks.lot[symbol])
        mine = np.flatnonzero(lines.symbol == symbol).tolist()
        units = [abs(split.quantity)]
        if len(mine) > 1:
            held = [split.ratio * book.held(line, fills.quantity) for line in mine]
            units = [abs(part) for part in allotted(split.quantity, held, lot)]
        for line, left in zip(mine, units, strict=True):
            book.split(line, split.ratio, left, lot, seen=seen)
        done = upto
    _match(book, fills, lines.of, done, len(fills))
    return _told(book, fills, marks)


def lines_of(record: RunRecord) -> Lines | None:
    """The lines along which trades of several strategies are matched; None for one strategy."""
    names = [one.name for one in record.strategies]
    traded = Counter(symbol for one in record.strategies for symbol in one.symbols)
    if not any(count > 1 for count in traded.values()):
        return None
    symbols = [bars.symbol for bars in record.all_bars]
    known = sorted((name, symbol) for name in ("", *names) for symbol in symbols)
    numbers = {line: number for number, line in enumerate(known)}
    found = []
    for fill in record.fills:
        owner = record.strategy_of(fill.order.id) if traded[fill.symbol] > 1 else ""
        found.append(numbers[owner, fill.symbol])
    return Lines(
        np.array(found, dtype=np.int64),
        np.array([symbols.index(symbol) for _, symbol in known], dtype=np.int64),
    )


def _match(book: LotBook, fills: FillColumns, line: IntArray, start: int, stop: int) -> None:
    call(
        match_fills,
        start,
        stop,
        fills.order,
        fills.parent,
        line,
        fills.quantity,
        fills.price,
        fills.reference,
        fills.fee,
        fills.rate,
        book.end,
        book.lots,
        book.lot_links,
        book.entries,
        book.exits,
        book.match_links,
        book.orders,
        book.symbols,
        book.used,
    )


_ENTRY_FILL, _EXIT_FILL, _SYMBOL, _ENTRY_ROW, _EXIT_ROW, _ENTRY_TIME, _EXIT_TIME = range(7)
(
    _UNITS,
    _ENTRY_PRICE,
    _EXIT_PRICE,
    _PROFIT,
    _COMMISSION,
    _SLIPPAGE,
    _PERCENT,
    _MULTIPLE,
    _RATE,
    _RATIO,
) = range(10)
"""Rows of the two tables that `tell_trades` fills, as `TradeTable` has them."""


def _told(book: LotBook, fills: FillColumns, marks: Marks) -> TradeTable:
    still = book.still_held(fills.time)
    count = book.matches + len(still)
    numbers = np.empty((7, count), dtype=np.int64)
    money = np.empty((10, count))
    call(
        tell_trades,
        book.matches,
        still,
        np.empty(len(fills) + 1, dtype=np.int64),
        np.empty(book.matches, dtype=np.int64),
        book.end,
        book.lots,
        book.lot_links,
        book.entries,
        book.exits,
        book.match_links,
        fills.symbol,
        fills.time,
        fills.row,
        fills.quantity,
        fills.stop,
        fills.stop_amount,
        fills.stop_percent,
        marks.multiplier,
        marks.row,
        marks.time,
        marks.price,
        marks.rate,
        numbers,
        money,
    )
    return TradeTable(*numbers, *money)


_F = "Array(f8, 1, 'C', readonly=True)"
_I = "Array(i8, 1, 'C', readonly=True)"
_BOOK = "f8[:,::1], i8[:,::1], f8[:,::1], f8[:,::1], i8[:,::1]"


@entry(
    f"void(i8, {_I}, i8[::1], i8[::1], f8[:,::1], {_BOOK}, {_I}, {_I}, {_I}, "
    f"{_F}, {_F}, {_F}, {_F}, {_F}, {_I}, {_I}, {_F}, {_F}, i8[:,::1], f8[:,::1])"
)
def tell_trades(
    matches: int,
    still: IntArray,
    starts: IntArray,
    places: IntArray,
    mark: FloatArray,
    lots: FloatArray,
    lot_links: IntArray,
    entries: FloatArray,
    exits: FloatArray,
    match_links: IntArray,
    symbol: IntArray,
    time: IntArray,
    row: IntArray,
    quantity: FloatArray,
    stop: FloatArray,
    stop_amount: FloatArray,
    stop_percent: FloatArray,
    multiplier: FloatArray,
    last_row: IntArray,
    last_time: IntArray,
    last_price: FloatArray,
    last_rate: FloatArray,
    numbers: IntArray,
    money: FloatArray,
) -> None:
    """Work out every trade: the matches in order of closing, then the lots still held.

    `starts`, `places` and `mark` are room to work in: one number more than fills, one for each
    match, and one end.
    """
    _place(matches, match_links, starts, places)
    mark[0, FEE] = 0.0
    for k in range(matches):
        opened, closed, at = match_links[k, OPENED_BY], match_links[k, CLOSED_BY], places[k]
        line = symbol[opened]
        side = 1.0 if quantity[opened] > 0.0 else -1.0
        numbers[_ENTRY_FILL, at], numbers[_EXIT_FILL, at], numbers[_SYMBOL, at] = (
            opened,
            closed,
            line,
        )
        numbers[_ENTRY_ROW, at] = min(row[opened], last_row[line])
        numbers[_EXIT_ROW, at] = min(row[closed], last_row[line])
        numbers[_ENTRY_TIME, at], numbers[_EXIT_TIME, at] = time[opened], time[closed]
        _tell(entries, k, exits, k, at, side, multiplier[line], money)
        risk = _risk(entries, k, side, stop[opened], stop_amount[opened], stop_percent[opened])
        _measure(risk, at, multiplier[line], money)
    for k in range(len(still)):
        lot, at = still[k], matches + k
        opened = lot_links[lot, OPENED_BY]
        line = symbol[opened]
        side = 1.0 if quantity[opened] > 0.0 else -1.0
        numbers[_ENTRY_FILL, at], numbers[_EXIT_FILL, at], numbers[_SYMBOL, at] = opened, -1, line
        numbers[_ENTRY_ROW, at] = min(row[opened], last_row[line])
        numbers[_EXIT_ROW, at] = last_row[line]
        numbers[_ENTRY_TIME, at], numbers[_EXIT_TIME, at] = time[opened], last_time[line]
        price = last_price[line] / lots[lot, SCALE]
        mark[0, PRICE], mark[0, REFERENCE], mark[0, PAID] = price, price, price * last_rate[line]
        _tell(lots, lot, mark, 0, at, side, multiplier[line], money)
        risk = _risk(lots, lot, side, stop[opened], stop_amount[opened], stop_percent[opened])
        _measure(risk, at, multiplier[line], money)


@scalar
def _tell(
    entries: FloatArray,
    bought: int,
    exits: FloatArray,
    sold: int,
    at: int,
    side: float,
    multiplier: float,
    money: FloatArray,
) -> None:
    """The money of one trade; what is not sold has neither fee nor slippage at its end."""
    units, paid, got = entries[bought, QUANTITY], entries[bought, PAID], exits[sold, PAID]
    price, end = entries[bought, PRICE], exits[sold, PRICE]
    value = units * multiplier
    commission = units * (entries[bought, FEE] + exits[sold, FEE])
    profit = side * value * (got - paid - entries[bought, LOST]) - commission
    spent = value * abs(paid)
    rate = paid / price if price != 0.0 else 1.0
    end_rate = got / end if end != 0.0 else 1.0
    slip = (price - entries[bought, REFERENCE]) * (side * rate)
    end_slip = (end - exits[sold, REFERENCE]) * (-side * end_rate)
    money[_UNITS, at], money[_ENTRY_PRICE, at], money[_EXIT_PRICE, at] = side * units, price, end
    money[_PROFIT, at], money[_COMMISSION, at] = profit, commission
    money[_SLIPPAGE, at] = value * (slip + end_slip)
    money[_PERCENT, at] = 100.0 * profit / spent if spent != 0.0 else 0.0
    money[_RATE, at], money[_RATIO, at] = rate, entries[bought, RATIO]


@scalar
def _risk(
    entries: FloatArray,
    bought: int,
    side: float,
    stop: float,
    stop_amount: float,
    stop_percent: float,
) -> float:
    """Price distance from the entry to where its stop first stood, on the scale of that time; 0
    without one on the losing side."""
    entered = entries[bought, PRICE] * entries[bought, RATIO]
    if stop_amount > 0.0:
        return stop_amount
    if stop_percent > 0.0:
        return float(entered * stop_percent / 100.0)
    distance = side * (entered - stop)
    return float(distance) if distance > 0.0 else 0.0


@scalar
def _measure(risk: float, at: int, multiplier: float, money: FloatArray) -> None:
    """The profit of a trade in units of the money at risk."""
    units = abs(money[_UNITS, at]) * multiplier
    risked = risk / money[_RATIO, at] * units * money[_RATE, at]
    money[_MULTIPLE, at] = money[_PROFIT, at] / risked if risked != 0.0 else nan


@scalar
def _place(matches: int, match_links: IntArray, starts: IntArray, places: IntArray) -> None:
    """Where each match goes in the order of closing, those of one fill as they were made."""
    for fill in range(len(starts)):
        starts[fill] = 0
    for match in range(matches):
        starts[match_links[match, CLOSED_BY] + 1] += 1
    for fill in range(len(starts) - 1):
        starts[fill + 1] += starts[fill]
    for match in range(matches):
        closed = match_links[match, CLOSED_BY]
        places[match] = starts[closed]
        starts[closed] += 1
