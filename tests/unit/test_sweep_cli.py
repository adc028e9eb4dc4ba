"""`slipway sweep`: what it prints and leaves, its mistakes, Ctrl-C and a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

import framework
from framework.cli import sweep_bar
from framework.cli.app import app
from framework.cli.sweep_bar import SweepBar
from framework.sweeps import work

ROOT = Path(framework.__file__).parents[1]
GRID = "--set fast=5:15:5 --set slow=10:40:10 --from 2016-01-01"


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(line: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, line.split())
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_it_prints_the_best_sets_and_leaves_table_and_picture() -> None:
    shown = run(f"sweep sma_cross {GRID}")
    assert "SmaCross by fast (3), slow (4)" in shown
    assert "12 of 12 sets tried, 2 did not run" in shown
    assert "Best by sharpe" in shown
    assert "Deflated Sharpe ratio" in shown
    assert "the best of 10 sets" in shown
    (folder,) = Path("runs").iterdir()
    assert folder.name.startswith("sweep-sma_cross-")
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["heatmap.png", "sweep.json", "sweep.parquet"]


def test_the_same_command_finds_its_folder_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(f"sweep sma_cross {GRID}")
    monkeypatch.setattr(work, "evaluate", None)
    assert run(f"sweep sma_cross {GRID} --jobs 2") == first


def test_single_values_are_fixed_and_a_run_file_may_hold_them() -> None:
    Path("run.yaml").write_text(
        "strategy: sma_cross\nparameters: {slow: 40}\ncash: 5000\ndata: {from: 2016-01-01}\n",
        "utf-8",
    )
    run("sweep --config run.yaml --set fast=5,10 --out file --quiet")
    run("sweep sma_cross --set fast=5,10 --set slow=40 --cash 5000 --from 2016-01-01 --out flags")
    tables = [Path(name, "sweep.parquet").read_bytes() for name in ("file", "flags")]
    assert tables[0] == tables[1]
    assert list(pd.read_parquet("file/sweep.parquet")["fast"]) == [5, 10]


def test_days_kept_away_are_shown_beside_with_a_warning() -> None:
    shown = run(f"sweep sma_cross {GRID} --train :2016-12-31 --test 2017-01-01: --top 2 --out out")
    assert "searched on the first bar to 2016-12-31" in shown
    assert "The same sets on 2017-01-01 to the last bar" in shown
    assert "Judge by the test days" in shown
    assert len(pd.read_csv("out/out_of_sample.csv")) == 2


MISTAKES = [
    ("--set fats=5:50:5", "Did you mean 'fast'?"),
    ("--set fast=5:50:5 --metric sharp", "Did you mean 'sharpe'?"),
    ("--set fast=5:50:0", "step of 0"),
    ("--set fast=50:5:5", "is empty"),
    ("--set fast=", "has no values"),
    ("--set fast=5,6 --set fast=7", "--set fast is given twice"),
    ("--set fast=5,6 --set fast=7,8", "--set fast is given twice"),
    ("--set fast", "is no parameter"),
    ("", "No parameter of SmaCross is swept"),
    ("--set fast=5", "SmaCross has fast, slow"),
    ("--set fast=1:1000:1 --set slow=1:1000:1", "The sweep has 1,000,000 runs, about"),
    ("--set fast=5,6 --backend spark", "no backend 'spark'"),
    ("--set fast=5,6 --backend dask --scheduler tcp://127.0.0.1:1", "No Dask scheduler answers"),
]


@pytest.mark.parametrize(("line", "said"), MISTAKES)
def test_a_mistake_gets_a_sentence(line: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framework.sweeps.cluster._CONNECT", "0.5s")
    shown = run(f"sweep sma_cross --from 2016-01-01 {line}", code=2)
    assert said in shown
    assert "defect" not in shown


def test_a_run_file_for_backtrader_is_refused() -> None:
    Path("run.yaml").write_text("strategy: sma_cross\nengine: backtrader\n", "utf-8")
    assert "engine backtrader" in run("sweep --config run.yaml --set fast=5,6", code=2)


def test_ctrl_c_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluate, calls = work.evaluate, 0

    def interrupted(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return evaluate(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(work, "evaluate", interrupted)
    shown = run(f"sweep sma_cross {GRID} --out out", code=130)
    assert "Interrupted; 1 of 12 sets are kept in out." in shown
    assert len(list(Path("out/parts").iterdir())) == 1
    assert "12 of 12 sets tried" in run(f"sweep sma_cross {GRID} --out out")


SLOW = """from time import sleep

from framework import Strategy, sma


class Slow(Strategy):
    length: int = 5

    def setup(self):
        sleep(0.01)
        self.when(self.data.close > self.indicator(sma, self.length), self.go_long)
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_sweep_goes_on(jobs: int) -> None:
    """Killed as soon as some rows are written; the table is as if it never had been."""
    Path("slow.py").write_text(SLOW, "utf-8")
    words = f"sweep slow.py --set length=2:81:1 --from 2018-06-01 --quiet --jobs {jobs}".split()
    code = "import sys; from framework.cli import main; main(sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words, "--out", "killed"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    parts = Path("killed/parts")
    end = time.monotonic() + 120.0
    while time.monotonic() < end and process.poll() is None:
        if len(list(parts.glob("*.parquet"))) >= 2:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # the workers, who would wait for more a while
    assert list(parts.glob("*.parquet"))
    run(" ".join([*words, "--out", "killed"]))
    run(" ".join([*words, "--out", "whole"]))
    tables = [Path(name, "sweep.parquet").read_bytes() for name in ("killed", "whole")]
    assert tables[0] == tables[1]


# the bar ------------------------------------------------------------------------------------------


def test_the_bar_counts_only_what_was_run_now(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(sweep_bar, "monotonic", lambda: now[0])
    out = StringIO()
    with SweepBar(Console(file=out, force_terminal=True, width=120)) as bar:
        bar(100, 1000)
        now[0] = 0.5
        bar(110, 1000)
        assert out.getvalue() == ""
        now[0] = 10.0
        bar(600, 1000)
    assert "600 of 1,000 sets" in out.getvalue()
    assert "50/s" in out.getvalue()


def test_no_bar_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_bar, "_PATIENCE", 0.0)
    out = StringIO()
    with SweepBar(Console(file=out)) as bar:
        bar(1, 10)
    assert out.getvalue() == ""
    assert (bar.done, bar.total) == (1, 10)
