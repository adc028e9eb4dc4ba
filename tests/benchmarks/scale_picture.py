"""The scale picture: time above and memory below, by bars, instruments and runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from tests.benchmarks.points import Point

_PANELS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("bars", {"bars": "when", "bars_on_bar": "on_bar"}),
    ("instruments, 2,520 bars each", {"instruments": "when"}),
    ("runs of a sweep, 2,000 bars each", {"runs": "when"}),
)

_LEAST_MB, _MOST_MB = 50.0, 4096.0
_PLAIN = FuncFormatter(lambda value, _: f"{value:,g}")


def draw(points: Sequence[Point], file: Path) -> None:
    """Write the picture."""
    figure, rows = pyplot.subplots(
        2, len(_PANELS), figsize=(11, 6), sharex="col", sharey="row", layout="constrained"
    )
    for above, below, (title, kinds) in zip(rows[0], rows[1], _PANELS, strict=True):
        for axis, label in kinds.items():
            found = [point for point in points if point.axis == axis]
            sizes = [point.size for point in found]
            above.loglog(sizes, [point.seconds for point in found], "o-", label=label)
            below.loglog(sizes, [point.peak_mb for point in found], "o-", label=label)
        _mark_loaded(below, [point for point in points if point.axis in kinds])
        below.set_xlabel(title)
        _tidy(above)
        _tidy(below)
    most = max(_MOST_MB, *(point.peak_mb for point in points))
    rows[1][0].set_ylim(_LEAST_MB, 1.5 * most)
    rows[0][0].set_ylabel("seconds")
    rows[1][0].set_ylabel("MB at most")
    _mark_limit(rows[1][0])
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def _mark_loaded(panel: Axes, points: Sequence[Point]) -> None:
    """Memory before the run."""
    loaded = sorted({point.size: point.loaded_mb for point in points}.items())
    panel.loglog(*zip(*loaded, strict=True), ":", color="grey", label="prices loaded")


def _mark_limit(panel: Axes) -> None:
    """What ten million bars must stay under."""
    panel.axhline(_MOST_MB, color="firebrick", linewidth=1, linestyle="--")
    panel.annotate(
        "4 GiB",
        (0.02, _MOST_MB),
        xycoords=("axes fraction", "data"),
        xytext=(0, -12),
        textcoords="offset points",
        color="firebrick",
    )


def _tidy(panel: Axes) -> None:
    panel.grid(True, which="major", alpha=0.3)
    panel.legend(fontsize=8, loc="best")
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_locator(LogLocator(10.0))
        axis.set_major_formatter(_PLAIN)
        axis.set_minor_formatter(NullFormatter())
