"""Fetching the bars of one symbol, piece by piece, and what to do when a piece does not come."""

from __future__ import annotations

__all__ = ["Fetched", "Fetcher", "Patience"]

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from framework.brokers.ib.connection import Notice, NoticeKind, State
from framework.brokers.ib.frames import Frame
from framework.brokers.ib.history import History
from framework.brokers.ib.limits import Limits
from framework.brokers.ib.problems import LinkLostError, PacingError, RequestError
from framework.brokers.ib.settings import Timings
from framework.calendar import DAY
from framework.cli.broker_access import LOOKING, Looker
from framework.cli.download_cache import Cache, Piece, pieces_of
from framework.cli.download_lines import Form, Lines, differ, in_span
from framework.domain.bars import Bars, PriceBasis
from framework.errors import DataError

_NOTHING_LEFT = 30 * DAY
"""Without a single bar in so long, and bars after it, the past has ended."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds.

    Attributes:
        pauses: after the broker has said that requests come too fast, one after the other.
        back: for a lost connection to be back.
        tries: of one piece whose answer did not come.
        answer: for one answer.
        timings: of the connection.
        limits: kept on our side; the usual ones if None.
    """

    pauses: Sequence[float] = (15.0, 60.0, 180.0, 600.0)
    back: float = 900.0
    tries: int = 3
    answer: float = 60.0
    timings: Timings = LOOKING
    limits: Limits | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a symbol.

    Attributes:
        lines: of the finished file.
        requests: how many were answered.
        is_adjusted_anew: whether what was there disagreed with what the broker says today, and
            everything was asked for again.
    """

    lines: Lines
    requests: int
    is_adjusted_anew: bool


class Fetcher:
    """Fetches from one connection.

    Args:
        looker: the connection.
        prices, rth: what is asked for.
        patience: how long is waited.
        told: told of what is waited for.
    """

    def __init__(
        self,
        looker: Looker,
        prices: PriceBasis,
        rth: bool,
        patience: Patience,
        told: Callable[[str], None],
    ) -> None:
        self._looker = looker
        self._patience = patience
        self._told = told
        self._is_whole = prices is PriceBasis.TOTAL
        self._has_given_up = False
        looker.connection.watch(self._noticed)
        self._history = History(
            looker.connection,
            looker.pacer,
            looker.book,
            rth=rth,
            prices=prices,
            timeout=patience.answer,
        )

    def pieces(self, frame: Frame, since: int, until: int) -> list[Piece]:
        """What is asked for one by one, the last first. The broker adjusts prices for dividends
        up to now only, in one answer."""
        if self._is_whole:
            return [Piece(since, until)]
        return list(pieces_of(frame, since, until))

    async def fetch(
        self,
        symbol: str,
        form: Form,
        cache: Cache,
        since: int,
        until: int,
        done: Callable[[], None],
    ) -> Fetched:
        """Everything that is missing, and then the whole file.

        Args:
            symbol: a qualified instrument.
            form: of its lines.
            cache: of its files.
            since, until: nanoseconds UTC; a file that covers more keeps it.
            done: called after each piece, fetched or kept.

        Raises:
            RequestError, PacingError, LinkLostError: a piece does not come; those that have are
                kept.
            DataError: there is no bar in the range.
        """
        known = _Known(cache, since, until)
        pieces = self.pieces(form.frame, known.since, known.until)
        missing = [piece for piece in pieces if piece not in known]
        queue = _to_ask(pieces, missing, known)
        for _ in range(len(pieces) - len(queue)):
            done()
        found, now, empty, is_anew = Lines(), self._now(), 0, False
        is_asked, answered = bool(queue), self._history.answered
        while queue:
            piece = queue.pop(0)
            lines = await self._lines(symbol, form, piece)
            if differ(known.lines, lines):
                self._told(f"{symbol}: prices were adjusted since; everything is fetched again.")
                known.forget()
                queue, found, is_anew = [one for one in pieces if one != piece], Lines(), True
            found |= lines
            if piece.last <= now:
                cache.keep(piece, lines)
            done()
            empty = 0 if lines else empty + piece.last - piece.first
            if empty >= _NOTHING_LEFT and (found or known.lines):
                self._told(f"{symbol}: there is nothing before its first bar; going no further.")
                break
        whole = known.lines | found
        if not in_span(whole, since, until):
            raise DataError(
                f"The broker has no bars of {symbol} in the range asked for.",
                "Change --from and --to; bars under a minute go back half a year.",
            )
        if is_asked or not known.is_finished:
            cache.finish(known.since, min(known.until, now), whole)
        lines = in_span(whole, known.since, known.until)
        return Fetched(lines, self._history.answered - answered, is_anew)

    def _now(self) -> int:
        return self._looker.connection.clock.now()

    # one piece --------------------------------------------------------------------------------

    async def _lines(self, symbol: str, form: Form, piece: Piece) -> Lines:
        bars = await self._patiently(symbol, form.frame, piece)
        return in_span(form.lines(bars), piece.first, piece.last)

    async def _patiently(self, symbol: str, frame: Frame, piece: Piece) -> Bars:
        pauses, tries = list(self._patience.pauses), self._patience.tries
        while True:
            try:
                is_over = piece.last <= self._now() and not self._is_whole
                until = piece.last if is_over else None
                return await self._history.bars(symbol, frame, piece.first, until)
            except PacingError as error:
                if not pauses:
                    raise
                self._told(f"{error.problem} Waiting {pauses[0]:g} s.")
                await asyncio.sleep(pauses.pop(0))
            except LinkLostError:
                tries -= 1
                await self._back(tries)
            except RequestError as error:
                tries -= 1
                if error.code != 0 or tries <= 0:
                    raise
                self._told(f"{error.problem} Asking again.")

    async def _back(self, tries: int) -> None:
        """Wait for the connection to be back.

        Raises:
            LinkLostError: it does not come back, or not for long.
        """
        connection = self._looker.connection
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience.back
        self._told("The connection was lost; waiting for it.")
        while tries > 0 and loop.time() < end and not self._has_given_up:
            if connection.state is State.READY:
                return
            await asyncio.sleep(0.05)
        raise LinkLostError(
            f"The connection with TWS does not hold ({connection.reason}).",
            "See to it, and run the command again: it goes on where it was.",
        )

    def _noticed(self, notice: Notice) -> None:
        self._has_given_up |= notice.kind is NoticeKind.GAVE_UP


def _to_ask(pieces: Sequence[Piece], missing: Sequence[Piece], known: _Known) -> list[Piece]:
    """What is asked for, the last first: everything that is missing and, where none of that meets
    what is known, one known piece that has bars: to see whether the broker still says the same."""
    asked = list(missing)
    if asked and not any(map(known.overlaps, asked)):
        kept = (piece for piece in pieces if piece in known and known.overlaps(piece))
        asked += islice(kept, 1)
    return sorted(asked, reverse=True)


class _Known:
    """What earlier downloads have left.

    Args:
        cache: of the symbol.
        since, until: what is wanted now.

    Attributes:
        lines: by their close.
        since, until: what the file is to cover: all that is wanted, and all it covers already.
    """

    def __init__(self, cache: Cache, since: int, until: int) -> None:
        self._cache = cache
        cover, lines = cache.finished()
        self._covered = Piece(0, 0)
        self.since, self.until = since, until
        if cover is not None and cover.since <= until and since <= cover.until:
            self._covered = Piece(cover.since, cover.until)
            self.since, self.until = min(since, cover.since), max(until, cover.until)
        self._parts = cache.parts()
        self.lines = Lines(lines) if self._covered.last else Lines()
        for part in self._parts.values():
            self.lines |= part

    def __contains__(self, piece: Piece) -> bool:
        inside = self._covered.first <= piece.first and piece.last <= self._covered.last
        return inside or piece in self._parts

    @property
    def is_finished(self) -> bool:
        """Whether the file has everything; else all pieces may be there and not put together."""
        return self._covered.first <= self.since and self.until <= self._covered.last

    def overlaps(self, piece: Piece) -> bool:
        """Whether some bars of a missing piece are known."""
        return bool(in_span(self.lines, piece.first, piece.last))

    def forget(self) -> None:
        """None of it is good any more."""
        self.lines, self._parts, self._covered = Lines(), {}, Piece(0, 0)
        self._cache.forget_parts()
