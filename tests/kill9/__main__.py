"""`python -m tests.kill9 --points all --seeds 100 --jobs 2`: kills sessions, and compares."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.kill9.cargo import FLEETS, OPTIONS
from tests.kill9.points import POINTS, RECOVERY
from tests.kill9.runs import StrandedError, calm_run, killed_run, plan_of, warm_up

LIFE = (
    "before-intent",
    "intent-journalled",
    "order-sent",
    "family-half-sent",
    "acknowledged",
    "news-journalled",
    "cancel-sent",
    "change-sent",
    "fill-arrived",
    "before-commission",
    "fill-journalled",
    "row-half-written",
)
"""Moments of an order's life."""
ALL = (*POINTS, *(f"twice-{one}" for one in RECOVERY), "storm")


_COUNTS = ("runs", "kills", "missed", "stranded", "lost", "doubled", "books", "trades")


@dataclass(slots=True)
class Tally:
    """What was found at one point."""

    runs: int = 0
    kills: int = 0
    missed: int = 0
    stranded: int = 0
    lost: int = 0
    doubled: int = 0
    books: int = 0
    trades: int = 0
    first: list[str] = field(default_factory=list)

    def cells(self) -> tuple[str, ...]:
        return tuple(str(getattr(self, name)) for name in _COUNTS)

    @property
    def is_clean(self) -> bool:
        return not (self.stranded or self.lost or self.doubled or self.books or self.trades)


Row = tuple[str, Tally]


def _seed(task: tuple[int, tuple[str, ...]]) -> list[Row]:
    """All points of one seed."""
    seed, points = task
    calm = calm_run(seed)
    found = []
    for point in points:
        tally = Tally(runs=1)
        kills = plan_of(point, seed, calm.told["counts"])
        where = f"seed {seed} {point} {' '.join(f'{k.point}:{k.occurrence}' for k in kills)}"
        if not kills:
            found.append((point, Tally(missed=1)))
            continue
        try:
            run, verdict = killed_run(calm, seed, kills)
            tally.kills = run.kills
            tally.missed = int(run.kills == 0)
            tally.lost, tally.doubled = len(verdict.lost), len(verdict.doubled)
            tally.books, tally.trades = int(bool(verdict.books)), int(bool(verdict.trades))
            if verdict.first:
                tally.first.append(f"{where}: {verdict.first}")
        except StrandedError as error:
            tally.stranded = 1
            tally.first.append(f"{where}: {error}")
        found.append((point, tally))
    return found


def _added(total: Tally, one: Tally) -> None:
    for name in _COUNTS:
        setattr(total, name, getattr(total, name) + getattr(one, name))
    total.first += one.first


def _results(tasks: list[tuple[int, tuple[str, ...]]], jobs: int) -> Iterator[list[Row]]:
    if jobs == 1:
        yield from map(_seed, tasks)
        return
    with get_context("fork").Pool(jobs) as pool:
        yield from pool.imap_unordered(_seed, tasks)


_HEAD = ("point", "runs", "kills", "not reached", "stranded", "lost fills", "doubled orders",
         "books differ", "trades differ")  # fmt: skip


def _table(tallies: dict[str, Tally]) -> str:
    total = Tally()
    for tally in tallies.values():
        _added(total, tally)
    rows = [_HEAD, *((name, *tally.cells()) for name, tally in (tallies | {"all": total}).items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )


def main() -> int:
    """Run it; 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.kill9", description=__doc__)
    parser.add_argument(
        "--points",
        default="all",
        help=f"all, life (twelve moments of an order's life), or some of {', '.join(ALL)}",
    )
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument(
        "--first",
        type=int,
        default=1,
        help=f"the first seed; from {OPTIONS} on books of options, from {FLEETS} on two strategies",
    )
    parser.add_argument("--jobs", type=int, default=2)
    flags = parser.parse_args()
    chosen = {"all": ALL, "life": LIFE}
    points = chosen.get(flags.points) or tuple(flags.points.split(","))
    unknown = [one for one in points if one not in ALL]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(ALL)}")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logging.disable(logging.ERROR)
    warm_up()
    began = time.monotonic()
    tallies = {name: Tally() for name in points}
    tasks = [(seed, points) for seed in range(flags.first, flags.first + flags.seeds)]
    done = 0
    try:
        for rows in _results(tasks, flags.jobs):
            done += 1
            for name, tally in rows:
                _added(tallies[name], tally)
                for line in tally.first:
                    print(line, flush=True)
            print(f"\r{done}/{len(tasks)} seeds ", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("interrupted")
    print(_table(tallies))
    print(f"{done} seeds, {time.monotonic() - began:.0f} s, {flags.jobs} jobs")
    return 0 if all(tally.is_clean for tally in tallies.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
