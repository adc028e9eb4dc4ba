"""Line: one instrument's bars as segments, moving through time with its options in tow."""

from __future__ import annotations

__all__ = ["Line", "pieces", "stances"]

from math import nan

from framework.domain.instruments import Instrument
from framework.emulator.market.day import Day
from framework.emulator.market.pricing import Priced, Stance, path_prices
from framework.emulator.market.segment import Segment, merged
from framework.emulator.market.sources import Source, Stretch
from framework.emulator.market.unroll import parts, segments, walked

_NEVER = 1 << 62
_FEW = 64
"""Bars up to which an idle line walks on; beyond them it starts afresh."""
_DAYS_BACK = 30
"""Days before a session among which there is another for certain."""


class Line:
    """One instrument that has bars, as of a moment.

    Args:
        source: of its bars.
        instrument: which.
        points: segments per bar; 0 leaves bars whole.
        start: bars, and parts of bars, that end by then are the past.
    """

    def __init__(self, source: Source, instrument: Instrument, points: int, start: int) -> None:
        self.key = instrument.symbol
        self.instrument = instrument
        self._source = source
        self._points = points
        self._options: dict[str, Priced] = {}
        self._tows: list[list[Segment]] = []
        self._day = Day()
        self._last = Segment(self.key, start, -1, start, nan, nan, nan, nan, 0.0, False)
        self._bar: Segment | None = None
        self._segments: list[Segment] = []
        self._place = 0
        self._bars: list[Segment] = []
        self._opens: list[int] = []
        self._row = 0
        self._settle(start)

    # time -----------------------------------------------------------------------------------

    @property
    def next_time(self) -> int:
        """When the next segment ends; never, at the end of the data."""
        return self._segments[self._place].time if self._bar is not None else _NEVER

    def take(self, time: int, out: list[Segment], tow: list[Segment]) -> None:
        """Move on to `time`: its own segments to `out`, those of its options to `tow`."""
        while self._bar is not None:
            found, start = self._segments, self._place
            stop = len(found) if self._bar.time <= time else start
            while stop < len(found) and found[stop].time <= time:
                stop += 1
            if stop > start:
                out.extend(found[start:stop])
                for option in self._tows:
                    tow.extend(option[start:stop])
                self._place = stop
            if stop < len(found):
                return
            self._day = self._day.after(self._bar)
            self._last = self._bar._replace(volume=found[-1].volume)
            self._turn()

    def catch_up(self, time: int) -> None:
        """Move on unseen, of a line that nobody watches."""
        if self.next_time > time:
            return
        if self._bar is not None and time - self._bar.time > _FEW * self._source.frame(self.key):
            self._settle(time)
        else:
            self.take(time, [], [])

    # state ----------------------------------------------------------------------------------

    @property
    def last(self) -> Segment:
        """The segment, or bar, that ended last; NaN prices before the first."""
        return self._segments[self._place - 1] if self._place else self._last

    @property
    def day(self) -> Day:
        """The trading day so far."""
        begun = self.begun
        return self._day if begun is None else self._day.after(begun)

    @property
    def begun(self) -> Segment | None:
        """What has passed of the bar that has begun; None between bars."""
        return merged(self._segments[: self._place]) if self._place else None

    @property
    def begun_at(self) -> int:
        """When the bar that has begun opened."""
        return self._opens[self._row - 1]

    @property
    def upcoming(self) -> Segment | None:
        """The bar that has begun or comes next."""
        return self._bar

    @property
    def stance(self) -> Stance:
        """Where it stands, as far as its options care."""
        if self._bar is None or not self._place:
            last = self._last
            return Stance(last.close, last.time, last.time, last.close)
        opening, closing = self._stances(self._bar)
        if self._place == 1:
            return opening
        return closing._replace(spot=self.last.close)

    @property
    def has_options(self) -> bool:
        """Whether any follow."""
        return bool(self._options)

    # options --------------------------------------------------------------------------------

    def tow(self, option: Priced) -> None:
        """Let an option follow from now on."""
        self._options[option.instrument.symbol] = option
        self._price_options()

    def drop(self, key: str) -> None:
        """Let an option follow no longer."""
        if self._options.pop(key, None) is not None:
            self._price_options()

    def tows(self, key: str) -> bool:
        """Whether an option follows."""
        return key in self._options

    def option_begun(self, option: Priced) -> Segment | None:
        """What has passed of an option's bar that has begun."""
        if self._bar is None or not self._place or self._bar.time > option.end:
            return None
        spots = [segment.close for segment in self._segments[: self._place]]
        opening, closing = self._stances(self._bar)
        prices = path_prices([option], spots, opening, closing)[0]
        along = self._segments[: self._place]
        return merged(walked(option.instrument.symbol, self._bar, along, prices))

    # parts ----------------------------------------------------------------------------------

    def _settle(self, time: int) -> None:
        """Stand where the instrument stood at a moment."""
        source, key = self._source, self.key
        past = source.before(key, time, 1)
        if len(past):
            session = int(past.bars.session[0])
            days = source.days(key, session - _DAYS_BACK, session - 1, regular=True)
            before = float(days.close[-1]) if len(days) else nan
            since = int(days.close_time[-1]) if len(days) else time
            self._day = Day(-1, close=before, close_time=since)
            today = pieces(key, source.session(key, session).closing(0, time))
            for piece in today:
                self._day = self._day.after(piece)
            self._last = today[-1]
            if self._points:
                size = parts(today[-1].volume, self._points)[-1]
                self._last = today[-1]._replace(volume=size)
        self._load(time)
        self._turn()
        self.take(time, [], [])

    def _load(self, time: int) -> None:
        stretch = self._source.block(self.key, time)
        self._bars = pieces(self.key, stretch)
        self._opens = stretch.opens.tolist()
        self._row = 0

    def _turn(self) -> None:
        """Go on to the next bar, if there is one."""
        self._place = 0
        if self._row == len(self._bars):
            self._load(self._last.time)
        if self._row == len(self._bars):
            self._bar, self._segments, self._tows = None, [], []
            return
        bar = self._bar = self._bars[self._row]
        self._row += 1
        self._segments = [bar]
        if self._points:
            tick = self.instrument.tick_at(bar.open)
            self._segments = segments(bar, self.begun_at, self._points, tick)
        if self._options:
            self._price_options()

    def _stances(self, bar: Segment) -> tuple[Stance, Stance]:
        return stances(bar, self.begun_at, self._last.time)

    def _price_options(self) -> None:
        """The options' segments of the bar that has begun or comes next; the expired ones go."""
        bar = self._bar
        if bar is None:
            self._tows = []
            return
        for key in [key for key, one in self._options.items() if one.end < bar.time]:
            del self._options[key]
        options = list(self._options.values())
        if not options:
            self._tows = []
            return
        opening, closing = self._stances(bar)
        if self._points:
            spots = [segment.close for segment in self._segments]
            rows = path_prices(options, spots, opening, closing)
            self._tows = [
                walked(option.instrument.symbol, bar, self._segments, prices)
                for option, prices in zip(options, rows, strict=True)
            ]
            return
        spots = [bar.open, bar.high, bar.low, bar.close]
        rows = path_prices(options, spots, opening, closing, on_grid=False)
        self._tows = [
            [
                bar._replace(
                    key=option.instrument.symbol,
                    open=prices[0],
                    high=max(prices),
                    low=min(prices),
                    close=prices[3],
                    volume=0.0,
                )
            ]
            for option, prices in zip(options, rows, strict=True)
        ]


def pieces(key: str, stretch: Stretch) -> list[Segment]:
    """Bars as segments."""
    bars = stretch.bars
    regular = [True] * len(bars) if bars.regular is None else bars.regular.tolist()
    columns = (
        bars.close_time,
        bars.session,
        bars.session_close,
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        bars.volume,
    )
    rows = zip(*(column.tolist() for column in columns), regular, strict=True)
    return [Segment(key, *row) for row in rows]


def stances(bar: Segment, opened: int, before: int) -> tuple[Stance, Stance]:
    """At a bar's open, with the volatility of when the bar before closed, and at its close."""
    known = min(before, opened)
    return (
        Stance(bar.open, opened, known, bar.open),
        Stance(bar.close, bar.time, bar.time, bar.close),
    )
