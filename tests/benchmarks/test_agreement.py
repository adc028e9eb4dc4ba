"""Every program makes the reference's trades and its money; nothing here looks at a clock."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from tests.benchmarks import page, workloads
from tests.benchmarks.agreement import disagreements, expected
from tests.benchmarks.measure import Figures, ProgramError, run_once
from tests.benchmarks.outcome import Line
from tests.benchmarks.reference import answers
from tests.benchmarks.roster import OURS, PEER, ROSTER, Entry, chosen
from tests.benchmarks.slipway import GUARDED, all_bars
from tests.benchmarks.targets import PROCESS, TARGETS
from tests.benchmarks.trader import Portfolio
from tests.benchmarks.workloads import CASH, SMALL, Task, prices_of

SIZES = {"sma": 3_000, "panel": 90, "bracket": 3_000, "portfolio": 4_400}

INSTALLED = [entry for entry in ROSTER if entry.interpreter(None)]

CASES = [
    (entry, workload)
    for entry in INSTALLED
    if entry.kind in (OURS, PEER)
    for workload in entry.workloads
    if workload != "sweep"
]


@pytest.mark.parametrize(
    ("entry", "workload"), CASES, ids=[f"{entry.module}-{workload}" for entry, workload in CASES]
)
def test_a_program_agrees_with_the_reference(entry: Entry, workload: str) -> None:
    interpreter = entry.interpreter(None)
    assert interpreter is not None
    line = run_once(interpreter, entry.module, workload, SIZES[workload])
    assert disagreements([line]) == []
    assert sum(expected(Task(workload, SIZES[workload], line.gapless))[0]) > 5


@pytest.mark.parametrize("module", ["slipway", "peers.backtrader", "peers.backtesting"])
def test_a_sweep_agrees_with_the_reference(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workloads, "PAIRS", ((5, 30), (5, 40), (9, 30), (9, 40)))
    task = Task("sweep", 500)
    trades, profits = expected(task)
    outcome = import_module(f"tests.benchmarks.{module}").PROGRAM.prepare["sweep"](task)()
    assert outcome.profits == pytest.approx(profits, abs=0.005)
    assert outcome.trades in (trades, [])
    assert len(set(profits)) == 4


def test_our_programs_and_the_peers_of_the_dev_extra_are_here() -> None:
    here = {entry.module for entry in INSTALLED}
    assert {"slipway", "slipway_on_bar", "peers.backtrader", "peers.backtesting"} <= here


def line_of(trades: list[int], profits: list[float], gapless: bool = False) -> Line:
    return Line("slipway", "1", "sma", 400, gapless, 1.0, 0.0, 1.0, 2.0, 50.0, trades, profits)


RIGHT, MONEY = expected(Task("sma", 400))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (line_of(RIGHT, MONEY), ""),
        (line_of([], MONEY), ""),
        (line_of(RIGHT, [MONEY[0] + 0.004]), ""),
        (line_of(RIGHT, [MONEY[0] - 0.02]), "0.0200 off the reference"),
        (line_of(RIGHT, [float("nan")]), "off the reference"),
        (line_of(RIGHT, []), "0 results, the reference 1"),
        (line_of(RIGHT, [0.0, 0.0]), "2 results, the reference 1"),
        (line_of([RIGHT[0] + 1], MONEY), "trades, the reference"),
        (line_of(RIGHT, MONEY, gapless=True), "the reference"),
    ],
)
def test_a_disagreement_is_found(line: Line, said: str) -> None:
    found = disagreements([line])
    assert bool(found) is bool(said)
    assert all(said in one for one in found[-1:])


def test_the_portfolio_runs_into_its_limits() -> None:
    from framework.backtest.run import run

    task = Task("portfolio", SIZES["portfolio"])
    record = run(Portfolio, all_bars(task, prices_of(task)), GUARDED)
    assert record.trips
    assert any(refused.rule == "halted" for refused in record.refused)
    entry = next(one for one in record.orders if one.order.side > 0)
    value = entry.order.quantity * entry.order.decision_price
    assert 0.145 * CASH < value <= 0.15 * CASH


def test_the_reference_does_what_its_rule_says() -> None:
    """Three bars by hand: up, so bought at the open of the third; held at the end."""
    task = Task("sma", 40)
    prices = prices_of(task)
    rising = np.concatenate((np.full(29, 100.0), np.full(11, 101.0)))
    shaped = replace(prices, open=rising, close=rising)
    assert answers(task, shaped) == [(0, CASH - 100.0 * 101.0 * 0.001)]


def test_prices_are_bars() -> None:
    for workload, bars in SMALL.items():
        for gapless in (False, True):
            task = Task(workload, bars, gapless)
            prices = prices_of(task)
            assert (prices.high >= np.maximum(prices.open, prices.close)).all()
            assert (prices.low <= np.minimum(prices.open, prices.close)).all()
            assert (prices.low > 0.0).all()
            assert gapless == bool((prices.open[1:] == prices.close[:-1]).all())


def test_a_program_that_fails_is_named() -> None:
    with pytest.raises(ProgramError, match=r"peers\.backtesting portfolio: it ended with"):
        entry = next(one for one in ROSTER if one.module == "peers.backtesting")
        run_once(str(entry.interpreter(None)), "peers.backtesting", "portfolio", 300)


def test_the_roster_names_what_its_programs_can_do() -> None:
    for entry in INSTALLED:
        if entry.module in ("peers.nothing", "peers.compiled"):
            continue
        program = import_module(f"tests.benchmarks.{entry.module}").PROGRAM
        assert set(program.prepare) == set(entry.workloads)
    assert [entry.name for entry in chosen("slipway,bt")] == ["Slipway", "bt"]
    with pytest.raises(ValueError, match="no program 'zipline'"):
        chosen("zipline")


def figures_of(module: str, workload: str, seconds: float) -> Figures:
    entry = next(one for one in ROSTER if one.module == module)
    line = replace(line_of(RIGHT, MONEY), program=module, workload=workload)
    return Figures(entry, line, 5, seconds, 0.0, seconds, seconds, 100.0)


def test_targets_are_met_at_their_factor_and_not_short_of_it() -> None:
    for target in TARGETS:
        for slack, met in ((1.01, True), (0.99, False)):
            theirs = target.factor * slack
            if target.is_ceiling:
                theirs = slack / target.factor
            table = {
                (target.workload, target.ours): figures_of(target.ours, target.workload, 1.0),
                (target.workload, target.other): figures_of(target.other, target.workload, theirs),
            }
            ratio = target.ratio(table)
            assert ratio is not None
            assert target.is_met(ratio) is met


def test_the_page_says_what_was_measured() -> None:
    table = {
        (PROCESS, "slipway"): figures_of("slipway", PROCESS, 0.5),
        (PROCESS, "peers.bt"): figures_of("peers.bt", PROCESS, 0.25),
        ("sma", "slipway"): figures_of("slipway", "sma", 0.001),
        ("sma", "peers.vectorbt"): figures_of("peers.vectorbt", "sma", 0.02),
    }
    text = page.page(table, 5, 30.0, "", "")
    assert "| sma | vectorbt | at least 8 x | 20 x | met |" in text
    assert "| process | bt | at least 1 x | 0.5 x | **not met** |" in text
    assert "| vectorbt | 0.02 | 20,000 | 20 x |" in text
