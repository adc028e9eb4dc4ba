"""Whole sessions of the real client libraries, and of a client that counts every field.

Each plays in an interpreter that has its library, against a gateway of its own: what one leaves
behind is no other's business. A library that is not installed is named and skipped; see
`tests/clients/environment.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.clients.gateway_process import serving

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "tests" / "clients"
SECONDS = 85.0
"""How long a session may take."""
SPEED = ("--speed", "10")


class Play(NamedTuple):
    """Scripts, the library they need, and what they and their gateway are told."""

    scripts: tuple[str, ...]
    library: str = ""
    variable: str = ""
    folder: str = ""
    told: tuple[str, ...] = ()
    gateway: tuple[str, ...] = SPEED


IB_INSYNC, IBAPI = "session_ib_insync.py", "session_ibapi.py"
IBAPI_10 = ("ibapi", "SLIPWAY_IBAPI10_PYTHON", ".venv-ibapi10")
IB_ASYNC = ("ib_async", "SLIPWAY_IB_ASYNC_PYTHON", ".venv-ib-async")
ACCOUNTS = ("--account", "DU1111111", "--account", "DU2222222")
PLAYS = {
    "ib_insync": Play((IB_INSYNC,), "ib_insync"),
    "ib_async": Play(("session_ib_async.py",), *IB_ASYNC),
    "ibapi 9.81": Play((IBAPI,), "ibapi"),
    "ibapi 10.46": Play((IBAPI,), *IBAPI_10),
    "raw": Play(("session_raw.py",)),
    "limits": Play(("session_limits.py",), gateway=("--speed", "0.1")),
    "two accounts": Play(
        (IB_INSYNC, IBAPI), "ib_insync", told=("--accounts", "2"), gateway=(*ACCOUNTS, *SPEED)
    ),
    "read-only": Play(
        (IB_INSYNC, IBAPI), "ib_insync", told=("--read-only",), gateway=("--read-only",)
    ),
}


def interpreter(play: Play) -> str:
    """The Python that has the library."""
    if play.variable:
        inside = "Scripts/python.exe" if os.name == "nt" else "bin/python"
        found = Path(os.environ.get(play.variable, ROOT / play.folder / inside))
        if not found.exists():
            pytest.skip(f"{play.library} needs {play.folder}, see tests/clients/environment.py")
        return str(found)
    needed = {play.library} | ({"ibapi"} if IBAPI in play.scripts else set())
    for library in filter(None, needed):
        if find_spec(library) is None:
            pytest.skip(f"{library} is not installed here")
    return sys.executable


@pytest.mark.parametrize("name", PLAYS)
def test_a_session_passes(name: str, subtests: pytest.Subtests) -> None:
    play = PLAYS[name]
    python = interpreter(play)
    with serving(*play.gateway) as gateway:
        for script in play.scripts:
            command = [python, str(CLIENTS / script), "--port", str(gateway.port), *play.told]
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=SECONDS, check=False, cwd=ROOT
            )
            steps = [json.loads(line) for line in done.stdout.splitlines() if line[:1] == "{"]
            assert steps, f"{name} said nothing: {done.stderr[-2000:]}"
            for step in steps:
                with subtests.test(msg=step["step"]):
                    assert step["ok"], f"{step['step']}: {step['detail']}"
            passed = all(step["ok"] for step in steps)
            assert done.returncode == (0 if passed else 1), done.stderr[-2000:]
