"""A paper session on the emulator, in lockstep: the whole wire between strategy and market, and no
clock but the market's own."""

from __future__ import annotations

__all__ = ["ACCOUNT", "NOTE", "Stepper", "rehearse", "rehearsed", "sail"]

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from framework.backtest.cast import Cast
from framework.backtest.joining import joins_of
from framework.backtest.record import EMULATED, INTERRUPTED, RunRecord
from framework.backtest.roles import Strategies, title_of
from framework.backtest.settings import BacktestSettings
from framework.brokers.ib.bars import BarSeen
from framework.brokers.ib.clock import Clock
from framework.brokers.ib.feed import FeedSettings
from framework.brokers.ib.frames import frame_of
from framework.brokers.ib.limits import Limits
from framework.brokers.ib.problems import RequestError
from framework.brokers.ib.settings import Settings
from framework.config.plan import Plan
from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.domain.ledger import Ledger
from framework.emulator.build import lockstep_gateway
from framework.emulator.server.gateway import Gateway, Quiet
from framework.emulator.server.handoff import Handoff
from framework.emulator.server.settings import GatewaySettings
from framework.engine.journal import JOURNAL_NAME, Journal, open_journal
from framework.engine.journal_lock import Trader
from framework.engine.journal_replay import Recovered
from framework.engine.journal_rows import INPUTS, Entry, Started
from framework.engine.reconcile import reconcile
from framework.errors import ConfigError, DataError, ReconcileError, SlipwayError
from framework.ports import Progress
from framework.session.afresh import never_arrived, send_afresh
from framework.session.bridge import Bridge, Cargo
from framework.session.honoured import check_honoured
from framework.session.masking import masked
from framework.session.rigging import Rigging, rows_of

ACCOUNT = "DU0000001"
"""Name of the emulator's account."""

NOTE = (
    "EMULATOR: a paper session on this machine. Nothing reaches Interactive Brokers, it is no "
    "evidence of paper trading, and what slippage cost is in the prices: no broker tells it."
)
"""Said wherever such a session shows anything."""

CLIENT = 1
_UNLIMITED = Limits(messages=0, history=0, same=0.0, burst=0, market_data=0, lines=0)
_CHUNK = 64


class Stepper(Protocol):
    """A market that goes on only when it is told to."""

    @property
    def clock(self) -> Clock:
        """What time it is there."""
        ...

    @property
    def port(self) -> int:
        """Where it listens, on this machine."""
        ...

    @property
    def is_midway(self) -> bool:
        """Whether a bar has stopped in its midst, for whoever was to react within it has gone."""
        ...

    async def step(self, quiet: Quiet) -> bool:
        """Let the bars of the next instant meet the orders, or the rest of one that has stopped in
        its midst, calling `quiet` wherever clients may react within it; False at the end of the
        data."""
        ...


class _Embedded:
    """A gateway in this very process."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    @property
    def clock(self) -> Clock:
        """The market's clock."""
        return self._gateway.hub.clock

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._gateway.port

    @property
    def is_midway(self) -> bool:
        """Whether a bar has stopped in its midst."""
        return self._gateway.is_midway

    async def step(self, quiet: Quiet) -> bool:
        """The next instant."""
        return await self._gateway.step_with(quiet)


def rehearsed(
    plan: Plan, progress: Progress | None = None, journal: Path | None = None
) -> RunRecord:
    """Play a plan as a paper session on the emulator; see `rehearse`."""
    return asyncio.run(
        rehearse(
            plan.strategies, plan.market.bars, plan.settings, plan.parameters, progress, journal
        )
    )


async def rehearse(
    strategy: Strategies,
    bars: Sequence[Bars],
    settings: BacktestSettings,
    parameters: Mapping[str, object],
    progress: Progress | None = None,
    journal: Path | None = None,
) -> RunRecord:
    """Play a strategy on bars as a paper session would, against an emulator of its own, over the
    real client library and a real socket.

    Args:
        strategy, bars, settings, parameters: as of a backtest.
        progress: told now and then how far it has come.
        journal: where the session's journal is kept, a file that is not there yet; None for
            nowhere.

    Raises:
        LookaheadError: an indicator or condition knows the future.
        SlipwayError: something given cannot be used, or the two sides' books disagree at the end.
    """
    check_honoured(bars, settings)
    _check_new(journal)
    cast = Cast(strategy, tuple(bars), settings, dict(parameters))
    settings = cast.settings
    cast.inspect()  # the whole history is at hand: what knows the future is found before it is told
    joins_of(cast)  # and what cannot join is found before it begins
    serving = GatewaySettings(
        accounts=(ACCOUNT,),
        messages_per_second=0,
        market_data_lines=0,
        paces_history=False,
        master_client=CLIENT,
    )
    gateway = lockstep_gateway(bars, settings, serving)
    await gateway.start()
    cargo = Cargo(strategy, parameters, settings, settings.start)
    try:
        with TemporaryDirectory(prefix="slipway-") as folder:
            path = Path(folder) / JOURNAL_NAME if journal is None else journal
            record = await sail(cargo, bars, _Embedded(gateway), path, progress)
    finally:
        await gateway.close()
    _compare(record, gateway.book(ACCOUNT))
    warnings = (NOTE, *record.warnings)
    return replace(record, path=EMULATED, warmup=cast.warmup, warnings=warnings)


