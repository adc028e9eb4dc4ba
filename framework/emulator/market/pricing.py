"""What options are worth, along an underlying's bars: the model market's rule, bar by bar.

At a bar's open an option has the price of the underlying's open, with the time left then and the
volatility known then. Everything after it in the bar has the time left, and the volatility, of the
bar's close. So an option's high and low are at the underlying's, whatever path leads there.
"""

from __future__ import annotations

__all__ = ["Computation", "Priced", "Stance", "bar_prices", "computed", "path_prices", "prices_at"]

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

import numpy as np

from framework.calendar import TradingCalendar
from framework.domain.bars import Bars, FloatArray, IntArray
from framework.domain.instruments import Instrument
from framework.domain.options import OptionTerms
from framework.emulator.market.grid import on_bands
from framework.options.black_scholes import greeks, price
from framework.options.contracts import option_expiry, option_terms
from framework.options.implied import implied_volatility
from framework.options.model import OptionModel
from framework.options.valuation import values

_YEAR = 365.0 * 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Priced:
    """An option and how it is priced; make one with `Priced.of`.

    Attributes:
        instrument: the option.
        terms: what it gives the right to.
        model: volatility and rates.
        end: nanoseconds UTC at which it expires.
    """

    instrument: Instrument
    terms: OptionTerms
    model: OptionModel
    end: int

    @classmethod
    def of(cls, instrument: Instrument, model: OptionModel) -> Priced:
        """An option of an underlying's model."""
        day = np.array([option_expiry(instrument)], dtype=np.int64)
        end = int(TradingCalendar(instrument.calendar).session_close_of(day)[0])
        return cls(instrument, option_terms(instrument), model, end)

    def years(self, times: IntArray) -> FloatArray:
        """Years of 365 days to the expiry; 0 after it."""
        return np.maximum((self.end - times) / _YEAR, 0.0)


class Stance(NamedTuple):
    """Where an underlying stands, as far as its options care.

    Attributes:
        spot: its price.
        time: from which the time left is counted.
        known: at which the volatility was known.
        level: the spot whose volatility it is.
    """

    spot: float
    time: int
    known: int
    level: float


@dataclass(frozen=True, slots=True)
class Computation:
    """What a client is told of an option; NaN where there is none.

    Attributes:
        implied_volatility: a fraction per year.
        delta: per unit of the underlying; gamma: change of it.
        price: of the option.
        vega: per volatility point.
        theta: per calendar day.
        under_price: the underlying's price.
        pv_dividend: present value of dividends to the expiry.
    """

    implied_volatility: float
    delta: float
    price: float
    gamma: float
    vega: float
    theta: float
    under_price: float
    pv_dividend: float = 0.0


def bar_prices(option: Priced, bars: Bars, opens: IntArray, known: IntArray) -> Bars:
    """An option's bars, off the grid.

    Args:
        option: which.
        bars: of its underlying, n of them.
        opens: when each opened, shape (n,).
        known: when the bar before each closed, shape (n,).
    """
    after, before = option.years(bars.close_time), option.years(opens)
    strike = option.terms.strike
    volatility = option.model.volatility.at(bars.close_time, strike / bars.close, after)
    at_open = option.model.volatility.at(known, strike / bars.open, before)
    first = _worth([option], bars.open, before, at_open)
    columns = [
        _worth([option], one, after, volatility) for one in (bars.high, bars.low, bars.close)
    ]
    every = np.stack([first, *columns])
    return Bars(
        instrument=option.instrument,
        frame=bars.frame,
        close_time=bars.close_time,
        session=bars.session,
        session_close=bars.session_close,
        open=first,
        high=every.max(axis=0),
        low=every.min(axis=0),
        close=columns[2],
        volume=np.zeros(len(bars)),
        prices=bars.prices,
        synthetic=True,
        regular=bars.regular,
    )


