"""Short sales need units that can be borrowed."""

from __future__ import annotations

__all__ = ["Borrowable"]

from dataclasses import dataclass
from math import isinf
from typing import ClassVar

from framework.domain.instruments import AssetType
from framework.domain.orders import Order, Side
from framework.ports import OrderContext

_LENT = frozenset({AssetType.STOCK, AssetType.INDEX})


@dataclass(frozen=True, slots=True)
class Borrowable:
    """Refuses to sell short more than can be borrowed.

    How much that is says the financing model; without one there is no limit. Regulation SHO, 17
    CFR 242.203(b): a broker must have located the shares before it takes a short sale.
    """

    name: ClassVar[str] = "not_shortable"

    def refusal(self, order: Order, context: OrderContext) -> str:
        """Why the part of it that sells short is not taken."""
        if order.side is Side.BUY or isinf(context.borrowable):
            return ""
        if context.instrument.type not in _LENT or context.opening <= context.borrowable:
            return ""
        return (
            f"{context.opening:g} units would have to be borrowed, "
            f"{max(0.0, context.borrowable):g} are available"
        )
