"""The client libraries as oracles: each runs in the interpreter that has it, once for all asked."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from framework.emulator.protocol.layout import NEWEST, OLDEST

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("wire_client_script.py")

SPOKEN = {
    "ib_insync": range(OLDEST, 177),
    "ib_async": range(OLDEST, NEWEST + 1),
    "ibapi9": range(OLDEST, OLDEST + 1),
    "ibapi10": range(OLDEST, NEWEST + 1),
}
"""Versions a library's decoder has branches for, whatever it negotiates."""

ELSEWHERE = {
    "ib_async": ("SLIPWAY_IB_ASYNC_PYTHON", ".venv-ib-async"),
    "ibapi10": ("SLIPWAY_IBAPI10_PYTHON", ".venv-ibapi10"),
}
"""Libraries that cannot share an environment with the others: where theirs is."""

LIBRARIES = tuple(SPOKEN)


def python_of(library: str) -> str:
    """The interpreter that has a library; the test is skipped, by name, if there is none."""
    if library in ELSEWHERE:
        variable, folder = ELSEWHERE[library]
        python = os.environ.get(variable) or str(ROOT / folder / "bin" / "python")
        if not Path(python).exists():
            pytest.skip(f"{library} has no environment: set {variable} or make {folder}")
        return python
    package = "ibapi" if library == "ibapi9" else library
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    return sys.executable


def consulted(
    library: str,
    decode: list[tuple[int, bytes]] | None = None,
    send: list[tuple[int, str, list[Any]]] | None = None,
) -> dict[str, list[Any]]:
    """What a library makes of payloads, and which payloads it makes of calls.

    Args:
        library: one of `LIBRARIES`.
        decode: version and payload.
        send: version, method of the client and its arguments.
    """
    asked = {
        "decode": [(version, payload.hex()) for version, payload in decode or ()],
        "send": send or [],
    }
    done = subprocess.run(
        [python_of(library), "-I", str(SCRIPT), library],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, list[Any]] = json.loads(done.stdout)
    return answer