def path_prices(
    options: Sequence[Priced],
    spots: Sequence[float],
    opening: Stance,
    closing: Stance,
    *,
    on_grid: bool = True,
) -> list[list[float]]:
    """Prices along the path of one bar of the underlying, the open first.

    Args:
        options: of one underlying, shape (n,).
        spots: the path, shape (m,).
        opening, closing: the underlying at the bar's open and close.
        on_grid: rounds them to the options' ticks.
    """
    spot = np.asarray(spots)
    shape = (len(options), len(spot))
    years, volatility = np.empty(shape), np.empty(shape)
    for columns, stance in ((slice(0, 1), opening), (slice(1, None), closing)):
        left, level = _state(options, stance)
        years[:, columns], volatility[:, columns] = left[:, None], level[:, None]
    found = _worth(options, spot[None, :], years, volatility)
    if not on_grid:
        return [row.tolist() for row in found]
    return [
        on_bands(row, option.instrument).tolist()
        for row, option in zip(found, options, strict=True)
    ]


def prices_at(option: Priced, stance: Stance, spots: Sequence[float]) -> list[float]:
    """Prices at some spots, off the grid, the rest being as where the underlying stands."""
    years, volatility = _state([option], stance)
    found: list[float] = _worth([option], np.asarray(spots), years, volatility).tolist()
    return found


def computed(
    option: Priced, stance: Stance, prices: Sequence[float], volatility: float | None = None
) -> list[Computation | None]:
    """The model's own figures, then those of each price given; None for a price that has none.

    Args:
        option: which.
        stance: where its underlying stands.
        prices: to read volatilities from.
        volatility: to reckon the first with; None is the model's.
    """
    years, modelled = _state([option], stance)
    terms, model = option.terms, option.model
    rates = (model.rate, model.dividend_yield)
    given = np.asarray(prices, dtype=np.float64)
    read = implied_volatility(terms.right.sign, given, stance.spot, terms.strike, years, *rates)
    level = float(modelled[0]) if volatility is None else volatility
    levels = np.concatenate(([level], read.volatility))
    usable = np.where(np.isfinite(levels), levels, 0.0)
    known = greeks(terms.right.sign, stance.spot, terms.strike, years, *rates, usable)
    own = float(_worth([option], np.array([stance.spot]), years, levels[:1])[0])
    dividends = stance.spot * -float(np.expm1(-model.dividend_yield * years[0]))
    return [
        Computation(
            implied_volatility=float(levels[row]),
            delta=float(known.delta[row]),
            price=worth,
            gamma=float(known.gamma[row]),
            vega=float(known.vega[row]) / 100.0,
            theta=float(known.theta[row]) / 365.0,
            under_price=stance.spot,
            pv_dividend=dividends,
        )
        if isfinite(levels[row])
        else None
        for row, worth in enumerate([own, *given.tolist()])
    ]


def _state(options: Sequence[Priced], stance: Stance) -> tuple[FloatArray, FloatArray]:
    """Years left and volatilities of options where the underlying stands, shape (n,) each."""
    times = np.full(len(options), stance.time)
    ends = np.array([option.end for option in options])
    years = np.maximum((ends - times) / _YEAR, 0.0)
    strikes = np.array([option.terms.strike for option in options])
    known = np.full(len(options), stance.known)
    return years, options[0].model.volatility.at(known, strikes / stance.level, years)


def _worth(
    options: Sequence[Priced], spot: FloatArray, years: FloatArray, volatility: FloatArray
) -> FloatArray:
    """Values of options of one underlying, which run along the first dimension of `years`."""
    model, terms = options[0].model, [option.terms for option in options]
    shape = (len(options), *[1] * (np.ndim(years) - 1)) if len(options) > 1 else ()
    sign = np.array([one.right.sign for one in terms]).reshape(shape)
    strike = np.array([one.strike for one in terms]).reshape(shape)
    if model.rate == model.dividend_yield == 0.0:
        # Early exercise never pays then: the formula for Americans would come here, if later.
        return price(sign, spot, strike, years, 0.0, 0.0, volatility)
    rates = (model.rate, model.dividend_yield)
    return values(terms[0].style, sign, spot, strike, years, *rates, volatility)
