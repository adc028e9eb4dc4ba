"""Helm: a session at Interactive Brokers that is steered by hand, from connection to end."""

from __future__ import annotations

__all__ = ["Helm"]

import asyncio
from collections.abc import Callable, Sequence

import numpy as np

from framework.brokers.ib.clock import Clock
from framework.brokers.ib.link import Link
from framework.brokers.ib.problems import LinkLostError
from framework.calendar import TradingCalendar
from framework.domain.events import Refused
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import DONE, Order, OrderRequest
from framework.engine.journal import Journal
from framework.engine.journal_lock import Trader
from framework.engine.journal_rows import IdFloor, Started
from framework.engine.ticket import Ticket
from framework.errors import ConfigError
from framework.operations.stop_flag import StopFlag
from framework.ports import RiskRule
from framework.session.hand_bridge import NAME, HandBridge
from framework.session.logbook import Logbook
from framework.session.marks import Marks, Price
from framework.session.masking import masked
from framework.session.orders import Sailing
from framework.session.reconciling import Reconciler
from framework.session.rigging import Rigging
from framework.session.teller import Say
from framework.session.trust import Trust
from framework.session.voyage import Check

Lookup = Callable[[str], Instrument]
"""The instrument a symbol stands for."""
_SOON = 10.0
"""Seconds between two comparisons while the books differ: some differences time explains."""
_CALENDAR = "XNYS"
"""Whose days count before anything is traded."""


