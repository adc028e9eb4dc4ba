"""What can be traded: the instrument and the grid its prices and quantities live on."""

from __future__ import annotations

__all__ = ["AssetType", "Instrument"]

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from framework.errors import DataError


class AssetType(StrEnum):
    """The kind of instrument, in Interactive Brokers' families."""

    STOCK = "stock"
    FUTURE = "future"
    FOREX = "forex"
    INDEX = "index"
    CRYPTO = "crypto"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable thing.

    Attributes:
        symbol: name, unique within a run.
        type: family.
        currency: ISO code prices are in.
        calendar: exchange_calendars name whose sessions it trades in ("XNYS", "24/5", ...).
        tick: smallest price step of *orders*; 0 for no grid. Bars and fills are never rounded.
        lot: smallest quantity step.
        multiplier: money per price point per unit.
    """

    symbol: str
    type: AssetType = AssetType.STOCK
    currency: str = "USD"
    calendar: str = "XNYS"
    tick: float = 0.01
    lot: float = 1.0
    multiplier: float = 1.0

    def __post_init__(self) -> None:
        if not self.symbol:
            raise DataError("An instrument has an empty symbol.", "Give it a name.")
        for name, value, low in (("tick", self.tick, 0.0), ("lot", self.lot, 0.0)):
            if not isfinite(value) or value < low:
                raise DataError(f"{self.symbol}: {name} is {value}.", "It must be 0 or more.")
        if not isfinite(self.multiplier) or self.multiplier <= 0:
            raise DataError(
                f"{self.symbol}: multiplier is {self.multiplier}.", "It must be above 0."
            )
