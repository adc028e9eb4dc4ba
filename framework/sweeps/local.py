"""Local: batches run in this process, or in several on this machine."""

from __future__ import annotations

__all__ = ["Inline", "Processes", "local"]

from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from framework.errors import SlipwayError
from framework.sweeps.work import Backend, Batch, Done, Work, pack, unpack


@dataclass(frozen=True, slots=True)
class Inline:
    """One after the other, in this process."""

    work: Work

    def run(self, batches: Iterable[Batch]) -> Iterator[Done]:
        """Each batch as it is asked for."""
        return map(self.work.done, batches)


@dataclass(frozen=True, slots=True)
class Processes:
    """In processes of joblib's.

    Attributes:
        jobs: how many.
        packed: file of the packed work; each process reads it once.
    """

    jobs: int
    packed: Path

    def run(self, batches: Iterable[Batch]) -> Iterator[Done]:
        """Two batches a process are under way at most.

        Raises:
            SlipwayError: a process was killed.
        """
        from joblib import Parallel, delayed  # noqa: PLC0415  # one job needs none of it

        pool = Parallel(n_jobs=self.jobs, return_as="generator_unordered", batch_size=1)
        path = str(self.packed)
        try:
            yield from pool(delayed(_run)(path, batch) for batch in batches)
        except BrokenProcessPool as error:
            raise SlipwayError(
                "A worker process was killed, perhaps because memory ran out.",
                "What is done is kept: give the same command again, with fewer --jobs.",
            ) from error


@contextmanager
def local(work: Work, jobs: int) -> Iterator[Backend]:
    """A backend of `jobs` processes; of this one alone for 1."""
    if jobs == 1:
        yield Inline(work)
        return
    with TemporaryDirectory(prefix="slipway-sweep-") as folder:
        packed = Path(folder) / "work"
        packed.write_bytes(pack(work))
        yield Processes(jobs, packed)


def _run(path: str, batch: Batch) -> Done:
    return _unpacked(path).done(batch)


@lru_cache(maxsize=1)
def _unpacked(path: str) -> Work:
    return unpack(Path(path).read_bytes())
