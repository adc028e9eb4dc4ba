"""A bar unrolled into ticks is exactly the bar, walked by the simulator's path rule."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.emulator.market.grid import decimals_of, snapped
from framework.emulator.market.segment import Segment, merged
from framework.emulator.market.unroll import parts, path, segments, times

TICK = 0.25


@st.composite
def whole_bars(draw: st.DrawFn) -> tuple[float, float, float, float]:
    low = draw(st.integers(1, 4000))
    high = low + draw(st.integers(0, 60))
    opened, close = (draw(st.integers(low, high)) for _ in range(2))
    return opened * TICK, high * TICK, low * TICK, close * TICK


@pytest.mark.parametrize(
    ("bar", "points", "expected"),
    [
        ((10.0, 12.0, 9.0, 11.0), 4, [10.0, 9.0, 12.0, 11.0]),
        ((11.0, 12.0, 8.0, 10.0), 4, [11.0, 12.0, 8.0, 10.0]),
        ((10.0, 12.0, 8.0, 9.0), 4, [10.0, 8.0, 12.0, 9.0]),
        ((10.0, 10.0, 10.0, 10.0), 5, [10.0] * 5),
        ((9.0, 12.0, 9.0, 12.0), 4, [9.0, 10.0, 11.0, 12.0]),
        ((10.0, 11.0, 9.0, 9.0), 6, [10.0, 9.5, 9.0, 10.0, 11.0, 9.0]),
    ],
)
def test_paths(bar: tuple[float, float, float, float], points: int, expected: list[float]) -> None:
    found = path(*bar, points, 0.5)
    assert len(found) == points
    assert [found[0], found[-1]] == [expected[0], expected[-1]]
    assert (max(found), min(found)) == (bar[1], bar[2])
    if points == 4:
        assert found == expected


@given(whole_bars(), st.integers(4, 60), st.integers(0, 10**9))
def test_segments_are_the_bar(
    bar: tuple[float, float, float, float], points: int, volume: int
) -> None:
    opened, high, low, close = bar
    whole = Segment("A", 60, 1, 99, opened, high, low, close, volume / 4, False)
    found = segments(whole, 0, points, TICK)
    assert len(found) == points
    assert merged(found) == whole
    for before, after in pairwise(found):
        assert after.open == before.close
        assert before.time <= after.time
    for one in found:
        assert {one.high, one.low} == {one.open, one.close}
        assert one.close / TICK == round(one.close / TICK)
        assert (one.session, one.session_close, one.regular) == (1, 99, False)
    assert found[0].open == found[0].close == opened


@given(whole_bars(), st.integers(4, 40))
def test_the_nearer_extreme_comes_first(
    bar: tuple[float, float, float, float], points: int
) -> None:
    opened, high, low, _ = bar
    found = path(*bar, points, TICK)
    low_first = opened - low <= high - opened
    first, other = (low, high) if low_first else (high, low)
    place = found.index(first)
    assert other in found[place:]
    assert all(min(opened, first) <= price <= max(opened, first) for price in found[: place + 1])


@given(whole_bars(), st.integers(4, 40))
def test_prices_off_the_grid_stay_inside(
    bar: tuple[float, float, float, float], points: int
) -> None:
    opened, high, low, close = (price + 0.1003 for price in bar)
    found = path(opened, high, low, close, points, TICK)
    assert (found[0], found[-1], max(found), min(found)) == (opened, close, high, low)


@given(st.floats(0.0, 1e9), st.integers(4, 60))
def test_volume_is_spread_to_the_last_unit(volume: float, points: int) -> None:
    found = parts(volume, points)
    assert sum(found) == volume
    assert min(found) >= 0.0
    assert all(one == int(one) for one in found[:-1])


def test_ticks_come_evenly_and_end_with_the_bar() -> None:
    assert times(0, 60, 12) == list(range(5, 61, 5))
    assert times(100, 110, 4) == [102, 105, 107, 110]


@pytest.mark.parametrize(
    ("price", "tick", "expected"),
    [
        (0.1 + 0.2, 0.01, 0.3),
        (1.100026, 0.00005, 1.10005),
        (6001.13, 0.25, 6001.25),
        (3.14159, 0.0, 3.14159),
    ],
)
def test_the_grid(price: float, tick: float, expected: float) -> None:
    assert snapped(price, tick) == expected


def test_decimals_of_a_tick() -> None:
    assert [decimals_of(tick) for tick in (0.01, 0.25, 0.00005, 1.0, 5.0)] == [2, 2, 5, 0, 0]
