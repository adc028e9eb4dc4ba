"""Random whole runs: strategies that use every verb and order, on whatever bars and settings."""

from __future__ import annotations

__all__ = ["EURO", "Program", "program"]

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np

from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.breakers import DailyLoss, MaxDrawdown
from framework.components.commission import IbkrFixed, NoCommission, PerShare
from framework.components.exits import TimeStop
from framework.components.financing import IbkrFinancing, NoFinancing
from framework.components.liquidity import FixedUnits, VolumeShare
from framework.components.margin import CashAccount, Leverage, RegT
from framework.components.sizing import PercentOfEquity, Shares
from framework.components.slippage import NoSlippage, PercentSlippage
from framework.domain.actions import CorporateAction, Dividend, StockSplit
from framework.domain.bars import Bars, PriceBasis
from framework.domain.conditions import (
    Conditions,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
    any_of,
)
from framework.domain.currency import Rates
from framework.domain.instruments import AssetType
from framework.domain.orders import Offset, Order, pct, points
from framework.domain.terms import (
    Adaptive,
    OcaType,
    Peg,
    PercentOfVolume,
    Scale,
    Terms,
    Twap,
    Vwap,
)
from framework.strategy import Strategy
from tests.builders import Row, bars_of, day_number, five_minutes

BARS, PER_SESSION = 24, 4
EURO = 1.2
"""Dollars for one, always."""
KINDS = ("stocks", "peers", "extended", "futures", "stocks")
"""What is run by seed: stocks, another engine's fill policy, hours outside the regular ones,
contracts that expire and roll."""


@dataclass(frozen=True)
class Program:
    """A strategy, what it trades, and the parts of its run."""

    strategy: type[Strategy]
    bars: tuple[Bars, ...]
    settings: BacktestSettings


# programs ----------------------------------------------------------------------------------


def program(seed: int) -> Program:
    """The program of a seed: one or two instruments, daily or in five-minute bars."""
    chance = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    symbols = ("AAA", "BBB")[: chance.choice([1, 2, 2])]
    intraday = chance.random() < 0.4
    sessions = BARS // PER_SESSION if intraday else BARS
    actions = () if kind == "futures" else _actions(chance, symbols, sessions)
    lot = chance.choice([1.0, 1.0, 1.0, 1.0, 0.1])
    bars = [_bars(chance, symbol, intraday, lot, actions) for symbol in symbols]
    if chance.random() < 0.3:
        bars = [_with_gaps(chance, one) for one in bars]
    if kind == "extended" and intraday:
        skipped = chance.choice([0, PER_SESSION - 1])
        bars = [replace(b, regular=np.arange(len(b)) % PER_SESSION != skipped) for b in bars]
    if kind == "futures":
        bars = [_contract(chance, one, symbols, sessions) for one in bars]
    if kind in ("stocks", "extended") and len(bars) == 2 and chance.random() < 0.4:
        bars[1] = replace(bars[1], instrument=replace(bars[1].instrument, currency="EUR"))
    settings = _settings(chance, kind, actions)
    return Program(_strategy(seed, chance.random() < 0.6), tuple(bars), settings)


def _actions(
    chance: random.Random, symbols: Sequence[str], sessions: int
) -> tuple[CorporateAction, ...]:
    """Splits in both directions, and dividends from next to nothing to too much."""
    found: list[CorporateAction] = []
    splits = chance.random() < 0.4

    def day() -> int:
        return day_number(chance.randint(1, sessions - 1))

    for symbol in symbols:
        if splits:
            found.append(StockSplit(symbol, day(), chance.choice([2.0, 3.0, 0.5, 0.1, 1.5])))
        if chance.random() < 0.4:
            found.append(Dividend(symbol, day(), chance.choice([0.5, 2.0, 0.005])))
    return tuple(found)


