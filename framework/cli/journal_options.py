"""`slipway journal` and its options; what it does is loaded when it is called."""

from __future__ import annotations

__all__ = ["JournalFlags", "journal"]

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from framework.cli.options import Debug
from framework.cli.reporting import reporting

_Place = Annotated[
    str, typer.Argument(metavar="PATH|RUN", help="A journal, its session's folder, or its name.")
]
_Tail = Annotated[
    int | None,
    typer.Option("--tail", metavar="N", help="The last N lines. [dim]default: all[/dim]", min=1),
]
_Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help="Rows of this kind only, such as submit, events or finding. Repeatable.",
    ),
]
_Export = Annotated[
    tuple[str, Path] | None,
    typer.Option(
        "--export",
        metavar="csv|parquet OUT",
        help="Write the lines into a file, with every column, instead of showing them.",
    ),
]


@dataclass(frozen=True, slots=True)
class JournalFlags:
    """What was given on the command line; see `journal`."""

    place: str
    tail: int | None
    kinds: tuple[str, ...]
    export: tuple[str, Path] | None


def journal(
    place: _Place,
    tail: _Tail = None,
    kind: _Kinds = None,
    export: _Export = None,
    debug: Debug = False,
) -> None:
    """Show what a session was told, decided, sent and heard; also while it runs."""
    flags = JournalFlags(place, tail, tuple(kind or ()), export)
    with reporting(debug):
        from framework.cli.journal_reading import show_journal  # noqa: PLC0415  # help must not wait

        code = show_journal(flags)
    raise typer.Exit(code)
