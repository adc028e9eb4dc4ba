"""Trades as columns: who closes what, in which order they are told, and what they add up to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from framework.domain.events import Split
from framework.research.fills import fill_columns
from framework.research.results import result_of
from framework.research.table import TradeTable, marks_of, trade_table
from framework.research.trades import OPEN, trades_from, trades_of
from tests.unit.records import bars_of, fill_of, record_of

A = bars_of([100, 101, 102, 103, 104, 105, 106], "AAA")
B = bars_of([50, 51, 52, 53, 54, 55, 56], "BBB")


def table_of(record) -> TradeTable:
    return trade_table(fill_columns(record), marks_of(record), record.splits)


def test_an_order_that_comes_back_to_a_lot_goes_on_with_the_same_trade() -> None:
    """In between it closes what its parent has opened once more."""
    fills = [
        fill_of(A, 1, 10, order="old"),
        fill_of(A, 1, 5, order="parent"),
        fill_of(A, 2, -8, order="child", parent="parent"),
        fill_of(A, 3, 5, order="parent"),
        fill_of(A, 4, -2, order="child", parent="parent"),
        fill_of(A, 5, -6, order="child", parent="parent"),
    ]
    trades = trades_of(record_of(A, fills))
    told = [(trade.entry_order, trade.quantity, trade.exit_reason) for trade in trades]
    assert told == [
        ("parent", 5.0, "strategy"),
        ("old", 6.0, "strategy"),
        ("parent", 5.0, "strategy"),
        ("old", 4.0, OPEN),
    ]
    assert trades[1].exit_price == pytest.approx((3 * A.open[2] + 3 * A.open[5]) / 6)


def test_what_is_open_is_told_by_time_then_symbol_by_symbol() -> None:
    fills = [
        fill_of(B, 1, 1, order="b1"),
        fill_of(A, 2, 1, order="a1"),
        fill_of(B, 2, 2, order="b2"),
        fill_of(A, 2, 2, order="a2"),
        fill_of(A, 3, 3, order="a3"),
    ]
    record = record_of([A, B], fills)
    orders = [record.fills[number].order.id for number in table_of(record).entry_fill]
    assert orders == ["b1", "b2", "a1", "a2", "a3"]


def test_a_split_after_a_symbol_s_last_bar_is_in_its_mark() -> None:
    """The other symbol's bars go on, so that the account has booked it."""
    short = B.take(0, 4)
    fills = [fill_of(short, 1, 10, 50.0, order="in")]
    split = Split("BBB", 2.0, 20.0, int(A.close_time[5]))
    record = replace(record_of([A, short], fills, fee=0.0), splits=(split,))
    table = table_of(record)
    assert table.quantity.tolist() == [20.0]
    assert table.entry_price.tolist() == [25.0]
    assert table.exit_price.tolist() == [26.5]
    assert table.profit.tolist() == pytest.approx([20 * 1.5])


def test_trades_of_a_table_are_plain_numbers() -> None:
    """What is written to files and shown must not depend on how it was worked out."""
    record = record_of(A, [fill_of(A, 1, 10, order="in"), fill_of(A, 3, -4, order="out")])
    fills = fill_columns(record)
    for trade in trades_from(record, fills, table_of(record)):
        assert {type(value) for value in (trade.profit, trade.entry_price, trade.quantity)} == {
            float
        }
        assert {type(value) for value in (trade.id, trade.bars, trade.exit_time)} == {int}
    assert trades_from(record, fills, table_of(record)) == trades_of(record)


def test_turnover_counts_the_multiplier() -> None:
    future = bars_of([100.0] * 5, multiplier=5.0)
    fills = [fill_of(future, 1, 10), fill_of(future, 3, -10)]
    summary = result_of(record_of(future, fills, fee=0.0), strategy="Test", periods=4.0).summary
    assert summary.activity.turnover == pytest.approx(2 * 10 * 100 * 5 / 100_000)


def test_a_run_without_fills_has_an_empty_table() -> None:
    record = record_of(A)
    assert len(table_of(record)) == 0
    assert trades_of(record) == ()
    assert np.isnan(result_of(record, strategy="Test").summary.activity.win_rate)
