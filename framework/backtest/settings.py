"""BacktestSettings: the parts a backtest is put together from, besides strategy and bars."""

from __future__ import annotations

__all__ = ["BacktestSettings"]

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import IbkrFixed
from framework.components.sizing import PercentOfEquity
from framework.components.slippage import PercentSlippage
from framework.domain.events import Signal
from framework.errors import ConfigError
from framework.ports import (
    Breaker,
    CommissionModel,
    ExitRule,
    LiquidityModel,
    OrderRule,
    RiskRule,
    Sizer,
    SlippageModel,
)


@dataclass(frozen=True, slots=True)
class BacktestSettings:
    """Everything that shapes a run; the defaults are printed with every result.

    Attributes:
        cash: opening cash, > 0.
        leverage: buying power as a multiple of equity, >= 1.
        sizer: how much to trade when a strategy reaches a side.
        commission: fee schedule.
        slippage: cost of market and stop fills.
        liquidity: how much of an order one bar can take; None for all of it.
        policy: how orders meet bars.
        order_rules: of the broker and the exchange, asked about every order.
        rules: judge risk-increasing orders, in this order.
        breakers: watch the account.
        exits: attached to every entry that leaves them open.
        signals: external predictions for `on_signal`, by time.
        start: nanoseconds UTC before which bars are history only; None is the first bar.
        weights: share of the account by symbol; None splits it equally.
    """

    cash: float = 100_000.0
    leverage: float = 1.0
    sizer: Sizer = field(default_factory=PercentOfEquity)
    commission: CommissionModel = field(default_factory=IbkrFixed)
    slippage: SlippageModel = field(default_factory=PercentSlippage)
    liquidity: LiquidityModel | None = None
    policy: FillPolicy = field(default_factory=FillPolicy)
    order_rules: tuple[OrderRule, ...] = ()
    rules: tuple[RiskRule, ...] = ()
    breakers: tuple[Breaker, ...] = ()
    exits: tuple[ExitRule, ...] = ()
    signals: tuple[Signal, ...] = ()
    start: int | None = None
    weights: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if not isfinite(self.cash) or self.cash <= 0:
            raise ConfigError(f"Cash is {self.cash}.", "Give an amount above 0 with --cash.")
        if not isfinite(self.leverage) or self.leverage < 1:
            raise ConfigError(f"Leverage is {self.leverage}.", "Give 1 or more with --leverage.")
        if self.weights is not None:
            total = sum(self.weights.values())
            if any(not 0 < w <= 1 for w in self.weights.values()) or total > 1 + 1e-9:
                raise ConfigError(
                    f"Weights are {dict(self.weights)}, together {total:g}.",
                    "Each must be above 0 and together at most 1.",
                )