def _check_new(journal: Path | None) -> None:
    """Refuse a journal that is there: the emulator begins anew, so a session cannot go on."""
    if journal is not None and journal.exists():
        raise ConfigError(
            f"The journal {journal} is there already, and the emulator begins anew.",
            "Give a file that is not there yet.",
        )


def _compare(record: RunRecord, book: Ledger) -> None:
    """Hold the session's books against the true ones, once it has come to the end of the data."""
    if record.error:
        return
    cash = Ledger(float(record.cash[-1]), {})
    held = [Ledger(0.0, {}) for _ in record.positions]
    for ledger, position in zip(held, record.positions, strict=True):
        ledger.positions[position.symbol] = position
    findings = reconcile([cash, *held], book)
    if findings:
        raise ReconcileError(
            f"The session's books and the emulator's disagree: {'; '.join(findings)}.",
            "This is a defect of the session or the emulator, not of your strategy; please report "
            "it.",
        )


async def sail(
    cargo: Cargo,
    bars: Sequence[Bars],
    stepper: Stepper,
    journal: Path,
    progress: Progress | None = None,
) -> RunRecord:
    """Begin a session in lockstep, or take one up again where its journal ends, and go on to the
    end of the data.

    Args:
        cargo: what sails.
        bars: what the market plays; only their instruments, lengths and number are looked at.
        stepper: the market.
        journal: the session's file.
        progress: told now and then how far it has come.
    """
    trader = Trader(ACCOUNT, CLIENT)
    with open_journal(journal, trader, stepper.clock.now, synced=False) as written:
        voyage = _Voyage(cargo, bars, stepper, written)
        try:
            return await voyage.play(progress)
        finally:
            voyage.close()


