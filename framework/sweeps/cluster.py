"""Cluster: batches run by the workers of a Dask scheduler; one that dies loses nothing."""

from __future__ import annotations

__all__ = ["Cluster", "cluster"]

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING

from framework.errors import ConfigError, SlipwayError
from framework.sweeps.work import Backend, Batch, Done, Work, pack, unpack

if TYPE_CHECKING:
    from distributed import Client, Future

_CONNECT = "10s"
_LISTEN = 2.0
"""Seconds between two looks at whether there are workers left."""
_PATIENCE = 30.0
"""Seconds a cluster may be without workers."""
_AHEAD = 2
"""Batches under way for each thread of the cluster."""
_TRIES = 5
"""Times a batch is sent before the cluster is given up."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Workers of a Dask scheduler.

    Attributes:
        client: connection to the scheduler.
        packed: the packed work.
    """

    client: Client
    packed: bytes

    def run(self, batches: Iterable[Batch]) -> Iterator[Done]:
        """A few batches for each worker are under way at most; what a dead one had is sent again.

        Raises:
            SlipwayError: there are no workers, or batches kill them.
        """
        source, again = iter(batches), deque[Batch]()
        running: dict[Future, Batch] = {}
        tries: dict[int, int] = {}
        held = self._send()
        try:
            while True:
                self._fill(held, running, again, source)
                if not running:
                    return
                self._await_workers()
                finished = self._wait(running)
                for future in sorted(finished, key=lambda one: running[one].start):
                    batch = running.pop(future)
                    if future.status == "finished":
                        yield future.result()
                    else:
                        tries[batch.start] = tries.get(batch.start, 0) + 1
                        _check_worth_another_try(future, tries[batch.start])
                        held = self._send()
                        again.append(batch)
        finally:
            self.client.cancel([*running, held])

    def _wait(self, running: Iterable[Future]) -> list[Future]:
        """Those that are done, or lost, after a while."""
        from distributed import CancelledError, wait  # noqa: PLC0415  # an extra

        with self.client.as_current(), suppress(TimeoutError, CancelledError):
            wait(list(running), timeout=_LISTEN, return_when=FIRST_COMPLETED)
        return [future for future in running if future.status != "pending"]

    def _send(self) -> Future:
        """The work, on every worker."""
        self._await_workers()
        found: Future = self.client.scatter(self.packed, broadcast=True, hash=False)
        return found

    def _fill(
        self,
        held: Future,
        running: dict[Future, Batch],
        again: deque[Batch],
        source: Iterator[Batch],
    ) -> None:
        room = _AHEAD * max(1, sum(self.client.nthreads().values())) - len(running)
        for _ in range(room):
            batch = again.popleft() if again else next(source, None)
            if batch is None:
                return
            running[self.client.submit(_run, held, batch, pure=False)] = batch

    def _await_workers(self) -> None:
        begun = monotonic()
        while not self.client.nthreads():
            if monotonic() - begun > _PATIENCE:
                raise SlipwayError(
                    f"The Dask scheduler {self.client.scheduler.address} has no workers.",
                    "Start some with `dask worker ADDRESS`; what is done is kept.",
                )
            self.client.sync(_pause)


@contextmanager
def cluster(work: Work, address: str) -> Iterator[Backend]:
    """A backend of the workers of the scheduler at `address`, such as "tcp://10.0.0.1:8786".

    Raises:
        ConfigError: no Dask, or nobody answers there.
    """
    try:
        from distributed import Client  # noqa: PLC0415  # an extra
    except ImportError:
        raise ConfigError(
            "Dask is not installed.", "Install it: pip install 'slipway[dask]'."
        ) from None
    try:
        client = Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"No Dask scheduler answers at {address}.",
            "Start one with `dask scheduler`, and give the address it prints with --scheduler.",
        ) from error
    with client:
        yield Cluster(client, pack(work))


def _check_worth_another_try(future: Future, tries: int) -> None:
    """Raise what the strategy raised; go on after what befell the cluster."""
    from distributed import KilledWorker  # noqa: PLC0415  # an extra

    error = None if future.status == "lost" or future.cancelled() else future.exception()
    if error is not None and not isinstance(error, KilledWorker | OSError):
        raise error
    if tries >= _TRIES:
        raise SlipwayError(
            "A batch of the sweep was lost with its Dask worker several times.",
            "Look into the workers' memory; what is done is kept.",
        )


async def _pause() -> None:
    from asyncio import sleep  # noqa: PLC0415

    await sleep(0.2)


def _run(packed: bytes, batch: Batch) -> Done:
    return _unpacked(packed).done(batch)


@lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> Work:
    return unpack(packed)
