"""Models: the parts a simulated broker is put together from."""

from __future__ import annotations

__all__ = ["Models"]

from dataclasses import dataclass

from framework.ports import CommissionModel, LiquidityModel, SlippageModel


@dataclass(frozen=True, slots=True)
class Models:
    """What a simulated broker charges, and what its market gives.

    Attributes:
        commission: fee schedule.
        slippage: cost of aggressive fills.
        liquidity: how much of an order one bar can take; None for all of it.
        leverage: buying power as a multiple of equity, for policies that check cash at the fill.
    """

    commission: CommissionModel
    slippage: SlippageModel
    liquidity: LiquidityModel | None = None
    leverage: float = 1.0
