"""What happens to orders: values a broker reports and the door answers."""

from __future__ import annotations

__all__ = [
    "CHANGE_REFUSED",
    "REPLACED",
    "BrokerEvent",
    "CashFlow",
    "CashFlowKind",
    "Commission",
    "Fill",
    "Halt",
    "OrderUpdate",
    "Refused",
    "Signal",
    "SignalAction",
    "Split",
    "Trip",
]

from dataclasses import dataclass
from enum import StrEnum

from framework.domain.orders import Order, OrderStatus, Origin, Side
from framework.domain.shown import in_words

REPLACED = "replaced"
"""The reason of an update that tells a change was taken."""
CHANGE_REFUSED = "change refused"
"""What the reason of an update that tells it was not begins with."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution.

    Attributes:
        id: unique execution id.
        order: the order as it was filled.
        time: nanoseconds UTC of the close of the bar it happened in.
        quantity: signed units, > 0 bought.
        price: price paid, slippage included.
        reference: price before slippage.
        touch: True for a limit filled at a price the bar only just touched.
        rate: units of the account's currency one unit of the instrument's currency cost then.
    """

    id: str
    order: Order
    time: int
    quantity: float
    price: float
    reference: float
    touch: bool = False
    rate: float = 1.0

    @property
    def symbol(self) -> str:
        """The instrument's symbol."""
        return self.order.symbol

    def __str__(self) -> str:
        """Such as "SmaCross-3 bought 10 AAA at 95"."""
        did = "bought" if self.quantity > 0 else "sold"
        units = f"{abs(self.quantity):.10g}"
        return f"{self.order.id} {did} {units} {self.symbol} at {self.price:.10g}"


@dataclass(frozen=True, slots=True)
class Commission:
    """The fee of one fill, in the account's currency; its own event because it may come late."""

    fill_id: str
    symbol: str
    amount: float
    time: int


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """A change of an order's state. `order` carries its present quantity and prices."""

    order: Order
    status: OrderStatus
    time: int
    reason: str = ""

    def __str__(self) -> str:
        """Such as "SmaCross-3 buy 10 AAA limit 95 DAY: expired (its session is over)"."""
        return f"{self.order}: {self.status}" + (f" ({self.reason})" if self.reason else "")


class CashFlowKind(StrEnum):
    """Why money moved without a trade."""

    DIVIDEND = "dividend"
    INTEREST = "interest"
    BORROW_FEE = "borrow_fee"
    CASH_IN_LIEU = "cash_in_lieu"
    """Paid for the fraction of a unit a split leaves."""


@dataclass(frozen=True, slots=True)
class CashFlow:
    """Money that moved without a trade, in the account's currency.

    Attributes:
        symbol: the instrument it belongs to; empty for the account as a whole.
        kind: why.
        amount: > 0 received, < 0 paid.
        time: nanoseconds UTC at which it was booked.
    """

    symbol: str
    kind: CashFlowKind
    amount: float
    time: int


@dataclass(frozen=True, slots=True)
class Split:
    """Units of an instrument were split: what was held becomes `ratio` times as many.

    Attributes:
        symbol: instrument.
        ratio: new units for each old one, > 0 (2 for a two-for-one split, 0.1 for one-for-ten).
        quantity: signed units held afterwards, in whole lots.
        time: nanoseconds UTC.
    """

    symbol: str
    ratio: float
    quantity: float
    time: int


BrokerEvent = Fill | Commission | OrderUpdate | CashFlow | Split


@dataclass(frozen=True, slots=True)
class Refused:
    """An order the door did not let out: a value shown in the results, not an exception.

    It is false, as an order is true: `if order := self.buy(10): ...`.

    Attributes:
        rule: name of the rule that refused, such as "sizer", "buying_power", "max_position".
        reason: one sentence with the figures.
    """

    time: int
    symbol: str
    side: Side
    quantity: float
    price: float
    rule: str
    reason: str
    origin: Origin = Origin.STRATEGY

    def __bool__(self) -> bool:
        return False

    _repr_pretty_ = in_words

    def __str__(self) -> str:
        """Such as "buy 10 AAA refused by buying_power: it needs 9,500 and 20 is free"."""
        units = f"{self.quantity:.10g} " if self.quantity else ""
        words = f"{self.side.name.lower()} {units}{self.symbol}"
        return f"{words} refused by {self.rule}: {self.reason}"


class Halt(StrEnum):
    """How long a tripped breaker keeps new risk out."""

    SESSION = "session"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Trip:
    """A breaker that tripped: who, why, and until when."""

    breaker: str
    reason: str
    halt: Halt
    time: int = 0


class SignalAction(StrEnum):
    """What an external prediction says."""

    BUY = "BUY"
    SELL = "SELL"
    SHORT = "SHORT"


@dataclass(frozen=True, slots=True)
class Signal:
    """An external prediction, known from `time` on; confidence is in 0..1."""

    time: int
    symbol: str
    action: SignalAction
    confidence: float = 1.0
