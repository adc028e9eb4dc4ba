"""Workers: batches of paths, run in this process or in several on this machine."""

from __future__ import annotations

__all__ = ["Batch", "Done", "batches_of", "run_batches"]

import pickle
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import numpy as np

from framework.domain.bars import FloatArray
from framework.errors import SlipwayError
from framework.hedge_ports import Hedger
from framework.hedgelab.experiment import Experiment
from framework.hedgelab.outcome import costs_of
from framework.hedgelab.trial import Trial

_SIZE = 50
"""Paths in a batch: a fraction of a second of work."""
_USERS = "slipway_"
"""How the names of modules begin that were loaded from files of the user's own."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Paths one policy is to hedge.

    Attributes:
        policy: number of the policy.
        start, stop: numbers of the paths, the last not included.
    """

    policy: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """A batch and its figures: cost, fees and rebalances by path, shape (stop - start, 3)."""

    batch: Batch
    figures: FloatArray


def batches_of(policies: int, paths: int) -> list[Batch]:
    """All the work there is."""
    return [
        Batch(number, start, min(start + _SIZE, paths))
        for number in range(policies)
        for start in range(0, paths, _SIZE)
    ]


def run_batches(
    experiment: Experiment, hedgers: Sequence[Hedger], paths: int, seed: int, jobs: int
) -> Iterator[Done]:
    """Every policy along every path, in batches, in whatever order they are done.

    Raises:
        SlipwayError: a path could not be hedged, or a process was killed.
    """
    batches = batches_of(len(hedgers), paths)
    if jobs == 1:
        yield from (_run(experiment, hedgers[one.policy], seed, one) for one in batches)
        return
    from joblib import Parallel, delayed  # noqa: PLC0415  # one job needs none of it

    packed = _pack(hedgers)
    pool = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    try:
        yield from pool(delayed(_unpack_and_run)(experiment, packed, seed, one) for one in batches)
    except BrokenProcessPool as error:
        raise SlipwayError(
            "A worker process was killed, perhaps because memory ran out.",
            "Give the same command again, with fewer --jobs.",
        ) from error


def _run(experiment: Experiment, hedger: Hedger, seed: int, batch: Batch) -> Done:
    trial = Trial(experiment, hedger)
    numbers = range(batch.start, batch.stop)
    found = [costs_of(trial.run(experiment.path(seed, one)), experiment) for one in numbers]
    return Done(batch, np.array(found, dtype=float))


def _unpack_and_run(experiment: Experiment, packed: bytes, seed: int, batch: Batch) -> Done:
    hedgers: Sequence[Hedger] = pickle.loads(packed)
    return _run(experiment, hedgers[batch.policy], seed, batch)


def _pack(hedgers: Sequence[Hedger]) -> bytes:
    """Policies as bytes; the code of the user's own files travels along."""
    import cloudpickle  # noqa: PLC0415  # one job needs none of it

    own = [module for name, module in sys.modules.items() if name.startswith(_USERS)]
    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        packed: bytes = cloudpickle.dumps(list(hedgers))
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)
    return packed
