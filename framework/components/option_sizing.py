"""Option sizers: how much by what an option costs, can lose, or gains from volatility.

Beside another sizer the smallest size wins, as everywhere. What is not above 0 (a free option, a
combo that cannot lose, one without vega) is 0 units, which the door refuses.
"""

from __future__ import annotations

__all__ = ["MaxLoss", "Premium", "Vega"]

from dataclasses import dataclass
from math import inf, isnan

from framework.components.checks import check_number
from framework.components.sizing import units_for
from framework.errors import ConfigError, OrderError
from framework.ports import SizingRequest

_POINT = 0.01
"""One volatility point, of a volatility a year."""


@dataclass(frozen=True, slots=True)
class Premium:
    """As much as costs, or brings in, a percentage of equity in premium.

    Attributes:
        percent: percent of the whole equity, > 0.
    """

    percent: float = 5.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0)

    def quantity(self, request: SizingRequest) -> float:
        """percent x equity / (|price| x multiplier); a combo's price below 0 is a credit."""
        each = abs(request.price) * request.instrument.multiplier
        return units_for(request.equity * self.percent / 100.0, each)


@dataclass(frozen=True, slots=True)
class MaxLoss:
    """As much as loses a percentage of equity at the worst.

    Attributes:
        percent: percent of the whole equity at risk, above 0 and at most 100.
    """

    percent: float = 2.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0, high=100.0)

    def quantity(self, request: SizingRequest) -> float:
        """percent x equity / the most one unit can lose.

        Raises:
            ConfigError: the loss has no bound, so no size fits.
            OrderError: it is not known.
        """
        symbol = request.instrument.symbol
        loss = request.max_loss
        if loss is None or isnan(loss):
            raise OrderError(
                f"{symbol}: sizing by max_loss needs the most one unit can lose, which is not "
                "known.",
                "Trade an option or a combo with it, or size another way, such as percent:10.",
            )
        if loss == inf:
            raise ConfigError(
                f"{symbol}: sizing by max_loss, and what one unit can lose has no bound.",
                "Buy a wing that bounds it, or size by vega or premium.",
            )
        return units_for(request.equity * self.percent / 100.0, loss)


@dataclass(frozen=True, slots=True)
class Vega:
    """As much as gains or loses an amount of money when volatility moves by one point.

    A point is 0.01 of volatility a year, from 20 % to 21 %, as traders quote vega.

    Attributes:
        money: money of vega per volatility point, > 0.
    """

    money: float

    def __post_init__(self) -> None:
        check_number(self, "money", above=0.0)

    def quantity(self, request: SizingRequest) -> float:
        """money / |vega of one unit per point|.

        Raises:
            OrderError: the vega is not known.
        """
        if request.vega is None or isnan(request.vega):
            raise OrderError(
                f"{request.instrument.symbol}: sizing by vega needs the vega of one unit, which is "
                "not known.",
                "Trade an option with a volatility, or size another way, such as premium:5.",
            )
        return units_for(self.money, abs(request.vega) * _POINT)
