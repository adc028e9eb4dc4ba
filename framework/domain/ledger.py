"""The ledger: cash and positions folded from what a broker reports, and from nothing else."""

from __future__ import annotations

__all__ = ["Ledger", "Position"]

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from framework.domain.arithmetic import held_after, same
from framework.domain.events import CashFlow, Commission, Fill, Split


@dataclass(frozen=True, slots=True)
class Position:
    """Units held of one instrument.

    Attributes:
        symbol: instrument.
        quantity: signed units; 0 when flat.
        average_price: average entry price of what is held; 0 when flat.
        multiplier: money per price point per unit.
        is_flat, is_long, is_short: whether nothing is held, units are owned, units are owed.
    """

    symbol: str
    quantity: float = 0.0
    average_price: float = 0.0
    multiplier: float = 1.0
    is_flat: bool = field(init=False, repr=False, compare=False)
    is_long: bool = field(init=False, repr=False, compare=False)
    is_short: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_flat", self.quantity == 0.0)
        object.__setattr__(self, "is_long", self.quantity > 0.0)
        object.__setattr__(self, "is_short", self.quantity < 0.0)

    def __bool__(self) -> bool:
        """Whether anything is held."""
        return not self.is_flat

    def value(self, price: float) -> float:
        """Signed market value at `price`."""
        return self.quantity * self.multiplier * price

    def profit(self, price: float) -> float:
        """Unrealised profit at `price`, commissions not counted."""
        return self.quantity * self.multiplier * (price - self.average_price)

    def after(self, quantity: float, price: float) -> Position:
        """The position once `quantity` (signed) has traded at `price`."""
        held, average = held_after(self.quantity, self.average_price, quantity, price)
        return Position(self.symbol, held, average, self.multiplier)


class Ledger:
    """One book: a strategy's own, or the account's, in the account's currency.

    Only `apply`, `charge`, `receive` and `split` change it. An execution in another currency is
    paid for at the rate of its moment, so that cash is always in the account's own.

    Args:
        cash: opening cash.
        multipliers: money per price point of each symbol it may hold, in subscription order.
    """

    __slots__ = ("cash", "commission", "fills", "income", "opening_cash", "positions")

    def __init__(self, cash: float, multipliers: Mapping[str, float]) -> None:
        self.opening_cash = cash
        self.cash = cash
        self.commission = 0.0
        self.income = 0.0
        self.fills = 0
        self.positions = {
            symbol: Position(symbol, multiplier=multiplier)
            for symbol, multiplier in multipliers.items()
        }

    def admit(self, symbol: str, multiplier: float) -> None:
        """Let it hold another instrument, such as an option."""
        self.positions.setdefault(symbol, Position(symbol, multiplier=multiplier))

    def apply(self, fill: Fill) -> None:
        """Fold one execution: cash moves by its value, the position by its quantity."""
        position = self.positions[fill.symbol]
        self.cash -= fill.quantity * position.multiplier * fill.price * fill.rate
        self.positions[fill.symbol] = position.after(fill.quantity, fill.price)
        self.fills += 1

    def charge(self, commission: Commission) -> None:
        """Fold one commission."""
        self.cash -= commission.amount
        self.commission += commission.amount

    def receive(self, flow: CashFlow) -> None:
        """Fold money that moved without a trade."""
        self.cash += flow.amount
        self.income += flow.amount

    def split(self, split: Split) -> None:
        """Fold a split: another number of units at another average price, worth the same."""
        held = self.positions[split.symbol]
        average = held.average_price / split.ratio if split.quantity else 0.0
        self.positions[split.symbol] = Position(
            split.symbol, split.quantity, average, held.multiplier
        )

    def equity(self, prices: Mapping[str, float]) -> float:
        """Cash + sum of quantity x multiplier x price, in subscription order.

        Here and in `gross_exposure`, prices are in the account's currency.
        """
        return self.equity_at(prices.__getitem__)

    def equity_at(self, price: Callable[[str], float]) -> float:
        """The same where `price` tells the price of what is held."""
        total = self.cash
        for symbol, position in self.positions.items():
            if position.quantity != 0.0:
                total += position.quantity * position.multiplier * price(symbol)
        return total

    def gross_exposure(self, prices: Mapping[str, float]) -> float:
        """Sum of absolute market values."""
        return sum(
            abs(position.value(prices[symbol]))
            for symbol, position in self.positions.items()
            if position.quantity != 0.0
        )

    def differences(self, other: Ledger) -> list[str]:
        """What another book of the same account holds otherwise, one sentence each."""
        found = []
        if not abs(self.cash - other.cash) <= _HALF_A_CENT:
            found.append(f"cash {self.cash:.2f} against {other.cash:.2f}")
        for symbol in _symbols((self, other)):
            mine = self.positions.get(symbol, Position(symbol)).quantity
            theirs = other.positions.get(symbol, Position(symbol)).quantity
            if not same(mine, theirs):
                found.append(f"{symbol} quantity {mine:g} against {theirs:g}")
        return found


_HALF_A_CENT = 0.005
"""Books agree when their cash is the same to the cent; sums in another order differ by less."""


def _symbols(ledgers: Iterable[Ledger]) -> list[str]:
    return list(dict.fromkeys(symbol for ledger in ledgers for symbol in ledger.positions))
