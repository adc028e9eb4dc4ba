"""Models: the parts a simulated broker is put together from."""

from __future__ import annotations

__all__ = ["Models"]

from dataclasses import dataclass, field

from framework.domain.actions import CorporateAction
from framework.domain.currency import Rates
from framework.ports import (
    CommissionModel,
    FinancingModel,
    LiquidityModel,
    MarginModel,
    SlippageModel,
)


@dataclass(frozen=True, slots=True)
class Models:
    """What a simulated broker charges, and what its market gives.

    Attributes:
        commission: fee schedule.
        slippage: cost of aggressive fills.
        liquidity: how much of an order one bar can take; None for all of it.
        leverage: buying power as a multiple of equity, for policies that check cash at the fill.
        margin: what positions need; None for an account that is never called.
        financing: what holding costs; None for nothing.
        actions: dividends and splits.
        rates: exchange rates, of the account's currency.
        lists_options: whether options may come to be traded while it runs.
        owned: whether lots are kept by the strategies whose orders opened them: where several trade
            the same instrument.
    """

    commission: CommissionModel
    slippage: SlippageModel
    liquidity: LiquidityModel | None = None
    leverage: float = 1.0
    margin: MarginModel | None = None
    financing: FinancingModel | None = None
    actions: tuple[CorporateAction, ...] = ()
    rates: Rates = field(default_factory=Rates)
    lists_options: bool = False
    owned: bool = False
