"""Prices: what the accounts' simulated brokers trade against, bar by bar or tick by tick."""

from __future__ import annotations

__all__ = ["LivePrices", "Prices", "StaticPrices"]

from collections.abc import Callable, Iterable, Sequence
from math import isnan
from typing import Protocol

from framework.brokers.simulated.tape import Tape
from framework.domain.bars import Bars, IntArray
from framework.emulator.exchange.rows import GrowingRows
from framework.emulator.market.segment import Segment


class Prices(Protocol):
    """Bars along instants that all accounts share."""

    @property
    def instants(self) -> Sequence[int]:
        """Nanoseconds UTC of every instant there is, or has been."""
        ...

    @property
    def instant(self) -> int:
        """Index of the present one; -1 before the first."""
        ...

    def tapes(self) -> list[Tape]:
        """A new tape for each instrument that is listed from the start."""
        ...

    def admit(self, symbol: str) -> Tape:
        """A new tape for an option that comes to be traded."""
        ...


class StaticPrices:
    """Bars that are known as a whole, of a lockstep run.

    Args:
        tapes: makes a fresh set of tapes.
        instants: nanoseconds UTC, strictly increasing.
        listing: makes the tape of an option, by symbol.
    """

    def __init__(
        self,
        tapes: Callable[[], list[Tape]],
        instants: IntArray,
        listing: Callable[[str], Tape],
    ) -> None:
        self._tapes = tapes
        self._listing = listing
        self.instants: Sequence[int] = instants.data
        self.instant = -1

    def tapes(self) -> list[Tape]:
        """A new tape for each instrument."""
        return self._tapes()

    def admit(self, symbol: str) -> Tape:
        """A new tape for an option."""
        return self._listing(symbol)

    def step(self) -> bool:
        """Go to the next instant; False at the end."""
        if self.instant + 1 >= len(self.instants):
            return False
        self.instant += 1
        return True


class LivePrices:
    """Ticks as they come in: an instant for each, and one more whenever an order wants to trade at
    the present price at once.

    Args:
        past: the bars known from the start, one per instrument.
        spacing: nanoseconds between two ticks.
        listing: the past of what comes to be traded, by symbol; lets it stream from here on.
        close_of: its last price.
    """

    def __init__(
        self,
        past: Sequence[Bars],
        spacing: int,
        listing: Callable[[str], Bars],
        close_of: Callable[[str], float],
    ) -> None:
        self._rows = {one.symbol: GrowingRows(one, spacing) for one in past}
        self._listed = tuple(self._rows)
        self._spacing = spacing
        self._listing = listing
        self._close_of = close_of
        latest = max((int(one.close_time[-1]) for one in past if len(one)), default=0)
        self.instants: list[int] = [latest]

    @property
    def instant(self) -> int:
        """Index of the present instant."""
        return len(self.instants) - 1

    def tapes(self) -> list[Tape]:
        """A new tape for each instrument listed from the start."""
        return [self._rows[symbol].tape() for symbol in self._listed]

    def admit(self, symbol: str) -> Tape:
        """A new tape for an option."""
        if symbol not in self._rows:
            rows = self._rows[symbol] = GrowingRows(self._listing(symbol), self._spacing)
            self._bring_up(rows, self._close_of(symbol))
        return self._rows[symbol].tape()

    def _bring_up(self, rows: GrowingRows, price: float) -> None:
        """Append the present price of an option: its bars tell no more than those of its underlying
        that have closed."""
        option = rows.instrument.option
        under = None if option is None else self._rows.get(option.underlying)
        if under is None or isnan(price) or not len(under.bars):
            return
        bars, own = under.bars, rows.bars
        if len(own) and own.close_time[-1] >= bars.close_time[-1]:
            return
        rows.push(
            int(bars.close_time[-1]),
            int(bars.session[-1]),
            int(bars.session_close[-1]),
            (price, price, price, price),
            0.0,
            bars.regular is None or bool(bars.regular[-1]),
        )

    def take(self, segments: Iterable[Segment]) -> None:
        """Append what was traded until one and the same time, as a new instant."""
        segments = tuple(segments)
        time = max(self.instants[-1] + 1, *(one.time for one in segments))
        for one in segments:
            rows = self._rows.get(one.key)
            if rows is not None:
                prices = (one.open, one.high, one.low, one.close)
                rows.push(time, one.session, one.session_close, prices, one.volume, one.regular)
        self.instants.append(time)

    def nudge(self, symbols: Sequence[str], time: int) -> bool:
        """Append an instant at which instruments trade at their last prices again; False, and
        nothing happens, once a session of theirs is over, or before the first price."""
        known = [self._rows[symbol] for symbol in symbols]
        if any(not len(rows.bars) for rows in known):
            return False
        if any(rows.bars.close_time[-1] >= rows.bars.session_close[-1] for rows in known):
            return False
        time = max(time, self.instants[-1] + 1)
        for rows in known:
            bars, close = rows.bars, float(rows.bars.close[-1])
            rows.push(
                time,
                int(bars.session[-1]),
                int(bars.session_close[-1]),
                (close, close, close, close),
                0.0,
                bars.regular is None or bool(bars.regular[-1]),
            )
        self.instants.append(time)
        return True
