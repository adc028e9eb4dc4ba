"""`slipway gateway` and its options; what it does is loaded when it is called."""

from __future__ import annotations

__all__ = ["DEFAULT_PORT", "GatewayFlags", "gateway"]

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from framework.cli.options import (
    Calendar,
    Debug,
    Hours,
    Prices,
    Quiet,
    Stamp,
    Symbols,
    TimeZone,
)
from framework.cli.reporting import reporting

DEFAULT_PORT = 7400
"""None of Interactive Brokers' own ports."""

_MARKET = "The market"
_CLIENTS = "Clients"
_FAULTS = "Faults and load"

_Port = Annotated[
    int, typer.Option(metavar="N", help="0 takes any free one.", rich_help_panel=_CLIENTS)
]
_Host = Annotated[
    str, typer.Option(metavar="ADDRESS", help="To listen on.", rich_help_panel=_CLIENTS)
]
_Open = Annotated[
    bool,
    typer.Option(
        "--open-to-network",
        help="Allow a --host that others can reach. Nothing is encrypted, nobody is asked who they "
        "are.",
        rich_help_panel=_CLIENTS,
    ),
]
_Accounts = Annotated[
    list[str] | None,
    typer.Option(
        "--account",
        metavar="NAME",
        help="Repeatable. [dim]default: DU1234567[/dim]",
        rich_help_panel=_CLIENTS,
    ),
]
_Cash = Annotated[
    float, typer.Option(metavar="AMOUNT", help="Of each account, USD.", rich_help_panel=_CLIENTS)
]
_ReadOnly = Annotated[
    bool, typer.Option("--read-only", help="Take no orders.", rich_help_panel=_CLIENTS)
]
_Relaxed = Annotated[
    bool,
    typer.Option(
        "--no-limits",
        help="No limit on messages, history requests and market data lines.",
        rich_help_panel=_CLIENTS,
    ),
]
_Version = Annotated[
    int,
    typer.Option(
        "--max-version",
        metavar="N",
        help="Newest server version to speak, 157 to 178.",
        rich_help_panel=_CLIENTS,
    ),
]
_Ids = Annotated[
    Path | None,
    typer.Option(
        "--ids",
        metavar="FILE",
        help="Keep order ids here, so that they go on after a restart.",
        rich_help_panel=_CLIENTS,
    ),
]
_Data = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Bars of your own, a folder of them, or a sample's name. [dim]default: a made-up "
        "market that is always open[/dim]",
        rich_help_panel=_MARKET,
    ),
]
_Start = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="DATE",
        help="Where the market of your bars begins to move; earlier bars are history. "
        "[dim]default: their middle[/dim]",
        rich_help_panel=_MARKET,
    ),
]
_Speed = Annotated[
    float,
    typer.Option(
        metavar="X",
        help="Market seconds per real second; closed hours are left out.",
        rich_help_panel=_MARKET,
    ),
]
_Points = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Ticks a bar is unrolled into. [dim]default: 60 made-up, else 12[/dim]",
        rich_help_panel=_MARKET,
    ),
]
_Seed = Annotated[
    int,
    typer.Option(metavar="N", help="Of the made-up market and of faults.", rich_help_panel=_MARKET),
]
_Plan = Annotated[
    str | None,
    typer.Option(
        "--faults",
        metavar="PLAN",
        help="A file, `random`, or `row:17` for a row of the failure table.",
        rich_help_panel=_FAULTS,
    ),
]
_Ticks = Annotated[
    int,
    typer.Option(
        "--ticks-per-second",
        metavar="N",
        help="Further size ticks, over all streams of quotes together, to test clients with.",
        rich_help_panel=_FAULTS,
    ),
]


@dataclass(frozen=True, slots=True)
class GatewayFlags:
    """What was given on the command line; see `gateway`."""

    port: int
    host: str
    open_to_network: bool
    accounts: tuple[str, ...]
    cash: float
    read_only: bool
    no_limits: bool
    max_version: int
    ids: Path | None
    data: str | None
    symbols: str | None
    stamp: str | None
    tz: str | None
    calendar: str | None
    prices: str | None
    hours: str | None
    start: str | None
    speed: float
    points: int | None
    seed: int
    faults: str | None
    ticks_per_second: int
    quiet: bool


def gateway(
    port: _Port = DEFAULT_PORT,
    host: _Host = "127.0.0.1",
    open_to_network: _Open = False,
    account: _Accounts = None,
    cash: _Cash = 1_000_000.0,
    read_only: _ReadOnly = False,
    no_limits: _Relaxed = False,
    max_version: _Version = 178,
    ids: _Ids = None,
    data: _Data = None,
    symbols: Symbols = None,
    stamp: Stamp = None,
    tz: TimeZone = None,
    calendar: Calendar = None,
    prices: Prices = None,
    hours: Hours = None,
    start: _Start = None,
    speed: _Speed = 1.0,
    points: _Points = None,
    seed: _Seed = 7,
    faults: _Plan = None,
    ticks_per_second: _Ticks = 0,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Serve an emulated TWS that ib_insync, ib_async and ibapi connect to. Simulated money only."""
    flags = GatewayFlags(
        port=port,
        host=host,
        open_to_network=open_to_network,
        accounts=tuple(account or ("DU1234567",)),
        cash=cash,
        read_only=read_only,
        no_limits=no_limits,
        max_version=max_version,
        ids=ids,
        data=data,
        symbols=symbols,
        stamp=stamp,
        tz=tz,
        calendar=calendar,
        prices=prices,
        hours=hours,
        start=start,
        speed=speed,
        points=points,
        seed=seed,
        faults=faults,
        ticks_per_second=ticks_per_second,
        quiet=quiet,
    )
    with reporting(debug, quiet):
        from framework.cli.serving import serve  # noqa: PLC0415  # help must not wait for it

        serve(flags)
