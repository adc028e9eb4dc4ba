"""Random programs every path can be asked to run: strategies, bars and settings from a seed."""

from __future__ import annotations

__all__ = ["FEES", "Program", "bar_program", "program"]

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.breakers import DailyLoss, DailyLossMoney, MaxDrawdown
from framework.components.commission import (
    IbkrFixed,
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
from framework.components.margin import Leverage
from framework.components.sizing import (
    MoneyPerPosition,
    PercentOfEquity,
    RiskPerTrade,
    Shares,
    SmallestOf,
)
from framework.components.slippage import (
    FixedSlippage,
    HalfSpread,
    NoSlippage,
    PercentSlippage,
)
from framework.components.venue.sets import IB_RULES
from framework.domain.bars import Bars
from framework.domain.instruments import AssetType, Instrument
from framework.ports import Sizer
from framework.strategy import Strategy
from tests.builders import Row, bars_of
from tests.property.path_strategies import Prices, called, declared

FEES = """
stock:
  - valid_from: 2019-04-16
    source: invented
    seen: 2026-11-20
    fixed:
      any: {rate: 0.005, minimum: 1.00, maximum_percent: 1}
  - valid_from: 2020-04-01
    source: invented
    seen: 2026-11-20
    fixed:
      any: {percent: 0.08, minimum: 0.50, maximum_percent: 2}
  - valid_from: 2020-06-15
    source: invented
    seen: 2026-11-20
    fixed:
      any: {rate: 0.02, minimum: 3.00, maximum_percent: 0.5}
"""
"""A schedule whose fees change twice within the bars."""

PER_SESSION = 13


@dataclass(frozen=True)
class Program:
    """A strategy class, what it trades, and the parts of its run."""

    strategy: type[Strategy]
    bars: tuple[Bars, ...]
    settings: BacktestSettings


def program(seed: int, fees: str, length: int = 0) -> Program:
    """A strategy of declared conditions on one to four symbols.

    Args:
        seed: of everything.
        fees: file of `FEES`.
        length: bars; 60 to 160 by chance without it.
    """
    chance = random.Random(seed)
    market = Prices.of(chance)
    symbols = ["AAA", "BBB", "CCC", "DDD"][: chance.choice([1, 1, 1, 2, 3, 4])]
    bars = _bars(chance, symbols, market, length or chance.randint(60, 160))
    settings = _settings(chance, bars, market, fees)
    if chance.random() < 0.4:
        settings = replace(settings, breakers=_breakers(chance, settings.cash))
    return Program(declared(seed, market), bars, settings)


def bar_program(seed: int, fees: str, length: int = 0) -> Program:
    """A strategy with an `on_bar` on one symbol; the arguments are those of `program`."""
    chance = random.Random(seed + 1_000_000)
    market = Prices.of(chance)
    bars = _bars(chance, ["AAA"], market, length or chance.randint(60, 160))
    settings = _settings(chance, bars, market, fees)
    return Program(called(seed, market), bars, settings)


# bars ------------------------------------------------------------------------------------------


def _bars(
    chance: random.Random, symbols: Sequence[str], market: Prices, length: int
) -> tuple[Bars, ...]:
    """Daily or intraday bars of all symbols at the same times."""
    intraday = chance.random() < 0.5
    numbers = range(length)
    times: dict[str, Any] = {"sessions": list(numbers), "frame": "1d"}
    if intraday:
        times["sessions"] = [k // PER_SESSION for k in numbers]
        times["minutes"] = [30 * (PER_SESSION - 1 - k % PER_SESSION) for k in numbers]
        times["frame"] = "30m"
    found = []
    for symbol in symbols:
        one = bars_of(_rows(chance, market, length), symbol, **times)
        found.append(replace(one, instrument=_instrument(chance, symbol, market)))
    return tuple(found)


def _instrument(chance: random.Random, symbol: str, market: Prices) -> Instrument:
    tick = chance.choice([0.01, 0.01, 0.05, 0.25, 0.0001, 0.0])
    bands: tuple[tuple[float, float], ...] = ()
    if chance.random() < 0.3:
        bands = ((round(market.level * 0.9, 1), 0.01), (round(market.level * 1.2, 1), 0.05))
    kind = chance.choice([AssetType.STOCK] * 12 + [AssetType.CRYPTO, AssetType.FUTURE])
    margin = market.level * 0.3 if kind is AssetType.FUTURE else None
    return Instrument(
        symbol,
        kind,
        tick=tick,
        lot=chance.choice([*[1.0] * 7, 100.0, 100.0, 0.001, 0.1, 0.0]),
        multiplier=chance.choice([1.0, 1.0, 1.0, 10.0, 0.1]),
        tick_bands=bands,
        initial_margin=margin,
        maintenance_margin=margin,
    )


def _rows(chance: random.Random, market: Prices, length: int) -> list[Row]:
    """A walk with gaps, bars without wicks, bars without a range, and stretches of those."""
    rows: list[Row] = []
    close, still = market.level, 0
    for _ in range(length):
        if still == 0 and chance.random() < 0.03:
            still = chance.randint(2, 12)
        if still:
            still -= 1
            rows.append((close, close, close, close))
            continue
        gap = chance.choice([0.0, 0.0, 0.0, 1.0, -1.0, 4.0]) * chance.choice([1.0, 1.0, -1.0])
        opening = _printed(close * (1.0 + gap * market.step), market)
        close = _printed(opening * (1.0 + chance.gauss(0.0, market.step)), market)
        wick = market.step * chance.choice([0.0, 0.5, 2.0])
        high = max(_printed(max(opening, close) * (1.0 + wick * chance.random()), market), opening)
        low = min(_printed(min(opening, close) * (1.0 - wick * chance.random()), market), opening)
        rows.append((opening, max(high, close), min(low, close), close))
    return rows


def _printed(price: float, market: Prices) -> float:
    """A price as the market prints it, never 0, never too far from where it began."""
    price = min(max(price, market.level / 8.0), market.level * 8.0)
    if market.digits is None:
        return price
    return max(round(price, market.digits), 10.0**-market.digits)


# settings ----------------------------------------------------------------------------------------


def _settings(
    chance: random.Random, bars: Sequence[Bars], market: Prices, fees: str
) -> BacktestSettings:
    cash = market.level * chance.choice([100.0 / 3.0, 300.0, 1_000.0, 1_000.0, 30_000.0])
    start, weights = None, None
    if chance.random() < 0.3:
        row = chance.randint(1, len(bars[0]) // 2)
        start = int(bars[0].close_time[row]) - chance.choice([0, 1])
    if len(bars) > 1 and chance.random() < 0.4:
        weights = {one.symbol: round(chance.uniform(0.05, 1.0 / len(bars)), 3) for one in bars}
    lending: dict[str, Any] = {}
    if chance.random() < 0.4:
        lending["leverage"] = chance.choice([1.5, 2.0, 3.0, 4.0])
    elif chance.random() < 0.2:
        lending["account"] = Leverage(chance.choice([1.0, 2.5]))
    sizer = _sizer(chance, cash)
    exits = chance.sample(_exits(market), chance.choice([0, 0, 0, 1, 1, 2]))
    if chance.random() < 0.12:
        sizer = RiskPerTrade(chance.choice([1.0, 5.0]))
        exits = [chance.choice([StopPercent(2.0), TrailingPercent(2.5)]), *exits]
    return BacktestSettings(
        cash=cash,
        commission=chance.choice(_commissions(fees)),
        slippage=chance.choice(_slippages(market)),
        sizer=sizer,
        exits=tuple(exits),
        policy=_policy(chance),
        order_rules=IB_RULES if chance.random() < 0.15 else (),
        start=start,
        weights=weights,
        **lending,
    )


def _commissions(fees: str) -> list[Any]:
    return [
        NoCommission(),
        PercentCommission(0.1),
        PercentCommission(0.05, fixed=0.3, minimum=1.5),
        PerShare(0.01),
        PerShare(0.005, minimum=1.0, maximum_percent=0.5, per_order=0.35),
        PerOrder(2.5),
        IbkrFixed(),
        IbkrFixed(fees),
        IbkrFixed(fees),
    ]


def _slippages(market: Prices) -> list[Any]:
    return [
        NoSlippage(),
        FixedSlippage(market.level * 0.001),
        PercentSlippage(0.05),
        PercentSlippage(2.0),
        HalfSpread(),
        HalfSpread(0.5, 3.0),
    ]


def _sizer(chance: random.Random, cash: float) -> Sizer:
    some: list[Sizer] = [
        Shares(chance.choice([10.0, 30.0, 100.0, 7.5, 0.25])),
        MoneyPerPosition(cash * chance.choice([0.2, 0.9, 1.5])),
        PercentOfEquity(chance.choice([95.0, 95.0, 40.0, 40.0, 100.0, 180.0, 0.01])),
    ]
    plain = chance.choice(some)
    if chance.random() < 0.15:
        return SmallestOf((plain, SmallestOf((some[1], some[2]))))
    return plain


def _exits(market: Prices) -> list[Any]:
    return [
        StopPercent(2.0),
        TargetPercent(3.0),
        AtrStop(1.5, 5),
        AtrTarget(2.0, 7),
        TrailingPercent(2.5),
        TrailingAmount(market.level * 0.02),
        TrailingAtr(2.0, 6),
        TimeStop(3),
        TimeStop(8),
    ]


def _policy(chance: random.Random) -> FillPolicy:
    return FillPolicy(
        intrabar=chance.choice(["pessimistic", "pessimistic", "next_bar"]),
        gap_slip=chance.random() < 0.8,
        slip_cap=chance.choice(["none", "none", "range"]),
        limit_slip_cap=chance.choice(["range", "none"]),
        stop_limit_gap=chance.choice(["open", "stop"]),
        participation=chance.choice(["bar", "order"]),
        quoted_spread=chance.choice([2.0, 5.0]),
    )


def _breakers(chance: random.Random, cash: float) -> tuple[Any, ...]:
    every = [
        DailyLoss(chance.choice([0.3, 1.0, 3.0])),
        DailyLoss(0.6),
        DailyLossMoney(cash * chance.choice([0.002, 0.01])),
        MaxDrawdown(chance.choice([2.0, 6.0, 15.0])),
    ]
    return tuple(chance.sample(every, chance.randint(1, 3)))
