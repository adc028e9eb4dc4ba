"""backtrader: feeds from pandas, preloaded and vectorised as by default, no observers."""

from __future__ import annotations

from functools import partial
from itertools import product

import backtrader as bt

from tests.benchmarks.outcome import Outcome, Program, Run
from tests.benchmarks.peers.frames import frames
from tests.benchmarks.workloads import (
    CASH,
    DAILY_LOSS,
    EPSILON,
    FAST,
    FEE,
    MINUTES_A_DAY,
    MOST,
    PORTFOLIO_FAST,
    PORTFOLIO_FEE,
    PORTFOLIO_SLOW,
    SHARE,
    SIZE,
    SLIPPAGE,
    SLOW,
    STOP,
    TARGET,
    TIE,
    Task,
)


class Counted(bt.Strategy):
    """Counts the trades that were closed."""

    def start(self) -> None:
        self.closed = 0

    def notify_trade(self, trade: bt.Trade) -> None:
        self.closed += trade.isclosed


class Averages(Counted):
    """The average rule on every feed."""

    params = (("fast", FAST), ("slow", SLOW))

    def __init__(self) -> None:
        self.lines_of = [
            (
                feed,
                bt.ind.SMA(feed.close, period=self.p.fast),
                bt.ind.SMA(feed.close, period=self.p.slow),
            )
            for feed in self.datas
        ]

    def next(self) -> None:
        for feed, fast, slow in self.lines_of:
            gap = fast[0] - slow[0]
            if not self.getposition(feed).size:
                if gap > EPSILON:
                    self.buy(data=feed, size=SIZE)
            elif gap < -EPSILON:
                self.sell(data=feed, size=SIZE)


class Bracketed(Counted):
    """Always in, by bracket orders."""

    def next(self) -> None:
        if self.position.size or len(self) < 2:
            return
        close = self.data.close[0]
        self.buy_bracket(
            size=SIZE,
            exectype=bt.Order.Market,
            stopprice=round(close * (1.0 - STOP) * 100.0) / 100.0,
            limitprice=round(close * (1.0 + TARGET) * 100.0) / 100.0,
        )


class Guarded(Averages):
    """The portfolio: sizes, the position limit and the loss limit are the strategy's own work."""

    params = (("fast", PORTFOLIO_FAST), ("slow", PORTFOLIO_SLOW))

    def start(self) -> None:
        super().start()
        self.opening = self.equity = CASH
        self.halted = False
        self.sides = [0] * len(self.datas)

    def prenext(self) -> None:
        self.watch()

    def next(self) -> None:
        self.watch()
        for number, (feed, fast, slow) in enumerate(self.lines_of):
            if abs(fast[0] - slow[0]) <= TIE * max(fast[0], slow[0]):
                continue
            side = 1 if fast[0] > slow[0] else -1
            crossed = side * self.sides[number] < 0
            self.sides[number] = side
            held = self.getposition(feed).size
            if crossed and side < 0 and held and not self.halted:
                self.close(data=feed)
            elif crossed and side > 0 and not held and not self.halted:
                self.buy(data=feed, size=min(SHARE, MOST) * self.equity // feed.close[0])

    def watch(self) -> None:
        """Start a session, or sell everything when too much of it is lost."""
        if (len(self) - 1) % MINUTES_A_DAY == 0:
            self.opening, self.halted = self.equity, False
        self.equity = self.broker.getvalue()
        if not self.halted and self.opening - self.equity >= self.opening * DAILY_LOSS:
            self.halted = True
            for feed in self.datas:
                if self.getposition(feed).size:
                    self.close(data=feed)


class Final(bt.Analyzer):
    """What is left of a run of an optimisation."""

    def stop(self) -> None:
        self.trades, self.value = self.strategy.closed, self.strategy.broker.getvalue()


def cerebro_of(task: Task, fee: float = FEE) -> bt.Cerebro:
    """Feeds and broker."""
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(CASH)
    cerebro.broker.setcommission(commission=fee)
    for number, frame in enumerate(frames(task)):
        feed = bt.feeds.PandasData(dataname=frame, openinterest=-1)
        cerebro.adddata(feed, name=f"I{number:03d}")
    return cerebro


def single(strategy: type[Counted], task: Task) -> Run:
    """One run."""
    cerebro = cerebro_of(task)
    cerebro.addstrategy(strategy)
    return lambda: Outcome.of(cerebro.run()[0].closed, cerebro.broker.getvalue())


def portfolio(task: Task) -> Run:
    """The run with slippage, also at the open and beyond the bar."""
    cerebro = cerebro_of(task, PORTFOLIO_FEE)
    cerebro.broker.set_slippage_perc(SLIPPAGE, slip_open=True, slip_out=True)
    cerebro.addstrategy(Guarded)
    return lambda: Outcome.of(cerebro.run()[0].closed, cerebro.broker.getvalue())


def sweep(task: Task) -> Run:
    """Its optimisation, on one core."""
    cerebro = cerebro_of(task)
    cerebro.addanalyzer(Final, _name="final")
    fast, slow = ({pair[side] for pair in task.pairs} for side in (0, 1))
    if list(product(sorted(fast), sorted(slow))) != list(task.pairs):
        raise ValueError("optstrategy takes whole grids only")
    cerebro.optstrategy(Averages, fast=sorted(fast), slow=sorted(slow))

    def run() -> Outcome:
        found = [one[0].analyzers.final for one in cerebro.run(maxcpus=1)]
        return Outcome([one.trades for one in found], [one.value - CASH for one in found])

    return run


PROGRAM = Program(
    bt.__version__,
    {
        "sma": partial(single, Averages),
        "panel": partial(single, Averages),
        "sweep": sweep,
        "bracket": partial(single, Bracketed),
        "portfolio": portfolio,
    },
)
