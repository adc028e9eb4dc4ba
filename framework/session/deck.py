"""Deck: something asynchronous that lives in a thread of its own, asked from synchronous code; a
notebook has an event loop already, so this one is never that."""

from __future__ import annotations

__all__ = ["Deck", "DeskTimeoutError"]

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from typing import Generic, TypeVar

from framework.errors import SlipwayError

R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T")

_GRACE = 10.0
"""Seconds after which a loop that should have answered is taken for stuck."""


class DeskTimeoutError(SlipwayError):
    """Something was not answered in time."""


class Deck(Generic[S, R]):
    """Runs one coroutine in a thread of its own.

    Args:
        work: the coroutine; it hands over what it is asked by once it is ready, and ends when that
            is told to.
    """

    def __init__(self, work: Callable[[Callable[[S], None]], Coroutine[object, None, R]]) -> None:
        self._work = work
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[R] | None = None
        self._ready: Future[S] = Future()
        self._done: Future[R] = Future()
        self._thread = threading.Thread(target=self._run, name="slipway desk", daemon=True)

    def start(self) -> S:
        """Start, and wait until it is ready.

        Raises:
            SlipwayError: it cannot begin.
        """
        self._thread.start()
        try:
            return self._ready.result()
        finally:
            if not self._ready.done():  # Ctrl-C
                self._give_up()

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in good order or by an error."""
        return self._done.done()

    def do(self, work: Callable[[], Coroutine[object, None, T]], patience: float) -> T:
        """What a coroutine on its loop answers.

        Args:
            work: makes the coroutine.
            patience: seconds it gives itself; a while after that the loop is taken for stuck.

        Raises:
            DeskTimeoutError: it took too long.
            SlipwayError: it failed, or all has ended.
        """
        if self._done.done():
            self._done.result()
            raise SlipwayError("The desk is closed.", "Open another: connect(...).")
        assert self._loop is not None
        asked = asyncio.run_coroutine_threadsafe(work(), self._loop)
        try:
            return asked.result(patience + _GRACE)
        except NotInTime:
            asked.cancel()
            raise DeskTimeoutError(
                f"There was no answer in {patience:g} s.",
                "Ask again. What was ordered meanwhile, if anything was, is in orders().",
            ) from None
        finally:
            if not asked.done():  # Ctrl-C
                asked.cancel()

    def end(self, stop: Callable[[], None]) -> R:
        """Tell it to end, and wait until it has; what it came to.

        Raises:
            SlipwayError: it failed.
        """
        if self._loop is not None and not self._done.done():
            self._loop.call_soon_threadsafe(stop)
        return self._done.result()

    def _run(self) -> None:
        outcome = asyncio.run(self._main())
        if isinstance(outcome, BaseException):
            self._done.set_exception(outcome)
            if not self._ready.done():
                self._ready.set_exception(outcome)
        else:
            self._done.set_result(outcome)

    async def _main(self) -> R | BaseException:
        """What the work came to, or how it failed."""
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._work(self._ready.set_result))
        [outcome] = await asyncio.gather(self._task, return_exceptions=True)
        return outcome

    def _give_up(self) -> None:
        """End what was begun and is not ready."""
        if self._loop is not None and self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join()
