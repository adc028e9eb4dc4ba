"""Start-up: what a command has no use for is not loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import framework

ROOT = Path(framework.__file__).parents[1]
HEAVY = ("dask", "distributed", "joblib", "matplotlib", "numba", "optuna", "pandas", "scipy")
NETWORK = ("backtrader", "ib_insync", "ib_async")

BARS = """
import numpy as np
from framework import Bars, Instrument

n = 500
close = 100 + np.sin(np.arange(n) / 9.0)
times = (np.arange(n, dtype=np.int64) + 1) * 60 * 10**9
days = np.zeros(n, dtype=np.int64)
bars = Bars(
    instrument=Instrument("X", calendar="24/7"), frame="1m", close_time=times, session=days,
    session_close=days + 86_400 * 10**9, open=close, high=close + 1, low=close - 1, close=close,
    volume=np.full(n, 1e6),
)
"""

HOLD = """
from framework import Strategy, run_backtest

class Hold(Strategy):
    def on_bar(self):
        if self.position.is_flat and self.data.close[-1] > 100:
            self.go_long()
"""

CASES = {
    "the package": "import framework",
    "what a strategy imports": "from framework import Strategy, crosses_above, pct, sma",
    "a strategy by name": "from framework import BacktestSettings, run_backtest, sweep",
    "a backtest from arrays": BARS + HOLD + "assert run_backtest(Hold, data=bars).trades",
    "run.py --help": "import sys; sys.argv = ['run.py', '--help']; exec(open('run.py').read())",
    "run.py sweep --help": (
        "import sys; sys.argv = ['run.py', 'sweep', '--help']; exec(open('run.py').read())"
    ),
}


def loaded(code: str) -> set[str]:
    """The top-level modules a process has loaded after running some code."""
    listing = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"
    done = subprocess.run(
        [sys.executable, "-c", f"{listing}\n{code}"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize("case", CASES)
def test_nothing_heavy_is_loaded(case: str) -> None:
    found = loaded(CASES[case])
    assert found & {*HEAVY, *NETWORK} == set()
    assert "framework" in found


def test_an_indicator_loads_what_ta_lib_loads_and_no_more() -> None:
    code = BARS + "from framework import sma\nsma(bars.close, 5)"
    assert loaded(code) & {*HEAVY, *NETWORK} == {"pandas"}
