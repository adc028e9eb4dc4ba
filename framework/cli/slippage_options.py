"""`slipway slippage` and its options; what it does is loaded when it is called."""

from __future__ import annotations

__all__ = ["SlippageFlags", "slippage"]

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from framework.cli.options import Debug
from framework.cli.reporting import reporting

_Strategy = Annotated[
    str | None,
    typer.Argument(
        metavar="STRATEGY",
        help="All sessions of this strategy in sessions/. [dim]default: every session[/dim]",
    ),
]
_Journals = Annotated[
    list[str] | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        help="This journal, its session's folder, or its name. Repeatable.",
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="Every figure as JSON instead of tables.")]
_Csv = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", help="Write one line for every order that traded."),
]
_Write = Annotated[
    Path | None,
    typer.Option(
        "--write",
        metavar="FILE",
        help="Write the slippage that comes nearest, for a backtest's --slippage FILE.",
    ),
]
_Quantile = Annotated[
    float,
    typer.Option(
        metavar="Q",
        min=0.0,
        max=1.0,
        help="Of the cost the written slippage stands for: 0.5 is usual, 0.9 is careful.",
    ),
]
_Few = Annotated[
    bool, typer.Option("--few", help="Write it even from fewer than 30 orders that take liquidity.")
]
_Plot = Annotated[
    str | None,
    typer.Option("--plot", metavar="FILE", help="Save a picture (.png, .pdf, .svg)."),
]


@dataclass(frozen=True, slots=True)
class SlippageFlags:
    """What was given on the command line; see `slippage`."""

    strategy: str | None
    journals: tuple[str, ...]
    json: bool
    csv: Path | None
    write: Path | None
    quantile: float
    few: bool
    plot: str | None


def slippage(
    strategy: _Strategy = None,
    journal: _Journals = None,
    json: _Json = False,
    csv: _Csv = None,
    write: _Write = None,
    quantile: _Quantile = 0.5,
    few: _Few = False,
    plot: _Plot = None,
    debug: Debug = False,
) -> None:
    """Show what trading really cost, and how fast it was; calibrate a backtest's slippage."""
    flags = SlippageFlags(strategy, tuple(journal or ()), json, csv, write, quantile, few, plot)
    with reporting(debug):
        from framework.cli.slippage_measuring import measure  # noqa: PLC0415  # help must not wait

        code = measure(flags)
    raise typer.Exit(code)
