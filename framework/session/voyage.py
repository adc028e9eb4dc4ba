"""Voyage: a session that trades at Interactive Brokers, from its first connection to its end."""

from __future__ import annotations

__all__ = ["Check", "Voyage"]

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import groupby

from framework.backtest.record import RunRecord
from framework.backtest.roles import title_of
from framework.brokers.ib.bars import BarSeen
from framework.brokers.ib.clock import Clock
from framework.brokers.ib.connection import Notice, NoticeKind, State
from framework.brokers.ib.frames import frame_of
from framework.brokers.ib.problems import LinkLostError
from framework.calendar import utc_text
from framework.domain.instruments import Instrument
from framework.domain.orders import DONE, OrderStatus
from framework.engine.journal import Journal
from framework.engine.journal_lock import Trader
from framework.engine.journal_rows import Entry, Heard, IdFloor, Intent, Started
from framework.engine.reconcile_nouns import Finding
from framework.operations.happenings import Kind
from framework.operations.status import Status
from framework.operations.stop_flag import Strike
from framework.session.bridge import Bridge, Cargo
from framework.session.guards import insist_reconciled
from framework.session.hours import Hours
from framework.session.masking import masked
from framework.session.orders import Sailing
from framework.session.outcome import Outcome
from framework.session.outfit import comparer_of, outfit_of
from framework.session.predictions import SignalFile
from framework.session.rigging import rows_of
from framework.session.showing import BROKER, EMULATOR, Looked, Showing
from framework.session.striking import Aftermath, Striker
from framework.session.teller import Tell
from framework.session.warm_up import WarmUp

Check = Callable[[str, tuple[str, ...]], None]
"""Looks at the account that would be traded, and at those the broker reports."""

_TRADES = frozenset({State.READY})
_SECOND = 1_000_000_000
_PATIENCE = 60.0
"""Seconds for which a bar that is due is waited for, where one decision is all that is wanted."""
_FIRST_QUOTE = 1.0
"""Seconds for which the first quotes are waited for."""
_PROOF = 60.0
"""Seconds for which the proof of a strike is waited for."""


def _nobody(_: Status) -> None:
    """Nobody looks."""


