"""A contract as it travels: the fields every message takes its pick of."""

from __future__ import annotations

__all__ = [
    "C11",
    "C12",
    "LEG_IN_SHORT",
    "ComboLeg",
    "DeltaNeutral",
    "WireContract",
]

from dataclasses import dataclass
from typing import Annotated

from framework.emulator.protocol.kinds import QUESTIONABLE
from framework.emulator.protocol.layout import Rows

LEG_IN_SHORT = "con_id ratio action exchange"
"""What market data requests say of a combo's leg."""


@dataclass(frozen=True, slots=True)
class ComboLeg:
    """One leg of a combo (secType BAG), in the order of an order's message."""

    con_id: int = 0
    ratio: int = 0
    action: str = ""
    exchange: str = ""
    open_close: int = 0
    short_sale_slot: int = 0
    designated_location: str = ""
    exempt_code: int = -1


@dataclass(frozen=True, slots=True)
class DeltaNeutral:
    """The underlying that hedges a delta-neutral combo."""

    con_id: int = 0
    delta: float = 0.0
    price: float = 0.0


@dataclass(frozen=True, slots=True)
class WireContract:
    """A contract; each message carries some of the fields, in an order of its own."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    last_trade_date: str = ""
    strike: float = 0.0
    right: Annotated[str, QUESTIONABLE] = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    include_expired: bool = False
    sec_id_type: str = ""
    sec_id: str = ""
    issuer_id: str = ""
    combo_legs: tuple[ComboLeg, ...] = ()
    delta_neutral: DeltaNeutral | None = None
    combo_legs_descrip: str = ""


C12 = Rows(
    "con_id symbol sec_type last_trade_date strike right multiplier exchange primary_exchange"
    " currency local_symbol trading_class"
)
"""The contract of most requests."""

C11 = Rows(
    "con_id symbol sec_type last_trade_date strike right multiplier exchange"
    " currency local_symbol trading_class"
)
"""The contract of orders, executions and positions: without its primary exchange."""
