"""Axes of a sweep: what text and lists stand for, the points they span, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pytest

from framework.errors import ConfigError
from framework.strategy import Strategy
from framework.sweeps.axes import Axis, Grid, axis_of, grid_of
from framework.sweeps.bayes import Bayes
from framework.sweeps.searches import random_points


class Many(Strategy):
    """One parameter of each kind."""

    length: int = 5
    factor: float = 1.0
    loud: bool = False
    name: str = "a"
    at: str = "09:30"
    side: Literal["long", "short"] = "long"
    maybe: int | None = None


@pytest.mark.parametrize(
    ("name", "given", "values"),
    [
        ("length", "5:20:5", (5, 10, 15, 20)),
        ("length", "5:21:5", (5, 10, 15, 20)),
        ("length", "20:5:-5", (20, 15, 10, 5)),
        ("length", "7:7:1", (7,)),
        ("length", "5, 9,13", (5, 9, 13)),
        ("length", "1:3:1,10:30:10", (1, 2, 3, 10, 20, 30)),
        ("length", range(2, 5), (2, 3, 4)),
        ("length", np.array([3, 1]), (3, 1)),
        ("length", ["4", 6.0], (4, 6)),
        ("factor", "0.1:0.5:0.1", (0.1, 0.2, 0.3, 0.4, 0.5)),
        ("factor", "1:2:0.5", (1.0, 1.5, 2.0)),
        ("factor", "-1:1:1", (-1.0, 0.0, 1.0)),
        ("factor", "1e-3,2", (0.001, 2.0)),
        ("loud", "true,false", (True, False)),
        ("name", "a,b c", ("a", "b c")),
        ("at", "09:30,10:00:00", ("09:30", "10:00:00")),
        ("side", "long,short", ("long", "short")),
        ("maybe", "1:3:1", (1, 2, 3)),
        ("maybe", [None, 4], (None, 4)),
    ],
)
def test_what_values_stand_for(
    name: str, given: str | Sequence[object], values: tuple[object, ...]
) -> None:
    axis = axis_of(Many, name, given)
    assert axis.values == values
    assert [type(value) for value in axis.values] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("lenght", "1:2:1", "Did you mean 'length'?"),
        ("length", "", "no values"),
        ("length", "1,,2", "has a gap"),
        ("length", [], "no values"),
        ("length", "5:50:0", "step of 0"),
        ("length", "50:5:5", "is empty"),
        ("length", "5:50", "is no range"),
        ("length", "5:50:x", "is no range"),
        ("length", "5:inf:1", "has no end"),
        ("length", "1:1e9:1", "1,000,000,000 values"),
        ("length", "1,2,1", "takes 1 twice"),
        ("factor", "1,1.0", "takes 1.0 twice"),
        ("length", "1:2:0.5", "length=1.5 is not a valid int"),
        ("length", "a", "length='a' is not a valid int"),
        ("side", "long,flat", "side='flat'"),
        ("length", 5, "Give a list"),
    ],
)
def test_what_is_refused_and_why(name: str, given: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        axis_of(Many, name, given)
    assert said in str(caught.value)


def test_nothing_to_sweep_names_the_parameters() -> None:
    with pytest.raises(ConfigError, match="length, factor, loud"):
        grid_of(Many, {})


def test_a_grid_too_large_to_number_is_refused() -> None:
    given = dict.fromkeys(("length", "factor", "maybe"), "1:1000000:1")
    with pytest.raises(ConfigError, match="points"):
        grid_of(Many, given | {"name": ",".join(map(str, range(100)))})


GRID = Grid((Axis("a", (1, 2)), Axis("b", ("x", "y", "z")), Axis("c", (0.5, 1.5))))


def test_points_are_numbered_with_the_last_axis_fastest() -> None:
    assert GRID.size == 12
    sets = [tuple(GRID.at(point).values()) for point in range(12)]
    assert sets == [(a, b, c) for a in (1, 2) for b in "xyz" for c in (0.5, 1.5)]
    places = GRID.places(np.arange(12))
    for point in range(12):
        here = [int(place[point]) for place in places]
        assert GRID.point(here) == point
        assert [axis.values[i] for axis, i in zip(GRID.axes, here, strict=True)] == list(
            GRID.at(point).values()
        )


def test_random_points_are_different_sorted_and_the_seed_s() -> None:
    wide = Grid(tuple(Axis(name, tuple(range(1000))) for name in "abcd"))
    first = random_points(wide, 50, 1)
    assert len(set(first)) == 50
    assert first == sorted(first)
    assert first == random_points(wide, 50, 1)
    assert first != random_points(wide, 50, 2)
    assert max(first) > wide.size // 2
    assert random_points(GRID, 100, 1) == list(range(12))


@pytest.mark.parametrize(("count", "seed", "said"), [(0, 0, "--random is 0"), (3, -1, "--seed")])
def test_draws_that_make_no_sense(count: int, seed: int, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        random_points(GRID, count, seed)


def _searched(count: int, seed: int) -> list[int]:
    """What a Bayesian search tries of a hill with its top at 30, 70."""
    hill = Grid((Axis("a", tuple(range(100))), Axis("b", tuple(range(100)))))
    search = Bayes(hill, count, seed)
    tried: list[int] = []
    points: Sequence[int] = ()
    while True:
        values = np.array([-float((p // 100 - 30) ** 2 + (p % 100 - 70) ** 2) for p in points])
        points = search.following(values.copy)
        if not points:
            return tried
        tried += points


def test_a_bayesian_search_repeats_itself_and_learns() -> None:
    tried = _searched(48, 3)
    assert tried == _searched(48, 3)
    assert tried[:8] != _searched(8, 4)
    assert len(set(tried)) == len(tried) == 48
    far = [abs(p // 100 - 30) + abs(p % 100 - 70) for p in tried]
    assert np.median(far[-24:]) < 0.6 * np.median(far[:10])


def test_a_bayesian_search_ends_when_every_point_was_tried() -> None:
    search = Bayes(GRID, 1000, 0)
    tried: list[int] = []
    points: Sequence[int] = search.following(lambda: np.empty(0))
    while points:
        tried += points
        here = points
        points = search.following(lambda here=here: np.full(len(here), np.nan))
    assert search.total == 12
    assert len(tried) == len(set(tried)) <= 12
