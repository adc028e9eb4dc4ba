"""One pass over the orders of all instruments, as accepted, each with its whole bar before it."""

from __future__ import annotations

__all__ = ["AcceptedPass", "Pay"]

from collections.abc import Callable, Mapping

from framework.brokers.simulated.execution import Execution
from framework.brokers.simulated.family import Family
from framework.brokers.simulated.lifetimes import expired_before
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.resting import Resting
from framework.brokers.simulated.tape import Bar
from framework.brokers.simulated.walk import AT_ONCE, Floor
from framework.brokers.simulated.whole_bar import Aim, aimed, at_once, slipped
from framework.domain.orders import DONE, OrderStatus, OrderType, TimeInForce

Pay = Callable[[Resting, float, Bar, bool, bool, float], None]
"""Execute an order: (order, price before slippage, bar, whether at the open, whether only touched,
price paid)."""


class AcceptedPass:
    """Takes orders through a bar in the order they were accepted.

    Args:
        policy: fill policy.
        execution: proposes slippage.
        family: ends orders.
        pay: executes an order.
        follow: moves a trailing stop after a close.
    """

    __slots__ = ("_execution", "_family", "_follow", "_pay", "_policy")

    def __init__(
        self,
        policy: FillPolicy,
        execution: Execution,
        family: Family,
        pay: Pay,
        follow: Callable[[Resting, float], None],
    ) -> None:
        self._policy = policy
        self._execution = execution
        self._family = family
        self._pay = pay
        self._follow = follow

    def go(self, floors: Mapping[str, Floor]) -> None:
        """Meet every order of these floors once."""
        orders = [resting for floor in floors.values() for resting in floor.queue]
        for resting in sorted(orders, key=lambda resting: resting.sequence):
            self._meet(resting, floors[resting.order.symbol])

    def _meet(self, resting: Resting, floor: Floor) -> None:
        """Whether one order is still valid, whether it trades, and then its trailing stop.

        A trailing stop moves in the bar that triggers its limit too, and no more afterwards.
        """
        bar = floor.bar
        over = "" if resting.status in DONE else expired_before(resting, bar)
        if over:
            self._family.end(resting, OrderStatus.EXPIRED, over)
        if not resting.is_live or resting.order.terms.algo is not None:
            return
        trails = resting.order.trail is not None and not resting.triggered
        aim = self._aimed(resting, floor)
        resting.triggered = aim.triggered
        if aim.price is not None:
            paid = self._paid(resting, aim.price, aim, bar)
            if paid is not None:
                self._pay(resting, aim.price, bar, aim.at_open, aim.exact, paid)
        if trails and resting.is_live:
            self._follow(resting, bar.close)

    def _aimed(self, resting: Resting, floor: Floor) -> Aim:
        bar = floor.bar
        if resting.order.tif in AT_ONCE:
            misses = resting.order.tif is TimeInForce.OPG and not bar.starts_session
            return Aim(None) if misses else at_once(resting.kind, floor.ask(resting), bar)
        if self._policy.trade_on_close and resting.kind is OrderType.MARKET:
            bar = bar._replace(open=resting.order.decision_price)
        return aimed(resting.kind, floor.ask(resting), bar, self._policy)

    def _paid(self, resting: Resting, price: float, aim: Aim, bar: Bar) -> float | None:
        """The price paid where the order aims; None if slippage makes it wait."""
        policy = self._policy
        slips = aim.slips and (policy.slippage_on == "taking" or resting.rule.slips)
        if not slips or (aim.at_open and not policy.gap_slip):
            return price
        proposed = self._execution.slip(resting, price, resting.remaining, bar)
        return slipped(aim, resting.side, proposed, policy)
