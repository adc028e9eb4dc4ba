"""SweepResult: the table of a sweep, its best set, and what they are worth."""

from __future__ import annotations

__all__ = ["SweepResult", "SweepTrial", "best_trials", "result_in"]

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from framework.sweeps.luck import Luck, luck_of
from framework.sweeps.rows import FIGURES, sign
from framework.sweeps.store import TABLE
from framework.sweeps.table import DEFLATED, REASON, TRIAL, Columns

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class SweepTrial:
    """One parameter set that ran to the end.

    Attributes:
        trial: its number, from 0.
        parameters: values of the swept parameters, ready for `run_backtest(parameters=...)`.
        figures: by name, such as "sharpe".
        deflated_sharpe: probability that its Sharpe ratio is better than the sweep's luck.
    """

    trial: int
    parameters: Mapping[str, object]
    figures: Mapping[str, float]
    deflated_sharpe: float


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class SweepResult:
    """A finished sweep.

    Attributes:
        strategy: name of the strategy.
        columns: of its table, with the grid that was swept.
        metric: what the best set is best in.
        folder: where its files are.
        trials: parameter sets tried.
        ran: those that ran to the end.
        reason: why most of the others did not; empty if all ran.
        leaders: the best few sets, best first.
        luck: what chance alone would have done.
        train, test: days of the search and of the test, in words; empty without a test.
        out_of_sample: the leaders with each figure twice, `train_sharpe` and `test_sharpe`; None
            without a test.
        warnings: what the user ought to know, one sentence each.
    """

    strategy: str
    columns: Columns
    metric: str
    folder: Path
    trials: int
    ran: int
    reason: str
    leaders: tuple[SweepTrial, ...]
    luck: Luck
    train: str = ""
    test: str = ""
    out_of_sample: pd.DataFrame | None = None
    warnings: tuple[str, ...] = ()

    @property
    def best(self) -> SweepTrial | None:
        """The best set; None if no set has the metric."""
        return self.leaders[0] if self.leaders else None

    @property
    def path(self) -> Path:
        """The Parquet file of the table."""
        return self.folder / TABLE

    @property
    def table(self) -> pd.DataFrame:
        """One row for each set in the order tried: parameters, figures, deflated Sharpe ratio, and
        the reason why a set did not run. Read from the file each time."""
        import pandas as pd  # noqa: PLC0415  # the command line needs none of it

        return pd.read_parquet(self.path)

    @property
    def verdict(self) -> str:
        """What the best figure is worth after so many trials, in plain words."""
        best = self.best
        if best is None:
            return ""
        return self.luck.verdict(best.figures["sharpe"], best.deflated_sharpe)


def result_in(
    folder: Path,
    columns: Columns,
    *,
    strategy: str,
    metric: str,
    periods: float,
    top: int,
    warnings: tuple[str, ...] = (),
) -> SweepResult:
    """The result of a finished sweep, from its folder.

    Args:
        folder: of the sweep.
        columns: of its table.
        strategy: name of the strategy.
        metric: what the best set is best in.
        periods: sessions in a year.
        top: how many of the best sets are wanted.
        warnings: what the user ought to know.
    """
    path = folder / TABLE
    read = pq.read_table(path, columns=["sharpe", REASON])
    reasons = read.column(REASON)
    ran = int(pc.sum(pc.equal(reasons, "")).as_py() or 0)
    return SweepResult(
        strategy=strategy,
        columns=columns,
        metric=metric,
        folder=folder,
        trials=len(read),
        ran=ran,
        reason=_commonest(reasons) if ran < len(read) else "",
        leaders=best_trials(path, columns, metric, top),
        luck=luck_of(read.column("sharpe").to_numpy(), ran, periods),
        warnings=warnings,
    )


def best_trials(path: Path, columns: Columns, metric: str, top: int) -> tuple[SweepTrial, ...]:
    """The sets best in a metric, best first; of equals the one tried first."""
    values = pq.read_table(path, columns=[metric]).column(0).to_numpy() * sign(metric, [DEFLATED])
    order = np.argsort(-values, kind="stable")
    chosen = [int(i) for i in order[:top] if not np.isnan(values[i])]
    rows = pq.read_table(path, filters=[(TRIAL, "in", chosen)]).to_pylist() if chosen else []
    by_number = {row[TRIAL]: row for row in rows}
    return tuple(_trial(by_number[number], columns) for number in chosen)


def _trial(row: Mapping[str, object], columns: Columns) -> SweepTrial:
    grid = columns.grid
    return SweepTrial(
        trial=int(str(row[TRIAL])),
        parameters={
            axis.name: _value(axis.values, row[name])
            for axis, name in zip(grid.axes, columns.names, strict=True)
        },
        figures={name: _number(row[name]) for name in FIGURES},
        deflated_sharpe=_number(row[DEFLATED]),
    )


def _value(values: tuple[object, ...], cell: object) -> object:
    """The parameter's value behind a cell, which may be text for what no column holds."""
    return next(
        value for value in values if value == cell or (isinstance(cell, str) and str(value) == cell)
    )


def _number(cell: object) -> float:
    return float(cell) if isinstance(cell, int | float) else nan


def _commonest(reasons: object) -> str:
    counts = pc.value_counts(reasons).to_pylist()
    return str(
        max((one for one in counts if one["values"]), key=lambda one: one["counts"])["values"]
    )
