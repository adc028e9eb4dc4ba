"""A deck: something asynchronous in a thread of its own, asked from outside."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from framework.engine.journal import read_journal
from framework.engine.journal_rows import Stopped
from framework.errors import DataError, SlipwayError
from framework.session import deck as module
from framework.session.deck import Deck, DeskTimeoutError

ROOT = Path(__file__).parents[2]


async def until_told(ready: Callable[[asyncio.Event], None]) -> str:
    stop = asyncio.Event()
    ready(stop)
    await stop.wait()
    return "in good order"


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


def test_it_answers_until_it_is_ended() -> None:
    deck: Deck[asyncio.Event, str] = Deck(until_told)
    stop = deck.start()
    assert deck.do(answer, 1.0) == 42
    assert not deck.is_over
    assert deck.end(stop.set) == "in good order"
    assert deck.end(stop.set) == "in good order"
    assert deck.is_over
    with pytest.raises(SlipwayError, match="closed"):
        deck.do(answer, 1.0)


def test_what_fails_before_it_is_ready_is_an_error_of_the_start() -> None:
    async def fails(_: Callable[[None], None]) -> None:
        raise DataError("There is no market.", "Wait.")

    threads = threading.active_count()
    with pytest.raises(DataError, match="no market"):
        Deck(fails).start()
    assert threading.active_count() <= threads


def test_what_fails_later_is_an_error_of_whoever_asks() -> None:
    async def fails(ready: Callable[[asyncio.Event], None]) -> None:
        stop = asyncio.Event()
        ready(stop)
        await stop.wait()
        raise DataError("The market is gone.", "Wait.")

    deck: Deck[asyncio.Event, None] = Deck(fails)
    stop = deck.start()
    with pytest.raises(DataError, match="gone"):
        deck.end(stop.set)
    with pytest.raises(DataError, match="gone"):
        deck.do(answer, 1.0)


def test_an_error_of_a_question_is_the_askers_and_ends_nothing() -> None:
    async def wrong() -> None:
        raise DataError("No such thing.", "Ask for another.")

    deck: Deck[asyncio.Event, str] = Deck(until_told)
    stop = deck.start()
    with pytest.raises(DataError, match="No such thing"):
        deck.do(wrong, 1.0)
    assert deck.do(answer, 1.0) == 42
    deck.end(stop.set)


def test_what_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GRACE", 0.1)
    given_up = threading.Event()

    async def never() -> None:
        try:
            await asyncio.sleep(3_600.0)
        finally:
            given_up.set()

    deck: Deck[asyncio.Event, str] = Deck(until_told)
    stop = deck.start()
    with pytest.raises(DeskTimeoutError, match="orders"):
        deck.do(never, 0.0)
    assert given_up.wait(5.0)
    deck.end(stop.set)


def test_a_desk_that_nobody_closed_is_closed_with_the_program(tmp_path: Path) -> None:
    script = (
        "from framework import connect\n"
        f"connect('paper', gateway='emulator', journal={str(tmp_path / 'j.sqlite')!r})\n"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    with read_journal(tmp_path / "j.sqlite") as journal:
        *_, last = journal.entries()
    assert isinstance(last.row, Stopped)
