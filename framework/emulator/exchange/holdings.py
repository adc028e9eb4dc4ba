"""Holdings: what each position has earned, commissions counted, as commission reports tell it."""

from __future__ import annotations

__all__ = ["Holdings"]

from dataclasses import dataclass, field

from framework.domain.events import Fill, Split
from framework.domain.ledger import Position


@dataclass(slots=True)
class _Account:
    """One position, and the commissions its entry has cost."""

    position: Position
    paid: float = 0.0
    realized: float = 0.0


@dataclass(slots=True)
class Holdings:
    """Realised profits by symbol, in the account's currency.

    A report's profit is the trade's gain less the commission of the exit and of the share of the
    entry it closes.

    Attributes:
        realized: of everything so far.
    """

    realized: float = 0.0
    _held: dict[str, _Account] = field(default_factory=dict)

    def take(self, fill: Fill, multiplier: float, commission: float) -> float | None:
        """Fold an execution and its commission; its realised profit, None if it only opens."""
        held = self._held.setdefault(
            fill.symbol, _Account(Position(fill.symbol, multiplier=multiplier))
        )
        before = held.position
        held.position = before.after(fill.quantity, fill.price)
        if before.quantity * fill.quantity >= 0.0:
            held.paid += commission
            return None
        closed = min(abs(fill.quantity), abs(before.quantity))
        share = closed / abs(before.quantity)
        entry = held.paid * share
        exit_share = closed / abs(fill.quantity)
        side = 1.0 if before.quantity > 0.0 else -1.0
        gain = side * closed * multiplier * (fill.price - before.average_price) * fill.rate
        profit = gain - entry - commission * exit_share
        held.paid = held.paid - entry + commission * (1.0 - exit_share)
        held.realized += profit
        self.realized += profit
        return profit

    def split(self, split: Split) -> None:
        """Fold a split: other units at another average price, worth the same."""
        held = self._held.get(split.symbol)
        if held is not None:
            old = held.position
            average = old.average_price / split.ratio if split.quantity else 0.0
            held.position = Position(split.symbol, split.quantity, average, old.multiplier)

    def forget(self, symbol: str) -> None:
        """Let one symbol never have been traded, so that it can be told anew."""
        held = self._held.pop(symbol, None)
        if held is not None:
            self.realized -= held.realized

    def position(self, symbol: str) -> Position:
        """What is held of a symbol that has traded."""
        return self._held[symbol].position

    def has_traded(self, symbol: str) -> bool:
        """Whether there was an execution of it."""
        return symbol in self._held

    def realized_of(self, symbol: str) -> float:
        """What one symbol has realised."""
        held = self._held.get(symbol)
        return 0.0 if held is None else held.realized
