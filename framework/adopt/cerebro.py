"""Stepper: backtrader's Cerebro without its loop; the strategy does one bar when it is told to."""

from __future__ import annotations

__all__ = ["Stepper"]

from collections.abc import Mapping
from typing import Any

import backtrader as bt

from framework.adopt.broker import DeskBroker
from framework.adopt.feed import BarByBar, Row
from framework.errors import StrategyError

_INDICATORS = bt.LineIterator.IndType


class Stepper(bt.Cerebro):  # type: ignore[misc]
    """One strategy of backtrader, its feeds, indicators and timers, moved from outside.

    Args:
        feeds: what it trades, in order.
        broker: where its orders go.
    """

    def __init__(self, feeds: Mapping[str, BarByBar], broker: DeskBroker) -> None:
        super().__init__()
        for symbol, feed in feeds.items():
            self.adddata(feed, name=symbol)
        self.broker = broker
        self.runningstrats: list[Any] = []
        self._event_stop = False
        self._timers: list[Any] = []
        self._present = 0.0
        self._waiting = False

    def open(
        self,
        strategy: type[Any],
        parameters: Mapping[str, object],
        sizer: tuple[type[Any], Mapping[str, object]] | None,
        session_end: float,
    ) -> None:
        """Make the strategy: its `__init__` and its `start` run here, before any bar.

        Args:
            strategy: the class.
            parameters: by its own names.
            sizer: a sizer class and its parameters; None leaves the strategy its own.
            session_end: when the first session ends, as backtrader's number.

        Raises:
            StrategyError: for a timer that wants to act before the bar's fills.
        """
        for cache in (bt.linebuffer.LineActions, bt.indicator.Indicator):
            cache.cleancache()
            cache.usecache(False)
        self._init_stcount()
        self._broker.start()
        for data in self.datas:
            data.p.sessionend = bt.num2date(session_end).time()
            data.reset()
            data._start()
        made = strategy(*self.datas, **parameters)
        self.runningstrats = [made]
        self._broker.serve(made)
        if sizer is not None:
            made._addsizer(sizer[0], **sizer[1])
        made._settz(None)
        made._start()
        self._start_timers(strategy.__name__)

    def advance(self, number: float, rows: Mapping[str, Row]) -> None:
        """Let the bars that closed at `number` become the present ones.

        A bar the strategy was not asked about (the account was halted) still moves its indicators.
        """
        if self._waiting:
            self._skip()
        for symbol, row in rows.items():
            self.datasbyname[symbol].give(number, row)
        self._present = number
        self._waiting = True

    def step(self) -> None:
        """Deliver notifications, ring the timers, and let the strategy do its present bar."""
        self._brokernotify()
        self._check_timers(self.runningstrats, self._present)
        for strategy in self.runningstrats:
            strategy._next()
        self._waiting = False

    def close(self) -> None:
        """Let the strategy know that it is over; its `stop` runs here."""
        for strategy in self.runningstrats:
            strategy._stop()
        self.runningstrats = []

    @property
    def asked_to_stop(self) -> bool:
        """Whether the strategy called `env.runstop()`."""
        return self._event_stop

    def _start_timers(self, name: str) -> None:
        for timer in self._pretimers:
            if timer.p.cheat:
                raise StrategyError(
                    f"{name} has a timer with cheat=True, which acts before the bar's fills.",
                    "Leave cheat out: an order can only act on bars that are over.",
                )
            timer.start(self.datas[0])
        self._timers = list(self._pretimers)

    def _skip(self) -> None:
        for strategy in self.runningstrats:
            strategy._clk_update()
            for indicator in strategy._lineiterators[_INDICATORS]:
                indicator._next()
