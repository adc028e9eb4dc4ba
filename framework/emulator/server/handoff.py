"""Handoff: work that can stop in its midst, let others go on, and be taken up again."""

from __future__ import annotations

__all__ = ["Handoff"]

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Semaphore


class Handoff:
    """Runs functions in a thread of its own, one at a time and in strict turns with the caller:
    while one of the two runs the other waits, so nothing they share needs a lock.

    A function stops wherever it calls `pause`, and goes on when the caller calls `resume`.
    """

    def __init__(self) -> None:
        self._is_closed = False
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="market")
        self._mine = Semaphore(0)
        self._callers = Semaphore(0)
        self._running: Future[None] | None = None
        self._is_over = False

    def start(self, work: Callable[[], None]) -> bool:
        """Run a function until it pauses or ends; whether it has paused.

        Raises:
            Exception: whatever the function raised.
        """
        self._running = self._worker.submit(work)
        self._running.add_done_callback(lambda _: self._callers.release())
        return self._wait(self._running)

    def resume(self) -> bool:
        """Let the function that has paused go on; whether it has paused again.

        Raises:
            Exception: whatever the function raised.
        """
        assert self._running is not None, "nothing has paused"
        self._mine.release()
        return self._wait(self._running)

    def pause(self) -> None:
        """Stop here until the caller resumes; to be called by the function."""
        if not self._is_over:
            self._callers.release()
            self._mine.acquire()
        if self._is_over:
            raise _AbandonedError

    def close(self) -> None:
        """End the thread; a function that has paused ends where it is."""
        self._is_over = True
        self._mine.release()
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _wait(self, running: Future[None]) -> bool:
        self._callers.acquire()
        if not running.done():
            return True
        running.result()
        return False


class _AbandonedError(BaseException):
    """Ends a function that nobody will let go on: none of its handlers may take it for its own."""
