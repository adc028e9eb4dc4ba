"""Corporate actions: dividends and splits, and which of them a kind of prices leaves open."""

from __future__ import annotations

__all__ = ["CorporateAction", "Dividend", "StockSplit", "bookable"]

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from framework.domain.bars import PriceBasis
from framework.errors import DataError


@dataclass(frozen=True, slots=True)
class Dividend:
    """Cash paid for each unit held.

    Attributes:
        symbol: instrument.
        day: first day it trades without the dividend (the ex-day), as days since 1970-01-01.
        amount: money per unit in the instrument's currency, > 0, on the scale of the bars' prices.
    """

    symbol: str
    day: int
    amount: float

    def __post_init__(self) -> None:
        if not isfinite(self.amount) or self.amount <= 0.0:
            raise DataError(
                f"{self.symbol}: a dividend of {self.amount}.", "It must be above 0 per unit."
            )


@dataclass(frozen=True, slots=True)
class StockSplit:
    """Another number of units for each one held.

    Attributes:
        symbol: instrument.
        day: first day it trades split, as days since 1970-01-01.
        ratio: new units for each old one, > 0 (2 for a two-for-one split, 0.1 for one-for-ten).
    """

    symbol: str
    day: int
    ratio: float

    def __post_init__(self) -> None:
        if not isfinite(self.ratio) or self.ratio <= 0.0 or self.ratio == 1.0:
            raise DataError(
                f"{self.symbol}: a split of {self.ratio}.",
                "Give new units for each old one: 2 for two-for-one, 0.1 for one-for-ten.",
            )


CorporateAction = Dividend | StockSplit

_OPEN: dict[PriceBasis, tuple[type[Dividend] | type[StockSplit], ...]] = {
    PriceBasis.RAW: (StockSplit, Dividend),
    PriceBasis.SPLIT: (Dividend,),
    PriceBasis.TOTAL: (),
}


def bookable(actions: Iterable[CorporateAction], prices: PriceBasis) -> tuple[CorporateAction, ...]:
    """The actions the prices do not already contain, by day, splits before dividends.

    Prices as traded leave both open, prices adjusted for splits leave dividends, and total-return
    prices leave none: booking what a price already contains would pay it twice.
    """
    kinds = _OPEN[prices]
    found = [action for action in actions if isinstance(action, kinds)]
    return tuple(sorted(found, key=lambda action: (action.day, isinstance(action, Dividend))))
