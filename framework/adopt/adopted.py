"""Adoption: an existing strategy class of backtrader, unchanged, as a strategy of ours."""

from __future__ import annotations

__all__ = ["AdoptedStrategy", "adopted", "is_adoptable"]

from ast import literal_eval
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from io import StringIO
from typing import Any, ClassVar, TextIO

import backtrader as bt
import numpy as np

from framework.adopt.broker import DeskBroker
from framework.adopt.cerebro import Stepper
from framework.adopt.feed import BarByBar, ExchangeClock, Row
from framework.adopt.sizers import sizer_of
from framework.calendar import TradingCalendar
from framework.domain.events import Fill, OrderUpdate
from framework.strategy import Strategy
from framework.views import MarketData

_MINUTE = 60 * 10**9
_HINTS: dict[type, Any] = {
    bool: bool,
    int: int | float,
    float: float,
    str: str,
    type(None): object,
}
"""Types of defaults that can be given on a command line, and what may replace them."""


class AdoptedStrategy(Strategy):
    """Lets a strategy of backtrader do one bar whenever one of ours closes.

    It sees every symbol of the run as its datas, in order.
    """

    universe = True

    _class: ClassVar[type[Any]]
    _names: ClassVar[Mapping[str, str]]
    _takes_sizer: ClassVar[bool]

    def __init__(self, parameters: Mapping[str, object] | None = None) -> None:
        super().__init__(parameters)
        self._events: list[Fill | OrderUpdate] = []
        self._seen: dict[str, int] = {}
        self._stepper: Stepper | None = None
        if self._sizer_text:
            sizer_of(self._sizer_text, self._class.__module__)

    def on_fill(self, fill: Fill) -> None:
        """Keep it for the strategy's next bar, which is when backtrader tells."""
        self._events.append(fill)

    def on_order(self, update: OrderUpdate) -> None:
        """Keep it for the strategy's next bar, which is when backtrader tells."""
        self._events.append(update)

    def on_bar(self) -> None:
        """Let the strategy do its bar."""
        with self._silence():
            stepper, broker = self._running()
            if stepper.asked_to_stop:
                return
            for time, rows in self._unseen():
                stepper.advance(self._clock.number(time), rows)
            events, self._events = self._events, []
            broker.take(events)
            stepper.step()
            broker.flush()

    def on_stop(self) -> None:
        """Let the strategy's own `stop` run."""
        if self._stepper is not None:
            self._stepper.close()

    def _running(self) -> tuple[Stepper, DeskBroker]:
        """The stepper and its broker; the strategy is made before its first bar."""
        if self._stepper is None:
            markets = {symbol: self.data[symbol] for symbol in self.symbols}
            self._seen = dict.fromkeys(markets, 0)
            zone = TradingCalendar(self.data.instrument.calendar).tz
            self._clock = ExchangeClock(zone)
            self._broker = DeskBroker(
                self._desk, self._clock, {s: data.instrument for s, data in markets.items()}
            )
            feeds = {symbol: BarByBar.of(symbol, data.frame) for symbol, data in markets.items()}
            self._stepper = Stepper(feeds, self._broker)
            given = {theirs: self._value(ours) for ours, theirs in self._names.items()}
            text = self._sizer_text
            sizer = sizer_of(text, self._class.__module__) if text else None
            end = self._clock.number(self._session_close())
            self._stepper.open(self._class, given, sizer, end)
        return self._stepper, self._broker

    def _value(self, name: str) -> object:
        """A parameter's value; text for one that was None is read as Python where it is."""
        value: object = getattr(self, name)
        if getattr(type(self), name) is None and isinstance(value, str):
            try:
                value = literal_eval(value)
            except (SyntaxError, ValueError):
                return value
        return value

    @property
    def _sizer_text(self) -> str:
        return str(getattr(self, "sizer", "")) if self._takes_sizer else ""

    def _unseen(self) -> Iterator[tuple[int, dict[str, Row]]]:
        """The bars not handed on yet, by the instant they closed; several only after a halt."""
        now = self._desk.now()
        found: dict[int, dict[str, Row]] = {}
        for symbol, seen in self._seen.items():
            data = self.data[symbol]
            for back in range(len(data) - seen, 0, -1):
                time = now if back == 1 and data.is_fresh else _close_time(data, back)
                found.setdefault(time, {})[symbol] = _row(data, back)
            self._seen[symbol] = len(data)
        return iter(sorted(found.items()))

    def _session_close(self) -> int:
        """Nanoseconds UTC at which the present session of the first symbol with bars closes."""
        data = next(self.data[s] for s in self.symbols if self.data[s].is_fresh)
        return self._desk.now() + int(data.minutes_to_close[-1] * _MINUTE)

    def _silence(self) -> AbstractContextManager[TextIO | None]:
        """A run that only checks prints nothing."""
        return redirect_stdout(StringIO()) if self._muted else nullcontext()


def is_adoptable(cls: type) -> bool:
    """Whether a class is a strategy of backtrader."""
    return issubclass(cls, bt.Strategy)


def adopted(cls: type[Any]) -> type[AdoptedStrategy]:
    """The strategy class of ours that runs a strategy class of backtrader, unchanged.

    Its parameters are those of `params` whose defaults are numbers, texts, True, False or None;
    one that has the name of an attribute of ours gets an underscore behind it. Besides, `sizer`
    takes the place of `cerebro.addsizer`, such as "PercentSizer(percents=20)".

    Args:
        cls: a subclass of `bt.Strategy`.
    """
    names: dict[str, str] = {}
    defaults: dict[str, object] = {}
    hints: dict[str, Any] = {}
    taken = {*dir(AdoptedStrategy), *AdoptedStrategy.__annotations__, "data"}
    for theirs, default in cls.params._getitems():
        hint = _HINTS.get(type(default))
        if hint is None or theirs.startswith("_"):
            continue
        ours = f"{theirs}_" if theirs in taken else theirs
        names[ours], defaults[ours], hints[ours] = theirs, default, hint
    takes_sizer = "sizer" not in cls.params._getkeys()
    if takes_sizer:
        defaults["sizer"], hints["sizer"] = "", str
    body = defaults | {
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": cls.__doc__,
        "__annotations__": hints,
        "_class": cls,
        "_names": names,
        "_takes_sizer": takes_sizer,
    }
    return type(cls.__name__, (AdoptedStrategy,), body)


def _row(data: MarketData, back: int) -> Row:
    return Row(
        data.open[-back], data.high[-back], data.low[-back], data.close[-back], data.volume[-back]
    )


def _close_time(data: MarketData, back: int) -> int:
    calendar = TradingCalendar(data.instrument.calendar)
    close = calendar.session_close_of(np.array([int(data.session[-back])]))[0]
    return int(close) - int(data.minutes_to_close[-back] * _MINUTE)
