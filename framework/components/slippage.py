"""Slippage models: what an aggressive order pays beyond the price it aimed at.

The arithmetic of each model is a plain function of floats; `direction` is +1 to buy, -1 to sell.
"""

from __future__ import annotations

__all__ = [
    "FixedSlippage",
    "HalfSpread",
    "NoSlippage",
    "OptionsApart",
    "PercentSlippage",
    "VolumeShareSlippage",
    "slip_by",
    "slip_half_spread",
    "slip_percent",
    "volume_share_percent",
]

from dataclasses import dataclass

from framework.compiled import scalar
from framework.components.checks import check_number
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Side
from framework.ports import SlippageModel


@scalar
def slip_by(price: float, direction: float, amount: float) -> float:
    """`price` worsened by `amount` >= 0; a sale for a positive price never yields less than 0."""
    if direction > 0.0:
        return price + amount
    return max(price - amount, min(price, 0.0))


@scalar
def slip_percent(price: float, direction: float, percent: float) -> float:
    """`price` worsened by `percent` of its size."""
    return slip_by(price, direction, abs(price) * percent / 100.0)


@scalar
def slip_half_spread(
    price: float, direction: float, percent: float, ticks: float, tick: float
) -> float:
    """`price` worsened by half a spread of `percent` of it, but of no less than `ticks` ticks."""
    spread = max(abs(price) * percent / 100.0, ticks * tick)
    return slip_by(price, direction, 0.5 * spread)


def volume_share_percent(
    quantity: float, volume: float, impact: float, without_volume: float
) -> float:
    """Percent of the price lost: 100 x impact x (quantity / volume)^2, the share at most 1.

    A bar whose volume is unknown (0) costs `without_volume` percent instead.
    """
    if not volume > 0.0:
        return without_volume
    share = min(quantity / volume, 1.0)
    return 100.0 * impact * share * share


@dataclass(frozen=True, slots=True)
class NoSlippage:
    """Nothing: every order gets the price it aimed at."""

    def price(
        self, instrument: Instrument, side: Side, price: float, quantity: float, volume: float
    ) -> float:
        """The price itself."""
        return price


@dataclass(frozen=True, slots=True)
class FixedSlippage:
    """A fixed distance in price units.

    Attributes:
        amount: price units lost per unit traded, >= 0.
    """

    amount: float

    def __post_init__(self) -> None:
        check_number(self, "amount", low=0.0)

    def price(
        self, instrument: Instrument, side: Side, price: float, quantity: float, volume: float
    ) -> float:
        """The price worsened by `amount`."""
        return slip_by(price, float(side), self.amount)


@dataclass(frozen=True, slots=True)
class PercentSlippage:
    """A percentage of the price (0.05 is five basis points).

    Attributes:
        percent: percent of the price lost, 0..100.
    """

    percent: float = 0.05

    def __post_init__(self) -> None:
        check_number(self, "percent", low=0.0, high=100.0)

    def price(
        self, instrument: Instrument, side: Side, price: float, quantity: float, volume: float
    ) -> float:
        """The price worsened by `percent`."""
        return slip_percent(price, float(side), self.percent)


@dataclass(frozen=True, slots=True)
class HalfSpread:
    """Half of a quoted spread, for bars that carry mid or last prices.

    Attributes:
        percent: the whole spread in percent of the price, 0..100.
        ticks: the narrowest the whole spread can be, in ticks of the instrument, >= 0.
    """

    percent: float = 0.02
    ticks: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "percent", low=0.0, high=100.0)
        check_number(self, "ticks", low=0.0)

    def price(
        self, instrument: Instrument, side: Side, price: float, quantity: float, volume: float
    ) -> float:
        """The price worsened by half the spread."""
        return slip_half_spread(price, float(side), self.percent, self.ticks, instrument.tick)


@dataclass(frozen=True, slots=True)
class OptionsApart:
    """One model for options, whose spreads are wide, and another for everything else.

    Attributes:
        others: of everything else.
        options: of options.
    """

    others: SlippageModel
    options: SlippageModel

    def price(
        self, instrument: Instrument, side: Side, price: float, quantity: float, volume: float
    ) -> float:
        """What the model of its kind says."""
        model = self.options if instrument.type is AssetType.OPTION else self.others
        return model.price(instrument, side, price, quantity, volume)


@dataclass(frozen=True, slots=True)
class VolumeShareSlippage:
    """Impact that grows with the square of the order's share of the bar's volume.

    price x (1 +- impact x (quantity / volume)^2): the volume share model of zipline, whose default
    impact is 0.1. Beyond the whole volume the formula has no meaning, so the share counts at most
    as 1. A bar without volume says nothing about impact; trading in it is not free all the same,
    so it costs a stated percentage.

    Attributes:
        impact: share of the price lost by an order as large as the whole volume, 0..1.
        without_volume: percent of the price lost in a bar whose volume is unknown, 0..100.
    """

    impact: float = 0.1
    without_volume: float = 0.05

    def __post_init__(self) -> None:
        check_number(self, "impact", low=0.0, high=1.0)
        check_number(self, "without_volume", low=0.0, high=100.0)

    def price(
        self, instrument: Instrument, side: Side, price: float, quantity: float, volume: float
    ) -> float:
        """The price worsened by the order's impact."""
        percent = volume_share_percent(quantity, volume, self.impact, self.without_volume)
        return slip_percent(price, float(side), percent)
