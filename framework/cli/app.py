"""Every command with its options; what they do is loaded when one is called."""

from __future__ import annotations

__all__ = ["app", "main"]

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

import framework
from framework.cli.backup_options import backup, restore
from framework.cli.broker_options import account, doctor, positions, working
from framework.cli.download_options import download
from framework.cli.flags import RunFlags, is_broker_account
from framework.cli.gateway_options import gateway
from framework.cli.hedge_lab_options import hedge_lab
from framework.cli.journal_options import journal
from framework.cli.kill_options import kill
from framework.cli.options import (
    Account,
    Actions,
    Adopt,
    BarLength,
    Calendar,
    CancelAtEnd,
    Cash,
    ClientId,
    Commission,
    ConfigFile,
    Currency,
    DataPath,
    Debug,
    Engine,
    Exits,
    Explain,
    Fills,
    Financing,
    FirstDay,
    GatewayChoice,
    HedgePolicy,
    HistoryBars,
    Host,
    Hours,
    JournalFile,
    LastDay,
    Leverage,
    Limits,
    Liquidity,
    Live,
    Once,
    OutFolder,
    Paper,
    Parameters,
    Picture,
    Port,
    Prices,
    Quiet,
    Rates,
    Rules,
    Signals,
    Sizing,
    Slippage,
    Stamp,
    StartDay,
    StrategyName,
    Strict,
    Symbols,
    TimeZone,
    Volatility,
    Weights,
)
from framework.cli.ready_options import ready
from framework.cli.reconcile_options import reconcile
from framework.cli.reporting import reporting
from framework.cli.session_options import (
    Begin,
    MarketDataChoice,
    NotReady,
    Shadow,
    TwsRestart,
    WhatIfChoice,
)
from framework.cli.slippage_options import slippage as slippage_command
from framework.cli.status_options import status, watch
from framework.cli.sweep_options import sweep

