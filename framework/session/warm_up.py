"""Warm-up: the past of what a session trades, fetched, and its bars followed from there on."""

from __future__ import annotations

__all__ = ["WarmUp"]

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np

from framework.brokers.ib.clock import Clock
from framework.brokers.ib.feed import IbFeed
from framework.brokers.ib.frames import Frame
from framework.brokers.ib.problems import PacingError
from framework.calendar import DAY, TradingCalendar
from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.errors import DataError
from framework.live.ground import Ground

_YEAR_BARS = 252
_TRIES, _TOO_SOON = 3, 16.0
T = TypeVar("T")


class WarmUp:
    """Fetches and follows the bars of a session.

    Args:
        feed: asks the broker.
        frame: length of the bars.
        wanted: bars of the past, at least.
        clock: the session's.
        say: told when the broker has to be asked again.
    """

    def __init__(
        self, feed: IbFeed, frame: Frame, wanted: int, clock: Clock, say: Callable[[str], None]
    ) -> None:
        self._feed = feed
        self._frame = frame
        self._wanted = wanted
        self._clock = clock
        self._say = say

    async def histories(self, instruments: Sequence[Instrument]) -> list[Bars]:
        """The past of everything traded, up to the last bar that has closed.

        Raises:
            DataError: the broker has none.
        """
        found = []
        for instrument in instruments:
            since = self._since(instrument)
            bars = await self._patiently(
                partial(self._feed.warm_up, instrument.symbol, self._frame, since)
            )
            if not len(bars):
                raise DataError(
                    f"The broker has no bars of {instrument.symbol}.",
                    "Check the contract and the market data subscription: slipway doctor.",
                )
            surplus = max(0, len(bars) - self._wanted)
            found.append(replace(bars.take(surplus, len(bars)), instrument=instrument))
        return found

    async def follow(self, instruments: Sequence[Instrument], ground: Ground) -> None:
        """Have the bars after those that are known come in."""
        for instrument in instruments:
            bars = ground.lines[instrument.symbol].bars
            since = int(bars.close_time[-1]) if len(bars) else 0
            await self._patiently(partial(self._feed.follow, instrument.symbol, self._frame, since))

    def _since(self, instrument: Instrument) -> int:
        """An instant after which there are as many bars as are wanted."""
        now, wanted = self._clock.now(), self._wanted
        today = now // DAY
        if self._frame.is_daily:
            return now - int(wanted * 365.25 / _YEAR_BARS + 10) * DAY
        calendar = TradingCalendar(instrument.calendar)
        days = calendar.sessions_between(today - wanted - 15, today)
        opens, closes = calendar.session_open_of(days), calendar.session_close_of(days)
        counts = (np.minimum(closes, now) - opens) // self._frame.length
        enough = np.flatnonzero(np.cumsum(np.maximum(counts, 0)[::-1]) >= wanted)
        return int(opens[len(opens) - 1 - int(enough[0])]) if len(enough) else int(opens[0])

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask again where the broker says it was too soon: a session before this one has asked."""
        for _ in range(_TRIES):
            try:
                return await ask()
            except PacingError as error:
                self._say(f"{error.problem} Asked again in {_TOO_SOON:.0f} seconds.")
                await asyncio.sleep(_TOO_SOON)
        return await ask()
