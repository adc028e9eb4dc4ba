"""`slipway backup` and `slipway restore` and their options; what they do is loaded when called."""

from __future__ import annotations

__all__ = ["BackupFlags", "backup", "restore"]

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from framework.cli.options import Debug
from framework.cli.reporting import reporting

_Files = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="FILE ...", help="Run files, journals or folders that lie elsewhere, besides."
    ),
]
_To = Annotated[
    Path | None,
    typer.Option(
        "--to",
        metavar="FOLDER|FILE",
        help="A folder, or the archive's own name. [dim]default: backups/[/dim]",
    ),
]
_Secrets = Annotated[
    bool, typer.Option("--secrets", help="Take .env, keys and addresses of alerts along.")
]
_Data = Annotated[bool, typer.Option("--with-data", help="Take all of data/ along: bars, caches.")]
_Archive = Annotated[
    Path, typer.Argument(metavar="FILE", help="What `slipway backup` has written.")
]
_Into = Annotated[
    Path,
    typer.Option("--to", metavar="FOLDER", help="Where to. [dim]default: this folder[/dim]"),
]
_Force = Annotated[
    bool,
    typer.Option("--force", help="Replace files that differ; a journal replaced is kept beside."),
]
_Check = Annotated[bool, typer.Option("--check", help="Only verify it; write nothing.")]


@dataclass(frozen=True, slots=True)
class BackupFlags:
    """What was given on the command line; see `backup`."""

    files: tuple[Path, ...]
    to: Path | None
    secrets: bool
    data: bool


def backup(
    files: _Files = None,
    to: _To = None,
    secrets: _Secrets = False,
    with_data: _Data = False,
    debug: Debug = False,
) -> None:
    """Pack sessions, logs, trades, strategies and run files into one private archive.

    Also while sessions run.
    """
    flags = BackupFlags(tuple(files or ()), to, secrets, with_data)
    with reporting(debug):
        from framework.cli.backing_up import back_up  # noqa: PLC0415  # help must not wait for it

        back_up(flags)


def restore(
    archive: _Archive,
    to: _Into = Path(),
    force: _Force = False,
    check: _Check = False,
    debug: Debug = False,
) -> None:
    """Put a backup back, once every hash in it has been found right."""
    with reporting(debug):
        from framework.cli.backing_up import put_back  # noqa: PLC0415  # help must not wait for it

        put_back(archive, to, force, check)
