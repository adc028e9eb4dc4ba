"""Going from event to event comes to the same as going through every instant, byte by byte.

A few programs here, and thousands with `pytest -m slow`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import timedelta

import numpy as np
import pytest

from framework.backtest.cast import Cast
from framework.backtest.machine import Machine
from framework.backtest.record import RunRecord
from framework.backtest.settings import BacktestSettings
from framework.components.breakers import DailyLoss, DailyLossMoney, ErrorRate, MaxDrawdown
from framework.components.exits import StopPercent, TargetPercent, TimeStop, TrailingPercent
from framework.components.financing import NoFinancing
from framework.components.liquidity import FixedUnits
from framework.domain.bars import Bars
from framework.domain.events import Fill, OrderUpdate, Signal, SignalAction, Trip
from framework.engine import agenda
from framework.ports import Breaker, BreakerState, ExitRule
from framework.series import (
    Condition,
    Series,
    always,
    crosses_above,
    crosses_below,
    flat,
    long,
    short,
)
from framework.strategy import Strategy
from tests.builders import Row, bars_of, five_minutes
from tests.property import whole_runs
from tests.property.record_fields import COMPARED
from tests.property.whole_runs import Draw

SHORT, LONG, BATCH = 400, 4_000, 40
PER_SESSION = 8

Told = tuple[object, ...]
"""What a strategy or a breaker was told, and what it saw then."""


@dataclass(frozen=True)
class Program:
    """A strategy without an `on_bar`, what it trades, and the parts of its run."""

    strategy: type[Strategy]
    bars: tuple[Bars, ...]
    settings: BacktestSettings


# programs --------------------------------------------------------------------------------------


def program(seed: int) -> Program:
    """Every tenth program has the bars and settings of a whole run, where the broker serves the
    account; the others have longer bars and an account it leaves alone."""
    chance = random.Random(seed)
    one = whole_runs.program(seed)
    if seed % 10 == 0:
        return Program(_strategy(seed, chance, one.strategy), one.bars, one.settings)
    symbols = ("AAA", "BBB", "CCC")[: chance.choice([1, 1, 2, 3])]
    count, intraday = chance.randint(30, 320), chance.random() < 0.6
    bars = [_bars(chance, symbol, count, intraday) for symbol in symbols]
    if intraday and chance.random() < 0.3:
        outside = chance.choice([0, PER_SESSION - 1])
        bars = [replace(b, regular=np.arange(len(b)) % PER_SESSION != outside) for b in bars]
    if chance.random() < 0.5:
        bars = [_thinned(chance, each) for each in bars]
    settings = _settings(chance, one.settings, bars)
    return Program(_strategy(seed, chance, one.strategy), tuple(bars), settings)


def _bars(chance: random.Random, symbol: str, count: int, intraday: bool) -> Bars:
    """A walk that stays quiet for a while, then does not."""
    rows: list[Row] = []
    close, step = 100.0, 0.0
    for k in range(count):
        step = chance.choice([0.0, 0.002, 0.002, 0.03]) if k % 20 == 0 else step
        opening = close * (1.0 + chance.choice([0.0, 0.0, 1.0, -1.0]) * step)
        close = opening * (1.0 + chance.uniform(-step, step))
        high, low = (
            max(opening, close) * (1.0 + 0.3 * step),
            min(opening, close) * (1.0 - 0.3 * step),
        )
        rows.append((round(opening, 2), round(high, 2), round(low, 2), round(close, 2)))
    lot = chance.choice([1.0, 1.0, 0.1])
    if intraday:
        return five_minutes(rows, PER_SESSION, symbol, lot=lot)
    return bars_of(rows, symbol, lot=lot)


def _thinned(chance: random.Random, bars: Bars) -> Bars:
    """The bars without some, as of an instrument that does not always trade."""
    share = chance.choice([0.1, 0.5, 0.9])
    kept = np.array([chance.random() > share for _ in range(len(bars))])
    kept[chance.randrange(len(bars))] = True
    columns = ("close_time", "session", "session_close", "open", "high", "low", "close", "volume")
    regular = None if bars.regular is None else bars.regular[kept]
    return replace(bars, regular=regular, **{name: getattr(bars, name)[kept] for name in columns})


class Watcher:
    """A breaker of the user's own, which notes what it is told at every mark."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.told: list[Told] = []

    def check(self, state: BreakerState) -> Trip | None:
        """Nothing: it only looks."""
        self.told.append(tuple(getattr(state, each.name) for each in fields(state)))
        return None


def _settings(chance: random.Random, given: BacktestSettings, bars: list[Bars]) -> BacktestSettings:
    """The settings of a whole run, without what makes the broker look after the account."""
    times = np.unique(np.concatenate([one.close_time for one in bars]))
    breakers: list[Breaker] = [
        MaxDrawdown(4.0),
        DailyLoss(1.0),
        DailyLossMoney(50.0),
        ErrorRate(2, 5),
    ]
    exits: list[ExitRule] = [
        TimeStop(3),
        StopPercent(2.0),
        TargetPercent(1.0),
        TrailingPercent(1.5),
    ]
    signals = [
        Signal(
            int(chance.choice(times.tolist())) + chance.choice([0, 1]),
            chance.choice(bars).symbol,
            SignalAction.BUY,
        )
        for _ in range(chance.choice([0, 0, 3]))
    ]
    return replace(
        given,
        account=None,
        leverage=chance.choice([1.0, 3.0]),
        liquidity=chance.choice([None, None, FixedUnits(7.0)]),
        financing=NoFinancing(),
        actions=(),
        rates=None,
        breakers=tuple(chance.sample(breakers, chance.choice([0, 0, 0, 1, 2]))),
        exits=tuple(chance.sample(exits, chance.choice([0, 0, 1, 2]))) if given.exits else (),
        signals=tuple(signals),
        start=int(chance.choice(times.tolist())) if chance.random() < 0.3 else None,
    )


