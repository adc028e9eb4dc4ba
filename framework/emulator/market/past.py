"""Past: what the market has done up to now, of everything listed, options included."""

from __future__ import annotations

__all__ = ["Past", "Rows"]

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from framework.calendar import TradingCalendar
from framework.domain.bars import Bars, BoolArray, FloatArray, IntArray
from framework.emulator.market.grid import on_bands
from framework.emulator.market.line import Line, pieces, stances
from framework.emulator.market.listing import Listing
from framework.emulator.market.pricing import Priced, bar_prices, path_prices
from framework.emulator.market.segment import Segment
from framework.emulator.market.sources import Source, Stretch, folded
from framework.emulator.market.unroll import segments, walked


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Pieces of the past, oldest first, shape (n,) each: bars, parts of bars, or ticks."""

    opens: IntArray
    closes: IntArray
    session: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    count: IntArray
    regular: BoolArray

    def __len__(self) -> int:
        return len(self.closes)

    def where(self, kept: BoolArray | slice) -> Rows:
        """Those kept."""
        return Rows(*(getattr(self, name)[kept] for name in _NAMES))

    def plus(self, other: Rows) -> Rows:
        """These and later ones."""
        return Rows(
            *(np.concatenate((getattr(self, name), getattr(other, name))) for name in _NAMES)
        )


_NAMES = tuple(field.name for field in fields(Rows))


class Past:
    """The past of a market.

    Args:
        source: of bars.
        line: an underlying's line as of now, by key.
        pricing: how an option is priced.
        points: segments per bar; 0 for whole bars.
    """

    def __init__(
        self,
        source: Source,
        line: Callable[[str], Line],
        pricing: Callable[[Listing], Priced],
        points: int,
    ) -> None:
        self._source = source
        self._line = line
        self._pricing = pricing
        self.points = points

    def frame(self, listing: Listing) -> int:
        """Nanoseconds of the bars there are."""
        return self._source.frame(_under(listing))

    def first(self, listing: Listing) -> int:
        """When the first bar opened."""
        return self._source.first(_under(listing))

    def session_at(self, listing: Listing, time: int) -> int | None:
        """The trading day of the last bar that closed, or has begun, by a time; None if none."""
        begun = self._line(_under(listing)).begun
        if begun is not None and begun.time <= time:
            return begun.session
        last = self._source.before(_under(listing), time, 1)
        return int(last.bars.session[0]) if len(last) else None

    def sessions_before(self, listing: Listing, session: int, count: int) -> list[int]:
        """Up to `count` trading days before one, rising."""
        key, back = _under(listing), 2 * count + 20
        days = self._source.days(key, session - back, session - 1, regular=True)
        found: list[int] = days.session[max(0, len(days) - count) :].tolist()
        return found

    def bars(self, listing: Listing, start: int, stop: int) -> Rows:
        """What closed after start and by stop, and the part of the bar that has begun by then."""
        found = self._rows(listing, self._source.between(_under(listing), start, stop))
        part = self._begun(listing, stop)
        return found if part is None else found.plus(part)

    def closed(self, listing: Listing, stop: int, count: int) -> Bars:
        """The last `count` bars that closed by `stop`."""
        stretch = self._source.before(_under(listing), stop, count)
        return self._priced(listing, stretch) if listing.is_option else stretch.bars

    def ticks(self, listing: Listing, start: int, stop: int) -> Rows:
        """The ticks of that time, which is over; whole bars where those are not unrolled."""
        bars = self._source.between(_under(listing), start, stop + self.frame(listing))
        rows = self._unrolled(listing, bars) if self.points else self._rows(listing, bars)
        return rows.where((rows.closes > start) & (rows.closes <= stop))

    def days(self, listing: Listing, first: int, last: int, *, regular: bool) -> Rows:
        """One row for each trading day first..last, all of them over."""
        key = _under(listing)
        if not listing.is_option:
            bars = self._source.days(key, first, last, regular=regular)
            return self._as_rows(Stretch(bars, bars.close_time - 1), self._ticks_of(listing, bars))
        sessions = self._source.days(key, first, last, regular=regular).session.tolist()
        parts = []
        for session in sessions:
            stretch = self._source.session(key, session)
            stretch = stretch.regular() if regular else stretch
            bars = folded(self._priced(listing, stretch))
            parts.append(
                self._as_rows(Stretch(bars, bars.close_time - 1), self._ticks_of(listing, bars))
            )
        if not parts:
            return self._rows(listing, self._source.between(key, 0, 1).take(0, 0))
        found = parts[0]
        for part in parts[1:]:
            found = found.plus(part)
        return found

    # parts ----------------------------------------------------------------------------------

    def _unrolled(self, listing: Listing, stretch: Stretch) -> Rows:
        """Every tick of bars, as the market moves through them."""
        option = self._pricing(listing) if listing.is_option else None
        found: list[Segment] = []
        before = int(stretch.opens[0]) if len(stretch) else 0
        instrument = stretch.bars.instrument
        opens = stretch.opens.tolist()
        for bar, opened in zip(pieces(listing.key, stretch), opens, strict=True):
            along = segments(bar, opened, self.points, instrument.tick_at(bar.open))
            if option is not None:
                if bar.time > option.end:
                    break
                spots = [segment.close for segment in along]
                prices = path_prices([option], spots, *stances(bar, opened, before))[0]
                along = walked(listing.key, bar, along, prices)
            found += along
            before = bar.time
        closes = np.array([one.time for one in found], dtype=np.int64)
        return _rows_of(found, closes - 1, np.ones(len(found), dtype=np.int64))

    def _rows(self, listing: Listing, stretch: Stretch) -> Rows:
        if listing.is_option:
            stretch = Stretch(self._priced(listing, stretch), stretch.opens)
        return self._as_rows(stretch, np.full(len(stretch.bars), self.points or 1))

    def _as_rows(self, stretch: Stretch, count: IntArray) -> Rows:
        bars = stretch.bars
        regular = np.ones(len(bars), dtype=np.bool_) if bars.regular is None else bars.regular
        return Rows(
            stretch.opens[: len(bars)],
            bars.close_time,
            bars.session,
            bars.open,
            bars.high,
            bars.low,
            bars.close,
            bars.volume,
            count,
            regular,
        )

    def _ticks_of(self, listing: Listing, bars: Bars) -> IntArray:
        """Ticks of whole trading days."""
        if not len(bars):
            return np.empty(0, dtype=np.int64)
        opens = TradingCalendar(listing.instrument.calendar).session_open_of(bars.session)
        frames = np.maximum((bars.session_close - opens) // self.frame(listing), 1)
        ticks: IntArray = frames * (self.points or 1)
        return ticks

    def _priced(self, listing: Listing, stretch: Stretch) -> Bars:
        """An option's bars; those after its expiry are left out."""
        option = self._pricing(listing)
        stretch = stretch.closing(0, option.end)
        bars = stretch.bars
        known = np.minimum(stretch.opens, np.append(stretch.opens[:1], bars.close_time[:-1]))
        found = bar_prices(option, bars, stretch.opens, known)
        if not self.points:
            return found
        instrument = listing.instrument
        return replace(
            found,
            open=on_bands(found.open, instrument),
            high=on_bands(found.high, instrument),
            low=on_bands(found.low, instrument),
            close=on_bands(found.close, instrument),
        )

    def _begun(self, listing: Listing, stop: int) -> Rows | None:
        line = self._line(_under(listing))
        part = line.begun
        if part is None or part.time > stop:
            return None
        if listing.is_option:
            part = line.option_begun(self._pricing(listing))
            if part is None:
                return None
        count = round((part.time - line.begun_at) * self.points / max(1, self.frame(listing)))
        return _rows_of([part], np.array([line.begun_at]), np.array([max(1, count)]))


def _rows_of(segments: Sequence[Segment], opens: IntArray, count: IntArray) -> Rows:
    """Segments as rows."""
    whole = [(one.time, one.session, one.regular) for one in segments]
    closes, session, regular = (
        np.array([row[place] for row in whole], dtype=np.int64) for place in range(3)
    )
    prices = [(one.open, one.high, one.low, one.close, one.volume) for one in segments]
    opened, high, low, close, volume = (
        np.array([row[place] for row in prices], dtype=np.float64) for place in range(5)
    )
    return Rows(
        opens, closes, session, opened, high, low, close, volume, count, regular.astype(np.bool_)
    )


def _under(listing: Listing) -> str:
    """Whose bars it goes by."""
    return listing.under_key or listing.key
