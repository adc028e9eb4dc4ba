"""The panel of option books in a run's picture: what options, hedge and all made by then."""

from __future__ import annotations

__all__ = ["draw_books"]

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.domain.bars import FloatArray
from framework.research.attribution import Attribution, PartPnl
from framework.research.axis import extremes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OPTIONS = "#8d5bb0"
_HEDGE = "#1fa3b5"
_OTHER = "#8f7a3d"
_TOGETHER = "#1f5fa8"
_FAINT = "#8a97a3"
_GAP = 0.12
"""Least distance of two labels, as a part of the panel's height."""


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """Money made by each instant, and how its line looks."""

    name: str
    values: FloatArray
    colour: str
    width: float


def draw_books(axes: Axes, books: Sequence[Attribution]) -> None:
    """Draw what the books made by each instant after costs: options, hedge, and all of it.

    Args:
        axes: counts instants from the run's start.
        books: at least one, of at least one instant.
    """
    curves = _curves(books)
    for curve in curves:
        keep = extremes(curve.values)
        axes.plot(
            keep, curve.values[keep], color=curve.colour, linewidth=curve.width, label=curve.name
        )
    axes.axhline(0.0, color=_FAINT, linewidth=0.8, linestyle=(0, (4, 4)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    _end_labels(axes, curves)


def _curves(books: Sequence[Attribution]) -> list[_Curve]:
    """The parts that did anything, and all together last."""
    parts = (
        ("Options", _OPTIONS, [book.options for book in books]),
        ("Hedge", _HEDGE, [book.hedge for book in books]),
        ("Underlying itself", _OTHER, [book.other for book in books]),
    )
    found = [
        _Curve(name, _made(each), colour, 1.3)
        for name, colour, each in parts
        if any(part.is_active for part in each)
    ]
    every = [part for _, _, each in parts for part in each]
    return [*found, _Curve("Together, after costs", _made(every), _TOGETHER, 1.9)]


def _made(parts: Sequence[PartPnl]) -> FloatArray:
    """Money made by each instant after costs, shape (N,)."""
    total: FloatArray = np.cumsum(np.sum([part.net for part in parts], axis=0))
    return total


def _end_labels(axes: Axes, curves: Sequence[_Curve]) -> None:
    """Final values at the right edge, moved apart where they would overlap."""
    to_axes = axes.transData + axes.transAxes.inverted()
    wanted = [to_axes.transform((0.0, curve.values[-1]))[1] for curve in curves]
    order = np.argsort(wanted)
    steps = _GAP * np.arange(len(order))
    apart = np.maximum.accumulate(np.array(wanted)[order] - steps) + steps
    apart -= max(0.0, apart[-1] - 1.0)
    for which, place in zip(order.tolist(), apart.tolist(), strict=True):
        curve = curves[which]
        axes.text(
            1.006, place, f"{curve.values[-1]:,.0f}", transform=axes.transAxes,
            color=curve.colour, va="center", size=11.5, weight="bold",
        )  # fmt: skip
