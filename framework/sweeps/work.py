"""Work: what every worker holds once, and the batches of points it is handed."""

from __future__ import annotations

__all__ = ["Backend", "Batch", "Done", "Work", "pack", "unpack"]

import pickle
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Protocol

from framework.config.plan import Plan
from framework.sweeps.axes import Grid
from framework.sweeps.evaluate import evaluate
from framework.sweeps.rows import Row

_USERS = "slipway_"
"""How the names of modules begin that were loaded from files of the user's own."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Points to run one after the other; running it twice gives the same rows.

    Attributes:
        start: number of the first trial.
        points: in the grid.
    """

    start: int
    points: Sequence[int]


@dataclass(frozen=True, slots=True)
class Done:
    """A batch and its rows, and how many seconds they took."""

    batch: Batch
    rows: Sequence[Row]
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """The plan and the grid, the same for every batch."""

    plan: Plan
    grid: Grid

    def done(self, batch: Batch) -> Done:
        """The batch, run."""
        begun = perf_counter()
        sets = [self.grid.at(point) for point in batch.points]
        rows = evaluate(self.plan, sets, max(len(sets), min(self.grid.size, _MANY)))
        return Done(batch, rows, perf_counter() - begun)


_MANY = 1_000
"""Runs of a search that may well be shorter than its grid."""


class Backend(Protocol):
    """Where batches are run."""

    def run(self, batches: Iterable[Batch]) -> Iterator[Done]:
        """Each batch once, in whatever order they are done; batches are taken as needed."""
        ...


@dataclass(frozen=True, slots=True)
class _Source:
    """A file of the user's own that was loaded as a module."""

    name: str
    path: str
    text: bytes


def pack(work: Work) -> bytes:
    """Work as bytes that another process, or another machine, can unpack.

    Files of the user's own travel along; where the data came from does not.
    """
    import cloudpickle  # noqa: PLC0415  # one job needs none of it

    request = replace(
        work.plan.request, strategy="", data=None, rates=None, actions=None, signals=None
    )
    bare = replace(work, plan=replace(work.plan, request=request))
    content: bytes = cloudpickle.dumps(bare)
    sources = [
        _Source(name, str(module.__file__), Path(str(module.__file__)).read_bytes())
        for name, module in sys.modules.items()
        if name.startswith(_USERS) and name.encode() in content
    ]
    return pickle.dumps((sources, content), protocol=5)


def unpack(packed: bytes) -> Work:
    """What `pack` packed."""
    sources, content = pickle.loads(packed)
    for source in sources:
        _install(source)
    work: Work = pickle.loads(content)
    return work


def _install(source: _Source) -> None:
    if source.name in sys.modules:
        return
    module = ModuleType(source.name)
    module.__file__ = source.path
    sys.modules[source.name] = module
    exec(compile(source.text, source.path, "exec"), module.__dict__)
