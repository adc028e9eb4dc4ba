"""A session whose disk is full, whose person cannot be told and whose terminal stands still trades,
gets out and ends all the same."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from rich.console import Console

from framework.cli.session_view import SessionView
from framework.config.alert import AlertSection
from framework.operations.happenings import Happening, Kind
from framework.operations.log_lines import FILES
from framework.operations.stop_flag import StopFlag, Strike
from tests.unit.listeners import hanging
from tests.unit.test_session_alerts import Eager
from tests.unit.watched import Watched, so, watched


def spoil(folder: Path) -> None:
    """Every write of logs fails as on a full disk, and the status cannot be replaced."""
    (folder / "logs").mkdir()
    for name in FILES:
        (folder / "logs" / f"{name}.log").symlink_to("/dev/full")
    (folder / "status.json").mkdir()
    (folder / "trades").write_text("no folder")


@pytest.mark.parametrize("struck", [False, True], ids=["stopped", "struck"])
def test_nothing_keeps_it_from_its_end(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    struck: bool,
) -> None:
    spoil(tmp_path)
    ended: list[float] = []

    async def play(ship: Watched) -> None:
        async with ship.at_sea(Eager) as ending:
            await so(lambda: len(ship.sent("BUY")) >= 2, "orders")
            await so(lambda: any("status cannot be written" in one for one in ship.said), "it")
            begun = time.monotonic()
            if struck:
                StopFlag(tmp_path).raise_for(Strike(1, "enough", True))
                await so(lambda: ship.said[-1].startswith("ended"), "the end")
            else:
                ship.voyage.stop("enough")
                await so(lambda: ship.said[-1].startswith("ended"), "the end")
            ended.append(time.monotonic() - begun)
        assert ending.outcome.exit_code == int(struck)
        assert (ship.held == 0.0) == struck
        ended.append(time.monotonic() - begun)

    with hanging() as port:
        silent = AlertSection(webhook=(f"http://127.0.0.1:{port}/",))
        watched(tmp_path, monkeypatch, play, alert=silent)
    assert ended[0] < 5.0
    assert ended[1] < 20.0
    shown = capsys.readouterr().err
    assert shown.count("Logs cannot be written") == 1


@contextmanager
def stuck_pipe() -> Iterator[Console]:
    """A pipe that is full, and that nobody reads."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while os.write(writer, bytes(65_536)):
            pass
    os.set_blocking(writer, True)
    file = os.fdopen(writer, "w", encoding="utf-8")
    try:
        yield Console(file=file, force_terminal=False)
    finally:

        def drain() -> None:
            while os.read(reader, 65_536):
                pass

        draining = threading.Thread(target=drain)
        draining.start()
        time.sleep(0.2)
        file.close()
        draining.join(5.0)
        os.close(reader)


def test_a_terminal_that_stands_still_holds_nothing_up() -> None:
    with stuck_pipe() as console:
        view = SessionView(str, console)
        begun = time.monotonic()
        for number in range(10_000):
            view.take(Happening(number, Kind.NOTICE, "something has happened"))
        assert time.monotonic() - begun < 1.0
        assert not view.close(0.3)
        assert time.monotonic() - begun < 2.0
