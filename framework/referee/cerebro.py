"""Cerebro: backtrader's engine takes a run of ours through its instants."""

from __future__ import annotations

__all__ = ["on_cerebro"]

from collections.abc import Callable, Sequence

import backtrader as bt

from framework.backtest.machine import Drive
from framework.domain.bars import Bars
from framework.referee.broker import CerebroBroker
from framework.referee.feed import BarsFeed


class _Bridge(bt.Strategy):  # type: ignore[misc]
    """The strategy Cerebro sees: at each instant it lets our engine do one.

    Parameters: `broker`, a CerebroBroker; `step`, called with the number of the instant;
    `after`, called when an instant is over.
    """

    params = (("broker", None), ("step", None), ("after", None))

    def start(self) -> None:
        self.instants = 0
        self.p.broker.attach(self, {data._name: data for data in self.datas})

    def notify_order(self, order: object) -> None:
        self.p.broker.hear(order)

    def prenext(self) -> None:
        """Some instrument has no bar yet."""
        self.next()

    def next(self) -> None:
        self.p.step(self.instants)
        self.instants += 1
        if self.p.after is not None:
            self.p.after()


def on_cerebro(
    broker: CerebroBroker, bars: Sequence[Bars], after: Callable[[], None] | None = None
) -> Drive:
    """What takes a run through its instants on Cerebro.

    Args:
        broker: the broker Cerebro is to use.
        bars: one per symbol, in subscription order.
        after: called when an instant is over.
    """

    def drive(total: int, step: Callable[[int], None]) -> None:
        cerebro = bt.Cerebro(stdstats=False)
        cerebro.broker = broker.back
        for one in bars:
            cerebro.adddata(BarsFeed(bars=one), name=one.symbol)
        cerebro.addstrategy(_Bridge, broker=broker, step=step, after=after)
        cerebro.run()

    return drive
