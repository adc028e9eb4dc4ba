"""Past ticks: every trade, quote or middle of a stretch of time, as the market sent them."""

from __future__ import annotations

__all__ = ["PastTick", "PastTicks"]

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from framework.calendar import DAY
from framework.emulator.market.listing import Listing
from framework.emulator.market.past import Past, Rows
from framework.emulator.market.quotes import sizes
from framework.emulator.market.refusal import HistoryRefused
from framework.emulator.market.sides import quoted
from framework.emulator.market.times import read_instant

_MOST = 1000
"""Ticks of one answer."""
_KINDS = ("TRADES", "BID_ASK", "MIDPOINT")
_STEPS = (1, 4, 12, 40)
"""Stretches looked at until there are enough, in hours."""
_HOUR = 3600 * 10**9


@dataclass(frozen=True, slots=True)
class PastTick:
    """One tick.

    Attributes:
        time: nanoseconds UTC.
        price, size: of a trade; of a quote, bid and its size; of a middle, size 0.
        ask, ask_size: of a quote, else 0.
    """

    time: int
    price: float
    size: float
    ask: float = 0.0
    ask_size: float = 0.0


class PastTicks:
    """Answers to questions for past ticks.

    Args:
        past: the market's.
        clock: tells nanoseconds UTC now.
        spread: width of an option's quote as a part of its price.
    """

    def __init__(self, past: Past, clock: Callable[[], int], spread: float) -> None:
        self._past = past
        self._clock = clock
        self._spread = spread

    def find(
        self,
        listing: Listing,
        start: str,
        end: str,
        count: int,
        what: str,
        *,
        regular: bool,
        zone: str = "UTC",
    ) -> list[PastTick]:
        """Up to `count` ticks from a start on, or before an end, oldest first.

        Args:
            listing: of what.
            start, end: texts as on the wire; exactly one is filled in.
            count: 1 to 1000.
            what: TRADES, BID_ASK or MIDPOINT.
            regular: of regular hours alone.
            zone: TWS's own, for times without one.

        Raises:
            HistoryRefused: it is no question TWS would answer.
        """
        if what not in _KINDS:
            raise HistoryRefused.invalid(f"Historical ticks of type '{what}' are not supported")
        if bool(start.strip()) is bool(end.strip()):
            raise HistoryRefused.invalid("Either start or end time must be given, not both")
        if not 1 <= count <= _MOST:
            raise HistoryRefused.invalid(f"Number of ticks must be 1 to {_MOST}; not {count}")
        now = self._clock()
        rows = (
            self._from(listing, read_instant(start, zone, now), count, regular)
            if start.strip()
            else self._before(listing, min(read_instant(end, zone, now), now), count, regular)
        )
        return self._shown(listing, rows, what)

    def _from(self, listing: Listing, start: int, count: int, regular: bool) -> Rows:
        now = self._clock()
        for hours in _STEPS:
            stop = min(now, start + hours * _HOUR)
            rows = self._some(listing, start - 1, stop, regular)
            if len(rows) >= count or stop == now:
                break
        return rows.where(slice(0, count))

    def _before(self, listing: Listing, end: int, count: int, regular: bool) -> Rows:
        for hours in _STEPS:
            rows = self._some(listing, end - hours * _HOUR, end, regular)
            if len(rows) >= count:
                break
        else:
            rows = self._some(listing, end - 5 * DAY, end, regular)
        return rows.where(slice(max(0, len(rows) - count), None))

    def _some(self, listing: Listing, start: int, stop: int, regular: bool) -> Rows:
        rows = self._past.ticks(listing, start, stop)
        return rows.where(rows.regular) if regular else rows

    def _shown(self, listing: Listing, rows: Rows, what: str) -> list[PastTick]:
        times, prices, volumes = (
            column.tolist() for column in (rows.closes, rows.close, rows.volume)
        )
        if what == "TRADES":
            return [PastTick(*row) for row in zip(times, prices, volumes, strict=True)]
        bid, ask = quoted(rows.close, listing.instrument, self._spread)
        if what == "MIDPOINT":
            middle = np.round((bid + ask) / 2.0, 10).tolist()
            return [PastTick(time, price, 0.0) for time, price in zip(times, middle, strict=True)]
        found = []
        for time, low, high in zip(times, bid.tolist(), ask.tolist(), strict=True):
            bid_size, ask_size = sizes(listing.instrument, time)
            found.append(PastTick(time, low, bid_size if low > 0.0 else 0.0, high, ask_size))
        return found
