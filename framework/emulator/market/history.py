"""History: answers to what the market has done, in TWS's durations, sizes and errors."""

from __future__ import annotations

__all__ = ["History", "HistoryAnswer", "HistoryRequest"]

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from framework.calendar import DAY, TradingCalendar, day_text
from framework.emulator.market.buckets import Buckets, HistoryBar, dates_of, fold
from framework.emulator.market.durations import (
    BarSize,
    Duration,
    allow,
    read_bar_size,
    read_duration,
)
from framework.emulator.market.listing import Listing
from framework.emulator.market.past import Past, Rows
from framework.emulator.market.refusal import HistoryRefused
from framework.emulator.market.rolling import Rolling
from framework.emulator.market.sides import LONE, shown_as
from framework.emulator.market.times import read_instant
from framework.emulator.market.volatilities import flat, realised

_VOLATILITIES = frozenset({"HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY"})
_TRADES = frozenset({"TRADES", "ADJUSTED_LAST"})
_KNOWN = LONE | _VOLATILITIES | _TRADES
_BY_TYPE = {
    "CASH": LONE | {"HISTORICAL_VOLATILITY"},
    "IND": frozenset({"TRADES"}) | _VOLATILITIES,
    "OPT": LONE | {"TRADES"},
    "FUT": LONE | {"TRADES", "HISTORICAL_VOLATILITY"},
}
"""What there is of each sec type; everything of the others."""
_KEPT = (LONE | {"TRADES"}) - {"BID_ASK"}
_ALWAYS = "24/7"
_LOOK_BACK = 90
"""Days among which there are thirty trading days and one."""


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """What a client wants to know; texts as on the wire.

    Attributes:
        listing: of what.
        end: end date and time.
        duration, bar_size, what: such as "1 D", "5 mins", "TRADES".
        regular: of regular hours alone.
        keep: go on with bars to come.
        zone: TWS's own, for an end without one.
    """

    listing: Listing
    end: str
    duration: str
    bar_size: str
    what: str = "TRADES"
    regular: bool = True
    keep: bool = False
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class HistoryAnswer:
    """Bars, oldest first; the last is not over where it reaches the present.

    Attributes:
        bars: at least one.
        daily: whether their times are dates.
        start, end: nanoseconds UTC of what was asked for.
    """

    bars: tuple[HistoryBar, ...]
    daily: bool
    start: int
    end: int


