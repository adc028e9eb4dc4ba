"""Watch: the bars and quotes of a session, kept coming."""

from __future__ import annotations

__all__ = ["Watch"]

import asyncio
from collections.abc import Iterable

from framework.brokers.ib.feed import IbFeed
from framework.brokers.ib.level_one import LevelOne
from framework.engine.journalled import Quotes
from framework.session.quoting import MarketData, Quoting


class Watch:
    """What a session looks at.

    Args:
        feed: its bars.
        level_one: quotes.
        market_data: which of them are followed.
        lines: quotes that may be followed at the same time; 0 for no limit.
    """

    def __init__(
        self, feed: IbFeed, level_one: LevelOne, market_data: MarketData, lines: int
    ) -> None:
        self._feed = feed
        self._quoting = None if market_data == "none" else Quoting(level_one, lines)

    @property
    def quotes(self) -> Quotes | None:
        """The best prices of a symbol as they are known now; None where none are followed."""
        return None if self._quoting is None else self._quoting.quote

    async def begin(self, symbols: Iterable[str], patience: float) -> None:
        """Follow the quotes of what is traded throughout, and wait some seconds for the first."""
        if self._quoting is not None:
            self._quoting.want(symbols)
            await self._quoting.first(patience)

    def pass_by(self, symbols: Iterable[str]) -> None:
        """Follow the quotes of what is traded besides, for as long as there are lines."""
        if self._quoting is not None:
            self._quoting.want(symbols, passing=True)

    async def run(self) -> None:
        """Keep bars and quotes coming, until cancelled."""
        if self._quoting is None:
            await self._feed.run()
        else:
            await asyncio.gather(self._feed.run(), self._quoting.run())

    def notices(self) -> list[str]:
        """What happened to bars and quotes since the last call, in words."""
        found = [f"{one.symbol}: {one.text}" for one in self._feed.notices()]
        return found if self._quoting is None else [*found, *self._quoting.news()]
