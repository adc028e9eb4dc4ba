"""Verdict: what becomes of a request, before anything is sent."""

from __future__ import annotations

__all__ = ["Verdict"]

from dataclasses import dataclass, field

from framework.domain.events import Refused
from framework.domain.orders import Order, Protection


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would leave, and what would not.

    Attributes:
        refused: what is kept in, and why; a part of the order may leave all the same.
        order: what leaves, already named; None if nothing does.
        children: its protective orders.
        opening: units of it that open risk.
        protection: resolved.
    """

    refused: tuple[Refused, ...] = ()
    order: Order | None = None
    children: tuple[Order, ...] = ()
    opening: float = 0.0
    protection: Protection = field(default_factory=Protection)
