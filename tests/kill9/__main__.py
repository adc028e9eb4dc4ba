"""`python -m tests.kill9 --points all --seeds 100 --jobs 2`: kills sessions, and compares."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.kill9.points import POINTS, RECOVERY
from tests.kill9.runs import Crash, calm_run, killed_run, plan_of, warm_up

ALL = (*POINTS, *(f"twice-{one}" for one in RECOVERY), "storm")


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
        except Crash as error:
            tally.stranded = 1
            tally.first.append(f"{where}: {error}")
        found.append((point, tally))
    return found


def _added(total: Tally, one: Tally) -> None:
    for name in ("runs", "kills", "missed", "stranded", "lost", "doubled", "books", "trades"):
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
    rows = [
        (name, *(str(n) for n in (t.runs, t.kills, t.missed, t.stranded, t.lost, t.doubled,
                                  t.books, t.trades)))
        for name, t in tallies.items()
    ]  # fmt: skip
    total = Tally()
    for tally in tallies.values():
        _added(total, tally)
    rows.append(("all", *(str(n) for n in (total.runs, total.kills, total.missed, total.stranded,
                                           total.lost, total.doubled, total.books, total.trades))))  # fmt: skip
    widths = [max(len(row[i]) for row in (_HEAD, *rows)) for i in range(len(_HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (_HEAD, *rows)
    )


def main() -> int:
    """Run it; 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.kill9", description=__doc__)
    parser.add_argument("--points", default="all", help=f"all, or some of {', '.join(ALL)}")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2)
    flags = parser.parse_args()
    points = ALL if flags.points == "all" else tuple(flags.points.split(","))
    unknown = [one for one in points if one not in ALL]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(ALL)}")
    warm_up()
    began = time.monotonic()
    tallies = {name: Tally() for name in points}
    tasks = [(seed, points) for seed in range(flags.first, flags.first + flags.seeds)]
    for number, rows in enumerate(_results(tasks, flags.jobs), start=1):
        for name, tally in rows:
            _added(tallies[name], tally)
            for line in tally.first:
                print(line, flush=True)
        if sys.stderr.isatty():
            print(f"\r{number}/{len(tasks)} seeds", end="", file=sys.stderr, flush=True)
    print(_table(tallies))
    print(f"{time.monotonic() - began:.0f} s, {flags.jobs} jobs")
    return 0 if all(tally.is_clean for tally in tallies.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
