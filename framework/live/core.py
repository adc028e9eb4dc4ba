"""LiveCore: a strategy run along bars that become known one by one, as a backtest runs it along
bars that are known.

It knows no clock, no network and no mode: instants and a broker's news come in, orders go out.
"""

from __future__ import annotations

__all__ = ["LiveCore", "LiveMarket"]

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from framework.backtest.account import check_account
from framework.backtest.assembly import enlisted, is_patient, judge_of
from framework.backtest.cast import Cast, Stage
from framework.backtest.record import INTERRUPTED, RunRecord, StrategyBook
from framework.backtest.recorded import Played, books_of, recorded
from framework.backtest.roles import Strategies
from framework.backtest.settings import BacktestSettings
from framework.calendar import utc_text
from framework.components.limits import MaxGrossExposure
from framework.domain.events import Signal, Trip
from framework.domain.growing import BarRow
from framework.domain.instruments import Instrument
from framework.domain.joins import Join
from framework.domain.ledger import Ledger
from framework.domain.options import Quote
from framework.engine.blotter import Blotter
from framework.engine.engine import Engine
from framework.engine.history import Timeline
from framework.engine.orders import Door
from framework.engine.slot import Slot
from framework.errors import ConfigError, SlipwayError, StrategyError
from framework.live.ground import Ground
from framework.live.seat import Seat
from framework.ports import Broker

_log = logging.getLogger("slipway.live")

NO_QUOTES: Mapping[str, Quote] = MappingProxyType({})
"""Of a session that knows none."""


class LiveMarket(Protocol):
    """A market that moves when it is told to, such as the shadow broker's."""

    def advance(self, instant: int) -> None:
        """Let the bars that close at this instant meet the resting orders."""
        ...

    def admit(self, symbol: str, instant: int) -> None:
        """Let an option trade, from the instant after this one."""
        ...


