"""The option chain: the contracts listed on one underlying, and the ways to pick one of them.

A contract that is not listed is refused by name, with the nearest that are; none stands in for
another. Where two are equally near, the lower strike or the earlier expiry is picked.
"""

from __future__ import annotations

__all__ = ["OptionChain", "alive"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite

import numpy as np

from framework.calendar import day_text
from framework.domain.bars import FloatArray
from framework.domain.instruments import Instrument
from framework.domain.options import Right
from framework.errors import DataError
from framework.options.contracts import option_expiry, option_symbol, option_terms
from framework.options.occ import OptionSymbol, parse_symbol

_Strikes = dict[float, Instrument]


@dataclass(frozen=True, slots=True)
class OptionChain:
    """What can be traded on one underlying on one day.

    Attributes:
        underlying: symbol of what the options are written on.
        day: the day it was taken, as days since 1970-01-01.
        contracts: the options, none of them expired before that day.

    Raises:
        DataError: a contract of another underlying, an expired one, or one listed twice.
    """

    underlying: str
    day: int
    contracts: tuple[Instrument, ...]
    _board: Mapping[int, Mapping[Right, _Strikes]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        board: dict[int, dict[Right, _Strikes]] = {}
        for contract in self.contracts:
            terms, expiry = option_terms(contract), option_expiry(contract)
            if terms.underlying != self.underlying:
                raise DataError(
                    f"{contract.symbol} is an option on {terms.underlying}, in the chain of "
                    f"{self.underlying}.",
                    "Make one chain for each underlying.",
                )
            if expiry < self.day:
                raise DataError(
                    f"{contract.symbol} expired on {day_text(expiry)}, before the chain's day "
                    f"{day_text(self.day)}.",
                    "Leave expired contracts out: alive(contracts, day).",
                )
            strikes = board.setdefault(expiry, {Right.CALL: {}, Right.PUT: {}})[terms.right]
            if terms.strike in strikes:
                raise DataError(
                    f"{contract.symbol} and {strikes[terms.strike].symbol} are one contract in "
                    f"the chain of {self.underlying}.",
                    "List it once; give classes that differ, such as AM and PM, a chain each.",
                )
            strikes[terms.strike] = contract
        object.__setattr__(self, "_board", board)

    def __len__(self) -> int:
        return len(self.contracts)

    @property
    def expiries(self) -> tuple[int, ...]:
        """Expiry days, rising, as days since 1970-01-01."""
        return tuple(sorted(self._board))

    def days_to_expiry(self, expiry: int) -> int:
        """Calendar days from the chain's day to `expiry`."""
        return expiry - self.day

    def strikes(self, expiry: int, right: Right | None = None) -> tuple[float, ...]:
        """Strikes listed for an expiry, rising: of one right, or of either.

        Raises:
            DataError: the expiry is past or not listed.
        """
        sides = self._expiring(expiry)
        found = sides[Right.CALL] | sides[Right.PUT] if right is None else sides[right]
        return tuple(sorted(found))

    def listed(self, expiry: int, right: Right) -> tuple[Instrument, ...]:
        """The calls or the puts of an expiry, by rising strike: the order `nearest_delta` reads.

        Raises:
            DataError: the expiry is past or not listed.
        """
        found = self._expiring(expiry)[right]
        return tuple(found[strike] for strike in sorted(found))

    def contract(self, expiry: int, right: Right, strike: float) -> Instrument:
        """The contract with exactly these terms.

        Raises:
            DataError: it is expired or not listed; the nearest that are listed are named.
        """
        found = self._expiring(expiry)[right]
        if strike in found:
            return found[strike]
        wanted = self._name(expiry, right, strike)
        if wanted.strike in found:
            return found[wanted.strike]
        near = sorted(sorted(found, key=lambda one: (abs(one - strike), one))[:3])
        nearest = ", ".join(found[one].symbol for one in near) or f"no {right.name.lower()} at all"
        hole = wanted.strike in self._expiring(expiry)[right.opposite]
        but = f", though the {right.opposite.name.lower()} of that strike is" if hole else ""
        raise DataError(f"{wanted.short} is not listed{but}.", f"Nearest listed: {nearest}.")

    def find(self, symbol: str) -> Instrument:
        """The contract with this symbol, in any form `parse_symbol` reads.

        Raises:
            DataError: it is none, of another underlying, expired, or not listed.
        """
        parts = parse_symbol(symbol)
        found = self.contract(parts.expiry, parts.right, parts.strike)
        root = option_symbol(found).root
        if parts.root != root:
            raise DataError(
                f"{parts.short} is not listed in the chain of {self.underlying}.",
                f"Did you mean {found.symbol!r}?",
            )
        return found

    def expiry_nearest(self, days: float) -> int:
        """The expiry whose calendar days to expiry are nearest to `days`.

        Raises:
            DataError: the chain is empty.
        """
        return min(self._some_expiries(), key=lambda one: abs(self.days_to_expiry(one) - days))

    def expiry_at_least(self, days: float) -> int:
        """The first expiry `days` calendar days away or more.

        Raises:
            DataError: there is none.
        """
        expiries = self._some_expiries()
        for expiry in expiries:
            if self.days_to_expiry(expiry) >= days:
                return expiry
        raise DataError(
            f"{self.underlying}: no expiry {days:g} days or more after {day_text(self.day)}.",
            f"The last one listed is {self._told(expiries[-1])}.",
        )

    def nearest_strike(self, expiry: int, price: float) -> float:
        """The strike nearest to `price`, listed as call or put.

        Raises:
            DataError: the expiry is past or not listed, or `price` is no price.
        """
        if not (isfinite(price) and price > 0.0):
            raise DataError(
                f"{self.underlying}: a strike nearest to {price}.", "Give a price above 0."
            )
        return min(self.strikes(expiry), key=lambda strike: abs(strike - price))

    def nearest_moneyness(self, expiry: int, moneyness: float, spot: float) -> float:
        """The strike whose moneyness, strike / spot, is nearest; 1.0 is at the money.

        Raises:
            DataError: as `nearest_strike`.
        """
        return self.nearest_strike(expiry, moneyness * spot)

    def nearest_delta(
        self, expiry: int, right: Right, target: float, deltas: FloatArray, within: float = inf
    ) -> Instrument:
        """The contract whose delta is nearest to `target`.

        Args:
            expiry: of the contracts to choose from.
            right: call or put.
            target: delta per unit of underlying: 0..1 of a call, -1..0 of a put.
            deltas: of `listed(expiry, right)`, in that order, shape (n,); NaN where not known.
            within: largest distance from `target` that still counts.

        Raises:
            DataError: a target of the wrong sign, deltas of another number of contracts, none
                known, or none within reach.
        """
        contracts = self.listed(expiry, right)
        what = f"{self.underlying} {right.name.lower()}s of {self._told(expiry)}"
        if not 0.0 <= target * right.sign <= 1.0:
            span = "0 to 1" if right is Right.CALL else "-1 to 0"
            raise DataError(f"{what}: a delta of {target:g} is asked for.", f"Give {span}.")
        deltas = np.asarray(deltas, dtype=np.float64)
        if deltas.shape != (len(contracts),):
            raise DataError(
                f"{what}: deltas of shape {deltas.shape} for {len(contracts)} contracts.",
                "Give one for each of listed(expiry, right).",
            )
        distance = np.where(np.isfinite(deltas), np.abs(deltas - target), inf)
        if not np.isfinite(distance).any():
            raise DataError(
                f"{what}: no delta is known.", "Give quotes or a volatility to compute them from."
            )
        best = int(np.argmin(distance))
        if distance[best] > within:
            raise DataError(
                f"{what}: no delta within {within:g} of {target:g}.",
                f"The nearest is {deltas[best]:.3f}, {contracts[best].symbol}.",
            )
        return contracts[best]

    def holes(self, expiry: int) -> tuple[str, ...]:
        """Symbols of the contracts missing beside a listed one of the other right.

        Raises:
            DataError: the expiry is past or not listed.
        """
        sides = self._expiring(expiry)
        return tuple(
            self._name(expiry, right, strike).short
            for strike in self.strikes(expiry)
            for right in Right
            if strike not in sides[right]
        )

    def only(
        self,
        *,
        right: Right | None = None,
        days: tuple[float, float] = (0.0, inf),
        strikes: tuple[float, float] = (0.0, inf),
    ) -> OptionChain:
        """The part of the chain with this right, and days to expiry and strikes in these ranges,
        both ends included."""
        kept = []
        for contract in self.contracts:
            terms = option_terms(contract)
            if (
                (right is None or terms.right is right)
                and days[0] <= self.days_to_expiry(option_expiry(contract)) <= days[1]
                and strikes[0] <= terms.strike <= strikes[1]
            ):
                kept.append(contract)
        return OptionChain(self.underlying, self.day, tuple(kept))

    def on(self, day: int) -> OptionChain:
        """The same contracts on a later day, without those expired by then."""
        return OptionChain(self.underlying, day, alive(self.contracts, day))

    def _told(self, expiry: int) -> str:
        return f"{day_text(expiry)} ({self.days_to_expiry(expiry)} days)"

    def _name(self, expiry: int, right: Right, strike: float) -> OptionSymbol:
        """What a contract is called, listed or not, by the class of its neighbours."""
        sides = self._expiring(expiry)
        neighbour = next(iter((sides[Right.CALL] | sides[Right.PUT]).values()))
        return OptionSymbol(option_symbol(neighbour).root, expiry, right, strike)

    def _some_expiries(self) -> tuple[int, ...]:
        if not self._board:
            raise DataError(
                f"{self.underlying}: no option is listed on {day_text(self.day)}.",
                "Give the chain contracts, or widen what it was narrowed to.",
            )
        return self.expiries

    def _expiring(self, expiry: int) -> Mapping[Right, _Strikes]:
        found = self._board.get(expiry)
        if found is not None:
            return found
        near = sorted(sorted(self._some_expiries(), key=lambda one: abs(one - expiry))[:3])
        past = expiry < self.day
        raise DataError(
            f"{self.underlying} options of {day_text(expiry)} "
            + (f"expired before {day_text(self.day)}." if past else "are not listed."),
            f"Nearest listed: {', '.join(map(day_text, near))}.",
        )


def alive(contracts: Sequence[Instrument], day: int) -> tuple[Instrument, ...]:
    """The contracts that have not expired before `day`."""
    return tuple(contract for contract in contracts if option_expiry(contract) >= day)
