"""Commission models: the fee of one order's executions so far.

A model prices the order's *cumulative* fills, so minimums and caps survive partial fills; the
caller subtracts what was charged before. The arithmetic of each model is a plain function of
floats: `units` >= 0, `notional` = |units x multiplier x price|, money in the instrument's currency.

The rates of Interactive Brokers are no code: they stand, dated and with their source, in the files
of the folder `fees` beside this one.
"""

from __future__ import annotations

__all__ = [
    "IbkrFixed",
    "IbkrTiered",
    "NoCommission",
    "PerOrder",
    "PerShare",
    "PercentCommission",
    "pass_through_fee",
    "per_share_base",
    "percent_base",
    "priced",
]

from dataclasses import dataclass, field
from math import inf

from framework.compiled import scalar
from framework.components.checks import check_number
from framework.components.quotes import SHIPPED, Quotes
from framework.components.rates import Table, bounded_fee
from framework.components.schedules import Schedule
from framework.domain.instruments import AssetType, Instrument
from framework.errors import ConfigError


@scalar
def per_share_base(units: float, rate: float, per_order: float) -> float:
    """per_order + rate x units."""
    return per_order + rate * units


@scalar
def percent_base(notional: float, percent: float, fixed: float) -> float:
    """Fixed + percent of the value."""
    return fixed + notional * percent / 100.0


def priced(
    quotes: Quotes,
    instrument: Instrument,
    quantity: float,
    notional: float,
    month_quantity: float,
    day: int,
) -> float:
    """What a schedule charges for an order so far.

    The general table of currency pairs is in USD: a pair whose base is USD is priced by its units
    and brought to its own currency at the order's price.

    Raises:
        ConfigError: the schedule has no table for the instrument.
    """
    units = abs(quantity)
    if units == 0.0:
        return 0.0
    table = quotes.table(instrument, day)
    if table.is_general and instrument.type is AssetType.FOREX and _is_of_dollars(instrument):
        return table.fee(units, units, month_quantity, 1.0) * notional / units
    return table.fee(units, notional, month_quantity, instrument.multiplier)


def pass_through_fee(
    schedule: Schedule, instrument: Instrument, quantity: float, notional: float, day: int
) -> float:
    """What the broker passes on: fees on sales of US stocks and options, exchange fees of futures.

    Sales in USD pay Section 31 on their value, and FINRA's Trading Activity Fee on their units.
    Unrounded; the cap on FINRA's fee, which is one trade's, is applied to the order.

    Raises:
        ConfigError: the schedule has no exchange fee for a future.
    """
    units = abs(quantity)
    if units == 0.0:
        return 0.0
    if instrument.type is AssetType.FUTURE:
        rate = schedule.exchange_fees.at(day).rate(instrument)
        if rate is None:
            raise ConfigError(
                f"{schedule.name} has no exchange fee for {instrument.symbol}, a future in "
                f"{instrument.currency}.",
                "Leave pass_through out, or give a schedule of your own that lists it.",
            )
        return rate * units
    if quantity > 0.0 or instrument.currency != "USD":
        return 0.0
    activity = schedule.trading_activity.at(day)
    if instrument.type in (AssetType.STOCK, AssetType.INDEX):
        by_units = min(activity.stock * units, activity.maximum)
    elif instrument.type is AssetType.OPTION:
        by_units = activity.option * units
    else:
        return 0.0
    return by_units + schedule.section_31.at(day) * notional / 1e6


def _table_until(quotes: Quotes, instrument: Instrument, day: int, pass_through: bool) -> float:
    """First day on which fees may be others."""
    if pass_through:
        return day + 1.0
    quotes.table(instrument, day)
    return quotes.until(instrument.symbol)


def _is_of_dollars(instrument: Instrument) -> bool:
    return instrument.currency != "USD" and instrument.symbol.startswith("USD")


@dataclass(frozen=True, slots=True)
class NoCommission:
    """Nothing: trading is free."""

    def fee(
        self,
        instrument: Instrument,
        quantity: float,
        notional: float,
        month_quantity: float,
        day: int,
    ) -> float:
        """Always 0."""
        return 0.0

    def fees_until(self, instrument: Instrument, day: int) -> float:
        """Never another one: inf."""
        return inf


