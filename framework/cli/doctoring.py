"""`slipway doctor`: the checks in a table or as JSON, and an exit code."""

from __future__ import annotations

__all__ = ["doctor_command", "show_checks"]

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from framework.cli.broker_access import access_of, quiet_library
from framework.cli.broker_options import BrokerFlags
from framework.cli.doctor_checks import examine
from framework.cli.doctor_nouns import Check, Patience, Verdict

_STYLES = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red"}


def doctor_command(flags: BrokerFlags, symbol: str, patience: Patience | None = None) -> int:
    """Print what the doctor finds.

    Returns:
        The exit code: 1 where something has failed.

    Raises:
        ConfigError: the settings cannot be used.
    """
    access = access_of(flags)
    quiet_library()
    checks = asyncio.run(examine(access, symbol.strip(), patience))
    return show_checks(checks, flags.json)


def show_checks(checks: Sequence[Check], as_json: bool) -> int:
    """Print checks, as a table or for scripts.

    Returns:
        The exit code: 1 where something has failed.
    """
    code = int(any(check.verdict is Verdict.FAIL for check in checks))
    if as_json:
        print(json.dumps({"exit": code, "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        _print(checks)
    return code


def _print(checks: Sequence[Check]) -> None:
    out = Console(highlight=False)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        style = _STYLES.get(check.verdict, "dim")
        table.add_row(Text(check.name), Text(check.verdict, style), Text(check.found))
        if check.remedy:
            table.add_row("", "", Text(f"-> {check.remedy}", "dim"))
    out.print(table)
    counts = {one: sum(check.verdict is one for check in checks) for one in Verdict}
    if counts[Verdict.FAIL]:
        out.print(f"\n{counts[Verdict.FAIL]} failed: begin with the first.")
    elif counts[Verdict.WARN]:
        out.print(f"\nUsable; {counts[Verdict.WARN]} to look at.")
    else:
        out.print("\nAll is well.")
