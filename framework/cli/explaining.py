"""`--explain`: which way a run was run, and why, in one line."""

from __future__ import annotations

__all__ = ["explained", "sweep_explained"]

from framework.backtest.many import ManyRuns
from framework.errors import InputError
from framework.sweeps.request import Ready

_RAISED = (InputError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a set of parameters may raise that does not run."""
_TRIED = 16
_COMPILED = "compiled"


def explained(path: str) -> str:
    """A record's `path` as a sentence.

    Args:
        path: "compiled", "emulator", "event engine: why", or empty for a run by backtrader.
    """
    if not path:
        return "Ran on backtrader."
    if path == _COMPILED:
        return "Ran compiled."
    return f"Ran by the {path.rstrip('.')}."


def sweep_explained(ready: Ready) -> str:
    """How the sets of a sweep are run, found out by running the first one that can be run.

    Raises:
        LookaheadError: an indicator or condition knows the future.
    """
    plan, market = ready.plan, ready.plan.market
    finer = market.finer if plan.settings.policy.intrabar == "finer" else {}
    runs = ManyRuns(plan.found.cls, market.bars, plan.settings, finer, ready.search.total)
    for point in range(min(_TRIED, ready.grid.size)):
        try:
            record = runs.run({**plan.parameters, **ready.grid.at(point)})
        except _RAISED:
            continue
        is_compiled = record.path == _COMPILED
        return explained(record.path if is_compiled else f"event engine: {runs.reason}")
    return f"None of the first {_TRIED} sets runs, so there is no saying how."
