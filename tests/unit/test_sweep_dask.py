"""A sweep on a cluster: a real scheduler and two real workers, one of which is killed midway."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import framework
from framework import sweep
from framework.errors import LookaheadError, SlipwayError

pytest.importorskip("distributed")

ROOT = Path(framework.__file__).parents[1]
GRID = {"fast": "5:40:5", "slow": "45:90:5"}
SINCE = "2012-01-01"


@dataclass
class Machines:
    """Processes of a cluster on this machine."""

    address: str
    scheduler: subprocess.Popen[str]
    workers: list[subprocess.Popen[str]]

    def kill_one(self) -> None:
        self.workers[0].send_signal(signal.SIGKILL)


def _started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _worker(address: str) -> subprocess.Popen[str]:
    return _started(
        "distributed.cli.dask_worker", address, "--no-nanny", "--no-dashboard",
        "--nthreads", "1", "--host", "127.0.0.1",
    )  # fmt: skip


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DASK_TEMPORARY_DIRECTORY", str(tmp_path / "dask"))
    scheduler = _started(
        "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"
    )
    assert scheduler.stderr is not None
    found = None
    while found is None:
        line = scheduler.stderr.readline()
        assert line, "the scheduler did not start"
        found = re.search(r"Scheduler at:\s+(tcp://127\.0\.0\.1:\d+)", line)
    workers = [_worker(found[1]) for _ in range(2)]
    try:
        yield Machines(found[1], scheduler, workers)
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()
            assert process.stderr is not None
            process.stderr.close()


def test_a_killed_worker_changes_nothing(machines: Machines) -> None:
    """The table is byte for byte that of one process."""
    killed = []

    def progress(done: int, total: int) -> None:
        if done > total // 4 and not killed:
            machines.kill_one()
            killed.append(done)

    text = (ROOT / "strategies" / "sma_cross.py").read_text("utf-8")
    slow = "    def setup(self) -> None:\n        sleep(0.002)\n"
    text = text.replace("    def setup(self) -> None:\n", slow)
    Path("own.py").write_text(text.replace("\nfrom", "\nfrom time import sleep\nfrom", 1), "utf-8")
    given = {"grid": GRID, "first": SINCE}
    there = sweep(
        "own.py", backend="dask", scheduler=machines.address, progress=progress,
        out="there", **given,  # type: ignore[arg-type]
    )  # fmt: skip
    assert killed
    assert killed[0] < there.trials == 80
    assert machines.workers[0].wait(timeout=30) == -signal.SIGKILL
    assert machines.workers[1].poll() is None
    here = sweep("own.py", out="here", **given)  # type: ignore[arg-type]
    assert there.path.read_bytes() == here.path.read_bytes()


def test_a_cluster_that_dies_and_comes_back_gets_the_work_again(machines: Machines) -> None:
    """With both workers the bars they held are gone too."""
    replaced = False

    def progress(done: int, total: int) -> None:
        nonlocal replaced
        if done > total // 4 and not replaced:
            replaced = True
            for worker in machines.workers:
                worker.kill()
                worker.wait()
            machines.workers.append(_worker(machines.address))

    given = {"grid": GRID, "first": SINCE}
    there = sweep(
        "sma_cross", backend="dask", scheduler=machines.address, progress=progress,
        out="there", **given,  # type: ignore[arg-type]
    )  # fmt: skip
    assert replaced
    here = sweep("sma_cross", out="here", **given)  # type: ignore[arg-type]
    assert there.path.read_bytes() == here.path.read_bytes()


def test_what_a_worker_raises_arrives(machines: Machines) -> None:
    Path("own.py").write_text(
        "import numpy as np\nfrom framework import Strategy\n\n\n"
        "class Own(Strategy):\n    shift: int = 0\n\n    def setup(self):\n"
        "        peek = lambda close, n: np.append(close[int(n):], [close[-1]] * int(n))\n"
        "        self.when(self.indicator(peek, self.shift) > self.data.close, self.go_long)\n",
        "utf-8",
    )
    with pytest.raises(LookaheadError, match="looks ahead"):
        sweep("own.py", {"shift": [0, 1]}, first=SINCE, backend="dask", scheduler=machines.address)


def test_a_cluster_without_workers_is_not_waited_for_forever(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("framework.sweeps.cluster._PATIENCE", 0.5)

    def progress(done: int, total: int) -> None:
        if done > 3:
            for worker in machines.workers:
                worker.kill()
                worker.wait()

    with pytest.raises(SlipwayError, match="has no workers"):
        sweep(
            "sma_cross", GRID, first=SINCE, backend="dask", scheduler=machines.address,
            progress=progress,
        )  # fmt: skip
