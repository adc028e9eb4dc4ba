"""Outcome: what one broker made of one order between two looks at it."""

from __future__ import annotations

__all__ = ["Outcome", "agree", "outcomes_of"]

from collections.abc import Iterable
from dataclasses import dataclass, replace

from framework.domain.arithmetic import same
from framework.domain.events import BrokerEvent, Commission, Fill, OrderUpdate
from framework.domain.orders import DONE, Order, OrderStatus

_CENT = 0.005


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order.

    Attributes:
        order: the order, with the prices it had.
        quantity: signed units filled.
        value: sum of signed units x price.
        reference: price of the last fill before slippage, 0 unfilled.
        fee: commission.
        ended: its final status; None while it may still trade.
        reason: why it ended.
    """

    order: Order
    quantity: float = 0.0
    value: float = 0.0
    reference: float = 0.0
    fee: float = 0.0
    ended: OrderStatus | None = None
    reason: str = ""

    @property
    def price(self) -> float:
        """Average fill price, 0 unfilled."""
        return self.value / self.quantity if self.quantity else 0.0

    def then(self, later: Outcome) -> Outcome:
        """This outcome and a later one of the same order together."""
        return Outcome(
            later.order,
            self.quantity + later.quantity,
            self.value + later.value,
            later.reference or self.reference,
            self.fee + later.fee,
            later.ended or self.ended,
            later.reason or self.reason,
        )


def outcomes_of(events: Iterable[BrokerEvent]) -> dict[str, Outcome]:
    """What events say of each order; money that moved without a trade is none of them."""
    found: dict[str, Outcome] = {}
    for event in events:
        if isinstance(event, Fill):
            one = found.get(event.order.id, Outcome(event.order))
            found[event.order.id] = replace(
                one,
                order=event.order,
                quantity=one.quantity + event.quantity,
                value=one.value + event.quantity * event.price,
                reference=event.reference,
            )
        elif isinstance(event, Commission):
            order_id = event.fill_id.rsplit("/", 1)[0]
            found[order_id] = replace(found[order_id], fee=found[order_id].fee + event.amount)
        elif isinstance(event, OrderUpdate):
            one = found.get(event.order.id, Outcome(event.order))
            ended = event.status if event.status in DONE else None
            found[event.order.id] = replace(
                one, order=event.order, ended=ended, reason=event.reason
            )
    return found


def agree(ours: Outcome, theirs: Outcome) -> bool:
    """Whether both brokers made the same of an order: units and price to 1e-9, fees to the cent."""
    return (
        same(ours.quantity, theirs.quantity)
        and same(ours.price, theirs.price)
        and abs(ours.fee - theirs.fee) <= _CENT
        and ours.ended is theirs.ended
    )
