"""Parity of several strategies on one account: a symbol they share, one they do not."""

from __future__ import annotations

import numpy as np
import pytest

from framework.backtest.record import StrategyBook
from framework.backtest.roles import Fleet, Role
from framework.backtest.settings import BacktestSettings
from framework.components.breakers import DailyLoss
from framework.components.commission import IbkrTiered
from framework.components.sizing import PercentOfEquity
from framework.domain.bars import Bars
from framework.domain.orders import pct, points
from framework.strategy import Strategy
from tests.builders import bars_of, five_minutes
from tests.parity.comparing import assert_equal, played_twice
from tests.parity.programs import as_listed
from tests.parity.test_orders import rows


class Upward(Strategy):
    """Long with a bracket, then out by a verb."""

    every: int = 7

    def on_bar(self) -> None:
        count = len(self.data.close)
        if count % self.every == 2:
            self.go_long(stop_loss=pct(2), take_profit=points(2))
        elif count % self.every == 5:
            self.close()


class Downward(Strategy):
    """Short with a stop that follows, round, and orders of its own beside."""

    def on_bar(self) -> None:
        count = len(self.data.close)
        if count % 6 == 1:
            self.go_short(trail=pct(3))
        elif count % 6 == 4:
            self.go_long(stop_loss=points(1.5))
        if count % 9 == 3:
            self.buy(11, limit=self.data.close[-1] * 0.99, oca="own")
            self.sell(11, limit=self.data.close[-1] * 1.01, oca="own")


class Balanced(Strategy):
    """Divides its part between all symbols."""

    universe = True

    def on_bar(self) -> None:
        count = len(self.data.close)
        if count % 5 == 2:
            self.target_weights(dict.fromkeys(self.symbols, count % 3 / 4))


def shared(seed: int) -> list[Bars]:
    return [as_listed(bars_of(rows(seed + k), name)) for k, name in enumerate(("AAA", "BBB"))]


def ships() -> Fleet:
    return Fleet(
        (
            Role(Upward, {"every": 7}, ("AAA",), 0.4),
            Role(Upward, {"every": 4}, ("AAA", "BBB"), 0.3),
            Role(Downward, {}, ("AAA",), 0.3, "Bear"),
        )
    )


@pytest.mark.parametrize("seed", [7, 27])
def test_one_symbol_is_shared_and_one_is_not(seed: int) -> None:
    settings = BacktestSettings(commission=IbkrTiered(), sizer=PercentOfEquity(70.0))
    backtest, session = played_twice(ships(), shared(seed), settings)
    assert_equal(backtest, session)
    assert {book.name for book in backtest.strategies} == {"Upward", "Upward2", "Bear"}
    long, short = _sides(backtest.strategies, backtest.quantities["AAA"])
    assert long and short, "the account has been on both sides of what they share"
    for theirs, ours in zip(backtest.strategies, session.strategies, strict=True):
        assert (theirs.name, theirs.owners) == (ours.name, ours.owners)
        for name in ("equity", "cash", "commission"):
            assert getattr(theirs, name) == pytest.approx(getattr(ours, name), abs=1e-6)
        assert theirs.commission > 0.0


def _sides(books: tuple[StrategyBook, ...], net: np.ndarray) -> tuple[bool, bool]:
    assert len(books) == 3
    return bool((net > 0.0).any()), bool((net < 0.0).any())


def test_a_universe_beside_another_on_bars_of_minutes() -> None:
    bars = [as_listed(five_minutes(rows(number), 15, name)) for number, name in
            ((3, "AAA"), (4, "BBB"))]  # fmt: skip
    fleet = Fleet((Role(Balanced, {}, (), 0.5), Role(Downward, {}, ("BBB",), 0.5)))
    settings = BacktestSettings(breakers=(DailyLoss(2.0),))
    backtest, session = played_twice(fleet, bars, settings)
    assert_equal(backtest, session)
    assert {fill.order.id.split("-")[0] for fill in backtest.fills} == {"Balanced", "Downward"}
