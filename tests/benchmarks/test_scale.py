"""The scale picture's points: made, kept and shown; how long they take is not looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import scale, scale_point
from tests.benchmarks.points import Point, read, write
from tests.benchmarks.scale_picture import draw
from tests.benchmarks.workloads import Task, prices_of

POINTS = [
    Point("bars", 10_000, 0.5, 100.0, 120.5),
    Point("bars_on_bar", 10_000, 0.75, 100.0, 130.0),
    Point("instruments", 10, 1.5, 90.0, 95.0),
    Point("runs", 100, 2.0, 80.0, 85.0),
]


@pytest.mark.parametrize(
    ("axis", "size", "instruments", "bars"),
    [("bars", 300, 1, 300), ("bars_on_bar", 300, 1, 300), ("instruments", 3, 3, 2_520)],
)
def test_a_point_runs_on_the_prices_made_for_it(
    axis: str, size: int, instruments: int, bars: int, tmp_path: Path
) -> None:
    file = tmp_path / "prices.npy"
    scale_point.make(axis, size, file)
    found = scale_point.load(axis, size, file)
    assert [len(one) for one in found] == [bars] * instruments
    assert len({one.symbol for one in found}) == instruments
    last = prices_of(Task("sma", bars, seed=instruments - 1))
    assert (found[-1].close == last.close).all()
    assert (found[-1].high == last.high).all()
    scale_point.run(axis, size, found)


@pytest.mark.parametrize("size", scale.RUNS)
def test_a_sweep_of_every_size_has_that_many_runs(size: int) -> None:
    fast, slow = scale_point.GRIDS[size]
    assert fast * slow == size


def test_points_come_back_from_their_file_and_are_shown(tmp_path: Path) -> None:
    assert scale.section(tmp_path) == ""
    write(POINTS, tmp_path / "performance-scale.csv")
    assert read(tmp_path / "performance-scale.csv") == POINTS
    text = scale.section(tmp_path)
    assert "| runs of a sweep, 2,000 bars each | 100 | 2 | 80 | 85 |" in text
    assert "(performance-scale.png)" in text


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    later = [replace(one, size=10 * one.size, seconds=10.0 * one.seconds) for one in POINTS]
    draw([*POINTS, *later], tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 10_000
