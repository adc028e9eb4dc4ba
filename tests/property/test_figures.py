"""Figures of random whole runs: machine code and plain Python find the same, and money adds up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, fields, replace
from typing import Any

import numpy as np
import pytest

from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.compiled import state
from framework.research import calls, scan
from framework.research.fills import FillColumns, fill_columns
from framework.research.results import result_of
from framework.research.summary import market_of, summary_of, tally_of
from framework.research.table import TradeTable, marks_of, trade_table
from tests.property.whole_runs import program

RUNS = 60
Compiler = Callable[[Callable[..., Any]], Callable[..., Any]]


@pytest.fixture(scope="module")
def machine() -> Compiler:
    """Compiles a function on first use, and keeps nothing on disk."""
    numba = pytest.importorskip("numba")
    extending = pytest.importorskip("numba.extending")
    made: dict[Callable[..., Any], Callable[..., Any]] = {}

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        for one in state.scalars - state.registered:
            extending.register_jitable(_nrt=False)(one)
            state.registered.add(one)
        if function not in made:
            made[function] = numba.njit(state.entries[function], _nrt=False)(function)
        return made[function]

    return compiled


@pytest.fixture(scope="module")
def records() -> list[RunRecord]:
    programs = [program(seed) for seed in range(RUNS)]
    return [run(one.strategy, one.bars, one.settings) for one in programs]


def plainly(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def told(record: RunRecord) -> tuple[FillColumns, TradeTable]:
    columns = fill_columns(record)
    return columns, trade_table(columns, marks_of(record), record.splits)


def test_machine_code_finds_the_same_trades_to_the_last_bit(
    records: list[RunRecord], machine: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    for record in records:
        monkeypatch.setattr(calls, "compiled", plainly)
        _, plain = told(record)
        monkeypatch.setattr(calls, "compiled", machine)
        _, fast = told(record)
        for column in fields(TradeTable):
            one, other = getattr(plain, column.name), getattr(fast, column.name)
            assert one.tobytes() == other.tobytes(), column.name
    assert sum(len(record.fills) for record in records) > 10 * RUNS
    assert any(record.splits for record in records)


def test_machine_code_finds_the_same_figures_to_the_last_bit(
    records: list[RunRecord], machine: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    for record in records:
        found = []
        for compiled in (plainly, machine):
            monkeypatch.setattr(calls, "compiled", compiled)
            monkeypatch.setattr(scan, "compiled", compiled)
            result = result_of(record, strategy="Random", risk_free=0.02)
            found.append(repr(astuple(result.summary)))
        assert found[0] == found[1]


def test_a_run_known_by_its_columns_has_the_figures_of_its_record(
    records: list[RunRecord],
) -> None:
    for record in records:
        if record.splits:
            continue
        market = market_of(record, 0.02, 252.0)
        equity = record.equity[record.start : record.stop]
        found = summary_of(market, fill_columns(record), equity, tally_of(record))
        result = result_of(record, strategy="Random", risk_free=0.02)
        assert repr(astuple(found)) == repr(astuple(result.summary))


def test_what_trades_made_and_what_was_paid_besides_is_what_the_account_made(
    records: list[RunRecord],
) -> None:
    for record in records:
        columns, table = told(record)
        income = sum(flow.amount for flow in record.flows)
        made = record.equity[-1] - record.opening_cash
        assert table.profit.sum() + income == pytest.approx(made, abs=1e-6)
        assert table.commission.sum() == pytest.approx(columns.fee.sum(), abs=1e-6)
        left = {one.symbol: one.quantity for one in record.positions}
        for number, bars in enumerate(record.bars):
            mine = table.is_open & (table.symbol == number)
            assert table.quantity[mine].sum() == pytest.approx(left.get(bars.symbol, 0.0))


def test_columns_of_other_lengths_are_refused(records: list[RunRecord]) -> None:
    columns = next(fill_columns(record) for record in records if record.fills)
    with pytest.raises(ValueError, match=f"{len(columns) - 1}, {len(columns)}"):
        replace(columns, price=np.ones(len(columns) - 1))
