"""Combos written as a sentence: `on(chain).expiring(in_days=45).sell(put, delta=-0.16)...`.

    on(chain, deltas=model)
        .expiring(in_days=45)
        .sell(put, delta=-0.16).buy(put, below=10)
        .sell(call, delta=0.16).buy(call, above=10)
        .combo()

Each step is a new sentence and leaves the old one as it was. `sell` and `buy` say what happens when
the combo is bought. Whatever is asked for and not listed is refused by name; a strike is never
moved to the next one that is, except where "nearest" is what the words mean: a delta, a moneyness,
a number of days, and those refuse a nearest that is far away.
"""

from __future__ import annotations

__all__ = ["DeltaFunction", "Sentence", "call", "on", "put"]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from framework.calendar import day_text
from framework.domain.bars import FloatArray
from framework.domain.instruments import Instrument
from framework.domain.options import Right
from framework.errors import DataError
from framework.options.chain import OptionChain
from framework.options.combos import Combo, Leg
from framework.options.contracts import option_terms
from framework.options.occ import day_of
from framework.options.shapes import shape_of
from framework.options.spreads import underlying_leg

call = Right.CALL
put = Right.PUT

DeltaFunction = Callable[[Sequence[Instrument]], FloatArray]
"""Deltas of some contracts per unit of underlying, in their order; NaN where not known."""


