"""QuoteMarket: the options of one underlying, as they were quoted.

The chain of a bar is what is quoted at its close: with both sides above 0, not crossed, and no
older than the model allows. A contract that is not is no part of it, and refused by name when it
is asked for. Greeks are those of the volatility the mid price implies, and while there is no such
quote those of the last volatility read, at the present price of the underlying; once that is older
than the model allows they are refused.
"""

from __future__ import annotations

__all__ = ["QuoteMarket"]

import numpy as np

from framework.calendar import day_text, utc_text
from framework.domain.bars import Bars, FloatArray, IntArray
from framework.domain.instruments import Instrument
from framework.domain.options import BookGreeks, Style
from framework.errors import DataError, did_you_mean
from framework.hedge_ports import VolatilityRule
from framework.options.chain import OptionChain
from framework.options.clock import UnderlyingClock
from framework.options.contracts import option_contract, option_expiry, option_terms
from framework.options.implied_american import implied_by_style
from framework.options.option_market import Listing
from framework.options.quote_history import NEVER, QuoteHistory, history_of
from framework.options.quotes import MINUTE, QuoteModel
from framework.options.valuation import deltas, greek_columns, ruled

_DAY = 86_400 * 10**9


class QuoteMarket:
    """The quoted options on one underlying.

    Args:
        bars: of the underlying.
        model: the quotes, and what is known of the contracts.
    """

    def __init__(self, bars: Bars, model: QuoteModel) -> None:
        self.underlying = bars.instrument
        self.bars = bars
        self.model = model
        self._clock = UnderlyingClock(bars)
        quotes = model.quotes
        mine = np.array([one.underlying == bars.symbol for one in quotes.contracts], dtype=bool)
        rows = np.flatnonzero(mine[quotes.contract])
        self._by_time = rows[np.argsort(quotes.times[rows], kind="stable")]
        self._times = quotes.times[self._by_time]
        self._tradable, self._readable = quotes.is_tradable, quotes.is_readable
        self._numbers = {
            one.name.short: number
            for number, one in enumerate(quotes.contracts)
            if one.underlying == bars.symbol
        }
        self._instruments: dict[int, Instrument] = {}
        self._histories: dict[str, QuoteHistory] = {}
        self._greeks: dict[tuple[str, VolatilityRule | None, bool], FloatArray] = {}
        self._quoted_at: tuple[int, dict[int, int]] = (-1, {})
        self._chain: tuple[int, OptionChain] | None = None

    @property
    def rate(self) -> float:
        """Riskless, a year, continuously compounded."""
        return self.model.rate

    # what there is --------------------------------------------------------------------------

    def chain(self, row: int) -> OptionChain:
        """The contracts quoted at the close of a bar, those that expire that day left out."""
        if self._chain is None or self._chain[0] != row:
            day = int(self.bars.session[row])
            contracts = self.model.quotes.contracts
            found = [
                self._instrument(number)
                for number, quote in self._quoted(row).items()
                if self._tradable[quote]
                and self._clock.last_session(contracts[number].name.expiry) > day
            ]
            self._chain = row, OptionChain(self.underlying.symbol, day, tuple(found))
        return self._chain[1]

    def listing(self, contract: Instrument, row: int) -> Listing:
        """A contract's prices, from its first quote to its expiry.

        Raises:
            DataError: it is an option on something else, has expired, was never quoted, or has no
                good quote at this row.
        """
        history = self._history(contract, row)
        place = row - history.listing.first
        if not (0 <= place < len(history.is_good) and history.is_good[place]):
            raise DataError(
                f"{contract.symbol} has no good quote at {self._told(row)}.",
                f"Pick from chain(), or have quotes count for longer: fresh_minutes is "
                f"{self.model.fresh_minutes:g}.",
            )
        return history.listing

    # what it is worth -----------------------------------------------------------------------

    def prices(self, contracts: tuple[Instrument, ...], row: int) -> FloatArray:
        """Mid prices at the close of a bar, or what is paid at the expiry, (len(contracts),).

        Raises:
            DataError: one has no good quote.
        """
        return np.array([self._price(one, row) for one in contracts])

    def deltas(self, contracts: tuple[Instrument, ...], row: int) -> FloatArray:
        """Deltas per unit of underlying at the close of a bar, (len(contracts),); NaN where there
        is no quote that gives one."""
        found = np.full(len(contracts), np.nan)
        quoted = self._quoted(row)
        last = [quoted.get(self._numbers.get(one.symbol, -1), -1) for one in contracts]
        for style in Style:
            places = [
                place
                for place, quote in enumerate(last)
                if quote >= 0 and option_terms(contracts[place]).style is style
            ]
            if places:
                chosen = [contracts[place] for place in places]
                mids = self._mid(np.array([last[place] for place in places]))
                found[places] = self._deltas(style, chosen, mids, row)
        return found

    def greeks(
        self,
        contract: Instrument,
        row: int,
        rule: VolatilityRule | None = None,
        *,
        is_short: bool = False,
    ) -> BookGreeks:
        """Greeks of one contract, its multiplier included, at the close of a bar.

        Args:
            contract: the option.
            row: of the underlying's bars.
            rule: reckons with another volatility than the market's.
            is_short: whether the contract is held short, which the rule wants to know.

        Raises:
            DataError: it is none of these, was never quoted, has expired, or the last quote a
                volatility could be read from is too old.
        """
        history = self._history(contract, row)
        place = self._place(history, row)
        self._check_age(history, place, row)
        key = (contract.symbol, rule, is_short and rule is not None)
        if key not in self._greeks:
            self._greeks[key] = self._columns(history.listing, rule, is_short)
        columns = self._greeks[key]
        delta, gamma, vega, theta = (columns[:, place] * contract.multiplier).tolist()
        return BookGreeks(delta, gamma, vega, theta)

    def state(self, contract: Instrument, row: int) -> tuple[float, float]:
        """Years to the expiry and the last volatility read, NaN before the first."""
        listing = self._history(contract, row).listing
        place = min(max(row - listing.first, 0), len(listing.years) - 1)
        return float(listing.years[place]), float(listing.volatility[place])

    def traded_time(self, start: int, stop: int) -> int:
        """Nanoseconds in which the underlying traded, from the close of one row to another's."""
        return self._clock.traded_time(start, stop)

    # parts ----------------------------------------------------------------------------------

    def _quoted(self, row: int) -> dict[int, int]:
        """The last quote of each contract at the close of a bar, where it says what the contract is
        worth and is fresh: by number of the contract."""
        if self._quoted_at[0] != row:
            now = int(self.bars.close_time[row])
            oldest = now - int(self.model.fresh_minutes * MINUTE)
            left = int(np.searchsorted(self._times, oldest, side="left"))
            right = int(np.searchsorted(self._times, now, side="right"))
            latest = self._by_time[left:right][::-1]
            numbers, first = np.unique(self.model.quotes.contract[latest], return_index=True)
            rows = latest[first]
            kept = self._readable[rows]
            self._quoted_at = (
                row,
                dict(zip(numbers[kept].tolist(), rows[kept].tolist(), strict=True)),
            )
        return self._quoted_at[1]

    def _instrument(self, number: int) -> Instrument:
        if number not in self._instruments:
            name, model = self.model.quotes.contracts[number].name, self.model
            self._instruments[number] = option_contract(
                self.underlying,
                name.expiry,
                name.right,
                name.strike,
                style=model.style,
                settlement=model.settlement,
                multiplier=model.multiplier,
                root=name.root,
            )
        return self._instruments[number]

    def _history(self, contract: Instrument, row: int) -> QuoteHistory:
        terms, expiry = option_terms(contract), option_expiry(contract)
        if terms.underlying != self.underlying.symbol:
            raise DataError(
                f"{contract.symbol} is an option on {terms.underlying}, not on "
                f"{self.underlying.symbol}.",
                did_you_mean(terms.underlying, [self.underlying.symbol]),
            )
        if expiry < int(self.bars.session[row]):
            raise DataError(
                f"{contract.symbol} expired on {day_text(expiry)}, before "
                f"{day_text(int(self.bars.session[row]))}.",
                "Pick one of chain().expiries.",
            )
        if contract.symbol not in self._histories:
            number = self._numbers.get(contract.symbol)
            if number is None:
                near = did_you_mean(contract.symbol, self._numbers).split(" Known:")[0]
                raise DataError(
                    f"{contract.symbol} is not quoted in {self.model.quotes.name}.",
                    near if near.startswith("Did") else "Pick from chain().",
                )
            quoted = self.model.quotes.contract
            chosen = slice(*np.searchsorted(quoted, [number, number + 1]).tolist())
            self._histories[contract.symbol] = history_of(
                contract, chosen, self.model, self.bars, self._clock
            )
        return self._histories[contract.symbol]

    def _price(self, contract: Instrument, row: int) -> float:
        bars = self._history(contract, row).listing.bars
        at = int(np.searchsorted(bars.close_time, self.bars.close_time[row]))
        if at == len(bars) or bars.close_time[at] != self.bars.close_time[row]:
            raise DataError(
                f"{contract.symbol} has no price at {self._told(row)}: no good quote.",
                "Pick from chain(), or look at the price of another bar.",
            )
        return float(bars.close[at])

    def _mid(self, rows: IntArray) -> FloatArray:
        quotes = self.model.quotes
        found: FloatArray = 0.5 * (quotes.bid[rows] + quotes.ask[rows])
        return found

    def _deltas(
        self, style: Style, contracts: list[Instrument], mids: FloatArray, row: int
    ) -> FloatArray:
        """Deltas of contracts of one style with these mid prices."""
        terms = [option_terms(one) for one in contracts]
        ends = np.array([self._end(one) for one in contracts])
        years = self._clock.years(ends, np.full(len(ends), self.bars.close_time[row]))
        spot = np.full(len(ends), self.bars.close[row])
        sign, strike = (
            np.array([one.right.sign for one in terms]),
            np.array([one.strike for one in terms]),
        )
        carry = (self.model.rate, self.model.dividend_yield)
        read = implied_by_style(style, sign, mids, spot, strike, years, *carry).volatility
        known = np.isfinite(read)
        given = (sign, spot, strike, years, *carry, np.where(known, read, 1.0))
        return np.where(known, deltas(style, *given), np.nan)

    def _columns(self, listing: Listing, rule: VolatilityRule | None, short: bool) -> FloatArray:
        """Delta, gamma, vega and theta per unit of underlying at each close, shape (4, n)."""
        terms, model, known = option_terms(listing.contract), self.model, listing.volatility
        return greek_columns(
            terms.style,
            terms.right.sign,
            self.bars.close[listing.first : listing.first + len(known)],
            terms.strike,
            listing.years,
            model.rate,
            model.dividend_yield,
            ruled(np.where(np.isfinite(known), known, 1.0), rule, short),
        )

    def _place(self, history: QuoteHistory, row: int) -> int:
        listing = history.listing
        place = row - listing.first
        if not 0 <= place < len(listing.years):
            raise DataError(
                f"The Greeks of {listing.contract.symbol} are not known at {self._told(row)}.",
                "They are from its first quote to its expiry.",
            )
        return place

    def _check_age(self, history: QuoteHistory, place: int, row: int) -> None:
        """Refuse Greeks of a volatility that is too old; at the expiry none is needed."""
        listing, read = history.listing, int(history.read_at[place])
        if listing.years[place] == 0.0:
            return
        symbol, day = listing.contract.symbol, self._told(row)
        if read == NEVER:
            raise DataError(
                f"{symbol} has no Greeks at {day}: {history.why(place)}, and no quote before it "
                "gives a volatility.",
                "Trade contracts whose quotes do, or correct rate and dividend_yield.",
            )
        if int(self.bars.close_time[row]) - read > self.model.stale_days * _DAY:
            raise DataError(
                f"{symbol} has no Greeks at {day}: {history.why(place)}, and the last volatility "
                f"was read at {utc_text(read)}, more than {self.model.stale_days:g} days before.",
                "Close it while it is quoted, fill the hole, or allow more stale_days.",
            )

    def _end(self, contract: Instrument) -> int:
        return self._clock.expiry_time(self._clock.last_session(option_expiry(contract)))

    def _told(self, row: int) -> str:
        return utc_text(int(self.bars.close_time[row]))
