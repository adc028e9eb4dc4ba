"""Market: everything that trades in the emulator, moving through time."""

from __future__ import annotations

__all__ = ["Market", "OptionFigures"]

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import isnan, nan
from operator import attrgetter

import numpy as np

from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.emulator.market.day import Day
from framework.emulator.market.directory import Directory
from framework.emulator.market.grid import snapped
from framework.emulator.market.history import History
from framework.emulator.market.line import Line
from framework.emulator.market.listing import Listing
from framework.emulator.market.numbers import Numbers
from framework.emulator.market.past import Past
from framework.emulator.market.past_ticks import PastTicks
from framework.emulator.market.pricing import Computation, Priced, Stance, computed, prices_at
from framework.emulator.market.quotes import Snapshot, option_snapshot, snapshot
from framework.emulator.market.segment import Segment
from framework.emulator.market.sources import Source
from framework.emulator.market.universe import Entry
from framework.emulator.market.unroll import FEWEST
from framework.errors import ConfigError

_TIME = attrgetter("time")
_NEVER = 1 << 62
_MONTH = 30.0 / 365.0
_PRICED = 4096
"""Options whose pricing is remembered."""


@dataclass(frozen=True, slots=True)
class OptionFigures:
    """An option's figures by what they are read from; None where a price gives none.

    Attributes:
        bid, ask, last: from these prices.
        model: the market's own.
    """

    bid: Computation | None
    ask: Computation | None
    last: Computation | None
    model: Computation | None


