"""Two runs beside each other: what was set otherwise, what came out, where they first part."""

from __future__ import annotations

__all__ = ["Comparison", "Difference", "Figure", "Parting", "RunFolder", "compare_runs", "read_run"]

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import yaml

from framework.errors import ConfigError
from framework.research.files import FORMAT

_REMEDY = "Give a folder that `slipway run` has written, such as one under runs/."


@dataclass(frozen=True, slots=True)
class Difference:
    """A named value of both runs as text; "-" where a run has none."""

    name: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Parting:
    """The first row at which a table of two runs differs.

    Attributes:
        table: file name.
        row: 1 is the first row below the header.
        cells: what differs in it; when one run has no such row, what the other's row holds.
    """

    table: str
    row: int
    cells: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric of both runs; None is "not available"."""

    group: str
    name: str
    unit: str
    first: float | None
    second: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two runs differ.

    Attributes:
        first, second: the folders.
        settings: settings of the run files that differ, nested names joined by dots.
        figures: every metric of both.
        partings: first differing row of trades.csv and of orders.csv, where they differ.
    """

    first: Path
    second: Path
    settings: tuple[Difference, ...]
    figures: tuple[Figure, ...]
    partings: tuple[Parting, ...]

    @property
    def is_identical(self) -> bool:
        """Whether the runs had the same settings, trades, orders and figures."""
        same = all(figure.first == figure.second for figure in self.figures)
        return same and not self.settings and not self.partings


@dataclass(frozen=True, slots=True)
class RunFolder:
    """What a comparison needs of a run folder.

    Attributes:
        path: where it is.
        figures: by (group, name), the value; None is "not available".
        units: unit by metric name.
        settings: the run file, flattened to dotted names and text, and the summary's hashes.
    """

    path: Path
    figures: Mapping[tuple[str, str], float | None]
    units: Mapping[str, str]
    settings: Mapping[str, str]


def compare_runs(first: Path, second: Path) -> Comparison:
    """Compare two run folders.

    Raises:
        ConfigError: one of them is no run folder, or a file in it is missing or damaged.
    """
    one, other = read_run(first), read_run(second)
    keys = dict.fromkeys((*one.figures, *other.figures))
    units = {**other.units, **one.units}
    figures = tuple(
        Figure(group, name, units.get(name, ""), one.figures.get(key), other.figures.get(key))
        for key in keys
        for group, name in (key,)
    )
    partings = (_parting(one.path, other.path, table) for table in ("trades.csv", "orders.csv"))
    return Comparison(
        first=one.path,
        second=other.path,
        settings=_differences(one.settings, other.settings),
        figures=figures,
        partings=tuple(parting for parting in partings if parting is not None),
    )


def read_run(folder: Path) -> RunFolder:
    """Read the figures and settings of a run folder.

    Raises:
        ConfigError: it is no run folder, or a file in it is missing or damaged.
    """
    path = folder.expanduser()
    if not path.is_dir():
        raise ConfigError(f"There is no run folder {path}.", _REMEDY)
    try:
        summary = json.loads((path / "summary.json").read_text("utf-8"))
        run_file = yaml.safe_load((path / "run.yaml").read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} is no run folder: {error}.", _REMEDY) from error
    if not isinstance(summary, dict) or summary.get("format") != FORMAT:
        raise ConfigError(f"{path} is no run folder: its summary.json is not ours.", _REMEDY)
    hashes, metrics, units = (summary.get(key) for key in ("hashes", "metrics", "units"))
    if not (isinstance(hashes, dict) and isinstance(metrics, dict) and isinstance(units, dict)):
        raise ConfigError(f"{path} is damaged: its summary.json lacks a part.", _REMEDY)
    named = {f"hash of {name}": value for name, value in hashes.items()}
    return RunFolder(
        path=path,
        figures={
            (group, name): value
            for group, values in metrics.items()
            for name, value in values.items()
        },
        units=units,
        settings={**_flat(run_file, ""), **_flat(named, "")},
    )


def _flat(value: object, name: str) -> dict[str, str]:
    """Nested mappings as dotted names; anything else as text."""
    if isinstance(value, dict) and value:
        found: dict[str, str] = {}
        for key, part in value.items():
            found.update(_flat(part, f"{name}.{key}" if name else str(key)))
        return found
    return {name: "" if value is None else str(value)} if name else {}


def _differences(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[Difference, ...]:
    return tuple(
        Difference(name, first.get(name, "-"), second.get(name, "-"))
        for name in dict.fromkeys((*first, *second))
        if first.get(name) != second.get(name)
    )


def _parting(first: Path, second: Path, table: str) -> Parting | None:
    none: dict[str, str] = {}
    rows = zip_longest(_rows(first / table), _rows(second / table), fillvalue=none)
    for number, (mine, other) in enumerate(rows, start=1):
        if mine != other:
            return Parting(table, number, _differences(mine, other))
    return None


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise ConfigError(f"{path.parent} is no run folder: {error}.", _REMEDY) from error
