"""What the server tells of orders: ids, states, executions, commissions."""

from __future__ import annotations

__all__ = [
    "CommissionReport",
    "CompletedOrder",
    "CompletedOrdersEnd",
    "DeltaNeutralValidation",
    "ExecDetails",
    "ExecDetailsEnd",
    "NextValidId",
    "OpenOrder",
    "OpenOrderEnd",
    "OrderBound",
    "OrderStatus",
]

from dataclasses import dataclass
from typing import Annotated

from framework.emulator.protocol.contract import C11, WireContract
from framework.emulator.protocol.kinds import SHORT
from framework.emulator.protocol.order import Execution, OrderState, WireOrder


@dataclass(frozen=True, slots=True)
class NextValidId:
    """The first order id that is free."""

    order_id: int


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order as the server has it, and its state."""

    order_id: int
    contract: WireContract
    order: WireOrder
    state: OrderState


@dataclass(frozen=True, slots=True)
class OpenOrderEnd:
    """That were all open orders."""


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """How far an order has come."""

    order_id: int
    status: str
    filled: Annotated[float, SHORT]
    remaining: Annotated[float, SHORT]
    avg_fill_price: float = 0.0
    perm_id: int = 0
    parent_id: int = 0
    last_fill_price: float = 0.0
    client_id: int = 0
    why_held: str = ""
    mkt_cap_price: float = 0.0


@dataclass(frozen=True, slots=True)
class ExecDetails:
    """An execution; req_id is -1 unless it was asked for."""

    req_id: int
    order_id: int
    contract: Annotated[WireContract, C11]
    execution: Execution


@dataclass(frozen=True, slots=True)
class ExecDetailsEnd:
    """That were all executions."""

    req_id: int


@dataclass(frozen=True, slots=True)
class CommissionReport:
    """What an execution cost; None is not known, or does not apply."""

    exec_id: str
    commission: float
    currency: str
    realized_pnl: float | None = None
    yield_: float | None = None
    yield_redemption_date: int = 0


@dataclass(frozen=True, slots=True)
class CompletedOrder:
    """An order that works no more."""

    contract: WireContract
    order: WireOrder
    state: OrderState


@dataclass(frozen=True, slots=True)
class CompletedOrdersEnd:
    """That were all completed orders."""


@dataclass(frozen=True, slots=True)
class OrderBound:
    """An order entered by hand now has an id of the API."""

    perm_id: int
    client_id: int
    order_id: int


@dataclass(frozen=True, slots=True)
class DeltaNeutralValidation:
    """The hedge of a delta-neutral combo, as the server has it."""

    req_id: int
    con_id: int
    delta: float
    price: float
