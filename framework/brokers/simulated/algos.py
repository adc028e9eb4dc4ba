"""Algos over bars: how much of an algo order trades in a bar, and at what price. Pure functions."""

from __future__ import annotations

__all__ = ["ADAPTIVE_BARS", "Slice", "slice_of", "spread_share"]

from typing import NamedTuple

from framework.domain.terms import Adaptive, Algo, Patience, PercentOfVolume, Twap, Vwap

ADAPTIVE_BARS = {Patience.URGENT: 2, Patience.NORMAL: 4, Patience.PATIENT: 8}
"""Bars an Adaptive order is spread over."""

_SPREAD_SHARE = {Patience.URGENT: 1.0, Patience.NORMAL: 0.5, Patience.PATIENT: 0.25}


class Slice(NamedTuple):
    """What an algo does in one bar.

    Attributes:
        quantity: units, >= 0 and unrounded.
        price: before slippage.
    """

    quantity: float
    price: float


def slice_of(
    algo: Algo,
    remaining: float,
    left: int,
    volume: float,
    usual: float,
    open_: float,
    high: float,
    low: float,
    close: float,
) -> Slice:
    """How much trades in a bar, and where.

    TWAP and Adaptive: remaining / left at (O + H + L + C) / 4.
    VWAP: remaining x v / (v + (left - 1) x usual) at (H + L + C) / 3, at most `max_percent` of v.
    Percent of volume: rate % of v at (H + L + C) / 3.

    Args:
        algo: which one.
        remaining: units still to trade.
        left: bars of its window left, this one included.
        volume: v, units traded by the whole market in the bar, 0 if unknown.
        usual: mean volume of the window's bars so far, this one included.
        open_, high, low, close: of the bar.
    """
    typical = (high + low + close) / 3.0
    if isinstance(algo, Twap | Adaptive):
        return Slice(remaining / left, (open_ + high + low + close) / 4.0)
    if isinstance(algo, PercentOfVolume):
        return Slice(min(remaining, volume * algo.rate / 100.0), typical)
    return Slice(_in_step(algo, remaining, left, volume, usual), typical)


def _in_step(algo: Vwap, remaining: float, left: int, volume: float, usual: float) -> float:
    expected = volume + (left - 1) * usual
    share = volume / expected if expected > 0.0 else 1.0 / left
    wanted = remaining * share
    if algo.max_percent is None:
        return wanted
    return min(wanted, volume * algo.max_percent / 100.0)


def spread_share(algo: Algo) -> float:
    """Share of the slippage of a market order that the algo's parts pay."""
    if isinstance(algo, Adaptive):
        return _SPREAD_SHARE[algo.patience]
    if isinstance(algo, Vwap | PercentOfVolume) and algo.no_take_liquidity:
        return 0.0
    return 1.0
