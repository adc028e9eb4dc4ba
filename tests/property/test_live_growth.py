"""A world that has grown shows what a world made whole shows: every series, every condition."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.domain.bars import Bars, BoolArray, FloatArray
from framework.domain.growing import GrowingBars, row_of
from framework.engine.history import Timeline, World
from framework.feeds.resample import resample
from framework.indicators import average_true_range, ema, macd_signal, rsi, sma
from framework.series import (
    Condition,
    Series,
    always,
    at_instants,
    crosses_above,
    crosses_below,
    flat,
    long,
    short,
)
from tests.builders import Row, bars_of, five_minutes

PER_SESSION = 6
INDICATORS = (sma, ema, rsi, macd_signal)


def rows(chance: random.Random, count: int) -> list[Row]:
    """A walk that often stands still, so that columns tie."""
    found: list[Row] = []
    close = 100.0
    for _ in range(count):
        opening = close + chance.choice([0.0, 0.0, 1.0, -1.0])
        close = max(5.0, opening + chance.choice([0.0, 0.0, 1.0, -1.0, 2.5, -2.5]))
        high, low = max(opening, close) + 0.5, min(opening, close) - 0.5
        found.append((opening, high, low, close))
    return found


def bars(chance: random.Random) -> list[Bars]:
    """One to three instruments, not all of which trade all the time, until before Good Friday."""
    count = chance.choice([7, 20, 33])
    intraday = chance.random() < 0.6
    found = []
    for symbol in ("AAA", "BBB", "CCC")[: chance.choice([1, 2, 3])]:
        made = rows(chance, count)
        one = five_minutes(made, PER_SESSION, symbol) if intraday else bars_of(made, symbol)
        if chance.random() < 0.5:
            one = one.where(np.array([chance.random() < 0.7 for _ in range(count)]))
        if intraday and chance.random() < 0.3:
            one = replace(one, regular=np.arange(len(one)) % 5 != 0)
        found.append(one)
    return found if any(len(one) for one in found) else bars(chance)


@dataclass
class Made:
    """What a `setup` has made of a world."""

    series: list[Series]
    conditions: list[Condition]


def make(world: World, seed: int) -> Made:
    """Series and conditions of every kind, the same for the same seed."""
    chance = random.Random(seed)
    every = [world.markets[symbol] for symbol in world.symbols]
    frames = ["1d", "1w", world.data.frame] + (["15m", "1h"] if world.data.frame == "5m" else [])
    every += [data.every(chance.choice(frames)) for data in every if chance.random() < 0.7]
    columns = ("open", "high", "low", "close", "volume", "session", "minutes_to_close")
    series = [getattr(data, name) for data in every for name in columns]
    conditions: list[Condition] = [always, flat, long, short]
    for _ in range(chance.randint(3, 14)):
        if chance.random() < 0.6:
            series.append(_series(chance, series, every[chance.randrange(len(every))].indicator))
        else:
            conditions.append(_condition(chance, series, conditions))
    return Made(series, conditions)


def _series(
    chance: random.Random, known: Sequence[Series], indicator: Callable[..., Series]
) -> Series:
    a, b = chance.choice(known), chance.choice(known)
    number = chance.choice([0.0, 2.0, -0.5])
    made: Series = chance.choice(
        [
            lambda: a.shift(chance.randint(1, 5)),
            lambda: a + b,
            lambda: a - number,
            lambda: number - a,
            lambda: a * b,
            lambda: a / b,
            lambda: number / a,
            lambda: -a,
            lambda: abs(a - b),
            lambda: indicator(chance.choice(INDICATORS), [a], (chance.choice([2, 3, 5]),)),
            lambda: indicator(average_true_range, [a, b, chance.choice(known)], (3,)),
        ]
    )()
    return made


def _condition(
    chance: random.Random, series: Sequence[Series], known: Sequence[Condition]
) -> Condition:
    a, p, q = chance.choice(series), chance.choice(known), chance.choice(known)
    b = chance.choice([chance.choice(series), chance.choice(series), 100.0])
    made: Condition = chance.choice(
        [
            lambda: crosses_above(a, b),
            lambda: crosses_below(a, b),
            lambda: crosses_below(100.0, a),
            lambda: a > b,
            lambda: a <= b,
            lambda: a == b,
            lambda: a != b,
            lambda: p & q,
            lambda: p | q,
            lambda: ~p,
        ]
    )()
    return made


def columns(made: Made, instants: int) -> list[bytes]:
    """Everything made, along the first so many instants."""
    found: list[FloatArray | BoolArray] = [at_instants(one)[:instants] for one in made.series]
    for one in made.conditions:
        for mask in (one.when_flat, one.when_long, one.when_short):
            found.append(mask[:instants] if mask.ndim else mask)
    return [np.ascontiguousarray(one).tobytes() for one in found]


def seen(made: Made) -> list[object]:
    """What can be read of it at the present instant."""
    return [repr((one.last(3).tolist(), one[-1])) if len(one) else None for one in made.series]


def grown(given: Sequence[Bars], history: int, seed: int) -> None:
    """Let a world grow from the first instants on, and compare it at each of them."""
    timeline = Timeline(given)
    complete = World(given, resample)
    of_all = make(complete, seed)
    end = int(timeline.instants[history - 1]) if history else -1
    lines = {
        one.symbol: GrowingBars(one.take(0, int(np.searchsorted(one.close_time, end, "right"))))
        for one in given
    }
    world = World([line.bars for line in lines.values()], resample, grows=True)
    mine = make(world, seed)
    world.close()
    assert columns(mine, history) == columns(of_all, history)
    for k in range(history, len(timeline.instants)):
        time = int(timeline.instants[k])
        fresh = {}
        for one in given:
            row = int(np.searchsorted(one.close_time, time))
            if row < len(one) and one.close_time[row] == time:
                lines[one.symbol].append(time, row_of(one, row))
                fresh[one.symbol] = lines[one.symbol].bars
        world.grow(fresh)
        for each in (world, complete):
            each.move(k)
        assert columns(mine, k + 1) == columns(of_all, k + 1), k
        assert seen(mine) == seen(of_all), k
        fresher = [{s: d.is_fresh for s, d in each.markets.items()} for each in (world, complete)]
        assert fresher[0] == fresher[1], k


@given(seed=st.integers(0, 2**32), part=st.floats(0.0, 1.0))
@settings(max_examples=60, deadline=None)
def test_a_grown_world_is_a_whole_world(seed: int, part: float) -> None:
    given_bars = bars(random.Random(seed))
    grown(given_bars, int(part * len(Timeline(given_bars).instants)), seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_a_thousand_grown_worlds_are_whole_worlds(block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        chance = random.Random(seed)
        given_bars = bars(chance)
        grown(given_bars, chance.randrange(len(Timeline(given_bars).instants) + 1), seed)
