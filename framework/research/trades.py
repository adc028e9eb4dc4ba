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

__all__ = ["OPEN", "Trade", "Trades", "trades_from", "trades_of"]

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from typing import overload

from framework.backtest.record import RunRecord
from framework.domain.orders import Side
from framework.research.excursions import excursions
from framework.research.fills import FillColumns, fill_columns
from framework.research.table import TradeTable, lines_of, marks_of, trade_table

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


class Trades(Sequence[Trade]):
    """The trades of a run: a table, and objects for whoever looks at one.

    Args:
        record: the run.

    Attributes:
        fills: its executions.
        table: their trades.
    """

    __slots__ = ("_made", "_record", "fills", "table")
    __hash__ = None  # type: ignore[assignment]  # equal to any sequence of equal trades

    def __init__(self, record: RunRecord) -> None:
        self.fills = fill_columns(record)
        lines = lines_of(record)
        self.table = trade_table(self.fills, marks_of(record), record.splits, lines)
        self._record = record
        self._made: tuple[Trade, ...] | None = None

    def __len__(self) -> int:
        return len(self.table)

    @overload
    def __getitem__(self, index: int) -> Trade: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Trade, ...]: ...
    def __getitem__(self, index: int | slice) -> Trade | tuple[Trade, ...]:
        return self._all()[index]

    def __iter__(self) -> Iterator[Trade]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __repr__(self) -> str:
        return repr(self._all())

    def _all(self) -> tuple[Trade, ...]:
        if self._made is None:
            self._made = trades_from(self._record, self.fills, self.table)
        return self._made


def trades_of(record: RunRecord) -> Trades:
    """Every trade of a run, in order of closing, then what was left open."""
    return Trades(record)


def trades_from(record: RunRecord, fills: FillColumns, table: TradeTable) -> tuple[Trade, ...]:
    """The trades of a table.

    Args:
        record: the run.
        fills: its executions.
        table: their trades.
    """
    orders = [fill.order for fill in record.fills]
    best, worst = excursions(table, fills, record.all_bars, record.splits)
    columns = zip(
        table.entry_fill.tolist(),
        table.exit_fill.tolist(),
        table.quantity.tolist(),
        table.entry_time.tolist(),
        table.entry_price.tolist(),
        table.exit_time.tolist(),
        table.exit_price.tolist(),
        table.profit.tolist(),
        table.commission.tolist(),
        table.slippage.tolist(),
        table.return_percent.tolist(),
        table.r_multiple.tolist(),
        best.tolist(),
        worst.tolist(),
        table.bars.tolist(),
        strict=True,
    )
    return tuple(
        Trade(
            id=number,
            symbol=orders[opened].symbol,
            side=Side.BUY if quantity > 0.0 else Side.SELL,
            quantity=abs(quantity),
            entry_time=entry_time,
            entry_price=entry_price,
            exit_time=exit_time,
            exit_price=exit_price,
            entry_order=orders[opened].id,
            exit_order=orders[closed].id if closed >= 0 else "",
            exit_reason=orders[closed].origin.value if closed >= 0 else OPEN,
            profit=profit,
            commission=commission,
            slippage=slippage,
            return_percent=percent,
            r_multiple=None if isnan(multiple) else multiple,
            best_excursion=high,
            worst_excursion=low,
            bars=bars,
        )
        for number, (
            opened,
            closed,
            quantity,
            entry_time,
            entry_price,
            exit_time,
            exit_price,
            profit,
            commission,
            slippage,
            percent,
            multiple,
            high,
            low,
            bars,
        ) in enumerate(columns, start=1)
    )
