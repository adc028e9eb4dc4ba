"""`slipway doctor`, `positions`, `working`, `account` and their options; what they do is loaded
when one is called."""

from __future__ import annotations

__all__ = [
    "AccountId",
    "BrokerFlags",
    "ClientId",
    "Host",
    "Json",
    "Live",
    "Paper",
    "Port",
    "account",
    "doctor",
    "positions",
    "working",
]

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from framework.cli.options import Debug
from framework.cli.reporting import reporting

_WHERE = "Where"

Paper = Annotated[
    bool,
    typer.Option("--paper", help="The paper account: the default.", rich_help_panel=_WHERE),
]
Live = Annotated[
    bool, typer.Option("--live", help="The live account. Looks only.", rich_help_panel=_WHERE)
]
Host = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Of TWS or IB Gateway. [dim]default: IB_PAPER_HOST, else 127.0.0.1[/dim]",
        rich_help_panel=_WHERE,
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="[dim]default: IB_PAPER_PORT, else 7497 (7496 live; IB Gateway 4002, 4001)[/dim]",
        rich_help_panel=_WHERE,
    ),
]
ClientId = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="[dim]default: 99, so that it can run beside a session[/dim]",
        rich_help_panel=_WHERE,
    ),
]
AccountId = Annotated[
    str | None,
    typer.Option(
        "--account",
        metavar="ID",
        help="[dim]default: IB_PAPER_ACCOUNT, else the login's one account[/dim]",
        rich_help_panel=_WHERE,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


@dataclass(frozen=True, slots=True, repr=False)
class BrokerFlags:
    """What was given on the command line; None is what was not."""

    paper: bool = False
    live: bool = False
    host: str | None = None
    port: int | None = None
    client_id: int | None = None
    account: str | None = None
    json: bool = False


def doctor(
    symbol: Annotated[
        str, typer.Option(metavar="SYMBOL", help="Whose market data are tried.")
    ] = "SPY",
    paper: Paper = False,
    live: Live = False,
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    account: AccountId = None,
    alert: Annotated[
        bool,
        typer.Option(
            "--alert",
            help="In its place, send one alert as a test through the run file given with --config.",
        ),
    ] = False,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --alert: the run file it is in.")
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Look at the connection with TWS from end to end, and say what to do about each trouble."""
    flags = BrokerFlags(paper, live, host, port, client_id, account, json)
    with reporting(debug, quiet=json):
        if alert or config is not None:
            from framework.cli.doctor_alert import alert_command  # noqa: PLC0415  # help must not

            raise typer.Exit(alert_command(config, alert, json))
        from framework.cli.doctoring import doctor_command  # noqa: PLC0415  # help must not wait

        code = doctor_command(flags, symbol)
    raise typer.Exit(code)


def positions(
    paper: Paper = False,
    live: Live = False,
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    account: AccountId = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show what the account holds, as the broker says."""
    flags = BrokerFlags(paper, live, host, port, client_id, account, json)
    with reporting(debug, quiet=json):
        from framework.cli.holdings import show_positions  # noqa: PLC0415  # help must not wait

        show_positions(flags)


def working(
    paper: Paper = False,
    live: Live = False,
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    account: AccountId = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show the orders that work at the broker, whoever sent them."""
    flags = BrokerFlags(paper, live, host, port, client_id, account, json)
    with reporting(debug, quiet=json):
        from framework.cli.holdings import show_working  # noqa: PLC0415  # help must not wait

        show_working(flags)


def account(
    paper: Paper = False,
    live: Live = False,
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    account: AccountId = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show the account's money and margins, as the broker says."""
    flags = BrokerFlags(paper, live, host, port, client_id, account, json)
    with reporting(debug, quiet=json):
        from framework.cli.holdings import show_account  # noqa: PLC0415  # help must not wait

        show_account(flags)
