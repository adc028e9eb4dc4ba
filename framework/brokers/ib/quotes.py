"""Quotes: the best prices of a contract, and whether they can be trusted."""

from __future__ import annotations

__all__ = ["Quality", "SeenQuote", "quote_from"]

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from framework.brokers.ib.library import IbTicker
from framework.domain.options import Quote


class Quality(StrEnum):
    """What a quote is worth."""

    LIVE = "live"
    FROZEN = "frozen"
    """The last of a market that is closed."""
    DELAYED = "delayed"
    """Of a quarter of an hour ago."""
    HALTED = "halted"
    """Trading is halted."""
    MISSING = "missing"
    """No bid or no ask, or not yet: the broker writes -1, 0 or nothing."""
    STALE = "stale"
    """Nothing has come for long, or the feed is known to be broken."""
    NOT_SUBSCRIBED = "not_subscribed"
    """The account does not get these data."""


_TYPES = {1: Quality.LIVE, 2: Quality.FROZEN, 3: Quality.DELAYED, 4: Quality.DELAYED}
_HALTED = (1.0, 2.0)


@dataclass(frozen=True, slots=True)
class SeenQuote:
    """The best prices of one contract.

    Attributes:
        symbol: instrument.
        bid, ask, last: prices, None where there is none.
        bid_size, ask_size: units, 0 where unknown.
        time: nanoseconds UTC of the last change; 0 before the first.
        quality: what it is worth.
    """

    symbol: str
    bid: float | None
    ask: float | None
    last: float | None
    bid_size: float
    ask_size: float
    time: int
    quality: Quality

    @property
    def is_good(self) -> bool:
        """Whether an order may be priced by it."""
        return self.quality is Quality.LIVE

    @property
    def quote(self) -> Quote | None:
        """Bid and ask, where there are both."""
        if self.bid is None or self.ask is None:
            return None
        return Quote(self.bid, self.ask)


def quote_from(symbol: str, ticker: IbTicker, time: int, stale: bool, refused: bool) -> SeenQuote:
    """The quote a ticker shows.

    Args:
        symbol: instrument.
        ticker: the library's, which fills empty prices with -1, 0 or NaN.
        time: nanoseconds UTC of its last change; 0 before the first: what it shows then may be of
            an earlier subscription.
        stale: whether it is known not to be of now.
        refused: whether the broker has said that it gives no data.
    """
    bid, ask, last = (_price(value) for value in (ticker.bid, ticker.ask, ticker.last))
    quality = _TYPES.get(ticker.marketDataType, Quality.LIVE)
    if refused:
        quality = Quality.NOT_SUBSCRIBED
    elif stale:
        quality = Quality.STALE
    elif ticker.halted in _HALTED:
        quality = Quality.HALTED
    elif time == 0 or bid is None or ask is None or bid > ask:
        quality = Quality.MISSING
    return SeenQuote(
        symbol,
        bid,
        ask,
        last,
        _size(ticker.bidSize),
        _size(ticker.askSize),
        time,
        quality,
    )


def _price(value: float) -> float | None:
    return value if isfinite(value) and value > 0.0 else None


def _size(value: float) -> float:
    return value if isfinite(value) and value > 0.0 else 0.0
