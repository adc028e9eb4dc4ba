"""HandBridge: an account traded by hand between its journal and its broker: what it is told is
written down first, and after a restart it is told the same again."""

from __future__ import annotations

__all__ = ["NAME", "HandBridge"]

from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

from framework.calendar import TradingCalendar
from framework.domain.bars import Bars
from framework.domain.events import Refused
from framework.domain.growing import BarRow
from framework.domain.instruments import Instrument
from framework.domain.orders import Order, OrderRequest
from framework.domain.references import base36
from framework.engine.journal import Journal
from framework.engine.journal_codec import decoded, encoded
from framework.engine.journal_errors import JournalError, NotSentError
from framework.engine.journal_replay import Recovered
from framework.engine.journal_rows import (
    Entry,
    History,
    Instant,
    Intent,
    News,
    Started,
    Stopped,
    Submit,
    Woken,
)
from framework.engine.journalled import JournalledBroker, Quotes, ReplayBroker, is_exit
from framework.live.hand import HandCore
from framework.ports import Broker, RiskRule
from framework.session.topics import Topic

NAME = "Desk"
"""What a session steered by hand is called."""
CASH = "cash"
"""Topic of the news that say with how much money the account began."""
ORDER = "order"
"""Topic of the news that the user orders something, as far as the limits let it out."""
REFUSED = "refused"
"""Topic of the news that the limits refused the user something."""


class HandBridge:
    """The books of an account traded by hand, which hear of nothing that is not in the journal.

    Args:
        limits: asked about whatever increases risk.
        journal: written first.
        broker: where orders go once they are written.
        clock: nanoseconds UTC, the session's.
        quotes: best prices, written beside each order.

    Attributes:
        core: the books and the door, once `begin` or `recover` was called.
    """

    def __init__(
        self,
        limits: Sequence[RiskRule],
        journal: Journal,
        broker: Broker,
        clock: Callable[[], int],
        quotes: Quotes | None = None,
    ) -> None:
        self._limits = tuple(limits)
        self._journal = journal
        self._clock = clock
        self._quotes = quotes
        self._day = 0
        self._doubt = ""
        self._broker = JournalledBroker(broker, journal, clock, lambda: self._day, quotes)
        self.core: HandCore = None  # type: ignore[assignment]  # begin or recover makes it

    # beginning -------------------------------------------------------------------------------

    def begin(self, started: Started, cash: float) -> None:
        """Begin where there is no journal yet, with the account's money."""
        self._journal.append(started, News(self._clock(), CASH, repr(cash)))
        self.core = HandCore(_name_of(started), cash, self._limits, self._broker)

    def recover(self, started: Started, entries: Sequence[Entry]) -> Recovered:
        """Tell the core everything it was told before, and compare what it does.

        What it was about to send when the process ended is left pending; see `catch_up`.

        Raises:
            JournalError: this is the journal of something else.
            DivergenceError: the core does not do what it did then.
        """
        cash = _cash_of(entries)
        first = next(entry.row for entry in entries if isinstance(entry.row, Started))
        replay = ReplayBroker(entries, cash)
        self.core = core = HandCore(_name_of(first), cash, self._limits, replay)
        for row in replay.inputs():
            match row:
                case History():
                    core.admit(row.bars)
                case Instant():
                    self._priced(row)
                case Woken():
                    core.settle()
                case News(topic=topic, text=text, time=time) if topic == ORDER:
                    with suppress(NotSentError):  # as it was then
                        core.place(decoded(OrderRequest, text), time)
                case News(topic=topic, text=text) if topic == Topic.CANCEL:
                    core.cancel(text)
                case News(topic=topic, text=text) if topic == Topic.DOUBT:
                    self._doubt = text
                    core.doubt(text)
                case _:
                    pass
        recovered = replay.finish()
        self._journal.append(started)
        self._broker.resume(recovered)
        core.use(self._broker)
        return recovered

    def catch_up(self, pending: Sequence[Intent]) -> list[Intent]:
        """Send the exits and cancels the process before did not live to send; drop what opens risk:
        nobody who asked for it was told that it left.

        Returns:
            What was dropped.
        """
        dropped: list[Intent] = []
        for intent in pending:
            if isinstance(intent, Submit) and not all(map(is_exit, intent.orders)):
                self._broker.drop(intent, "it had not left when the program ended")
                dropped.append(intent)
            else:
                self._broker.perform(intent)
        return dropped

    # what comes in ---------------------------------------------------------------------------

    def admit(self, instrument: Instrument) -> None:
        """Let an instrument be traded from here on."""
        nothing = _nothing_of(instrument)
        self._journal.append(History(self._clock(), nothing))
        self.core.admit(nothing)

    def price(self, instrument: Instrument, price: float) -> None:
        """An instrument trades at a price now."""
        now = max(self._clock(), self.core.last + 1)
        calendar = TradingCalendar(instrument.calendar)
        session = calendar.session_of(np.array([now]))
        day, close = int(session[0]), int(calendar.session_close_of(session)[0])
        row = BarRow(day, close, price, price, price, price, 0.0)
        instant = Instant(now, max(day, self._day), ((instrument.symbol, row),))
        self._journal.insist(instant)
        self._priced(instant)

    def order(self, request: OrderRequest) -> Order | Refused:
        """Judge a request by the quote of now, and send what the limits let out.

        Raises:
            OrderError: no broker could take it.
            NotSentError: it could not be journalled, so it was not sent.
        """
        now = self._clock()
        seen = None if self._quotes is None else self._quotes(request.symbol)
        quote = None if seen is None else seen.quote
        granted, refused = self.core.judged(request, now, quote)
        for one in refused:
            self._journal.insist(News(now, REFUSED, f"{one}"))
        if granted is None:
            return refused[-1]
        self._journal.insist(News(now, ORDER, encoded(granted)))
        return self.core.place(granted, now)

    def settle(self) -> None:
        """The broker has reports."""
        self._journal.insist(Woken(self._clock()))
        self.core.settle()

    def cancel(self, order_id: str) -> None:
        """Ask for a cancel."""
        self._journal.insist(News(self._clock(), Topic.CANCEL, order_id))
        self.core.cancel(order_id)

    def doubt(self, reason: str) -> None:
        """Let nothing out that increases risk until the reason is taken back, by an empty one."""
        if reason != self._doubt:
            self._doubt = reason
            self._journal.insist(News(self._clock(), Topic.DOUBT, reason))
            self.core.doubt(reason)

    def stop(self, reason: str, exit_code: int) -> None:
        """The session is over; nothing is flattened."""
        self._journal.insist(Stopped(self._clock(), reason, exit_code))

    def _priced(self, row: Instant) -> None:
        self._day = row.session
        for symbol, bar in row.bars:
            self.core.price(row.time, row.session, symbol, bar)


def _cash_of(entries: Sequence[Entry]) -> float:
    for entry in entries:
        if isinstance(entry.row, News) and entry.row.topic == CASH:
            return float(entry.row.text)
    raise JournalError(
        "This journal is not of an account traded by hand.",
        "Give a desk a journal of its own: connect(..., journal=...).",
    )


def _name_of(first: Started) -> str:
    """The prefix of a journal's order ids, such as "Desk.tpb7y1", which no other journal has: the
    broker tells the day's orders by their ids, whichever journal they are in."""
    return f"{NAME}.{base36(first.time // 1_000_000_000)}"


def _nothing_of(instrument: Instrument) -> Bars:
    """The bars of an instrument of which no price is known yet."""
    none, never = np.empty(0), np.empty(0, dtype=np.int64)
    return Bars(instrument, "1m", never, never, never, none, none, none, none, none)
