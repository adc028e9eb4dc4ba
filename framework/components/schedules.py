"""Schedules: the dated fee tables of a broker."""

from __future__ import annotations

__all__ = [
    "Activity",
    "Dated",
    "ExchangeFees",
    "Plans",
    "Product",
    "Schedule",
    "root_matches",
]

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from re import fullmatch
from typing import Generic, TypeVar

from framework.components.rates import Table
from framework.domain.instruments import AssetType, Instrument

T = TypeVar("T")
_MONTH_AND_YEAR = "[FGHJKMNQUVXZ][0-9]{1,4}"


@dataclass(frozen=True, slots=True)
class Dated(Generic[T]):
    """Values that replace one another.

    Attributes:
        starts: days since 1970-01-01 from which each value holds, rising.
        values: one for each start; the first holds before its start too.
    """

    starts: tuple[int, ...]
    values: tuple[T, ...]

    def at(self, day: int) -> T:
        """The value that holds on `day`."""
        return self.values[max(bisect_right(self.starts, day) - 1, 0)]

    def span(self, day: int) -> tuple[float, float]:
        """First day of the value that holds on `day`, and the first day after it."""
        place = bisect_right(self.starts, day)
        first = self.starts[place - 1] if place > 1 else -inf
        return first, self.starts[max(place, 1)] if max(place, 1) < len(self.starts) else inf


@dataclass(frozen=True, slots=True)
class Product:
    """Contracts with rates of their own: by root, a table for each plan and currency."""

    roots: tuple[str, ...]
    tables: Mapping[str, Mapping[str, Table]]


@dataclass(frozen=True, slots=True)
class Plans:
    """The tables of one kind of instrument.

    Attributes:
        tables: by plan ("fixed", "tiered"), then by currency; "any" for all others.
        products: exceptions, the first that fits counts.
    """

    tables: Mapping[str, Mapping[str, Table]]
    products: tuple[Product, ...] = ()

    def table(self, instrument: Instrument, plan: str) -> Table | None:
        """The table of `instrument`, None if the plan has none in its currency."""
        for product in self.products:
            if any(root_matches(root, instrument.symbol) for root in product.roots):
                found = _of_currency(product.tables, plan, instrument.currency)
                if found is not None:
                    return found
        return _of_currency(self.tables, plan, instrument.currency)


@dataclass(frozen=True, slots=True)
class Activity:
    """FINRA's Trading Activity Fee: money per stock or option sold; `maximum` is for stocks."""

    stock: float
    option: float
    maximum: float


@dataclass(frozen=True, slots=True)
class ExchangeFees:
    """What exchanges and regulators charge for futures of one currency, per contract.

    Attributes:
        currency: of the rates.
        rates: exchange fee and regulatory fee together, by root.
    """

    currency: str
    rates: Mapping[str, float]

    def rate(self, instrument: Instrument) -> float | None:
        """Money per contract; None for a contract that is not listed."""
        if instrument.currency == self.currency:
            for root, rate in self.rates.items():
                if root_matches(root, instrument.symbol):
                    return rate
        return None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything a broker charges.

    Attributes:
        name: what messages call it.
        plans: the tables by kind of instrument.
        section_31: money per million of US sales, of stocks and options.
        trading_activity: FINRA's fee on US sales.
        exchange_fees: of futures.
    """

    name: str
    plans: Mapping[AssetType, Dated[Plans]]
    section_31: Dated[float]
    trading_activity: Dated[Activity]
    exchange_fees: Dated[ExchangeFees]


def root_matches(root: str, symbol: str) -> bool:
    """Whether `symbol` is the future `root`, or a month of it: ES, ESZ5, ESZ2025."""
    if not symbol.startswith(root):
        return False
    return symbol == root or fullmatch(_MONTH_AND_YEAR, symbol[len(root) :]) is not None


def _of_currency(
    tables: Mapping[str, Mapping[str, Table]], plan: str, currency: str
) -> Table | None:
    found = tables.get(plan, {})
    return found.get(currency, found.get("any"))