def _bars(
    chance: random.Random,
    symbol: str,
    intraday: bool,
    lot: float,
    actions: Sequence[CorporateAction],
) -> Bars:
    """Prices as they traded, splits included, on volumes from none to plenty."""
    rows = _rows(chance)
    bars = (
        five_minutes(rows, PER_SESSION, symbol, lot=lot)
        if intraday
        else bars_of(rows, symbol, lot=lot)
    )
    scale = np.ones(BARS)
    for action in actions:
        if isinstance(action, StockSplit) and action.symbol == symbol:
            scale[bars.session >= action.day] *= action.ratio
    volumes = [chance.choice([0.0, 20.0, 50.0, 100.0, 1_000.0, 1e6]) for _ in range(BARS)]
    return replace(
        bars,
        open=bars.open / scale,
        high=bars.high / scale,
        low=bars.low / scale,
        close=bars.close / scale,
        volume=np.array(volumes),
        prices=PriceBasis.RAW,
    )


def _rows(chance: random.Random) -> list[Row]:
    """A walk with gaps, bars without wicks and bars without a range."""
    rows: list[Row] = []
    close = 100.0
    for _ in range(BARS):
        opening = close * (1.0 + chance.choice([0.0, 0.0, 0.01, -0.01, 0.03, -0.03, 0.1, -0.1]))
        close = opening * (1.0 + chance.choice([0.0, 0.01, -0.01, 0.02, -0.02, 0.06, -0.06]))
        high = max(opening, close) * (1.0 + chance.choice([0.0, 0.005, 0.02]))
        low = min(opening, close) * (1.0 - chance.choice([0.0, 0.005, 0.02]))
        rows.append((round(opening, 2), round(high, 2), round(low, 2), round(close, 2)))
    return rows


def _with_gaps(chance: random.Random, bars: Bars) -> Bars:
    """The bars without every seventh or so, as of an instrument that does not always trade."""
    kept = np.array([k == 0 or chance.random() > 0.15 for k in range(BARS)])
    columns = ("close_time", "session", "session_close", "open", "high", "low", "close", "volume")
    return replace(bars, **{name: getattr(bars, name)[kept] for name in columns})


def _contract(chance: random.Random, bars: Bars, symbols: Sequence[str], sessions: int) -> Bars:
    """The bars as a future's, the first of two rolling into the second."""
    rolls = bars.symbol == "AAA" and len(symbols) == 2
    half = sessions // 2
    expiry = chance.randint(2, half) if rolls else chance.randint(half + 1, sessions - 1)
    future = replace(
        bars.instrument,
        type=AssetType.FUTURE,
        multiplier=5.0,
        expiry=day_number(expiry),
        next_contract="BBB" if rolls else None,
        roll_days=chance.choice([0, 1, 2]),
        initial_margin=60.0,
        maintenance_margin=40.0,
    )
    return replace(bars, instrument=future, prices=PriceBasis.TOTAL)


def _settings(
    chance: random.Random, kind: str, actions: tuple[CorporateAction, ...]
) -> BacktestSettings:
    peers = kind == "peers"
    accounts = [None] if peers else [None, RegT(), _NARROW, _NARROW, CashAccount()]
    account = chance.choice(accounts)
    sizers = [Shares(10.0), PercentOfEquity(270.0 if account is _NARROW else 60.0)]
    return BacktestSettings(
        cash=chance.choice([10_000.0, 2_000.0, 100_000.0]),
        commission=chance.choice([NoCommission(), IbkrFixed(), PerShare(0.01, minimum=1.0)]),
        slippage=chance.choice([NoSlippage(), PercentSlippage(0.1)]),
        liquidity=chance.choice(
            [
                None,
                None,
                FixedUnits(5.0),
                FixedUnits(3.7),
                VolumeShare(20.0),
                VolumeShare(10.0, "refuse"),
            ]
        ),
        account=account,
        financing=chance.choice([NoFinancing(), IbkrFinancing(4.0)]),
        actions=actions,
        rates=Rates.constant("USD", {"EUR": EURO}) if kind in ("stocks", "extended") else None,
        breakers=chance.choice([(), (), (MaxDrawdown(15.0),), (DailyLoss(3.0),)]),
        exits=() if peers else chance.choice([(), (), (TimeStop(3),)]),
        sizer=chance.choice(sizers),
        policy=chance.choice(_PEERS if peers else _OWN),
    )


