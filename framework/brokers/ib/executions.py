"""Executions: money moves by them and by nothing else; each counts once, corrections replace."""

from __future__ import annotations

__all__ = ["Executions", "Taken", "execution_key"]

from dataclasses import dataclass, field

from framework.brokers.ib.library import IbCommission
from framework.brokers.ib.numbers import amount
from framework.brokers.ib.tracked import Tracked
from framework.domain.events import Commission, Fill

UNDONE = "~"
"""Ends the id of a fill that takes back one that was corrected."""


def execution_key(exec_id: str) -> str:
    """What an execution and its corrections have in common: the id without its last part."""
    return exec_id.rpartition(".")[0] or exec_id


@dataclass(slots=True)
class _Booked:
    """An execution as it counts now."""

    id: str
    fill: Fill
    units: float
    commission: float | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What an execution changes.

    Attributes:
        fills: to be told; none where it was known.
        commissions: to be told.
        is_new: whether anything changed.
    """

    fills: tuple[Fill, ...] = ()
    commissions: tuple[Commission, ...] = ()
    is_new: bool = False


@dataclass(slots=True)
class Executions:
    """Every execution of our orders, and commissions that wait for theirs."""

    _booked: dict[str, _Booked] = field(default_factory=dict)
    _early: dict[str, tuple[float, str, float]] = field(default_factory=dict)

    def knows(self, exec_id: str) -> bool:
        """Whether this execution, or a later correction of it, was counted."""
        booked = self._booked.get(execution_key(exec_id))
        return booked is not None and exec_id <= booked.id

    def restore(self, fill: Fill, tracked: Tracked, commission: float | None) -> None:
        """Know a fill of a session before."""
        exec_id = fill.id.rpartition("/")[2]
        units = fill.quantity * fill.order.side
        if exec_id.endswith(UNDONE):
            tracked.take(units, fill.price)
            return
        self._booked[execution_key(exec_id)] = _Booked(exec_id, fill, units, commission)
        tracked.take(units, fill.price)

    def take(self, tracked: Tracked, exec_id: str, units: float, price: float, fill: Fill) -> Taken:
        """Count an execution.

        Args:
            tracked: the order that traded.
            exec_id: of the execution.
            units: traded, > 0.
            price: paid.
            fill: how it is told.
        """
        key = execution_key(exec_id)
        old = self._booked.get(key)
        if old is not None and exec_id <= old.id:
            return Taken()
        fills: tuple[Fill, ...] = (fill,)
        if old is not None:
            if (old.units, old.fill.price) == (units, price):
                old.id = exec_id
                return Taken((), self._paid(exec_id))
            tracked.take(-old.units, old.fill.price)
            fills = (_undone(old.fill, exec_id), fill)
        tracked.take(units, price)
        self._booked[key] = _Booked(exec_id, fill, units, None if old is None else old.commission)
        paid = self._paid(exec_id)
        if old is None and self._booked[key].commission is None:
            tracked.awaits.add(key)
        return Taken(fills, paid, True)

    def commission(self, report: IbCommission, rate: float, time: int) -> tuple[Commission, ...]:
        """Join a commission with its execution, whichever came first.

        Args:
            report: the broker's.
            rate: units of the account's currency for one of the report's.
            time: nanoseconds UTC.

        Returns:
            What it changes: the amount, or by how much a corrected one differs. Nothing while the
            report has no amount yet, or its execution has not come.
        """
        charged = amount(report.commission)
        if charged is None:
            return ()
        key = execution_key(report.execId)
        booked = self._booked.get(key)
        if booked is None or report.execId > booked.id:
            self._early[report.execId] = (charged * rate, report.execId, float(time))
            return ()
        return self._charge(booked, charged * rate, time)

    def _paid(self, exec_id: str) -> tuple[Commission, ...]:
        early = self._early.pop(exec_id, None)
        if early is None:
            return ()
        return self._charge(self._booked[execution_key(exec_id)], early[0], int(early[2]))

    @staticmethod
    def _charge(booked: _Booked, charged: float, time: int) -> tuple[Commission, ...]:
        before = booked.commission
        booked.commission = charged
        if before is not None and before == charged:
            return ()
        fill = booked.fill
        return (Commission(fill.id, fill.symbol, charged - (before or 0.0), time),)


def _undone(fill: Fill, exec_id: str) -> Fill:
    """The fill that takes another back."""
    return Fill(
        f"{fill.order.id}/{exec_id}{UNDONE}",
        fill.order,
        fill.time,
        -fill.quantity,
        fill.price,
        fill.reference,
        fill.touch,
        fill.rate,
    )
