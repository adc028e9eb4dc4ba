"""Excursions: the best and the worst a trade stood at, from the bars it lived through.

Only prices it certainly lived through count: every bar strictly between entry and exit, the entry
bar if the entry was at its open (its close alone otherwise), and of the exit bar the open and the
exit price.
"""

from __future__ import annotations

__all__ = ["excursions"]

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from framework.domain.bars import Bars, BoolArray, FloatArray, IntArray
from framework.domain.events import Split
from framework.research.fills import FillColumns
from framework.research.table import TradeTable


def excursions(
    table: TradeTable, fills: FillColumns, bars: Sequence[Bars], splits: Sequence[Split] = ()
) -> tuple[FloatArray, FloatArray]:
    """Largest unrealised profit (>= 0) and loss (<= 0) of every trade, money: twice shape (m,).

    Args:
        table: the trades.
        fills: the executions they are made of.
        bars: of every symbol, in subscription order.
        splits: every split, in order.
    """
    best, worst = np.zeros(len(table)), np.zeros(len(table))
    whole = table.ratio == 1.0
    for number, one in enumerate(bars):
        mine = table.symbol == number
        picks = [np.flatnonzero(mine & whole)]
        picks += [np.array([at]) for at in np.flatnonzero(mine & ~whole)]
        for pick in picks:
            if len(pick) == 0:
                continue
            scaled = one if whole[pick[0]] else _on_the_last_scale(one, table, pick[0], splits)
            high, low = _extremes(scaled, table, fills, pick)
            units = table.quantity[pick] * one.instrument.multiplier * table.rate[pick]
            swings = (
                units * (high - table.entry_price[pick]),
                units * (low - table.entry_price[pick]),
            )
            best[pick], worst[pick] = np.maximum(*swings), np.minimum(*swings)
    return best, worst


def _on_the_last_scale(bars: Bars, table: TradeTable, at: int, splits: Sequence[Split]) -> Bars:
    """The bars as they would be if the splits the trade lived through had happened before."""
    scale = np.ones(len(bars))
    for split in splits:
        ended = table.exit_fill[at] >= 0 and table.exit_time[at] < split.time
        if split.symbol == bars.symbol and table.entry_time[at] < split.time and not ended:
            scale[bars.close_time < split.time] *= split.ratio
    return replace(
        bars,
        open=bars.open / scale,
        high=bars.high / scale,
        low=bars.low / scale,
        close=bars.close / scale,
    )


def _extremes(
    bars: Bars, table: TradeTable, fills: FillColumns, pick: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Highest and lowest price that some trades of a symbol lived through."""
    entered, left = table.entry_row[pick], table.exit_row[pick]
    start, end = table.entry_price[pick], table.exit_price[pick]
    stop = left + (table.exit_fill[pick] < 0)
    first = entered + ~_at_open(bars, table, fills, pick)
    closing = np.where(entered < stop, bars.close[entered], start)
    opening = np.where(entered < left, bars.open[left], start)
    highs = _reduced(np.maximum, bars.high, first, stop, start)
    lows = _reduced(np.minimum, bars.low, first, stop, start)
    high = np.maximum.reduce([start, end, closing, opening, highs])
    low = np.minimum.reduce([start, end, closing, opening, lows])
    return high, low


def _at_open(bars: Bars, table: TradeTable, fills: FillColumns, pick: IntArray) -> BoolArray:
    """Which were entered at a bar's open, by an order that was there before."""
    fill = table.entry_fill[pick]
    aimed = fills.reference[fill] / table.ratio[pick]
    found: BoolArray = (aimed == bars.open[table.entry_row[pick]]) & fills.waited[fill]
    return found


def _reduced(
    extreme: np.ufunc, prices: FloatArray, first: IntArray, stop: IntArray, none: FloatArray
) -> FloatArray:
    """The extreme of rows first..stop-1 for each trade, `none` where there are no rows."""
    lived = first < stop
    found = none.copy()
    if lived.any():
        low = int(first[lived].min())
        within = np.append(prices[low : int(stop[lived].max())], prices[low])
        edges = np.stack((first[lived], stop[lived]), axis=1).ravel() - low
        found[lived] = extreme.reduceat(within, edges)[::2]
    return found
