"""`slipway kill` on the command line: its options, and nothing loaded for its help."""

from __future__ import annotations

__all__ = ["kill"]

from typing import Annotated

import typer

from framework.cli.options import Debug
from framework.cli.reporting import reporting
from framework.cli.status_options import Session

Flatten = Annotated[bool, typer.Option("--flatten", help="Close what the session holds, too.")]
Exclude = Annotated[
    str | None,
    typer.Option(metavar="SYMBOLS", help="With --flatten: symbols whose positions are kept."),
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Written into the journal.")]
Global = Annotated[
    bool,
    typer.Option(
        "--global",
        help="Cancel every order of the account as well, other programs' and those typed into TWS.",
    ),
]
Drill = Annotated[
    bool,
    typer.Option("--drill", help="Do all of it on a paper session, and keep it as evidence."),
]
Lift = Annotated[bool, typer.Option("--lift", help="Take it back, so that it may be started.")]
Wait = Annotated[
    float, typer.Option(metavar="SECONDS", min=1.0, help="How long to wait for the proof.")
]


def kill(
    session: Session = None,
    flatten: Flatten = False,
    exclude: Exclude = None,
    reason: Reason = "kill switch",
    everything: Global = False,
    drill: Drill = False,
    lift: Lift = False,
    wait: Wait = 60.0,
    debug: Debug = False,
) -> None:
    """Stop sessions: nothing new leaves, their orders are cancelled, on demand positions closed.

    Works on a session that runs, that hangs, and that has died.
    """
    with reporting(debug):
        from framework.cli.killing import KillFlags, kill_command  # noqa: PLC0415  # as others

        flags = KillFlags(session, flatten, exclude, reason, everything, drill, lift, wait)
        code = kill_command(flags)
    raise typer.Exit(code)
