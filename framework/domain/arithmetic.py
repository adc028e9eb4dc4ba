"""The scalar arithmetic of money and prices, written once for every path that computes them."""

from __future__ import annotations

__all__ = ["filled_up", "order_price", "round_down_to_lot", "round_to_tick", "same"]

from math import floor

_SNAP = 1e-9
"""Relative distance below which a ratio counts as a whole number of ticks or lots."""


def round_to_tick(price: float, tick: float, up: bool) -> float:
    """`price` moved to a multiple of `tick`, up or down; a price already on the grid stays.

    A tick of 0 means the instrument has no grid.
    """
    if tick <= 0.0:
        return price
    ratio = price / tick
    nearest = floor(ratio + 0.5)
    if abs(ratio - nearest) <= _SNAP * max(1.0, abs(ratio)):
        steps = nearest
    else:
        steps = floor(ratio) + 1 if up else floor(ratio)
    return round(steps * tick, 10)


def order_price(price: float, tick: float, side: int, is_stop: bool) -> float:
    """An order's price on the tick grid, on the side that asks for no more than was asked.

    A limit never gets worse for its sender (buy down, sell up); a stop never triggers earlier
    (buy up, sell down). `side` is +1 for a buy, -1 for a sell.
    """
    return round_to_tick(price, tick, (side > 0) == is_stop)


def round_down_to_lot(quantity: float, lot: float) -> float:
    """`quantity` (>= 0) rounded down to a multiple of `lot`; a multiple already stays."""
    if lot <= 0.0:
        return quantity
    ratio = quantity / lot
    nearest = floor(ratio + 0.5)
    steps = nearest if abs(ratio - nearest) <= _SNAP * max(1.0, abs(ratio)) else floor(ratio)
    return round(steps * lot, 10)


def same(a: float, b: float) -> bool:
    """Whether two prices or indicator values count as equal: |a-b| <= 1e-9 max(|a|, |b|)."""
    return abs(a - b) <= _SNAP * max(abs(a), abs(b))


def filled_up(filled: float, quantity: float, wanted: float) -> float:
    """Units filled once `quantity` more have traded; all of `wanted` where only the rounding of a
    sum of fractions keeps them apart."""
    total = filled + quantity
    return wanted if same(total, wanted) else total
