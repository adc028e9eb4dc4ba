"""Runner: a search taken through a backend into a store, and the table closed behind it."""

from __future__ import annotations

__all__ = ["Hosts", "run_search"]

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial

import numpy as np

from framework.domain.bars import FloatArray
from framework.ports import Progress
from framework.sweeps.evaluate import periods_of
from framework.sweeps.luck import luck_of
from framework.sweeps.pace import Pace
from framework.sweeps.rows import sign
from framework.sweeps.searches import Search
from framework.sweeps.store import Store
from framework.sweeps.work import Backend, Batch, Done, Work

Hosts = Callable[[Work], AbstractContextManager[Backend]]
"""Opens the backend that is to do some work."""


def run_search(
    work: Work,
    search: Search,
    store: Store,
    hosts: Hosts,
    *,
    metric: str,
    progress: Progress | None = None,
) -> None:
    """Run whatever of a search is not in its store yet, and finish the table.

    The rows are the same whatever the backend. If anything is raised, Ctrl-C included, what was
    done until then is kept.

    Args:
        work: plan and grid.
        search: chooses the points.
        store: takes the rows.
        hosts: opens the backend; not called while one run is all there is to do.
        metric: what a search that learns is told of.
        progress: told how many sets are done, of how many.

    Raises:
        SlipwayError: the strategy looks ahead, or the workers are lost.
    """
    if store.is_finished:
        return
    with ExitStack() as open_hosts:
        crew = _Crew(work, hosts, open_hosts)
        try:
            stop = _generations(crew, search, store, metric, progress)
        finally:
            store.flush()
    ran = int(np.isfinite(store.column("trades", 0, stop)).sum())
    luck = luck_of(store.column("sharpe", 0, stop), ran, periods_of(work.plan))
    store.finish(luck.deflated)


class _Crew:
    """The first batch in this process, which prepares what workers share; the others by them."""

    def __init__(self, work: Work, hosts: Hosts, stack: ExitStack) -> None:
        self._work = work
        self._hosts = hosts
        self._stack = stack
        self._backend: Backend | None = None
        self._begun = False

    def run(self, batches: Iterable[Batch]) -> Iterator[Done]:
        """Each batch once, in whatever order they are done."""
        source = iter(batches)
        if not self._begun:
            for batch in source:
                self._begun = True
                yield self._work.done(batch)
                break
        following = next(source, None)
        if following is None:
            return
        if self._backend is None:
            self._backend = self._stack.enter_context(self._hosts(self._work))
        yield from self._backend.run(_chained(following, source))


def _chained(first: Batch, rest: Iterator[Batch]) -> Iterator[Batch]:
    yield first
    yield from rest


def _generations(
    crew: _Crew, search: Search, store: Store, metric: str, progress: Progress | None
) -> int:
    """Run generation after generation; the number of trials."""
    pace, done = Pace(), store.done
    start = stop = 0
    _tell(progress, done, search.total)
    while points := search.following(partial(_seen, store, metric, start, stop)):
        start, stop = stop, stop + len(points)
        for one in crew.run(pace.batches(store, start, points)):
            store.add(one)
            pace.learn(one)
            done += len(one.rows)
            _tell(progress, done, search.total)
        store.flush()
    return stop


def _seen(store: Store, metric: str, start: int, stop: int) -> FloatArray:
    return sign(metric) * store.column(metric, start, stop)


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)
