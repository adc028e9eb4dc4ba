"""What the checks of one request read, looked up once."""

from __future__ import annotations

from framework import Strategy
from framework.backtest.cast import Cast
from framework.backtest.machine import Machine
from framework.backtest.settings import BacktestSettings
from framework.domain.ledger import Position
from framework.engine.moment import Moment, account_equity, moment_of
from tests.builders import bars_of, flat_rows


class Idle(Strategy):
    """Does nothing; each instrument has a slot of its own."""


def test_a_moment_is_of_the_whole_account() -> None:
    bars = tuple(
        bars_of(flat_rows([price] * 3), name) for name, price in (("A", 10.0), ("B", 20.0))
    )
    blotter = Machine(Cast(Idle, bars, BacktestSettings(cash=1_000.0), {}), {}).blotter
    first, second = blotter.slots
    blotter.spare.cash = 7.0
    for slot in blotter.slots:
        slot.world.move(1)
    first.ledger.positions["A"] = Position("A", 3.0, 9.0)
    second.ledger.positions["B"] = Position("B", -2.0, 21.0)
    own = second.ledger.cash - 2.0 * 20.0
    whole = 7.0 + first.ledger.cash + 3.0 * 10.0 + own
    expected = Moment(5, 4, second.instrument("B"), 20.0, own, whole)
    assert moment_of(blotter, second, "B", 5, 4) == expected
    assert account_equity(blotter) == whole
