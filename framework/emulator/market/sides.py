"""Sides of the past: what was bid and asked where only trades are known."""

from __future__ import annotations

__all__ = ["LONE", "quoted", "shown_as"]

import numpy as np

from framework.domain.bars import FloatArray
from framework.domain.instruments import AssetType, Instrument
from framework.emulator.market.buckets import HistoryBar
from framework.emulator.market.grid import on_grid

LONE = frozenset({"MIDPOINT", "BID", "ASK", "BID_ASK"})
"""What is shown of quotes, and so without volume."""


def quoted(
    prices: FloatArray, instrument: Instrument, spread: float
) -> tuple[FloatArray, FloatArray]:
    """Bids and asks around prices, as `quotes` has them."""
    bid, ask = _around(prices, instrument, spread, instrument.tick)
    for start, tick in instrument.tick_bands:
        high_bid, high_ask = _around(prices, instrument, spread, tick)
        bid = np.where(prices >= start, high_bid, bid)
        ask = np.where(prices >= start, high_ask, ask)
    return np.maximum(bid, 0.0), ask


def shown_as(
    bars: list[HistoryBar], what: str, instrument: Instrument, spread: float
) -> list[HistoryBar]:
    """Bars of trades as bars of a side of the quote."""
    if what not in LONE or not bars:
        return bars
    prices = np.array([bar[1:5] for bar in bars])
    bid, ask = quoted(prices, instrument, spread)
    if what == "BID_ASK":
        # Average bid, highest ask, lowest bid, average ask: what TWS puts there.
        average = np.array([bar.wap for bar in bars])
        low, high = quoted(average, instrument, spread)
        found = np.column_stack((low, ask[:, 1], bid[:, 2], high))
    else:
        found = {"BID": bid, "ASK": ask, "MIDPOINT": np.round((bid + ask) / 2.0, 10)}[what]
    return [
        HistoryBar(bar.time, opened, high, low, close, -1.0, -1.0, -1)
        for bar, (opened, high, low, close) in zip(bars, found.tolist(), strict=True)
    ]


def _around(
    prices: FloatArray, instrument: Instrument, spread: float, tick: float
) -> tuple[FloatArray, FloatArray]:
    middle = on_grid(prices, tick)
    half: FloatArray = np.full(prices.shape, tick)
    if instrument.type is AssetType.OPTION:
        half = np.maximum(half, on_grid(0.5 * spread * prices, tick))
    return on_grid(middle - half, tick), on_grid(middle + half, tick)
