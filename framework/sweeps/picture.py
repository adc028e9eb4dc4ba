"""Picture: how a sweep's metric depends on its parameters, as a line or a heat map."""

from __future__ import annotations

__all__ = ["PICTURE", "figure_of_sweep", "save_picture"]

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from framework.domain.bars import FloatArray, IntArray
from framework.errors import ConfigError
from framework.sweeps.axes import Axis
from framework.sweeps.result import SweepResult
from framework.sweeps.rows import sign
from framework.sweeps.table import DEFLATED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

PICTURE = "heatmap.png"
"""Its file in a sweep's folder."""

_INK = "#22303c"
_FAINT = "#51606d"
_LINE = "#1f5fa8"
_BEST = "#c8443b"
_NONE = "#e6eaee"
_MOST_LABELS = 20
_MOST_WRITTEN = 144
"""Cells up to which the values are written into them."""


@dataclass(frozen=True, slots=True)
class _Face:
    """The metric over one or two axes, at the best the others allow.

    Attributes:
        axes: one or two of the swept ones.
        values: of the metric, NaN where no set ran, shape (values of axes[0], of axes[1] or 1).
        best: where the best value is.
        hidden: names of the axes that are not shown.
    """

    axes: tuple[Axis, ...]
    values: FloatArray
    best: tuple[int, int]
    hidden: tuple[str, ...]


def save_picture(result: SweepResult, path: Path) -> Path | None:
    """Save the picture of a sweep as .png, .pdf or .svg; None if no set has the metric.

    Raises:
        ConfigError: the file cannot be written.
    """
    if result.best is None:
        return None
    try:
        figure_of_sweep(result).savefig(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The picture cannot be written to {path}: {error}.", "Choose another file."
        ) from error
    return path


def figure_of_sweep(result: SweepResult) -> Figure:
    """The picture as a matplotlib figure of 1200 x 900 pixels, tied to no window.

    One swept parameter is a line, two are a heat map; of more, the two the metric depends on most
    are shown, each cell at the best the others allow.

    Raises:
        ConfigError: no set has the metric.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    if result.best is None:
        raise ConfigError(
            f"No set of parameters has a {result.metric}.", "There is nothing to be drawn."
        )
    face = _face_of(result)
    figure = Figure(figsize=(12, 9), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.1, right=0.97, top=0.86, bottom=0.1)
    if len(face.axes) == 1:
        _draw_line(axes, face, result.metric)
    else:
        _draw_map(figure, axes, face, result.metric)
    _draw_title(figure, face, result)
    return figure


def _face_of(result: SweepResult) -> _Face:
    grid = result.columns.grid
    wanted = sign(result.metric, [DEFLATED])
    values = pq.read_table(result.path, columns=[result.metric]).column(0).to_numpy() * wanted
    places = _places(result)
    swept = [i for i, axis in enumerate(grid.axes) if len(axis.values) > 1] or [0]
    if len(swept) > 2:
        swept = sorted(sorted(swept, key=lambda i: -_influence(values, places[i]))[:2])
    shape = [len(grid.axes[i].values) for i in swept] + [1] * (2 - len(swept))
    cell = places[swept[0]] * shape[1] + (places[swept[1]] if len(swept) == 2 else 0)
    best = np.full(shape[0] * shape[1], -np.inf)
    np.maximum.at(best, cell, np.where(np.isnan(values), -np.inf, values))
    row, column = divmod(int(best.argmax()), shape[1])
    shown = np.where(np.isinf(best), np.nan, best * wanted).reshape(shape[0], shape[1])
    return _Face(
        axes=tuple(grid.axes[i] for i in swept),
        values=shown,
        best=(row, column),
        hidden=tuple(
            axis.name for i, axis in enumerate(grid.axes) if i not in swept and len(axis.values) > 1
        ),
    )


def _places(result: SweepResult) -> list[IntArray]:
    """On each axis, the place of the value of each trial, from the table's own columns."""
    columns = result.columns
    found = []
    for axis, name in zip(columns.grid.axes, columns.names, strict=True):
        column = pq.read_table(result.path, columns=[name]).column(0)
        where = {value: place for place, value in enumerate(columns.cells(axis))}
        found.append(np.array([where[cell] for cell in column.to_pylist()], dtype=np.int64))
    return found


