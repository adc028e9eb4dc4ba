"""Worker: a thread beside the session's that does what may wait, and can be left behind."""

from __future__ import annotations

__all__ = ["Tell", "Worker", "logged", "on_stderr"]

import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")

Tell = Callable[[str], None]
"""Told, in words, what went wrong where nothing may be raised."""


def on_stderr(text: str) -> None:
    """A line on stderr, if that is possible."""
    with suppress(OSError, ValueError, AttributeError):
        print(text, file=sys.stderr, flush=True)


def logged(name: str) -> Tell:
    """Logs what it is told as a warning of the logger of that name."""
    logger = logging.getLogger(name)
    return lambda text: logger.warning("%s", text)


class Worker(Generic[T]):
    """Hands things over to a thread of its own: giving one never waits and never raises.

    The thread looks every so often what there is, for to be woken by each thing would cost the
    giver more than the thing. It is a daemon: a process ends without it.

    Args:
        name: of the thread.
        work: given all there is, in order, and whether it is the last time; also called with
            nothing, that it may look at its clock.
        room: things that may wait; what comes beyond is dropped and counted.
        pause: seconds between two looks.
        tell: told if `work` raises; it is called again with what comes next.

    Attributes:
        dropped: things there was no room for, or that came after the end.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Sequence[T], bool], None],
        tell: Tell = on_stderr,
        *,
        room: int = 10_000,
        pause: float = 0.1,
    ) -> None:
        self.dropped = 0
        self._name = name
        self._work = work
        self._tell = tell
        self._room = room
        self._pause = pause
        self._waiting: deque[T] = deque()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def give(self, thing: T, insists: bool = False) -> bool:
        """Hand something over.

        Args:
            thing: what.
            insists: whether it is taken beyond the room there is: for what comes seldom.

        Returns:
            Whether it was taken.
        """
        waiting = self._waiting
        if (len(waiting) >= self._room and not insists) or self._ending.is_set():
            self.dropped += 1
            return False
        waiting.append(thing)
        return True

    def rest(self, seconds: float) -> bool:
        """Wait, in its own thread, as long as nobody wants it to end.

        Returns:
            Whether it was asked to end.
        """
        return self._ending.wait(seconds)

    def close(self, deadline: float) -> bool:
        """Let it finish what there is, and leave it behind where that takes too long.

        Args:
            deadline: seconds that are waited at most.

        Returns:
            Whether it has finished.
        """
        self._ending.set()
        self._thread.join(deadline)
        return not self._thread.is_alive()

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._ending.wait(self._pause)
            try:
                self._work(self._taken(), is_last)
            except Exception as error:  # whatever it is, the next thing is worked on all the same
                self._tell(f"{self._name}: {type(error).__name__}: {error}")

    def _taken(self) -> list[T]:
        waiting = self._waiting
        return [waiting.popleft() for _ in range(len(waiting))]