_NARROW = Leverage(3.0, 33.0)
"""An account whose margin calls are not long in coming."""
_OWN = (
    FillPolicy(),
    FillPolicy(),
    FillPolicy(intrabar="path"),
    FillPolicy(intrabar="next_bar"),
    FillPolicy(queue="submission"),
    FillPolicy(late_exits="exact"),
)
_PEERS = (
    FillPolicy.backtesting_py(),
    FillPolicy.backtrader(),
    FillPolicy.backtrader(slip_match=False, coc=True),
)


# decisions ---------------------------------------------------------------------------------


def _strategy(seed: int, several: bool) -> type[Strategy]:
    """Up to three decisions a bar. What is decided depends on the instant alone, so that a run cut
    short decides alike."""

    class Random(Strategy):
        universe = several

        def on_bar(self) -> None:
            chance = random.Random(f"{seed} {self.symbols} {self.now}")
            for _ in range(chance.choice([0, 0, 1, 1, 2, 3])):
                symbol = chance.choice(self.symbols)
                closes = self.data[symbol].close
                if len(closes):
                    _decide(self, Draw.of(chance, symbol, float(closes[-1])))

    return Random


@dataclass(frozen=True)
class Draw:
    """The chances of one decision: a side and units of a symbol at its present close."""

    chance: random.Random
    symbol: str
    close: float
    side: int
    units: float

    @classmethod
    def of(cls, chance: random.Random, symbol: str, close: float) -> Draw:
        """A side and a number of units, one in three not of whole lots."""
        part = 1.0 if chance.random() < 0.7 else 0.1 * chance.randint(1, 13)
        units = chance.choice([3.0, 7.0, 10.0, 20.0, 50.0]) * part
        return cls(chance, symbol, close, chance.choice([1, -1]), units)

    def beyond(self, *shares: float) -> float:
        """A price above the close for a buyer, below it for a seller, by one of the shares."""
        return self.close * (1.0 + self.side * self.chance.choice(shares))

    def distance(self) -> Offset:
        """A distance of a few percent."""
        return self.chance.choice([pct(3), pct(8), points(self.close * 0.04)])

    def protection(self) -> dict[str, Any]:
        """None for every second entry, else any mix of prices and distances."""
        chance, found = self.chance, dict[str, Any]()
        if chance.random() < 0.5:
            return found
        if chance.random() < 0.7:
            found["stop_loss"] = self.distance() if chance.random() < 0.6 else self.beyond(-0.06)
        if chance.random() < 0.5:
            found["take_profit"] = self.distance() if chance.random() < 0.6 else self.beyond(0.06)
        if chance.random() < 0.3:
            found["trail"] = self.distance()
        return found


def _decide(strategy: Strategy, draw: Draw) -> None:
    """One verb. Half of them are orders."""
    chance, symbol, orders = draw.chance, draw.symbol, strategy.orders
    match chance.choice(_VERBS):
        case "order":
            _order(strategy, draw)
        case "side":
            go = strategy.go_long if draw.side > 0 else strategy.go_short
            go(symbol=symbol, **draw.protection())
        case "renew":
            _renew(strategy, draw)
        case "close":
            strategy.close(symbol=symbol)
        case "target":
            strategy.target(draw.side * draw.units, symbol=symbol, **draw.protection())
        case "percent":
            strategy.target_percent(chance.choice([-90.0, 0.0, 30.0, 250.0]), symbol=symbol)
        case "weights":
            weight = chance.choice([-0.4, 0.0, 0.4, 0.8])
            strategy.target_weights({symbol: weight}, tolerance=0.02)
        case "cancel" if orders:
            strategy.cancel(chance.choice(orders))
        case "modify" if orders:
            _modify(strategy, draw, chance.choice(orders))
        case "cancel_all":
            strategy.cancel_all()


_VERBS = (
    *["order"] * 6,
    *["side", "modify"] * 2,
    *["renew", "close", "target", "percent", "weights", "cancel", "cancel_all"],
)


def _renew(strategy: Strategy, draw: Draw) -> None:
    """Ask for the side that is held, with other protection."""
    held = sum(p.quantity for p in strategy.positions if p.symbol == draw.symbol)
    stop = draw.close * 0.95
    if held > 0.0:
        strategy.go_long(symbol=draw.symbol, stop_loss=stop, trail=pct(7))
    elif held < 0.0:
        strategy.go_short(symbol=draw.symbol, stop_loss=pct(9), take_profit=draw.close * 0.9)


