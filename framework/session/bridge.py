"""Bridge: the synchronous core between its journal and its broker: what it is told is written down
first, and after a restart it is told the same again."""

from __future__ import annotations

__all__ = ["Bridge", "Cargo", "OwnMarket"]

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Protocol

from framework.backtest.roles import Strategies, owned_settings
from framework.backtest.settings import BacktestSettings
from framework.domain.bars import Bars
from framework.domain.events import OrderUpdate, Signal
from framework.domain.growing import BarRow
from framework.domain.joins import Join
from framework.domain.options import Quote
from framework.domain.orders import Order, OrderStatus
from framework.engine.journal import Journal
from framework.engine.journal_replay import Recovered
from framework.engine.journal_rows import (
    Entry,
    Heard,
    History,
    Instant,
    Intent,
    Joined,
    News,
    Row,
    SeenQuote,
    Started,
    Stopped,
    Submit,
    Woken,
)
from framework.engine.journalled import JournalledBroker, Quotes, ReplayBroker, is_exit
from framework.errors import DataError
from framework.live.core import LiveCore, LiveMarket
from framework.live.ground import Ground
from framework.operations.stop_flag import Strike, strike_of
from framework.ports import Broker
from framework.session.gate import Gate
from framework.session.joining import Joiner
from framework.session.topics import Topic


@dataclass(frozen=True, slots=True)
class Cargo:
    """What a session sails with.

    Attributes:
        strategy: the class, or several of them.
        parameters: of a strategy that is alone, by name.
        settings: the parts.
        start: nanoseconds UTC before which bars are history only; None is the first instant after
            the history.
    """

    strategy: Strategies
    parameters: Mapping[str, object]
    settings: BacktestSettings
    start: int | None = None


class OwnMarket(Broker, LiveMarket, Protocol):
    """A market on this machine, which the session moves along its bars."""

    def begin(self, ground: Ground, settings: BacktestSettings) -> None:
        """Trade on what a session sees, with these parts."""
        ...


