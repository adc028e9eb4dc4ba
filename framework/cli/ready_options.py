"""`slipway ready` on the command line: its options, and nothing loaded for its help."""

from __future__ import annotations

__all__ = ["ready"]

from pathlib import Path
from typing import Annotated

import typer

from framework.cli.flags import RunFlags
from framework.cli.options import (
    Account,
    BarLength,
    Calendar,
    Cash,
    Commission,
    ConfigFile,
    DataPath,
    Debug,
    Exits,
    Fills,
    FirstDay,
    HedgePolicy,
    LastDay,
    Leverage,
    Limits,
    Parameters,
    Rules,
    Sizing,
    Slippage,
    StrategyName,
    Symbols,
    Volatility,
    Weights,
)
from framework.cli.reporting import reporting

Collect = Annotated[
    bool,
    typer.Option("--collect", help="Try now, on the bars, whatever a machine can find out."),
]
Test = Annotated[
    str | None,
    typer.Option(
        "--test", metavar="FROM:TO", help="With --collect: days the strategy was not made on."
    ),
]
Answer = Annotated[
    bool, typer.Option("--answer", help="Answer the questions of docs/going-live.md.")
]
Answers = Annotated[
    Path | None,
    typer.Option("--answers", metavar="FILE", help="Answers from a YAML file: name: yes."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def ready(
    strategy: StrategyName = None,
    config: ConfigFile = None,
    parameters: Parameters = None,
    data: DataPath = None,
    symbols: Symbols = None,
    bar: BarLength = None,
    first: FirstDay = None,
    last: LastDay = None,
    calendar: Calendar = None,
    cash: Cash = None,
    leverage: Leverage = None,
    account: Account = None,
    weights: Weights = None,
    sizing: Sizing = None,
    limit: Limits = None,
    exits: Exits = None,
    rules: Rules = None,
    commission: Commission = None,
    slippage: Slippage = None,
    volatility: Volatility = None,
    hedge: HedgePolicy = None,
    fill: Fills = None,
    collect: Collect = False,
    test: Test = None,
    answer: Answer = False,
    answers: Answers = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List the evidence that a strategy may go live, for exactly this code and configuration."""
    flags = RunFlags(
        strategy=strategy,
        config=config,
        parameters=tuple(parameters or ()),
        data=data,
        symbols=symbols,
        bar=bar,
        first=first,
        last=last,
        calendar=calendar,
        cash=cash,
        leverage=leverage,
        account=account,
        weights=weights,
        sizing=tuple(sizing or ()),
        limits=tuple(limit or ()),
        exits=tuple(exits or ()),
        rules=tuple(rules or ()),
        commission=commission,
        slippage=slippage,
        volatility=volatility,
        hedge=hedge or (),
        fill=tuple(fill or ()),
    )
    with reporting(debug):
        from framework.cli.readying import (  # noqa: PLC0415  # help must not wait
            ReadyFlags,
            ready_command,
        )

        code = ready_command(flags, ReadyFlags(collect, test, answer, answers, json))
    raise typer.Exit(code)
