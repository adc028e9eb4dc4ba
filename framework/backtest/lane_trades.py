"""LaneTrades: the executions of a compiled run lane by lane, and the curves they make."""

from __future__ import annotations

__all__ = ["LaneTrades", "TradedHoldings"]

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from framework.backtest.cast import Cast
from framework.backtest.kernel import expand, worth
from framework.backtest.layout import FEE, FILLED, LANE, LAST, PAID, SIDE
from framework.backtest.run_tables import RunTables
from framework.compiled import compiled
from framework.domain.bars import FloatArray, IntArray

Columns = tuple[IntArray, FloatArray, FloatArray, FloatArray]
"""Instants, signed units, prices and fees of executions."""

Curves = tuple[FloatArray, FloatArray, FloatArray]
"""Cash, units and market value after each instant."""


@dataclass(frozen=True, slots=True, eq=False)
class LaneTrades:
    """Executions, all of the first lane first.

    Attributes:
        columns: of all executions, shape (C,) each.
        starts: where each lane begins in them, and where the last one ends.
    """

    columns: Columns
    starts: Sequence[int]

    @classmethod
    def of(cls, tables: RunTables) -> LaneTrades:
        """The executions of a run."""
        rows, lanes = tables.traded, len(tables.bars)
        starts = [0, len(rows)]
        if lanes > 1:
            rows = rows[np.argsort(rows[:, LANE], kind="stable")]
            starts = np.searchsorted(rows[:, LANE], np.arange(lanes + 1)).tolist()
        columns = (
            rows[:, LAST].astype(np.int64),
            rows[:, SIDE] * rows[:, FILLED],
            np.ascontiguousarray(rows[:, PAID]),
            np.ascontiguousarray(rows[:, FEE]),
        )
        return cls(columns, starts)

    def worth(self, cast: Cast) -> tuple[FloatArray, float]:
        """Equity of an account with one lane and no other money, and the lowest its cash was."""
        bars = cast.bars[0]
        equity = np.empty(len(bars))
        opening, multiplier = cast.players[0].cash, bars.instrument.multiplier
        closes = np.ascontiguousarray(bars.close)
        least = compiled(worth)(closes, *self.columns, equity, opening, multiplier)
        return equity, least

    def curves(self, cast: Cast, lane: int) -> Curves:
        """What one lane had after each instant."""
        bars, (start, stop) = cast.bars[lane], self.starts[lane : lane + 2]
        cash, held, value = (np.empty(len(bars)) for _ in range(3))
        steps, traded, prices, fees = self.columns
        compiled(expand)(
            np.ascontiguousarray(bars.close),
            steps[start:stop],
            traded[start:stop],
            prices[start:stop],
            fees[start:stop],
            cash,
            held,
            value,
            cast.players[lane].cash,
            bars.instrument.multiplier,
        )
        return cash, held, value


class TradedHoldings:
    """Cash and units of a run with one lane, worked out when somebody asks.

    Args:
        cast: the run.
        trades: its executions.
    """

    def __init__(self, cast: Cast, trades: LaneTrades) -> None:
        self._cast = cast
        self._trades = trades

    @cached_property
    def _curves(self) -> Curves:
        return self._trades.curves(self._cast, 0)

    @property
    def cash(self) -> FloatArray:
        """Cash after each instant."""
        return self._curves[0]

    @property
    def quantities(self) -> dict[str, FloatArray]:
        """Signed units after each instant."""
        return {self._cast.bars[0].symbol: self._curves[1]}
