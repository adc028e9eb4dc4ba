"""Picture: the efficient frontier of hedging, and the error against the time between hedges."""

from __future__ import annotations

__all__ = ["figure_of_lab", "save_lab_picture", "show_lab_picture"]

from collections.abc import Callable, Sequence
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from framework.errors import ConfigError
from framework.hedgelab.outcome import LabResult, Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_INK = "#22303c"
_FAINT = "#51606d"
_GRID = "#e6eaee"
_COLOURS = ("#1f5fa8", "#c2872b", "#14866d", "#c8443b", "#8d5bb0", "#1fa3b5", "#7d8c1f", "#7a4a2b")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
_ENDINGS = (".pdf", ".png", ".svg")
_SIZE = (16, 9)
_SIDES = ((7, 5, "left"), (-7, -13, "right"))
"""Where a point's name stands, in turn, so that neighbouring lines do not write over each other."""
_NO_WINDOW = frozenset({"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"})

Measure = Callable[[Outcome], float]


def save_lab_picture(result: LabResult, path: Path) -> None:
    """Save the picture as .png, .pdf or .svg.

    Raises:
        ConfigError: another ending, or a file that cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        raise ConfigError(
            f"A picture cannot be saved as {path.name!r}.",
            f"End its name in one of {', '.join(_ENDINGS)}.",
        )
    picture = BytesIO()
    figure_of_lab(result).savefig(picture, format=ending[1:])
    target = path.expanduser()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(picture.getvalue())
    except OSError as error:
        raise ConfigError(
            f"The picture cannot be written to {target}: {error.strerror or error}.",
            "Choose another file.",
        ) from error


def show_lab_picture(result: LabResult) -> None:
    """Open the picture in a window.

    Raises:
        ConfigError: no window can be opened here.
    """
    import matplotlib.pyplot as plt  # noqa: PLC0415

    if plt.get_backend().lower() in _NO_WINDOW:
        raise ConfigError(
            "No window can be opened here.", "Save the picture instead, with --plot out.png."
        )
    _draw_lab(plt.figure(figsize=_SIZE), result)
    plt.show()


def figure_of_lab(result: LabResult) -> Figure:
    """The picture as a matplotlib figure of 1600 x 900 pixels, tied to no window.

    On the left the hedging error of each policy against its mean transaction costs; without costs,
    against its hedges. On the right the error against the mean time between hedges, beside what the
    rule of Derman and Kamal leads one to expect.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=_SIZE, dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    _draw_lab(figure, result)
    return figure


def _draw_lab(figure: Figure, result: LabResult) -> None:
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.06, right=0.98, top=0.84, bottom=0.09, wspace=0.16)
    _draw_frontier(left, result)
    _draw_intervals(right, result)
    _draw_title(figure, result)
    figure.legend(
        *left.get_legend_handles_labels(), loc="upper right", bbox_to_anchor=(0.985, 0.985),
        ncols=3, frameon=False, fontsize=11.5, labelcolor=_INK,
    )  # fmt: skip


def _draw_frontier(axes: Axes, result: LabResult) -> None:
    if result.experiment.cost > 0.0:
        price = result.experiment.price
        _draw(axes, result, lambda one: 100.0 * one.mean_fees / price, True)
        _label(axes, "Efficient frontier", "mean transaction costs, % of the call's price")
    else:
        _draw(axes, result, lambda one: one.mean_rebalances, True)
        _label(axes, "Error against effort (hedges cost nothing)", "hedges on average")
    axes.set_ylabel("hedging error, % of the call's price", color=_INK, size=12.5)
    axes.set_xlim(left=0.0)
    axes.set_yscale("log")
    _plain_numbers(axes.yaxis)


def _draw_intervals(axes: Axes, result: LabResult) -> None:
    _draw(axes, result, lambda one: one.mean_interval, False)
    known = [one.mean_interval for one in result.outcomes if isfinite(one.mean_interval)]
    experiment = result.experiment
    ends = (min([*known, experiment.step]), max([*known, 4.0 * experiment.step]))
    weeks = np.geomspace(*ends, 50)
    expected = [100.0 * experiment.rule_of_thumb(float(each)) for each in weeks]
    (rule,) = axes.plot(
        weeks, expected, color=_FAINT, linewidth=1.4, linestyle=(0, (5, 4)), zorder=1.5,
        label="1/√n rule of Derman and Kamal, without costs",
    )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    _plain_numbers(axes.xaxis, axes.yaxis)
    _label(axes, "Error against time between hedges", "weeks between hedges on average")
    axes.legend(handles=[rule], frameon=False, fontsize=11.5, labelcolor=_INK, loc="upper left")


def _draw(axes: Axes, result: LabResult, across: Measure, named: bool) -> None:
    """A line for each family of policies, through its settings from left to right."""
    for number, (family, outcomes) in enumerate(_families(result.outcomes).items()):
        shown = sorted((one for one in outcomes if isfinite(across(one))), key=across)
        places = [across(one) for one in shown]
        heights = [100.0 * one.error for one in shown]
        axes.errorbar(
            places, heights, yerr=[100.0 * one.standard_error for one in shown],
            color=_COLOURS[number % len(_COLOURS)], marker=_MARKERS[number % len(_MARKERS)],
            linewidth=1.6, markersize=7, elinewidth=1.0, label=family.replace("_", " "),
        )  # fmt: skip
        if named:
            _name(axes, shown, list(zip(places, heights, strict=True)), _SIDES[number % 2])


def _name(
    axes: Axes,
    outcomes: Sequence[Outcome],
    points: Sequence[tuple[float, float]],
    side: tuple[int, int, str],
) -> None:
    """Write beside each point what sets it apart from the others on its line."""
    across, up, anchor = side
    for one, point in zip(outcomes, points, strict=True):
        axes.annotate(
            _setting(one.policy.label), point, (across, up), textcoords="offset points",
            ha=anchor, color=_FAINT, size=9,
        )  # fmt: skip


def _families(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for one in outcomes:
        found.setdefault(one.policy.family, []).append(one)
    return found


def _setting(label: str) -> str:
    """What sets a policy apart from others of its family, without what they share."""
    if " " in label:
        return label.partition(" ")[2]
    parts = [part.partition("=") for part in label.partition(":")[2].split(",") if part]
    kept = [value or name for name, _, value in parts if name not in ("cost", "bars_per_year")]
    return ", ".join(kept)


def _label(axes: Axes, title: str, across: str) -> None:
    axes.set_title(title, color=_INK, size=14, loc="left", pad=10)
    axes.set_xlabel(across, color=_INK, size=12.5)
    axes.grid(color=_GRID, which="both", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(colors=_INK, labelsize=11)


def _plain_numbers(*scales: Axis) -> None:
    """0.5 and 20 on a logarithmic axis, not powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator  # noqa: PLC0415

    for axis in scales:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0, 7.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(FuncFormatter(lambda _, __: ""))


def _draw_title(figure: Figure, result: LabResult) -> None:
    experiment = result.experiment
    headline = f"Hedging a short call for {experiment.weeks:g} weeks"
    figure.text(0.02, 0.945, headline, color=_INK, size=18, weight="bold")
    line = "   ·   ".join(
        (
            f"spot {experiment.spot:g}, strike {experiment.strike:g}",
            f"rate {100 * experiment.rate:g} %",
            f"volatility {100 * experiment.volatility:g} %",
            f"drift {100 * experiment.drift:g} %",
            f"{100 * experiment.cost:g} % a hedge",
            f"price {experiment.price:.4f}",
            f"{result.paths:,} paths",
        )
    )
    figure.text(0.02, 0.91, line, color=_FAINT, size=12)