class Bridge:
    """One session's core, which hears of nothing that is not in the journal.

    Args:
        cargo: what sails.
        journal: written first.
        broker: where orders go once they are written.
        clock: nanoseconds UTC, the session's.
        quotes: best prices, written beside each order and told to the core with each input; None
            where there are none.
        market: the same as the broker, where orders end on this machine; None where they leave it.
        gate: holds orders back on their way to the broker; None where none are held.

    Attributes:
        core: the strategies at work, once `begin` or `recover` was called.
        joiner: works out which sides are taken up at the first decision.
        joined: the sides taken up at the first decision that comes in time and without a doubt;
            None before it, or where none are to be.
    """

    def __init__(
        self,
        cargo: Cargo,
        journal: Journal,
        broker: Broker,
        clock: Callable[[], int],
        quotes: Quotes | None = None,
        market: OwnMarket | None = None,
        gate: Gate | None = None,
    ) -> None:
        self._market = market
        self._cargo = cargo
        self.joiner = Joiner(cargo.strategy, cargo.parameters, cargo.settings)
        self._is_to_join = cargo.settings.begin == "join"
        self._journal = journal
        self._clock = clock
        self._quotes = quotes
        self._day = 0
        self.joined: tuple[Join, ...] | None = None
        self._doubt = ""
        self._cap = ""
        holds = None if gate is None else gate.holds
        self._broker = JournalledBroker(broker, journal, clock, lambda: self._day, quotes, holds)
        if gate is not None:
            gate.owner = self
        self.core: LiveCore = None  # type: ignore[assignment]  # begin or recover makes it

    # beginning -------------------------------------------------------------------------------

    def begin(
        self, started: Started, history: Sequence[Bars], signals: Sequence[Signal] = ()
    ) -> None:
        """Begin where there is no journal yet.

        Args:
            started: of the session.
            history: what is known of each symbol.
            signals: predictions known by now; those of the history are told along it.
        """
        now, started = self._clock(), self._with_cash(started)
        self.joiner.signals = tuple(signals)
        heard = (Heard(now, one) for one in signals)
        self._journal.append(started, *heard, *(History(now, bars) for bars in history))
        self.core = self._made(history, self._broker, signals)

    def recover(
        self,
        started: Started,
        entries: Sequence[Entry],
        goes_on: Callable[[Recovered], None] | None = None,
    ) -> Recovered:
        """Tell the core everything it was told before, and compare what it decides.

        Args:
            started: of the session that begins.
            entries: the journal's rows.
            goes_on: called where the journal ends while the core still acts upon the last input;
                what it does from there on goes to the broker, as if there had been no break. None
                where time has gone on: then it is left pending.

        Returns:
            What the replay leaves to be done.

        Raises:
            DivergenceError: it decides otherwise now. Nothing is sent.
            DataError: the journal has no history, or one of other symbols.
        """
        history = [entry.row.bars for entry in entries if isinstance(entry.row, History)]
        if not history:
            raise DataError(
                "The journal holds no history to begin with.", "Begin a new one: --journal FILE."
            )
        first = next(n for n, entry in enumerate(entries) if isinstance(entry.row, History))
        begun = [entry.row.signal for entry in entries[:first] if isinstance(entry.row, Heard)]
        ended: list[Recovered] = []

        def end(recovered: Recovered) -> None:
            ended.append(recovered)
            self._journal.append(self._with_cash(started))
            self._broker.resume(recovered)
            self._give_up_held()

        def go_on(recovered: Recovered) -> Broker:
            end(recovered)
            assert goes_on is not None
            goes_on(recovered)
            return self._broker

        replay = ReplayBroker(
            [one for n, one in enumerate(entries) if n > first or not isinstance(one.row, Heard)],
            self._cargo.settings.cash,
            behind=self._market,
            goes_on=None if goes_on is None else go_on,
        )
        self.core = self._made(history, replay, begun)
        self.joiner.signals = tuple(begun)
        for row in replay.inputs():
            self._repeat(row)
        self._is_to_join = self._is_to_join and not self.core.is_trading
        recovered = replay.finish()
        if not ended:
            end(recovered)
        self.core.use(self._broker)
        return ended[0]

    def _give_up_held(self) -> None:
        """Orders that were held when the session before ended were never sent."""
        time, words = self._clock(), "never sent: the session ended before it was cleared"
        held = self._journal.facts.held.values()
        self._broker.inject(
            [OrderUpdate(order, OrderStatus.REJECTED, time, words) for order in held]
        )

    def _with_cash(self, started: Started) -> Started:
        return replace(started, cash=self._cargo.settings.cash)

    def _repeat(self, row: Row) -> None:
        """Tell the core what it was told before."""
        match row:
            case Instant():
                self._day = row.session
                self.core.instant(row.time, dict(row.bars), _told(row.quotes))
            case Woken():
                self.core.settle(_told(row.quotes))
            case Heard():
                self._heard(row.signal)
            case Joined():
                self._join(row.joins)
            case News(topic=topic, text=text):
                self._repeat_news(topic, text)
            case _:
                pass

    def _repeat_news(self, topic: str, text: str) -> None:
        match topic:
            case Topic.DOUBT:
                self._doubt = text
                self.core.doubt(text)
            case Topic.CANCEL:
                self.core.cancel(text)
            case Topic.KILL:
                self._strike(strike_of(text))
            case Topic.LIFT:
                self.core.lift()
            case Topic.CAP:
                self._cap = text
                self.core.cap(float(text) if text else None)
            case _:
                pass

    def _made(self, history: Sequence[Bars], broker: Broker, signals: Sequence[Signal]) -> LiveCore:
        cargo, ground = self._cargo, Ground(history)
        if self._market is not None:
            parts = owned_settings(cargo.strategy, ground.bars, cargo.settings)
            self._market.begin(ground, parts)
        return LiveCore(
            cargo.strategy,
            cargo.parameters,
            replace(cargo.settings, signals=tuple(signals)),
            ground,
            broker,
            start=cargo.start,
            market=self._market,
        )

    def catch_up(self, pending: Sequence[Intent], is_due: bool) -> list[Intent]:
        """Send what a replay decided and the process before did not live to send, or drop it.

        Exits and cancels are always sent; what opens risk only while its decision is still due.

        Returns:
            What was dropped.
        """
        dropped = []
        for intent in pending:
            opens = isinstance(intent, Submit) and not all(map(is_exit, intent.orders))
            if opens and not is_due:
                self._broker.drop(intent, "its time had passed when the session came back")
                dropped.append(intent)
            else:
                self._broker.perform(intent)
        return dropped

    # what comes in ---------------------------------------------------------------------------

    @property
    def last(self) -> int:
        """Nanoseconds UTC of the last instant; 0 before the first."""
        times = self.core.ground.times
        return times[-1] if times else 0

    def instant(self, time: int, bars: Mapping[str, BarRow]) -> None:
        """Bars have closed.

        Raises:
            InputError: a side was to be taken up, and cannot; the core has not been told.
        """
        day = max(row.session for row in bars.values())
        quotes = self._fresh()
        instant = Instant(time, day, tuple(bars.items()), quotes)
        if self._is_to_join and not self._doubt and self.core.trades_at(time):
            joins = self.joiner.sides_at(self.core.ground, time, bars)
            self._journal.append(Joined(self._clock(), joins), instant)
            self._join(joins)
        else:
            self._journal.append(instant)
        self._day = day
        self.core.instant(time, bars, _told(quotes))

    def _join(self, joins: tuple[Join, ...]) -> None:
        """Take up sides at the instant to come, and never again."""
        self._is_to_join, self.joined = False, joins
        self.core.join(joins)

    def settle(self) -> None:
        """The broker has reports between two instants."""
        quotes = self._fresh()
        self._journal.insist(Woken(self._clock(), quotes))
        self.core.settle(_told(quotes))

    def hear(self, signal: Signal) -> None:
        """Take in a prediction; it is told at the next bar at or after its time."""
        self._journal.append(Heard(self._clock(), signal))
        self._heard(signal)

    def _heard(self, signal: Signal) -> None:
        self.joiner.signals += (signal,)
        self.core.signal(signal)

    def cancel(self, order_id: str) -> None:
        """Cancel one of the session's orders, as a command of the user's."""
        self._journal.insist(News(self._clock(), Topic.CANCEL, order_id))
        self.core.cancel(order_id)

    def strike(self, strike: Strike) -> None:
        """The kill switch."""
        self._journal.insist(News(self._clock(), Topic.KILL, json.dumps(asdict(strike))))
        self._strike(strike)

    def lift(self) -> None:
        """The kill switch is taken back."""
        self._journal.insist(News(self._clock(), Topic.LIFT, ""))
        self.core.lift()

    def cap(self, percent: float | None) -> None:
        """Hold all positions together to so many percent of equity; None lifts that."""
        text = "" if percent is None else f"{percent:g}"
        if text != self._cap:
            self._cap = text
            self._journal.append(News(self._clock(), Topic.CAP, text))
            self.core.cap(percent)

    def note_override(self, reason: str) -> None:
        """Write down that a safeguard was set aside."""
        self._journal.append(News(self._clock(), Topic.OVERRIDE, reason))

    def _strike(self, strike: Strike) -> None:
        self.core.strike(strike.reason, strike.flattens, strike.exclude)

    def doubt(self, reason: str) -> None:
        """Let nothing out that increases risk until the reason is taken back, by an empty one."""
        if reason != self._doubt:
            self._doubt = reason
            self._journal.insist(News(self._clock(), Topic.DOUBT, reason))
            self.core.doubt(reason)

    # what the gate asks ----------------------------------------------------------------------

    @property
    def doubted(self) -> str:
        """Why no new risk may be taken now; empty if it may."""
        return self._doubt

    def opening(self, order_id: str) -> float:
        """Unsigned units of an order that increase risk."""
        return self.core.blotter.tickets[order_id].opening

    def let_out(self, orders: Sequence[Order], words: str) -> None:
        """Write down that held orders leave now.

        Raises:
            JournalError: it could not be written, so they may not.
        """
        self._broker.let_out(orders, words)

    # ending ----------------------------------------------------------------------------------

    def stop(self, reason: str, exit_code: int) -> None:
        """The session is over; nothing is flattened."""
        self.core.stop()
        self._journal.insist(Stopped(self._clock(), reason, exit_code))

    def _fresh(self) -> tuple[SeenQuote, ...]:
        """The quotes the core is told with an input, and the journal with it: a replay checks what
        it decides against the same prices."""
        if self._quotes is None:
            return ()
        seen = (self._quotes(symbol) for symbol in self.core.ground.lines)
        return tuple(one for one in seen if one is not None and one.quote is not None)


def _told(quotes: Sequence[SeenQuote]) -> dict[str, Quote]:
    return {one.symbol: one.quote for one in quotes if one.quote is not None}
