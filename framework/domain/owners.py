"""Owners: whose an order is, and how what befalls an account is shared out among those who hold."""

from __future__ import annotations

__all__ = ["allotted", "owner_of", "shares_of"]

from collections.abc import Sequence
from math import copysign

from framework.domain.arithmetic import round_down_to_lot, same


def owner_of(order_id: str) -> str:
    """The strategy instance whose order this is: what stands in front of the number, or nothing."""
    return order_id.rpartition("-")[0]


def shares_of(amount: float, held: Sequence[float]) -> list[float]:
    """Money on a position, shared out in proportion to the signed units each holds of it.

    Whoever is short pays what the longs receive beyond it. The parts add up to `amount`.

    Args:
        amount: money on all of them together.
        held: signed units of each, together not 0.
    """
    net = sum(held)
    parts = [amount * units / net for units in held[:-1]]
    return [*parts, amount - sum(parts)]


def allotted(total: float, wanted: Sequence[float], lot: float) -> list[float]:
    """Whole lots for each, as near as can be to what each would hold, `total` together.

    Everybody gets whole lots toward zero; what is left goes lot by lot to whom most is missing, the
    first of equals.

    Args:
        total: signed units there are.
        wanted: signed units of each before rounding.
        lot: smallest quantity step; 0 for none.
    """
    parts = [copysign(round_down_to_lot(abs(units), lot), units) for units in wanted]
    while True:
        rest = total - sum(parts)
        if rest == 0.0 or same(total, sum(parts)):
            return parts
        side = copysign(1.0, rest)
        most = max(range(len(parts)), key=lambda one: side * (wanted[one] - parts[one]))
        parts[most] += side * min(lot, abs(rest)) if lot > 0.0 else rest
