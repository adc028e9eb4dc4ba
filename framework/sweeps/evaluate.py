"""Evaluate: parameter sets to rows, the one place where a sweep runs a strategy."""

from __future__ import annotations

__all__ = ["evaluate", "periods_of"]

from collections.abc import Mapping, Sequence

import numpy as np

from framework.backtest.many import ManyRuns
from framework.backtest.record import INTERRUPTED, RunRecord
from framework.calendar import TradingCalendar
from framework.config.plan import Plan
from framework.errors import InputError
from framework.research.curves import returns_between, span
from framework.research.fills import fill_columns
from framework.research.results import result_of
from framework.research.summary import Market, market_of, summary_of, tally_of
from framework.sweeps.axes import ParameterSet
from framework.sweeps.rows import Row, refused_row, row_of

_RAISED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a constructor of the user's own may raise for values it cannot use."""


def evaluate(plan: Plan, sets: Sequence[ParameterSet], total: int | None = None) -> list[Row]:
    """Run a plan once with each parameter set; the rows in the order of the sets.

    Of the plan only strategy, parameters, bars and settings are used. A set that the strategy's
    constructor or setup refuses, or that it stops with, is a row with the reason.

    Args:
        plan: what is run.
        sets: by parameter.
        total: sets of the whole search, which says whether compiled code is worth loading.

    Raises:
        LookaheadError: an indicator or condition knows the future.
    """
    market, settings = plan.market, plan.settings
    finer = market.finer if settings.policy.intrabar == "finer" else {}
    runs = ManyRuns(plan.found.cls, market.bars, settings, finer, total or len(sets))
    judge = _Judge(periods_of(plan))
    rows = [_row(plan, runs, judge, {**plan.parameters, **one}) for one in sets]
    runs.close()
    return rows


def periods_of(plan: Plan) -> float:
    """Sessions in a year of what is traded."""
    calendars = {series.instrument.calendar for series in plan.market.bars}
    return max(TradingCalendar(name).periods_per_year for name in calendars)


class _Judge:
    """Works out the figures of runs; what all runs over the same bars share, once.

    Args:
        periods: sessions in a year.
    """

    def __init__(self, periods: float) -> None:
        self._periods = periods
        self._market: Market | None = None

    def row(self, record: RunRecord) -> Row:
        """The row of a run that went to its end."""
        if self._market is None:
            self._market = market_of(record, periods=self._periods)
        equity = np.ascontiguousarray(record.equity[span(record)])
        returns = returns_between(record.opening_cash, equity[self._market.timeline.ends])
        if record.splits:
            summary = result_of(record, strategy="", periods=self._periods).summary
        else:
            summary = summary_of(self._market, fill_columns(record), equity, tally_of(record))
        return row_of(summary, returns)


def _row(plan: Plan, runs: ManyRuns, judge: _Judge, parameters: Mapping[str, object]) -> Row:
    try:
        record = runs.run(parameters)
    except InputError as error:
        return refused_row(_problem(error))
    except _RAISED as error:
        if not _is_refused(plan, parameters):
            raise
        return refused_row(f"{type(error).__name__}: {error}")
    if record.error == INTERRUPTED:
        raise KeyboardInterrupt
    if record.error:
        return refused_row(f"stopped: {record.error}")
    return judge.row(record)


def _problem(error: InputError) -> str:
    """What was refused, without the line of code that refused it."""
    cause = error.__cause__
    return cause.problem if isinstance(cause, InputError) else error.problem


def _is_refused(plan: Plan, parameters: Mapping[str, object]) -> bool:
    """Whether it is the strategy's own constructor that raises."""
    try:
        plan.found.cls(parameters)
    except _RAISED:
        return True
    return False