class History:
    """Answers about the past.

    Args:
        past: the market's.
        clock: tells nanoseconds UTC now.
        spread: width of an option's quote as a part of its price.
        implied: the volatility options on something cost now; None where it has none.
        by_session: counts bars above 30 minutes from the session's open instead of the clock.
    """

    def __init__(
        self,
        past: Past,
        clock: Callable[[], int],
        spread: float,
        implied: Callable[[Listing], float | None],
        *,
        by_session: bool = False,
    ) -> None:
        self._past = past
        self._clock = clock
        self._spread = spread
        self._implied = implied
        self._by_session = by_session

    def bars(self, request: HistoryRequest) -> HistoryAnswer:
        """What was asked for.

        Raises:
            HistoryRefused: it is no question TWS would answer, or there is nothing.
        """
        size, duration = read_bar_size(request.bar_size), read_duration(request.duration)
        allow(duration, size)
        self._check(request)
        now = self._clock()
        end = min(read_instant(request.end, request.zone, now), now)
        rows, start = self._rows(request, duration, size, end)
        bars = self._folded(request, size, rows)
        if not bars:
            raise self._nothing(request)
        if request.what in _VOLATILITIES:
            bars = self._levels(request, bars, rows)
        shown = shown_as(bars, request.what, request.listing.instrument, self._spread)
        return HistoryAnswer(tuple(shown), size.daily, start, end)

    def follow(self, request: HistoryRequest) -> tuple[HistoryAnswer, Rolling]:
        """The same, and what makes the bars to come from the segments to come.

        Raises:
            HistoryRefused: as `bars`, or an end or what is shown does not go with it.
        """
        if request.end.strip():
            raise HistoryRefused.invalid(
                "Historical data keep up to date setting requires an empty end date"
            )
        if request.what not in _KEPT:
            raise HistoryRefused.invalid(
                f"Historical data keep up to date setting is not available for {request.what}"
            )
        answer = self.bars(request)
        size, duration = read_bar_size(request.bar_size), read_duration(request.duration)
        rows, _ = self._rows(request, duration, size, answer.end)
        last = self._folded(request, size, rows)[-1]
        buckets = None if size.daily else self._buckets(request, size, rows)
        instrument = request.listing.instrument
        rolling = Rolling(instrument, size, buckets, last, request.what, self._spread)
        return answer, rolling.only_regular(request.regular)

    def head(self, listing: Listing, what: str, *, regular: bool) -> int:
        """Nanoseconds UTC of the earliest there is.

        Raises:
            HistoryRefused: it is not known of this.
        """
        self._check(HistoryRequest(listing, "", "1 D", "1 day", what, regular))
        return self._past.first(listing)

    def histogram(
        self, listing: Listing, period: str, *, regular: bool
    ) -> list[tuple[float, float]]:
        """Prices and the volume traded at each over a period such as "3 days", rising.

        Raises:
            HistoryRefused: no such period, or nothing traded in it.
        """
        words = period.lower().split()
        units = {"second": "S", "day": "D", "week": "W", "month": "M", "year": "Y"}
        unit = units.get(words[1].rstrip("s"), "") if len(words) == 2 else ""
        duration = read_duration(f"{words[0] if words else ''} {unit}")
        request = HistoryRequest(listing, "", "", "", "TRADES", regular)
        size = read_bar_size("1 min" if duration.seconds <= 31 * 86_400 else "1 day")
        rows, _ = self._rows(request, duration, size, self._clock())
        if not len(rows):
            raise self._nothing(request)
        prices, place = np.unique(rows.close, return_inverse=True)
        volumes = np.bincount(place, weights=rows.volume)
        return list(zip(prices.tolist(), volumes.tolist(), strict=True))

    # rows -----------------------------------------------------------------------------------

    def _rows(
        self, request: HistoryRequest, duration: Duration, size: BarSize, end: int
    ) -> tuple[Rows, int]:
        """The pieces of the past that the bars are made of, and when they begin."""
        listing = request.listing
        session = self._past.session_at(listing, end)
        if session is None:
            raise self._nothing(request)
        if duration.unit == "D" and listing.instrument.calendar == _ALWAYS and not size.daily:
            start = end - duration.count * DAY
            return self._fine(request, size, start, end), start
        if duration.unit == "S" and not size.daily:
            return self._trading_time(request, duration, size, session, end)
        first = self._first_session(listing, duration, session)
        if not size.daily:
            rows = self._fine(request, size, (first - 2) * DAY, end)
            rows = rows.where(rows.session >= first)
        else:
            rows = self._past.days(listing, first, session - 1, regular=request.regular)
            today = self._hours(request, self._past.bars(listing, (session - 3) * DAY, end))
            rows = rows.plus(today.where(today.session == session))
        return rows, int(rows.opens[0]) if len(rows) else end

    def _trading_time(
        self, request: HistoryRequest, duration: Duration, size: BarSize, session: int, end: int
    ) -> tuple[Rows, int]:
        """The last seconds in which the market was open."""
        days = self._past.sessions_before(request.listing, session, 2 + duration.seconds // 86_400)
        since = max((min([session, *days]) - 2) * DAY, end - 12 * DAY)
        coarse = self._hours(request, self._past.bars(request.listing, since, end))
        lengths = np.cumsum((coarse.closes - coarse.opens)[::-1])
        row = int(np.searchsorted(lengths, duration.seconds * 10**9, side="left"))
        if not len(coarse):
            return coarse, end
        row = min(row, len(coarse) - 1)
        over = int(lengths[row]) - duration.seconds * 10**9
        start = int(coarse.opens[len(coarse) - 1 - row]) + max(0, over)
        start = start // size.length * size.length
        return self._fine(request, size, start, end), start

    def _fine(self, request: HistoryRequest, size: BarSize, start: int, end: int) -> Rows:
        """Bars fine enough, ticks if need be."""
        listing = request.listing
        if size.length >= self._past.frame(listing):
            return self._hours(request, self._past.bars(listing, start, end))
        if not self._past.points:
            raise HistoryRefused.service(f"No data finer than its bars for {listing.key}")
        return self._hours(request, self._past.ticks(listing, start, end))

    def _hours(self, request: HistoryRequest, rows: Rows) -> Rows:
        return rows.where(rows.regular) if request.regular else rows

    def _first_session(self, listing: Listing, duration: Duration, session: int) -> int:
        """The first trading day of a duration that ends with a day."""
        count = duration.count
        if duration.unit == "S":
            count = -(-count // 86_400)
        if duration.unit in "SD":
            return min([session, *self._past.sessions_before(listing, session, count - 1)])
        if duration.unit == "W":
            return session - 7 * count + 1
        months = count * (12 if duration.unit == "Y" else 1)
        return _months_before(session, months) + 1

    # bars -----------------------------------------------------------------------------------

    def _folded(self, request: HistoryRequest, size: BarSize, rows: Rows) -> list[HistoryBar]:
        if size.daily:
            return fold(rows, dates_of(rows.session, size), rows.session * DAY)
        starts = self._buckets(request, size, rows).starts(rows.closes, rows.session)
        found = fold(rows, starts, starts)
        return _filled(found, size) if size.length < self._past.frame(request.listing) else found

    def _buckets(self, request: HistoryRequest, size: BarSize, rows: Rows) -> Buckets:
        calendar = request.listing.instrument.calendar
        clipped = request.regular or bool(rows.regular.all())
        buckets = Buckets(calendar, size, by_session=self._by_session, clipped=clipped)
        if self._by_session or size.length != self._past.frame(request.listing):
            return buckets
        given = rows.where(slice(-50, None))
        as_given = (buckets.starts(given.closes, given.session) == given.opens).all()
        return Buckets(calendar, size, by_session=not as_given, clipped=clipped)

    def _levels(
        self, request: HistoryRequest, bars: list[HistoryBar], rows: Rows
    ) -> list[HistoryBar]:
        """Volatilities at the times of bars."""
        if request.what == "OPTION_IMPLIED_VOLATILITY":
            level = self._implied(request.listing)
            if level is None:
                raise self._nothing(request)
            return flat(bars, [level] * len(bars))
        first, last = int(rows.session[0]), int(rows.session[-1])
        days = self._past.days(request.listing, first - _LOOK_BACK, last - 1, regular=True)
        year = TradingCalendar(request.listing.instrument.calendar).periods_per_year
        closes = days.close.tolist()
        places = np.searchsorted(days.session, [bar.time // DAY for bar in bars], side="left")
        known = {row: realised(closes[:row], year) for row in np.unique(places).tolist()}
        return flat(bars, [known[row] for row in places.tolist()])

    def _check(self, request: HistoryRequest) -> None:
        contract = request.listing.contract
        if request.what not in _KNOWN:
            raise HistoryRefused.service(
                f"No historical data of type {request.what or 'nothing'} for {contract.sec_type}"
            )
        if request.what not in _BY_TYPE.get(contract.sec_type, _KNOWN):
            raise self._nothing(request)
        if request.what == "ADJUSTED_LAST" and request.end.strip():
            raise HistoryRefused.invalid("End Date not supported with adjusted last")

    def _nothing(self, request: HistoryRequest) -> HistoryRefused:
        contract = request.listing.contract
        return HistoryRefused.empty(
            contract.local_symbol or contract.symbol, contract.exchange, request.what
        )


def _months_before(day: int, months: int) -> int:
    moment = date.fromisoformat(day_text(day))
    month = moment.year * 12 + moment.month - 1 - months
    first = date(month // 12, month % 12 + 1, 1)
    following = date((month + 1) // 12, (month + 1) % 12 + 1, 1)
    place = min(moment.day, (following - first).days)
    return (first + timedelta(days=place - 1) - date(1970, 1, 1)).days


def _filled(bars: list[HistoryBar], size: BarSize) -> list[HistoryBar]:
    """Bars finer than the market's own with those in which nothing happened in between."""
    found: list[HistoryBar] = []
    for bar in bars:
        if found:
            last = found[-1]
            for time in range(last.time + size.length, bar.time, size.length):
                if bar.time - last.time > 3600 * 10**9:
                    break
                price = last.close
                found.append(HistoryBar(time, price, price, price, price, 0.0, price, 0))
        found.append(bar)
    return found
