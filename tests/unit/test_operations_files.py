"""Files beside a journal: the stop flag, the status, and where a session listens."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.errors import ConfigError, DataError
from framework.operations.control import CONTROL_NAME, Control, ControlServer, ask, read_control
from framework.operations.happenings import Happening, Kind
from framework.operations.private_files import write_private
from framework.operations.status import (
    SILENCE,
    DataAge,
    OrderLine,
    PositionLine,
    Status,
    troubles,
)
from framework.operations.status_file import (
    STATUS_NAME,
    is_alive,
    read_status,
    status_json,
    write_status,
)
from framework.operations.stop_flag import StopFlag, Strike

SECOND = 1_000_000_000


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# private files ----------------------------------------------------------------------------------


def test_private_is_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_private(path, "one")
    write_private(path, "two")
    assert path.read_text() == "two"
    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_a_failed_write_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.mkdir()
    with pytest.raises(OSError):
        write_private(path, "text")
    assert path.is_dir()
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


# the stop flag ----------------------------------------------------------------------------------


def test_the_flag_goes_up_and_down(tmp_path: Path) -> None:
    flag = StopFlag(tmp_path)
    assert not flag.is_raised
    assert flag.strike() is None
    assert not flag.lower()
    strike = Strike(5, "enough", True, ("SPY",))
    flag.raise_for(strike)
    assert flag.is_raised
    assert flag.strike() == strike
    assert str(strike) == "cancel all, flatten but SPY: enough"
    assert mode_of(flag.path) == 0o600
    assert flag.lower()
    assert not flag.is_raised


@pytest.mark.parametrize("text", ["", "stop!", "{}", "[1]", '{"time": "x", "reason": ""}'])
def test_a_flag_made_by_hand_stops_and_flattens_nothing(tmp_path: Path, text: str) -> None:
    flag = StopFlag(tmp_path)
    flag.path.write_text(text)
    strike = flag.strike()
    assert flag.is_raised
    assert strike is not None
    assert not strike.flattens
    assert strike.reason


# the status -------------------------------------------------------------------------------------

HEALTHY = Status(
    time=100 * SECOND,
    pid=1,
    mode="paper",
    account="DU*****67",
    where="127.0.0.1:7497",
    client_id=1,
    strategy="SmaCross",
    journal="sessions/x/journal.sqlite",
    began=0,
    connection="ready",
    data=(DataAge("SPY", 90 * SECOND),),
    positions=(PositionLine("SmaCross", "SPY", 10.0, 100.0, 101.0, 1010.0, 10.0, 95.0),),
    orders=(OrderLine("SmaCross-2", "sell 10 SPY stop 95", "working", 0.0, 10.0, 50 * SECOND),),
    events=(Happening(50 * SECOND, Kind.FILL, "bought", "SPY", "SmaCross-1", 7),),
)


def changed(**what: object) -> Status:
    from dataclasses import replace

    return replace(HEALTHY, **what)  # type: ignore[arg-type]


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_status(tmp_path) is None
    write_status(tmp_path, HEALTHY)
    assert read_status(tmp_path) == HEALTHY
    assert mode_of(tmp_path / STATUS_NAME) == 0o600
    assert json.loads(status_json(HEALTHY))["positions"][0]["symbol"] == "SPY"


def test_a_status_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / STATUS_NAME).write_text('{"time": 1}')
    with pytest.raises(DataError, match="no status of a session"):
        read_status(tmp_path)


NOW = 101 * SECOND


@pytest.mark.parametrize(
    ("status", "now", "alive", "says"),
    [
        (HEALTHY, NOW, True, ""),
        (HEALTHY, NOW, False, "process 1 is gone"),
        (HEALTHY, int((100 + SILENCE + 1) * SECOND), True, "process 1 hangs"),
        (changed(connection="waiting", reason="1100"), NOW, True, "connection is waiting: 1100"),
        (changed(blocked="halted by daily_loss"), NOW, True, "halted by daily_loss"),
        (changed(data=(DataAge("SPY", 1, True),)), NOW, True, "not come: SPY"),
        (changed(findings=("10 SPY",)), NOW, True, "Unexplained: 10 SPY"),
        (changed(unprotected=("SPY",)), NOW, True, "Unprotected: SPY"),
        (changed(ended="stopped by the user"), NOW, True, "not running: stopped by the user"),
    ],
)
def test_what_is_wrong_is_said(status: Status, now: int, alive: bool, says: str) -> None:
    found = troubles(status, now, alive)
    assert len(found) == (1 if says else 0)
    assert says in " ".join(found)


def test_a_process_is_there_or_not() -> None:
    assert is_alive(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert not is_alive(child.pid)


# control ----------------------------------------------------------------------------------------


class Session:
    """A control server on a loop of its own."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[Mapping[str, object]] = []
        self.loop = asyncio.new_event_loop()
        self.server = ControlServer(folder, self.answer)
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self.server.open(), self.loop).result(5)

    async def answer(self, request: Mapping[str, object]) -> Mapping[str, object]:
        self.heard.append(request)
        if request.get("do") == "fail":
            raise ConfigError("It cannot be done.", "Do something else.")
        return {"done": request["do"]}

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.server.close(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


def test_it_answers_who_knows_the_secret_and_nobody_else(tmp_path: Path) -> None:
    session = Session(tmp_path)
    try:
        control = read_control(tmp_path)
        assert control is not None
        assert mode_of(tmp_path / CONTROL_NAME) == 0o600
        assert control.secret not in repr(control)
        assert ask(control, {"do": "ping"}, 5.0) == {"done": "ping"}
        wrong = Control(control.port, "guess", control.pid)
        assert ask(wrong, {"do": "kill"}, 5.0) == {"error": "wrong secret"}
        said = ask(control, {"do": "fail"}, 5.0)
        assert said == {"error": "It cannot be done. Do something else."}
        assert session.heard == [{"do": "ping"}, {"do": "fail"}]
    finally:
        session.close()
    assert read_control(tmp_path) is None
    assert ask(control, {"do": "ping"}, 0.5) is None


@given(st.binary(max_size=200))
def test_noise_does_not_end_it(noise: bytes) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        session = Session(Path(folder))
        try:
            control = read_control(Path(folder))
            assert control is not None
            with socket.create_connection(("127.0.0.1", control.port), timeout=5) as wire:
                wire.sendall(noise + b"\n")
                wire.shutdown(socket.SHUT_WR)
                wire.recv(4096)
            assert ask(control, {"do": "ping"}, 5.0) == {"done": "ping"}
        finally:
            session.close()
        assert session.heard == [{"do": "ping"}]


def test_a_hung_session_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        control = Control(silent.getsockname()[1], "secret", 1)
        assert ask(control, {"do": "ping"}, 0.2) is None
