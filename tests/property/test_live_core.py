"""Fed bar by bar, a session does what a backtest does on the same bars, to the last byte.

A few programs here, and more with `pytest -m slow`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from framework.backtest.cast import Cast
from framework.backtest.machine import Machine
from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.config.plan import plan_of
from framework.config.request import Request
from framework.config.strategies import available
from framework.domain.bars import Bars
from framework.engine.history import Timeline
from framework.engine.reconcile import reconcile
from framework.engine.rolling import turning_days
from framework.live.core import LiveCore
from framework.live.endings import ending
from framework.strategy import Strategy
from tests.live_runs import differences, fed, history_of, split
from tests.property import path_programs, test_next_event, whole_runs

OPTIONS = frozenset({"covered_call", "iron_condor", "short_straddle_hedged", "wheel"})


class Program(Protocol):
    """A strategy, what it trades, and the parts of its run."""

    @property
    def strategy(self) -> type[Strategy]: ...
    @property
    def bars(self) -> tuple[Bars, ...]: ...
    @property
    def settings(self) -> BacktestSettings: ...


Make = Callable[[int], Program]


@pytest.fixture(scope="session")
def makes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Make]:
    file: Path = tmp_path_factory.mktemp("fees") / "fees.yaml"
    file.write_text(path_programs.FEES, encoding="utf-8")
    return {
        "whole": whole_runs.program,
        "waking": test_next_event.program,
        "when": partial(path_programs.program, fees=str(file)),
        "on_bar": partial(path_programs.bar_program, fees=str(file)),
    }


# random programs -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Both:
    """A program run both ways."""

    backtest: RunRecord
    core: LiveCore


def backtested(one: Program, settings: BacktestSettings) -> tuple[RunRecord, list[Strategy]]:
    """By the event engine, instant by instant."""
    machine = Machine(Cast(one.strategy, one.bars, settings, {}), {})

    def every(total: int, go: Callable[[int], None]) -> None:
        for k in range(total):
            go(k)

    error = machine.play(None, every)
    return machine.record(error), [station.slot.hooks for station in machine._stations]  # type: ignore[misc]


def both_ways(make: Make, seed: int) -> Both | None:
    """The program of a seed with part of its bars as history; None where a session cannot know
    what the backtest does: that no bar will come any more on the day a contract ends."""
    one = make(seed)
    if any(map(ends_without_a_bar, one.bars)):
        return None
    instants = Timeline(one.bars).instants
    history = random.Random(seed).choice([0, 1, len(instants) // 3, len(instants) // 2])
    settings = one.settings
    if settings.start is None:
        settings = replace(settings, start=int(instants[history]))
    history = min(history, split(one.bars, settings))
    backtest, ones = backtested(one, settings)
    if backtest.error and backtest.stop <= history:
        return None
    core = fed(one.strategy, one.bars, settings, history=history)
    assert differences(backtest, record_of(core, backtest)) == [], seed
    others = [slot.hooks for slot in core.slots]
    told = [[getattr(each, "told", None) for each in several] for several in (ones, others)]
    assert told[0] == told[1], seed
    if not core.error:
        assert reconcile(core.ledgers, core._market.book()) == []  # type: ignore[union-attr]
    return Both(backtest, core)


def record_of(core: LiveCore, backtest: RunRecord) -> RunRecord:
    """Of a session, its error told as a backtest tells it: each names a line of its own files; so
    is a start that neither lived to see."""
    record = core.record()
    assert bool(record.error) == bool(backtest.error)
    start = record.start if backtest.stop > backtest.start else backtest.start
    return replace(record, error=backtest.error, start=start)


def ends_without_a_bar(bars: Bars) -> bool:
    """Whether a contract's day of rolling or expiring has no bar at its close."""
    expiry = bars.instrument.expiry
    if expiry is None:
        return False
    for day in turning_days(bars.instrument, expiry):
        known = int(np.searchsorted(bars.session, day, side="right")) - 1
        if ending(bars, day) != (known if bars.session[-1] >= day else None):
            return True
    return False


def check(make: Make, seeds: Sequence[int]) -> list[Both]:
    every = [both_ways(make, seed) for seed in seeds]
    return [one for one in every if one is not None]


KINDS = {"whole": 70, "waking": 60, "when": 40, "on_bar": 40}
"""How many programs of each kind are run here."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_session_does_what_a_backtest_does(kind: str, makes: dict[str, Make]) -> None:
    every = check(makes[kind], range(KINDS[kind]))
    assert len(every) > 0.8 * KINDS[kind]
    assert sum(len(one.backtest.fills) for one in every) > 3 * len(every)
    assert sum(one.core.record().start > 0 for one in every) > len(every) // 4


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
@pytest.mark.parametrize("kind", KINDS)
def test_many_sessions_do(kind: str, block: int, makes: dict[str, Make]) -> None:
    assert check(makes[kind], range(1_000 + 100 * block, 1_100 + 100 * block))


def test_the_programs_use_what_grows(makes: dict[str, Make]) -> None:
    """Contracts that expire, two currencies, several symbols at different times; rolls are rare,
    and have a test of their own."""
    used: set[str] = set()
    for one in check(makes["whole"], range(0, 200, 3)):
        record = one.backtest
        used |= {str(item.order.origin) for item in record.orders}
        used |= {"rates"} if record.rates else set()
        used |= {"splits"} if record.splits else set()
        rows = list(record.rows.values())
        used |= {"apart"} if any((rows[0] != other).any() for other in rows[1:]) else set()
    assert {"expiry", "rates", "splits", "apart", "liquidation", "time_stop"} <= used


# the strategies that come along -----------------------------------------------------------------


def shipped(name: str, instants: int | None, history: int) -> Both:
    """A strategy on its own sample, or the beginning of it, with its own settings."""
    first = "2015-01-01" if name in OPTIONS else None
    plan = plan_of(Request(name, first=first))
    bars: Sequence[Bars] = plan.market.bars
    if instants is not None:
        bars = history_of(bars, instants)
    start = int(Timeline(bars).instants[history])
    settings = replace(plan.settings, start=start)
    backtest = run(plan.found.cls, bars, settings, plan.parameters)
    core = fed(plan.found.cls, bars, settings, plan.parameters, history)
    assert differences(backtest, core.record()) == []
    return Both(backtest, core)


LENGTHS = {"opening_range_breakout": 800, "wheel": 70, **dict.fromkeys(OPTIONS - {"wheel"}, 90)}
"""Instants of those of which a few are enough, or slow."""


@pytest.mark.parametrize("name", available())
def test_a_shipped_strategy_does_live_what_it_does_in_a_backtest(name: str) -> None:
    length = LENGTHS.get(name, 900)
    both = shipped(name, length, history=0 if name in OPTIONS else length // 3)
    assert both.backtest.fills
    assert bool(both.backtest.marks) is (name in OPTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("history", [0, 100])
@pytest.mark.parametrize("name", available())
def test_a_shipped_strategy_on_all_of_its_sample(name: str, history: int) -> None:
    both = shipped(name, 252 if name in OPTIONS else None, history)
    assert len(both.backtest.fills) >= 8
