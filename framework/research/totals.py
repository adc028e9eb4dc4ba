"""What the trades and executions of a run add up to."""

from __future__ import annotations

__all__ = ["Totals", "add_up", "totals_of"]

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan

import numpy as np

from framework.compiled import entry
from framework.domain.bars import BoolArray, FloatArray, IntArray
from framework.research.calls import call
from framework.research.fills import FillColumns
from framework.research.table import TradeTable
from framework.research.trades import Trade


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over trades and executions. All but `slippage` are over closed trades only.

    Attributes:
        closed, wins: trades; those with a profit.
        profits, losses: of the trades that made money, and of those that lost some (<= 0).
        net: profits of all of them.
        growth: returns on the money put in, 0.01 is one percent.
        best, worst: highest and lowest of those, infinite without any.
        multiples, stopped: R multiples, and how many trades have one.
        bars: bars held.
        slippage: money, open trades included.
        commission: money paid for all executions.
        traded: value of all executions, in the account's currency.
    """

    closed: float
    wins: float
    profits: float
    losses: float
    net: float
    growth: float
    best: float
    worst: float
    multiples: float
    stopped: float
    bars: float
    slippage: float
    commission: float
    traded: float


def totals_of(
    trades: TradeTable | Sequence[Trade], fills: FillColumns, multiplier: FloatArray
) -> Totals:
    """Add up a run.

    Args:
        trades: its trades.
        fills: its executions.
        multiplier: money per price point of each symbol, shape (symbols,).
    """
    table = trades if isinstance(trades, TradeTable) else _columns(trades)
    found = np.empty(14)
    call(
        add_up,
        table.is_open,
        table.profit,
        table.return_percent,
        table.r_multiple,
        table.bars,
        table.slippage,
        fills.symbol,
        fills.quantity,
        fills.price,
        fills.rate,
        fills.fee,
        multiplier,
        found,
    )
    return Totals(*found.tolist())


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """What is added up of trades, as `TradeTable` has it."""

    is_open: BoolArray
    profit: FloatArray
    return_percent: FloatArray
    r_multiple: FloatArray
    bars: IntArray
    slippage: FloatArray


def _columns(trades: Sequence[Trade]) -> _Columns:
    return _Columns(
        is_open=np.array([trade.is_open for trade in trades], dtype=np.bool_),
        profit=np.array([trade.profit for trade in trades], dtype=np.float64),
        return_percent=np.array([trade.return_percent for trade in trades], dtype=np.float64),
        r_multiple=np.array([trade.r_multiple for trade in trades], dtype=np.float64),
        bars=np.array([trade.bars for trade in trades], dtype=np.int64),
        slippage=np.array([trade.slippage for trade in trades], dtype=np.float64),
    )


_F = "Array(f8, 1, 'C', readonly=True)"
_I = "Array(i8, 1, 'C', readonly=True)"
_B = "Array(b1, 1, 'C', readonly=True)"


@entry(f"void({_B}, {_F}, {_F}, {_F}, {_I}, {_F}, {_I}, {_F}, {_F}, {_F}, {_F}, {_F}, f8[::1])")
def add_up(
    is_open: BoolArray,
    profit: FloatArray,
    return_percent: FloatArray,
    r_multiple: FloatArray,
    bars: IntArray,
    slippage: FloatArray,
    symbol: IntArray,
    quantity: FloatArray,
    price: FloatArray,
    rate: FloatArray,
    fee: FloatArray,
    multiplier: FloatArray,
    found: FloatArray,
) -> None:
    """`found` becomes the fields of Totals in order."""
    closed = wins = stopped = held = 0
    profits = losses = net = growth = multiples = slipped = paid = traded = 0.0
    best, worst = -inf, inf
    for k in range(len(profit)):
        slipped += slippage[k]
        if is_open[k]:
            continue
        closed += 1
        held += bars[k]
        net += profit[k]
        if profit[k] > 0.0:
            wins += 1
            profits += profit[k]
        else:
            losses += profit[k]
        grown = return_percent[k] / 100.0
        growth += grown
        best, worst = max(best, grown), min(worst, grown)
        if not isnan(r_multiple[k]):
            stopped += 1
            multiples += r_multiple[k]
    for k in range(len(quantity)):
        paid += fee[k]
        traded += abs(quantity[k]) * price[k] * multiplier[symbol[k]] * rate[k]
    found[0], found[1], found[2], found[3], found[4] = closed, wins, profits, losses, net
    found[5], found[6], found[7] = growth, best, worst
    found[8], found[9], found[10], found[11] = multiples, stopped, held, slipped
    found[12], found[13] = paid, traded
