"""The options on one underlying: listed by a rule, made when somebody looks."""

from __future__ import annotations

__all__ = ["Shelf"]

from collections.abc import Callable, Iterator, Sequence
from math import nan

import numpy as np

from framework.calendar import TradingCalendar
from framework.domain.instruments import Instrument
from framework.domain.options import Right
from framework.emulator.market.hours import compact_day
from framework.emulator.market.listing import Listing
from framework.emulator.market.numbers import Numbers
from framework.emulator.market.universe import Entry, option_listing
from framework.errors import DataError
from framework.options.contracts import option_contract, option_expiry
from framework.options.listing import expiry_days, strike_ladder
from framework.options.model import OptionModel
from framework.options.occ import OptionSymbol

_TIDY = 4096
"""Listings from which on expired ones are dropped."""

Today = Callable[[str], tuple[int, float]]
"""An underlying's present trading day and the close of the day before, that strikes lie around."""


class Shelf:
    """The options on one underlying. What was listed once stays so until it expires.

    Args:
        entry: the underlying.
        model: what is listed.
        numbers: gives con ids.
        today: tells the underlying's day and price.
    """

    def __init__(self, entry: Entry, model: OptionModel, numbers: Numbers, today: Today) -> None:
        self.under = entry.listing
        self.model = model
        self._numbers = numbers
        self._today = today
        self._made: dict[str, Listing] = {}
        self._day, self._price = -1, nan
        self._expiries: tuple[int, ...] = ()
        self._strikes: tuple[float, ...] = ()

    def expiries(self) -> tuple[int, ...]:
        """Those listed today, rising."""
        self._look()
        return self._expiries

    def strikes(self) -> tuple[float, ...]:
        """Those listed today, rising; none before there is a price."""
        self._look()
        return self._strikes

    def find(self, expiry: str, strike: float, rights: Sequence[Right]) -> Iterator[Listing]:
        """What is listed with such an expiry, a strike (0 for any) and one of the rights."""
        self._look()
        days = [day for day in self._expiries if compact_day(day).startswith(expiry)]
        strikes = [one for one in self._strikes if not strike or abs(one - strike) < 1e-6]
        for day in days:
            for one in strikes:
                for right in rights:
                    yield self.listed(OptionSymbol(self.under.key, day, right, one))
        shown = {(day, one) for day in days for one in strikes}
        for known in list(self._made.values()):
            terms, day = known.instrument.option, option_expiry(known.instrument)
            if terms is None or (day, terms.strike) in shown or day < self._day:
                continue
            fits = not strike or abs(terms.strike - strike) < 1e-6
            if fits and terms.right in rights and compact_day(day).startswith(expiry):
                yield known

    def numbered(self, con_id: int) -> Listing | None:
        """The one of today's chain with a con id that nobody has looked at yet; None if none."""
        for day in self.expiries():
            for strike in self.strikes():
                for right in Right:
                    name = OptionSymbol(self.under.key, day, right, strike)
                    if self._numbers.first_choice(name.short) == con_id:
                        return self.listed(name)
        return None

    def listed(self, name: OptionSymbol) -> Listing:
        """The option of that name, whether or not it is in today's chain.

        Raises:
            DataError: no such option can exist.
        """
        known = self._made.get(name.short)
        if known is not None:
            return known
        contract = self._contract(name)
        found = self._made[contract.symbol] = option_listing(contract, self.under, self._numbers)
        return found

    def has(self, name: OptionSymbol) -> bool:
        """Whether it is in today's chain, or was looked at before and lives."""
        self._look()
        if name.expiry < self._day:
            return False
        chained = name.expiry in self._expiries and name.strike in self._strikes
        return chained or name.short in self._made

    def _contract(self, name: OptionSymbol) -> Instrument:
        model = self.model
        calendar = TradingCalendar(self.under.instrument.calendar)
        if not calendar.is_session(np.array([name.expiry]))[0]:
            raise DataError(f"{name.short} expires on a day without trading.", "Check the expiry.")
        return option_contract(
            self.under.instrument,
            name.expiry,
            name.right,
            name.strike,
            style=model.style,
            settlement=model.settlement,
            multiplier=model.multiplier,
        )

    def _look(self) -> None:
        """List anew on a new day, or around a new price."""
        day, price = self._today(self.under.key)
        if day == self._day and price == self._price:
            return
        self._day, self._price = day, price
        rule = self.model.listing
        calendar = TradingCalendar(self.under.instrument.calendar)
        sessions = calendar.sessions_between(day - 10, day + rule.horizon + 10)
        days = expiry_days(day, sessions, rule.horizon, rule.weeklies).tolist()
        last = self.under.instrument.expiry
        self._expiries = tuple(one for one in days if last is None or one <= last)
        self._strikes = _ladder(price, rule.width, rule.step)
        self._tidy()

    def _tidy(self) -> None:
        if len(self._made) < _TIDY:
            return
        for key, known in list(self._made.items()):
            if option_expiry(known.instrument) < self._day - 5:
                del self._made[key]
                self._numbers.forget(key)


def _ladder(price: float, width: float, step: float | None) -> tuple[float, ...]:
    """Strikes around a price; none around a price there is none of."""
    if not price > 0.0:
        return ()
    try:
        return strike_ladder(price, width, step)
    except DataError:
        return ()
