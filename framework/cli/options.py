"""The options of a run, shared by every command that makes one."""

from __future__ import annotations

__all__ = [
    "Account",
    "Actions",
    "BarLength",
    "Calendar",
    "Cash",
    "Commission",
    "ConfigFile",
    "Currency",
    "DataPath",
    "Debug",
    "Engine",
    "Exits",
    "Explain",
    "Fills",
    "Financing",
    "FirstDay",
    "HedgePolicy",
    "Hours",
    "LastDay",
    "Leverage",
    "Limits",
    "Liquidity",
    "OutFolder",
    "Parameters",
    "Picture",
    "Prices",
    "Quiet",
    "Rates",
    "Rules",
    "Signals",
    "Sizing",
    "Slippage",
    "Stamp",
    "StartDay",
    "StrategyName",
    "Strict",
    "Symbols",
    "TimeZone",
    "Volatility",
    "Weights",
]

from pathlib import Path
from typing import Annotated

import typer

SESSION = "Paper and live"
_DATA = "Data"
_MONEY = "Money"
_PARTS = "Parts (slipway components lists them)"
_OUTPUT = "Output"

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

StrategyName = Annotated[
    str | None,
    typer.Argument(
        metavar="STRATEGY",
        help="A name in strategies/, or path/to/file.py (:Class when it holds several).",
        show_default=False,
    ),
]

ConfigFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="YAML run file; flags given beside it win."),
]

Parameters = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the strategy. Repeatable."),
]

DataPath = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="A file, a folder with one file per symbol, or a sample: sp500, synthetic-5m, "
        "synthetic-universe. Replaces the run file's whole data section.",
        rich_help_panel=_DATA,
    ),
]

Symbols = Annotated[
    str | None, typer.Option(metavar="A,B", help="Which symbols.", rich_help_panel=_DATA)
]

BarLength = Annotated[
    str | None,
    typer.Option(metavar="LENGTH", help="Resample to 5m, 1h, 1d, 1w ...", rich_help_panel=_DATA),
]

FirstDay = Annotated[
    str | None,
    typer.Option("--from", metavar="DAY", help="First day, as 2010-01-31.", rich_help_panel=_DATA),
]

LastDay = Annotated[
    str | None,
    typer.Option("--to", metavar="DAY", help="Last day, included.", rich_help_panel=_DATA),
]

StartDay = Annotated[
    str | None,
    typer.Option(
        metavar="DAY",
        help="Orders are allowed from this day; bars before it are history.",
        rich_help_panel=_DATA,
    ),
]

Stamp = Annotated[
    str | None,
    typer.Option(
        metavar="open|close",
        help="Is a row's time its bar's start or end?",
        rich_help_panel=_DATA,
    ),
]

TimeZone = Annotated[
    str | None,
    typer.Option(metavar="AREA/CITY", help="Time zone the times are in.", rich_help_panel=_DATA),
]

Calendar = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Whose sessions: XNYS, CMES, 24/5, 24/7 ...",
        rich_help_panel=_DATA,
    ),
]

Prices = Annotated[
    str | None,
    typer.Option(
        metavar="raw|split|total",
        help="As traded, adjusted for splits, or for dividends too?",
        rich_help_panel=_DATA,
    ),
]

Hours = Annotated[
    str | None,
    typer.Option(
        metavar="regular|all",
        help="Bars outside regular hours: left out, or kept? [dim]default: regular[/dim]",
        rich_help_panel=_DATA,
    ),
]

Signals = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="CSV of predictions for on_signal: time,symbol,action,confidence. "
        "A session follows it as it grows.",
        rich_help_panel=_DATA,
    ),
]

Cash = Annotated[
    float | None,
    typer.Option(
        metavar="MONEY",
        help="Opening cash. [dim]default: 100,000[/dim]",
        rich_help_panel=_MONEY,
    ),
]

Leverage = Annotated[
    float | None,
    typer.Option(metavar="X", help="Buying power as a multiple of equity.", rich_help_panel=_MONEY),
]

Account = Annotated[
    str | None,
    typer.Option(
        metavar="SPEC",
        help="What positions need: cash, reg_t or leverage:4. [dim]default: leverage:1, never "
        "called[/dim]",
        rich_help_panel=_MONEY,
    ),
]

Currency = Annotated[
    str | None,
    typer.Option(
        metavar="CODE",
        help="The account's currency. [dim]default: that of the symbols[/dim]",
        rich_help_panel=_MONEY,
    ),
]

Rates = Annotated[
    str | None,
    typer.Option(
        metavar="PATH|EUR=1.1",
        help="Exchange rates: bars named EUR.USD, or constants.",
        rich_help_panel=_MONEY,
    ),
]

Financing = Annotated[
    str | None,
    typer.Option(
        metavar="SPEC",
        help="Interest and stock loans, such as rates:4.33. [dim]default: none[/dim]",
        rich_help_panel=_PARTS,
    ),
]

Actions = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="CSV of dividends and splits: symbol,date,kind,value.",
        rich_help_panel=_DATA,
    ),
]

Weights = Annotated[
    str | None,
    typer.Option(
        metavar="A=0.6,B=0.4",
        help="Share of the account by symbol. [dim]default: equal[/dim]",
        rich_help_panel=_MONEY,
    ),
]

