"""A strategy of backtrader that does what a test says, and runs of it through our engine."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from framework.adopt.adopted import adopted
from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.domain.bars import Bars
from tests.builders import Row, bars_of, free

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import backtrader as bt

Act = Callable[["Scripted"], object]
RISING: list[Row] = [(100.0 + i, 101.5 + i, 99.5 + i, 101.0 + i) for i in range(12)]


class Scripted(bt.Strategy):
    """Does what the script says at the bar of that number, and notes what it is told."""

    script: ClassVar[dict[int, Act]] = {}
    told: ClassVar[list[tuple[int, str, str]]] = []
    seen: ClassVar[list[Any]] = []

    def next(self) -> None:
        act = self.script.get(len(self) - 1)
        if act is not None:
            self.seen.append(act(self))

    def notify_order(self, order: bt.Order) -> None:
        self.told.append((len(self) - 1, order.getordername(), order.getstatusname()))


def scripted(script: dict[int, Act]) -> type[Scripted]:
    class Once(Scripted):
        pass

    Once.script, Once.told, Once.seen = script, [], []
    return Once


def played(
    cls: type[bt.Strategy], bars: Bars | Sequence[Bars] | None = None, **changes: Any
) -> RunRecord:
    several = bars_of(RISING) if bars is None else bars
    record = run(adopted(cls), [several] if isinstance(several, Bars) else several, free(**changes))
    assert record.error == ""
    return record


def stopped(script: dict[int, Act]) -> str:
    """The error of a run that a script's act has ended."""
    return run(adopted(scripted(script)), [bars_of(RISING)], free()).error