class LiveCore:
    """One session of a strategy. When it is made, its history is behind it.

    Args:
        strategy: the class; one instance per symbol, or one for all if it says `universe = True`.
            Or several of them.
        parameters: of a strategy that is alone, by name.
        settings: the parts; their `start` and `begin` are left aside.
        ground: what the session has seen, the history it begins with.
        broker: where orders go. It is not asked for anything before the first instant.
        start: nanoseconds UTC before which bars are history only and nothing is ordered; None is
            the first instant after the history.
        market: moves with the instants, those of the history too; None where it moves by itself.

    Attributes:
        error: what stopped the strategy, empty while nothing has.
        day_open_equity: of the account at the last closes before the present session.
        ground: as given.

    Raises:
        LookaheadError: an indicator or condition knows the future of the history.
        InputError: for bars, settings or parameters that cannot be used; the strategy raised.
    """

    def __init__(
        self,
        strategy: Strategies,
        parameters: Mapping[str, object],
        settings: BacktestSettings,
        ground: Ground,
        broker: Broker,
        *,
        start: int | None = None,
        market: LiveMarket | None = None,
    ) -> None:
        self.ground = ground
        self.error = ""
        self._market = market
        self._start = _checked_start(ground, start)
        check_account(ground.bars, settings)
        stage = Stage(ground.bars, grows=True)
        settings = replace(settings, start=None)
        self._cast = Cast(strategy, ground.bars, settings, dict(parameters), stage)
        settings = self._cast.settings
        self._cast.inspect()
        self._done = 0
        self.day_open_equity = 0.0
        self._door = Door(broker, judge_of(settings))
        self._seats = [
            Seat(player, self._cast, self._door, ground, self._admit)
            for player in self._cast.players
        ]
        self._stations = [seat.station for seat in self._seats]
        self._door.open_for(self.slots, self._cast.spare_cash)
        self._engine = Engine(
            self._stations,
            self._door,
            settings.breakers,
            ground.times,
            ground.sessions,
            first=len(ground.times),
            is_watched=market is not None,
            is_patient=is_patient(settings.breakers),
        )
        self._guarded(self._warm_up)

    # what comes in --------------------------------------------------------------------------

    def instant(
        self, time: int, bars: Mapping[str, BarRow], quotes: Mapping[str, Quote] = NO_QUOTES
    ) -> None:
        """Everything that happens at an instant at which bars close.

        Args:
            time: nanoseconds UTC.
            bars: by symbol, what closes then; the other symbols keep their last bar.
            quotes: by symbol, best prices that what is decided now is checked against.

        Raises:
            DataError: the bars cannot be taken in; nothing has happened.
            StrategyError: the strategy raised, now or before: it is not called any more.
        """
        self._check_running()
        self._quote(quotes)
        k = self.ground.push(time, bars)
        if time < self._start:
            self._engine.first = k + 1
        elif k == self._engine.first:
            self._engine.is_watched = True
        self._guarded(lambda: self._go_on(k))

    def settle(self, quotes: Mapping[str, Quote] = NO_QUOTES) -> None:
        """Take in what the broker has reported since, and tell the strategies; nothing else.

        Args:
            quotes: as of `instant`.

        Raises:
            StrategyError: the strategy raised.
        """
        self._quote(quotes)
        if self.error:
            self._take_stock(self._done)
        else:
            self._guarded(lambda: self._engine.news(self._done))

    def join(self, joins: Sequence[Join]) -> None:
        """Take up sides at the next instant, once the strategies have decided there, where they
        have not decided otherwise."""
        self._engine.joins = tuple(joins)

    def signal(self, signal: Signal) -> None:
        """Take in an external prediction; it is told at the next bar at or after its time."""
        for seat in self._seats:
            seat.tell(signal)

    def doubt(self, reason: str) -> None:
        """Let nothing out that increases risk until the reason is taken back, by an empty one."""
        self._engine.doubt(reason)

    def cancel(self, order_id: str) -> None:
        """Cancel an order of a strategy's from outside it, as a command of the user's."""
        self._quote(NO_QUOTES)

        def act() -> None:
            self._door.cancel(order_id)
            self._engine.news(self._done)

        self._guarded(act)

    def strike(self, reason: str, flattens: bool, exclude: Collection[str]) -> None:
        """The kill switch: nothing is ordered any more, working orders are cancelled, and on demand
        positions closed; the strategy is called no more, and may have stopped already.

        Args:
            reason: why, in words.
            flattens: whether positions are closed.
            exclude: symbols whose positions are kept.
        """
        self._engine.strike(reason, flattens, exclude)
        self._take_stock(self._done)

    def lift(self) -> None:
        """The kill switch is taken back: the strategy goes on with what it holds now."""
        self._engine.lift()

    def cap(self, percent: float | None) -> None:
        """Hold all positions together, long plus short, to so many percent of equity; None lifts
        that."""
        self._door.judge.hold(None if percent is None else MaxGrossExposure(percent))

    def use(self, broker: Broker) -> None:
        """Send orders to another broker from here on, such as once a journal is replayed."""
        self._door.use(broker)

    def stop(self) -> None:
        """The session is over; nothing is flattened."""
        if not self.error:
            self._guarded(self._engine.stop)

    # what has come of it --------------------------------------------------------------------

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The strategy instances with their ledgers, in order."""
        return tuple(station.slot for station in self._stations)

    @property
    def ledgers(self) -> tuple[Ledger, ...]:
        """Those of the instances, and the account's own for what belongs to none."""
        return (*(slot.ledger for slot in self.slots), self.blotter.spare)

    @property
    def blotter(self) -> Blotter:
        """Orders, fills, fees and refusals."""
        return self._door.blotter

    @property
    def equity(self) -> float:
        """Of the account, at the last closes."""
        total = self.blotter.spare.cash
        for slot in self.slots:
            total += slot.equity()
        return total

    @property
    def trips(self) -> Sequence[Trip]:
        """Every breaker that has tripped, oldest first."""
        return self._engine.trips

    @property
    def strategies(self) -> tuple[StrategyBook, ...]:
        """The books of several strategies at the last closes; none of one alone."""
        return books_of(self._cast, self.slots)

    @property
    def is_trading(self) -> bool:
        """Whether orders are allowed by now."""
        return self._done > self._engine.first

    def trades_at(self, time: int) -> bool:
        """Whether orders are allowed at an instant yet to come."""
        return time >= self._start

    def record(self) -> RunRecord:
        """Everything that has happened so far, as a backtest records it."""
        bars = self.ground.bars
        played = Played(
            self._cast,
            bars,
            self.ground.listed,
            Timeline(bars),
            self._engine.first,
            self._done,
            self._stations,
            self.blotter,
            self._engine,
        )
        return recorded(played, self.error)

    # parts ----------------------------------------------------------------------------------

    def _quote(self, quotes: Mapping[str, Quote]) -> None:
        """Whatever is decided until the next input is checked against these."""
        for slot in self.slots:
            slot.quotes = quotes

    def _warm_up(self) -> None:
        """Go through the history, as a backtest does before its start."""
        for k in range(len(self.ground.times)):
            self._move(k)

    def _go_on(self, k: int) -> None:
        options = {}
        for seat in self._seats:
            options.update(seat.grow(k))
        self.ground.carry(options)
        self._move(k)

    def _move(self, k: int) -> None:
        if k == 0 or self.ground.sessions[k] != self.ground.sessions[k - 1]:
            self.day_open_equity = self.equity
        self._done = k + 1
        if self._market is not None:
            self._market.advance(k)
        self._engine.instant(k)

    def _admit(self, slot: Slot, contract: Instrument) -> None:
        """Let an option be traded from here on."""
        bars = enlisted(slot, contract)
        if contract.symbol not in self.ground.lines:
            self.ground.admit(bars)
            if self._market is not None:
                self._market.admit(contract.symbol, self._done - 1)

    def _check_running(self) -> None:
        if self.error:
            raise StrategyError(f"The strategy has stopped: {self.error}", "Start it anew.")

    def _guarded(self, step: Callable[[], None]) -> None:
        """Do a step in which the strategy is called; once it has raised it is called no more."""
        try:
            step()
        except KeyboardInterrupt:
            self.error = INTERRUPTED
            self._take_stock(self._done - 1)
            raise
        except SlipwayError as error:
            self.error = self._cast.blamed(error, str(error))
            self._take_stock(self._done - 1)
            raise
        except Exception as error:  # the strategy is the user's code: anything may come out of it
            self.error = self._cast.blamed(error, f"{type(error).__name__}: {error}")
            self._take_stock(self._done - 1)
            _log.debug("The strategy raised.", exc_info=error)
            raise StrategyError(f"{self.error}.", "Nothing was flattened.") from error

    def _take_stock(self, k: int) -> None:
        """Fold what the broker did by instant `k`, without telling the strategy."""
        self._door.settle()
        self._engine.note_change(k)


def _checked_start(ground: Ground, start: int | None) -> int:
    last = ground.times[-1] if ground.times else None
    if last is None:
        return 0 if start is None else start
    if start is None:
        return last + 1
    if start <= last:
        raise ConfigError(
            f"Trading would start at {utc_text(start)}, and the history ends at {utc_text(last)}.",
            "Give a history that ends before the start.",
        )
    return start
