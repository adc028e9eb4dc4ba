"""Runs published with backtrader 1.9.78.123, reproduced fill by fill, by request and end to end.

Their bars are not in this repository: name the folder that has them in SLIPWAY_BARS, without which
these tests skip. More case folders of the same shape are checked by naming their parent:
`SLIPWAY_BARS=folder SLIPWAY_CASES=path pytest tests/validation/test_backtrader.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from framework.backtest.run import run
from framework.domain.bars import Bars
from tests.validation.backtrader_cases import Case, nanoseconds, read_csv
from tests.validation.backtrader_replay import (
    ALIVE,
    Outcome,
    Traded,
    holding_costs,
    merged,
    outcome_of,
    peer_fate,
    replay,
)
from tests.validation.backtrader_rules import rule_of
from tests.validation.backtrader_terms import settings_of

HERE = Path(__file__).parent / "cases" / "B_backtrader"
PARENTS = [HERE, *(Path(p) for p in [os.environ.get("SLIPWAY_CASES", "")] if p)]
FOLDERS = {
    folder.name: folder
    for parent in PARENTS
    for folder in sorted(parent.iterdir())
    if (folder / "orders.csv").exists()
}
BARS = os.environ.get("SLIPWAY_BARS", "")
needs_bars = pytest.mark.skipif(not BARS, reason="SLIPWAY_BARS names no folder with the bars")

pytestmark = needs_bars


@pytest.fixture(scope="module", params=sorted(FOLDERS))
def played(request: pytest.FixtureRequest) -> tuple[Case, Bars, Outcome]:
    """A case, its bars, and what its requests came to in our simulator."""
    case = Case.read(FOLDERS[request.param])
    bars = case.bars(Path(BARS))
    _, outcome = replay(case.requests(bars), [bars], case.account)
    return case, bars, outcome


Played = tuple[Case, Bars, Outcome]


def _fills(case: Case) -> list[Traded]:
    return merged(
        (int(row["ref"]), nanoseconds(row["dt"]), float(row["size"]), float(row["price"]))
        for row in read_csv(case.folder / "fills.csv")
    )


def _same_fills(ours: list[Traded], theirs: list[Traded]) -> None:
    assert [fill[:2] for fill in ours] == [fill[:2] for fill in theirs]
    np.testing.assert_allclose(
        [fill[2:] for fill in ours], [fill[2:] for fill in theirs], rtol=0, atol=1e-6
    )


def _same_values(case: Case, bars: Bars, outcome: Outcome) -> None:
    row_of = {int(time): row for row, time in enumerate(bars.close_time)}
    table = read_csv(case.folder / "values.csv")
    rows = [row_of[nanoseconds(row["dt"])] for row in table]
    for name, ours in (("cash", outcome.cash), ("value", outcome.value), ("pos", outcome.units)):
        theirs = [float(row[name]) for row in table]
        np.testing.assert_allclose(ours[rows], theirs, rtol=0, atol=0.01, err_msg=name)


def test_fills_are_the_published_ones(played: Played) -> None:
    case, _, outcome = played
    _same_fills(outcome.fills, _fills(case))


def test_values_after_every_bar_are_the_published_ones(played: Played) -> None:
    _same_values(*played)


def test_every_order_ends_as_published(played: Played) -> None:
    case, bars, outcome = played
    table = read_csv(case.folder / "orders.csv")
    ours = {ref: fate[0] for ref, fate in outcome.fates.items()}
    assert ours == {int(row["ref"]): peer_fate(row["status"]) for row in table}
    requested = {nanoseconds(row["cancel_req"]) for row in table if row["cancel_req"]}
    for row in table:
        status, time = outcome.fates[int(row["ref"])]
        if status == ALIVE or not row["when"]:
            continue
        assert nanoseconds(row["when"]) in _told_at(status, time, requested, bars), row["ref"]


def _told_at(status: str, time: int, requested: set[int], bars: Bars) -> list[int]:
    """When the peer's strategy hears of an end: of a cancel it asked for, one bar later."""
    if status != "Canceled" or time not in requested:
        return [time]
    row = int(np.searchsorted(bars.close_time, time))
    return [int(t) for t in bars.close_time[row : row + 2]]


def test_round_trips_are_the_published_ones(played: Played) -> None:
    case, _, outcome = played
    table = read_csv(case.folder / "closed_trades.csv")
    times = [(trip.opened, trip.closed) for trip in outcome.trips]
    assert times == [(nanoseconds(row["open"]), nanoseconds(row["close"])) for row in table]
    np.testing.assert_allclose(
        [(trip.profit, trip.net, trip.fees) for trip in outcome.trips],
        [tuple(float(row[name]) for name in ("pnl", "pnlcomm", "comm")) for row in table],
        rtol=0,
        atol=0.01,
    )


def test_headline_figures_are_the_published_ones(played: Played) -> None:
    case, _, outcome = played
    result = case.spec["result"]
    assert isinstance(result, Mapping)
    assert outcome.value[-1] == pytest.approx(result["final_value"], abs=0.01)
    assert outcome.cash[-1] == pytest.approx(result["cash"], abs=0.01)
    assert outcome.units[-1] == pytest.approx(result["position"], abs=1e-6)
    assert len(outcome.fills) == result["fills"]
    assert len(outcome.fates) == result["orders"]
    assert len(outcome.trips) == result["closed_trades"]
    published = case.spec["published"]
    assert isinstance(published, Mapping)
    for name, ours in (("final_value", outcome.value[-1]), ("cash", outcome.cash[-1])):
        if name in published:
            assert round(float(ours), 2) == published[name]


@pytest.mark.parametrize("name", [n for n in sorted(FOLDERS) if rule_of(Case.read(FOLDERS[n]))])
def test_the_rule_itself_trades_as_published(name: str) -> None:
    case = Case.read(FOLDERS[name])
    bars = case.bars(Path(BARS))
    rule = rule_of(case)
    assert rule is not None
    record = run(rule, [bars], settings_of(case.account))
    assert record.error == ""
    refs = {one.order.id: number for number, one in enumerate(record.orders)}
    outcome = outcome_of(record, refs, case.account)
    published = _fills(case)
    _same_fills([(0, *fill[1:]) for fill in outcome.fills], [(0, *fill[1:]) for fill in published])
    _same_values(case, bars, outcome)


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_fees_and_interest_are_the_published_ones(name: str) -> None:
    case = Case.read(FOLDERS[name])
    bars = case.bars(Path(BARS))
    record, outcome = replay(case.requests(bars), [bars], case.account)
    result = case.spec["result"]
    assert isinstance(result, Mapping)
    held = 0.0
    if case.account.int2pnl:
        last = outcome.trips[-1].closed if outcome.trips else 0
        held = sum(-flow.amount for flow in holding_costs(record) if flow.time <= last)
    assert outcome.fees + held == pytest.approx(result["commission"], abs=0.01)
