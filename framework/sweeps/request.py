"""Request: a sweep as a user asks for it, checked and made ready before anything runs."""

from __future__ import annotations

__all__ = ["Ready", "SweepRequest", "ready_of"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import numpy as np

from framework.config.plan import Plan, plan_of
from framework.config.request import Request
from framework.errors import ConfigError
from framework.sweeps.axes import Grid, grid_of
from framework.sweeps.bayes import Bayes
from framework.sweeps.cluster import cluster
from framework.sweeps.evaluate import evaluate
from framework.sweeps.identity import Identity, identity_of
from framework.sweeps.local import local
from framework.sweeps.rows import sign
from framework.sweeps.runner import Hosts
from framework.sweeps.searches import Choice, Everything, Search, random_points
from framework.sweeps.table import DEFLATED, Columns, columns_of
from framework.sweeps.unseen import Days, days_of, restricted

_SAMPLE = 5
"""Sets tried to find out how long a run takes."""


@dataclass(frozen=True, slots=True, eq=False)
class SweepRequest:
    """What is to be swept, and how. `sweep` describes each.

    Attributes:
        request: the run that is repeated.
        grid: values by parameter, or text as `axis_of` reads it.
    """

    request: Request
    grid: Mapping[str, str | Sequence[object]]
    metric: str = "sharpe"
    random: int | None = None
    bayes: int | None = None
    seed: int = 0
    train: str | None = None
    test: str | None = None
    top: int = 5
    most: int = 100_000
    jobs: int = 1
    backend: Literal["local", "dask"] = "local"
    scheduler: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A sweep that can begin.

    Attributes:
        asked: what was asked for.
        plan: the run that is repeated, on the days of the search.
        unseen: the same run on the days of the test, None without one.
        days: of search and test.
        grid: what is swept.
        search: chooses the points.
        identity: what must be the same to go on with it.
        hosts: opens the backend.
    """

    asked: SweepRequest
    plan: Plan
    unseen: Plan | None
    days: tuple[Days, Days] | None
    grid: Grid
    search: Search
    identity: Identity
    hosts: Hosts

    @property
    def columns(self) -> Columns:
        """The columns of its table."""
        return columns_of(self.grid)


def ready_of(asked: SweepRequest) -> Ready:
    """Check everything a sweep names; nothing is written yet.

    Raises:
        InputError: something in it cannot be used.
        LookaheadError: found while the time of a run was taken.
    """
    sign(asked.metric, () if asked.bayes is not None else [DEFLATED])
    if asked.top < 1:
        raise ConfigError(f"--top is {asked.top}.", "Give 1 or more.")
    if asked.request.engine != "slipway":
        raise ConfigError(
            f"The run file names the engine {asked.request.engine}.",
            "Sweeps run on slipway's own: remove the line, and referee the best set afterwards.",
        )
    days = days_of(asked.train, asked.test)
    hosts = _hosts(asked)
    plan = plan_of(asked.request if days is None else restricted(asked.request, days[0]))
    plan.alone("A sweep")
    unseen = None if days is None else plan_of(restricted(asked.request, days[1]))
    grid = grid_of(plan.found.cls, asked.grid)
    search, described = _search(asked, grid)
    if search.total > asked.most:
        raise _too_many(plan, grid, search.total, asked)
    return Ready(asked, plan, unseen, days, grid, search, identity_of(plan, grid, described), hosts)


def _search(asked: SweepRequest, grid: Grid) -> tuple[Search, Mapping[str, object]]:
    """The search, and what tells it from others."""
    if asked.random is not None and asked.bayes is not None:
        raise ConfigError("There are --random and --bayes.", "Give one of them.")
    if asked.random is not None:
        points = random_points(grid, asked.random, asked.seed)
        return Choice(points), {"random": asked.random, "seed": asked.seed}
    if asked.bayes is not None:
        described = {"bayes": asked.bayes, "seed": asked.seed, "metric": asked.metric}
        return Bayes(grid, asked.bayes, asked.seed), described
    return Everything(grid), {"grid": grid.size}


def _hosts(asked: SweepRequest) -> Hosts:
    if asked.backend not in ("local", "dask"):
        raise ConfigError(f"There is no backend {asked.backend!r}.", "Known: dask, local.")
    if asked.backend == "dask":
        if asked.scheduler is None:
            raise ConfigError(
                "The backend dask has no scheduler.",
                "Give its address with --scheduler tcp://HOST:PORT.",
            )
        address = asked.scheduler
        return lambda work: cluster(work, address)
    if asked.scheduler is not None:
        raise ConfigError(
            f"There is a scheduler {asked.scheduler} and the backend is local.",
            "Add --backend dask.",
        )
    if asked.jobs < 1:
        raise ConfigError(f"--jobs is {asked.jobs}.", "Give 1 or more.")
    return lambda work: local(work, asked.jobs)


def _too_many(plan: Plan, grid: Grid, total: int, asked: SweepRequest) -> ConfigError:
    """More runs than allowed: how many they are, and how long they would take."""
    long = _duration(total * _seconds_a_run(plan, grid) / asked.jobs)
    jobs = "1 job" if asked.jobs == 1 else f"{asked.jobs} jobs"
    return ConfigError(
        f"The sweep has {total:,} runs, about {long} with {jobs}.",
        "Take larger steps, --random 1000 or --bayes 200 of them, or allow that many with "
        f"--most {total}.",
    )


def _seconds_a_run(plan: Plan, grid: Grid) -> float:
    """Of a set that runs, from a few points all over the grid."""
    longest = 0.0
    for point in np.linspace(0, grid.size - 1, _SAMPLE).astype(np.int64):
        begun = perf_counter()
        (row,) = evaluate(plan, [grid.at(int(point))])
        longest = max(longest, perf_counter() - begun)
        if not row.reason:
            break
    return longest


def _duration(seconds: float) -> str:
    for size, name in ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {name}"
    return f"{max(1.0, seconds):.0f} seconds"
