"""`slipway sweep` and its options; what it does is loaded when it is called."""

from __future__ import annotations

__all__ = ["SweepFlags", "sweep"]

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from framework.cli.flags import RunFlags
from framework.cli.options import (
    Account,
    Actions,
    BarLength,
    Calendar,
    Cash,
    Commission,
    ConfigFile,
    Currency,
    DataPath,
    Debug,
    Exits,
    Explain,
    Fills,
    Financing,
    FirstDay,
    HedgePolicy,
    Hours,
    LastDay,
    Leverage,
    Limits,
    Liquidity,
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
    Symbols,
    TimeZone,
    Volatility,
    Weights,
)
from framework.cli.reporting import reporting

_SEARCH = "Search"
_OUTPUT = "Output"

_Values = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUES",
        help="What a parameter takes: 5:50:5 (the last included), a,b,c, or one value. Repeatable.",
    ),
]
_Metric = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="What the best set is best in: any figure.", rich_help_panel=_SEARCH
    ),
]
_Random = Annotated[
    int | None,
    typer.Option(metavar="N", help="Run N sets drawn at random.", rich_help_panel=_SEARCH),
]
_Bayes = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Run N sets chosen by what earlier ones came to.", rich_help_panel=_SEARCH
    ),
]
_Seed = Annotated[
    int, typer.Option(metavar="S", help="Of --random and --bayes.", rich_help_panel=_SEARCH)
]
_Train = Annotated[
    str | None,
    typer.Option(metavar="FROM:TO", help="Days the search may see.", rich_help_panel=_SEARCH),
]
_Test = Annotated[
    str | None,
    typer.Option(
        metavar="FROM:TO", help="Days the best sets are tried on.", rich_help_panel=_SEARCH
    ),
]
_Most = Annotated[
    int,
    typer.Option(metavar="N", help="Refuse a sweep of more runs.", rich_help_panel=_SEARCH),
]
_Jobs = Annotated[
    int, typer.Option(metavar="N", help="Processes on this machine.", rich_help_panel=_SEARCH)
]
_Backend = Annotated[
    str, typer.Option(metavar="local|dask", help="Where runs go.", rich_help_panel=_SEARCH)
]
_Scheduler = Annotated[
    str | None,
    typer.Option(metavar="tcp://HOST:PORT", help="Of the Dask cluster.", rich_help_panel=_SEARCH),
]
_Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder of the sweep; the same command goes on there. "
        "[dim]default: runs/sweep-STRATEGY-HASH[/dim]",
        rich_help_panel=_OUTPUT,
    ),
]
_Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="Throw away what is in the folder.", rich_help_panel=_OUTPUT),
]
_Top = Annotated[
    int,
    typer.Option(metavar="N", help="How many of the best sets to show.", rich_help_panel=_OUTPUT),
]


@dataclass(frozen=True, slots=True)
class SweepFlags:
    """What was given on the command line besides the flags of a run.

    Attributes:
        run: those, without what is swept.
        values: of every --set.
    """

    run: RunFlags
    values: tuple[str, ...] = ()
    metric: str = "sharpe"
    random: int | None = None
    bayes: int | None = None
    seed: int = 0
    train: str | None = None
    test: str | None = None
    top: int = 5
    most: int = 100_000
    jobs: int = 1
    backend: str = "local"
    scheduler: str | None = None
    out: Path | None = None
    fresh: bool = False


def sweep(
    strategy: StrategyName = None,
    values: _Values = None,
    config: ConfigFile = None,
    metric: _Metric = "sharpe",
    random: _Random = None,
    bayes: _Bayes = None,
    seed: _Seed = 0,
    train: _Train = None,
    test: _Test = None,
    most: _Most = 100_000,
    jobs: _Jobs = 1,
    backend: _Backend = "local",
    scheduler: _Scheduler = None,
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
    out: _Out = None,
    fresh: _Fresh = False,
    top: _Top = 5,
    quiet: Quiet = False,
    explain: Explain = False,
    debug: Debug = False,
) -> None:
    """Backtest a strategy with many sets of parameters."""
    run = RunFlags(
        strategy=strategy,
        config=config,
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
        volatility=volatility,
        hedge=hedge or (),
        fill=tuple(fill or ()),
        quiet=quiet,
        explain=explain,
    )
    flags = SweepFlags(
        run=run,
        values=tuple(values or ()),
        metric=metric,
        random=random,
        bayes=bayes,
        seed=seed,
        train=train,
        test=test,
        top=top,
        most=most,
        jobs=jobs,
        backend=backend,
        scheduler=scheduler,
        out=out,
        fresh=fresh,
    )
    with reporting(debug, quiet=True):
        from framework.cli.sweeping import sweep_command  # noqa: PLC0415  # help must not wait

        code = sweep_command(flags)
    raise typer.Exit(code)
