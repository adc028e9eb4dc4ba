"""What the terminal shows of a sweep: its best sets, what they are worth, and on other days."""

from __future__ import annotations

__all__ = ["print_sweep"]

from collections.abc import Sequence
from dataclasses import fields
from math import isnan

from rich.console import Console
from rich.table import Table
from rich.text import Text

from framework.research.summary import Activity, Performance, Unit
from framework.sweeps.result import SweepResult, SweepTrial
from framework.sweeps.table import DEFLATED, REASON
from framework.sweeps.unseen import LABEL

_WIDTH = 90
_SHOWN = ("sharpe", "annual_return", "max_drawdown", "trades")
_UNITS = {
    item.name: item.metadata["unit"] for kind in (Performance, Activity) for item in fields(kind)
}


def print_sweep(result: SweepResult, console: Console | None = None) -> None:
    """Print the best sets of a sweep and how far they can be trusted."""
    out = console or Console()
    parts: list[Table | Text] = [_headline(result)]
    if result.best is None:
        parts.append(Text(f"No set of parameters has a {result.metric}.", "bold"))
    else:
        parts.append(_leaders(result))
        parts.append(_note(result.verdict))
    if result.out_of_sample is not None:
        parts += [_unseen(result), _warning(LABEL)]
    parts += [_warning(text) for text in result.warnings if text != LABEL]
    for part in parts:
        out.print(part, width=min(_WIDTH, out.width), highlight=False)


def _headline(result: SweepResult) -> Text:
    names = ", ".join(f"{axis.name} ({len(axis.values):,})" for axis in result.columns.grid.axes)
    text = Text()
    text.append(f"{result.strategy} by {names}\n", "bold")
    text.append(f"{result.trials:,} of {result.columns.grid.size:,} sets tried")
    if result.ran < result.trials:
        text.append(f", {result.trials - result.ran:,} did not run (mostly: {result.reason})")
    if result.train:
        text.append(f"\nsearched on {result.train}")
    return text


def _leaders(result: SweepResult) -> Table:
    shown = list(dict.fromkeys([result.metric, *_SHOWN, DEFLATED]))
    table = _table(f"Best by {_words(result.metric)}")
    for axis in result.columns.grid.axes:
        table.add_column(axis.name, justify="right", overflow="fold")
    for name in shown:
        table.add_column(_words(name), justify="right")
    for leader in result.leaders:
        table.add_row(*_values(leader), *(_figure(name, _of(leader, name)) for name in shown))
    return table


def _unseen(result: SweepResult) -> Table:
    table = _table(f"The same sets on {result.test}")
    shown = list(dict.fromkeys([result.metric, *_SHOWN]))[:4]
    for axis in result.columns.grid.axes:
        table.add_column(axis.name, justify="right", overflow="fold")
    for name in shown:
        table.add_column(f"{_words(name)}\ntrain", justify="right")
        table.add_column("\ntest", justify="right")
    rows: Sequence[dict[str, object]] = (
        []
        if result.out_of_sample is None
        else [
            {str(key): cell for key, cell in row.items()}
            for row in result.out_of_sample.to_dict("records")
        ]
    )
    for leader, row in zip(result.leaders, rows, strict=True):
        cells = [
            _figure(name, float(str(row.get(f"{days}_{name}", leader.deflated_sharpe))))
            for name in shown
            for days in ("train", "test")
        ]
        table.add_row(*_values(leader), *cells)
        if row[REASON]:
            table.add_row(Text(str(row[REASON]), "dim"))
    return table


def _of(leader: SweepTrial, name: str) -> float:
    return leader.deflated_sharpe if name == DEFLATED else leader.figures[name]


def _values(leader: SweepTrial) -> list[str]:
    return [f"{v:g}" if isinstance(v, float) else str(v) for v in leader.parameters.values()]


def _figure(name: str, value: float) -> str:
    if isnan(value):
        return "n/a"
    unit = _UNITS.get(name, Unit.RATIO)
    if unit == Unit.FRACTION:
        return f"{100.0 * value:,.2f} %"
    return f"{value:,.0f}" if unit == Unit.COUNT else f"{value:,.2f}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _note(text: str) -> Text:
    return Text(f"\n{text}")


def _warning(text: str) -> Text:
    return Text(f"\nWarning: {text}", "yellow")


def _table(title: str) -> Table:
    return Table(
        title=f"\n{title}", title_justify="left", title_style="bold", box=None,
        padding=(0, 2, 0, 0), pad_edge=False,
    )  # fmt: skip
