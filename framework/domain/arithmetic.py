"""The scalar arithmetic of money and prices, written once for every path that computes them.

The engine runs these functions plainly, the kernel runs them compiled: the same operations on the
same floats in the same order, so that both come to the same bits.
"""

from __future__ import annotations

__all__ = [
    "covered",
    "filled_up",
    "held_after",
    "opening_and_closing",
    "order_price",
    "round_down_to_lot",
    "round_to_tick",
    "same",
    "total",
]

from collections.abc import Iterable
from math import floor

from framework.compiled import scalar

_SNAP = 1e-9
"""Relative distance below which a ratio counts as a whole number of ticks or lots."""

_DIGITS = 1e10
_LARGEST = 1e5
"""Up to here a price has room for ten digits behind the point."""


@scalar
def _steps_of(steps: float, step: float) -> float:
    """`steps` x `step`, as the decimal number it stands for: 2999 x 0.01 is 29.99."""
    parts = floor(1.0 / step + 0.5)
    if parts >= 1 and abs(parts * step - 1.0) <= 1e-12:
        return steps / parts
    value = steps * step
    if abs(value) >= _LARGEST:
        return value
    return floor(value * _DIGITS + 0.5) / _DIGITS


@scalar
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
    return _steps_of(float(steps), tick)


@scalar
def order_price(price: float, tick: float, side: int, is_stop: bool) -> float:
    """An order's price on the tick grid, on the side that asks for no more than was asked.

    A limit never gets worse for its sender (buy down, sell up); a stop never triggers earlier
    (buy up, sell down). `side` is +1 for a buy, -1 for a sell.
    """
    return round_to_tick(price, tick, (side > 0) == is_stop)


@scalar
def round_down_to_lot(quantity: float, lot: float) -> float:
    """`quantity` (>= 0) rounded down to a multiple of `lot`; a multiple already stays."""
    if lot <= 0.0:
        return quantity
    ratio = quantity / lot
    nearest = floor(ratio + 0.5)
    steps = nearest if abs(ratio - nearest) <= _SNAP * max(1.0, abs(ratio)) else floor(ratio)
    return _steps_of(float(steps), lot)


def total(amounts: Iterable[float]) -> float:
    """The sum, term by term: newer Pythons' `sum` corrects rounding, compiled code does not."""
    found = 0.0
    for amount in amounts:
        found += amount
    return found


@scalar
def same(a: float, b: float) -> bool:
    """Whether two prices or indicator values count as equal: |a-b| <= 1e-9 max(|a|, |b|)."""
    return abs(a - b) <= _SNAP * max(abs(a), abs(b))


def filled_up(filled: float, quantity: float, wanted: float) -> float:
    """Units filled once `quantity` more have traded; all of `wanted` where only the rounding of a
    sum of fractions keeps them apart."""
    total = filled + quantity
    return wanted if same(total, wanted) else total


@scalar
def held_after(held: float, average: float, quantity: float, price: float) -> tuple[float, float]:
    """Signed units held and their average price once `quantity` (signed) has traded at `price`."""
    total = held + quantity
    if abs(total) <= _SNAP * max(abs(held), abs(quantity)):
        return 0.0, 0.0
    if held * quantity >= 0.0:
        cost = held * average + quantity * price
        return total, cost / total
    return total, average if total * held > 0.0 else price


@scalar
def opening_and_closing(position: float, wanted: float, closing: float) -> tuple[float, float]:
    """Unsigned units of an order that open risk, and that close it.

    Args:
        position: signed units held.
        wanted: signed units of the order.
        closing: unsigned units that other orders are about to close before it.
    """
    total = abs(wanted)
    closable = max(0.0, abs(position) - closing) if wanted * position < 0.0 else 0.0
    if closable <= _SNAP * abs(position):
        return total, 0.0
    if closable >= total * (1.0 - _SNAP):
        return 0.0, total
    return total - closable, closable


@scalar
def covered(need: float, fee: float, free: float) -> bool:
    """Whether free money pays for a margin and a fee."""
    return need + fee <= free + _SNAP * abs(free)
