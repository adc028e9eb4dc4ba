"""The hedging lab in one call: policies and an experiment in, hedging errors and costs out."""

from __future__ import annotations

__all__ = ["hedge_lab"]

from collections.abc import Sequence

import numpy as np

from framework.errors import ConfigError
from framework.hedge_ports import Hedger
from framework.hedgelab.experiment import Experiment
from framework.hedgelab.outcome import LabResult, Outcome
from framework.hedgelab.policies import default_policies, policy_of
from framework.hedgelab.workers import run_batches
from framework.ports import Progress

_LEAST = 2
_MOST = 10_000_000


def hedge_lab(
    policies: Sequence[str | Hedger] = (),
    experiment: Experiment | None = None,
    *,
    paths: int = 500,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress | None = None,
) -> LabResult:
    """Hedge a short call along simulated paths, each a run of the event engine.

    Args:
        policies: objects, or specs such as "interval:bars=2"; a few of each without any.
        experiment: the call and its market; Hull's without one.
        paths: how many, the same for every policy.
        seed: of the paths.
        jobs: processes.
        progress: told how many runs are done.

    Returns:
        The same whatever `jobs` is.

    Raises:
        ConfigError: something given cannot be used.
        SlipwayError: a path could not be hedged.
    """
    experiment = experiment or Experiment()
    _check("paths", paths, _LEAST, _MOST)
    _check("seed", seed, 0, 2**63)
    _check("jobs", jobs, 1, 1_024)
    named = [policy_of(one, experiment) for one in policies or default_policies(experiment)]
    labels = [one.label for one in named]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise ConfigError(f"The policy {twice} is given twice.", "Give it once.")
    figures = np.empty((len(named), paths, 3))
    done, total = 0, len(named) * paths
    hedgers = [one.hedger for one in named]
    for one in run_batches(experiment, hedgers, paths, seed, jobs):
        batch = one.batch
        figures[batch.policy, batch.start : batch.stop] = one.figures
        done += batch.stop - batch.start
        if progress is not None:
            progress(done, total)
    outcomes = [
        Outcome(policy, rows[:, 0], rows[:, 1], rows[:, 2], experiment.price, experiment.weeks)
        for policy, rows in zip(named, figures, strict=True)
    ]
    return LabResult(experiment, seed, paths, outcomes)


def _check(name: str, value: int, low: int, high: int) -> None:
    if not (isinstance(value, int) and low <= value <= high):
        raise ConfigError(
            f"The hedging lab: {name} is {value!r}.",
            f"Give a whole number from {low:,} to {high:,}.",
        )
