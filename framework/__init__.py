"""Slipway: one Strategy class, backtested, floated on paper, sailed live."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOME = {
    "BacktestSettings": "framework.backtest.settings",
    "Bars": "framework.domain.bars",
    "Condition": "framework.series",
    "Fill": "framework.domain.events",
    "FillPolicy": "framework.brokers.simulated.policy",
    "Instrument": "framework.domain.instruments",
    "Offset": "framework.domain.orders",
    "Order": "framework.domain.orders",
    "OrderUpdate": "framework.domain.events",
    "Position": "framework.domain.ledger",
    "Protection": "framework.domain.orders",
    "Refused": "framework.domain.events",
    "RunRecord": "framework.backtest.record",
    "Series": "framework.series",
    "Side": "framework.domain.orders",
    "Signal": "framework.domain.events",
    "SignalAction": "framework.domain.events",
    "SlipwayError": "framework.errors",
    "Strategy": "framework.strategy",
    "TimeInForce": "framework.domain.orders",
    "always": "framework.series",
    "atr": "framework.domain.orders",
    "average_true_range": "framework.indicators",
    "bollinger_lower": "framework.indicators",
    "bollinger_upper": "framework.indicators",
    "crosses_above": "framework.series",
    "crosses_below": "framework.series",
    "ema": "framework.indicators",
    "flat": "framework.series",
    "highest": "framework.indicators",
    "long": "framework.series",
    "lowest": "framework.indicators",
    "macd": "framework.indicators",
    "macd_signal": "framework.indicators",
    "pct": "framework.domain.orders",
    "points": "framework.domain.orders",
    "rate_of_change": "framework.indicators",
    "rsi": "framework.indicators",
    "short": "framework.series",
    "sma": "framework.indicators",
    "standard_deviation": "framework.indicators",
    "true_range": "framework.indicators",
}

__all__ = [
    "BacktestSettings",
    "Bars",
    "Condition",
    "Fill",
    "FillPolicy",
    "Instrument",
    "Offset",
    "Order",
    "OrderUpdate",
    "Position",
    "Protection",
    "Refused",
    "RunRecord",
    "Series",
    "Side",
    "Signal",
    "SignalAction",
    "SlipwayError",
    "Strategy",
    "TimeInForce",
    "always",
    "atr",
    "average_true_range",
    "bollinger_lower",
    "bollinger_upper",
    "crosses_above",
    "crosses_below",
    "ema",
    "flat",
    "highest",
    "long",
    "lowest",
    "macd",
    "macd_signal",
    "pct",
    "points",
    "rate_of_change",
    "rsi",
    "short",
    "sma",
    "standard_deviation",
    "true_range",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'framework' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return list(__all__)


if TYPE_CHECKING:
    from framework.backtest.record import (
        RunRecord as RunRecord,
    )
    from framework.backtest.settings import (
        BacktestSettings as BacktestSettings,
    )
    from framework.brokers.simulated.policy import (
        FillPolicy as FillPolicy,
    )
    from framework.domain.bars import (
        Bars as Bars,
    )
    from framework.domain.events import (
        Fill as Fill,
    )
    from framework.domain.events import (
        OrderUpdate as OrderUpdate,
    )
    from framework.domain.events import (
        Refused as Refused,
    )
    from framework.domain.events import (
        Signal as Signal,
    )
    from framework.domain.events import (
        SignalAction as SignalAction,
    )
    from framework.domain.instruments import (
        Instrument as Instrument,
    )
    from framework.domain.ledger import (
        Position as Position,
    )
    from framework.domain.orders import (
        Offset as Offset,
    )
    from framework.domain.orders import (
        Order as Order,
    )
    from framework.domain.orders import (
        Protection as Protection,
    )
    from framework.domain.orders import (
        Side as Side,
    )
    from framework.domain.orders import (
        TimeInForce as TimeInForce,
    )
    from framework.domain.orders import (
        atr as atr,
    )
    from framework.domain.orders import (
        pct as pct,
    )
    from framework.domain.orders import (
        points as points,
    )
    from framework.errors import (
        SlipwayError as SlipwayError,
    )
    from framework.indicators import (
        average_true_range as average_true_range,
    )
    from framework.indicators import (
        bollinger_lower as bollinger_lower,
    )
    from framework.indicators import (
        bollinger_upper as bollinger_upper,
    )
    from framework.indicators import (
        ema as ema,
    )
    from framework.indicators import (
        highest as highest,
    )
    from framework.indicators import (
        lowest as lowest,
    )
    from framework.indicators import (
        macd as macd,
    )
    from framework.indicators import (
        macd_signal as macd_signal,
    )
    from framework.indicators import (
        rate_of_change as rate_of_change,
    )
    from framework.indicators import (
        rsi as rsi,
    )
    from framework.indicators import (
        sma as sma,
    )
    from framework.indicators import (
        standard_deviation as standard_deviation,
    )
    from framework.indicators import (
        true_range as true_range,
    )
    from framework.series import (
        Condition as Condition,
    )
    from framework.series import (
        Series as Series,
    )
    from framework.series import (
        always as always,
    )
    from framework.series import (
        crosses_above as crosses_above,
    )
    from framework.series import (
        crosses_below as crosses_below,
    )
    from framework.series import (
        flat as flat,
    )
    from framework.series import (
        long as long,
    )
    from framework.series import (
        short as short,
    )
    from framework.strategy import (
        Strategy as Strategy,
    )
