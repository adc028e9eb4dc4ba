"""`slipway status` and `watch`: what another shell sees of sessions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from framework.cli import main
from framework.errors import ConfigError
from framework.operations.happenings import Happening, Kind
from framework.operations.sessions import session_folder, session_folders
from framework.operations.status_file import write_status
from tests.unit.test_operations_screen import STATUS

ROOT = Path(__file__).parents[2]
Slipway = Callable[..., "Done"]


def fresh(folder: Path, **what: object) -> None:
    look = replace(STATUS, time=time.time_ns(), pid=os.getpid(), journal=str(folder))
    write_status(folder, replace(look, **what))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def slipway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Slipway:
    """Runs a command in the test's folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(words)
        out, err = capsys.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return run


# names ------------------------------------------------------------------------------------------


def test_sessions_are_found_by_name(tmp_path: Path) -> None:
    assert session_folders(tmp_path) == ()
    with pytest.raises(ConfigError, match="no session in"):
        session_folder(None, tmp_path)
    first, second = tmp_path / "paper-sma-1", tmp_path / "paper-rsi-2"
    fresh(first)
    assert session_folder(None, tmp_path) == first
    fresh(second)
    os.utime(first / "status.json", (1, 1))
    assert session_folders(tmp_path) == (second, first)
    assert session_folder("sma", tmp_path) == first
    assert session_folder("paper-rsi-2", tmp_path) == second
    assert session_folder(str(first), tmp_path) == first
    assert session_folder(str(first / "status.json"), tmp_path) == first
    with pytest.raises(ConfigError, match="several"):
        session_folder("paper", tmp_path)
    with pytest.raises(ConfigError, match="2 sessions"):
        session_folder(None, tmp_path)
    with pytest.raises(ConfigError, match="paper-sma-1"):
        session_folder("paper-sma-2x", tmp_path)


# status -----------------------------------------------------------------------------------------


def test_a_healthy_session_is_shown_and_0(tmp_path: Path, slipway: Slipway) -> None:
    fresh(tmp_path / "sessions" / "paper-sma-1")
    done = slipway("status")
    assert done.returncode == 0, done.stderr
    assert "PAPER  SmaCross" in done.stdout
    assert "\x1b" not in done.stdout


def test_an_unhealthy_one_is_1_and_says_why(tmp_path: Path, slipway: Slipway) -> None:
    fresh(tmp_path / "sessions" / "paper-sma-1", connection="waiting", reason="1100")
    done = slipway("status", "sma")
    assert done.returncode == 1
    assert "The connection is waiting: 1100." in done.stdout
    fresh(tmp_path / "sessions" / "paper-sma-1")
    fresh(tmp_path / "sessions" / "live-rsi-2", pid=2**22 + 1)
    assert slipway("status", "sma").returncode == 0
    done = slipway("status")
    assert done.returncode == 1
    assert "is gone" in done.stdout


def test_json_is_for_scripts(tmp_path: Path, slipway: Slipway) -> None:
    fresh(tmp_path / "sessions" / "paper-sma-1", blocked="halted by daily_loss")
    done = slipway("status", "--json")
    (look,) = json.loads(done.stdout)
    assert done.returncode == 1
    assert not look["healthy"]
    assert look["troubles"] == ["No new risk is taken: halted by daily_loss."]
    assert look["positions"][0]["symbol"] == "SPY"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("status",), "no session in sessions"),
        (("status", "none"), "no session 'none'"),
        (("watch", "--every", "0"), "0.1"),
    ],
)
def test_what_is_not_there_is_named(slipway: Slipway, words: tuple[str, ...], says: str) -> None:
    done = slipway(*words)
    assert done.returncode == 2
    assert says in done.stderr


# watch ------------------------------------------------------------------------------------------


def test_watching_without_a_terminal_tells_what_is_new(tmp_path: Path) -> None:
    folder = tmp_path / "sessions" / "paper-sma-1"
    first = Happening(time.time_ns(), Kind.FILL, "bought 100 SPY")
    fresh(folder, events=(first,))
    words = [sys.executable, str(ROOT / "run.py"), "watch", "--every", "0.1"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        try:
            assert watching.stdout.readline() == "paper SmaCross: bought 100 SPY\n"
            assert watching.stdout.readline() == "paper SmaCross: healthy\n"
            second = Happening(time.time_ns(), Kind.DISCONNECTED, "waiting: 1100")
            fresh(folder, events=(first, second), connection="waiting", reason="1100")
            assert watching.stdout.readline() == "paper SmaCross: waiting: 1100\n"
            assert watching.stdout.readline() == (
                "paper SmaCross: The connection is waiting: 1100.\n"
            )
        finally:
            watching.send_signal(signal.SIGINT)
        assert watching.stdout.read() == ""
    assert watching.returncode == 0
