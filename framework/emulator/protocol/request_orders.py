"""What a client asks about orders: place, cancel, list, exercise."""

from __future__ import annotations

__all__ = [
    "CancelOrder",
    "ExecutionFilter",
    "ExerciseOptions",
    "PlaceOrder",
    "ReqAllOpenOrders",
    "ReqAutoOpenOrders",
    "ReqCompletedOrders",
    "ReqExecutions",
    "ReqGlobalCancel",
    "ReqIds",
    "ReqOpenOrders",
]

from dataclasses import dataclass
from typing import Annotated

from framework.emulator.protocol.contract import C11, WireContract
from framework.emulator.protocol.layout import Since
from framework.emulator.protocol.order import WireOrder


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """A new order, or a change to one that works under the same id."""

    order_id: int
    contract: WireContract
    order: WireOrder


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """An end to one order."""

    order_id: int
    manual_order_cancel_time: Annotated[str, Since(169)] = ""


@dataclass(frozen=True, slots=True)
class ReqGlobalCancel:
    """An end to every order of the account, whoever placed it."""


@dataclass(frozen=True, slots=True)
class ReqIds:
    """The next order id."""

    num_ids: int = 1


@dataclass(frozen=True, slots=True)
class ReqOpenOrders:
    """The client's own working orders."""


@dataclass(frozen=True, slots=True)
class ReqAllOpenOrders:
    """Every client's working orders."""


@dataclass(frozen=True, slots=True)
class ReqAutoOpenOrders:
    """Orders entered by hand, as they come; of client 0 alone."""

    bind: bool


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions are asked for; an empty text is any."""

    client_id: int = 0
    acct_code: str = ""
    time: str = ""
    symbol: str = ""
    sec_type: str = ""
    exchange: str = ""
    side: str = ""


@dataclass(frozen=True, slots=True)
class ReqExecutions:
    """The day's executions."""

    req_id: int
    filter: ExecutionFilter = ExecutionFilter()


@dataclass(frozen=True, slots=True)
class ReqCompletedOrders:
    """Orders that work no more."""

    api_only: bool


@dataclass(frozen=True, slots=True)
class ExerciseOptions:
    """Exercise an option (action 1), or let it lapse (2)."""

    req_id: int
    contract: Annotated[WireContract, C11]
    action: int
    quantity: int
    account: str = ""
    override: int = 0
