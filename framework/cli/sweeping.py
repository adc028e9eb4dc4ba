"""`slipway sweep`: flags and run file to a sweep, run with a bar, its best sets shown."""

from __future__ import annotations

__all__ = ["sweep_command"]

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Literal, cast

from rich.console import Console

from framework.cli.compiling import CompileLine
from framework.cli.explaining import sweep_explained
from framework.cli.flags import overlay
from framework.cli.reporting import INTERRUPTED, complain
from framework.cli.sweep_bar import SweepBar
from framework.cli.sweep_options import SweepFlags
from framework.config.request import Request, request_of
from framework.config.runfile import read, validate
from framework.errors import ConfigError
from framework.research.warmup import warm_for
from framework.sweeps.picture import PICTURE
from framework.sweeps.report import print_sweep
from framework.sweeps.request import Ready, SweepRequest, ready_of
from framework.sweeps.store import TABLE
from framework.sweeps.sweep import finished


def sweep_command(flags: SweepFlags) -> int:
    """Sweep, print, write; the exit code.

    Raises:
        SlipwayError: something given cannot be used; or later, with what was done kept.
    """
    fixed, grid = _split(flags.values)
    ready = ready_of(
        SweepRequest(
            request=_request(flags, fixed),
            grid=grid,
            metric=flags.metric,
            random=flags.random,
            bayes=flags.bayes,
            seed=flags.seed,
            train=flags.train,
            test=flags.test,
            top=flags.top,
            most=flags.most,
            jobs=flags.jobs,
            backend=cast(Literal["local", "dask"], flags.backend),
            scheduler=flags.scheduler,
        )
    )
    folder = flags.out or _folder_of(ready)
    with CompileLine(Console(stderr=True)) as line:
        runs = ready.search.total
        warm_for(runs * sum(len(series) for series in ready.plan.market.bars), line)
    bar = SweepBar(Console(stderr=True))
    try:
        with bar:
            result = finished(ready, folder, flags.fresh, bar)
    except KeyboardInterrupt:
        complain(
            f"Interrupted; {bar.done:,} of {bar.total:,} sets are kept in {folder}. "
            "The same command goes on from there."
        )
        return INTERRUPTED
    if not flags.run.quiet:
        print_sweep(result)
        here = Path.cwd()
        written = result.folder
        shown = written.relative_to(here) if written.is_relative_to(here) else written
        print(f"\nFiles: {shown}{os.sep} ({TABLE}, {PICTURE})")
        if flags.run.explain:
            print(sweep_explained(ready))
    return 0


def _request(flags: SweepFlags, fixed: Sequence[str]) -> Request:
    run = replace(flags.run, parameters=fixed)
    content = {} if run.config is None else read(run.config.expanduser())
    merged, places = overlay(content, run)
    where = "the command line" if run.config is None else run.config.name
    return request_of(validate(merged, where, places))


def _split(values: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Every --set with one value as it is, and the values of the others by name."""
    fixed: list[str] = []
    grid: dict[str, str] = {}
    for text in values:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not (set(value) & {":", ","} or not value):
            fixed.append(text)
        elif name in grid:
            raise ConfigError(f"--set {name} is given twice.", "Give it once.")
        else:
            grid[name] = value
    for text in fixed:
        name = text.partition("=")[0].strip()
        if name in grid:
            raise ConfigError(f"--set {name} is given twice.", "Give it once.")
    return tuple(fixed), grid


def _folder_of(ready: Ready) -> Path:
    """runs/sweep-<strategy>-<hash>: the same command finds it again."""
    source = ready.plan.found.source.replace("\\", "/").rpartition("/")[2]
    name = re.sub(r"\.py(?=:|$)", "", source).replace(":", "-")
    digest = sha256(dumps(ready.identity, sort_keys=True).encode()).hexdigest()
    return Path("runs") / f"sweep-{name}-{digest[:8]}"
