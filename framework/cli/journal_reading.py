"""`slipway journal`: the rows of a journal as a table, or as a file of all their columns."""

from __future__ import annotations

__all__ = ["show_journal"]

import csv
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import get_type_hints

from rich.console import Console
from rich.table import Table
from rich.text import Text

from framework.cli.journal_lines import COLUMNS, Line, lines_of
from framework.cli.journal_options import JournalFlags
from framework.cli.reporting import complain
from framework.engine.journal import JOURNAL_NAME, read_journal
from framework.engine.journal_errors import JournalDamagedError
from framework.engine.journal_rows import KINDS
from framework.errors import ConfigError, did_you_mean

_RUNS = Path("runs")
_FORMATS = ("csv", "parquet")
_REPORTS = {"cash": "events", "commission": "events", "fill": "events", "split": "events"}
"""Kinds of lines that are no kinds of rows, and the rows they come from."""
_REPORTS["update"] = "events"


def show_journal(flags: JournalFlags) -> int:
    """Print a journal, or write it into a file.

    Returns:
        The exit code: 1 where the journal is damaged; what lies in front of the damage is shown.

    Raises:
        SlipwayError: something given cannot be used.
    """
    path = _find(flags.place)
    for kind in flags.kinds:
        if kind not in KINDS and kind not in _REPORTS:
            raise ConfigError(
                f"There is no kind of row called {kind!r}.", did_you_mean(kind, [*KINDS, *_REPORTS])
            )
    if flags.export is not None and flags.export[0] not in _FORMATS:
        raise ConfigError(
            f"--export knows no format {flags.export[0]!r}.",
            did_you_mean(flags.export[0], _FORMATS),
        )
    lines: deque[Line] = deque(maxlen=flags.tail)
    damage = None
    try:
        lines.extend(_lines(path, flags.kinds))
    except JournalDamagedError as error:
        damage = error
    if flags.export is None:
        _print(lines)
    else:
        _write(lines, *flags.export)
        print(f"{len(lines):,} lines are written into {flags.export[1]}.")
    if damage is not None:
        complain(f"Error: {damage}")
        return damage.exit_code
    return 0


def _find(place: str) -> Path:
    """The journal that a path or the name of a run means."""
    path = Path(place).expanduser()
    for candidate in (path, path / JOURNAL_NAME, _RUNS / place / JOURNAL_NAME):
        if candidate.is_file():
            return candidate
    known = [found.parent.name for found in _RUNS.glob(f"*/{JOURNAL_NAME}")]
    raise ConfigError(f"There is no journal {place!r}.", did_you_mean(place, known))


def _lines(path: Path, kinds: Sequence[str]) -> Iterator[Line]:
    rows = {_REPORTS.get(kind, kind) for kind in kinds}
    with read_journal(path) as reader:
        for entry in reader.entries(tuple(rows) or None):
            for line in lines_of(entry):
                if not kinds or line.kind in kinds or ("events" in kinds and _is_report(line)):
                    yield line


def _is_report(line: Line) -> bool:
    return line.kind in _REPORTS


def _print(lines: Iterable[Line]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for name in ("row", "time", "kind", "order"):
        table.add_column(name, no_wrap=True, justify="right" if name == "row" else "left")
    table.add_column("what", overflow="fold")
    for line in lines:
        table.add_row(
            str(line.row),
            Text(line.time),
            Text(line.kind, _STYLES.get(line.kind, "")),
            Text(line.order or ""),
            Text(_what(line)),
        )
    Console(highlight=False).print(table)


_STYLES = {
    "fill": "green",
    "finding": "yellow",
    "submit": "bold",
    "unsent": "red",
    "adopted": "yellow",
}


def _what(line: Line) -> str:
    """Everything else of a line in words, such as "buy 10 AAA limit 95 DAY (bid 95.1 ask 95.3)"."""
    parts = [line.side, _number(line.quantity), line.symbol, line.type]
    for name, level in (("stop", line.stop), ("limit", line.limit)):
        label = "" if line.type == name else f"{name} "
        parts += [f"{label}{level:.10g}" if level is not None else None]
    parts += [line.tif, line.terms]
    parts += [f"at {line.price:.10g}" if line.price is not None else None]
    parts += [f"{line.amount:,.2f}" if line.amount is not None and line.kind != "risk" else None]
    parts += [line.status]
    words = " ".join(part for part in parts if part)
    known = [("decided at", line.decision_price), ("bid", line.bid), ("ask", line.ask)]
    known.append(("last", line.last))
    prices = [f"{name} {value:.10g}" for name, value in known if value is not None]
    prices += [_quoted(line)] if line.quote is not None else []
    told = f"({', '.join(prices)})" if prices else ""
    return " ".join(part for part in (words, told, line.text) if part)


def _quoted(line: Line) -> str:
    """When the quote was last heard of, or why there is none."""
    at = "" if line.quoted is None else f" at {line.quoted[11:]}"
    if line.bid is not None:
        return f"{line.quote}{at}"
    heard = f", last heard of{at}" if at else ""
    return f"no quote: {str(line.quote).replace('_', ' ')}{heard}"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.10g}"


def _write(lines: Iterable[Line], kind: str, out: Path) -> None:
    """The whole file, or nothing; readable by its owner only."""
    try:
        handle, name = mkstemp(prefix=f".{out.name}.", dir=out.parent)
        draft = Path(name)
        os.close(handle)
        try:
            if kind == "csv":
                _write_csv(lines, draft)
            else:
                _write_parquet(lines, draft)
            draft.replace(out)
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()
    except OSError as error:
        raise ConfigError(
            f"{out} cannot be written: {error.strerror or error}.", "Choose another file."
        ) from error


def _write_csv(lines: Iterable[Line], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(lines)


def _write_parquet(lines: Iterable[Line], path: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415  # half a second, for this format only
    import pyarrow.parquet as pq  # noqa: PLC0415

    types = {int: pa.int64(), float: pa.float64(), float | None: pa.float64()}
    hints = get_type_hints(Line)
    schema = pa.schema([(name, types.get(hints[name], pa.string())) for name in COLUMNS])
    rows = [line._asdict() for line in lines]
    pq.write_table(pa.Table.from_pylist(rows, schema), path)
