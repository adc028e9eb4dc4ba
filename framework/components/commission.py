"""Commission models: the fee of one order's executions so far.

A model prices the order's *cumulative* fills, so minimums and caps survive partial fills; the
caller subtracts what was charged before. The arithmetic of each model is a plain function of
floats: `units` >= 0, `notional` = |units x multiplier x price|, money in the account's currency.

The Interactive Brokers schedules are those for whole shares of US stocks, as published in 2025 at
interactivebrokers.co.uk/en/pricing/commissions-stocks.php. Rates change: check them there.
"""

from __future__ import annotations

__all__ = [
    "IBKR_FIXED_MINIMUM",
    "IBKR_FIXED_RATE",
    "IBKR_MAXIMUM_PERCENT",
    "IBKR_TIERED_MINIMUM",
    "IBKR_TIERS",
    "IBKR_TIER_RATES",
    "IbkrFixed",
    "IbkrTiered",
    "NoCommission",
    "PerOrder",
    "PerShare",
    "PercentCommission",
    "bounded_fee",
    "per_share_base",
    "percent_base",
    "tiered_base",
    "tiered_total",
]

from dataclasses import dataclass
from math import inf

from framework.components.checks import check_number
from framework.domain.instruments import AssetType, Instrument
from framework.errors import ConfigError

IBKR_FIXED_RATE = 0.005
"""USD a share on the fixed plan, 2025."""
IBKR_FIXED_MINIMUM = 1.0
"""USD an order on the fixed plan, 2025."""
IBKR_TIERED_MINIMUM = 0.35
"""USD an order on the tiered plan, 2025."""
IBKR_MAXIMUM_PERCENT = 1.0
"""Percent of the trade's value on either plan, 2025."""
IBKR_TIERS = (300_000.0, 3_000_000.0, 20_000_000.0, 100_000_000.0)
"""Shares a month at which each tier of the tiered plan ends, 2025; the last has no end."""
IBKR_TIER_RATES = (0.0035, 0.0020, 0.0015, 0.0010, 0.0005)
"""USD a share in each tier, 2025."""


def bounded_fee(
    base: float, units: float, notional: float, minimum: float, maximum_percent: float
) -> float:
    """`base` raised to `minimum`, then cut to `maximum_percent` of the value; 0 for no units.

    `maximum_percent` is inf for no cap. The cap comes last: it overrides the minimum.
    """
    if units <= 0.0:
        return 0.0
    fee = max(base, minimum)
    if maximum_percent < inf:
        fee = min(fee, notional * maximum_percent / 100.0)
    return fee


def per_share_base(units: float, rate: float, per_order: float) -> float:
    """per_order + rate x units."""
    return per_order + rate * units


def percent_base(notional: float, percent: float, fixed: float) -> float:
    """Fixed + percent of the value."""
    return fixed + notional * percent / 100.0


def tiered_total(units: float) -> float:
    """What the first `units` shares of a month cost, each tier at its own rate."""
    total = 0.0
    floor = 0.0
    for index in range(len(IBKR_TIERS)):
        if units <= IBKR_TIERS[index]:
            return total + (units - floor) * IBKR_TIER_RATES[index]
        total += (IBKR_TIERS[index] - floor) * IBKR_TIER_RATES[index]
        floor = IBKR_TIERS[index]
    return total + (units - floor) * IBKR_TIER_RATES[len(IBKR_TIERS)]


def tiered_base(units: float, month_units: float) -> float:
    """What `units` more shares cost after `month_units` of the month."""
    return tiered_total(month_units + units) - tiered_total(month_units)


@dataclass(frozen=True, slots=True)
class NoCommission:
    """Nothing: trading is free."""

    def fee(
        self, instrument: Instrument, quantity: float, notional: float, month_quantity: float
    ) -> float:
        """Always 0."""
        return 0.0


@dataclass(frozen=True, slots=True)
class IbkrFixed:
    """Interactive Brokers, US stocks, fixed: 0.005 a share, at least 1.00, at most 1 % of value.

    Attributes:
        rate: money per share, >= 0.
        minimum: least fee of an order, >= 0.
        maximum_percent: largest fee in percent of the trade's value, >= 0; overrides the minimum.
    """

    rate: float = IBKR_FIXED_RATE
    minimum: float = IBKR_FIXED_MINIMUM
    maximum_percent: float = IBKR_MAXIMUM_PERCENT

    def __post_init__(self) -> None:
        for name in ("rate", "minimum", "maximum_percent"):
            check_number(self, name, low=0.0)

    def fee(
        self, instrument: Instrument, quantity: float, notional: float, month_quantity: float
    ) -> float:
        """Fee of the order so far. ConfigError for an instrument that is no stock."""
        _require_stock(self, instrument)
        units = abs(quantity)
        base = per_share_base(units, self.rate, 0.0)
        return bounded_fee(base, units, notional, self.minimum, self.maximum_percent)


