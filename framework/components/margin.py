"""Margin models: the money an account must hold for its positions.

A futures contract is margined by its own figures (`Instrument.initial_margin`,
`maintenance_margin`, money per unit); everything else by a share of its market value.
"""

from __future__ import annotations

__all__ = [
    "CashAccount",
    "Leverage",
    "RegT",
    "check_margins",
    "futures_margin",
    "levered",
    "short_maintenance",
]

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isinf

from framework.compiled import scalar
from framework.components.checks import check_number
from framework.components.option_margin import cash_option_margin, option_margin
from framework.domain.instruments import AssetType, Instrument
from framework.errors import ConfigError
from framework.hedge_ports import MarginHolding
from framework.ports import MarginModel

_LOW_PRICE = 5.0
"""Price below which a short stock is margined as a low-priced one, FINRA rule 4210(c)(2), (3)."""
_LOW_PRICE_LEAST = 2.5
"""Least money per low-priced unit sold short, FINRA rule 4210(c)(2)."""
_SHORT_LEAST = 5.0
"""Least money per other unit sold short, FINRA rule 4210(c)(3)."""

_PAID_IN_FULL = frozenset({AssetType.CRYPTO, AssetType.OPTION})
"""Kinds that lend nothing, and that a margin account here cannot be short of."""


def futures_margin(instrument: Instrument, quantity: float, maintenance: bool) -> float:
    """Units x the contract's own margin.

    Raises:
        ConfigError: the instrument does not say what it is.
    """
    name = "maintenance_margin" if maintenance else "initial_margin"
    each = instrument.maintenance_margin if maintenance else instrument.initial_margin
    if each is None:
        raise ConfigError(
            f"The future {instrument.symbol} has no {name}.",
            f"Give it in instruments.yaml, money per contract: {name}: 15000.",
        )
    return abs(quantity) * each


@scalar
def levered(value: float, times: float) -> float:
    """Money an unsigned `value` of positions needs where one unit of money carries `times`."""
    return value / times


def short_maintenance(units: float, price: float, multiplier: float, percent: float) -> float:
    """Maintenance margin of a short stock position, FINRA rule 4210(c)(2) and (3).

    At 5 or more: the greater of 5 per unit and `percent` (30) of the value; below 5: the greater
    of 2.50 per unit and the whole value.
    """
    if price < _LOW_PRICE:
        return units * multiplier * max(_LOW_PRICE_LEAST, price)
    return units * multiplier * max(_SHORT_LEAST, price * percent / 100.0)


@dataclass(frozen=True, slots=True)
class CashAccount:
    """Everything is paid in full and nothing sold short; futures by their own margins."""

    def initial(self, instrument: Instrument, quantity: float, price: float) -> float:
        """The value of what is bought; inf for a short position, which cannot be."""
        if instrument.type is AssetType.FUTURE:
            return futures_margin(instrument, quantity, maintenance=False)
        return quantity * instrument.multiplier * price if quantity >= 0.0 else inf

    def options(self, holdings: Sequence[MarginHolding], spots: Mapping[str, float]) -> float:
        """Longs and the strikes of short puts in full; calls on shares held."""
        return cash_option_margin(holdings, spots).initial

    def maintenance(self, instrument: Instrument, quantity: float, price: float) -> float:
        """Nothing for what is paid for: a debit a gap leaves is not called."""
        if instrument.type is AssetType.FUTURE:
            return futures_margin(instrument, quantity, maintenance=True)
        return 0.0