def on(
    chain: OptionChain, *, spot: float | None = None, deltas: DeltaFunction | None = None
) -> Sentence:
    """Begin a combo on a chain.

    Args:
        chain: what is listed.
        spot: price of the underlying, for strikes given by moneyness.
        deltas: for strikes given by delta.
    """
    return Sentence(chain, spot, deltas)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A combo half said.

    Attributes:
        chain: what is listed.
        spot: price of the underlying, None where not given.
        deltas: gives contracts their deltas, None where not given.
        expiry: of the legs to come, as days since 1970-01-01; None before the first `expiring`.
        legs: said so far.
    """

    chain: OptionChain
    spot: float | None = None
    deltas: DeltaFunction | None = None
    expiry: int | None = None
    legs: tuple[Leg, ...] = ()

    def expiring(
        self,
        *,
        in_days: float | None = None,
        at_least: float | None = None,
        date: str | int | None = None,
        within: float = 21,
    ) -> Sentence:
        """The expiry of the legs that follow; say one of the three.

        Args:
            in_days: the expiry nearest to so many calendar days.
            at_least: the first expiry so many calendar days away or more.
            date: exactly this one, as 2024-03-15 or as days since 1970-01-01.
            within: days the nearest may be off; half the longest gap between monthly expiries, and
                some, if left out.

        Raises:
            DataError: none or several of the three, or no such expiry.
        """
        _one_of("expiring", {"in_days": in_days, "at_least": at_least, "date": date})
        chain = self.chain
        if date is not None:
            expiry = day_of(date) if isinstance(date, str) else date
            chain.strikes(expiry)
        elif at_least is not None:
            expiry = chain.expiry_at_least(at_least)
        elif in_days is not None:
            expiry = chain.expiry_nearest(in_days)
            days = chain.days_to_expiry(expiry)
            if abs(days - in_days) > within:
                raise DataError(
                    f"{chain.underlying}: no expiry within {within:g} days of {in_days:g} days.",
                    f"The nearest is {day_text(expiry)}, in {days} days; say within=, or list "
                    "more.",
                )
        return replace(self, expiry=expiry)

    def buy(
        self,
        right: Right,
        ratio: int = 1,
        *,
        strike: float | None = None,
        delta: float | None = None,
        moneyness: float | None = None,
        below: float | None = None,
        above: float | None = None,
        within: float = 0.10,
    ) -> Sentence:
        """Buy a call or a put; say one of the five.

        Args:
            right: call or put.
            ratio: contracts in one combo, > 0.
            strike: exactly this one.
            delta: nearest to this delta; a put's is negative.
            moneyness: nearest to this strike / spot; 1 is at the money. Calls and puts count
                alike, so both sides of a straddle get one strike.
            below, above: exactly so many points below or above the option named before.
            within: how far off the nearest delta or moneyness may be.

        Raises:
            DataError: none or several of the five, or no such contract.
        """
        wanted = _Wanted(strike, delta, moneyness, below, above, within)
        return self._with(right, _units(ratio), wanted)

    def sell(
        self,
        right: Right,
        ratio: int = 1,
        *,
        strike: float | None = None,
        delta: float | None = None,
        moneyness: float | None = None,
        below: float | None = None,
        above: float | None = None,
        within: float = 0.10,
    ) -> Sentence:
        """Sell a call or a put; arguments and errors as of `buy`."""
        wanted = _Wanted(strike, delta, moneyness, below, above, within)
        return self._with(right, -_units(ratio), wanted)

    def hold(self, underlying: Instrument, contracts: int = 1) -> Sentence:
        """Hold the units of the underlying that so many contracts are written on.

        Raises:
            DataError: it cannot be held, or is not the chain's.
        """
        if underlying.symbol != self.chain.underlying:
            raise DataError(
                f"{underlying.symbol} is not what the chain's options are written on.",
                f"Hold {self.chain.underlying}.",
            )
        if not self.chain.contracts:
            raise DataError(f"{underlying.symbol}: the chain is empty.", "Give it contracts.")
        leg = underlying_leg(underlying, self.chain.contracts[0], _units(contracts))
        return replace(self, legs=(*self.legs, leg))

    def combo(self, kind: str | None = None) -> Combo:
        """What has been said, called `kind`, or as its shape is called if left out.

        Raises:
            DataError: nothing has been said, or an instrument twice.
        """
        if not self.legs:
            raise DataError(
                f"A combo on {self.chain.underlying} without a leg.", "Say .buy() or .sell()."
            )
        return Combo(shape_of(self.legs) if kind is None else kind, self.legs)

    def _with(self, right: Right, ratio: int, wanted: _Wanted) -> Sentence:
        contract = self._chosen(right, wanted)
        return replace(self, legs=(*self.legs, Leg(contract, ratio)))

    def _chosen(self, right: Right, wanted: _Wanted) -> Instrument:
        if self.expiry is None:
            raise DataError(
                f"{self.chain.underlying}: a {right.name.lower()} without an expiry.",
                "Say .expiring(in_days=45) first.",
            )
        if wanted.delta is not None:
            if self.deltas is None:
                raise DataError(
                    f"{self.chain.underlying}: a {right.name.lower()} of delta {wanted.delta:g}, "
                    "and no deltas.",
                    "Begin with on(chain, deltas=...).",
                )
            deltas = self.deltas(self.chain.listed(self.expiry, right))
            return self.chain.nearest_delta(self.expiry, right, wanted.delta, deltas, wanted.within)
        return self.chain.contract(self.expiry, right, self._strike(self.expiry, wanted))

    def _strike(self, expiry: int, wanted: _Wanted) -> float:
        if wanted.strike is not None:
            return wanted.strike
        if wanted.moneyness is not None:
            return self._by_moneyness(expiry, wanted.moneyness, wanted.within)
        return self._last_strike() + (wanted.above or 0.0) - (wanted.below or 0.0)

    def _by_moneyness(self, expiry: int, moneyness: float, within: float) -> float:
        if self.spot is None:
            raise DataError(
                f"{self.chain.underlying}: a moneyness of {moneyness:g}, and no spot.",
                "Begin with on(chain, spot=...).",
            )
        strike = self.chain.nearest_moneyness(expiry, moneyness, self.spot)
        if abs(strike / self.spot - moneyness) > within:
            raise DataError(
                f"{self.chain.underlying}: no strike within {within:g} of a moneyness of "
                f"{moneyness:g}.",
                f"The nearest is {strike:g}, with the underlying at {self.spot:g}.",
            )
        return strike

    def _last_strike(self) -> float:
        options = [leg for leg in self.legs if leg.is_option]
        if not options:
            raise DataError(
                f"{self.chain.underlying}: the first option is to lie below or above another.",
                "Say strike=, delta= or moneyness=.",
            )
        return option_terms(options[-1].instrument).strike


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How a strike is told."""

    strike: float | None
    delta: float | None
    moneyness: float | None
    below: float | None
    above: float | None
    within: float

    def __post_init__(self) -> None:
        words = ("strike", "delta", "moneyness", "below", "above")
        _one_of("an option", {word: getattr(self, word) for word in words})
        for name, points in (("below", self.below), ("above", self.above)):
            if points is not None and not (isfinite(points) and points > 0.0):
                raise DataError(f"An option {name} another by {points} points.", "Give them > 0.")


def _one_of(what: str, given: Mapping[str, object]) -> None:
    """Refuse a step that says none or several of the words that each would do."""
    said = [name for name, value in given.items() if value is not None]
    if len(said) != 1:
        raise DataError(
            f"{what} is told by {' and '.join(said) or 'nothing'}.",
            f"Say one of {', '.join(f'{name}=' for name in given)}.",
        )


def _units(count: int) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise DataError(f"A leg of {count!r} contracts.", "Give whole contracts: 1 or more.")
    return count