@dataclass(frozen=True, slots=True)
class IbkrTiered:
    """Interactive Brokers, US stocks, tiered by the month's volume; its own part of the fee only.

    Exchange, clearing and regulatory fees, which the tiered plan passes through, are not included.

    Attributes:
        minimum: least fee of an order, >= 0.
        maximum_percent: largest fee in percent of the trade's value, >= 0; overrides the minimum.
    """

    minimum: float = IBKR_TIERED_MINIMUM
    maximum_percent: float = IBKR_MAXIMUM_PERCENT

    def __post_init__(self) -> None:
        for name in ("minimum", "maximum_percent"):
            check_number(self, name, low=0.0)

    def fee(
        self, instrument: Instrument, quantity: float, notional: float, month_quantity: float
    ) -> float:
        """Fee of the order so far. ConfigError for an instrument that is no stock."""
        _require_stock(self, instrument)
        units = abs(quantity)
        base = tiered_base(units, month_quantity)
        return bounded_fee(base, units, notional, self.minimum, self.maximum_percent)


@dataclass(frozen=True, slots=True)
class PerShare:
    """Money per unit, with an optional fixed part, minimum and cap for each order.

    Attributes:
        rate: money per share or contract, >= 0.
        minimum: least fee of an order, >= 0; none without one.
        maximum_percent: largest fee in percent of the trade's value, >= 0; overrides the minimum.
        per_order: money added once per order, >= 0.
    """

    rate: float
    minimum: float | None = None
    maximum_percent: float | None = None
    per_order: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "rate", low=0.0)
        check_number(self, "per_order", low=0.0)
        for name in ("minimum", "maximum_percent"):
            if getattr(self, name) is not None:
                check_number(self, name, low=0.0)

    def fee(
        self, instrument: Instrument, quantity: float, notional: float, month_quantity: float
    ) -> float:
        """Fee of the order so far."""
        minimum = 0.0 if self.minimum is None else self.minimum
        cap = inf if self.maximum_percent is None else self.maximum_percent
        units = abs(quantity)
        base = per_share_base(units, self.rate, self.per_order)
        return bounded_fee(base, units, notional, minimum, cap)


@dataclass(frozen=True, slots=True)
class PercentCommission:
    """A percentage of the trade's value, with an optional fixed part and minimum for each order.

    Attributes:
        percent: percent of the trade's value, >= 0 (0.1 is ten basis points).
        fixed: money added once per order, >= 0.
        minimum: least fee of an order, >= 0.
    """

    percent: float
    fixed: float = 0.0
    minimum: float = 0.0

    def __post_init__(self) -> None:
        for name in ("percent", "fixed", "minimum"):
            check_number(self, name, low=0.0)

    def fee(
        self, instrument: Instrument, quantity: float, notional: float, month_quantity: float
    ) -> float:
        """Fee of the order so far."""
        base = percent_base(notional, self.percent, self.fixed)
        return bounded_fee(base, abs(quantity), notional, self.minimum, inf)


@dataclass(frozen=True, slots=True)
class PerOrder:
    """One fixed amount for each order that trades at all.

    Attributes:
        amount: money per order, >= 0.
    """

    amount: float

    def __post_init__(self) -> None:
        check_number(self, "amount", low=0.0)

    def fee(
        self, instrument: Instrument, quantity: float, notional: float, month_quantity: float
    ) -> float:
        """Fee of the order so far."""
        return bounded_fee(self.amount, abs(quantity), notional, 0.0, inf)


def _require_stock(model: object, instrument: Instrument) -> None:
    if instrument.type not in (AssetType.STOCK, AssetType.INDEX):
        raise ConfigError(
            f"{type(model).__name__} knows the fees of stocks; {instrument.symbol} is "
            f"{instrument.type.value}.",
            "Choose another commission, such as percent:0.002 or per_share:0.85.",
        )
