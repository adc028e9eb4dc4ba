"""The thread beside the session's: it outlives its work, and nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from framework.operations.worker import Worker
from tests.unit.listeners import until


def test_everything_is_worked_on_in_order_and_the_last_time_is_said() -> None:
    seen: list[int] = []
    lasts: list[bool] = []

    def work(things: Sequence[int], is_last: bool) -> None:
        seen.extend(things)
        lasts.append(is_last)

    worker = Worker("under test", work, pause=0.01)
    for number in range(1_000):
        assert worker.give(number)
        if number == 500:
            until(lambda: len(seen) > 100)
    assert worker.close(5.0)
    assert seen == list(range(1_000))
    assert lasts[-1] and not any(lasts[:-1])
    assert not worker.give(1_000)
    assert worker.dropped == 1
    assert worker.close(5.0)
    assert len(seen) == 1_000


def test_work_that_raises_is_told_and_the_next_is_worked_on() -> None:
    said: list[str] = []
    seen: list[str] = []

    def work(things: Sequence[str], _: bool) -> None:
        if "bad" in things:
            raise KeyError("bad")
        seen.extend(things)

    worker = Worker("under test", work, said.append, pause=0.01)
    worker.give("bad")
    until(lambda: bool(said))
    worker.give("good")
    assert worker.close(5.0)
    assert said == ["under test: KeyError: 'bad'"]
    assert seen == ["good"]


def test_what_there_is_no_room_for_is_counted_and_who_insists_is_taken() -> None:
    goes_on, seen = threading.Event(), list[int]()

    def work(things: Sequence[int], _: bool) -> None:
        goes_on.wait(30.0)
        seen.extend(things)

    worker = Worker("under test", work, room=3, pause=0.01)
    time.sleep(0.1)  # it holds nothing by now, and waits
    taken = [worker.give(number) for number in range(5)]
    assert taken == [True, True, True, False, False]
    assert worker.give(9, insists=True)
    assert worker.dropped == 2
    goes_on.set()
    assert worker.close(5.0)
    assert seen == [0, 1, 2, 9]


def test_work_that_hangs_is_left_behind() -> None:
    freed = threading.Event()
    worker = Worker[int]("under test", lambda *_: freed.wait(30.0), pause=0.01)  # type: ignore[arg-type]
    time.sleep(0.05)
    begun = time.monotonic()
    assert not worker.close(0.2)
    assert time.monotonic() - begun < 2.0
    freed.set()
    assert worker.close(5.0)
