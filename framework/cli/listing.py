"""`slipway components`, `strategies` and `compare`: what there is, and how two runs differ."""

from __future__ import annotations

__all__ = ["compare", "components", "strategies"]

import inspect
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from framework.components.parameters import ParameterInfo
from framework.components.registry import KINDS, describe
from framework.config.parts import fill_axes, policy_names
from framework.config.strategies import available, find_strategy
from framework.errors import StrategyError
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
        table.add_row(Text(axis, "bold"), Text(f"{first} (default), {', '.join(others)}"))
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