class Voyage:
    """One session.

    Args:
        cargo: what sails.
        instruments: what it trades, in subscription order.
        sailing: its orders.
        journal: its file, open.
        clock: the session's.
        tell: told what happens.
        check: given the account and those the broker reports, raises if they are not what is meant.
        looked: shown its status, each second.
        signals: predictions that come while it lasts.
    """

    def __init__(
        self,
        cargo: Cargo,
        instruments: Sequence[Instrument],
        sailing: Sailing,
        journal: Journal,
        clock: Clock,
        tell: Tell,
        check: Check | None = None,
        looked: Looked = _nobody,
        signals: SignalFile | None = None,
    ) -> None:
        self._check = check
        self._signals = signals
        self._cargo = cargo
        self._instruments = tuple(instruments)
        self._sailing = sailing
        self._journal = journal
        self._clock = clock
        self._hours = Hours(frame_of(sailing.frame), instruments[0].calendar)
        self._stop, self._wake = asyncio.Event(), asyncio.Event()
        self._reason = ""
        self._findings: tuple[Finding, ...] = ()
        self._pending: Sequence[Intent] = ()
        self._is_behind = True
        self._is_bare = False
        self._is_overdue = False
        self._begun = 0.0
        self._references = journal.facts.references_at(clock.now(), sailing.where.client_id)
        self._rigging = outfit_of(
            sailing, clock, self._instrument, journal, self._keep_floor, self._references
        )
        self._bridge = Bridge(
            cargo,
            journal,
            self._rigging.mailbox,
            clock.now,
            self._rigging.watch.quotes,
            self._rigging.market,
            self._rigging.gate,
        )
        self._reconciler = comparer_of(
            self._rigging, self._bridge, sailing, journal, clock, self._multiplier
        )
        self._showing = Showing(
            sailing,
            journal,
            clock,
            self._rigging.connection,
            self._hours,
            tell,
            looked,
            self._wake.set,
        )
        self._teller, self._post = self._showing.teller, self._showing.post
        self._say = self._teller.say
        self._warm_up = WarmUp(
            self._rigging.feed, self._hours.frame, sailing.history, clock, self._say
        )
        self._rigging.broker.bar(self._post.bar)

    @property
    def bridge(self) -> Bridge:
        """The session's core."""
        return self._bridge

    @property
    def is_trusted(self) -> bool:
        """Whether the connection is whole and the books have been compared since it came."""
        return self._rigging.connection.state in _TRADES and not self._is_behind

    def record(self) -> RunRecord | None:
        """Everything it has done so far; None before it has begun."""
        core = self._bridge.core
        return None if core is None else core.record()

    @property
    def is_emulated(self) -> bool:
        """Whether the broker is an emulator, once it has said so."""
        return self._showing.answerer == EMULATOR

    def stop(self, reason: str) -> None:
        """Let the session end in good order."""
        self._reason = self._reason or reason
        self._stop.set()
        self._wake.set()

    async def sail(self) -> Outcome:
        """Connect, recover, reconcile, trade until stopped, and end in good order.

        Raises:
            SlipwayError: it cannot begin; no order has left.
        """
        rigging = self._rigging
        self._post.insist_down()
        rigging.connection.watch(self._noticed)
        try:
            await rigging.connection.open(attempts=1)
            self._check_account()
            account = masked(rigging.connection.account)
            self._say(f"connected to {self._showing.where}, account {account}")
            await self._look_up()
            await self._begin()
            await self._show()
            await self._compare(self._sailing.adopts)
            core = self._bridge.core
            if any(slot.struck for slot in core.slots):
                self._bridge.lift()
            self._bridge.cap(self._sailing.cap)
            if self._sailing.override:
                self._bridge.note_override(self._sailing.override)
                self._say(f"NOT READY, and live: {self._sailing.override}", Kind.OVERRIDE)
            insist_reconciled(self._findings)
            self._resume()
            await self._warm_up.follow(self._instruments, core.ground)
            self._say("trading", Kind.STARTED)
            await self._trade()
            return await self._end()
        finally:
            await self._post.close()
            await rigging.connection.close()

    async def _show(self) -> None:
        await self._showing.open(
            self._bridge.core,
            title_of(self._cargo.strategy),
            self._cargo.settings.breakers,
            self._rigging.feed.is_stale,
        )

    def _check_account(self) -> None:
        link = self._rigging.connection.link
        reported = () if link is None else tuple(link.accounts)
        account = self._rigging.connection.account
        if self._check is not None:
            self._check(account, reported)
        self._journal.claim(Trader(account, self._sailing.where.client_id))

    # beginning -------------------------------------------------------------------------------

    async def _look_up(self) -> None:
        """Qualify what is traded, and take over the broker's ticks and lots."""
        listed = await self._rigging.contracts.qualify(self._instruments)
        self._instruments = tuple(one.instrument for one in listed)
        symbols = [one.symbol for one in self._instruments]
        await self._rigging.watch.begin(symbols, _FIRST_QUOTE)

    async def _begin(self) -> None:
        entries = list(self._journal.entries())
        started = Started(
            self._clock.now(),
            self._sailing.name,
            masked(self._rigging.connection.account),
            self._sailing.where.client_id,
            title_of(self._cargo.strategy),
            self._sailing.code,
            self._sailing.config,
            versions=((BROKER, self._showing.answerer),),
            tag=self._references.tag,
        )
        if not any(isinstance(entry.row, Started) for entry in entries):
            history = await self._warm_up.histories(self._instruments)
            known = () if self._signals is None else self._signals.begin(history)
            self._bridge.joiner.signals = known
            for line in self._bridge.joiner.foreseen(history):
                self._say(line)
            self._bridge.begin(started, history, known)
            self._rigging.restore(self._bridge.core.blotter, self._journal.facts)
        else:
            await self._recover(started, entries)
        self._say(f"{len(self._bridge.core.ground.times)} bars of history")

    async def _recover(self, started: Started, entries: Sequence[Entry]) -> None:
        recovered = self._bridge.recover(started, entries)
        if self._signals is not None:
            self._signals.knows(one.row.signal for one in entries if isinstance(one.row, Heard))
        core = self._bridge.core
        listed = [one.instrument for one in core.ground.listed]
        await self._rigging.contracts.recall(listed, self._clock.now())
        self._rigging.restore(core.blotter, self._journal.facts)
        self._doubt()
        self._bridge.settle()
        self._pending = recovered.pending
        rows, last = self._journal.number, utc_text(self._bridge.last)
        self._say(f"recovered from {rows} rows, last bar {last}")
        for order_id in recovered.unconfirmed:
            self._say(f"{order_id} was sent and never confirmed: the broker is asked, and it is "
                      "never sent again")  # fmt: skip

    def _resume(self) -> None:
        """The books agree: what was decided before and never sent goes out, if it still can."""
        self._doubt()
        dropped = self._bridge.catch_up(self._pending, self._is_due(self._bridge.last))
        if dropped:
            self._say(f"{len(dropped)} decisions had passed")

    # trading ---------------------------------------------------------------------------------

    async def _trade(self) -> None:
        """Look at what has come in, again and again."""
        loop = asyncio.get_running_loop()
        keeping = loop.create_task(self._rigging.watch.run())
        self._begun = compared = loop.time()
        try:
            while not self._stop.is_set():
                await self._once()
                self._post.tick()
                if (strike := self._post.strike()) is not None:
                    await self._strike(strike)
                    return
                is_soon = self._is_behind or self._is_bare
                if is_soon or loop.time() - compared >= self._sailing.reconcile:
                    compared = loop.time()
                    await self._compare_if_possible()
                if self._sailing.once and self._is_done_for_once():
                    late = "the bar that was due has not come"
                    self.stop(late if self._is_overdue else "the decision that was due is taken")
                if keeping.done():
                    keeping.result()
                await self._pause()
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), self._sailing.look)
        self._wake.clear()

    async def _once(self) -> None:
        """Take in news, then bars."""
        await self._rigging.mailbox.send()
        self._doubt()
        self._rigging.mailbox.collect()
        if self._rigging.mailbox.has_news:
            self._bridge.settle()
        self._hear()
        seen = [one for one in self._rigging.feed.closed() if one.close_time > self._bridge.last]
        batches = [(time, list(group)) for time, group in groupby(seen, key=_closes)]
        for time, group in batches:
            self._instant(time, group)
        self._tell()
        feed, symbols = self._rigging.feed, [one.symbol for one in self._instruments]
        self._teller.data(self._rigging.watch.notices(), filter(feed.is_stale, symbols))
        for alert in self._rigging.broker.alerts():
            self._say(alert)

    def _hear(self) -> None:
        """Take in predictions, before the bars at which they are to be told."""
        if self._signals is None:
            return
        for signal in self._signals.news(self._bridge.last):
            self._bridge.hear(signal)
        for line in self._signals.complaints():
            self._say(line)

    def _tell(self) -> None:
        self._is_bare = self._teller.orders() or self._is_bare
        self._teller.trips(self._bridge.core.trips)

    def _instant(self, time: int, group: list[BarSeen]) -> None:
        """One instant; what was decided on a bar that came too late opens no risk."""
        late = "" if self._is_due(time) else f"the bar of {utc_text(time)} came too late to act on"
        if late:
            self._bridge.doubt(late)
        before = self._bridge.joined
        self._bridge.instant(time, rows_of(group))
        if self._bridge.joined is not before:
            self._say(
                f"joins: {'; '.join(map(str, self._bridge.joined or ())) or 'nothing is held'}"
            )
        if late:
            self._doubt()

    def _is_due(self, time: int) -> bool:
        return self._hours.is_due(time, self._clock.now())

    def _doubt(self) -> None:
        """Keep new risk out while the connection or the books are in doubt."""
        connection = self._rigging.connection
        if connection.state not in _TRADES:
            self._bridge.doubt(f"the connection is {connection.state}: {connection.reason}")
        elif self._is_behind:
            self._bridge.doubt("the books have not been compared since the connection came back")
        elif any(one.blocks for one in self._findings):
            first = next(one for one in self._findings if one.blocks)
            self._bridge.doubt(f"unexplained: {first.text}")
        else:
            self._bridge.doubt("")

    def _is_done_for_once(self) -> bool:
        """Whether nothing is on its way and no bar is missing."""
        broker = self._rigging.broker
        return self._rigging.mailbox.is_empty and broker.is_quiet and not self._missing()

    def _missing(self) -> bool:
        """Whether a bar that is due has not come, for a while."""
        due = self._clock.now() - int(self._sailing.feed.grace * _SECOND)
        if not self._hours.has_closed(self._bridge.last, due):
            return False
        self._is_overdue = asyncio.get_running_loop().time() - self._begun > _PATIENCE
        return not self._is_overdue

    # books -----------------------------------------------------------------------------------

    async def _compare(self, adopts: bool = False) -> None:
        """Hold the broker's books against ours."""
        session = self._hours.session(self._clock.now())
        self._findings = await self._reconciler.look(session, adopts)
        self._is_behind = self._is_bare = False
        self._showing.found(self._findings)

    async def _compare_if_possible(self) -> None:
        if self._rigging.connection.state is not State.READY:
            return
        try:
            await self._compare()
        except LinkLostError as error:
            self._say(f"the books could not be compared: {error}")

    # the kill switch -------------------------------------------------------------------------

    async def strike(self, strike: Strike, patience: float = _PROOF) -> Aftermath:
        """Use the kill switch, and wait until all of it is proven, or for `patience` seconds."""
        self._say(f"KILL: {strike}", Kind.KILL)
        striker = Striker(self._bridge, self._once_without_bars, self._is_agreed)
        aftermath = await striker.strike(strike, patience)
        self._say(f"KILLED: {aftermath}", Kind.KILL)
        return aftermath

    async def _strike(self, strike: Strike) -> None:
        aftermath = await self.strike(strike)
        if self._post.wants_everything:
            self._rigging.broker.cancel_everything()
            self._say("every order of the account was asked to be cancelled", Kind.KILL)
        self.stop(f"the kill switch was used: {strike.reason}")
        self._post.struck(aftermath)

    async def _is_agreed(self) -> bool:
        """Whether the broker's own books say the same as ours."""
        try:
            await self._compare()
        except LinkLostError:
            return False
        return not any(one.blocks for one in self._findings)

    # ending ----------------------------------------------------------------------------------

    async def _end(self) -> Outcome:
        """Cancel or keep what works, and close the journal's last page."""
        core = self._bridge.core
        self._rigging.mailbox.close("the session has ended")
        if self._rigging.mailbox.has_news:
            self._bridge.settle()
            self._tell()
        working = [ticket for ticket in core.blotter.tickets.values() if ticket.status not in DONE]
        if self._sailing.at_end == "cancel" and working:
            await self._cancel_all()
            working = [one for one in working if one.status not in DONE]
        blocked = any(one.blocks for one in self._findings)
        struck = self._post.strike() is not None
        code = 1 if blocked or struck or self._is_overdue else 0
        reason = self._reason or "stopped"
        self._bridge.stop(reason, code)
        self._showing.ended(reason)
        for ticket in working:
            self._say(f"left working: {ticket.order}")
        for one in core.strategies:
            self._say(f"{one.name}: equity {one.equity:,.2f}, profit {one.profit:+,.2f}")
        self._say(f"ended: {reason}; {len(working)} orders left working", Kind.STOPPED)
        return Outcome(code, reason, len(working))

    async def _cancel_all(self, patience: float = 30.0) -> None:
        loop = asyncio.get_running_loop()
        for slot in self._bridge.core.slots:
            for ticket in tuple(self._bridge.core.blotter.working(slot)):
                self._bridge.cancel(ticket.order.id)
        end = loop.time() + patience
        while loop.time() < end:
            await self._once_without_bars()
            if all(
                ticket.status in DONE or ticket.status is OrderStatus.UNKNOWN
                for ticket in self._bridge.core.blotter.tickets.values()
            ):
                return
            await asyncio.sleep(self._sailing.look)

    async def _once_without_bars(self) -> None:
        await self._rigging.mailbox.send()
        self._rigging.mailbox.collect()
        if self._rigging.mailbox.has_news:
            self._bridge.settle()
        self._tell()

    # parts -----------------------------------------------------------------------------------

    def _noticed(self, notice: Notice) -> None:
        self._is_behind = self._is_behind or notice.state is not State.READY
        self._teller.connection(notice)
        if notice.kind is NoticeKind.GAVE_UP:  # a person may come back to log in after hours
            wait, loop = self._rigging.connection.timings.longest_wait, asyncio.get_running_loop()
            loop.call_later(wait, self._rigging.connection.reopen)

    def _keep_floor(self, number: int) -> None:
        self._journal.append(IdFloor(self._clock.now(), number))

    def _instrument(self, symbol: str) -> Instrument:
        known = {one.symbol: one for one in self._instruments}
        if symbol in known:
            return known[symbol]
        return self._bridge.core.ground.lines[symbol].bars.instrument

    def _multiplier(self, symbol: str) -> float:
        lines = self._bridge.core.ground.lines
        return lines[symbol].bars.instrument.multiplier if symbol in lines else 1.0


def _closes(seen: BarSeen) -> int:
    return seen.close_time
