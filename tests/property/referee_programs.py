"""Random strategies, bars and settings for the referee."""

from __future__ import annotations

__all__ = ["World", "world"]

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import IbkrFixed, NoCommission
from framework.components.sizing import Shares
from framework.components.slippage import FixedSlippage, NoSlippage, PercentSlippage
from framework.domain.bars import Bars
from framework.domain.orders import Offset, pct, points
from framework.domain.terms import Terms
from framework.strategy import Strategy
from tests.builders import Row, bars_of, five_minutes

BARS = 80
GAPS = 15
"""Sessions each of two instruments leaves out."""
WIDE = (None, pct(0.5), pct(1), pct(3))


@dataclass(frozen=True)
class World:
    """A strategy, what it trades, and the parts of its run."""

    strategy: type[Strategy]
    bars: Sequence[Bars]
    settings: BacktestSettings


def world(seed: int, backtraders_policy: bool) -> World:
    """The world of a seed: daily or five-minute bars of one instrument, or days of two that do not
    trade on the same ones."""
    chance = random.Random(seed)
    kind = seed % 4
    bars: list[Bars] = []
    if kind == 3:
        for symbol in ("AAA", "BBB"):
            days = sorted(chance.sample(range(BARS), BARS - GAPS))
            bars.append(bars_of(rows_of(chance, len(days), 0.02), symbol, sessions=days))
    elif kind == 2:
        bars.append(five_minutes(rows_of(chance, BARS, 0.005), 10))
    else:
        bars.append(bars_of(rows_of(chance, BARS, 0.02)))
    policy = FillPolicy()
    if backtraders_policy:
        policy = FillPolicy.backtrader(
            slip_open=chance.random() < 0.5,
            slip_match=chance.random() < 0.8,
            slip_out=chance.random() < 0.5,
            checksubmit=chance.random() < 0.8,
            shortcash=chance.random() < 0.8,
        )
    settings = BacktestSettings(
        cash=chance.choice([100_000.0, 5_000.0]) if backtraders_policy and kind < 3 else 100_000.0,
        sizer=Shares(10.0),
        commission=chance.choice([IbkrFixed(), NoCommission()]),
        slippage=chance.choice([NoSlippage(), PercentSlippage(), FixedSlippage(0.05)]),
        leverage=1.0 if backtraders_policy else 2.0,
        policy=policy,
    )
    return World(_program(seed, several=kind == 3), bars, settings)


def rows_of(chance: random.Random, count: int, gap: float) -> list[Row]:
    """A walk with opening gaps, and with bars that end at their high or low."""
    rows: list[Row] = []
    close = 100.0
    for _ in range(count):
        opening = round(close * (1.0 + chance.choice([0.0, 0.0, chance.gauss(0.0, gap)])), 2)
        close = round(opening * (1.0 + chance.gauss(0.0, 0.01)), 2)
        up, down = abs(chance.gauss(0.0, 0.005)), abs(chance.gauss(0.0, 0.005))
        high = max(opening, close) * (1.0 + up * (chance.random() > 0.1))
        low = min(opening, close) * (1.0 - down * (chance.random() > 0.1))
        rows.append((opening, round(high, 2), round(low, 2), close))
    return rows


def _program(seed: int, several: bool) -> type[Strategy]:
    """About one request in three bars: every verb and every order type backtrader knows, and in
    every fifth program one it does not."""

    class Program(Strategy):
        universe = several

        def setup(self) -> None:
            self.chance = random.Random(seed)

        def on_bar(self) -> None:
            for symbol in self.symbols:
                close = self.data[symbol].close if several else self.data.close
                if len(close) and self.chance.random() < 0.3:
                    self.act(symbol if several else None, float(close[-1]))

        def near(self, close: float) -> float:
            return round(close * (1.0 + self.chance.uniform(-0.01, 0.01)), 2)

        def protection(self) -> dict[str, Offset]:
            chance = self.chance
            names = {"stop_loss": 0.5, "take_profit": 0.5, "trail": 0.3}
            given = [name for name, often in names.items() if chance.random() < often]
            return {name: pct(chance.choice([0.5, 1.0, 3.0])) for name in given}

        def act(self, symbol: str | None, close: float) -> None:
            chance, near = self.chance, lambda: self.near(close)
            go = chance.choice([self.buy, self.sell])
            units, tif = float(chance.randint(1, 20)), chance.choice(["DAY", "GTC"])
            where = {"symbol": symbol}
            match chance.randrange(17 if seed % 5 == 0 else 16):
                case 0:
                    go(units, **where, **self.protection())
                case 1:
                    go(units, limit=near(), tif=tif, **where, **self.protection())
                case 2:
                    go(units, stop=near(), tif=tif, **where, **self.protection())
                case 3:
                    go(units, stop=near(), limit=near(), tif=tif, **where, **self.protection())
                case 4:
                    go(units, trailing=chance.choice(WIDE[1:]), tif=tif, **where)
                case 5:
                    terms = Terms(limit_offset=chance.choice([0.1, 0.5]))
                    go(units, trailing=points(0.7), tif=tif, terms=terms, **where)
                case 6:
                    go(units, at="close", **where, **self.protection())
                case 7:
                    self.close(**where)
                case 8 | 9:
                    reach = chance.choice([self.go_long, self.go_short])
                    reach(**where, **self.protection())
                case 10:
                    self.target(chance.choice([-units, units]), **where, **self.protection())
                case 11:
                    self.cancel_all(**where)
                case 12:
                    self.change(close)
                case 13:
                    group = f"pair{len(self.data)}{symbol}"
                    go(units, limit=near(), tif=tif, oca=group, **where)
                    go(units, stop=near(), tif=tif, oca=group, **where)
                case 14:
                    go(units, limit=near(), tif=tif, oca="always", **where)
                case 15:
                    terms = Terms(good_till=self.now + timedelta(days=chance.randint(1, 9)))
                    go(units, limit=near(), tif="GTD", terms=terms, **where)
                case 16:
                    go(units, touch=near(), tif=tif, **where, **self.protection())

        def change(self, close: float) -> None:
            """Cancel or modify one of the working orders."""
            working = self.orders
            if not working:
                return
            one = self.chance.choice(working)
            if self.chance.random() < 0.5:
                self.cancel(one)
            elif one.limit is not None and one.stop is None and one.symbol == self.data.symbol:
                self.modify(one, limit=self.near(close))
            elif one.stop is not None and one.trail is None and one.symbol == self.data.symbol:
                self.modify(one, stop=self.near(close), quantity=float(self.chance.randint(1, 20)))

    return Program
