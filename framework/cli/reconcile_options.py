"""`slipway reconcile` and its options; what it does is loaded when it is called."""

from __future__ import annotations

__all__ = ["reconcile"]

from pathlib import Path
from typing import Annotated

import typer

from framework.cli.broker_options import (
    AccountId,
    BrokerFlags,
    ClientId,
    Host,
    Json,
    Live,
    Paper,
    Port,
)
from framework.cli.options import Debug
from framework.cli.reporting import reporting

_Strategy = Annotated[
    str | None,
    typer.Argument(
        metavar="STRATEGY",
        help="Whose session. [dim]default: the only one of the mode[/dim]",
        show_default=False,
    ),
]
_Journal = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        help="The session's journal. [dim]default: sessions/<mode>-<strategy>-<client id>/"
        "journal.sqlite[/dim]",
    ),
]


def reconcile(
    strategy: _Strategy = None,
    journal: _Journal = None,
    paper: Paper = False,
    live: Live = False,
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    account: AccountId = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Hold a session's journal against the broker's books; changes and sends nothing."""
    flags = BrokerFlags(paper, live, host, port, client_id, account, json)
    with reporting(debug, quiet=json):
        from framework.cli.reconciling import reconcile_command  # noqa: PLC0415  # help must not wait

        code = reconcile_command(flags, strategy, journal)
    raise typer.Exit(code)
