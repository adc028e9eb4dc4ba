"""Marks: what instruments trade at now, by the broker's quotes or, without any, the last close."""

from __future__ import annotations

__all__ = ["Marks", "Price"]

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from framework.brokers.ib.frames import frame_of
from framework.brokers.ib.level_one import LevelOne
from framework.brokers.ib.problems import LinkLostError, PacingError, RequestError
from framework.brokers.ib.quotes import Quality, SeenQuote
from framework.brokers.ib.times import SECOND
from framework.calendar import DAY
from framework.engine import journal_rows
from framework.session.rigging import Rigging

_LOOK = 0.02
_FRESH = 60.0
"""Seconds for which a close that was asked for is not asked for again."""
_BACK = 15
"""Days in which there is a close for certain."""
_NOT_FOLLOWED = "not_followed"
_DATA = (RequestError, PacingError, LinkLostError)


@dataclass(frozen=True, slots=True)
class Price:
    """What an instrument trades at.

    Attributes:
        symbol: the instrument.
        bid, ask, last: prices; None where there is none.
        time: of the last change, UTC; None before the first.
        quality: "live", or what it is worth instead, such as "delayed" (a quarter of an hour old)
            or "close" (the last daily close, for no quote came).
    """

    symbol: str
    bid: float | None
    ask: float | None
    last: float | None
    time: datetime | None
    quality: str

    @property
    def is_live(self) -> bool:
        """Whether it is of now."""
        return self.quality == Quality.LIVE

    @property
    def mark(self) -> float | None:
        """One price for all: between bid and ask, else the last; None where there is none."""
        if self.bid is not None and self.ask is not None and self.bid <= self.ask:
            return (self.bid + self.ask) / 2.0
        return self.last

    def __str__(self) -> str:
        """Such as "AAPL 210.01 / 210.03, last 210.02 at 14:30:05 UTC, delayed"."""
        sides = f"{_text(self.bid)} / {_text(self.ask)}, last {_text(self.last)}"
        when = "" if self.time is None else f" at {self.time:%H:%M:%S} UTC"
        return f"{self.symbol} {sides}{when}" + ("" if self.is_live else f", {self.quality}")

    __repr__ = __str__


class Marks:
    """Follows the quotes of what is asked about.

    Args:
        rigging: the connection's parts.
        allows_delayed: whether delayed prices will do where there are no live ones.
        patience: seconds the first quote of an instrument is waited for.
    """

    def __init__(self, rigging: Rigging, allows_delayed: bool, patience: float = 3.0) -> None:
        self._rigging = rigging
        self._patience = patience
        self._quotes = LevelOne(
            rigging.connection, rigging.broker.pacer, rigging.listed, allows_delayed=allows_delayed
        )
        self._followed: set[str] = set()
        self._turn = asyncio.Lock()
        self._closes: dict[str, tuple[float, Price]] = {}

    async def price(self, symbol: str) -> Price:
        """What a qualified instrument trades at; without any price where the broker has none.

        Raises:
            LinkLostError: there is no connection.
        """
        try:
            await self._follow(symbol)
        except (RequestError, PacingError):
            return await self._closed(symbol)
        end = asyncio.get_running_loop().time() + self._patience
        while asyncio.get_running_loop().time() < end:
            seen = _price(self._quotes.quote(symbol))
            if seen.mark is not None or self._quotes.refusal(symbol) is not None:
                break
            await asyncio.sleep(_LOOK)
        return seen if seen.mark is not None else await self._closed(symbol)

    async def mark(self, symbol: str) -> float | None:
        """One price for all; None where there is none or no connection: the price that was known
        last will do to refuse what opens risk, and to let out what does not."""
        try:
            return (await self.price(symbol)).mark
        except LinkLostError:
            return None

    async def renew(self) -> None:
        """Follow everything anew where the connection is another one."""
        async with self._turn:
            with suppress(*_DATA):  # it is tried again at the next look
                await self._quotes.renew()

    async def _follow(self, symbol: str) -> None:
        async with self._turn:
            if symbol not in self._followed:
                await self._quotes.follow(symbol)
                self._followed.add(symbol)

    def journalled(self, symbol: str) -> journal_rows.SeenQuote:
        """The best prices as they are known, to be written beside an order; only live ones."""
        if symbol not in self._followed:
            return journal_rows.SeenQuote(symbol, None, None, quality=_NOT_FOLLOWED)
        seen = self._quotes.quote(symbol)
        quality = seen.quality.value
        if not seen.is_good:
            return journal_rows.SeenQuote(symbol, None, None, seen.time, quality=quality)
        return journal_rows.SeenQuote(symbol, seen.bid, seen.ask, seen.time, seen.last, quality)

    async def _closed(self, symbol: str) -> Price:
        """The last daily close."""
        loop = asyncio.get_running_loop()
        kept = self._closes.get(symbol)
        if kept is not None and loop.time() - kept[0] < _FRESH:
            return kept[1]
        found = Price(symbol, None, None, None, None, Quality.MISSING.value)
        now = self._rigging.connection.clock.now()
        try:
            bars = await self._rigging.history.bars(symbol, frame_of("1d"), now - _BACK * DAY)
        except (RequestError, PacingError):
            return found
        if len(bars):
            time = _moment(int(bars.close_time[-1]))
            found = Price(symbol, None, None, float(bars.close[-1]), time, "close")
        self._closes[symbol] = (loop.time(), found)
        return found


def _price(seen: SeenQuote) -> Price:
    time = _moment(seen.time) if seen.time else None
    return Price(seen.symbol, seen.bid, seen.ask, seen.last, time, seen.quality.value)


def _moment(time: int) -> datetime:
    return datetime.fromtimestamp(time // SECOND, UTC)


def _text(price: float | None) -> str:
    return "-" if price is None else f"{price:,.10g}"