Sizing = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SPEC",
        help="How much to trade, such as risk:1. Repeatable, the smallest wins. "
        "[dim]default: the strategy's own, else percent:95[/dim]",
        rich_help_panel=_PARTS,
    ),
]

Limits = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SPEC",
        help="A limit, such as max_drawdown:20. Repeatable.",
        rich_help_panel=_PARTS,
    ),
]

Exits = Annotated[
    list[str] | None,
    typer.Option(
        "--exit",
        metavar="SPEC",
        help="An exit added to every entry, such as stop_percent:5. Repeatable.",
        rich_help_panel=_PARTS,
    ),
]

Rules = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ib|none|SPEC",
        help="Rules of broker and exchange. Repeatable. [dim]default: ib; none with a policy "
        "that checks cash at the fill[/dim]",
        rich_help_panel=_PARTS,
    ),
]

Commission = Annotated[
    str | None,
    typer.Option(
        metavar="SPEC",
        help="Fee schedule. [dim]default: ibkr_fixed[/dim]",
        rich_help_panel=_PARTS,
    ),
]

Slippage = Annotated[
    str | None,
    typer.Option(
        metavar="SPEC",
        help="Cost of market and stop fills. [dim]default: percent:0.05[/dim]",
        rich_help_panel=_PARTS,
    ),
]

Liquidity = Annotated[
    str | None,
    typer.Option(
        metavar="SPEC",
        help="How much one bar can give, such as volume_share:10. [dim]default: none, no "
        "limit[/dim]",
        rich_help_panel=_PARTS,
    ),
]

Volatility = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER|vix|FILE",
        help="Implied volatility of the options that may be traded, such as 0.2. [dim]default: the "
        "strategy's own, else no options[/dim]",
        rich_help_panel=_PARTS,
    ),
]

HedgePolicy = Annotated[
    list[str] | None,
    typer.Option(
        "--hedge",
        metavar="SPEC",
        help="How options are hedged, such as band:20 or none. Of several, all must want to trade. "
        "[dim]default: the strategy's own[/dim]",
        rich_help_panel=_PARTS,
    ),
]

Fills = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME|AXIS=VALUE",
        help="How orders meet bars: default, backtesting_py, backtrader, or an axis such as "
        "intrabar=next_bar. Repeatable.",
        rich_help_panel=_PARTS,
    ),
]

OutFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder of the results. [dim]default: runs/STRATEGY-TIME[/dim]",
        rich_help_panel=_OUTPUT,
    ),
]

Picture = Annotated[
    str | None,
    typer.Option(
        metavar="[FILE]",
        help="Open the picture in a window, or save it as .png, .pdf or .svg.",
        rich_help_panel=_OUTPUT,
    ),
]

Strict = Annotated[
    bool,
    typer.Option("--strict", help="Exit with 1 when a breaker tripped.", rich_help_panel=_OUTPUT),
]

Quiet = Annotated[
    bool,
    typer.Option("--quiet", help="Print nothing but errors.", rich_help_panel=_OUTPUT),
]

Explain = Annotated[
    bool,
    typer.Option(
        "--explain",
        help="Say whether compiled code or the event engine ran it, and why.",
        rich_help_panel=_OUTPUT,
    ),
]

Engine = Annotated[
    str | None,
    typer.Option(
        metavar="slipway|backtrader",
        help="Whose broker plays the market. [dim]default: slipway[/dim]",
        rich_help_panel=_PARTS,
    ),
]

Paper = Annotated[
    bool,
    typer.Option(
        "--paper",
        help="Trade it on a paper account instead of backtesting it.",
        rich_help_panel=SESSION,
    ),
]

GatewayChoice = Annotated[
    str | None,
    typer.Option(
        "--gateway",
        metavar="emulator",
        help="With --paper: play the bars through a TWS on your own machine.",
        rich_help_panel=SESSION,
    ),
]

Live = Annotated[
    bool,
    typer.Option(
        "--live",
        help="Trade real money. Needs --account U..., and `mode: live` in the run file.",
        rich_help_panel=SESSION,
    ),
]

Host = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Of TWS.", rich_help_panel=SESSION)
]

Port = Annotated[
    int | None,
    typer.Option(metavar="N", help="Of TWS or IB Gateway.", rich_help_panel=SESSION),
]

ClientId = Annotated[
    int | None,
    typer.Option("--client-id", metavar="N", help="Its orders are ours.", rich_help_panel=SESSION),
]

JournalFile = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        help="The session's journal; a session goes on where it ends. [dim]default: "
        "sessions/<mode>-<strategy>-<client id>/journal.sqlite[/dim]",
        rich_help_panel=SESSION,
    ),
]

HistoryBars = Annotated[
    int,
    typer.Option(
        "--history", metavar="N", help="Bars loaded before it begins.", rich_help_panel=SESSION
    ),
]

Adopt = Annotated[
    bool,
    typer.Option(
        "--adopt",
        help="Take what the broker has and we cannot explain as it is.",
        rich_help_panel=SESSION,
    ),
]

Once = Annotated[
    bool,
    typer.Option(
        "--once",
        help="Reconcile, take the decision that is due, send it and end: for cron.",
        rich_help_panel=SESSION,
    ),
]

CancelAtEnd = Annotated[
    bool,
    typer.Option(
        "--cancel-at-end",
        help="Cancel working orders when the session ends, instead of keeping them.",
        rich_help_panel=SESSION,
    ),
]
