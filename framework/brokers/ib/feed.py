"""IbFeed: closed bars as they become final, with nothing left out unsaid."""

from __future__ import annotations

__all__ = ["FeedNotice", "FeedSettings", "IbFeed"]

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from framework.brokers.ib.bars import BarSeen
from framework.brokers.ib.clock import Clock
from framework.brokers.ib.connection import Connection, Notice, NoticeKind, State
from framework.brokers.ib.following import Following
from framework.brokers.ib.frames import Frame, scheduled_closes
from framework.brokers.ib.history import History
from framework.brokers.ib.library import IbBarList
from framework.brokers.ib.link import Link
from framework.brokers.ib.listed import Book, Listed
from framework.brokers.ib.problems import LinkLostError, PacingError, RequestError
from framework.brokers.ib.times import SECOND
from framework.calendar import utc_text
from framework.domain.bars import Bars

_TAIL = 3
"""Rows at the end of a list of bars that are read, and twice as many until nothing new is
before them."""


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """How closed bars are waited for; seconds.

    Attributes:
        grace: after its scheduled close at which a bar is final; 0 where time is stepped.
        look: between two looks of `run`.
        stale: without an update, while the market is open, after which a subscription is made
            anew.
        patience: after a bar is final before the broker's history is asked for it, where nothing
            has been heard of the next one.
        retry: between two tries to get a missing bar.
        keeps_up: whether the broker pushes bars; else each is asked for when it is due.
    """

    grace: float = 3.0
    look: float = 0.25
    stale: float = 120.0
    patience: float = 5.0
    retry: float = 5.0
    keeps_up: bool = True


@dataclass(frozen=True, slots=True)
class FeedNotice:
    """Something about the bars of one instrument: stale, restarted, a gap, a backfill."""

    symbol: str
    text: str
    time: int


@dataclass(slots=True, eq=False)
class _Stream:
    """The bars of one instrument."""

    listed: Listed
    frame: Frame
    following: Following
    clock: Clock
    link: Link | None = None
    bars: IbBarList | None = None
    heard: float = 0.0
    tried: float = -1e9
    is_stale: bool = False
    is_silent: bool = False
    is_told_stale: bool = False
    gaps: int = 0
    read: Callable[[_Stream], None] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def updated(self, *_: object) -> None:
        """The library has changed the list."""
        self.heard = asyncio.get_running_loop().time()
        self.is_stale = self.is_silent = self.is_told_stale = False
        if self.read is not None:
            self.read(self)


