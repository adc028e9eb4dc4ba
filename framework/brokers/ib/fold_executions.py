"""Judges executions and commissions: whose they are, and what they do to an order."""

from __future__ import annotations

__all__ = ["ExecutionFold"]

from framework.brokers.ib.executions import execution_key
from framework.brokers.ib.external import ExternalFee, external_fill
from framework.brokers.ib.facts import CommissionSeen, ExecutionSeen
from framework.brokers.ib.fold_orders import OrderFold
from framework.brokers.ib.numbers import amount
from framework.brokers.ib.times import nanoseconds, utc
from framework.brokers.ib.tracked import Tracked
from framework.brokers.ib.work import Work
from framework.domain.arithmetic import same
from framework.domain.events import Fill
from framework.domain.orders import OrderStatus, Side


class ExecutionFold:
    """Turns executions into fills, and commissions into what they cost.

    Args:
        work: shared.
        orders: judges what they mean for an order's state.
    """

    def __init__(self, work: Work, orders: OrderFold) -> None:
        self._work = work
        self._orders = orders
        self._known_externals: dict[str, str] = {}

    def executed(self, seen: ExecutionSeen) -> None:
        """An order has traded."""
        execution = seen.execution
        if execution.acctNumber not in ("", self._work.account):
            return
        tracked = self._owner(seen)
        if tracked is not None:
            self._book(tracked, seen)
        elif self._may_be_ours(seen):
            if all(seen.execution.execId != one.execution.execId for one in self._work.parked):
                self._work.parked.append(seen)
            self._work.ask(f"execution {execution.execId} of an order not known yet")
        else:
            self._external(seen)

    def _owner(self, seen: ExecutionSeen) -> Tracked | None:
        """The order it belongs to: by permanent id once one is known, by reference before."""
        execution, register = seen.execution, self._work.register
        found = register.by_perm(execution.permId)
        if found is not None:
            return found
        tracked = self._work.called(execution.orderRef)
        if (
            tracked is None
            and not execution.orderRef
            and execution.clientId == (self._work.client_id)
        ):
            tracked = register.by_number(execution.orderId)
        if tracked is None or (tracked.perms and execution.permId):
            return None
        register.bind(tracked, execution.permId)
        return tracked

    def _may_be_ours(self, seen: ExecutionSeen) -> bool:
        """Whether a look at the broker's orders could show it to be ours."""
        execution = seen.execution
        if self._work.called(execution.orderRef) is not None:
            return True
        ours = execution.clientId == self._work.client_id
        return ours and self._work.register.by_number(execution.orderId) is not None

    def settle_parked(self) -> None:
        """The broker's orders have been looked at: what is nobody's now is external."""
        parked = list(self._work.parked)
        self._work.parked.clear()
        for seen in parked:
            tracked = self._owner(seen)
            if tracked is not None:
                self._book(tracked, seen)
            else:
                self._external(seen)

    def _external(self, seen: ExecutionSeen) -> None:
        key = seen.execution.execId
        if key not in self._known_externals:
            self._known_externals[key] = seen.execution.orderRef
            self._work.externals.append(external_fill(seen, self._work.book, self._work.zone))

    def _book(self, tracked: Tracked, seen: ExecutionSeen) -> None:
        work, execution = self._work, seen.execution
        if tracked.listed.con_id and seen.contract.conId not in (0, tracked.listed.con_id):
            return  # a leg of a combo: the combo's own execution counts
        tracked.recognised()
        if work.executions.knows(execution.execId):
            return
        self._orders.ended_mates()
        work.stir(tracked)
        fill = self._fill(tracked, seen)
        taken = work.executions.take(
            tracked, execution.execId, float(execution.shares), float(execution.price), fill
        )
        if not taken.is_new:
            work.told += taken.commissions
            return
        tracked.short_since = None
        for one in taken.fills:
            work.trade(one)
        work.told += [*taken.fills, *taken.commissions]
        self._follow(tracked)

    def _fill(self, tracked: Tracked, seen: ExecutionSeen) -> Fill:
        work, execution = self._work, seen.execution
        side = Side.BUY if execution.side == "BOT" else Side.SELL
        currency = tracked.listed.instrument.currency
        rate = work.rate(currency)
        if rate is None:
            work.alert(
                f"{tracked.order.id} traded in {currency}, whose rate is not known; it is booked "
                f"as if one were one {work.currency}."
            )
        price = float(execution.price)
        return Fill(
            id=f"{tracked.order.id}/{execution.execId}",
            order=tracked.order,
            time=nanoseconds(utc(execution.time, work.zone)),
            quantity=side * float(execution.shares),
            price=price,
            reference=price,
            rate=1.0 if rate is None else rate,
        )

    def _follow(self, tracked: Tracked) -> None:
        """What an execution means for the state of its order."""
        if tracked.is_done:
            if tracked.status is not OrderStatus.FILLED:
                self._work.alert(f"{tracked.order.id} has traded although it was {tracked.status}.")
            return
        wanted = tracked.order.quantity
        if tracked.filled > wanted and not same(tracked.filled, wanted):
            self._work.alert(
                f"{tracked.order.id} has traded {tracked.filled:g} units of {wanted:g}."
            )
        if tracked.filled >= wanted or same(tracked.filled, wanted):
            self._orders.filled(tracked)
        elif tracked.cancel_sent is None and tracked.status is not OrderStatus.CANCELLING:
            self._work.update(tracked, OrderStatus.PARTIAL)

    def paid(self, seen: CommissionSeen) -> None:
        """An execution has cost something."""
        work = self._work
        rate = work.rate(seen.report.currency)
        if rate is None:
            work.alert(f"A commission in {seen.report.currency}, whose rate is not known.")
            rate = 1.0
        others = self._known_externals.get(seen.report.execId)
        charged = amount(seen.report.commission)
        if others is not None and charged is not None:
            fee = ExternalFee(seen.report.execId, charged * rate, work.clock.now(), others)
            work.externals.append(fee)
            return
        told = work.executions.commission(seen.report, rate, work.clock.now())
        work.told += told
        for commission in told:
            tracked = work.register.get(commission.fill_id.rpartition("/")[0])
            if tracked is not None:
                tracked.awaits.discard(execution_key(seen.report.execId))
                if not tracked.awaits and tracked.pending:
                    work.release_one(tracked, work.seconds())
