"""Request: what a user asks for, before anything of it is looked up."""

from __future__ import annotations

__all__ = ["Request", "request_of"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from framework.brokers.simulated.policy import FillPolicy
from framework.config.account import ActionsSource, RatesSource
from framework.config.market import DataSource
from framework.config.options import HedgeSource, OptionsSource
from framework.config.parts import Many, Spec
from framework.config.runfile import RunFile
from framework.config.sleeves import Sleeve, sleeves_of, traded_by
from framework.domain.events import Signal
from framework.errors import ConfigError
from framework.feeds.answers import FileAnswers
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


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What a user asks for; None takes the default. `run_backtest` describes each.

    Attributes:
        strategy: a class, or what `find_strategy` takes; or several.
        data_sha256, rates_sha256, actions_sha256, signals_sha256: hashes the bars and the files
            must have.
        signals_tz: zone of signals without an offset; None is that given for the data.
        engine: whose broker plays the market.
        market_data: which quotes a session follows; None is live ones.
        what_if: of which orders a session asks the broker what they would do; None is of none.
    """

    strategy: str | type[object] | Sequence[Sleeve]
    parameters: Mapping[str, object] = field(default_factory=dict)
    data: DataSource | None = None
    symbols: Sequence[str] | None = None
    bar: str | None = None
    first: str | None = None
    last: str | None = None
    start: str | None = None
    begin: Literal["flat", "join"] = "flat"
    answers: FileAnswers = field(default_factory=FileAnswers)
    data_sha256: str | None = None
    cash: float | None = None
    leverage: float | None = None
    account: MarginModel | Spec | None = None
    currency: str | None = None
    rates: RatesSource | None = None
    rates_sha256: str | None = None
    financing: FinancingModel | Spec | None = None
    actions: ActionsSource | None = None
    actions_sha256: str | None = None
    weights: Mapping[str, float] | None = None
    sizing: Many[Sizer] | None = None
    commission: CommissionModel | Spec | None = None
    slippage: SlippageModel | Spec | None = None
    liquidity: LiquidityModel | Spec | None = None
    limits: Many[RiskRule | Breaker] = ()
    exits: Many[ExitRule] = ()
    rules: Many[OrderRule] | None = None
    fill: FillPolicy | Spec | Sequence[str] | None = None
    signals: str | Path | Sequence[Signal] | None = None
    signals_tz: str | None = None
    signals_sha256: str | None = None
    options: OptionsSource | None = None
    hedge: HedgeSource | None = None
    engine: Literal["slipway", "backtrader"] = "slipway"
    market_data: Literal["live", "delayed", "none"] | None = None
    what_if: Literal["never", "first"] | None = None

    @property
    def traded(self) -> Sequence[str] | None:
        """The symbols asked for; None for whatever the data hold."""
        strategy = self.strategy
        if self.symbols is None and not isinstance(strategy, str | type):
            return traded_by(strategy)
        return self.symbols


def request_of(run_file: RunFile) -> Request:
    """What a run file asks for.

    Raises:
        ConfigError: it names no strategy.
    """
    if run_file.strategy is None and not run_file.strategies:
        raise ConfigError(
            "No strategy is named.",
            "Write `slipway run STRATEGY`, or `strategy:` in the run file; "
            "`slipway strategies` lists them.",
        )
    data, signals = run_file.data, run_file.signals
    return Request(
        strategy=run_file.strategy or sleeves_of(run_file.strategies),
        parameters=run_file.parameters,
        data=data.sample if data.path is None else data.path,
        symbols=data.symbols,
        bar=data.bar,
        first=data.first,
        last=data.last,
        start=run_file.start,
        begin=run_file.begin,
        answers=FileAnswers(data.stamp, data.tz, data.calendar, data.prices, data.hours),
        data_sha256=data.sha256,
        cash=run_file.cash,
        leverage=run_file.leverage,
        account=run_file.account,
        currency=run_file.currency,
        rates=run_file.rates.constant or run_file.rates.path,
        rates_sha256=run_file.rates.sha256,
        financing=run_file.financing,
        actions=run_file.actions.path,
        actions_sha256=run_file.actions.sha256,
        weights=run_file.weights,
        sizing=run_file.sizing or None,
        commission=run_file.commission,
        slippage=run_file.slippage,
        liquidity=run_file.liquidity,
        limits=run_file.limits,
        exits=run_file.exits,
        rules=run_file.rules or None,
        fill=run_file.fill,
        signals=signals.path,
        signals_tz=signals.tz,
        signals_sha256=signals.sha256,
        options=run_file.options,
        hedge=run_file.hedge,
        engine=run_file.engine,
        market_data=run_file.market_data,
        what_if=run_file.what_if,
    )
