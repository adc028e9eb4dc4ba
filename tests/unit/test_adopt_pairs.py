"""Ten strategies of backtrader, each on Cerebro itself and unchanged through our engine."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, time
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from framework.adopt.adopted import adopted
from framework.backtest.run import run_verified
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import PercentCommission
from framework.components.slippage import NoSlippage
from framework.domain.bars import Bars
from framework.domain.events import Fill
from framework.errors import StrategyError
from framework.modules import load_module
from tests.builders import Row, bars_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import backtrader as bt

FOLDER = Path(__file__).parents[1] / "adopted"
NEW_YORK = ZoneInfo("America/New_York")
CASH = 100_000.0
PERCENT = 0.1
SYMBOLS = ("AAA", "BBB", "CCC", "DDD")

Trade = tuple[datetime, str, float, float]
"""Exchange time of the bar, symbol, signed quantity, price."""


@dataclass(frozen=True)
class Outcome:
    """What a strategy did and said."""

    trades: list[Trade]
    lines: list[str]
    value: float


@dataclass(frozen=True)
class Case:
    """A strategy, its parameters, on how many symbols, and the least it trades there."""

    name: str
    symbols: int = 1
    parameters: Mapping[str, object] | None = None
    trades: int = 4
    told_in_turn: bool = True
    """Whether both sides tell of several things in one bar in the same order."""


CASES = {
    "sma_cross": Case("sma_cross"),
    "rsi_signals": Case("rsi_signals", trades=9),
    "macd_trail": Case("macd_trail", trades=7),
    "bollinger_limits": Case("bollinger_limits"),
    "brackets": Case("brackets", trades=20),
    "manual_bracket": Case("manual_bracket", trades=10),
    "oco_entries": Case("oco_entries", trades=40, told_in_turn=False),
    "rotation": Case("rotation", 4, trades=50),
    "ladder_size": Case("ladder_targets", trades=100),
    "ladder_value": Case("ladder_targets", 1, {"use_size": False, "use_value": True}, trades=100),
    "ladder_percent": Case("ladder_targets", 1, {"use_size": False}, trades=100),
    "breakout": Case("breakout", trades=15),
}


def walk(seed: int, symbol: str, count: int = 150, size: float = 0.015) -> Bars:
    """A random walk with gaps, of an instrument without tick and lot."""
    source = np.random.default_rng(seed)
    rows: list[Row] = []
    price = 100.0
    for _ in range(count):
        gap, move, up, down = source.normal(0.0, size, 4)
        opened = price * (1.0 + gap / 2.0)
        price = opened * (1.0 + move)
        high = max(opened, price) * (1.0 + abs(up) / 2.0)
        low = min(opened, price) * (1.0 - abs(down) / 2.0)
        rows.append((opened, high, low, price))
    return bars_of(rows, symbol, tick=0.0, lot=0.0)


def strategy_in(name: str) -> type[bt.Strategy]:
    module = load_module(FOLDER / f"{name}.py", "adopted_", StrategyError)
    return next(
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, bt.Strategy)
    )


class Fills(bt.Analyzer):
    """Notes every execution."""

    def start(self) -> None:
        self.found: list[Trade] = []

    def notify_order(self, order: bt.Order) -> None:
        for bit in order.executed.iterpending():
            moment = bt.num2date(bit.dt)
            self.found.append((moment, order.data._name, float(bit.size), bit.price))


def on_cerebro(
    cls: type[bt.Strategy], several: Sequence[Bars], parameters: Mapping[str, object]
) -> Outcome:
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(CASH)
    cerebro.broker.setcommission(PERCENT / 100.0)
    for bars in several:
        index = pd.to_datetime(bars.close_time, utc=True).tz_convert(NEW_YORK).tz_localize(None)
        columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
        frame = pd.DataFrame(columns, index=index)
        feed = bt.feeds.PandasData(dataname=frame, openinterest=None, sessionend=time(16, 0))
        cerebro.adddata(feed, name=bars.symbol)
    cerebro.addstrategy(cls, **parameters)
    cerebro.addanalyzer(Fills, _name="fills")
    said = StringIO()
    with redirect_stdout(said):
        made = cerebro.run()[0]
    return Outcome(
        made.analyzers.fills.found, said.getvalue().splitlines(), cerebro.broker.getvalue()
    )


def through_our_engine(
    cls: type[bt.Strategy], several: Sequence[Bars], parameters: Mapping[str, object]
) -> Outcome:
    settings = BacktestSettings(
        cash=CASH,
        commission=PercentCommission(PERCENT),
        slippage=NoSlippage(),
        policy=FillPolicy.backtrader(),
    )
    said = StringIO()
    with redirect_stdout(said):
        record = run_verified(adopted(cls), several, settings, parameters, {})
    assert record.error == ""
    pieces: dict[tuple[str, int], list[Fill]] = {}
    for fill in record.fills:
        pieces.setdefault((fill.order.id, fill.time), []).append(fill)
    return Outcome(
        [trade_of(fills) for fills in pieces.values()],
        said.getvalue().splitlines(),
        float(record.equity[-1]),
    )


def trade_of(pieces: Sequence[Fill]) -> Trade:
    """An execution, whether or not it was booked in pieces, all at one price."""
    assert len({fill.price for fill in pieces}) == 1
    moment = datetime.fromtimestamp(pieces[0].time // 10**9, UTC).astimezone(NEW_YORK)
    quantity = sum(fill.quantity for fill in pieces)
    return moment.replace(tzinfo=None), pieces[0].symbol, quantity, pieces[0].price


def close_to(trades: Sequence[Trade]) -> list[object]:
    return [(t, s, pytest.approx(q, abs=1e-6), pytest.approx(p, abs=1e-6)) for t, s, q, p in trades]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_same_fills_and_the_same_words(case: Case, seed: int) -> None:
    cls = strategy_in(case.name)
    several = [walk(10 * seed + i, symbol) for i, symbol in enumerate(SYMBOLS[: case.symbols])]
    parameters = case.parameters or {}

    theirs = on_cerebro(cls, several, parameters)
    ours = through_our_engine(cls, several, parameters)

    assert len(theirs.trades) >= case.trades
    assert sorted(ours.trades) == close_to(sorted(theirs.trades))
    assert ours.value == pytest.approx(theirs.value, abs=1e-4)
    if case.told_in_turn:
        assert ours.lines == theirs.lines
    assert sorted(ours.lines) == sorted(theirs.lines)


class Spender(bt.Strategy):
    """Orders more than cash can pay for, from time to time, and reverses."""

    params = (("most", 2500), ("brackets", False))

    def notify_order(self, order: bt.Order) -> None:
        print(
            f"{len(self)} {order.ordtypename()} {order.getordername()} {order.getstatusname()} "
            f"{order.executed.size} {self.position.size}"
        )

    def next(self) -> None:
        count = len(self)
        size = count * 271 % self.p.most + 1
        if count % 3 == 0:
            (self.buy if count % 2 else self.sell)(size=size)
        elif self.p.brackets and count % 7 == 0 and self.position.size >= 0:
            price = self.data.close[0]
            self.buy_bracket(
                size=size,
                exectype=bt.Order.Market,
                stopprice=price * 0.98,
                limitprice=price * 1.02,
            )


@pytest.mark.parametrize("brackets", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_cash_cannot_pay_for_ends_alike(seed: int, brackets: bool) -> None:
    several = [walk(seed, "AAA", 100)]
    theirs = on_cerebro(Spender, several, {"brackets": brackets})
    ours = through_our_engine(Spender, several, {"brackets": brackets})

    assert any(" Margin " in line for line in theirs.lines)
    assert ours.trades == close_to(theirs.trades)
    assert ours.lines == theirs.lines


def test_there_are_ten() -> None:
    assert {case.name for case in CASES.values()} == {file.stem for file in FOLDER.glob("*.py")}
    assert len({case.name for case in CASES.values()}) == 10
