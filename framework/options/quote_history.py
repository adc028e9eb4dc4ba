"""QuoteHistory: one contract's quotes along the bars of its underlying.

A bar of the contract stands where a quote was good at the underlying's close: both sides above 0,
not crossed, no older than the model allows. Its close is the mid of that quote; its open is the
last mid known at the open, if the bar before it was good too or the quote fresh, else its own
close: after a hole nobody trades at the price before it. The bar of the expiry's last close is
always there and closes at what the option pays.

The volatility of a row is read from the last quote that gives one; a bid of 0 does for that.
"""

from __future__ import annotations

__all__ = ["QuoteHistory", "history_of"]

from dataclasses import dataclass, replace

import numpy as np

from framework.domain.bars import Bars, BoolArray, FloatArray, IntArray
from framework.domain.instruments import Instrument
from framework.options.clock import UnderlyingClock
from framework.options.contracts import option_expiry, option_terms
from framework.options.implied import REASONS, SOLVED
from framework.options.implied_american import implied_by_style
from framework.options.option_market import Listing
from framework.options.quotes import MINUTE, QuoteModel

NEVER = np.iinfo(np.int64).min
"""Time of what has not been."""


@dataclass(frozen=True, slots=True, eq=False)
class QuoteHistory:
    """What the quotes of one contract say, row by row. Arrays (n,), as of `listing`.

    Attributes:
        listing: its bars, years and volatilities; where none is read the last one is carried.
        is_good: whether it can be traded at each row.
        read_at: nanoseconds UTC of the quote each volatility was read from; NEVER before the first.
        reason: code of `REASONS` why the quote of the row itself gives none; NOT_QUOTED without.
    """

    listing: Listing
    is_good: BoolArray
    read_at: IntArray
    reason: IntArray

    def why(self, place: int) -> str:
        """Why the quote of a row gives no volatility."""
        code = int(self.reason[place])
        return "it is not quoted" if code == NOT_QUOTED else f"its mid is {REASONS[code]}"


NOT_QUOTED = -1
"""Reason of a row without a quote."""


@dataclass(frozen=True, slots=True, eq=False)
class _Quotes:
    """The quotes of one contract: when, the mid, and what they are good for. Arrays (k,)."""

    times: IntArray
    mid: FloatArray
    tradable: BoolArray
    readable: BoolArray

    def at(self, now: IntArray) -> _Last:
        """The last of them at some times."""
        place = np.searchsorted(self.times, now, side="right").astype(np.int64) - 1
        inside = np.maximum(place, 0)
        return _Last(inside, place >= 0, now - self.times[inside], self.mid[inside])


@dataclass(frozen=True, slots=True, eq=False)
class _Last:
    """The last quote at each of some times: its place, whether there is one, its age and mid."""

    place: IntArray
    exists: BoolArray
    age: IntArray
    mid: FloatArray

    def among(self, kept: BoolArray, most: float = np.inf) -> BoolArray:
        """Whether it is one of those kept, and no older than `most` nanoseconds."""
        found: BoolArray = self.exists & kept[self.place] & (self.age <= most)
        return found


def history_of(
    contract: Instrument, chosen: slice, model: QuoteModel, bars: Bars, clock: UnderlyingClock
) -> QuoteHistory:
    """The history of a contract from its first quote to its expiry.

    Args:
        contract: the option.
        chosen: its quotes among the model's.
        model: the quotes, and how old they may be.
        bars: of the underlying.
        clock: of these bars.
    """
    one, fresh = _quotes_of(model, chosen), model.fresh_minutes * MINUTE
    last = clock.last_session(option_expiry(contract))
    stop = int(np.searchsorted(bars.session, last, side="right"))
    first = min(int(np.searchsorted(bars.close_time, one.times[0])), stop)
    part = bars.take(first, stop)
    closes, opens = one.at(part.close_time), one.at(clock.open_times[first:stop])
    good = closes.among(one.tradable, fresh)
    before = np.concatenate([[False], good])[:-1]
    opened = opens.among(one.tradable) & (before | (opens.age <= fresh))
    expires = bool(len(part)) and int(part.session[-1]) == last
    made = _bars(contract, part, closes.mid, np.where(opened, opens.mid, np.nan), good, expires)
    years = clock.years(clock.expiry_time(last), part.close_time)
    read, reason = _read(contract, model, part, closes, closes.among(one.readable, fresh), years)
    row = np.maximum.accumulate(np.where(reason == SOLVED, np.arange(len(part)), -1))
    carried = np.where(row >= 0, read[row], np.nan)
    read_at = np.where(row >= 0, one.times[closes.place[row]], NEVER)
    return QuoteHistory(Listing(contract, made, first, years, carried), good, read_at, reason)


def _quotes_of(model: QuoteModel, chosen: slice) -> _Quotes:
    quotes = model.quotes
    mid = 0.5 * (quotes.bid[chosen] + quotes.ask[chosen])
    return _Quotes(
        quotes.times[chosen], mid, quotes.is_tradable[chosen], quotes.is_readable[chosen]
    )


def _bars(
    contract: Instrument,
    part: Bars,
    close: FloatArray,
    opened: FloatArray,
    good: BoolArray,
    expires: bool,
) -> Bars:
    """The bars of the good rows, and of the last one if the contract expires there.

    Args:
        contract: the option.
        part: bars of the underlying while it lives.
        close: mid at each close.
        opened: mid at each open, NaN where none is known.
        good: whether the quote at the close is.
        expires: whether the last row is that of the expiry.
    """
    close, kept = close.copy(), good.copy()
    if expires:
        terms = option_terms(contract)
        close[-1] = max(terms.right.sign * (float(part.close[-1]) - terms.strike), 0.0)
        kept[-1] = True
    opened = np.where(np.isnan(opened), close, opened)
    return replace(
        part,
        instrument=contract,
        open=opened,
        high=np.maximum(opened, close),
        low=np.minimum(opened, close),
        close=close,
        volume=np.zeros(len(part)),
    ).where(kept)


def _read(
    contract: Instrument,
    model: QuoteModel,
    bars: Bars,
    last: _Last,
    known: BoolArray,
    years: FloatArray,
) -> tuple[FloatArray, IntArray]:
    """Volatility of each row by its own quote where that is `known`, NaN without, and why not."""
    volatility = np.full(len(bars), np.nan)
    reason = np.full(len(bars), NOT_QUOTED, dtype=np.int64)
    at = np.flatnonzero(known)
    if len(at):
        terms, ones = option_terms(contract), np.ones(len(at))
        found = implied_by_style(
            terms.style,
            terms.right.sign * ones,
            last.mid[at],
            bars.close[at],
            terms.strike * ones,
            years[at],
            model.rate,
            model.dividend_yield,
        )
        volatility[at], reason[at] = found.volatility, found.reason
    return volatility, reason
