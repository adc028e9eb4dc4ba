"""`python -m tests.mutations.stable`: a process that has loaded what never changes, and forks a
child for each run of tests.

It reads pytest's arguments as one line of JSON, and answers with the child's exit code, or with
"time-out".
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Sequence

PATIENCE = 300.0
"""Seconds for one run."""
_LOADED = ("pytest", "_pytest.assertion.rewrite", "numpy", "scipy.special", "pandas")
_LIBRARIES = ("ib_insync", "ib_async")
_LOOK = 0.01


def main() -> None:
    """Serve until nobody asks any more."""
    for name in _LOADED:
        importlib.import_module(name)
    for name in _LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        print(_run(json.loads(line)), flush=True)


def _run(arguments: Sequence[str]) -> str:
    """Run pytest in a child."""
    child = os.fork()
    if not child:
        _test(arguments)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return str(os.waitstatus_to_exitcode(status))
        time.sleep(_LOOK)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "time-out"


def _test(arguments: Sequence[str]) -> None:
    """Be the child: nothing it says is wanted, and its end is the process's."""
    os.setpgid(0, 0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    pytest = importlib.import_module("pytest")
    code = 3
    try:
        code = int(pytest.main(list(arguments)))
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
