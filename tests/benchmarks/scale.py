"""Scale: how time and memory grow with bars, instruments and runs.

`python -m tests.benchmarks.scale docs/performance-scale.png [--most-runs 100000]` measures each
point in a process of its own and writes the picture, and the figures beside it as CSV.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from framework.research.warmup import warm
from tests.benchmarks.measure import ROOT, ProgramError
from tests.benchmarks.points import Point, read, write

PICTURE = "performance-scale.png"

BARS = (10_000, 100_000, 1_000_000, 10_000_000)
INSTRUMENTS = (1, 10, 100, 1_000)
RUNS = (1, 10, 100, 1_000, 10_000, 100_000)

_LABELS = {
    "bars": "bars, `when`",
    "bars_on_bar": "bars, `on_bar`",
    "instruments": "instruments, 2,520 daily bars each",
    "runs": "runs of a sweep, 2,000 bars each",
}


def section(folder: Path) -> str:
    """The section of the page, from the figures last measured; empty without any."""
    figures = (folder / PICTURE).with_suffix(".csv")
    if not figures.exists():
        return ""
    points = read(figures)
    rows = [
        f"| {_LABELS[one.axis]} | {one.size:,} | {one.seconds:.3g} | "
        f"{one.loaded_mb:.0f} | {one.peak_mb:.0f} |"
        for one in points
    ]
    head = (
        "| what grows | how many | seconds | MB with prices loaded | MB at most |\n"
        "|---|---|---|---|---|"
    )
    command = f"```sh\npython -m tests.benchmarks.scale docs/{PICTURE}\n```\n"
    title = f"## Scale\n\n![Time and memory by bars, instruments and runs]({PICTURE})\n"
    told = "The average rule; every point is a process of its own, timed at its first run.\n"
    return "\n".join([title, told, command, head, *rows, ""])


def measured(axis: str, size: int) -> Point:
    """One point, its prices made by another process so that their making is not in its memory.

    Raises:
        ProgramError: the process ended without a figure.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "prices.npy")
        for step in ("make", "run"):
            done = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.scale_point", step, axis, str(size), file],
                capture_output=True,
                text=True,
                cwd=ROOT,
                check=False,
            )
            if done.returncode:
                said = (done.stderr.strip() or "nothing").splitlines()[-1]
                raise ProgramError(f"{axis} {size:,}: it ended with {said!r}")
        return Point.of(done.stdout.strip().splitlines()[-1].split(","))


def main() -> None:
    """Measure every point, write the figures and the picture."""
    from tests.benchmarks.scale_picture import draw

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale", description=__doc__)
    parser.add_argument("picture", type=Path, help=f"such as docs/{PICTURE}")
    parser.add_argument("--most-bars", type=int, default=BARS[-1])
    parser.add_argument("--most-instruments", type=int, default=INSTRUMENTS[-1])
    parser.add_argument("--most-runs", type=int, default=RUNS[-1])
    wanted = parser.parse_args()
    warm()
    plan = [("bars", size) for size in BARS if size <= wanted.most_bars]
    plan += [("bars_on_bar", size) for _, size in plan]
    plan += [("instruments", size) for size in INSTRUMENTS if size <= wanted.most_instruments]
    plan += [("runs", size) for size in RUNS if size <= wanted.most_runs]
    points = []
    for axis, size in plan:
        points.append(measured(axis, size))
        print(points[-1], file=sys.stderr, flush=True)
    write(points, wanted.picture.with_suffix(".csv"))
    draw(points, wanted.picture)


if __name__ == "__main__":
    main()
