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

from tests.mutations.bench import Bench, BenchError, Ending, Run, copied
from tests.mutations.mutation import Mutation
from tests.mutations.table import MUTATIONS

T = TypeVar("T")
R = TypeVar("R")
_PATIENT = 3
"""Tries of what nothing was broken in: these tests wait in real time, and machines are busy."""
_VERDICTS = {
    Ending.PASSED: "SURVIVED",
    Ending.FAILED: "killed",
    Ending.TIMEOUT: "killed (time-out)",
}


class Benches:
    """As many copies as jobs; each does one thing at a time.

    Args:
        folder: empty; they are made in it.
        jobs: how many.
    """

    def __init__(self, folder: Path, jobs: int) -> None:
        self._free: SimpleQueue[Bench] = SimpleQueue()
        self._jobs = jobs
        for number in range(jobs):
            self._free.put(copied(folder / str(number)))

    def each(self, work: Callable[[Bench, T], R], items: Iterable[T]) -> Iterator[R]:
        """What became of each, in their order."""

        def alone(item: T) -> R:
            bench = self._free.get()
            try:
                return work(bench, item)
            finally:
                self._free.put(bench)

        with ThreadPoolExecutor(self._jobs) as pool:
            yield from pool.map(alone, items)


def main() -> int:
    """0 if every mutation was noticed, 1 if one survived, 2 if nothing can be said."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="a row's number, or a part of the words")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--tries", type=int, default=2, help="failures that make one killed; 2")
    flags = parser.parse_args()
    chosen = [one for one in MUTATIONS if flags.only is None or one.is_named(flags.only)]
    if not chosen:
        parser.error(f"no mutation is called {flags.only}")
    with tempfile.TemporaryDirectory(prefix="slipway-mutations-") as folder:
        benches = Benches(Path(folder), max(1, flags.jobs))
        try:
            return _mutate(benches, chosen, flags.tries)
        except BenchError as error:
            print(error, file=sys.stderr)
            return 2


def _fragile(benches: Benches, chosen: list[Mutation]) -> set[tuple[str, str]]:
    """Selections that fail while nothing is broken: they notice nothing."""
    selections = list(dict.fromkeys((one.tests, one.select) for one in chosen))
    runs = benches.each(lambda bench, one: bench.run(*one, _PATIENT), selections)
    found = {one for one, run in zip(selections, runs, strict=True) if not run.has_passed}
    passing = len(selections) - len(found)
    print(f"{passing} of {len(selections)} selections pass while nothing is broken", flush=True)
    return found


def _mutate(benches: Benches, chosen: list[Mutation], tries: int) -> int:
    """Break one after the other; those whose tests fail anyway prove nothing."""
    fragile = _fragile(benches, chosen)

    def broken(bench: Bench, one: Mutation) -> Run | None:
        if (one.tests, one.select) in fragile:
            return None
        with bench.mutated(one):
            return bench.run(one.tests, one.select, tries)

    wide = max(len(one.handling) for one in chosen)
    rows = max(len("row"), *(len(one.label) for one in chosen))
    print(f"{'row':{rows}}  {'handling':{wide}}  {'verdict':17}  seconds")
    counts = {"killed": 0, "survived": 0, "unproven": 0}
    for one, run in zip(chosen, benches.each(broken, chosen), strict=True):
        verdict = "UNPROVEN" if run is None else _VERDICTS[run.ending]
        counts[verdict.split()[0].lower()] += 1
        seconds = 0.0 if run is None else run.seconds
        print(
            f"{one.label:{rows}}  {one.handling:{wide}}  {verdict:17}  {seconds:7.1f}", flush=True
        )
    print(", ".join(f"{count} {word}" for word, count in counts.items()))
    return 1 if counts["survived"] else 2 if counts["unproven"] else 0


if __name__ == "__main__":
    sys.exit(main())
