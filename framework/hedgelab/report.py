"""What the terminal shows of the hedging lab: a line for each policy."""

from __future__ import annotations

__all__ = ["print_lab"]

import re

from rich.console import Console
from rich.table import Table
from rich.text import Text

from framework.hedgelab.experiment import Experiment
from framework.hedgelab.outcome import LabResult, Outcome

_WIDTH = 110
_FIGURES = 46
"""Of it, what the figures take."""


def print_lab(result: LabResult, console: Console | None = None) -> None:
    """Print the hedging error and the costs of each policy."""
    out = console or Console()
    table = _table()
    room = min(_WIDTH, out.width) - _FIGURES
    family = ""
    for one in result.outcomes:
        if family and one.policy.family != family:
            table.add_section()
        family = one.policy.family
        table.add_row(_folded(one.policy.label, room), *_cells(one))
    for part in (_headline(result), table, _notes(result)):
        out.print(part, width=min(_WIDTH, out.width), highlight=False)


def _headline(result: LabResult) -> Text:
    experiment = result.experiment
    text = Text()
    text.append(f"A short call worth {experiment.price:.4f}, hedged for {experiment.weeks:g} weeks")
    text.stylize("bold")
    text.append(f"\n{_terms(experiment)}")
    text.append(
        f"\n{result.paths:,} paths of seed {result.seed}, the same for every policy; a look at the "
        f"market every {experiment.step:g} weeks, {experiment.looks:,} in all\n"
    )
    return text


def _terms(experiment: Experiment) -> str:
    cost = "no transaction costs"
    if experiment.cost:
        cost = f"{_percent(experiment.cost)} of the value traded a hedge"
    return (
        f"spot {experiment.spot:g}, strike {experiment.strike:g}, rate {_percent(experiment.rate)},"
        f" volatility {_percent(experiment.volatility)}, drift {_percent(experiment.drift)}, {cost}"
    )


def _table() -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("policy", overflow="fold")
    for name in ("hedges", "mean cost", "of it fees", "hedging\nerror", "standard\nerror"):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _folded(label: str, room: int) -> str:
    """A policy on as many lines as it needs, broken after a comma or a blank."""
    lines = [""]
    for part in re.findall(r"[^, ]*[, ]?", label):
        if lines[-1] and len(lines[-1]) + len(part) > room:
            lines.append("  ")
        lines[-1] += part
    return "\n".join(lines)


def _cells(one: Outcome) -> tuple[str, ...]:
    return (
        f"{one.mean_rebalances:,.1f}",
        f"{one.mean_cost:,.4f}",
        f"{one.mean_fees:,.4f}",
        f"{one.error:.4f}",
        f"{one.standard_error:.4f}",
    )


def _notes(result: LabResult) -> Text:
    best = min(result.outcomes, key=lambda one: one.error)
    text = Text("\nHedging error: standard deviation of the cost over the call's price (Hull). ")
    text.append("Costs are those of one option, worth what they are when it is sold. ")
    if len(result.outcomes) > 1:
        text.append(f"The least error is that of {best.policy.label}.")
    return text


def _percent(fraction: float) -> str:
    return f"{100.0 * fraction:.4g} %"