def _influence(values: FloatArray, place: IntArray) -> float:
    """Variance of the metric's mean from one value of a parameter to the next."""
    known = np.isfinite(values)
    counts = np.bincount(place[known])
    sums = np.bincount(place[known], weights=values[known])
    means = sums[counts > 0] / counts[counts > 0]
    return float(means.var()) if len(means) else 0.0


def _draw_line(axes: Axes, face: _Face, metric: str) -> None:
    axis, heights = face.axes[0], face.values[:, 0]
    places = np.arange(len(heights))
    axes.plot(places, heights, color=_LINE, linewidth=1.8, marker="o", markersize=4)
    axes.plot(face.best[0], heights[face.best[0]], "o", color=_BEST, markersize=10)
    axes.grid(color=_NONE)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    ticks, labels = _labels(axis)
    axes.set_xticks(ticks, labels)
    axes.set_xlabel(axis.name, color=_INK, size=13)
    axes.set_ylabel(_words(metric), color=_INK, size=13)
    axes.tick_params(colors=_INK, labelsize=11)


def _draw_map(figure: Figure, axes: Axes, face: _Face, metric: str) -> None:
    rows, columns = face.axes
    axes.set_facecolor(_NONE)
    image = axes.imshow(
        np.ma.masked_invalid(face.values), origin="lower", aspect="auto", cmap="viridis",
        interpolation="nearest",
    )  # fmt: skip
    axes.set_yticks(*_labels(rows))
    axes.set_xticks(*_labels(columns))
    axes.set_ylabel(rows.name, color=_INK, size=13)
    axes.set_xlabel(columns.name, color=_INK, size=13)
    axes.tick_params(colors=_INK, labelsize=11, length=0)
    bar = figure.colorbar(image, ax=axes, pad=0.02)
    bar.set_label(_words(metric), color=_INK, size=12)
    bar.outline.set_visible(False)
    axes.spines[:].set_visible(False)
    if face.values.size <= _MOST_WRITTEN:
        _write_values(axes, face.values)
    row, column = face.best
    axes.add_patch(_frame(column, row))


def _write_values(axes: Axes, values: FloatArray) -> None:
    low, high = np.nanmin(values), np.nanmax(values)
    bright = low + 0.6 * (high - low)
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            color = _INK if value > bright else "white"
            axes.text(column, row, f"{value:.3g}", ha="center", va="center", color=color, size=9.5)


def _frame(column: int, row: int) -> Rectangle:
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    return Rectangle(
        (column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=_BEST, linewidth=2.5, clip_on=False
    )


def _draw_title(figure: Figure, face: _Face, result: SweepResult) -> None:
    best = result.best
    headline = (
        f"{result.strategy}: {_words(result.metric)} by {' and '.join(a.name for a in face.axes)}"
    )
    figure.text(0.02, 0.945, headline, color=_INK, size=17, weight="bold")
    lines = [f"{result.trials:,} sets, {result.ran:,} ran"]
    if face.hidden:
        lines.append(f"each at the best of {', '.join(face.hidden)}")
    if best is not None:
        values = ", ".join(f"{name}={value}" for name, value in best.parameters.items())
        lines.append(
            f"best {best.figures.get(result.metric, best.deflated_sharpe):.3g} at {values}"
        )
        if not np.isnan(best.deflated_sharpe):
            lines.append(f"deflated Sharpe {best.deflated_sharpe:.2f}")
    text = "   ·   ".join(lines)
    figure.text(0.02, 0.905, text, color=_FAINT, size=min(12.5, 1500.0 / len(text)))


def _labels(axis: Axis) -> tuple[list[int], list[str]]:
    """Places and texts of as many values as there is room for."""
    step = -(-len(axis.values) // _MOST_LABELS)
    places = list(range(0, len(axis.values), step))
    texts = [f"{v:g}" if isinstance(v, float) else str(v) for v in (axis.values[i] for i in places)]
    return places, texts


def _words(metric: str) -> str:
    return metric.replace("_", " ")
