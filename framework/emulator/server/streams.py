"""Streams: what a client has asked to be told of as it happens."""

from __future__ import annotations

__all__ = ["FIVE_SECONDS", "BarStream", "DepthStream", "QuoteStream", "TickStream"]

from dataclasses import dataclass, field

from framework.emulator.market.depth import BookRow
from framework.emulator.market.quotes import Snapshot
from framework.emulator.market.rolling import Rolling

FIVE_SECONDS = "5 secs"
"""Size of real-time bars."""

Sides = tuple[tuple[BookRow, ...], tuple[BookRow, ...]]
"""Bids and asks, best first."""


@dataclass(slots=True, eq=False)
class QuoteStream:
    """Quotes of one contract, or of a combo.

    Attributes:
        key: of the contract; of a combo, a name for it.
        is_delayed: whether delayed tick types are used.
        is_option: whether Greeks are told too.
        legs: of a combo, the keys of its legs and how many units of each are bought.
        shown: the quote told last; None before the first.
    """

    key: str
    is_delayed: bool
    is_option: bool
    legs: tuple[tuple[str, float], ...] = ()
    shown: Snapshot | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Whatever its quote depends on."""
        return tuple(key for key, _ in self.legs) or (self.key,)


@dataclass(slots=True, eq=False)
class DepthStream:
    """The order book of one contract.

    Attributes:
        key: of the contract.
        rows: on each side.
        is_smart: whether exchanges are named.
        shown: the sides told last.
    """

    key: str
    rows: int
    is_smart: bool
    shown: Sides = field(default=((), ()))


@dataclass(slots=True, eq=False)
class TickStream:
    """Single ticks of one contract.

    Attributes:
        key: of the contract.
        kind: Last, AllLast, BidAsk or MidPoint.
    """

    key: str
    kind: str


@dataclass(slots=True, eq=False)
class BarStream:
    """Bars of one contract as they form.

    Attributes:
        key: of the contract.
        rolling: makes them.
        daily: whether their times are dates.
        format_date: how times are written.
        size: bar size of history that is kept up to date, such as "5 mins"; empty for bars of five
            seconds.
        is_begun: of bars of five seconds, whether the forming one was followed from its start.
    """

    key: str
    rolling: Rolling
    daily: bool
    format_date: int
    size: str
    is_begun: bool = False
