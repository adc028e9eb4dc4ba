"""ModelMarket: the options of one underlying, priced from its bars and a volatility.

Every price is Black-Scholes-Merton on the underlying's own bars. A bar of an option has the model's
price at the underlying's open and close, and spans its prices at the underlying's high and low. At
the open the volatility is that of the bar before, which is what was known; time runs by the
calendar, over nights and weekends too, in years of 365 days. At the close of the expiry the price
is what the option pays. American options are priced with early exercise where it can pay.
"""

from __future__ import annotations

__all__ = ["ModelMarket"]

from collections.abc import Callable, Sequence

import numpy as np

from framework.calendar import TradingCalendar, day_text
from framework.domain.bars import Bars, FloatArray, IntArray
from framework.domain.instruments import Instrument
from framework.domain.options import BookGreeks
from framework.errors import DataError, did_you_mean
from framework.hedge_ports import VolatilityRule
from framework.options.chain import OptionChain
from framework.options.clock import UnderlyingClock
from framework.options.contracts import option_expiry, option_terms
from framework.options.listing import expiry_days, ladder_of, strike_ladder
from framework.options.model import OptionModel
from framework.options.option_market import Listing
from framework.options.valuation import deltas, greek_columns, ruled, values

_Given = tuple[FloatArray, FloatArray, FloatArray, FloatArray, float, float, FloatArray]
"""Signs, spots, strikes, years, rate, dividend yield and volatilities."""

Worth = Callable[..., FloatArray]
"""A figure of options of one style, such as their prices."""


