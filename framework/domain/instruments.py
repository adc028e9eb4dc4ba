"""What can be traded: the instrument and the grid its prices and quantities live on."""

from __future__ import annotations

__all__ = ["AssetType", "Instrument"]

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from framework.domain.options import OptionTerms
from framework.errors import DataError


class AssetType(StrEnum):
    """The kind of instrument, in Interactive Brokers' families."""

    STOCK = "stock"
    FUTURE = "future"
    FOREX = "forex"
    INDEX = "index"
    CRYPTO = "crypto"
    OPTION = "option"


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
        tick_bands: where the tick depends on the price, (price from which it holds, tick) in rising
            order; empty for one tick at all prices.
        expiry: last trading day of a contract, as days since 1970-01-01; None for none.
        next_contract: symbol of the contract a position rolls into; None for no roll.
        roll_days: sessions before the expiry at whose close a position rolls.
        initial_margin: money per unit needed to open, of a future; None where the account's margin
            model decides.
        maintenance_margin: money per unit needed to hold it.
        option: of an option contract, what it gives the right to; None of everything else.
    """

    symbol: str
    type: AssetType = AssetType.STOCK
    currency: str = "USD"
    calendar: str = "XNYS"
    tick: float = 0.01
    lot: float = 1.0
    multiplier: float = 1.0
    tick_bands: tuple[tuple[float, float], ...] = ()
    expiry: int | None = None
    next_contract: str | None = None
    roll_days: int = 5
    initial_margin: float | None = None
    maintenance_margin: float | None = None
    option: OptionTerms | None = None

    def tick_at(self, price: float) -> float:
        """The smallest step of an order's price at `price`."""
        tick = self.tick
        for start, step in self.tick_bands:
            if price < start:
                break
            tick = step
        return tick

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
        steps = [start for start, _ in self.tick_bands]
        if steps != sorted(set(steps)) or any(not tick > 0.0 for _, tick in self.tick_bands):
            raise DataError(
                f"{self.symbol}: tick_bands are {self.tick_bands}.",
                "Give rising prices, each with a tick above 0.",
            )
        for name in ("initial_margin", "maintenance_margin"):
            money = getattr(self, name)
            if money is not None and not (isfinite(money) and money > 0.0):
                raise DataError(f"{self.symbol}: {name} is {money}.", "It must be above 0.")
        if self.option is not None and self.type is not AssetType.OPTION:
            raise DataError(
                f"{self.symbol}: a {self.type} with option terms.", "Only options have them."
            )
        if self.option is not None and self.expiry is None:
            raise DataError(f"{self.symbol}: an option without an expiry.", "Give expiry=.")
