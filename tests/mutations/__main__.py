"""`python -m tests.mutations`: breaks each handling of a failure; says what no test notices."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from tests.mutations.bench import Bench, BenchError, Run, copied
from tests.mutations.mutation import Mutation
from tests.mutations.table import MUTATIONS
from tests.mutations.verdict import Table, Verdict, verdict_of

T = TypeVar("T")
R = TypeVar("R")
_PATIENT = 3
"""Tries of what nothing was broken in: these tests wait in real time, and machines are busy."""


class Benches:
    """As many copies as jobs; each does one thing at a time.

    Args:
        folder: empty; they are made in it.
        jobs: how many.

    Attributes:
        jobs: how many of them are used at a time.
    """

    def __init__(self, folder: Path, jobs: int) -> None:
        self._free: SimpleQueue[Bench] = SimpleQueue()
        self.jobs = jobs
        self._all = [copied(folder / str(number)) for number in range(jobs)]
        for bench in self._all:
            self._free.put(bench)

    def __enter__(self) -> Benches:
        return self

    def __exit__(self, *_: object) -> None:
        for bench in self._all:
            bench.stable.close()

    def each(self, work: Callable[[Bench, T], R], items: Iterable[T]) -> Iterator[R]:
        """What became of each, in their order."""

        def alone(item: T) -> R:
            bench = self._free.get()
            try:
                return work(bench, item)
            finally:
                self._free.put(bench)

        with ThreadPoolExecutor(self.jobs) as pool:
            yield from pool.map(alone, items)


def main() -> int:
    """0 if every mutation was noticed, 1 if one was not or could not be judged, 2 if nothing can be
    said."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="a row's number, or a part of the words")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--tries", type=int, default=1, help="failures that make one killed; 1")
    flags = parser.parse_args()
    chosen = [one for one in MUTATIONS if flags.only is None or one.is_named(flags.only)]
    if not chosen:
        parser.error(f"no mutation is called {flags.only}")
    with tempfile.TemporaryDirectory(prefix="slipway-mutations-") as folder:
        try:
            return _judged_all(Path(folder), chosen, max(1, flags.jobs), flags.tries)
        except BenchError as error:
            print(error, file=sys.stderr)
            return 2


def _judged_all(folder: Path, chosen: list[Mutation], jobs: int, tries: int) -> int:
    """Judge each; what was not killed beside others is judged again alone."""
    table = Table(chosen)
    table.head()
    with Benches(folder, jobs) as benches:
        verdicts = dict(zip(chosen, _verdicts(benches, chosen, tries, table), strict=True))
        doubtful = [one for one in chosen if verdicts[one] is not Verdict.KILLED]
        if doubtful and jobs > 1:
            print(f"{len(doubtful)} again, alone", flush=True)
            benches.jobs = 1
            again = _verdicts(benches, doubtful, tries, table)
            verdicts |= zip(doubtful, again, strict=True)
    return table.foot(verdicts)


def _verdicts(
    benches: Benches, chosen: list[Mutation], tries: int, table: Table
) -> Iterator[Verdict]:
    """Break one after the other; those whose tests fail while nothing is broken prove nothing."""
    passing = _passing(benches, chosen)

    def broken(bench: Bench, one: Mutation) -> Run | None:
        if (one.tests, one.select) not in passing:
            return None
        with bench.mutated(one):
            return bench.run(one.tests, one.select, tries)

    for one, run in zip(chosen, benches.each(broken, chosen), strict=True):
        verdict = verdict_of(run)
        table.row(one, verdict, run)
        yield verdict


def _passing(benches: Benches, chosen: list[Mutation]) -> set[tuple[str, str]]:
    """Selections that pass while nothing is broken: only those can notice anything.

    All of one file at once; one by one only where that fails.
    """
    selections: dict[str, dict[str, None]] = {}
    for one in chosen:
        selections.setdefault(one.tests, {})[one.select] = None
    files = [(tests, " or ".join(f"({one})" for one in each)) for tests, each in selections.items()]
    passing: set[tuple[str, str]] = set()
    alone: list[tuple[str, str]] = []
    for (tests, _), whole in zip(files, _runs(benches, files), strict=True):
        own = [(tests, select) for select in selections[tests]]
        if whole.has_passed:
            passing.update(own)
        else:
            alone += own
    singly = zip(alone, _runs(benches, alone), strict=True)
    return passing | {one for one, run in singly if run.has_passed}


def _runs(benches: Benches, selections: list[tuple[str, str]]) -> Iterator[Run]:
    """Run tests while nothing is broken, until they pass."""
    return benches.each(lambda bench, one: bench.run(*one, _PATIENT), selections)


if __name__ == "__main__":
    sys.exit(main())
