"""Quoting: best prices of what a session trades, followed and told as its journal writes them."""

from __future__ import annotations

__all__ = ["MarketData", "Quoting"]

import asyncio
from collections.abc import Iterable
from typing import Literal

from framework.brokers.ib.level_one import LevelOne
from framework.brokers.ib.problems import ContractError, LinkLostError, PacingError
from framework.brokers.ib.quotes import Quality
from framework.brokers.ib.quotes import SeenQuote as Followed
from framework.engine.journal_rows import SeenQuote

MarketData = Literal["live", "delayed", "none"]
"""Which quotes are followed: live ones alone, delayed ones where live ones are not subscribed to,
or none."""

_LOOK, _RETRY = 0.25, 5.0
"""Seconds between two looks, and before what could not be followed is tried again."""
_NOT_FOLLOWED = "not_followed"
"""Quality of an instrument whose quotes nobody follows."""


class Quoting:
    """Follows quotes, again after every new connection, and keeps to the lines there are.

    What is traded throughout has its line for good. What comes to be traded besides, such as an
    option, gives its line to the next one once all are taken.

    Args:
        level_one: the quotes.
        lines: quotes that may be followed at the same time; 0 for no limit.
    """

    def __init__(self, level_one: LevelOne, lines: int = 0) -> None:
        self._level_one = level_one
        self._lines = lines
        self._wanted: list[str] = []
        self._passing: list[str] = []
        self._tried: dict[str, float] = {}
        self._told: dict[str, str] = {}
        self._news: list[str] = []

    def want(self, symbols: Iterable[str], passing: bool = False) -> None:
        """Have the quotes of these followed.

        Args:
            symbols: instruments whose contracts are known.
            passing: whether their lines may be given to others.
        """
        for symbol in symbols:
            if symbol in self._wanted or symbol in self._passing:
                continue
            (self._passing if passing else self._wanted).append(symbol)
        while self._passing and 0 < self._lines < len(self._wanted) + len(self._passing):
            self._level_one.leave(self._passing.pop(0))

    def quote(self, symbol: str) -> SeenQuote:
        """The quote of an instrument as it is known now; prices only where they are live."""
        try:
            seen = self._level_one.quote(symbol)
        except ContractError:
            return SeenQuote(symbol, None, None, quality=_NOT_FOLLOWED)
        if not seen.is_good:
            return SeenQuote(symbol, None, None, seen.time, quality=seen.quality.value)
        return SeenQuote(symbol, seen.bid, seen.ask, seen.time, seen.last, seen.quality.value)

    def news(self) -> tuple[str, ...]:
        """What has come between a symbol and its quotes since the last call, each once."""
        found = tuple(self._news)
        self._news.clear()
        return found

    # keeping up ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow what is wanted and not followed, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK)

    async def look(self) -> None:
        """One round of `run`."""
        now = asyncio.get_running_loop().time()
        for symbol in (*self._wanted, *self._passing):
            if not self._level_one.is_up:
                return
            if self._level_one.is_followed(symbol):
                self._heed(symbol)
            elif now - self._tried.get(symbol, -_RETRY) >= _RETRY:
                self._tried[symbol] = now
                await self._follow(symbol)

    async def first(self, patience: float) -> None:
        """Wait until every quote has been told once, or so many seconds."""
        await self.look()
        loop = asyncio.get_running_loop()
        end = loop.time() + patience
        while loop.time() < end and any(map(self._is_awaited, self._wanted)):
            await asyncio.sleep(0.02)

    def _is_awaited(self, symbol: str) -> bool:
        if not self._level_one.is_followed(symbol):
            return False
        return self._level_one.quote(symbol).quality is Quality.MISSING

    async def _follow(self, symbol: str) -> None:
        try:
            await self._level_one.follow(symbol)
        except (PacingError, LinkLostError, ContractError) as error:
            self._tell(symbol, f"no quotes: {error}")
        else:
            del self._tried[symbol]

    def _heed(self, symbol: str) -> None:
        """Say it where the broker gives no live prices."""
        refusal, seen = self._level_one.refusal(symbol), self._level_one.quote(symbol)
        if refusal is not None:
            self._tell(symbol, f"no quotes: {refusal}")
        elif _is_late(seen):
            self._tell(symbol, "its quotes are delayed: orders are written down without one")
        elif seen.is_good:
            self._told.pop(symbol, None)

    def _tell(self, symbol: str, text: str) -> None:
        if self._told.get(symbol) != text:
            self._told[symbol] = text
            self._news.append(f"{symbol}: {text}")


def _is_late(seen: Followed) -> bool:
    return seen.quality is Quality.DELAYED
