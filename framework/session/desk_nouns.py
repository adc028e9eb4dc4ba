"""What a desk shows: orders, fills, holdings and money, each as a value and as an aligned table."""

from __future__ import annotations

__all__ = ["Balance", "FillLine", "HoldingLine", "OrderLine", "Table", "order_line"]

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar, overload

from framework.domain.orders import DONE, OrderStatus
from framework.engine.ticket import Ticket

T = TypeVar("T")
Column = tuple[str, Callable[[T], object]]


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order, and what has become of it.

    Attributes:
        id: its name.
        side: "buy" or "sell".
        quantity, filled: units, unsigned.
        symbol, type: what is traded, and how.
        limit, stop: its own prices; None without.
        status: its state; UNKNOWN is one nobody has confirmed.
        average: price of its fills; None before the first.
        commission: money charged so far.
        reason: the broker's words, where it was not taken.
    """

    id: str
    side: str
    quantity: float
    symbol: str
    type: str
    limit: float | None
    stop: float | None
    status: OrderStatus
    filled: float
    average: float | None
    commission: float
    reason: str

    @property
    def is_done(self) -> bool:
        """Whether it can trade no more."""
        return self.status in DONE

    def __str__(self) -> str:
        """Such as "Desk-1 buy 10 AAPL market: filled at 210.02"."""
        at = "" if self.average is None else f" at {self.average:,.10g}"
        part = f" {self.filled:.10g} of {self.quantity:.10g}" if self.status == "partial" else ""
        why = f" ({self.reason})" if self.reason else ""
        what = f"{self.side} {self.quantity:.10g} {self.symbol} {self.type}"
        return f"{self.id} {what}: {self.status}{part}{at}{why}"

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class FillLine:
    """A trade of one of the desk's orders.

    Attributes:
        time: UTC.
        order: its order's id.
        symbol: what was traded.
        quantity: signed units.
        price: paid or got for one.
        commission: money; None while the broker has not told it.
    """

    time: datetime
    order: str
    symbol: str
    quantity: float
    price: float
    commission: float | None


@dataclass(frozen=True, slots=True)
class HoldingLine:
    """What the account holds of one instrument.

    Attributes:
        symbol: the instrument.
        quantity: signed units of the account.
        average: price paid for one, as the broker has it.
        own: signed units of them that this desk has traded.
    """

    symbol: str
    quantity: float
    average: float
    own: float


@dataclass(frozen=True, slots=True)
class Balance:
    """The account's money, as the broker has it, in its own currency; None where it says nothing.

    Attributes:
        title: whose.
        currency: ISO code.
        net_liquidation, cash: all it is worth, and how much of that is money.
        unrealized, realized: profit of what is held, and of today.
        initial_margin, maintenance_margin: what positions need.
        available_funds, excess_liquidity, buying_power: what is left.
    """

    title: str
    currency: str
    net_liquidation: float | None
    cash: float | None
    unrealized: float | None
    realized: float | None
    initial_margin: float | None
    maintenance_margin: float | None
    available_funds: float | None
    excess_liquidity: float | None
    buying_power: float | None

    def __repr__(self) -> str:
        rows = [
            (name.replace("_", " "), f"{value:,.2f}", self.currency)
            for name in self.__slots__
            if isinstance(value := getattr(self, name), float)
        ]
        return _drawn(self.title, [("", False), ("", True), ("", False)], rows)


class Table(Sequence[T]):
    """Rows that are shown as an aligned table.

    Args:
        title: said above it.
        columns: heading, and how a row's value is had; a heading that begins with + is set to the
            right.
        rows: the values.
        empty: said where there are none.
    """

    def __init__(
        self, title: str, columns: Sequence[Column[T]], rows: Sequence[T], empty: str
    ) -> None:
        self._title = title
        self._columns = tuple(columns)
        self._rows = tuple(rows)
        self._empty = empty

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        if not self._rows:
            return f"{self._title}: {self._empty}"
        heads = [(name.removeprefix("+"), name.startswith("+")) for name, _ in self._columns]
        cells = [[_cell(value(row)) for _, value in self._columns] for row in self._rows]
        return _drawn(self._title, heads, cells)


def order_line(ticket: Ticket) -> OrderLine:
    """An order as a desk shows it."""
    order = ticket.order
    return OrderLine(
        order.id,
        order.side.name.lower(),
        order.quantity,
        order.symbol,
        order.type.value.replace("_", " "),
        order.limit,
        order.stop,
        ticket.status,
        ticket.filled,
        ticket.value / ticket.units if ticket.units else None,
        ticket.commission,
        ticket.reason,
    )


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return f"{value:,.10g}" if isinstance(value, float) else f"{value}"


def _drawn(title: str, heads: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]]) -> str:
    """A title and aligned columns: names, whether each is set to the right, and cells."""
    names = [name for name, _ in heads]
    every = [names, *rows] if any(names) else rows
    widths = [max(len(row[at]) for row in every) for at in range(len(heads))]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, (_, right) in zip(row, widths, heads, strict=True)
        ).rstrip()
        for row in every
    ]
    return "\n".join([title, *lines])
