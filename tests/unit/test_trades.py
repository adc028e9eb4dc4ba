"""Trades: first in first out, parents first, splits, reversals, R multiples and excursions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.orders import Offset, Origin, Side
from framework.research.trades import OPEN, Trade, trades_of
from tests.unit.records import bars_of, fill_of, record_of, stop_of

BARS = bars_of([100, 102, 104, 110, 108, 90, 95, 96])


def brief(trade: Trade) -> tuple[Side, float, float, float, str]:
    return (trade.side, trade.quantity, trade.entry_price, trade.exit_price, trade.exit_reason)


B, S = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("fills", "expected"),
    [
        pytest.param([(1, 10), (3, -10)], [(B, 10, 100, 104, "strategy")], id="long"),
        pytest.param([(1, -10), (3, 10)], [(S, 10, 100, 104, "strategy")], id="short"),
        pytest.param(
            [(1, 10), (3, -4), (5, -6)],
            [(B, 4, 100, 104, "strategy"), (B, 6, 100, 108, "strategy")],
            id="a partial close splits the trade",
        ),
        pytest.param(
            [(1, 10), (2, 5), (3, -12)],
            [
                (B, 10, 100, 104, "strategy"),
                (B, 2, 102, 104, "strategy"),
                (B, 3, 102, 96, OPEN),
            ],
            id="first in first out",
        ),
        pytest.param(
            [(1, 10), (3, -15), (5, 5)],
            [(B, 10, 100, 104, "strategy"), (S, 5, 104, 108, "strategy")],
            id="a reversal closes and opens",
        ),
        pytest.param([(1, -10)], [(S, 10, 100, 96, OPEN)], id="open, marked at the last close"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_matching(fills, expected) -> None:
    record = record_of(BARS, [fill_of(BARS, row, quantity) for row, quantity in fills])
    trades = trades_of(record)
    assert [brief(trade) for trade in trades] == expected
    assert [trade.id for trade in trades] == list(range(1, len(expected) + 1))


def test_a_protective_fill_closes_what_its_parent_opened_first() -> None:
    first = fill_of(BARS, 1, 10, order="first")
    second = fill_of(BARS, 2, 5, order="second")
    stop = fill_of(BARS, 3, -7, parent="second", origin=Origin.STOP_LOSS)
    trades = trades_of(record_of(BARS, [first, second, stop]))
    assert [(t.entry_order, t.quantity, t.exit_reason) for t in trades] == [
        ("second", 5, "stop_loss"),
        ("first", 2, "stop_loss"),
        ("first", 8, OPEN),
    ]


def test_symbols_do_not_mix() -> None:
    other = bars_of([10, 11, 12, 13, 14, 15, 16, 17], "BBB")
    fills = [fill_of(BARS, 1, 10), fill_of(other, 2, -10), fill_of(BARS, 3, -10)]
    trades = trades_of(record_of([BARS, other], fills))
    assert [(t.symbol, t.is_open) for t in trades] == [("AAA", False), ("BBB", True)]


def test_commission_and_slippage_are_shared_by_quantity() -> None:
    fills = [
        fill_of(BARS, 1, 10, slip=0.5),
        fill_of(BARS, 3, -4, slip=0.25),
        fill_of(BARS, 4, -6),
    ]
    first, second = trades_of(record_of(BARS, fills, fee=5.0))
    assert first.commission == pytest.approx(5 * 0.4 + 5)
    assert second.commission == pytest.approx(5 * 0.6 + 5)
    assert first.slippage == pytest.approx(4 * 0.75)
    assert second.slippage == pytest.approx(6 * 0.5)
    assert first.profit == pytest.approx(4 * (103.75 - 100.5) - 7)
    assert first.return_percent == pytest.approx(100 * first.profit / (4 * 100.5))


def test_the_multiplier_counts_in_money() -> None:
    bars = bars_of([100, 102, 104, 110], multiplier=50)
    (trade,) = trades_of(record_of(bars, [fill_of(bars, 1, 2), fill_of(bars, 3, -2)], fee=0))
    assert trade.profit == 400
    assert trade.return_percent == pytest.approx(4)
    assert (trade.best_excursion, trade.worst_excursion) == (500, -100)


@pytest.mark.parametrize(
    ("quantity", "stop", "expected"),
    [
        (10, {"stop": 98.0}, 2.0),
        (10, {"stop": 101.0}, None),
        (-10, {"stop": 102.0}, -2.0),
        (10, {"trail": Offset(amount=4.0)}, 1.0),
        (10, {"trail": Offset(percent=1.0)}, 4.0),
    ],
)
def test_r_multiple_counts_the_risk_to_the_first_stop(quantity, stop, expected) -> None:
    entry = fill_of(BARS, 1, quantity)
    orders = [stop_of(entry, **stop), stop_of(entry, stop=50.0)]
    fills = [entry, fill_of(BARS, 3, -quantity)]
    (trade,) = trades_of(record_of(BARS, fills, fee=0, orders=orders))
    assert trade.r_multiple == pytest.approx(expected)


def test_no_stop_no_r_multiple() -> None:
    (trade,) = trades_of(record_of(BARS, [fill_of(BARS, 1, 10)]))
    assert trade.r_multiple is None


@pytest.mark.parametrize(
    ("entry", "leave", "best", "worst"),
    [
        pytest.param((1, None), (3, None), 5, -1, id="entered at the open: its whole bar"),
        pytest.param((1, 101.0), (3, None), 4, 0, id="entered inside: only that bar's close"),
        pytest.param((1, 101.0), (3, 107.0), 6, 0, id="left inside: not that bar's high"),
        pytest.param((4, None), (5, 99.0), 1, -11, id="stopped: nothing below the exit"),
        pytest.param((4, None), (4, 109.5), 0, -0.5, id="in and out within a bar"),
        pytest.param((4, None), None, 1, -21, id="open: the last bar counts whole"),
    ],
)
def test_excursions(entry, leave, best, worst) -> None:
    fills = [fill_of(BARS, entry[0], 1, entry[1])]
    if leave is not None:
        fills.append(fill_of(BARS, leave[0], -1, leave[1]))
    (trade,) = trades_of(record_of(BARS, fills))
    assert (trade.best_excursion, trade.worst_excursion) == (best, worst)


def test_a_fill_at_the_decision_close_did_not_live_through_that_bar() -> None:
    bars = bars_of([100, 100, 100, 100])
    entry = fill_of(bars, 1, 1)
    entry = replace(entry, order=replace(entry.order, time=entry.time))
    (trade,) = trades_of(record_of(bars, [entry, fill_of(bars, 2, -1)]))
    assert (trade.best_excursion, trade.worst_excursion) == (0, 0)


@pytest.mark.parametrize(("leave", "bars"), [((1, 101.0), 0), ((3, None), 2), (None, 6)])
def test_bars_held(leave, bars) -> None:
    fills = [fill_of(BARS, 1, 1)]
    if leave is not None:
        fills.append(fill_of(BARS, leave[0], -1, leave[1]))
    assert trades_of(record_of(BARS, fills))[0].bars == bars


def test_a_run_cut_short_is_marked_where_it_stopped() -> None:
    record = replace(record_of(BARS, [fill_of(BARS, 1, 10)]), stop=4)
    (trade,) = trades_of(record)
    assert (trade.exit_price, trade.exit_time) == (110, BARS.close_time[3])
    assert trade.best_excursion == 110


@given(st.lists(st.integers(-9, 9).filter(bool), min_size=1, max_size=7))
def test_profits_add_up_to_the_equity(quantities) -> None:
    fills = [fill_of(BARS, row, quantity, slip=0.1) for row, quantity in enumerate(quantities, 1)]
    record = record_of(BARS, fills, fee=1.5)
    trades = trades_of(record)
    assert sum(t.profit for t in trades) == pytest.approx(
        record.equity[-1] - record.opening_cash, abs=1e-6
    )
    assert sum(t.commission for t in trades) == pytest.approx(1.5 * len(fills))
    held = sum(t.side * t.quantity for t in trades if t.is_open)
    assert held == sum(quantities)
    assert all(t.worst_excursion <= 0 <= t.best_excursion for t in trades)
