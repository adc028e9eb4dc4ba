"""`slipway components`, `strategies`, `orders`, `compare`: what there is, and how runs differ."""

from __future__ import annotations

__all__ = ["compare", "components", "orders", "strategies"]

import inspect
import re
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from framework.brokers.simulated.fidelity import ENTRIES, Fidelity, markdown
from framework.components.parameters import ParameterInfo
from framework.components.registry import KINDS, describe
from framework.config.parts import fill_axes, policy_names
from framework.config.strategies import available, find_strategy
from framework.errors import ConfigError, StrategyError
from framework.research.compare import compare_runs
from framework.research.report import print_comparison
from framework.strategy import parameters_of

_FLAGS = {
    "sizing": "Sizing: --sizing, `sizing:` in a run file",
    "limit": "Limits: --limit, `limits:`",
    "exit": "Exits: --exit, `exits:`",
    "commission": "Commission: --commission, `commission:`",
    "slippage": "Slippage: --slippage, `slippage:`",
    "liquidity": "Liquidity: --liquidity, `liquidity:`",
    "account": "Account: --account, `account:`",
    "financing": "Financing: --financing, `financing:`",
    "rule": "Rules: --rules (ib is all of them, none is none), `rules:`",
    "hedge": "Hedging: --hedge, `hedge:`",
}


def components() -> None:
    """Print every component with its parameters, and the axes of a fill policy."""
    out = Console()
    for kind in KINDS:
        table = _table(_FLAGS[kind])
        for item in describe():
            if item.kind == kind:
                table.add_row(Text(item.name, "bold"), _parameters(item.parameters))
                table.add_row("", Text(item.summary, "dim"))
        out.print(table)
    table = _table("Fill policy: --fill, `fill:`")
    table.add_row(Text("a name", "bold"), Text(", ".join(policy_names())))
    for axis, options in fill_axes().items():
        first, *others = options
        rest = ", ".join(others) or "another number, 0 or more"
        table.add_row(Text(axis, "bold"), Text(f"{first} (default), {rest}"))
    out.print(table)
    print("\nWrite one as name:value or name:parameter=value,parameter=value; your own class as")
    print("path/to/file.py:Class:parameter=value. A parameter without a default must be given.")


def strategies() -> None:
    """Print every strategy in strategies/ with its summary and parameters."""
    names = available()
    if not names:
        print("There is no strategies/ folder here. `slipway run path/to/file.py` runs any file.")
        return
    table = _table("Strategies: slipway run NAME --set parameter=value")
    for name in names:
        try:
            cls = find_strategy(name).cls
        except StrategyError as error:
            table.add_row(Text(name, "bold"), Text(str(error), "red"))
            continue
        listed = (f"{item.name}={item.default}" for item in parameters_of(cls))
        table.add_row(Text(name, "bold"), Text(", ".join(listed) or "no parameters"))
        table.add_row("", Text((inspect.getdoc(cls) or "").partition("\n")[0], "dim"))
    Console().print(table)


def orders(page: Path | None) -> None:
    """Print every kind of order and how it is simulated, or write the table into a Markdown page.

    Raises:
        ConfigError: if the page cannot be read, or has no marks to write between.
    """
    if page is not None:
        _write_between_marks(page)
        return
    out = Console()
    for group, entries in groupby(ENTRIES, lambda entry: entry.group):
        table = _order_table(group)
        for entry in entries:
            table.add_row(Text(entry.name, "bold"), Text(entry.fidelity), Text(entry.rule))
            table.add_row(Text(entry.ib, "dim"), "", Text(entry.write, "dim"))
        out.print(table)


def _order_table(group: str) -> Table:
    table = Table(
        title=f"\n{group}", title_justify="left", title_style="bold", box=None,
        padding=(0, 2, 0, 0), pad_edge=False, header_style="",
    )  # fmt: skip
    name = max(len(entry.name) for entry in ENTRIES)
    table.add_column("order\nat IB", no_wrap=True, min_width=name)
    table.add_column("fidelity", no_wrap=True, min_width=max(map(len, Fidelity)))
    table.add_column("in a backtest\nin a strategy", overflow="fold")
    return table


_MARKED = re.compile(r"(?<=<!-- orders -->\n).*?(?=<!-- /orders -->)", re.DOTALL)


def _write_between_marks(page: Path) -> None:
    try:
        text = page.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"{page} cannot be read: {error.strerror}.", "Give a page.") from None
    if not _MARKED.search(text):
        raise ConfigError(
            f"{page} has no place for the order table.",
            "Put the lines <!-- orders --> and <!-- /orders --> into it.",
        )
    page.write_text(_MARKED.sub(lambda _: markdown(), text), "utf-8")
    print(f"The order table is written into {page}.")


def compare(first: Path, second: Path) -> None:
    """Print how two run folders differ."""
    print_comparison(compare_runs(first, second))


def _parameters(parameters: tuple[ParameterInfo, ...]) -> Text:
    shown = [
        item.name if item.required else f"{item.name}={_value(item.default)}" for item in parameters
    ]
    return Text(", ".join(shown) or "no parameters")


def _value(default: object) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default).lower()


def _table(title: str) -> Table:
    table = Table(
        title=f"\n{title}", title_justify="left", title_style="bold", box=None,
        show_header=False, padding=(0, 2, 0, 0), pad_edge=False,
    )  # fmt: skip
    table.add_column("", no_wrap=True, min_width=22)
    table.add_column("", overflow="fold")
    return table
