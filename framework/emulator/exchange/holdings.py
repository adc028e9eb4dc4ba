"""Holdings: what each position has earned, commissions counted, as commission reports tell it."""

from __future__ import annotations

__all__ = ["Holdings"]

from dataclasses import dataclass, field

from framework.domain.events import Fill
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

    def has_traded(self, symbol: str) -> bool:
        """Whether there was an execution of it."""
        return symbol in self._held

    def realized_of(self, symbol: str) -> float:
        """What one symbol has realised."""
        held = self._held.get(symbol)
        return 0.0 if held is None else held.realized
