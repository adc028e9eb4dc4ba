"""Options of `slipway run` that say how a session begins and where its orders end."""

from __future__ import annotations

__all__ = ["Shadow"]

from typing import Annotated

import typer

from framework.cli.options import SESSION

Shadow = Annotated[
    bool,
    typer.Option(
        "--shadow",
        help="Follow the broker's bars and fill on this machine: no order leaves it.",
        rich_help_panel=SESSION,
    ),
]