class Helm:
    """One session steered by hand.

    Args:
        sailing: its orders.
        limits: asked about whatever increases risk.
        journal: its file, open.
        clock: the session's.
        lookup: the instrument a symbol stands for.
        say: told what happens.
        check: given the account and those the broker reports, raises if they are not what is meant.
        allows_delayed: whether delayed prices will do where the account gets no live ones.
    """

    def __init__(
        self,
        sailing: Sailing,
        limits: Sequence[RiskRule],
        journal: Journal,
        clock: Clock,
        lookup: Lookup,
        say: Say,
        check: Check,
        *,
        allows_delayed: bool = True,
    ) -> None:
        self._sailing = sailing
        self._journal = journal
        self._clock = clock
        self._lookup = lookup
        self._say = say
        self._check = check
        self._stop = asyncio.Event()
        self._logbook: Logbook | None = None
        self.rigging = Rigging(
            sailing.where,
            clock,
            self.instrument,
            timings=sailing.timings,
            id_floor=max(1, journal.facts.floor),
            keep_ids=self._keep_floor,
            references=journal.facts.references,
        )
        self._flag = StopFlag(journal.path.parent)
        self._is_struck = False
        self.rigging.broker.bar(self._bar)
        self.marks = Marks(self.rigging, allows_delayed)
        mailbox = self.rigging.mailbox
        self.bridge = HandBridge(limits, journal, mailbox, clock.now, self.marks.journalled)
        reconciler = Reconciler(
            self.bridge,
            self.rigging.broker,
            journal,
            sailing.where.client_id,
            clock.now,
            lambda symbol: self.instrument(symbol).multiplier,
        )
        self.trust = Trust(self.rigging.connection, reconciler, self._session, say)

    # life ------------------------------------------------------------------------------------

    async def steer(self, ready: Callable[[], None]) -> tuple[Ticket, ...]:
        """Connect, recover, reconcile, call `ready`, and be steered until stopped.

        Returns:
            The orders left working.

        Raises:
            SlipwayError: it cannot begin; no order has left.
        """
        rigging = self.rigging
        try:
            await rigging.connection.open(attempts=1)
            self._claim(rigging.connection.account)
            await self._begin()
            self._logbook = Logbook(self.bridge.core.blotter)
            await self.trust.compare(self._sailing.adopts)
            self.trust.insist()
            self._doubt()
            ready()
            await self._keep()
            working = tuple(self.bridge.core.blotter.at_work.values())
            self.bridge.stop("closed", 1 if self.trust.is_blocked else 0)
            return working
        finally:
            await rigging.connection.close()

    def stop(self) -> None:
        """Let it end in good order."""
        self._stop.set()

    def _claim(self, account: str) -> None:
        """Make sure that this account is meant, and traded by nobody else."""
        where = self._sailing.where
        self._check(account, tuple(self.link.accounts))
        self._journal.claim(Trader(account, where.client_id))
        self._say(f"connected to {where.host}, account {masked(account)}")

    async def _begin(self) -> None:
        entries = list(self._journal.entries())
        where = self._sailing.where
        account = masked(self.rigging.connection.account)
        mode = self._sailing.mode.value
        started = Started(self._clock.now(), mode, account, where.client_id, NAME)
        if not any(isinstance(entry.row, Started) for entry in entries):
            self.rigging.mailbox.collect()
            self.bridge.begin(started, self.rigging.broker.book().cash)
            return
        recovered = self.bridge.recover(started, entries)
        core = self.bridge.core
        await self.rigging.contracts.recall(core.instruments, self._clock.now())
        self.rigging.restore(core.blotter, self._journal.facts)
        self.bridge.settle()
        for intent in self.bridge.catch_up(recovered.pending):
            self._say(f"never left, and is dropped: {intent}")
        self._say(f"recovered from {self._journal.number} rows")
        for order_id in recovered.unconfirmed:
            self._say(f"{order_id} was sent and never confirmed: the broker is asked, and it is "
                      "never sent again")  # fmt: skip

    async def _keep(self) -> None:
        """Look at what has come in, again and again."""
        loop = asyncio.get_running_loop()
        compared = loop.time()
        while not self._stop.is_set():
            await self.look()
            self._heed_flag()
            if self.trust.is_behind or loop.time() - compared >= self._patience:
                compared = loop.time()
                await self.trust.compare_if_possible()
            try:
                await asyncio.wait_for(self._stop.wait(), self._sailing.look)
            except TimeoutError:
                continue

    def _bar(self, _: Order) -> str:
        """Why an order may not leave: the kill switch stops whatever trades here."""
        return "the stop flag is up" if self._flag.is_raised else ""

    def _heed_flag(self) -> None:
        """Cancel everything once when the stop flag goes up."""
        was, self._is_struck = self._is_struck, self._flag.is_raised
        if self._is_struck and not was:
            self._say("KILL: the stop flag is up; nothing leaves, and every order is cancelled")
            for name in tuple(self.bridge.core.blotter.at_work):
                self.bridge.cancel(name)

    @property
    def _patience(self) -> float:
        """Seconds between two comparisons of the books."""
        usual = self._sailing.reconcile
        return min(_SOON, usual) if self.trust.is_blocked else usual

    async def look(self) -> None:
        """Keep prices coming, and take in news."""
        await self.rigging.mailbox.send()
        await self.marks.renew()
        self.take_in()

    def take_in(self) -> None:
        """Take in what the broker has reported."""
        rigging = self.rigging
        self._doubt()
        rigging.mailbox.collect()
        if rigging.mailbox.has_news:
            self.bridge.settle()
        for line in () if self._logbook is None else self._logbook.news():
            self._say(line.text)
        for alert in rigging.broker.alerts():
            self._say(alert)

    # what is asked ---------------------------------------------------------------------------

    @property
    def link(self) -> Link:
        """The present connection.

        Raises:
            LinkLostError: there is none.
        """
        link = self.rigging.connection.link
        if link is None:
            raise LinkLostError("The connection with TWS is lost.", "Wait until it is back.")
        return link

    async def price(self, symbol: str) -> Price:
        """What an instrument trades at."""
        await self.know(symbol)
        return await self.marks.price(symbol)

    async def order(self, request: OrderRequest, patience: float) -> Order | Refused:
        """Order something.

        Args:
            request: what.
            patience: seconds for contract and price; it is not sent if they take longer.

        Raises:
            OrderError: no broker could take it.
            SlipwayError: contract or price cannot be had.
            TimeoutError: they took too long.
        """
        symbol = request.symbol
        async with asyncio.timeout(patience):
            await self._admit(symbol)
            mark = await self.marks.mark(symbol)
        if mark is not None:
            self.bridge.price(self.instrument(symbol), mark)
        self._doubt()
        placed = self.bridge.order(request)
        self.take_in()
        return placed

    async def cancel(self, order_id: str) -> None:
        """Ask for a cancel."""
        self.bridge.cancel(order_id)
        self.take_in()

    async def until_done(self, order_id: str, patience: float) -> Ticket:
        """The order's ticket, once it is done or patience has run out."""
        loop = asyncio.get_running_loop()
        end = loop.time() + patience
        ticket = self.bridge.core.blotter.tickets[order_id]
        while ticket.status not in DONE and loop.time() < end:
            await asyncio.sleep(self._sailing.look)
        return ticket

    async def know(self, symbol: str) -> None:
        """Have the broker's contract of an instrument."""
        if symbol not in self.rigging.listed:
            await self.rigging.contracts.qualify([self.instrument(symbol)])

    def instrument(self, symbol: str) -> Instrument:
        """The instrument a symbol stands for, as it is traded or as the broker lists it."""
        core = self.bridge.core
        for one in () if core is None else core.instruments:
            if one.symbol == symbol:
                return one
        if symbol in self.rigging.listed:
            return self.rigging.listed.by_key(symbol).instrument
        return self._lookup(symbol)

    # parts -----------------------------------------------------------------------------------

    async def _admit(self, symbol: str) -> None:
        """Let an instrument be traded, with the broker's ticks and lots."""
        await self.know(symbol)
        if self.bridge.core.position(symbol) is not None:
            return
        instrument = self.rigging.listed.by_key(symbol).instrument
        own = self.rigging.broker.account.currency or instrument.currency
        if instrument.type is AssetType.INDEX:
            raise ConfigError(
                f"{symbol} is an index, and an index cannot be traded.",
                "Trade a fund or a future on it, such as SPY or ES.",
            )
        if instrument.currency != own:
            raise ConfigError(
                f"{symbol} is priced in {instrument.currency}, and the account is in {own}.",
                "A desk trades instruments of the account's own currency.",
            )
        self.bridge.admit(instrument)

    def _doubt(self) -> None:
        """Keep new risk out while the connection or the books are in doubt."""
        self.bridge.doubt(self.trust.doubt)

    def _session(self) -> int:
        traded = self.bridge.core.instruments
        calendar = TradingCalendar(traded[0].calendar if traded else _CALENDAR)
        return int(calendar.session_of(np.array([self._clock.now()]))[0])

    def _keep_floor(self, number: int) -> None:
        self._journal.append(IdFloor(self._clock.now(), number))
