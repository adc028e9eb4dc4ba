"""Options of `slipway run` that say how a session begins, where its orders end, and what it asks
the broker besides."""

from __future__ import annotations

__all__ = ["Begin", "MarketDataChoice", "NotReady", "Shadow", "TwsRestart", "WhatIfChoice"]

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

MarketDataChoice = Annotated[
    str | None,
    typer.Option(
        "--market-data",
        metavar="live|delayed|none",
        help="Which quotes are followed: written beside orders, and what limits are checked "
        "against. [dim]default: live[/dim]",
        rich_help_panel=SESSION,
    ),
]

Begin = Annotated[
    str | None,
    typer.Option(
        "--begin",
        metavar="flat|join",
        help="At the first decision: wait for the next signal, or take the side it would hold "
        "after its history. [dim]default: flat[/dim]",
        rich_help_panel=SESSION,
    ),
]

TwsRestart = Annotated[
    str | None,
    typer.Option(
        "--tws-restart",
        metavar="HH:MM",
        help="When TWS restarts by itself, in New York: nothing is sent for a quarter of an hour. "
        "[dim]default: 23:45; or never[/dim]",
        rich_help_panel=SESSION,
    ),
]

NotReady = Annotated[
    str | None,
    typer.Option(
        "--not-ready",
        metavar="REASON",
        help="With --live: begin without the evidence `slipway ready` asks for. The reason is "
        "journalled and alerted.",
        rich_help_panel=SESSION,
    ),
]

WhatIfChoice = Annotated[
    str | None,
    typer.Option(
        "--what-if",
        metavar="never|first",
        help="Ask the broker what the first order of each kind would do before it is sent. "
        "[dim]default: never[/dim]",
        rich_help_panel=SESSION,
    ),
]
