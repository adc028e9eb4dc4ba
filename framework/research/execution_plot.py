"""Picture of execution: how the orders' cost is spread, and what it was by the hour."""

from __future__ import annotations

__all__ = ["figure_of_execution", "save_plot"]

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from framework.errors import ConfigError
from framework.research.execution_report import ExecutionReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _FAINT, _BAR, _MEDIAN = "#22303c", "#8a97a3", "#7fa6d6", "#c8443b"
_SIZE = (14, 5.5)
_BINS = 40


def save_plot(report: ExecutionReport, path: Path) -> None:
    """Save the picture; its ending says how.

    Raises:
        ConfigError: the file cannot be written.
    """
    picture = BytesIO()
    figure_of_execution(report).savefig(picture, format=path.suffix.lower()[1:])
    try:
        path.expanduser().write_bytes(picture.getvalue())
    except OSError as error:
        raise ConfigError(
            f"The picture cannot be written to {path}: {error.strerror or error}.",
            "Choose another file.",
        ) from error


def figure_of_execution(report: ExecutionReport) -> Figure:
    """The picture as a matplotlib figure of 1400 x 550 pixels, tied to no window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # pictures only
    from matplotlib.figure import Figure  # noqa: PLC0415  # likewise

    figure = Figure(figsize=_SIZE, dpi=100, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_spread(left, report)
    _draw_hours(right, report)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=_INK)
    return figure


def _draw_spread(axes: Axes, report: ExecutionReport) -> None:
    points = np.array([one.basis_points(one.execution) for one in report.orders])
    axes.set_title("Execution: arrival to fill, basis points an order", loc="left", color=_INK)
    axes.set_ylabel("orders", color=_INK)
    if not len(points):
        return
    low, high = np.quantile(points, [0.01, 0.99])
    shown = points.clip(low, high)
    pad = max(0.05 * (high - low), 0.1)
    axes.hist(shown, bins=_BINS, range=(low - pad, high + pad), color=_BAR)
    for value, name, style in (
        (float(np.median(points)), "median", "-"),
        (float(np.quantile(points, 0.9)), "90 %", "--"),
    ):
        axes.axvline(value, color=_MEDIAN, linestyle=style, label=f"{name} {value:.2f}")
    axes.axvline(0.0, color=_FAINT, linewidth=0.8)
    axes.legend(frameon=False)
    axes.set_xlabel("worse than the arrival >", color=_INK, loc="right")


def _draw_hours(axes: Axes, report: ExecutionReport) -> None:
    lines = report.hours
    axes.set_title("Median by hour of the exchange", loc="left", color=_INK)
    axes.bar([one.name for one in lines], [one.median_bps for one in lines], color=_BAR)
    for place, one in enumerate(lines):
        label = f"{one.orders:,}"
        axes.annotate(
            label, (place, max(one.median_bps, 0.0)), ha="center", xytext=(0, 3),
            textcoords="offset points", color=_FAINT, fontsize=9,
        )  # fmt: skip
    axes.axhline(0.0, color=_FAINT, linewidth=0.8)
    axes.set_ylabel("basis points (orders above each bar)", color=_INK)