class Market:
    """What is listed and what it trades at, as of a moment that only `until` moves.

    Bars that closed by the start are history. Underlyings stream their segments; an option does
    once it is activated. Everything may be quoted and asked for its history at any time.

    Args:
        source: bars.
        entries: what is listed, one for each symbol of the source.
        numbers: that the listings got their con ids from.
        start: nanoseconds UTC.
        points: segments per bar, 4 or more; 0 is lockstep: each segment a whole bar, prices of
            options off the grid, as a backtest has them.
        streaming: keys of the underlyings that stream from the beginning; None is all of them.
        spread: width of an option's quote as a part of its price.
        by_session: counts bars of history from the session's open instead of the clock.

    Raises:
        ConfigError: points of 1 to 3, or an unknown key.
    """

    def __init__(
        self,
        source: Source,
        entries: Sequence[Entry],
        numbers: Numbers,
        start: int,
        *,
        points: int = 12,
        streaming: Collection[str] | None = None,
        spread: float = 0.02,
        by_session: bool = False,
    ) -> None:
        if points and points < FEWEST:
            raise ConfigError(
                f"A bar cannot be {points} segments.", f"Give {FEWEST} or more, or 0 for lockstep."
            )
        self.points = points
        self.now = start
        self._reached = start
        self._spread = self.spread = spread
        self._entries = {entry.listing.key: entry for entry in entries}
        self._lines = {
            key: Line(source, instrument, points, start)
            for key, instrument in source.instruments.items()
        }
        self._on = set(self._lines if streaming is None else streaming)
        for key in self._on:
            if key not in self._lines:
                raise ConfigError(f"There is no {key!r} to stream.", "Give symbols with bars.")
        self._priced: dict[str, Priced] = {}
        self.directory = Directory(entries, numbers, self._today)
        past = self._past = Past(source, self._line, self._pricing, points)
        self.history = History(past, self._clock, spread, self._at_the_money, by_session=by_session)
        self.past_ticks = PastTicks(past, self._clock, spread)
        self._streams: list[Line] = []
        self._next = _NEVER
        self._plan()

    # what a matching engine wants to know ----------------------------------------------------

    @property
    def streaming(self) -> tuple[str, ...]:
        """The underlyings that stream now, in subscription order."""
        return tuple(key for key in self._lines if key in self._on)

    @property
    def spacing(self) -> int:
        """Nanoseconds from one segment to the next inside a session, of the finest bars."""
        frames = [self._past.frame(self.directory.by_key(key)) for key in self._lines]
        return min(frames) // max(1, self.points)

    def bars_before(self, key: str, count: int = 2048) -> Bars:
        """The last bars of anything listed that have closed by now, of its own frame; an option's
        are its underlying's, priced.

        Raises:
            UnknownContract: nothing has that key.
        """
        return self._past.closed(self.directory.by_key(key), self._clock(), count)

    # time -----------------------------------------------------------------------------------

    def next_time(self) -> int | None:
        """When the next segment ends, at once after closed hours; None at the end of the data."""
        return None if self._next == _NEVER else self._next

    def until(self, time: int) -> Sequence[Segment]:
        """Every segment that ends by `time`, in order of time, then of subscription; options come
        after their underlyings."""
        self._reached = max(self._reached, time)
        if time < self._next:
            return ()
        found: list[Segment] = []
        towed: list[Segment] = []
        for line in self._streams:
            if line.next_time <= time:
                line.take(time, found, towed)
        found.extend(towed)
        found.sort(key=_TIME)
        self.now = found[-1].time
        self._next = min(line.next_time for line in self._streams)
        return found

    def activate(self, key: str) -> None:
        """Stream it from now on; an option does until it expires, and its underlying with it.

        Raises:
            UnknownContract: nothing has that key.
        """
        listing = self.directory.by_key(key)
        under = listing.under_key or listing.key
        if under not in self._on:
            self._line(under)
            self._on.add(under)
            self._plan()
        if listing.is_option:
            option = self._pricing(listing)
            if option.end > self._reached:
                self._lines[under].tow(option)

    def deactivate(self, key: str) -> None:
        """Stream it no longer; an underlying that options follow goes on."""
        listing = self.directory.by_key(key)
        if listing.is_option:
            self._lines[listing.under_key].drop(listing.key)
        elif not self._lines[listing.key].has_options:
            self._on.discard(listing.key)
            self._plan()

    def active(self, key: str) -> bool:
        """Whether it streams."""
        if key in self._lines:
            return key in self._on
        return any(line.tows(key) for line in self._lines.values())

    # prices ---------------------------------------------------------------------------------

    def close_of(self, key: str) -> float:
        """The last price; NaN before the first.

        Raises:
            UnknownContract: nothing has that key.
        """
        line = self._lines.get(key)
        if line is not None:
            return self._line(key).last.close
        return self._option_now(self.directory.by_key(key)).close

    def quote(self, key: str) -> Snapshot:
        """The quote now; UnknownContract if nothing has that key."""
        if key in self._lines:
            line = self._line(key)
            return snapshot(line.instrument, line.last, line.day)
        listing = self.directory.by_key(key)
        last, day = self._option_now(listing), self._option_day(listing)
        return option_snapshot(listing.instrument, last, day, self._spread)

    def greeks(self, key: str) -> OptionFigures:
        """An option's figures now, of its model, quote and last price.

        Raises:
            UnknownContract: no option has that key.
        """
        listing = self.directory.by_key(key)
        stance = self._line(listing.under_key).stance
        if isnan(stance.spot):
            return OptionFigures(None, None, None, None)
        quoted = self.quote(key)
        prices = [quoted.bid if quoted.bid > 0.0 else nan, quoted.ask, quoted.last]
        model, bid, ask, last = computed(self._pricing(listing), stance, prices)
        return OptionFigures(bid, ask, last, model)

    def implied(self, key: str, price: float, under_price: float) -> Computation | None:
        """An option's figures at a price of its own and one of its underlying; None if no
        volatility gives that price."""
        return computed(*self._supposed(key, under_price), [price])[1]

    def priced(self, key: str, volatility: float, under_price: float) -> Computation | None:
        """An option's figures at a volatility and a price of its underlying."""
        return computed(*self._supposed(key, under_price), [], volatility)[0]

    # parts ----------------------------------------------------------------------------------

    def _plan(self) -> None:
        self._streams = [line for key, line in self._lines.items() if key in self._on]
        self._next = min((line.next_time for line in self._streams), default=_NEVER)

    def _clock(self) -> int:
        """The moment as far as history goes."""
        return max(self.now, self._reached)

    def _line(self, key: str) -> Line:
        """An underlying's line as of now."""
        line = self._lines[key]
        if key not in self._on:
            line.catch_up(self._reached)
        return line

    def _today(self, key: str) -> tuple[int, float]:
        """A trading day, and the price the strikes of its options lie around: the close of the day
        before; in lockstep the last price, as a backtest lists them."""
        line = self._line(key)
        day, coming = line.day, line.upcoming
        if day.session < 0:
            return (coming.session, coming.open) if coming is not None else (0, nan)
        if not self.points:
            return day.session, line.last.close
        return day.session, day.open if isnan(day.previous_close) else day.previous_close

    def _pricing(self, listing: Listing) -> Priced:
        known = self._priced.get(listing.key)
        if known is None:
            model = self._entries[listing.under_key].options
            assert model is not None, "only underlyings with a model have options"
            known = self._priced[listing.key] = Priced.of(listing.instrument, model)
            if len(self._priced) > _PRICED:
                del self._priced[next(iter(self._priced))]
        return known

    def _at_the_money(self, listing: Listing) -> float | None:
        """Volatility that an option of thirty days at the price costs now."""
        model = self._entries[listing.key].options
        if model is None:
            return None
        now, month = np.array([self._clock()]), np.array([_MONTH])
        return float(model.volatility.at(now, np.ones(1), month)[0])

    def _supposed(self, key: str, under_price: float) -> tuple[Priced, Stance]:
        listing = self.directory.by_key(key)
        stance = self._line(listing.under_key).stance
        return self._pricing(listing), stance._replace(spot=under_price, level=under_price)

    def _option_now(self, listing: Listing) -> Segment:
        """The model's price as a segment; on the grid unless in lockstep."""
        line = self._line(listing.under_key)
        price = self._worth(listing, line.stance)[0]
        return line.last._replace(
            key=listing.key, open=price, high=price, low=price, close=price, volume=0.0
        )

    def _option_day(self, listing: Listing) -> Day:
        """An option's day: its prices, with today's time and volatility, at the underlying's."""
        line = self._line(listing.under_key)
        day = line.day
        opened, *extremes = self._worth(listing, line.stance, day.open, day.high, day.low)
        then, close = day.previous_time, day.previous_close
        return day._replace(
            open=opened,
            high=max(extremes),
            low=min(extremes),
            volume=0.0,
            previous_close=self._worth(listing, Stance(close, then, then, close))[0],
        )

    def _worth(self, listing: Listing, stance: Stance, *spots: float) -> list[float]:
        """An option's prices where its underlying stands, or at other spots; NaN at none."""
        wanted = spots or (stance.spot,)
        if isnan(stance.spot) or any(map(isnan, wanted)):
            return [nan] * len(wanted)
        found = prices_at(self._pricing(listing), stance, wanted)
        return [self._shown(listing.instrument, price) for price in found]

    def _shown(self, instrument: Instrument, price: float) -> float:
        return snapped(price, instrument.tick_at(price)) if self.points else price
