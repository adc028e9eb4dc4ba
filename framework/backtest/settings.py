"""BacktestSettings: the parts a backtest is put together from, besides strategy and bars."""

from __future__ import annotations

__all__ = ["BacktestSettings"]

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Literal

from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import IbkrFixed
from framework.components.financing import NoFinancing
from framework.components.margin import Leverage
from framework.components.sizing import PercentOfEquity
from framework.components.slippage import PercentSlippage
from framework.domain.actions import CorporateAction
from framework.domain.currency import Rates
from framework.domain.events import Signal
from framework.errors import ConfigError
from framework.hedge_ports import HedgePlan
from framework.options.model import OptionModel
from framework.options.quotes import QuoteModel
from framework.ports import (
    Breaker,
    CommissionModel,
    ExitRule,
    FinancingModel,
    LiquidityModel,
    MarginModel,
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
        account: what positions need; None for `leverage` and no margin calls.
        financing: what holding costs and earns.
        actions: dividends and splits; what the bars' prices already contain is not booked.
        rates: exchange rates and the account's currency; None where all bars share one currency.
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
        begin: "flat" waits for the next signal; "join" takes the side it would hold by the start.
        weights: share of the account by symbol; None splits it equally.
        options: the options that are listed, and their prices; None for none.
        option_spread: cost of market fills of options; None is `slippage`.
        hedge: how books of options are hedged; None for not at all.
        owned: whether several strategies trade the same symbol, each with a position of its own.
    """

    cash: float = 100_000.0
    leverage: float = 1.0
    account: MarginModel | None = None
    financing: FinancingModel = field(default_factory=NoFinancing)
    actions: tuple[CorporateAction, ...] = ()
    rates: Rates | None = None
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
    begin: Literal["flat", "join"] = "flat"
    weights: Mapping[str, float] | None = None
    options: OptionModel | QuoteModel | None = None
    option_spread: SlippageModel | None = None
    hedge: HedgePlan | None = None
    owned: bool = False

    def __post_init__(self) -> None:
        if not isfinite(self.cash) or self.cash <= 0:
            raise ConfigError(f"Cash is {self.cash}.", "Give an amount above 0 with --cash.")
        if not isfinite(self.leverage) or self.leverage < 1:
            raise ConfigError(f"Leverage is {self.leverage}.", "Give 1 or more with --leverage.")
        if self.account is not None and self.leverage != 1.0:
            raise ConfigError(
                f"There is an account and a leverage of {self.leverage:g}.",
                f"Give one of them: --account leverage:{self.leverage:g}, or no --leverage.",
            )
        if self.hedge is not None and self.options is None:
            raise ConfigError(
                "There is a hedge and no options to be hedged.",
                "Give them a volatility: --volatility 0.2, or `options:` in the run file.",
            )
        if self.policy.cash_check != "door" and not isinstance(self.margin, Leverage):
            raise ConfigError(
                "A policy that checks cash at the fill knows no margin rules.",
                "Use --account leverage:TIMES with it, or another --fill.",
            )
        if self.weights is not None:
            total = sum(self.weights.values())
            if any(not 0 < w <= 1 for w in self.weights.values()) or total > 1 + 1e-9:
                raise ConfigError(
                    f"Weights are {dict(self.weights)}, together {total:g}.",
                    "Each must be above 0 and together at most 1.",
                )

    @property
    def margin(self) -> MarginModel:
        """What positions need."""
        return Leverage(self.leverage) if self.account is None else self.account

    @property
    def times(self) -> float:
        """Buying power as a multiple of equity, 1 where the account knows no such number."""
        return self.margin.times if isinstance(self.margin, Leverage) else 1.0
