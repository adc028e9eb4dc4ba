"""Rates: the tables of a fee schedule, and what they charge.

`units` >= 0, `notional` = |units x multiplier x price|, money in the currency of the table.
"""

from __future__ import annotations

__all__ = ["Band", "Table", "Tiers", "bounded_fee", "marginal"]

from bisect import bisect_right
from dataclasses import dataclass
from math import inf

from framework.compiled import scalar

_PRICE_TOLERANCE = 1e-9


@scalar
def bounded_fee(
    base: float, units: float, notional: float, minimum: float, maximum_percent: float
) -> float:
    """`base` raised to `minimum`, then cut to `maximum_percent` of the value; 0 for no units.

    `maximum_percent` is inf for no cap. The cap comes last: it overrides the minimum.
    """
    if units <= 0.0:
        return 0.0
    fee = max(base, minimum)
    if maximum_percent < inf:
        fee = min(fee, notional * maximum_percent / 100.0)
    return fee


def marginal(
    before: float, amount: float, ends: tuple[float, ...], rates: tuple[float, ...]
) -> float:
    """What `amount` more costs after `before`, each tier charging its rate on what falls into it.

    `ends` are where the tiers end, rising, the last inf; `rates` are one for each.
    """
    end = before + amount
    if end <= ends[0]:
        return amount * rates[0]
    total = 0.0
    floor = 0.0
    for ceiling, rate in zip(ends, rates, strict=True):
        if before < ceiling:
            total += (min(end, ceiling) - max(before, floor)) * rate
        if end <= ceiling:
            break
        floor = ceiling
    return total


@dataclass(frozen=True, slots=True)
class Tiers:
    """Rates by the month's volume.

    Attributes:
        ends: volume at which each tier ends, rising, the last inf.
        rates: of each tier: money per unit, or share of the value.
        minimums: least fee of an order while the month stands in that tier.
        by_value: whether rates are shares of the value and volumes are values, not units.
    """

    ends: tuple[float, ...]
    rates: tuple[float, ...]
    minimums: tuple[float, ...]
    by_value: bool

    def minimum(self, before: float) -> float:
        """Least fee of an order after `before` of the month."""
        return self.minimums[bisect_right(self.ends[:-1], before)]


@dataclass(frozen=True, slots=True)
class Band:
    """The tiers for trades at `price_from` a unit or more."""

    price_from: float
    tiers: Tiers


@dataclass(frozen=True, slots=True)
class Table:
    """What one plan charges in one currency.

    Attributes:
        bands: by price of one unit, rising, the first from 0.
        maximum_percent: largest fee in percent of the trade's value; inf for none.
        is_general: whether it stands for all currencies without a table of their own.
    """

    bands: tuple[Band, ...]
    maximum_percent: float
    is_general: bool

    def fee(self, units: float, notional: float, month_units: float, multiplier: float) -> float:
        """Fee of an order of `units` > 0, after `month_units` of the month.

        The price that finds the band is the order's average. Where volumes are values, the month's
        units count at that price too.
        """
        tiers = self.bands[0].tiers
        if len(self.bands) > 1:
            tiers = self._tiers_at(notional / (units * multiplier))
        before, amount = month_units, units
        if tiers.by_value:
            before, amount = month_units * notional / units, notional
        base = marginal(before, amount, tiers.ends, tiers.rates)
        minimum = tiers.minimums[0] if before < tiers.ends[0] else tiers.minimum(before)
        return bounded_fee(base, units, notional, minimum, self.maximum_percent)

    def _tiers_at(self, price: float) -> Tiers:
        found = self.bands[0].tiers
        for band in self.bands:
            if price < band.price_from - _PRICE_TOLERANCE:
                break
            found = band.tiers
        return found
