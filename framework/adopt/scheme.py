"""What an adopted strategy may ask about an instrument's money: sizes and values, not fees."""

from __future__ import annotations

__all__ = ["Scheme"]

from typing import Any

import backtrader as bt


class Scheme(bt.CommInfoBase):  # type: ignore[misc]
    """A commission scheme of backtrader whose fees are 0: the account's own come with each fill."""

    def getsize(self, price: float, cash: float) -> int:
        """Whole units `cash` buys."""
        return int(cash // (price * self.p.mult))

    def getoperationcost(self, size: float, price: float) -> float:
        """Money a trade moves."""
        return float(abs(size) * price * self.p.mult)

    def getvaluesize(self, size: float, price: float) -> float:
        """Signed market value."""
        return float(size * price * self.p.mult)

    def getvalue(self, position: Any, price: float) -> float:
        """Signed market value of a position."""
        return self.getvaluesize(position.size, price)
