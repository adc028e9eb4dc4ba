"""Runs: a host, and ships that are killed and sent out again until one comes home."""

from __future__ import annotations

__all__ = ["StrandedError", "Kill", "Run", "calm_run", "killed_run", "plan_of", "warm_up"]

import asyncio
import faulthandler
import json
import os
import signal
import socket
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from framework.emulator.server.settings import LOOPBACK
from framework.session.lockstep import rehearse
from tests.kill9.cargo import load_of
from tests.kill9.compare import Verdict, compared, held_against
from tests.kill9.host import run_host
from tests.kill9.points import POINTS, RECOVERY
from tests.kill9.ship import Orders, run_ship

_PATIENCE = 40.0
"""Seconds after which a ship that does not come home is given up."""
_MOST = 12
"""Ships sent out at most: a recovery that never gets through would need more."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Where one ship is killed."""

    point: str
    occurrence: int = 1


class StrandedError(Exception):
    """A ship went down by itself, or did not come home."""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one run.

    Attributes:
        told: the report of the ship that came home.
        truth: the host's books.
        kills: ships killed where they were to be.
        seconds: it took.
    """

    told: Mapping[str, Any]
    truth: Mapping[str, Any]
    kills: int
    seconds: float


def warm_up() -> None:
    """Import and cache everything, so that forked processes begin at once."""
    load = load_of(0)
    cargo, bars = load.cargo, tuple(one.take(0, 20) for one in load.bars)
    asyncio.run(rehearse(cargo.strategy, bars, cargo.settings, cargo.parameters))


def calm_run(seed: int) -> Run:
    """The uninterrupted run."""
    return _run(seed, ())


def plan_of(point: str, seed: int, counts: Mapping[str, int]) -> tuple[Kill, ...]:
    """Which occurrence of a point, by the seed; none where the run never comes there.

    Args:
        point: one of `POINTS`, "twice" before a point of `RECOVERY`, or "storm": five times
            anywhere.
        seed: of the run.
        counts: how often the uninterrupted run comes to each point.
    """
    luck = np.random.PCG64(seed * 7_919 + sum(point.encode()))
    reached = [one for one in POINTS if counts.get(one)]

    def drawn(name: str) -> Kill:
        return Kill(name, 1 + int(luck.random_raw()) % counts[name])

    def anywhere() -> Kill:
        return drawn(reached[int(luck.random_raw()) % len(reached)])

    if point.startswith("twice-"):
        return anywhere(), Kill(point.removeprefix("twice-"))
    if point == "storm":
        kills = [anywhere()]
        for _ in range(4):
            name = (*reached, *RECOVERY)[int(luck.random_raw()) % (len(reached) + len(RECOVERY))]
            kills.append(Kill(name, 1 + int(luck.random_raw()) % 5))
        return tuple(kills)
    return (drawn(point),) if counts.get(point) else ()


def killed_run(calm: Run, seed: int, kills: Sequence[Kill]) -> tuple[Run, Verdict]:
    """The same with kills, and what is wrong with it.

    Raises:
        StrandedError: a session did not recover.
    """
    run = _run(seed, kills)
    verdict = held_against(run.told, run.truth)
    verdict.trades += compared(calm.told, run.told)
    return run, verdict


def _run(seed: int, kills: Sequence[Kill]) -> Run:
    began = time.monotonic()
    load = load_of(seed)
    with TemporaryDirectory(prefix="kill9-") as folder:
        reading, ready = os.pipe()
        host = _forked(lambda: run_host(load.bars, load.cargo.settings, ready))
        os.close(ready)
        try:
            control = int(os.read(reading, 16))
            report = Path(folder) / "report.json"
            killed = _voyages(seed, control, Path(folder), report, kills)
            truth = _truth(control)
            told = json.loads(report.read_text(encoding="utf-8"))
        finally:
            os.close(reading)
            os.kill(host, signal.SIGKILL)
            os.waitpid(host, 0)
    return Run(told, truth, killed, time.monotonic() - began)


def _voyages(seed: int, control: int, folder: Path, report: Path, kills: Sequence[Kill]) -> int:
    """Send ships out until one comes home; how many were killed."""
    for number in range(_MOST):
        kill = kills[number] if number < len(kills) else Kill("")
        orders = Orders(
            seed, control, folder / "journal.sqlite", report, kill.point, kill.occurrence
        )
        beside = folder / f"ship-{number}.txt"
        status = _waited(_forked(partial(run_ship, orders), beside))
        if status == 0:
            return number
        if not (os.WIFSIGNALED(status) and kill.point):
            said = beside.read_text(encoding="utf-8") if beside.exists() else ""
            raise StrandedError(f"ship {number + 1} did not come home: {said.strip()[-600:]}")
    raise StrandedError("no ship came home")


def _waited(pid: int) -> int:
    """How a process ended; it is killed when it takes too long."""
    end = time.monotonic() + _PATIENCE
    pause = 0.001
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return status
        if time.monotonic() > end:
            os.kill(pid, signal.SIGUSR1)  # it says where it stands
            time.sleep(0.2)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return 256
        time.sleep(pause)
        pause = min(0.02, pause * 1.5)


def _forked(work: Callable[[], None], beside: Path | None = None) -> int:
    """Do something in a process of its own."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        with (beside or Path(os.devnull)).open("w", encoding="utf-8") as said:
            faulthandler.register(signal.SIGUSR1, said)
            try:
                work()
                code = 0
            except BaseException:  # nothing may come back out of a forked process
                said.write(traceback.format_exc())
    finally:
        os._exit(code)


def _truth(control: int) -> Mapping[str, Any]:
    with socket.create_connection((LOOPBACK, control)) as asked:
        asked.sendall(b'{"do": "truth"}\n')
        with asked.makefile("r", encoding="utf-8") as lines:
            found: Mapping[str, Any] = json.loads(lines.readline())
            return found
