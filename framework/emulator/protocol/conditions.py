"""What an order may wait for: one noun for each kind of condition."""

from __future__ import annotations

__all__ = [
    "CONDITIONS",
    "Condition",
    "ExecutionCond",
    "MarginCond",
    "PercentCond",
    "PriceCond",
    "TimeCond",
    "VolumeCond",
]

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from framework.emulator.protocol.kinds import CONJUNCTION, SHORT


@dataclass(frozen=True, slots=True)
class PriceCond:
    """A contract trades above or below a price."""

    is_conjunction: Annotated[bool, CONJUNCTION] = True
    is_more: bool = True
    price: float = 0.0
    con_id: int = 0
    exchange: str = ""
    trigger_method: int = 0


@dataclass(frozen=True, slots=True)
class TimeCond:
    """A time is past, or not yet."""

    is_conjunction: Annotated[bool, CONJUNCTION] = True
    is_more: bool = True
    time: str = ""


@dataclass(frozen=True, slots=True)
class MarginCond:
    """The account's margin cushion, percent, is above or below a number."""

    is_conjunction: Annotated[bool, CONJUNCTION] = True
    is_more: bool = True
    percent: Annotated[float, SHORT] = 0.0


@dataclass(frozen=True, slots=True)
class ExecutionCond:
    """A symbol has traded in this account."""

    is_conjunction: Annotated[bool, CONJUNCTION] = True
    sec_type: str = ""
    exchange: str = ""
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class VolumeCond:
    """A contract's volume of the day is above or below a number."""

    is_conjunction: Annotated[bool, CONJUNCTION] = True
    is_more: bool = True
    volume: int = 0
    con_id: int = 0
    exchange: str = ""


@dataclass(frozen=True, slots=True)
class PercentCond:
    """A contract's change of the day, percent, is above or below a number."""

    is_conjunction: Annotated[bool, CONJUNCTION] = True
    is_more: bool = True
    change_percent: float | None = None
    con_id: int = 0
    exchange: str = ""


Condition: TypeAlias = PriceCond | TimeCond | MarginCond | ExecutionCond | VolumeCond | PercentCond

CONDITIONS: Mapping[int, type] = {
    1: PriceCond,
    3: TimeCond,
    4: MarginCond,
    5: ExecutionCond,
    6: VolumeCond,
    7: PercentCond,
}
"""The number each kind has on the wire."""
