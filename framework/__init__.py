"""Slipway: one Strategy class, backtested, floated on paper, sailed live."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from framework.names import HOME

__version__ = "0.1.0"

__all__ = [
    "AccountState",
    "Adaptive",
    "AllOf",
    "AllowedInstruments",
    "AssetType",
    "AtrSizing",
    "AtrStop",
    "AtrTarget",
    "BacktestSettings",
    "BarPointShare",
    "Bars",
    "BookGreeks",
    "BreakerState",
    "CashAccount",
    "Condition",
    "Conditions",
    "ConfigError",
    "ConstantVolatility",
    "DONE",
    "DailyLoss",
    "DailyLossMoney",
    "DataError",
    "DayTrading",
    "DeltaBand",
    "Dividend",
    "ErrorRate",
    "ExecutionCondition",
    "Fill",
    "FillPolicy",
    "FirstOf",
    "FixedSlippage",
    "FixedUnits",
    "HalfSpread",
    "Halt",
    "Hedge",
    "HedgeState",
    "History",
    "IbkrFinancing",
    "IbkrFixed",
    "IbkrTiered",
    "InputError",
    "Instrument",
    "Interval",
    "KellyFraction",
    "Leland",
    "Leverage",
    "LookaheadError",
    "MarginCondition",
    "MaxConcentration",
    "MaxDrawdown",
    "MaxGrossExposure",
    "MaxLoss",
    "MaxNetDelta",
    "MaxNetExposure",
    "MaxNetGamma",
    "MaxNetVega",
    "MaxOrderNotional",
    "MaxOrders",
    "MaxPositionPercent",
    "MaxPositions",
    "MaxRiskPerTrade",
    "MaxShares",
    "MoneyPerPosition",
    "NoCommission",
    "NoFinancing",
    "NoSlippage",
    "OcaType",
    "Offset",
    "OptionModel",
    "Order",
    "OrderContext",
    "OrderError",
    "OrderRequest",
    "OrderStatus",
    "OrderType",
    "OrderUpdate",
    "Origin",
    "Patience",
    "Peg",
    "PerOrder",
    "PerShare",
    "PercentChangeCondition",
    "PercentCommission",
    "PercentOfEquity",
    "PercentOfVolume",
    "PercentSlippage",
    "Position",
    "Premium",
    "Preview",
    "PriceCollar",
    "PriceCondition",
    "Protection",
    "QuoteModel",
    "Rates",
    "Refused",
    "RegT",
    "Result",
    "Right",
    "RiskPerTrade",
    "RunRecord",
    "Scale",
    "Series",
    "Settlement",
    "Shares",
    "Side",
    "Signal",
    "SignalAction",
    "SimpleInterest",
    "SizingRequest",
    "Sleeve",
    "SlipwayError",
    "SmallestOf",
    "StockSplit",
    "StopPercent",
    "Strategy",
    "StrategyError",
    "StrategyStoppedError",
    "Style",
    "Surface",
    "SweepResult",
    "SweepTrial",
    "TargetPercent",
    "Terms",
    "TimeCondition",
    "TimeInForce",
    "TimeStop",
    "Trade",
    "TrailingAmount",
    "TrailingAtr",
    "TrailingPercent",
    "Trip",
    "Twap",
    "Unlimited",
    "Vega",
    "VolatilitySeries",
    "VolatilityTarget",
    "VolumeCondition",
    "VolumeShare",
    "VolumeShareSlippage",
    "Vwap",
    "WhalleyWilmott",
    "all_of",
    "always",
    "any_of",
    "atr",
    "average_true_range",
    "bollinger_lower",
    "bollinger_upper",
    "butterfly",
    "calendar_spread",
    "call",
    "collar",
    "compare_runs",
    "connect",
    "covered_call",
    "crosses_above",
    "crosses_below",
    "diagonal",
    "ema",
    "figure_of",
    "flat",
    "hedge_lab",
    "highest",
    "iron_condor",
    "load_option_quotes",
    "long",
    "lowest",
    "macd",
    "macd_signal",
    "pct",
    "plot",
    "points",
    "print_comparison",
    "print_result",
    "put",
    "rate_of_change",
    "ratio_spread",
    "rsi",
    "run_backtest",
    "short",
    "sma",
    "sp500",
    "standard_deviation",
    "straddle",
    "strangle",
    "sweep",
    "synthetic_intraday",
    "synthetic_universe",
    "true_range",
    "vertical",
]


def __getattr__(name: str) -> object:
    if name not in HOME:
        raise AttributeError(f"module 'framework' has no attribute {name!r}")
    return getattr(import_module(HOME[name]), name)


def __dir__() -> list[str]:
    return list(__all__)


if TYPE_CHECKING:
    from framework.backtest.record import RunRecord
    from framework.backtest.settings import BacktestSettings
    from framework.brokers.simulated.policy import FillPolicy
    from framework.components.breakers import DailyLoss, DailyLossMoney, ErrorRate, MaxDrawdown
    from framework.components.commission import (
        IbkrFixed,
        IbkrTiered,
        NoCommission,
        PercentCommission,
        PerOrder,
        PerShare,
    )
    from framework.components.exits import (
        AtrStop,
        AtrTarget,
        StopPercent,
        TargetPercent,
        TimeStop,
        TrailingAmount,
        TrailingAtr,
        TrailingPercent,
    )
    from framework.components.financing import IbkrFinancing, NoFinancing, SimpleInterest
    from framework.components.greek_limits import MaxNetDelta, MaxNetGamma, MaxNetVega
    from framework.components.hedge import Hedge
    from framework.components.hedging import (
        AllOf,
        DeltaBand,
        FirstOf,
        Interval,
        Leland,
        WhalleyWilmott,
    )
    from framework.components.limits import (
        AllowedInstruments,
        MaxConcentration,
        MaxGrossExposure,
        MaxNetExposure,
        MaxOrderNotional,
        MaxOrders,
        MaxPositionPercent,
        MaxPositions,
        MaxRiskPerTrade,
        MaxShares,
        PriceCollar,
    )
    from framework.components.liquidity import BarPointShare, FixedUnits, Unlimited, VolumeShare
    from framework.components.margin import CashAccount, Leverage, RegT
    from framework.components.option_sizing import MaxLoss, Premium, Vega
    from framework.components.sizing import (
        AtrSizing,
        KellyFraction,
        MoneyPerPosition,
        PercentOfEquity,
        RiskPerTrade,
        Shares,
        SmallestOf,
        VolatilityTarget,
    )
    from framework.components.slippage import (
        FixedSlippage,
        HalfSpread,
        NoSlippage,
        PercentSlippage,
        VolumeShareSlippage,
    )
    from framework.components.venue.day_trading import DayTrading
    from framework.config.sleeves import Sleeve
    from framework.domain.actions import Dividend, StockSplit
    from framework.domain.bars import Bars
    from framework.domain.conditions import (
        Conditions,
        ExecutionCondition,
        MarginCondition,
        PercentChangeCondition,
        PriceCondition,
        TimeCondition,
        VolumeCondition,
        all_of,
        any_of,
    )
    from framework.domain.currency import Rates
    from framework.domain.events import Fill, Halt, OrderUpdate, Refused, Signal, SignalAction, Trip
    from framework.domain.instruments import AssetType, Instrument
    from framework.domain.ledger import Position
    from framework.domain.options import BookGreeks, Right, Settlement, Style
    from framework.domain.orders import (
        DONE,
        Offset,
        Order,
        OrderRequest,
        OrderStatus,
        OrderType,
        Origin,
        Protection,
        Side,
        TimeInForce,
        atr,
        pct,
        points,
    )
    from framework.domain.terms import (
        Adaptive,
        OcaType,
        Patience,
        Peg,
        PercentOfVolume,
        Scale,
        Terms,
        Twap,
        Vwap,
    )
    from framework.errors import (
        ConfigError,
        DataError,
        InputError,
        LookaheadError,
        OrderError,
        SlipwayError,
        StrategyError,
    )
    from framework.feeds.option_quotes import load_option_quotes
    from framework.feeds.sample import sp500
    from framework.feeds.synthetic import synthetic_intraday, synthetic_universe
    from framework.hedge_ports import HedgeState
    from framework.hedgelab.lab import hedge_lab
    from framework.indicators import (
        average_true_range,
        bollinger_lower,
        bollinger_upper,
        ema,
        highest,
        lowest,
        macd,
        macd_signal,
        rate_of_change,
        rsi,
        sma,
        standard_deviation,
        true_range,
    )
    from framework.options.builder import call, put
    from framework.options.model import OptionModel
    from framework.options.quotes import QuoteModel
    from framework.options.spreads import (
        butterfly,
        calendar_spread,
        collar,
        covered_call,
        diagonal,
        iron_condor,
        ratio_spread,
        straddle,
        strangle,
        vertical,
    )
    from framework.options.volatility import ConstantVolatility, Surface, VolatilitySeries
    from framework.ports import (
        AccountState,
        BreakerState,
        History,
        OrderContext,
        Preview,
        SizingRequest,
    )
    from framework.research.backtest import StrategyStoppedError, run_backtest
    from framework.research.compare import compare_runs
    from framework.research.plots import figure_of, plot
    from framework.research.report import print_comparison, print_result
    from framework.research.results import Result
    from framework.research.trades import Trade
    from framework.series import (
        Condition,
        Series,
        always,
        crosses_above,
        crosses_below,
        flat,
        long,
        short,
    )
    from framework.session.connecting import connect
    from framework.strategy import Strategy
    from framework.sweeps.result import SweepResult, SweepTrial
    from framework.sweeps.sweep import sweep
