"""Algos over bars: how much of an algo order trades in a bar, and at what price. Pure functions."""

from __future__ import annotations

__all__ = ["ADAPTIVE_BARS", "Work", "follows_volume", "price_of", "spread_share", "units_of"]

from typing import NamedTuple

from framework.domain.arithmetic import round_down_to_lot, round_to_tick
from framework.domain.terms import Adaptive, Algo, Patience, PercentOfVolume, Twap, Vwap

ADAPTIVE_BARS = {Patience.URGENT: 2, Patience.NORMAL: 4, Patience.PATIENT: 8}
"""Bars an Adaptive order is spread over."""

_SPREAD_SHARE = {Patience.URGENT: 1.0, Patience.NORMAL: 0.5, Patience.PATIENT: 0.25}


class Work(NamedTuple):
    """How far an algo order has come, the present bar included.

    Attributes:
        remaining: units still to trade.
        filled: units traded.
        left: bars of its window left.
        bars: bars it has worked in.
        volume: units the whole market traded in the bar, 0 if unknown.
        seen: the same of all bars it has worked in.
        lot: smallest quantity step.
    """

    remaining: float
    filled: float
    left: int
    bars: int
    volume: float
    seen: float
    lot: float


def units_of(algo: Algo, work: Work) -> float:
    """Units that trade in a bar, in whole lots.

    TWAP and Adaptive: remaining / left, rounded up, so that nothing is left behind at the end.
    VWAP: remaining x v / (v + (left - 1) x mean v of the bars worked in), rounded up, and at most
    `max_percent` of v, rounded down; equal parts while no bar has shown a volume and there is no
    `max_percent`. Percent of volume: `rate` percent of all volume seen, less what is filled,
    rounded down.
    """
    if isinstance(algo, PercentOfVolume):
        due = work.seen * algo.rate / 100.0 - work.filled
        return round_down_to_lot(min(work.remaining, max(0.0, due)), work.lot)
    wanted = work.remaining / work.left
    if isinstance(algo, Vwap):
        wanted = _in_step(work)
    units = min(work.remaining, round_to_tick(wanted, work.lot, up=True))
    if isinstance(algo, Vwap) and algo.max_percent is not None:
        most = round_down_to_lot(work.volume * algo.max_percent / 100.0, work.lot)
        return min(units, most)
    return units


def _in_step(work: Work) -> float:
    if work.seen == 0.0:
        return work.remaining / work.left
    expected = work.volume + (work.left - 1) * work.seen / work.bars
    return work.remaining * work.volume / expected if expected > 0.0 else 0.0


def price_of(algo: Algo, open_: float, high: float, low: float, close: float) -> float:
    """The price of a bar's part, before slippage: (O + H + L + C) / 4 of TWAP and Adaptive,
    (H + L + C) / 3 of the others."""
    if follows_volume(algo):
        mean = (high + low + close) / 3.0
    else:
        mean = (open_ + high + low + close) / 4.0
    return min(max(mean, low), high)


def follows_volume(algo: Algo) -> bool:
    """Whether its parts follow the volume of the bars."""
    return isinstance(algo, Vwap | PercentOfVolume)


def spread_share(algo: Algo) -> float:
    """Share of the slippage of a market order that the algo's parts pay."""
    if isinstance(algo, Adaptive):
        return _SPREAD_SHARE[algo.patience]
    if not isinstance(algo, Twap) and algo.no_take_liquidity:
        return 0.0
    return 1.0
