"""`slipway download` and its options; what it does is loaded when it is called."""

from __future__ import annotations

__all__ = ["DownloadFlags", "download"]

from dataclasses import dataclass
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
from framework.cli.options import Calendar, Debug, LastDay
from framework.cli.reporting import reporting

_Symbols = Annotated[
    list[str],
    typer.Argument(
        metavar="SYMBOLS",
        help="One or several, also as A,B. What is no plain US stock has its facts in "
        "data/instruments.yaml.",
    ),
]
_Bar = Annotated[
    str, typer.Option(metavar="LENGTH", help="Such as 1d, 30m, 5m, 1m.", rich_help_panel="Data")
]
_First = Annotated[
    str | None,
    typer.Option("--from", metavar="DAY", help="First day, needed.", rich_help_panel="Data"),
]
_Prices = Annotated[
    str,
    typer.Option(
        metavar="split|total",
        help="Adjusted for splits, or for dividends too (daily bars of stocks, ten years).",
        rich_help_panel="Data",
    ),
]
_Hours = Annotated[
    str,
    typer.Option(metavar="regular|all", help="Which hours of a day.", rich_help_panel="Data"),
]
_Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder of the files. [dim]default: data/cache/ib/LENGTH; another one for ports that "
        "are not IB's[/dim]",
    ),
]


@dataclass(frozen=True, slots=True, repr=False)
class DownloadFlags:
    """What was given on the command line; see `download`."""

    broker: BrokerFlags
    symbols: tuple[str, ...]
    bar: str = "1d"
    first: str | None = None
    last: str | None = None
    prices: str = "split"
    hours: str = "regular"
    calendar: str | None = None
    out: Path | None = None


def download(
    symbols: _Symbols,
    bar: _Bar = "1d",
    first: _First = None,
    last: LastDay = None,
    prices: _Prices = "split",
    hours: _Hours = "regular",
    calendar: Calendar = None,
    out: _Out = None,
    paper: Paper = False,
    live: Live = False,
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    account: AccountId = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Fetch bars of the past from the broker, to run on with --data; interrupted, it goes on."""
    flags = DownloadFlags(
        BrokerFlags(paper, live, host, port, client_id, account, json),
        tuple(one.strip() for text in symbols for one in text.split(",")),
        bar,
        first,
        last,
        prices,
        hours,
        calendar,
        out,
    )
    with reporting(debug, quiet=json):
        from framework.cli.downloading import download_command  # noqa: PLC0415  # help must not wait

        code = download_command(flags)
    raise typer.Exit(code)
