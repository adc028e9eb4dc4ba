"""`slipway status` and `watch` on the command line: their options, and nothing loaded for help."""

from __future__ import annotations

__all__ = ["Session", "status", "watch"]

from typing import Annotated

import typer

from framework.cli.options import Debug
from framework.cli.reporting import reporting

Session = Annotated[
    str | None,
    typer.Argument(
        metavar="SESSION",
        help="A session's name, a part of it, or its folder; every session without one.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts and health checks.")]
Every = Annotated[
    float, typer.Option("--every", metavar="SECONDS", min=0.1, help="How often to look.")
]


def status(session: Session = None, json: Json = False, debug: Debug = False) -> None:
    """Show what a running session does, once; exits with 1 if it is not healthy."""
    with reporting(debug):
        from framework.cli.watching import status_command  # noqa: PLC0415  # help must not wait

        code = status_command(session, json)
    raise typer.Exit(code)


def watch(session: Session = None, every: Every = 1.0, debug: Debug = False) -> None:
    """Follow a running session until Ctrl-C."""
    with reporting(debug):
        from framework.cli.watching import watch_command  # noqa: PLC0415  # help must not wait

        code = watch_command(session, every)
    raise typer.Exit(code)