class _Voyage:
    """One session in lockstep."""

    def __init__(
        self, cargo: Cargo, bars: Sequence[Bars], stepper: Stepper, journal: Journal
    ) -> None:
        self._cargo = cargo
        self._bars = tuple(bars)
        self._stepper = stepper
        self._journal = journal
        self._rigging = Rigging(
            Settings(port=stepper.port, client_id=CLIENT, account=ACCOUNT),
            stepper.clock,
            self._instrument,
            limits=_UNLIMITED,
            feed=FeedSettings(grace=0.0, stale=1e9),
            id_floor=max(1, journal.facts.floor),
            rth=all(one.regular is None for one in self._bars),
            rates=self._rate,
            references=journal.facts.references,
        )
        self._bridge = Bridge(cargo, journal, self._rigging.mailbox, stepper.clock.now)
        self._silent = {one.symbol: one for one in self._bars}
        self._handoff = Handoff()
        self._rigging.mailbox.pause = self._handoff.pause

    async def play(self, progress: Progress | None) -> RunRecord:
        """From where it stands to the end of the data."""
        total = len({int(time) for one in self._bars for time in one.close_time})
        async with self._rigging.connection:
            await self._rigging.contracts.qualify([one.instrument for one in self._bars])
            await self._begin()
            core = self._bridge.core
            try:
                await self._go(progress, total)
            except asyncio.CancelledError:  # Ctrl-C: what was traded until then is kept
                core.error = INTERRUPTED
            except SlipwayError:
                if not core.error:
                    raise
            if not core.error:
                self._bridge.stop("the end of the data", 0)
            return core.record()

    async def _go(self, progress: Progress | None, total: int) -> None:
        """Step by step to the end of the data.

        Raises:
            SlipwayError: the strategy raised, or a bar did not come over the wire.
        """
        while await self._stepper.step(self._rigging.quiet):
            await self._rigging.quiet()
            await self._told()
            done = len(self._bridge.core.ground.times)
            if progress is not None and (done % _CHUNK == 0 or done == total):
                progress(done, total)
        await self._rigging.quiet()
        await self._in_turns(self._bridge.settle)
        done = len(self._bridge.core.ground.times)
        if done != total:
            raise DataError(
                f"Bars of {total} instants were played, and those of {done} came over the wire.",
                "This is a defect of the session or the emulator; please report it.",
            )

    def close(self) -> None:
        """No more of it."""
        self._handoff.close()

    async def _begin(self) -> None:
        """Begin anew, or where the journal ends."""
        entries = list(self._journal.entries())
        clock = self._stepper.clock
        names = title_of(self._cargo.strategy)
        started = Started(clock.now(), "paper", masked(ACCOUNT), CLIENT, names)
        if not entries:
            known = self._cargo.settings.signals
            self._bridge.begin(started, [one.take(0, 0) for one in self._bars], known)
            return
        is_due = _last(entries) == clock.now()
        await self._recover(started, entries, is_due)
        if is_due:
            await self._answered()
        elif not self._stepper.is_midway:
            await self._told()

    async def _recover(self, started: Started, entries: Sequence[Entry], is_due: bool) -> None:
        """Tell the core what it was told before. Where the market has not moved since it goes on in
        the midst of what it was doing."""
        ends: list[Recovered] = []

        def go_on(recovered: Recovered) -> None:
            ends.append(recovered)
            self._handoff.pause()

        def replay() -> None:
            ends.append(self._bridge.recover(started, entries, go_on if is_due else None))

        paused = self._handoff.start(replay)
        await self._restore(entries, ends[0], is_due)
        while paused:
            paused = self._handoff.resume()
            if paused:
                await self._rigging.quiet()
        self._bridge.catch_up(ends[0].pending, is_due)

    async def _restore(self, entries: Sequence[Entry], recovered: Recovered, is_due: bool) -> None:
        """Bring the broker side to where it was, and send what did not arrive."""
        rigging, core, facts = self._rigging, self._bridge.core, self._journal.facts
        listed = [one.instrument for one in core.ground.listed]
        await rigging.contracts.recall(listed, self._stepper.clock.now())
        unsure = recovered.unconfirmed if is_due else ()
        missing = await never_arrived(rigging.broker, unsure)
        rigging.restore(core.blotter, facts, missing, settles=not is_due)
        rigging.mailbox.collect()
        await send_afresh(entries, missing, rigging.mailbox, rigging.broker)
        await rigging.quiet()

    # one instant -----------------------------------------------------------------------------

    async def _told(self) -> None:
        """Tell the core of the bars that have closed, and let its orders out."""
        seen = await self._closed()
        if seen:
            time, rows = seen[0].close_time, rows_of(seen)
            await self._in_turns(lambda: self._bridge.instant(time, rows))
        await self._answered()

    async def _answered(self) -> None:
        """Let everything out, and tell what has come of it."""
        await self._rigging.quiet()
        while self._rigging.mailbox.has_news:
            await self._in_turns(self._bridge.settle)
            await self._rigging.quiet()

    async def _in_turns(self, work: Callable[[], None]) -> None:
        """Have the core do something. Whatever it asks the broker for is answered before it goes
        on, as in a backtest: between two bars there is time for everything."""
        paused = self._handoff.start(work)
        while paused:
            await self._rigging.quiet()
            paused = self._handoff.resume()

    async def _closed(self) -> list[BarSeen]:
        """The bars that close at the present instant, as the feed tells them."""
        for symbol in tuple(self._silent):
            await self._follow(symbol)
        self._rigging.feed.complete()
        return [one for one in self._rigging.feed.closed() if one.close_time > self._bridge.last]

    async def _follow(self, symbol: str) -> None:
        """Subscribe to an instrument once it has a bar: before, there is nothing to be told."""
        bars = self._silent[symbol]
        first = int(bars.close_time[0])
        if first > self._stepper.clock.now():
            return
        since = max(first - 1, self._bridge.last)
        try:
            await self._rigging.feed.follow(symbol, frame_of(bars.frame), since)
        except RequestError:
            return
        del self._silent[symbol]

    def _rate(self, currency: str) -> float | None:
        """The run's own rate: money is worth the same on the way in as when it is marked."""
        rates = self._cargo.settings.rates
        if rates is None or currency not in rates.tables:
            return None
        return rates.rate(currency, self._stepper.clock.now())

    def _instrument(self, symbol: str) -> Instrument:
        return self._bridge.core.ground.lines[symbol].bars.instrument


def _last(entries: Sequence[Entry]) -> int:
    """Nanoseconds UTC of the last thing the core was told; 0 before the first."""
    times = (entry.row.time for entry in reversed(entries) if isinstance(entry.row, INPUTS))
    return next(times, 0)