@dataclass(frozen=True, slots=True)
class RegT:
    """A US margin account: 50 % to open; 25 % to hold a long, 30 % a short position.

    Initial margin of stocks is that of Regulation T, 12 CFR 220.12(a) and (c), and never less than
    maintenance; maintenance that of FINRA rule 4210(c), for shorts with its least amounts per unit.
    Forex asks for the security deposit of 17 CFR 5.9(a)(1): 2 % of the value of major pairs (5 %
    of others). Crypto is paid in full and cannot be sold short. Options are margined together,
    `framework.components.option_margin` says how. Futures by their own margins. A broker may ask
    for more: set the percentages.

    Attributes:
        initial_percent: of the value of stocks, to open, above 0, at most 100.
        long_percent: of the value of stocks held, above 0, at most 100.
        short_percent: of the value of stocks sold short, above 0.
        forex_percent: of the value of forex, to open and to hold, above 0, at most 100.
    """

    initial_percent: float = 50.0
    long_percent: float = 25.0
    short_percent: float = 30.0
    forex_percent: float = 2.0

    def __post_init__(self) -> None:
        for name in ("initial_percent", "long_percent", "forex_percent"):
            check_number(self, name, above=0.0, high=100.0)
        check_number(self, "short_percent", above=0.0)

    def options(self, holdings: Sequence[MarginHolding], spots: Mapping[str, float]) -> float:
        """What `option_margin` says: longs in full, shorts by the exchanges' formulas, spreads by
        what they can lose."""
        return option_margin(holdings, spots).initial

    def initial(self, instrument: Instrument, quantity: float, price: float) -> float:
        """Money needed to open; inf for a short position this account cannot hold."""
        value = abs(quantity) * instrument.multiplier * price
        if instrument.type is AssetType.FUTURE:
            return futures_margin(instrument, quantity, maintenance=False)
        if instrument.type is AssetType.FOREX:
            return value * self.forex_percent / 100.0
        if instrument.type in _PAID_IN_FULL:
            return value if quantity >= 0.0 else inf
        least = self.maintenance(instrument, quantity, price)
        return max(value * self.initial_percent / 100.0, least)

    def maintenance(self, instrument: Instrument, quantity: float, price: float) -> float:
        """Money needed to hold."""
        value = abs(quantity) * instrument.multiplier * price
        if instrument.type is AssetType.FUTURE:
            return futures_margin(instrument, quantity, maintenance=True)
        if instrument.type is AssetType.FOREX:
            return value * self.forex_percent / 100.0
        if instrument.type in _PAID_IN_FULL:
            return value if quantity >= 0.0 else inf
        if quantity >= 0.0:
            return value * self.long_percent / 100.0
        return short_maintenance(abs(quantity), price, instrument.multiplier, self.short_percent)


@dataclass(frozen=True, slots=True)
class Leverage:
    """Positions of so many times the equity, long and short alike, whatever the instrument.

    Attributes:
        times: largest value of positions as a multiple of equity, >= 1; 1 borrows nothing.
        maintenance_percent: of the value of positions, 0..100; below it the broker liquidates. 0,
            the default, never does: the account of a plain backtest.
    """

    times: float = 1.0
    maintenance_percent: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "times", low=1.0)
        check_number(self, "maintenance_percent", low=0.0, high=100.0)
        if self.maintenance_percent > 100.0 / self.times:
            raise ConfigError(
                f"Leverage: holding asks for {self.maintenance_percent:g} %, opening for "
                f"{100.0 / self.times:g} %.",
                "Let maintenance_percent be at most 100 / times.",
            )

    def initial(self, instrument: Instrument, quantity: float, price: float) -> float:
        """The value divided by `times`."""
        return levered(abs(quantity) * instrument.multiplier * price, self.times)

    def maintenance(self, instrument: Instrument, quantity: float, price: float) -> float:
        """`maintenance_percent` of the value."""
        value = abs(quantity) * instrument.multiplier * price
        return value * self.maintenance_percent / 100.0


def check_margins(model: MarginModel, instruments: Iterable[Instrument]) -> None:
    """Ask for the margin of one unit of each, so that what is missing is named before a run.

    Raises:
        ConfigError: a future without its margins, or a model that answers with no amount of money.
    """
    for instrument in instruments:
        for answer in (
            model.initial(instrument, 1.0, 1.0),
            model.maintenance(instrument, 1.0, 1.0),
        ):
            if not answer >= 0.0 or isinf(answer):
                raise ConfigError(
                    f"The margin model {type(model).__name__} asks for {answer} to hold one "
                    f"{instrument.symbol}.",
                    "A margin is a finite amount of money, 0 or more.",
                )
