"""A position that is to be closed is closed, even when no single bar can take all of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.components.liquidity import FixedUnits
from framework.domain.orders import Origin, Side, pct
from framework.strategy import Strategy
from tests.builders import bars_of, flat_rows, free, scripted

DAILY = [bars_of(flat_rows([100.0] * 16))]
THREE_A_BAR = replace(free(), liquidity=FixedUnits(3))


def played(script: dict[int, object]) -> RunRecord:
    record = run(scripted(script), DAILY, THREE_A_BAR)
    assert record.error == ""
    return record


def held(record: RunRecord) -> list[float]:
    return [float(units) for units in record.quantities["AAA"]]


def test_close_goes_on_until_nothing_is_held() -> None:
    record = played({0: lambda s: s.buy(9, limit=100.0, tif="GTC"), 5: lambda s: s.close()})
    assert held(record) == [0, 3, 6, 9, 9, 9, 6, 3, 0, 0, 0, 0, 0, 0, 0, 0]
    exits = [one for one in record.orders if one.order.origin is Origin.CLOSE]
    assert [one.filled for one in exits] == [3, 3, 3]
    assert [one.order.quantity for one in exits] == [9, 6, 3]


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_a_reversal_whose_order_expires_at_least_leaves_the_old_side(side: Side) -> None:
    there, back = (-9.0, Strategy.go_long) if side is Side.BUY else (9.0, Strategy.go_short)
    enter = Strategy.buy if there > 0.0 else Strategy.sell
    record = played(
        {0: lambda s: enter(s, 9, limit=100.0, tif="GTC"), 5: lambda s: back(s, stop_loss=pct(5))}
    )
    assert [abs(units) for units in held(record)[5:9]] == [9, 6, 3, 0]
    assert all(units * there >= 0.0 for units in held(record)[:9])


def test_target_to_the_other_side_leaves_the_old_one() -> None:
    record = played({0: lambda s: s.buy(9, limit=100.0, tif="GTC"), 5: lambda s: s.target(-6)})
    assert held(record)[5:9] == [9, 6, 3, 0]


def test_a_smaller_target_on_the_same_side_is_asked_for_once() -> None:
    record = played({0: lambda s: s.buy(9, limit=100.0, tif="GTC"), 5: lambda s: s.target(2)})
    assert held(record)[5:9] == [9, 6, 6, 6]


def test_a_close_the_strategy_calls_off_is_not_taken_up_again() -> None:
    def call_off(strategy: Strategy) -> None:
        for order in strategy.orders:
            strategy.cancel(order)

    record = played(
        {
            0: lambda s: s.buy(9, limit=100.0, tif="GTC"),
            5: [lambda s: s.close(), call_off],
        }
    )
    assert held(record)[5:9] == [9, 9, 9, 9]