app = typer.Typer(
    name="slipway",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Write one strategy, backtest it on real bars, and read what it would have earned.",
    epilog="First run:  slipway run sma_cross",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"slipway {framework.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("run")
def _run(
    strategy: StrategyName = None,
    config: ConfigFile = None,
    parameters: Parameters = None,
    data: DataPath = None,
    symbols: Symbols = None,
    bar: BarLength = None,
    first: FirstDay = None,
    last: LastDay = None,
    start: StartDay = None,
    begin: Begin = None,
    stamp: Stamp = None,
    tz: TimeZone = None,
    calendar: Calendar = None,
    prices: Prices = None,
    hours: Hours = None,
    signals: Signals = None,
    cash: Cash = None,
    leverage: Leverage = None,
    account: Account = None,
    currency: Currency = None,
    rates: Rates = None,
    financing: Financing = None,
    actions: Actions = None,
    weights: Weights = None,
    sizing: Sizing = None,
    limit: Limits = None,
    exits: Exits = None,
    rules: Rules = None,
    commission: Commission = None,
    slippage: Slippage = None,
    liquidity: Liquidity = None,
    volatility: Volatility = None,
    hedge: HedgePolicy = None,
    fill: Fills = None,
    out: OutFolder = None,
    plot: Picture = None,
    strict: Strict = False,
    quiet: Quiet = False,
    explain: Explain = False,
    engine: Engine = None,
    shadow: Shadow = False,
    paper: Paper = False,
    live: Live = False,
    gateway: GatewayChoice = None,
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    journal: JournalFile = None,
    history: HistoryBars = 500,
    adopt: Adopt = False,
    once: Once = False,
    cancel_at_end: CancelAtEnd = False,
    not_ready: NotReady = None,
    market_data: MarketDataChoice = None,
    tws_restart: TwsRestart = None,
    what_if: WhatIfChoice = None,
    debug: Debug = False,
) -> None:
    """Backtest a strategy, or trade it: in shadow, on paper, live."""
    flags = RunFlags(
        strategy=strategy,
        config=config,
        parameters=tuple(parameters or ()),
        data=data,
        symbols=symbols,
        bar=bar,
        first=first,
        last=last,
        start=start,
        begin=begin,
        stamp=stamp,
        tz=tz,
        calendar=calendar,
        prices=prices,
        hours=hours,
        signals=signals,
        cash=cash,
        leverage=leverage,
        account=None if is_broker_account(account) else account,
        currency=currency,
        rates=rates,
        financing=financing,
        actions=actions,
        weights=weights,
        sizing=tuple(sizing or ()),
        limits=tuple(limit or ()),
        exits=tuple(exits or ()),
        rules=tuple(rules or ()),
        commission=commission,
        slippage=slippage,
        liquidity=liquidity,
        volatility=volatility,
        hedge=hedge or (),
        fill=tuple(fill or ()),
        out=out,
        plot=plot,
        strict=strict,
        quiet=quiet,
        engine=engine,
        explain=explain,
        shadow=shadow,
        paper=paper,
        live=live,
        gateway=gateway,
        host=host,
        port=port,
        client_id=client_id,
        broker_account=account if is_broker_account(account) else None,
        journal=journal,
        history=history,
        adopt=adopt,
        once=once,
        cancel_at_end=cancel_at_end,
        not_ready=not_ready,
        market_data=market_data,
        tws_restart=tws_restart,
        what_if=what_if,
    )
    with reporting(debug, quiet):
        from framework.cli.running import run_command  # noqa: PLC0415  # help must not wait for it

        code = run_command(flags)
    raise typer.Exit(code)


@app.command("referee")
def _referee(
    strategy: StrategyName = None,
    config: ConfigFile = None,
    parameters: Parameters = None,
    data: DataPath = None,
    symbols: Symbols = None,
    bar: BarLength = None,
    first: FirstDay = None,
    last: LastDay = None,
    start: StartDay = None,
    stamp: Stamp = None,
    tz: TimeZone = None,
    calendar: Calendar = None,
    prices: Prices = None,
    hours: Hours = None,
    cash: Cash = None,
    weights: Weights = None,
    sizing: Sizing = None,
    limit: Limits = None,
    exits: Exits = None,
    rules: Rules = None,
    commission: Commission = None,
    slippage: Slippage = None,
    fill: Fills = None,
    only_differences: Annotated[
        bool, typer.Option("--only-differences", help="Leave out what both sides agree about.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Play a strategy on backtrader too, and compare order by order."""
    flags = RunFlags(
        strategy=strategy,
        config=config,
        parameters=tuple(parameters or ()),
        data=data,
        symbols=symbols,
        bar=bar,
        first=first,
        last=last,
        start=start,
        stamp=stamp,
        tz=tz,
        calendar=calendar,
        prices=prices,
        hours=hours,
        cash=cash,
        weights=weights,
        sizing=tuple(sizing or ()),
        limits=tuple(limit or ()),
        exits=tuple(exits or ()),
        rules=tuple(rules or ()),
        commission=commission,
        slippage=slippage,
        fill=tuple(fill or ()),
    )
    with reporting(debug):
        from framework.cli.running import referee  # noqa: PLC0415  # help must not wait for it

        code = referee(flags, only_differences)
    raise typer.Exit(code)


app.command("sweep")(sweep)
app.command("hedge-lab")(hedge_lab)
app.command("gateway")(gateway)
app.command("journal")(journal)
app.command("slippage")(slippage_command)
app.command("backup")(backup)
app.command("restore")(restore)
app.command("doctor")(doctor)
app.command("positions")(positions)
app.command("working")(working)
app.command("account")(account)
app.command("reconcile")(reconcile)
app.command("download")(download)
app.command("kill")(kill)
app.command("ready")(ready)
app.command("status")(status)
app.command("watch")(watch)


@app.command("warm")
def _warm(
    remove_old: Annotated[
        bool, typer.Option("--clear", help="Also remove machine code that is no longer used.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Compile ahead what long runs and sweeps use."""
    with reporting(debug):
        from framework.cli.compiling import warm_command  # noqa: PLC0415  # help must not wait

        code = warm_command(remove_old)
    raise typer.Exit(code)


@app.command("compare")
def _compare(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="Another one.")],
    debug: Debug = False,
) -> None:
    """Show how two runs differ."""
    with reporting(debug):
        from framework.cli.listing import compare  # noqa: PLC0415  # help must not wait for it

        compare(first, second)


@app.command("components")
def _components(debug: Debug = False) -> None:
    """List sizing, limits, exits, commission, slippage, liquidity and fill policies."""
    with reporting(debug):
        from framework.cli.listing import components  # noqa: PLC0415  # help must not wait for it

        components()


@app.command("strategies")
def _strategies(debug: Debug = False) -> None:
    """List the strategies in strategies/ with their parameters."""
    with reporting(debug):
        from framework.cli.listing import strategies  # noqa: PLC0415  # help must not wait for it

        strategies()


@app.command("orders")
def _orders(
    write: Annotated[
        Path | None,
        typer.Option(
            metavar="PAGE",
            help="Write it into a Markdown page, between <!-- orders --> and <!-- /orders -->.",
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """List the order types, times in force and terms, and how each is simulated.

    The orders that work at the broker are shown by `working`.
    """
    with reporting(debug):
        from framework.cli.listing import orders  # noqa: PLC0415

        orders(write)


@app.command("version")
def _version() -> None:
    """Show the version."""
    typer.echo(f"slipway {framework.__version__}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code.

    Args:
        arguments: what stands behind the program's name; None takes it from the process.
    """
    given = sys.argv[1:] if arguments is None else arguments
    app(args=_with_plot(given), prog_name="slipway")


def _with_plot(arguments: Sequence[str]) -> list[str]:
    """`--plot` with its optional value joined to it: a file's name follows, or the next option.

    A word without an ending, and a Python file, are the strategy and not the picture.
    """
    found: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*found, word, *rest]
        if word == "--plot":
            name = rest[0] if rest else ""
            is_file = bool(Path(name).suffix) and not name.startswith("-") and ".py" not in name
            word = f"--plot={rest.pop(0) if is_file else 'window'}"
        found.append(word)
    return found
