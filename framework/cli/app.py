"""Every command with its options; what they do is loaded when one is called."""

from __future__ import annotations

__all__ = ["app", "main"]

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

import framework
from framework.cli.flags import RunFlags
from framework.cli.reporting import reporting

app = typer.Typer(
    name="slipway",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Write one strategy, backtest it on real bars, and read what it would have earned.",
    epilog="First run:  slipway run sma_cross",
)

_DATA = "Data"
_MONEY = "Money"
_PARTS = "Parts (slipway components lists them)"
_OUTPUT = "Output"

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


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
    strategy: Annotated[
        str | None,
        typer.Argument(
            metavar="STRATEGY",
            help="A name in strategies/, or path/to/file.py (:Class when it holds several).",
            show_default=False,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML run file; flags given beside it win."),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A parameter of the strategy. Repeatable."
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="A file, a folder with one file per symbol, or a sample: sp500, synthetic-5m, "
            "synthetic-universe. Replaces the run file's whole data section.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    symbols: Annotated[
        str | None, typer.Option(metavar="A,B", help="Which symbols.", rich_help_panel=_DATA)
    ] = None,
    bar: Annotated[
        str | None,
        typer.Option(
            metavar="LENGTH", help="Resample to 5m, 1h, 1d, 1w ...", rich_help_panel=_DATA
        ),
    ] = None,
    first: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DAY", help="First day, as 2010-01-31.", rich_help_panel=_DATA
        ),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option("--to", metavar="DAY", help="Last day, included.", rich_help_panel=_DATA),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            help="Orders are allowed from this day; bars before it are history.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    stamp: Annotated[
        str | None,
        typer.Option(
            metavar="open|close",
            help="Is a row's time its bar's start or end?",
            rich_help_panel=_DATA,
        ),
    ] = None,
    tz: Annotated[
        str | None,
        typer.Option(
            metavar="AREA/CITY", help="Time zone the times are in.", rich_help_panel=_DATA
        ),
    ] = None,
    calendar: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Whose sessions: XNYS, CMES, 24/5, 24/7 ...",
            rich_help_panel=_DATA,
        ),
    ] = None,
    prices: Annotated[
        str | None,
        typer.Option(
            metavar="raw|split|total",
            help="As traded, adjusted for splits, or for dividends too?",
            rich_help_panel=_DATA,
        ),
    ] = None,
    hours: Annotated[
        str | None,
        typer.Option(
            metavar="regular|all",
            help="Bars outside regular hours: left out, or kept? [dim]default: regular[/dim]",
            rich_help_panel=_DATA,
        ),
    ] = None,
    signals: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="CSV of predictions for on_signal: time,symbol,action,confidence.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    cash: Annotated[
        float | None,
        typer.Option(
            metavar="MONEY",
            help="Opening cash. [dim]default: 100,000[/dim]",
            rich_help_panel=_MONEY,
        ),
    ] = None,
    leverage: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Buying power as a multiple of equity.", rich_help_panel=_MONEY
        ),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="What positions need: cash, reg_t or leverage:4. [dim]default: leverage:1, never "
            "called[/dim]",
            rich_help_panel=_MONEY,
        ),
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option(
            metavar="CODE",
            help="The account's currency. [dim]default: that of the symbols[/dim]",
            rich_help_panel=_MONEY,
        ),
    ] = None,
    rates: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|EUR=1.1",
            help="Exchange rates: bars named EUR.USD, or constants.",
            rich_help_panel=_MONEY,
        ),
    ] = None,
    financing: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="Interest and stock loans, such as rates:4.33. [dim]default: none[/dim]",
            rich_help_panel=_PARTS,
        ),
    ] = None,
    actions: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="CSV of dividends and splits: symbol,date,kind,value.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="A=0.6,B=0.4",
            help="Share of the account by symbol. [dim]default: equal[/dim]",
            rich_help_panel=_MONEY,
        ),
    ] = None,
    sizing: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPEC",
            help="How much to trade, such as risk:1. Repeatable, the smallest wins. "
            "[dim]default: the strategy's own, else percent:95[/dim]",
            rich_help_panel=_PARTS,
        ),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPEC",
            help="A limit, such as max_drawdown:20. Repeatable.",
            rich_help_panel=_PARTS,
        ),
    ] = None,
    exits: Annotated[
        list[str] | None,
        typer.Option(
            "--exit",
            metavar="SPEC",
            help="An exit added to every entry, such as stop_percent:5. Repeatable.",
            rich_help_panel=_PARTS,
        ),
    ] = None,
    rules: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ib|none|SPEC",
            help="Rules of broker and exchange. Repeatable. [dim]default: ib; none with a policy "
            "that checks cash at the fill[/dim]",
            rich_help_panel=_PARTS,
        ),
    ] = None,
    commission: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="Fee schedule. [dim]default: ibkr_fixed[/dim]",
            rich_help_panel=_PARTS,
        ),
    ] = None,
    slippage: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="Cost of market and stop fills. [dim]default: percent:0.05[/dim]",
            rich_help_panel=_PARTS,
        ),
    ] = None,
    liquidity: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="How much one bar can give, such as volume_share:10. [dim]default: none, no "
            "limit[/dim]",
            rich_help_panel=_PARTS,
        ),
    ] = None,
    fill: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|AXIS=VALUE",
            help="How orders meet bars: default, backtesting_py, or an axis such as "
            "intrabar=next_bar. Repeatable.",
            rich_help_panel=_PARTS,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the results. [dim]default: runs/STRATEGY-TIME[/dim]",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    plot: Annotated[
        str | None,
        typer.Option(
            metavar="[FILE]",
            help="Open the picture in a window, or save it as .png, .pdf or .svg.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Exit with 1 when a breaker tripped.", rich_help_panel=_OUTPUT
        ),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", help="Print nothing but errors.", rich_help_panel=_OUTPUT),
    ] = False,
    debug: Debug = False,
) -> None:
    """Backtest a strategy."""
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
        signals=signals,
        cash=cash,
        leverage=leverage,
        account=account,
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
        fill=tuple(fill or ()),
        out=out,
        plot=plot,
        strict=strict,
        quiet=quiet,
    )
    with reporting(debug, quiet):
        from framework.cli.running import run_command  # noqa: PLC0415  # help must not wait for it

        code = run_command(flags)
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
    """List the order types, times in force and terms, and how each is simulated."""
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
