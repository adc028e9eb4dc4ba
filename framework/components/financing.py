"""Financing models: what holding costs or earns between sessions.

Rates are percent a year. A model is asked once for every night, with the calendar days since the
night before.
"""

from __future__ import annotations

__all__ = ["IbkrFinancing", "NoFinancing", "SimpleInterest", "borrow_collateral"]

from dataclasses import dataclass, field
from math import ceil, inf

from framework.components.checks import check_number
from framework.components.financing_file import NO_TERMS, BorrowTerms, load_terms
from framework.domain.instruments import AssetType, Instrument
from framework.domain.ledger import Position

_YEAR = 360.0
_BORROWED = frozenset({AssetType.STOCK, AssetType.INDEX})
"""Kinds of which a short position is borrowed; INDEX is how a tradable test series is marked."""


@dataclass(frozen=True, slots=True)
class NoFinancing:
    """Nothing: holding is free, and everything can be borrowed."""

    def interest(self, balance: float, days: int, day: int) -> float:
        """Always 0."""
        return 0.0

    def borrow_fee(
        self, instrument: Instrument, quantity: float, price: float, days: int, day: int
    ) -> float:
        """Always 0."""
        return 0.0

    def shortable(self, instrument: Instrument, day: int) -> float:
        """No limit."""
        return inf


def borrow_collateral(price: float, multiplier: float) -> float:
    """Money a loan of one unit is charged on: 102 % of its price, rounded up to the whole unit of
    currency. Source: Interactive Brokers, Reporting Guide, "Borrow Fee Details"."""
    return ceil(1.02 * price) * multiplier


@dataclass(frozen=True, slots=True)
class IbkrFinancing:
    """Interest and stock loans the way Interactive Brokers charges and pays them.

    Debit: (benchmark, not below 0, + spread) x balance x days / 360. Credit: (benchmark - credit
    spread, not below 0) on what exceeds the free part. Loan: rate x 102 % of the price, rounded up
    to a whole unit of currency, x units x days / 360. Sources, all Interactive Brokers, as seen in
    2024 and 2025: "Interest Rates", "Margin Rates: Examples", Reporting Guide "Borrow Fee Details".
    Left out: lower debit spreads above 100,000, lower credit rates of accounts below 100,000. The
    credit rate is paid on cash that is not the proceeds of short sales.

    Attributes:
        benchmark: percent a year of the benchmark rate; a file's dated ones come before it.
        spread: percent a year added for debits, >= 0.
        credit_spread: percent a year taken off for credits, >= 0.
        free_credit: balance that earns nothing, >= 0.
        borrow: percent a year of a stock loan, >= 0, of symbols the file does not name.
        file: YAML with dated benchmarks, and loan rates and units available by symbol; none if
            left out.
    """

    benchmark: float = 0.0
    spread: float = 1.5
    credit_spread: float = 0.5
    free_credit: float = 10_000.0
    borrow: float = 0.25
    file: str | None = None
    _terms: BorrowTerms = field(default=NO_TERMS, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_number(self, "benchmark")
        for name in ("spread", "credit_spread", "free_credit", "borrow"):
            check_number(self, name, low=0.0)
        if self.file is not None:
            object.__setattr__(self, "_terms", load_terms(self.file))

    def interest(self, balance: float, days: int, day: int) -> float:
        """Money received (paid if < 0) for `days` days until `day`."""
        benchmark = max(0.0, self._terms.benchmark_on(day, self.benchmark))
        if balance < 0.0:
            return balance * (benchmark + self.spread) / 100.0 * days / _YEAR
        rate = max(0.0, benchmark - self.credit_spread)
        return max(0.0, balance - self.free_credit) * rate / 100.0 * days / _YEAR

    def borrow_fee(
        self, instrument: Instrument, quantity: float, price: float, days: int, day: int
    ) -> float:
        """Money paid for `quantity` units borrowed; nothing for what is not borrowed, such as
        futures and currencies."""
        if instrument.type not in _BORROWED:
            return 0.0
        rate = self._terms.fees.get(instrument.symbol, self.borrow)
        value = quantity * borrow_collateral(price, instrument.multiplier)
        return value * rate / 100.0 * days / _YEAR

    def shortable(self, instrument: Instrument, day: int) -> float:
        """Units that can be borrowed in all: what the file says, else no limit."""
        return self._terms.available.get(instrument.symbol, inf)


@dataclass(frozen=True, slots=True)
class SimpleInterest:
    """Simple interest on positions: days x rate / 365 x |units| x average price.

    The rule of backtrader 1.9: charged on short positions, on long ones too if asked, on the
    average price of the position and not on the market's; the multiplier does not count.

    Attributes:
        percent: percent a year, >= 0.
        interest_long: whether long positions pay it too.
    """

    percent: float
    interest_long: bool = False

    def __post_init__(self) -> None:
        check_number(self, "percent", low=0.0)

    def interest(self, balance: float, days: int, day: int) -> float:
        """Always 0: cash neither earns nor costs."""
        return 0.0

    def borrow_fee(
        self, instrument: Instrument, quantity: float, price: float, days: int, day: int
    ) -> float:
        """Always 0: `holding_fee` has the rule, which goes by the average price."""
        return 0.0

    def holding_fee(self, position: Position, days: int) -> float:
        """Money paid, >= 0, for a position held `days` calendar days."""
        if position.is_long and not self.interest_long:
            return 0.0
        return days * self.percent / 100.0 / 365.0 * abs(position.quantity) * position.average_price

    def shortable(self, instrument: Instrument, day: int) -> float:
        """No limit."""
        return inf
