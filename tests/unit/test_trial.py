"""What a newcomer stumbled over: infinities, faulty components, runs that fail or do nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from framework import run_backtest
from framework.backtest.run import run
from framework.domain.instruments import Instrument
from framework.domain.orders import Side, TimeInForce
from framework.errors import StrategyError
from framework.research.backtest import StrategyStoppedError
from framework.series import Axis, Series, crosses_above
from framework.strategy import Strategy
from tests.builders import bars_of, flat_rows, free, played, scripted

ROOT = Path(__file__).parents[2]
INF = float("inf")


def test_infinity_is_above_every_number_and_equal_to_itself() -> None:
    axis = Axis(4)
    x = Series(np.array([1.0, INF, -INF, INF]), axis, "x")
    same = Series(np.array([INF, INF, -INF, 2.0]), axis, "same")
    assert list((x > 3.0).when_flat) == [False, True, False, True]
    assert list((x <= 3.0).when_flat) == [True, False, True, False]
    assert list((x == same).when_flat) == [False, True, True, False]
    assert list(crosses_above(x, Series(np.full(4, 2.0), axis, "two")).when_flat) == [
        False,
        True,
        False,
        True,
    ]


class Answers:
    """A sizer, a fee schedule and a slippage that answer what they are told."""

    def __init__(self, value: float) -> None:
        self.value = value

    def quantity(self, request: object) -> float:
        return self.value

    def fee(
        self,
        instrument: Instrument,
        quantity: float,
        notional: float,
        month_quantity: float,
        day: int,
    ) -> float:
        return self.value

    def price(
        self, instrument: Instrument, side: Side, price: float, quantity: float, volume: float
    ) -> float:
        return self.value


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("sizer", float("nan"), "The sizer Answers answered nan"),
        ("sizer", INF, "The sizer Answers answered inf"),
        ("sizer", -3.0, "The sizer Answers answered -3.0"),
        ("commission", float("nan"), "The commission Answers answered nan"),
        ("slippage", float("nan"), "The component Answers answered nan"),
        ("slippage", 90.0, "The slippage Answers improves a price of 100.0 to 90.0"),
    ],
)
def test_a_component_that_answers_nonsense_is_named(part: str, value: float, said: str) -> None:
    bars = bars_of(flat_rows([100.0] * 4))
    record = run(scripted({0: lambda s: s.go_long()}), [bars], free(**{part: Answers(value)}))
    assert said in record.error


def test_python_is_told_that_the_strategy_stopped_and_keeps_what_was_traded() -> None:
    class Raises(Strategy):
        def on_bar(self) -> None:
            if len(self.data) == 3:
                raise ValueError("of my own")
            self.go_long()

    with pytest.raises(StrategyStoppedError, match="of my own") as caught:
        run_backtest(Raises, data=bars_of(flat_rows([100.0] * 5)))
    assert len(caught.value.result.record.fills) == 1


def test_a_run_without_an_order_says_so() -> None:
    record = run(Strategy, [bars_of(flat_rows([100.0] * 3))], free())
    assert record.warnings == ("The strategy never sent an order.",)


def test_times_in_force_and_sides_are_taken_in_any_case() -> None:
    record = played(
        {0: [lambda s: s.buy(1, limit=90.0, tif="gtc"), _bracket]},
        bars_of(flat_rows([100.0] * 2)),
    )
    assert record.error == ""
    assert [item.order.tif for item in record.orders[:2]] == [TimeInForce.GTC, TimeInForce.DAY]


def _bracket(s: Strategy) -> object:
    return s.bracket("BUY", 1, stop_loss=90.0, take_profit=120.0)  # type: ignore[arg-type]


def test_a_slice_is_answered_with_the_way_to_write_it() -> None:
    with pytest.raises(StrategyError, match=r"last\(5\)"):
        Series(np.ones(3), Axis(3), "x")[-2:]  # type: ignore[index]


@pytest.mark.parametrize("command", ["components", "strategies", "version"])
def test_run_py_knows_the_other_commands(command: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "run.py"), command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.strip()
