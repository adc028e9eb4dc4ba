"""OptionModel: what options a backtest lists, and how it prices them."""

from __future__ import annotations

__all__ = ["OptionModel"]

from dataclasses import dataclass, field
from math import isfinite

from framework.domain.options import Settlement, Style
from framework.errors import ConfigError
from framework.options.listing import ListingRule
from framework.options.volatility import VolatilityInput


@dataclass(frozen=True, slots=True)
class OptionModel:
    """What options a backtest lists, and how it prices them.

    Attributes:
        volatility: implied volatility.
        rate: riskless, a year, continuously compounded.
        dividend_yield: of the underlying, a year, continuously compounded.
        style, settlement, multiplier: of the contracts; None is what such options have by
            convention, see `option_contract`.
        listing: which contracts there are.
    """

    volatility: VolatilityInput
    rate: float = 0.0
    dividend_yield: float = 0.0
    style: Style | None = None
    settlement: Settlement | None = None
    multiplier: float | None = None
    listing: ListingRule = field(default_factory=ListingRule)

    def __post_init__(self) -> None:
        for name in ("rate", "dividend_yield"):
            value = getattr(self, name)
            if not (isfinite(value) and abs(value) < 1.0):
                raise ConfigError(
                    f"options: {name} is {value}.", "Give a fraction a year, 0.02 for 2 %."
                )
        if self.multiplier is not None and not (isfinite(self.multiplier) and self.multiplier > 0):
            raise ConfigError(f"options: multiplier is {self.multiplier}.", "Give 100, or less.")