def _modify(strategy: Strategy, draw: Draw, order: Order) -> None:
    chance, changes = draw.chance, dict[str, Any]()
    if order.trail is not None:
        changes["trailing"] = pct(4)
    else:
        for name, price in (("limit", order.limit), ("stop", order.stop)):
            if price is not None:
                changes[name] = price * chance.choice([0.98, 1.02])
    if order.parent is None and chance.random() < 0.5:
        changes["quantity"] = order.quantity * chance.choice([0.5, 2.0])
    if changes:
        strategy.modify(order, **changes)


def _order(strategy: Strategy, draw: Draw) -> None:
    """A buy or sell of any type, time in force, group and condition, protected or not."""
    chance = draw.chance
    arguments, terms = _typed(draw)
    if chance.random() < 0.2:
        terms["conditions"] = _conditions(strategy, draw)
    tif = chance.choice(["DAY", "GTC", "GTC", "IOC", "FOK", "GTD"])
    if tif == "GTD" and arguments.get("at") == "open":
        tif = "DAY"
    if tif == "GTD":
        terms["good_till"] = strategy.now + timedelta(days=chance.randint(1, 4))
    if chance.random() < 0.2:
        arguments["oca"] = chance.choice(["g", "h"])
        terms["oca_type"] = chance.choice(list(OcaType))
    go = strategy.buy if draw.side > 0 else strategy.sell
    go(
        draw.units,
        symbol=draw.symbol,
        tif=tif,
        terms=Terms(**terms),
        **arguments,
        **draw.protection(),
    )


def _typed(draw: Draw) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments and terms of an order type."""
    chance, beyond, step = draw.chance, draw.beyond, draw.close * 0.01
    limit = beyond(0.03, 0.0, -0.02, -0.05)
    match chance.choice(_TYPES):
        case "limit":
            return {"limit": limit}, {}
        case "stop":
            return {"stop": beyond(0.0, 0.02, 0.05)}, {}
        case "stop_limit":
            return {"stop": beyond(0.02), "limit": beyond(0.0, 0.02, 0.05)}, {}
        case "if_touched":
            return {"touch": beyond(-0.02)}, {}
        case "limit_if_touched":
            return {"touch": beyond(-0.02), "limit": beyond(0.0, -0.02, -0.04)}, {}
        case "trail":
            return {"trailing": draw.distance()}, {}
        case "trail_limit":
            return {"trailing": draw.distance()}, {"limit_offset": chance.choice([-1.0, 0.0, 1.0])}
        case "auction":
            capped = {"limit": limit} if chance.random() < 0.5 else {}
            return {"at": chance.choice(["open", "close"]), **capped}, {}
        case "scale":
            return {"limit": limit}, {"scale": Scale(max(1.0, draw.units // 4.0), step)}
        case "algo":
            capped = {"limit": limit} if chance.random() < 0.3 else {}
            return capped, {"algo": chance.choice(_ALGOS)}
        case "peg":
            return {}, {"peg": chance.choice(list(Peg))}
    return {}, {}


_TYPES = (
    *["market", "limit", "stop", "auction", "algo"] * 2,
    *["stop_limit", "if_touched", "limit_if_touched", "trail", "trail_limit"],
    *["scale", "peg"],
)
_ALGOS = (Twap(allow_past_end=True), Vwap(), PercentOfVolume(20.0), Adaptive())


def _conditions(strategy: Strategy, draw: Draw) -> Conditions:
    """One of every kind; three in ten cancel the order instead of starting it."""
    chance, symbol = draw.chance, draw.symbol
    one = chance.choice(
        [
            PriceCondition(symbol, draw.close * 1.01),
            PriceCondition(symbol, draw.close * 0.99, above=False),
            PercentChangeCondition(symbol, 1.0),
            ExecutionCondition(chance.choice(strategy.symbols)),
            MarginCondition(50.0, above=False),
            VolumeCondition(symbol, 100.0),
            TimeCondition(strategy.now + timedelta(days=1)),
        ]
    )
    return any_of(one, cancels=chance.random() < 0.3)
