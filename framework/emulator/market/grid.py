"""The grid prices live on: rounding to the tick so that 0.1 + 0.2 prints as 0.3."""

from __future__ import annotations

__all__ = ["decimals_of", "on_bands", "on_grid", "snapped"]

from decimal import Decimal
from functools import lru_cache

import numpy as np

from framework.domain.bars import FloatArray
from framework.domain.instruments import Instrument

_FINEST = 10
"""Decimals of a price without a grid."""


@lru_cache(maxsize=256)
def decimals_of(tick: float) -> int:
    """Decimal places the multiples of a tick need."""
    exponent = Decimal(repr(tick)).normalize().as_tuple().exponent
    return max(0, -int(exponent)) if tick > 0.0 else _FINEST


def snapped(price: float, tick: float) -> float:
    """The multiple of the tick next to a price; the price itself without a tick."""
    return round(round(price / tick) * tick, decimals_of(tick)) if tick > 0.0 else price


def on_grid(prices: FloatArray, tick: float) -> FloatArray:
    """`snapped`, of an array."""
    if tick <= 0.0:
        return prices
    found: FloatArray = np.round(np.rint(prices / tick) * tick, decimals_of(tick))
    return found


def on_bands(prices: FloatArray, instrument: Instrument) -> FloatArray:
    """Prices on an instrument's grid, each on that of its own band."""
    found = on_grid(prices, instrument.tick)
    for start, tick in instrument.tick_bands:
        found = np.where(prices >= start, on_grid(prices, tick), found)
    return found
