"""The files a run leaves: tables, figures and the run file, written as a whole or not at all.

The same run gives the same bytes: numbers are written in full (the shortest text that reads back
as the same float), times are ISO 8601 in UTC, lines end in a line feed, and nothing in them tells
when or where they were written.
"""

from __future__ import annotations

__all__ = ["FORMAT", "RUN_FILES", "Provenance", "write_run"]

import csv
import json
import shutil
from collections import Counter
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from math import isfinite
from pathlib import Path
from tempfile import mkdtemp

from framework.errors import ConfigError
from framework.research.curves import span
from framework.research.results import Result
from framework.research.summary import Activity, Performance, measures
from framework.research.tables import Table, iso_times, tables_of

FORMAT = "slipway run 1"
"""Marks `summary.json`, and with it the folder, as a run of ours."""

RUN_FILES = (
    "equity.csv",
    "fills.csv",
    "flows.csv",
    "hedge.csv",
    "orders.csv",
    "refused.csv",
    "run.yaml",
    "summary.json",
    "trades.csv",
)
"""What a run folder holds."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a run came from, as hashes in hexadecimal, and the package's version."""

    code: str = ""
    config: str = ""
    data: str = ""
    version: str = ""


def write_run(result: Result, folder: Path, run_file: str, provenance: Provenance) -> Path:
    """Write every file of a run into `folder`, replacing an earlier run there.

    Files of other names in an earlier run's folder are kept.

    Args:
        result: the run.
        folder: created with its parents; readable by its owner only.
        run_file: text of `run.yaml`, the file that reproduces the run.
        provenance: hashes and version for `summary.json`.

    Returns:
        The folder, as an absolute path.

    Raises:
        ConfigError: `folder` is a file, holds something that is no run, or cannot be written.
    """
    target = folder.expanduser().resolve()
    _check_free(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            _write_files(result, draft, run_file, provenance)
            _put_in_place(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise ConfigError(
            f"The results cannot be written to {target}: {error.strerror or error}.",
            "Choose another folder with --out.",
        ) from error
    return target


def _check_free(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise ConfigError(f"{target} is a file, not a folder.", "Choose another one with --out.")
    if any(target.iterdir()) and not _is_run(target):
        raise ConfigError(
            f"The folder {target} holds files that no run has written.",
            "Nothing was touched; choose an empty or a new folder with --out.",
        )


def _is_run(folder: Path) -> bool:
    try:
        content = json.loads((folder / "summary.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("format") == FORMAT


def _put_in_place(draft: Path, target: Path) -> None:
    """Swap a finished draft with what was there, whose foreign files move over."""
    if not target.exists():
        draft.rename(target)
        return
    aside = Path(mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    before = target.rename(aside / target.name)
    draft.rename(target)
    for other in before.iterdir():
        if other.name not in RUN_FILES:
            other.rename(target / other.name)
    shutil.rmtree(aside)


def _write_files(result: Result, folder: Path, run_file: str, provenance: Provenance) -> None:
    for name, table in tables_of(result).items():
        _write_table(folder / name, table)
    _write_text(folder / "summary.json", _summary_text(result, provenance))
    _write_text(folder / "run.yaml", run_file)


def _write_table(path: Path, table: Table) -> None:
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows(table.rows)


def _write_text(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)


def _summary_text(result: Result, provenance: Provenance) -> str:
    record, summary = result.record, result.summary
    cut = record.instants[span(record)]
    content = {
        "format": FORMAT,
        "strategy": result.strategy,
        "parameters": dict(result.parameters),
        "settings": dict(result.settings),
        "symbols": [bars.symbol for bars in record.bars],
        "first": iso_times(cut[:1])[0] if len(cut) else None,
        "last": iso_times(cut[-1:])[0] if len(cut) else None,
        "instants": len(cut),
        "warmup": record.warmup,
        "metrics": {
            "strategy": _figures(summary.strategy),
            "buy_and_hold": _figures(summary.buy_and_hold),
            "activity": _figures(summary.activity),
        },
        "units": {
            measure.name: measure.unit.value
            for group in (summary.strategy, summary.activity)
            for measure in measures(group)
        },
        **_strategies(result),
        "currency": record.currency,
        "income": dict(summary.income),
        "margin_calls": summary.margin_calls,
        "refused": dict(summary.refused),
        "breakers": [{**asdict(trip), "time": iso_times([trip.time])[0]} for trip in record.trips],
        "warnings": list(record.warnings),
        "error": record.error or None,
        "conventions": list(result.conventions),
        "id": _identity(provenance),
        "hashes": {
            item.name: getattr(provenance, item.name)
            for item in fields(provenance)
            if item.name != "version"
        },
        "version": provenance.version,
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _strategies(result: Result) -> dict[str, list[dict[str, object]]]:
    """The books of several strategies on the account; nothing for one alone."""
    record = result.record
    if not record.strategies:
        return {}
    count = Counter(result.strategy_of(trade) for trade in result.trades if not trade.is_open)
    books = [
        {
            "name": one.name,
            "strategy": one.strategy,
            "symbols": list(one.symbols),
            "opening_cash": one.opening_cash,
            "final_equity": one.equity,
            "final_cash": one.cash,
            "profit": one.profit,
            "commission": one.commission,
            "trades": count[one.name],
        }
        for one in record.strategies
    ]
    return {"strategies": books}


def _identity(provenance: Provenance) -> str:
    """The run's id: a hash of code, configuration (parameters included) and data."""
    parts = (provenance.code, provenance.config, provenance.data)
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def _figures(group: Performance | Activity) -> dict[str, float | None]:
    return {
        measure.name: measure.value if isfinite(measure.value) else None
        for measure in measures(group)
    }