def _strategy(seed: int, chance: random.Random, decider: type[Strategy]) -> type[Strategy]:
    """Decides as a whole run does, but only when a condition, timer, signal or fill wakes it."""
    stops_at = chance.randrange(400) if chance.random() < 0.05 else None
    mixed = chance.random() < 0.4
    every, busy = chance.choice([None, None, 1, 7, 60]), chance.random() < 0.1

    class Waking(Strategy):
        universe = decider.universe

        def setup(self) -> None:
            self.told: list[Told] = []
            drawn = random.Random(f"{seed} {self.symbols}")
            for _ in range(drawn.choice([0, 1, 2, 3])):
                self.when(_declared(drawn, self.data.close), self._decide)
            if busy:
                self.when(always & long, self._look)
            if every is not None:
                self.timer("often", every=timedelta(minutes=5 * every))

        def _look(self, what: str = "looks") -> None:
            known = [self.data[s] for s in self.symbols if len(self.data[s])]
            seen = [(len(data), data.is_fresh, data.close[-1]) for data in known]
            self.told.append((what, self.now, repr(self.positions), seen))

        def _decide(self) -> None:
            self._look("decides")
            if len(self.told) == stops_at:
                raise KeyboardInterrupt
            if mixed:
                decider.on_bar(self)
            elif not self.orders:
                self._rest()

        def _rest(self) -> None:
            """One order, alone, so that nothing else wakes the run while it rests."""
            drawn = random.Random(f"{seed} {self.symbols} {self.now}")
            data = self.data[drawn.choice(self.symbols)]
            if len(data):
                whole_runs._order(self, Draw.of(drawn, data.symbol, data.close[-1]))

        def on_fill(self, fill: Fill) -> None:
            self._look(repr(fill))
            if random.Random(fill.id).random() < 0.1:
                self.timer("once", first=self.now + timedelta(hours=3))

        def on_order(self, update: OrderUpdate) -> None:
            self._look(repr(update))

        def on_timer(self, name: str) -> None:
            self._look(name)
            if random.Random(f"{seed} {self.now}").random() < 0.2:
                self._decide()

        def on_signal(self, signal: Signal) -> None:
            self._look(repr(signal))
            self._decide()

        def on_stop(self) -> None:
            self._look("stops")

    return Waking


def _declared(chance: random.Random, close: Series) -> Condition:
    """One that holds now and then, or never."""
    average = close.shift(chance.randint(1, 4))
    far = close.shift(chance.randint(5, 20))
    condition = chance.choice(
        [
            crosses_above(close, average),
            crosses_above(average, far),
            crosses_below(close, far),
            close > far * 1.03,
            close < far * 0.9,
        ]
    )
    return condition & chance.choice([always, always, flat, long, short, ~flat])


# the two ways ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What a program left behind, what was told on the way, and how many instants it took."""

    record: RunRecord
    told: list[list[Told]]
    instants: int


def played(one: Program, steps: bool) -> Outcome:
    """A program from event to event, or through every instant."""
    watcher = Watcher(0)
    watches = one.settings.breakers and len(one.bars[0]) % 4 == 0
    breakers = (*one.settings.breakers, *([watcher] if watches else []))
    settings = replace(one.settings, breakers=breakers)
    machine = Machine(Cast(one.strategy, one.bars, settings, {}), {})
    visited = 0
    instant = machine._engine.instant

    def counted(k: int) -> None:
        nonlocal visited
        visited += 1
        instant(k)

    machine._engine.instant = counted  # type: ignore[method-assign]

    def every(total: int, go: Callable[[int], None]) -> None:
        for k in range(total):
            go(k)

    error = machine.play(None, every if steps else None)
    told = [station.slot.hooks.told for station in machine._stations]  # type: ignore[attr-defined]
    return Outcome(machine.record(error), [*told, watcher.told], visited)


def differences(one: RunRecord, other: RunRecord) -> list[str]:
    """The fields in which two records are not the same to the last byte."""
    return [name for name in COMPARED if _bytes(getattr(one, name)) != _bytes(getattr(other, name))]


def _bytes(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, dict):
        return {key: _bytes(each) for key, each in value.items()}
    return repr(value)


def compared(seed: int) -> tuple[Outcome, Outcome]:
    """The program of a seed both ways, which must come out alike."""
    one = program(seed)
    leaping, stepping = played(one, steps=False), played(one, steps=True)
    assert differences(leaping.record, stepping.record) == [], f"seed {seed}"
    assert leaping.told == stepping.told, f"seed {seed}"
    assert stepping.instants == stepping.record.stop, f"seed {seed}"
    return leaping, stepping


@pytest.mark.parametrize("batch", range(SHORT // BATCH))
def test_nothing_is_passed_by(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agenda, "_BLOCK", 1 + batch % 8)
    both = [compared(seed) for seed in range(batch * BATCH, (batch + 1) * BATCH)]
    assert sum(len(leaping.record.fills) for leaping, _ in both) > 3 * BATCH
    assert sum(leaping.instants < stepping.instants for leaping, stepping in both) > BATCH // 8


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(SHORT // BATCH, LONG // BATCH))
def test_nothing_is_passed_by_in_thousands(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    test_nothing_is_passed_by(batch, monkeypatch)
