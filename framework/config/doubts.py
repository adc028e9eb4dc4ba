"""What is allowed in a plan but hardly meant, said before it runs."""

from __future__ import annotations

__all__ = ["doubts_of"]

from collections.abc import Sequence

from framework.backtest.settings import BacktestSettings
from framework.calendar import DAY, TradingCalendar
from framework.components.breakers import DailyLoss, DailyLossMoney
from framework.components.commission import IbkrFixed, IbkrTiered
from framework.components.registry import component_name
from framework.domain.bars import Bars
from framework.domain.instruments import AssetType
from framework.feeds.resample import parse_frame

_NO_STOCK_EXCHANGES = ("24/5", "24/7", "CMES", "IEPA", "XCBF", "XEEE", "XEUR", "us_futures")
"""Calendars of currencies, crypto and derivatives, aliases resolved."""
_SEVERAL = ("are treated as stocks", "each of them")


def doubts_of(bars: Sequence[Bars], settings: BacktestSettings) -> tuple[str, ...]:
    """Warnings about parts that do not suit the bars, one sentence each.

    Raises:
        ConfigError: the commission has no fees for an instrument.
    """
    return (*_stock_fees(bars, settings), *_short_halts(bars, settings))


def _stock_fees(bars: Sequence[Bars], settings: BacktestSettings) -> tuple[str, ...]:
    """The US stock schedule charged on what no stock exchange trades."""
    model = settings.commission
    if not isinstance(model, IbkrFixed | IbkrTiered):
        return ()
    cash = settings.cash
    fees = {one.symbol: model.fee(one.instrument, _units(one, cash), cash, 0.0) for one in bars}
    odd = [series for series in bars if _is_stock_by_default(series)]
    if not odd:
        return ()
    first = odd[0].instrument
    names = ", ".join(series.symbol for series in odd[:5])
    more = f" and {len(odd) - 5} more" if len(odd) > 5 else ""
    treated, it = ("is treated as a stock", "it") if len(odd) == 1 else _SEVERAL
    return (
        f"{names}{more} {treated} in {first.currency}: {component_name(model)} charges "
        f"{fees[first.symbol]:,.2f} for {cash:,.2f} of {first.symbol}, whose calendar "
        f"{first.calendar} is no stock exchange's; give {it} a type in data/instruments.yaml, "
        "or another --commission.",
    )


def _units(bars: Bars, money: float) -> float:
    """How many that money buys at the last close."""
    return money / (float(bars.close[-1]) * bars.instrument.multiplier) if len(bars) else 0.0


def _is_stock_by_default(series: Bars) -> bool:
    instrument = series.instrument
    return (
        instrument.type is AssetType.STOCK
        and TradingCalendar(instrument.calendar).name in _NO_STOCK_EXCHANGES
    )


def _short_halts(bars: Sequence[Bars], settings: BacktestSettings) -> tuple[str, ...]:
    """A halt for the session, where every bar is one."""
    names = [
        component_name(one)
        for one in settings.breakers
        if isinstance(one, DailyLoss | DailyLossMoney)
    ]
    if not names or any(parse_frame(series.frame) < DAY for series in bars):
        return ()
    return tuple(
        f"{name} halts only until the next bar: bars of {bars[0].frame} are whole sessions or "
        "longer; use shorter bars, or max_drawdown, which halts for good."
        for name in dict.fromkeys(names)
    )
