"""`slipway reconcile`: a session's journal held against the broker's books, as a table or JSON."""

from __future__ import annotations

__all__ = ["reconcile_command"]

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from framework.brokers.ib.account import AccountBook
from framework.brokers.ib.snapshot import Snapshot, take_snapshot
from framework.cli.broker_access import Looker, looked_at
from framework.cli.broker_options import BrokerFlags
from framework.cli.reporting import complain
from framework.config.environment import Mode
from framework.engine.journal import JOURNAL_NAME
from framework.engine.reconcile_nouns import Finding
from framework.engine.reconcile_snapshot import Part
from framework.errors import ConfigError, did_you_mean
from framework.session.holding import Compared, Shelf, held_against, shelf_of
from framework.session.masking import masked, masked_text

T = TypeVar("T")

_SESSIONS = Path("sessions")
_TIMEOUT = 15.0
"""Seconds for one answer."""
_USUAL_CURRENCY = "USD"
"""Of an account that does not tell its own."""


def reconcile_command(flags: BrokerFlags, strategy: str | None, journal: Path | None) -> int:
    """Compare and show; the exit code: 1 if anything is unexplained.

    Raises:
        SlipwayError: there is no such journal, or the broker cannot be asked.
    """
    mode = Mode.LIVE if flags.live else Mode.PAPER
    path = _journal_of(mode, strategy) if journal is None else journal.expanduser()
    if not path.is_file():
        raise ConfigError(f"There is no journal {path}.", "Give the file of a session's journal.")
    if journal is not None and strategy is not None:
        raise ConfigError("Both a strategy and --journal are given.", "Give one of them.")
    shelf = shelf_of(path)
    if shelf.started.mode != mode.value:
        raise ConfigError(
            f"{path} is of a {shelf.started.mode} session, and --{mode.value} is looked at.",
            f"Add --{shelf.started.mode}.",
        )
    found = looked_at(flags, lambda looker: _compared(looker, shelf))
    if flags.json:
        print(json.dumps(_content(found), indent=2))
    else:
        _show(found)
    return 1 if found.blocks else 0


def _journal_of(mode: Mode, strategy: str | None) -> Path:
    """The journal of the mode's only session, or of a strategy's.

    Raises:
        ConfigError: there is none, or there are several.
    """
    stem = "*" if strategy is None else _stem(strategy)
    found = sorted(_SESSIONS.glob(f"{mode.value}-{stem}-*/{JOURNAL_NAME}"))
    if strategy is not None:
        whole = re.compile(rf"{re.escape(f'{mode.value}-{stem}')}-\d+")
        found = [one for one in found if whole.fullmatch(one.parent.name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(
            f"There are {len(found)} journals of {mode.value} sessions"
            f"{'' if strategy is None else f' of {strategy}'}: "
            f"{', '.join(str(one) for one in found)}.",
            "Name one with --journal.",
        )
    known = [one.parent.name for one in _SESSIONS.glob(f"{mode.value}-*/{JOURNAL_NAME}")]
    names = [name.removeprefix(f"{mode.value}-").rpartition("-")[0] for name in known]
    advice = "Give its file with --journal." if strategy is None else did_you_mean(strategy, names)
    raise ConfigError(
        f"There is no journal of a {mode.value} session"
        f"{'' if strategy is None else f' of {strategy!r}'} in {_SESSIONS}/.",
        advice,
    )


def _stem(strategy: str) -> str:
    """What a session's folder calls a strategy, or a file of one."""
    return strategy.rpartition("/")[2].removesuffix(".py").replace(":", "-")


async def _compared(looker: Looker, shelf: Shelf) -> Compared:
    """What the broker and the journal say, held against each other."""
    if masked(looker.account) != shelf.started.account:
        raise ConfigError(
            f"{shelf.path} is of account {shelf.started.account}, and this is "
            f"{masked(looker.account)}.",
            "Log in with its user, or name it with --account.",
        )
    now = looker.connection.clock.now
    await looker.contracts.recall(shelf.instruments, now())
    account = AccountBook(looker.book)
    account.account = looker.account

    async def ask() -> Snapshot:
        snapshot = await take_snapshot(
            looker.link, looker.account, looker.book, looker.connection.settings.zone, _TIMEOUT,
            0.0, now(),
        )  # fmt: skip
        for seen in snapshot.values.items or ():
            account.value(seen)
        return snapshot

    return await held_against(shelf.path, ask, now, lambda: account.currency or _USUAL_CURRENCY)


# shown -------------------------------------------------------------------------------------------


def _content(found: Compared) -> dict[str, object]:
    return {
        "journal": str(found.shelf.path),
        "account": found.shelf.started.account,
        "mode": found.shelf.started.mode,
        "strategy": found.shelf.started.strategy,
        "agree": not found.found,
        "unexplained": sum(one.blocks for one in found.found),
        "compared": _counts(found),
        "settled": found.is_settled,
        "findings": [_finding(one) for one in found.found],
    }


def _finding(one: Finding) -> dict[str, str]:
    shown = asdict(replace(one, fact=None))
    return {name: masked_text(str(value)) for name, value in shown.items() if name != "fact"}


def _counts(found: Compared) -> dict[str, int | None]:
    """How many of each the broker has told; None where it did not, or they are not compared."""
    told = found.snapshot
    return {
        "open_orders": _count(told.open_orders),
        "completed_orders": _count(told.completed_orders),
        "executions": _count(told.executions),
        "positions": _count(told.positions),
        "cash": _count(told.cash),
    }


def _count(part: Part[T]) -> int | None:
    return None if part.items is None else len(part.items)


def _show(found: Compared) -> None:
    out = Console(highlight=False)
    started = found.shelf.started
    counts = ", ".join(
        f"{name.replace('_', ' ')} {'unknown' if number is None else number}"
        for name, number in _counts(found).items()
        if name != "cash"
    )
    counts += ", cash too" if found.snapshot.cash.items is not None else ", not the cash"
    if not found.is_settled:
        complain("The session goes on writing: what follows may be a moment apart.")
    if not found.found:
        print(f"The books agree. {started.account} compared with {found.shelf.path}: {counts}.")
        return
    out.print(Text(f"{started.account} held against {found.shelf.path}", "bold"))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("", "about", "here", "broker"):
        table.add_column(name, no_wrap=True)
    table.add_column("what, and what to do", overflow="fold")
    for one in found.found:
        words = Text("UNEXPLAINED", "bold red") if one.blocks else Text("explained", "green")
        what = Text(masked_text(one.text)).append(f" {masked_text(one.remedy)}", "dim")
        table.add_row(words, Text(one.subject), one.ours, one.theirs, what)
    out.print(table)
    unexplained = sum(one.blocks for one in found.found)
    print(f"{len(found.found)} found, {unexplained} unexplained. Compared: {counts}.")
