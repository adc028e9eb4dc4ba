"""`slipway hedge-lab` and its options; what it does is loaded when it is called."""

from __future__ import annotations

__all__ = ["LabFlags", "hedge_lab"]

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from framework.cli.options import Debug, Picture, Quiet
from framework.cli.reporting import reporting

_CALL = "The call and its market"
_PATHS = "Paths"
_OUTPUT = "Output"

_Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="SPEC",
        help="interval:bars=2, band:0.1, stop_loss ... (slipway components lists them); several in "
        "quotes are combined. Repeatable. [dim]default: a few of each[/dim]",
    ),
]
_Spot = Annotated[float, typer.Option(metavar="PRICE", help="At sale.", rich_help_panel=_CALL)]
_Strike = Annotated[float, typer.Option(metavar="PRICE", help="Its.", rich_help_panel=_CALL)]
_Rate = Annotated[
    float, typer.Option(metavar="R", help="A year, 0.05 for 5 %.", rich_help_panel=_CALL)
]
_Volatility = Annotated[
    float, typer.Option(metavar="SIGMA", help="A year, 0.2 for 20 %.", rich_help_panel=_CALL)
]
_Drift = Annotated[
    float,
    typer.Option(
        metavar="MU", help="Expected return of the underlying, a year.", rich_help_panel=_CALL
    ),
]
_Weeks = Annotated[float, typer.Option(metavar="W", help="To the expiry.", rich_help_panel=_CALL)]
_Step = Annotated[
    float,
    typer.Option(
        metavar="W",
        help="Weeks between two looks at the market: one bar.",
        rich_help_panel=_CALL,
    ),
]
_Cost = Annotated[
    float,
    typer.Option(
        metavar="PART",
        help="Of the value of every hedge, 0.001 for 0.1 %.",
        rich_help_panel=_CALL,
    ),
]
_Paths = Annotated[
    int, typer.Option(metavar="N", help="The same for every policy.", rich_help_panel=_PATHS)
]
_Seed = Annotated[int, typer.Option(metavar="S", help="Of the paths.", rich_help_panel=_PATHS)]
_Jobs = Annotated[
    int, typer.Option(metavar="N", help="Processes on this machine.", rich_help_panel=_PATHS)
]
_Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the table as CSV.", rich_help_panel=_OUTPUT),
]


@dataclass(frozen=True, slots=True)
class LabFlags:
    """What was given on the command line."""

    policies: tuple[str, ...]
    spot: float
    strike: float
    rate: float
    volatility: float
    drift: float
    weeks: float
    step: float
    cost: float
    paths: int
    seed: int
    jobs: int
    plot: str | None
    out: Path | None
    quiet: bool


def hedge_lab(
    policy: _Policies = None,
    spot: _Spot = 49.0,
    strike: _Strike = 50.0,
    rate: _Rate = 0.05,
    volatility: _Volatility = 0.2,
    drift: _Drift = 0.13,
    weeks: _Weeks = 20.0,
    step: _Step = 0.5,
    cost: _Cost = 0.001,
    paths: _Paths = 500,
    seed: _Seed = 0,
    jobs: _Jobs = 1,
    plot: Picture = None,
    out: _Out = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Compare hedging policies on simulated paths of a short call."""
    flags = LabFlags(
        policies=tuple(policy or ()),
        spot=spot,
        strike=strike,
        rate=rate,
        volatility=volatility,
        drift=drift,
        weeks=weeks,
        step=step,
        cost=cost,
        paths=paths,
        seed=seed,
        jobs=jobs,
        plot=plot,
        out=out,
        quiet=quiet,
    )
    with reporting(debug, quiet=True):
        from framework.cli.hedge_lab import hedge_lab_command  # noqa: PLC0415  # help must not wait

        hedge_lab_command(flags)
