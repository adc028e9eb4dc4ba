"""Bars of one instrument as columns: the only form market history takes inside Slipway."""

from __future__ import annotations

__all__ = ["Bars", "BoolArray", "FloatArray", "IntArray", "PriceBasis"]

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from framework.domain.instruments import Instrument

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class PriceBasis(StrEnum):
    """What the prices of a file mean."""

    RAW = "raw"
    """As traded that day: a split shows as a gap."""
    SPLIT = "split"
    """Adjusted for splits only: dividends show as gaps."""
    TOTAL = "total"
    """Adjusted for splits and dividends: returns are total returns."""


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """`n` validated bars, oldest first. All arrays have shape (n,) and are read-only.

    Attributes:
        instrument: what they are bars of.
        frame: bar length, such as "5m", "1h" or "1d".
        close_time: nanoseconds UTC at which each bar is complete; strictly increasing.
        session: the trading day each bar belongs to, as days since 1970-01-01.
        session_close: nanoseconds UTC at which that session closes.
        open, high, low, close: prices, > 0 for stocks.
        volume: traded quantity; 0 where the source has none.
        prices: what the prices mean.
        synthetic: True for bars no market ever printed.
        regular: whether each bar lies in regular trading hours; None when all do.
    """

    instrument: Instrument
    frame: str
    close_time: IntArray
    session: IntArray
    session_close: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    prices: PriceBasis = PriceBasis.SPLIT
    synthetic: bool = False
    regular: BoolArray | None = None

    def __post_init__(self) -> None:
        for array in (self.close_time, self.session, self.session_close):
            array.setflags(write=False)
        for column in (self.open, self.high, self.low, self.close, self.volume):
            column.setflags(write=False)
        if self.regular is not None:
            self.regular.setflags(write=False)

    def __len__(self) -> int:
        return len(self.close_time)

    @property
    def symbol(self) -> str:
        """The instrument's symbol."""
        return self.instrument.symbol

    def take(self, start: int, stop: int) -> Bars:
        """The bars of rows start..stop-1, sharing memory."""
        return Bars(
            self.instrument,
            self.frame,
            self.close_time[start:stop],
            self.session[start:stop],
            self.session_close[start:stop],
            self.open[start:stop],
            self.high[start:stop],
            self.low[start:stop],
            self.close[start:stop],
            self.volume[start:stop],
            self.prices,
            self.synthetic,
            None if self.regular is None else self.regular[start:stop],
        )

    def joined(self, more: Bars) -> Bars:
        """These bars and, after them, more of the same instrument."""
        regular = None
        if self.regular is not None or more.regular is not None:
            regular = np.concatenate([_regular(self), _regular(more)])
        return replace(
            self,
            close_time=np.concatenate([self.close_time, more.close_time]),
            session=np.concatenate([self.session, more.session]),
            session_close=np.concatenate([self.session_close, more.session_close]),
            open=np.concatenate([self.open, more.open]),
            high=np.concatenate([self.high, more.high]),
            low=np.concatenate([self.low, more.low]),
            close=np.concatenate([self.close, more.close]),
            volume=np.concatenate([self.volume, more.volume]),
            regular=regular,
        )

    def where(self, kept: BoolArray) -> Bars:
        """The bars of the rows kept, shape (n,)."""
        return replace(
            self,
            close_time=self.close_time[kept],
            session=self.session[kept],
            session_close=self.session_close[kept],
            open=self.open[kept],
            high=self.high[kept],
            low=self.low[kept],
            close=self.close[kept],
            volume=self.volume[kept],
            regular=None if self.regular is None else self.regular[kept],
        )


def _regular(bars: Bars) -> BoolArray:
    return np.ones(len(bars), dtype=bool) if bars.regular is None else bars.regular
