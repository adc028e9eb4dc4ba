"""Doubled costs: the commission and the slippage of a run, twice."""

from __future__ import annotations

__all__ = ["DoubledCommission", "DoubledSlippage", "doubled"]

from dataclasses import dataclass, replace

from framework.backtest.settings import BacktestSettings
from framework.domain.instruments import Instrument
from framework.domain.orders import Side
from framework.ports import CommissionModel, SlippageModel


@dataclass(frozen=True, slots=True)
class DoubledCommission:
    """Twice what another schedule charges; what it pays back stays as it is."""

    charged: CommissionModel

    def fee(
        self,
        instrument: Instrument,
        quantity: float,
        notional: float,
        month_quantity: float,
        day: int,
    ) -> float:
        """Fee of one order's executions so far, in the instrument's currency."""
        fee = self.charged.fee(instrument, quantity, notional, month_quantity, day)
        return fee + max(0.0, fee)


@dataclass(frozen=True, slots=True)
class DoubledSlippage:
    """Twice as far from the price aimed at as another model."""

    paid: SlippageModel

    def price(
        self, instrument: Instrument, side: Side, price: float, quantity: float, volume: float
    ) -> float:
        """The price paid."""
        once = self.paid.price(instrument, side, price, quantity, volume)
        return once + (once - price)


def doubled(settings: BacktestSettings) -> BacktestSettings:
    """The settings with their costs doubled."""
    spread = settings.option_spread
    return replace(
        settings,
        commission=DoubledCommission(settings.commission),
        slippage=DoubledSlippage(settings.slippage),
        option_spread=None if spread is None else DoubledSlippage(spread),
    )
