"""Placed: what the exchange knows of one order a client has placed."""

from __future__ import annotations

__all__ = ["ENDED", "Placed", "order_words", "shown_status"]

from dataclasses import dataclass, field, replace

from framework.brokers.simulated.resting import Resting
from framework.domain.orders import Order, OrderStatus, OrderType, TimeInForce
from framework.domain.owners import owner_of
from framework.emulator.market.listing import Listing
from framework.emulator.protocol.answers import OpenOrder
from framework.emulator.protocol.answers import OrderStatus as StatusAnswer
from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.order import OrderState, WireOrder

ENDED = frozenset({"Filled", "Cancelled", "Inactive"})
"""Statuses an order never leaves."""


@dataclass(slots=True, eq=False)
class Placed:
    """One order, as its client wrote it and as it stands.

    Attributes:
        perm_id: its permanent id, given by the exchange.
        client_id, order_id: who placed it, and that client's id for it.
        account: it trades for.
        contract: what it trades, completed from the listing.
        order: as last accepted.
        listing: of the contract; None for a combo.
        time: nanoseconds UTC it came in at.
        status: as shown to clients.
        is_sent: whether it has been transmitted.
        filled: units traded.
        notional: sum of units x price.
        last_price: of the last execution.
        commission: paid so far.
        reason: why it ended.
        ended: nanoseconds UTC it ended at; 0 while it works.
        is_forgotten: whether nothing is told of it any more.
        key: its id in the matching engine, with the strategy its client's own id begins with.
    """

    perm_id: int
    client_id: int
    order_id: int
    account: str
    contract: WireContract
    order: WireOrder
    listing: Listing | None
    time: int
    status: str = "PreSubmitted"
    is_sent: bool = False
    filled: float = 0.0
    notional: float = 0.0
    last_price: float = 0.0
    commission: float = 0.0
    reason: str = ""
    ended: int = 0
    is_forgotten: bool = False
    key: str = field(init=False)

    def __post_init__(self) -> None:
        self.key = "-".join(filter(None, (owner_of(self.order.order_ref), str(self.perm_id))))

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self.status in ENDED

    @property
    def remaining(self) -> float:
        """Units it may still trade."""
        return max(0.0, self.order.total_quantity - self.filled)

    @property
    def average(self) -> float:
        """Average price of what has traded; 0 before."""
        return self.notional / self.filled if self.filled else 0.0

    def take(self, units: float, price: float) -> None:
        """Note an execution."""
        self.filled += units
        self.notional += units * price
        self.last_price = price

    def follow(self, order: Order) -> bool:
        """Write what the matching engine has made of it into what clients are shown: the level a
        trailing stop has reached, what is left of a group, prices after a dividend or a split.
        Whether anything has changed."""
        wire = self.order
        limit = wire.lmt_price if order.limit is None else order.limit
        trigger, level = wire.aux_price, wire.trail_stop_price
        if order.trail is not None:
            level = order.stop
        elif order.stop is not None:
            trigger = order.stop
        shown = (order.quantity, limit, trigger, level)
        before = (wire.total_quantity, wire.lmt_price, wire.aux_price, wire.trail_stop_price)
        if shown != before:
            self.order = replace(
                wire,
                total_quantity=order.quantity,
                lmt_price=limit,
                aux_price=trigger,
                trail_stop_price=level,
            )
        return shown != before

    def end(self, status: str, reason: str, time: int) -> None:
        """Note that it is over."""
        self.status, self.reason, self.ended = status, reason, time

    def open_order(self, currency: str) -> OpenOrder:
        """The message that shows it."""
        paid = self.commission if self.status == "Filled" else None
        state = OrderState(
            status=self.status,
            commission=paid,
            commission_currency=currency if paid is not None else "",
            warning_text="",
        )
        return OpenOrder(self.order_id, self.contract, self.shown_order(), state)

    def shown_order(self) -> WireOrder:
        """Its order with the ids clients know it by."""
        return replace(
            self.order,
            order_id=self.order_id,
            client_id=self.client_id,
            perm_id=self.perm_id,
            account=self.account,
            filled_quantity=self.filled,
        )

    def order_status(self) -> StatusAnswer:
        """The message that says where it stands."""
        return StatusAnswer(
            self.order_id,
            self.status,
            self.filled,
            self.remaining,
            self.average,
            self.perm_id,
            self.order.parent_id,
            self.last_price,
            self.client_id,
            "",
            0.0,
        )


def order_words(shown: OpenOrder) -> str:
    """An order such as "BUY 100 AAPL LMT 95 DAY"."""
    order, contract = shown.order, shown.contract
    prices = [f"{each:g}" for each in (order.aux_price, order.lmt_price) if each]
    name = contract.local_symbol or contract.symbol
    words = (order.action, f"{order.total_quantity:g}", name, order.order_type, *prices)
    return " ".join((*words, order.tif or "DAY"))


_WAITING = frozenset(
    {
        OrderType.MARKET,
        OrderType.STOP,
        OrderType.STOP_LIMIT,
        OrderType.TRAIL,
        OrderType.TRAIL_LIMIT,
        OrderType.MARKET_IF_TOUCHED,
        OrderType.LIMIT_IF_TOUCHED,
    }
)
"""Types TWS shows as PreSubmitted until they trade or are triggered."""

_ENDS = {
    OrderStatus.FILLED: "Filled",
    OrderStatus.CANCELLED: "Cancelled",
    OrderStatus.EXPIRED: "Cancelled",
    OrderStatus.ABSENT: "Cancelled",
    OrderStatus.REJECTED: "Inactive",
}


def shown_status(status: OrderStatus, resting: Resting | None) -> str:
    """What TWS calls a state of the matching engine's.

    Args:
        status: of the order.
        resting: its record, None once it is done.
    """
    if status in _ENDS:
        return _ENDS[status]
    if resting is None or status is OrderStatus.HELD or resting.asleep:
        return "PreSubmitted"
    if resting.filled > 0.0 or resting.triggered:
        return "Submitted"
    waits = resting.kind in _WAITING or resting.order.tif is TimeInForce.OPG
    return "PreSubmitted" if waits else "Submitted"
