"""Fees: our commission model as a commission scheme of backtrader."""

from __future__ import annotations

__all__ = ["FeeMeter", "OrderFees"]

from collections.abc import Callable
from datetime import date

import backtrader as bt

from framework.domain.instruments import AssetType, Instrument
from framework.ports import CommissionModel

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


class FeeMeter:
    """Asks the commission model for the fee of one execution at a time.

    backtrader asks for what closes and then for what opens; a schedule with a minimum must be asked
    for both together.

    Args:
        model: fee schedule.
        day: the present trading day of a symbol, as days since 1970-01-01.
    """

    def __init__(self, model: CommissionModel, day: Callable[[str], int]) -> None:
        self._model = model
        self._day = day
        self._units = self._notional = self._charged = 0.0
        self._month = (0, 0)
        self._traded: dict[AssetType, float] = {}

    def begin(self) -> None:
        """The next fees asked for belong to a new execution."""
        self._units = self._notional = self._charged = 0.0

    def add(self, instrument: Instrument, size: float, price: float) -> float:
        """What `size` signed units at `price` add to the fee of the present execution."""
        if size == 0.0:
            return 0.0
        day = self._day(instrument.symbol)
        self._turn_month(day)
        self._units += size
        self._notional += abs(size) * instrument.multiplier * price
        month = self._traded.get(instrument.type, 0.0)
        fee = self._model.fee(instrument, self._units, self._notional, month, day)
        added, self._charged = fee - self._charged, fee
        return added

    def count(self, instrument: Instrument, units: float) -> None:
        """An order of `units` is complete: it counts towards the month."""
        self._turn_month(self._day(instrument.symbol))
        self._traded[instrument.type] = self._traded.get(instrument.type, 0.0) + units

    def _turn_month(self, day: int) -> None:
        today = date.fromordinal(_EPOCH_ORDINAL + day)
        if (today.year, today.month) != self._month:
            self._month = (today.year, today.month)
            self._traded = {}


class OrderFees(bt.CommInfoBase):  # type: ignore[misc]
    """The commission scheme of one instrument: paid for in full, as stocks are.

    Parameters: `meter`, the FeeMeter; `instrument`, ours.
    """

    params = (
        ("stocklike", True),
        ("commtype", bt.CommInfoBase.COMM_FIXED),
        ("meter", None),
        ("instrument", None),
    )

    def getcommission(self, size: float, price: float) -> float:
        """What this part adds to the fee of the order being executed."""
        fee: float = self.p.meter.add(self.p.instrument, size, price)
        return fee

    def confirmexec(self, size: float, price: float) -> None:
        """Nothing: what was asked for has been told."""

    def getvaluesize(self, size: float, price: float) -> float:
        """Signed value of `size` units."""
        value: float = size * price * self.p.mult
        return value

    def getoperationcost(self, size: float, price: float) -> float:
        """Money `size` units cost."""
        cost: float = abs(size) * price * self.p.mult
        return cost
