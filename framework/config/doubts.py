"""What is allowed in a plan but hardly meant, said before it runs."""

from __future__ import annotations

__all__ = ["doubts_of", "strategy_doubts"]

from collections.abc import Iterator, Sequence
from inspect import isfunction
from types import CodeType

import numpy as np
from numpy.typing import NDArray

from framework.backtest.settings import BacktestSettings
from framework.calendar import DAY, TradingCalendar
from framework.components.breakers import DailyLoss, DailyLossMoney
from framework.components.commission import IbkrFixed, IbkrTiered
from framework.components.liquidity import BarPointShare, FixedUnits, VolumeShare
from framework.components.margin import Leverage
from framework.components.registry import component_name
from framework.domain.bars import Bars
from framework.domain.instruments import AssetType
from framework.errors import did_you_mean
from framework.feeds.resample import parse_frame
from framework.strategy import Strategy

_NO_STOCK_EXCHANGES = ("24/5", "24/7", "CMES", "IEPA", "XCBF", "XEEE", "XEUR", "us_futures")
"""Calendars of currencies, crypto and derivatives, aliases resolved."""
_SEVERAL = ("are treated as stocks", "each of them")
_FEWEST_OPENS = 100
_REPEATED = 0.3
"""Share of opens equal to the close before from which on they are no market's opens."""
_NEARLY_ALL = 0.9
_HOOKS = tuple(name for name in vars(Strategy) if name.startswith("on_"))


def doubts_of(bars: Sequence[Bars], settings: BacktestSettings) -> tuple[str, ...]:
    """Warnings about parts that do not suit the bars, one sentence each.

    Raises:
        ConfigError: the commission has no fees for an instrument.
    """
    return (
        *_repeated_opens(bars),
        *_stock_fees(bars, settings),
        *_short_halts(bars, settings),
        *_unknown_volume(bars, settings),
        *_cheap_shorts(settings),
    )


def _cheap_shorts(settings: BacktestSettings) -> Iterator[str]:
    """Options sold short in an account whose margin knows nothing of them."""
    if settings.options is not None and isinstance(settings.margin, Leverage):
        yield (
            "Options sold short need no more margin than their value here; a broker asks for far "
            "more: --account reg_t reckons as the exchanges do."
        )


def strategy_doubts(strategy: type[Strategy], has_signals: bool) -> tuple[str, ...]:
    """Warnings about methods of a strategy that will never be called, one sentence each."""
    called = {name for code in _codes(strategy) for name in code.co_names}
    lost = [
        name
        for name in dir(strategy)
        if name.startswith("on_")
        and not hasattr(Strategy, name)
        and callable(getattr(strategy, name))
        and name not in called
    ]
    found = tuple(
        f"{strategy.__name__}.{name} is no hook and is never called. {did_you_mean(name, _HOOKS)}"
        for name in lost
    )
    if has_signals or strategy.on_signal is Strategy.on_signal:
        return found
    return (
        *found,
        f"{strategy.__name__}.on_signal is never called: there are no signals; give --signals.",
    )


def _codes(strategy: type[Strategy]) -> Iterator[CodeType]:
    """The code of every method a strategy class or its bases define, nested functions included."""
    waiting: list[object] = [
        value.__code__
        for cls in strategy.__mro__
        if cls not in (Strategy, object)
        for value in vars(cls).values()
        if isfunction(value)
    ]
    while waiting:
        code = waiting.pop()
        if isinstance(code, CodeType):
            yield code
            waiting.extend(code.co_consts)


def _repeated_opens(bars: Sequence[Bars]) -> tuple[str, ...]:
    """Opens a vendor filled in with the close before."""
    found = [(series, repeated) for series in bars if (repeated := _repeats(series)) is not None]
    if not found:
        return ()
    (first, (rows, same)), others = found[0], [series.symbol for series, _ in found[1:]]
    more = f" and {len(others) - 5} more" if len(others) > 5 else ""
    also = f", as of {', '.join(others[:5])}{more}" if others else ""
    return (
        f"{first.symbol}: {100 * same.mean():.0f} % of the opens are the previous close"
        f"{_worst_years(first, rows, same)}{also}: market orders fill there at the price they were "
        "decided on and stops never gap.",
    )


def _repeats(series: Bars) -> tuple[NDArray[np.intp], NDArray[np.bool_]] | None:
    """Rows that open a session and whether they do so at the close before; None if few do."""
    rows = np.flatnonzero(np.diff(series.session)) + 1
    same = series.open[rows] == series.close[rows - 1]
    if len(series) < _FEWEST_OPENS or len(rows) == 0 or same.mean() <= _REPEATED:
        return None
    return rows, same


def _worst_years(series: Bars, rows: NDArray[np.intp], same: NDArray[np.bool_]) -> str:
    """The share in the years from the first on in which nearly all are, in brackets."""
    years = series.session[rows].astype("M8[D]").astype("M8[Y]").astype(np.int64) + 1970
    each = np.unique(years)
    shares = np.array([same[years == year].mean() for year in each])
    lasting = int(np.argmin(np.append(shares, 0.0) >= _NEARLY_ALL))
    if lasting in (0, len(each)):
        return ""
    return f" ({100 * same[years < each[lasting]].mean():.0f} % before {each[lasting]})"


def _stock_fees(bars: Sequence[Bars], settings: BacktestSettings) -> tuple[str, ...]:
    """The US stock schedule charged on what no stock exchange trades."""
    model = settings.commission
    if not isinstance(model, IbkrFixed | IbkrTiered):
        return ()
    cash = settings.cash
    fees = {
        one.symbol: model.fee(one.instrument, _units(one, cash), cash, 0.0, _last_day(one))
        for one in bars
    }
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


def _last_day(bars: Bars) -> int:
    return int(bars.session[-1]) if len(bars) else 0


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


def _unknown_volume(bars: Sequence[Bars], settings: BacktestSettings) -> tuple[str, ...]:
    """A cap on liquidity that has nothing to go by in some bars."""
    model = settings.liquidity
    if not isinstance(model, VolumeShare | BarPointShare | FixedUnits):
        return ()
    whole = "up to its count" if isinstance(model, FixedUnits) else "orders of any size"
    does = f"fills {whole} there" if model.without_volume == "fill" else "fills nothing there"
    shares = {series.symbol: float((series.volume == 0.0).mean()) for series in bars if len(series)}
    return tuple(
        f"{symbol}: {100 * share:.3g} % of the bars have no volume: {component_name(model)} {does} "
        f"(without_volume={model.without_volume})."
        for symbol, share in shares.items()
        if share > 0.0
    )