@dataclass(frozen=True, slots=True)
class IbkrFixed:
    """Interactive Brokers, fixed plan: by kind of instrument and day, from a dated schedule.

    US stocks at present: 0.005 a share, at least 1.00 an order, at most 1 % of the value. An index
    is priced as a stock.

    Attributes:
        schedule: YAML file of fees that replaces the shipped schedule, section by section.
        pass_through: whether to add what the broker passes on: SEC and FINRA fees on sales of US
            stocks and options, exchange fees of futures.
    """

    schedule: str = SHIPPED
    pass_through: bool = False
    _quotes: Quotes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_quotes", Quotes(self.schedule, "fixed"))

    def fee(
        self,
        instrument: Instrument,
        quantity: float,
        notional: float,
        month_quantity: float,
        day: int,
    ) -> float:
        """Fee of the order so far. ConfigError for an instrument the schedule does not price."""
        fee = priced(self._quotes, instrument, quantity, notional, month_quantity, day)
        if self.pass_through:
            fee += pass_through_fee(self._quotes.schedule, instrument, quantity, notional, day)
        return fee

    def fees_until(self, instrument: Instrument, day: int) -> float:
        """First day on which its table no longer holds; the next where fees are passed on."""
        return _table_until(self._quotes, instrument, day, self.pass_through)

    def table(self, instrument: Instrument, day: int) -> tuple[Table, float]:
        """The table that prices an instrument on a day, and the first day after it holds."""
        return self._quotes.table(instrument, day), self._quotes.until(instrument.symbol)


@dataclass(frozen=True, slots=True)
class IbkrTiered:
    """Interactive Brokers, tiered plan: by the month's volume, kind of instrument and day.

    The exchange and clearing fees of stocks and options, which this plan passes on and which depend
    on the venue, are not included.

    Attributes:
        schedule: YAML file of fees that replaces the shipped schedule, section by section.
        pass_through: whether to add what the broker passes on: SEC and FINRA fees on sales of US
            stocks and options, exchange fees of futures.
    """

    schedule: str = SHIPPED
    pass_through: bool = False
    _quotes: Quotes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_quotes", Quotes(self.schedule, "tiered"))

    def fee(
        self,
        instrument: Instrument,
        quantity: float,
        notional: float,
        month_quantity: float,
        day: int,
    ) -> float:
        """Fee of the order so far. ConfigError for an instrument the schedule does not price."""
        fee = priced(self._quotes, instrument, quantity, notional, month_quantity, day)
        if self.pass_through:
            fee += pass_through_fee(self._quotes.schedule, instrument, quantity, notional, day)
        return fee

    def fees_until(self, instrument: Instrument, day: int) -> float:
        """First day on which its table no longer holds; the next where fees are passed on."""
        return _table_until(self._quotes, instrument, day, self.pass_through)


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
        self,
        instrument: Instrument,
        quantity: float,
        notional: float,
        month_quantity: float,
        day: int,
    ) -> float:
        """Fee of the order so far."""
        minimum = 0.0 if self.minimum is None else self.minimum
        cap = inf if self.maximum_percent is None else self.maximum_percent
        units = abs(quantity)
        base = per_share_base(units, self.rate, self.per_order)
        return bounded_fee(base, units, notional, minimum, cap)

    def fees_until(self, instrument: Instrument, day: int) -> float:
        """Never another one: inf."""
        return inf


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
        self,
        instrument: Instrument,
        quantity: float,
        notional: float,
        month_quantity: float,
        day: int,
    ) -> float:
        """Fee of the order so far."""
        base = percent_base(notional, self.percent, self.fixed)
        return bounded_fee(base, abs(quantity), notional, self.minimum, inf)

    def fees_until(self, instrument: Instrument, day: int) -> float:
        """Never another one: inf."""
        return inf


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
        self,
        instrument: Instrument,
        quantity: float,
        notional: float,
        month_quantity: float,
        day: int,
    ) -> float:
        """Fee of the order so far."""
        return bounded_fee(self.amount, abs(quantity), notional, 0.0, inf)

    def fees_until(self, instrument: Instrument, day: int) -> float:
        """Never another one: inf."""
        return inf