class ModelMarket:
    """The options on one underlying.

    Args:
        bars: of the underlying.
        model: how they are priced.
    """

    def __init__(self, bars: Bars, model: OptionModel) -> None:
        self.underlying = bars.instrument
        self.bars = bars
        self.model = model
        self._listings: dict[str, Listing] = {}
        self._greeks: dict[tuple[str, VolatilityRule | None, bool], FloatArray] = {}
        self._chain: OptionChain | None = None
        self._chain_row = -1
        self._clock = UnderlyingClock(bars)

    @property
    def rate(self) -> float:
        """Riskless, a year, continuously compounded."""
        return self.model.rate

    def grow(self, bars: Bars) -> dict[str, Bars]:
        """Go on with more bars of the underlying; by symbol, all bars of the contracts listed by
        now that have more."""
        grown: dict[str, Bars] = {}
        self.bars = bars
        self._clock = UnderlyingClock(bars)
        for symbol, listing in self._listings.items():
            start, stop = listing.first + len(listing.years), self._stop(listing.contract)
            if start < stop:
                more = self._made(listing.contract, start, stop, listing.first)
                self._listings[symbol] = listing.joined(more)
                grown[symbol] = self._listings[symbol].bars
        for key, columns in self._greeks.items():
            symbol, rule, is_short = key
            if symbol in grown:
                after = self._columns(self._listings[symbol], rule, is_short, columns.shape[1])
                self._greeks[key] = np.concatenate([columns, after], axis=1)
        return grown

    # what there is --------------------------------------------------------------------------

    def chain(self, row: int) -> OptionChain:
        """The contracts listed at the close of a bar of the underlying."""
        if self._chain is None or self._chain_row != row:
            self._chain = self._listed(int(self.bars.session[row]), row)
            self._chain_row = row
        return self._chain

    def _listed(self, day: int, row: int) -> OptionChain:
        """What is listed on the day of a row, provided that its volatility is known."""
        rule, model = self.model.listing, self.model
        price = float(self.bars.close[row])
        model.volatility.at(self.bars.close_time[row : row + 1], np.ones(1), np.ones(1))
        sessions = self._sessions(day, day + rule.horizon + 7)
        expiries = expiry_days(day + 1, sessions, rule.horizon, rule.weeklies)
        contracts = ladder_of(
            self.underlying,
            expiries,
            strike_ladder(price, rule.width, rule.step),
            style=model.style,
            settlement=model.settlement,
            multiplier=model.multiplier,
        )
        return OptionChain(self.underlying.symbol, day, contracts)

    def _sessions(self, first: int, last: int) -> IntArray:
        return TradingCalendar(self.underlying.calendar).sessions_between(first, last)

    def listing(self, contract: Instrument, row: int) -> Listing:
        """A contract's prices from a row on.

        Raises:
            DataError: it is an option on something else, has expired, or its volatility is not
                known as long as it lives.
        """
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
        known = self._listings.get(contract.symbol)
        if known is not None:
            if known.contract != contract:
                raise DataError(
                    f"There are two contracts called {contract.symbol}.",
                    "Give the one of another style or multiplier another root: root=.",
                )
            return known
        found = self._made(contract, row, self._stop(contract), row)
        self._listings[contract.symbol] = found
        return found

    # what it is worth -----------------------------------------------------------------------

    def prices(self, contracts: tuple[Instrument, ...], row: int) -> FloatArray:
        """Model prices at the close of a bar, shape (len(contracts),)."""
        return self._at(contracts, row, values)

    def deltas(self, contracts: tuple[Instrument, ...], row: int) -> FloatArray:
        """Deltas per unit of underlying at the close of a bar, shape (len(contracts),)."""
        return self._at(contracts, row, deltas)

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
            DataError: see `listing`; or it has expired.
        """
        listing = self.listing(contract, row)
        key = (contract.symbol, rule, is_short and rule is not None)
        if key not in self._greeks:
            self._greeks[key] = self._columns(listing, rule, is_short)
        columns = self._greeks[key]
        place = row - listing.first
        if not 0 <= place < columns.shape[1]:
            raise DataError(
                f"The Greeks of {contract.symbol} are not known on "
                f"{day_text(int(self.bars.session[row]))}.",
                "They are from the day it was first asked for to its expiry.",
            )
        delta, gamma, vega, theta = (columns[:, place] * contract.multiplier).tolist()
        return BookGreeks(delta, gamma, vega, theta)

    def state(self, contract: Instrument, row: int) -> tuple[float, float]:
        """Years to the expiry and volatility of a contract at the close of a bar."""
        listing = self.listing(contract, row)
        place = min(max(row - listing.first, 0), len(listing.years) - 1)
        return float(listing.years[place]), float(listing.volatility[place])

    def traded_time(self, start: int, stop: int) -> int:
        """Nanoseconds in which the underlying traded, from the close of one row to another's."""
        return self._clock.traded_time(start, stop)

    # parts ----------------------------------------------------------------------------------

    def _at(self, contracts: tuple[Instrument, ...], row: int, worth: Worth) -> FloatArray:
        """A figure of each contract at the close of a bar, style by style."""
        found = np.zeros(len(contracts))
        styles = [option_terms(one).style for one in contracts]
        for style in dict.fromkeys(styles):
            mine = [number for number, one in enumerate(styles) if one is style]
            found[mine] = worth(style, *self._given([contracts[number] for number in mine], row))
        return found

    def _given(self, contracts: Sequence[Instrument], row: int) -> _Given:
        """What the formulas want to know of contracts at the close of a bar."""
        terms = [option_terms(one) for one in contracts]
        sign = np.array([one.right.sign for one in terms])
        strike = np.array([one.strike for one in terms])
        ends = np.array([self._clock.expiry_time(option_expiry(one)) for one in contracts])
        times = np.full(len(contracts), self.bars.close_time[row])
        years = self._clock.years(ends, times)
        spot = np.full(len(contracts), self.bars.close[row])
        volatility = self.model.volatility.at(times, strike / spot, years)
        return sign, spot, strike, years, self.model.rate, self.model.dividend_yield, volatility

    def _stop(self, contract: Instrument) -> int:
        """The row of the underlying after the last one of a contract."""
        return int(np.searchsorted(self.bars.session, option_expiry(contract), side="right"))

    def _made(self, contract: Instrument, start: int, stop: int, first: int) -> Listing:
        """A contract's bars at rows start..stop-1 of the underlying's; `first` is its first."""
        bars = self.bars
        rows = slice(start, stop)
        end = self._clock.expiry_time(option_expiry(contract))
        closes = bars.close_time[rows]
        opens = self._clock.open_times[rows]
        years, before = (self._clock.years(end, times) for times in (closes, opens))
        strike = option_terms(contract).strike
        volatility = self._volatility(closes, bars.close[rows], strike, years)
        known = bars.close_time[np.maximum(np.arange(start, stop) - 1, first)]
        at_open = self._volatility(known, bars.open[rows], strike, before)
        opened = self._price(contract, bars.open[rows], before, at_open)
        closed = self._price(contract, bars.close[rows], years, volatility)
        up, down = (
            self._price(contract, side[rows], years, volatility) for side in (bars.high, bars.low)
        )
        every = np.stack([opened, closed, up, down])
        made = Bars(
            instrument=contract,
            frame=bars.frame,
            close_time=closes,
            session=bars.session[rows],
            session_close=bars.session_close[rows],
            open=opened,
            high=every.max(axis=0),
            low=every.min(axis=0),
            close=closed,
            volume=np.zeros(stop - start),
            prices=bars.prices,
            synthetic=True,
            regular=None if bars.regular is None else bars.regular[rows],
        )
        return Listing(contract, made, start, years, volatility)

    def _volatility(
        self, times: IntArray, spot: FloatArray, strike: float, years: FloatArray
    ) -> FloatArray:
        return np.array(self.model.volatility.at(times, strike / spot, years))

    def _price(
        self, contract: Instrument, spot: FloatArray, years: FloatArray, volatility: FloatArray
    ) -> FloatArray:
        terms, model = option_terms(contract), self.model
        return values(
            terms.style,
            terms.right.sign,
            spot,
            terms.strike,
            years,
            model.rate,
            model.dividend_yield,
            volatility,
        )

    def _columns(
        self, listing: Listing, rule: VolatilityRule | None, short: bool, start: int = 0
    ) -> FloatArray:
        """Delta, gamma, vega and theta per unit of underlying at each close from place `start` on,
        shape (4, n)."""
        model, volatility = self.model, ruled(listing.volatility[start:], rule, short)
        terms, first = option_terms(listing.contract), listing.first + start
        return greek_columns(
            terms.style,
            terms.right.sign,
            self.bars.close[first : first + len(volatility)],
            terms.strike,
            listing.years[start:],
            model.rate,
            model.dividend_yield,
            volatility,
        )