class IbFeed:
    """Bars of instruments from the broker.

    `follow` an instrument, keep `run` running, and take what is final with `closed`.

    Args:
        connection: the session.
        history: asks for the past.
        book: contracts.
        settings: how bars are waited for.
    """

    def __init__(
        self,
        connection: Connection,
        history: History,
        book: Book,
        settings: FeedSettings | None = None,
    ) -> None:
        self._connection = connection
        self._book = book
        self._settings = settings or FeedSettings()
        self._streams: dict[str, _Stream] = {}
        self._notices: deque[FeedNotice] = deque()
        self.history = history
        connection.watch(self._noticed)

    # what is asked ------------------------------------------------------------------------

    async def warm_up(self, symbol: str, frame: Frame, since: int) -> Bars:
        """Complete bars that close after `since`; see `History.bars`."""
        return await self.history.bars(symbol, frame, since)

    async def follow(self, symbol: str, frame: Frame, since: int) -> None:
        """Tell the bars of an instrument that close after `since`, each once and in order.

        Args:
            symbol: a qualified instrument.
            frame: of the broker's own lengths.
            since: nanoseconds UTC up to which bars are known, from `warm_up`.

        Raises:
            ContractError: it is not qualified.
            RequestError, PacingError, LinkLostError: it cannot be subscribed to.
        """
        listed = self._book.by_key(symbol)
        grace = int(self._settings.grace * SECOND)
        following = Following(listed.instrument, frame, since, grace)
        stream = _Stream(listed, frame, following, self._connection.clock)
        self._streams[symbol] = stream
        if self._settings.keeps_up:
            await self._subscribe(stream)

    def closed(self) -> list[BarSeen]:
        """Bars that are final and were not told, by their close, then by subscription."""
        now = self._connection.clock.now()
        found: list[BarSeen] = []
        for stream in self._streams.values():
            self._read(stream)
            due = stream.following.due(now)
            found += due
        return sorted(found, key=lambda bar: bar.close_time)

    def complete(self) -> None:
        """Everything that has closed by now has come in: a bar that is not known does not exist."""
        now = self._connection.clock.now()
        for stream in self._streams.values():
            stream.following.answered(now)

    @property
    def next_close(self) -> int | None:
        """The first instant at which another bar is final; None without subscriptions."""
        now = self._connection.clock.now()
        coming = []
        for stream in self._streams.values():
            frame, calendar = stream.frame, stream.listed.instrument.calendar
            horizon = now + 14 * 86_400 * SECOND
            closes = scheduled_closes(frame, calendar, max(stream.following.told, now), horizon)
            if len(closes):
                coming.append(int(closes[0]) + stream.following.grace)
        return min(coming, default=None)

    def notices(self) -> tuple[FeedNotice, ...]:
        """What happened to the bars since the last call."""
        found = tuple(self._notices)
        self._notices.clear()
        return found

    def is_stale(self, symbol: str) -> bool:
        """Whether the bars of an instrument are known not to come."""
        stream = self._streams.get(symbol)
        return stream is None or stream.is_stale

    # keeping up ---------------------------------------------------------------------------

    async def run(self) -> None:
        """Subscribe anew, fetch what is missing and notice what has gone silent, until
        cancelled."""
        while True:
            await asyncio.sleep(self._settings.look)
            await self.look()

    async def look(self) -> None:
        """One round of `run`."""
        if self._connection.state not in (State.READY, State.RESTARTING, State.DEGRADED):
            return
        await asyncio.gather(*map(self._looked_at, tuple(self._streams.values())))

    async def _looked_at(self, stream: _Stream) -> None:
        try:
            await self._look_at(stream)
        except (RequestError, PacingError, LinkLostError) as error:
            self._tell(stream, f"{error}")

    async def _look_at(self, stream: _Stream) -> None:
        now = asyncio.get_running_loop().time()
        if self._settings.keeps_up:
            if stream.link is not self._connection.link:
                await self._restart(stream, "the connection is new")
            elif self._is_silent(stream, now):
                stream.is_stale = stream.is_silent = True
                if now - stream.tried >= self._settings.stale:
                    await self._restart(stream, f"silent for {now - stream.heard:.0f} s")
        self._read(stream)
        patience = int(self._settings.patience * SECOND) if self._settings.keeps_up else 0
        missing = stream.following.missing(self._connection.clock.now() - patience)
        if missing and now - stream.tried >= self._settings.retry:
            stream.tried = now
            await self._backfill(stream, missing)
            stream.tried = -1e9  # the next one missing need not wait

    def _is_silent(self, stream: _Stream, now: float) -> bool:
        """Whether nothing has come for too long while the market is open."""
        if now - stream.heard < self._settings.stale:
            return False
        clock = self._connection.clock.now()
        span = int(2 * self._settings.stale * SECOND) + stream.frame.length
        calendar = stream.listed.instrument.calendar
        return bool(len(scheduled_closes(stream.frame, calendar, clock - span, clock)))

    async def _restart(self, stream: _Stream, reason: str) -> None:
        async with stream.lock:
            stream.tried = asyncio.get_running_loop().time()
            self._drop(stream)
            await self._subscribe(stream)
            self._tell(stream, f"subscribed anew: {reason}")

    async def _subscribe(self, stream: _Stream) -> None:
        link, bars = await self.history.follow(stream.listed, stream.frame)
        was_silent = stream.is_silent
        stream.link, stream.bars, stream.read = link, bars, self._read
        stream.updated()
        stream.is_stale = stream.is_silent = was_silent  # what was asked for is no word unasked
        bars.updateEvent.connect(stream.updated)

    @staticmethod
    def _drop(stream: _Stream) -> None:
        """End a subscription, where its connection is still there."""
        link, bars = stream.link, stream.bars
        stream.link, stream.bars = None, None
        if link is not None and bars is not None and link.is_open:
            bars.updateEvent.disconnect(stream.updated)
            link.ib.cancelHistoricalData(bars)

    def _read(self, stream: _Stream) -> None:
        """Know what was pushed.

        The last word on a bar may come seconds after its close. What proves that it has come is a
        word on the next bar; where time is stepped, nothing is ever late.
        """
        tail = self._tail(stream) if stream.bars is not None else []
        if not tail:
            return
        is_news = stream.following.take(tail)
        if self._settings.grace > 0.0:
            stream.following.confirm(tail[-1].close_time - 1)
        elif is_news:
            stream.following.confirm(self._connection.clock.now())

    def _tail(self, stream: _Stream) -> Sequence[BarSeen]:
        """Bars of the subscription that were not told yet."""
        bars = stream.bars
        assert bars is not None
        rows = _TAIL
        while True:
            seen = self.history.seen(stream.listed, stream.frame, bars, len(bars) - rows)
            if rows >= len(bars) or (seen and seen[0].close_time <= stream.following.told):
                return seen
            rows *= 2

    async def _backfill(self, stream: _Stream, missing: list[int]) -> None:
        """Ask for bars that did not come; what the broker does not have does not exist."""
        first, last = missing[0], missing[-1]
        found = await self.history.bars(
            stream.listed.key, stream.frame, min(first, stream.following.told + 1) - 1
        )
        rows = range(len(found))
        stream.following.correct(_row(found, row) for row in rows)
        before = len(stream.following.absent)
        stream.following.answered(last)
        gone = stream.following.absent[before:]
        came = len(missing) - len(gone)
        words = [f"{came} backfilled"] if came else []
        if gone:
            words.append(f"no trade up to {utc_text(gone[-1])} in {len(gone)}")
        self._tell(stream, f"{len(missing)} missing since {utc_text(first)}: {', '.join(words)}")

    # what comes ---------------------------------------------------------------------------

    def _noticed(self, notice: Notice) -> None:
        if notice.kind is NoticeKind.RESUBSCRIBE:
            for stream in self._streams.values():
                stream.link = None
        elif notice.kind is NoticeKind.DATA_STALE:
            for stream in self._streams.values():
                stream.is_stale = True
                if not stream.is_told_stale:
                    stream.is_told_stale = True
                    self._tell(stream, notice.text)
        elif notice.kind is NoticeKind.DATA_OK:
            for stream in self._streams.values():
                if stream.is_stale:
                    stream.link = None

    def _tell(self, stream: _Stream, text: str) -> None:
        self._notices.append(FeedNotice(stream.listed.key, text, self._connection.clock.now()))


def _row(bars: Bars, row: int) -> BarSeen:
    regular = True if bars.regular is None else bool(bars.regular[row])
    return BarSeen(
        bars.symbol,
        int(bars.close_time[row]),
        int(bars.session[row]),
        int(bars.session_close[row]),
        float(bars.open[row]),
        float(bars.high[row]),
        float(bars.low[row]),
        float(bars.close[row]),
        float(bars.volume[row]),
        regular,
    )
