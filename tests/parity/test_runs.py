"""Parity of whole runs: what an account, its limits, its market and a fill policy do to orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from framework.backtest.record import RunRecord
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.breakers import DailyLoss, MaxDrawdown
from framework.components.commission import IbkrTiered
from framework.components.exits import TimeStop
from framework.components.limits import MaxOrders, MaxPositionPercent
from framework.components.liquidity import VolumeShare
from framework.components.margin import Leverage, RegT
from framework.components.sizing import AtrSizing, PercentOfEquity, RiskPerTrade, Shares
from framework.components.slippage import FixedSlippage, VolumeShareSlippage
from framework.domain.bars import Bars, PriceBasis
from framework.domain.currency import Rates
from framework.domain.events import Signal
from framework.domain.instruments import AssetType
from framework.domain.orders import Origin, Side, atr, pct, points
from framework.domain.terms import Terms
from framework.feeds.resample import resample
from framework.feeds.sample import sample
from framework.strategy import Strategy
from tests.builders import bars_of, day_number, five_minutes
from tests.parity.comparing import assert_equal, played_twice
from tests.parity.programs import as_listed
from tests.parity.test_orders import rows


class Swings(Strategy):
    """In with a bracket on one bar, out or round on another, by symbol."""

    stop: object = pct(2)
    target: object = points(3)

    def on_bar(self) -> None:
        count = len(self.data.close)
        if count % 7 == 2:
            self.go_long(stop_loss=self.stop, take_profit=self.target)  # type: ignore[arg-type]
        elif count % 7 == 4:
            self.go_short(trail=pct(3))
        elif count % 7 == 6:
            self.close()


class ByAtr(Swings):
    stop = atr(1.0, 5)
    target = atr(1.5, 5)


def days(*seeds: int) -> list[Bars]:
    """Daily bars of AAA, BBB ..."""
    return [as_listed(bars_of(rows(seed), "ABC"[n] * 3)) for n, seed in enumerate(seeds)]


def parity(
    bars: Sequence[Bars],
    strategy: type[Strategy] = Swings,
    **parts: Any,
) -> RunRecord:
    """The backtest, once the session has come to the same."""
    backtest, session = played_twice(strategy, bars, BacktestSettings(**parts))
    assert not backtest.error
    assert backtest.fills
    assert_equal(backtest, session)
    return backtest


# symbols and bars ---------------------------------------------------------------------------


def test_symbols_that_begin_on_different_days_and_have_gaps() -> None:
    first, second, third = days(1, 2, 3)
    kept = np.array([index not in (11, 12, 19) for index in range(len(third))])
    columns = ("close_time", "session", "session_close", "open", "high", "low", "close", "volume")
    third = replace(third, **{name: getattr(third, name)[kept] for name in columns})
    parity([first, second.take(5, len(second)), third.take(9, len(third))])


def test_history_before_the_first_order() -> None:
    (bars,) = days(4)
    record = parity([bars], start=int(bars.close_time[9]))
    assert record.start == 9


@pytest.mark.parametrize("frame", ["15m", "30m"])
def test_longer_bars(frame: str) -> None:
    (bars,) = sample("synthetic-5m").bars
    parity([resample(bars.take(0, 800), frame)])


def test_bars_outside_regular_hours() -> None:
    """Half an hour before the open, and the last half hour before it."""

    class Early(Strategy):
        def on_bar(self) -> None:
            close = float(self.data.close[-1])
            self.buy(5, limit=close * 1.001, terms=Terms(outside_hours=True))
            self.buy(3, limit=close * 1.001)

    regular = five_minutes(rows(5), 10)
    minutes = np.tile(np.arange(10), 3)
    early = minutes < 4
    opened = regular.session_close - int(6.5 * 3600) * 10**9
    times = np.where(early, opened - (3 - minutes) * 300 * 10**9, regular.close_time)
    bars = replace(regular, close_time=times, regular=~early)
    record = parity([bars], Early)
    assert {fill.time for fill in record.fills} & set(times[early].tolist())


def test_signals() -> None:
    class Told(Strategy):
        def on_signal(self, signal: Signal) -> None:
            self.go_long() if signal.action is Side.BUY else self.close()

    (bars,) = days(6)
    signals = tuple(
        Signal(int(bars.close_time[at]), "AAA", side)
        for at, side in ((3, Side.BUY), (8, Side.SELL), (15, Side.BUY))
    )
    parity([bars], Told, signals=signals)


# components ----------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", [Swings, ByAtr])
def test_brackets_that_fill_in_parts(strategy: type[Strategy]) -> None:
    """Children follow each part, at the distance from its average price."""
    bars = [as_listed(five_minutes(rows(7), 10, volume=300.0))]
    record = parity(bars, strategy, liquidity=VolumeShare(10.0), sizer=Shares(80.0))
    assert len(record.fills) > len({fill.order.id for fill in record.fills})


PARTS: dict[str, dict[str, Any]] = {
    "risk": {"sizer": RiskPerTrade(1.0)},
    "atr": {"sizer": AtrSizing(1.0, 5)},
    "tiered": {"commission": IbkrTiered()},
    "fixed slippage": {"slippage": FixedSlippage(0.03)},
    "volume slippage": {"slippage": VolumeShareSlippage()},
    "position": {"rules": (MaxPositionPercent(30.0),)},
    "orders": {"rules": (MaxOrders(1),)},
    "drawdown": {"breakers": (MaxDrawdown(0.5),)},
    "daily loss": {"breakers": (DailyLoss(0.5),)},
    "time": {"exits": (TimeStop(2),)},
    "weights": {"weights": {"AAA": 0.2, "BBB": 0.7}},
    "leverage": {"leverage": 2.0, "sizer": PercentOfEquity(150.0)},
}


@pytest.mark.parametrize("name", PARTS)
def test_a_component(name: str) -> None:
    record = parity(days(9, 10), **PARTS[name])
    if name == "orders":
        assert record.refused
    if name in ("drawdown", "daily loss"):
        assert record.trips


AXES: dict[str, dict[str, Any]] = {
    "next bar": {"intrabar": "next_bar"},
    "path": {"intrabar": "path"},
    "children": {"children": "market_entries"},
    "entries first": {"exits_first": False},
    "taking": {"slippage_on": "taking"},
    "entries": {"slippage_on": "entries"},
    "no gap slip": {"gap_slip": False},
    "capped": {"slip_cap": "range"},
    "limits slip": {"slippage_on": "taking", "limit_slip_cap": "none"},
    "stop-limit gap": {"stop_limit_gap": "stop"},
    "through": {"limit_fill": "through"},
    "exact exits": {"late_exits": "exact"},
    "each order": {"participation": "order"},
    "spread": {"quoted_spread": 6.0},
    "cash": {"funds": "cash"},
    "held proceeds": {"funds": "cash", "short_proceeds": "held"},
}


@pytest.mark.parametrize("name", AXES)
def test_a_fill_policy(name: str) -> None:
    thin = [replace(one, volume=np.full(len(one), 2_000.0)) for one in days(11, 12)]
    parity(thin, policy=FillPolicy(**AXES[name]), liquidity=VolumeShare(20.0))


# accounts -------------------------------------------------------------------------------------


class Holds(Strategy):
    """Buys what it can at once, with a stop far below, and waits."""

    def on_bar(self) -> None:
        if len(self.data.close) == 1:
            self.go_long(stop_loss=pct(60))


def test_a_margin_call_is_liquidated() -> None:
    falling = [(100.0, 100.5, 99.5, 100.0)] * 3 + [
        (p, p + 1.0, p - 3.0, p - 2.0) for p in (98.0, 90.0, 80.0, 72.0, 66.0, 60.0, 58.0)
    ]
    bars = as_listed(bars_of(falling))
    record = parity([bars], Holds, account=RegT(), sizer=PercentOfEquity(190.0))
    assert Origin.LIQUIDATION in {fill.order.origin for fill in record.fills}


def test_a_future_rolls_and_expires() -> None:
    front, back = days(13, 14)
    made = {
        "type": AssetType.FUTURE,
        "multiplier": 5.0,
        "initial_margin": 60.0,
        "maintenance_margin": 40.0,
    }
    front = replace(
        front,
        instrument=replace(
            front.instrument, expiry=day_number(12), next_contract="BBB", roll_days=2, **made
        ),
        prices=PriceBasis.TOTAL,
    )
    back = replace(
        back,
        instrument=replace(back.instrument, expiry=day_number(24), **made),
        prices=PriceBasis.TOTAL,
    )

    class Rolls(Strategy):
        universe = True

        def on_bar(self) -> None:
            if len(self.data["AAA"].close) in (4, 8) and len(self.data["BBB"].close) < 12:
                self.buy(3, symbol="AAA", stop_loss=pct(50))

    record = parity([front.take(0, 13), back.take(0, 25)], Rolls, account=Leverage(4.0))
    assert {Origin.ROLL, Origin.EXPIRY} <= {fill.order.origin for fill in record.fills}


def test_two_currencies_whose_rate_moves() -> None:
    home, abroad = days(15, 16)
    abroad = replace(abroad, instrument=replace(abroad.instrument, currency="EUR"))
    pair = as_listed(bars_of([(p, p, p, p) for p in np.linspace(1.05, 1.25, 30).tolist()]))
    pair = replace(pair, instrument=replace(pair.instrument, symbol="EUR.USD"))
    record = parity([home, abroad], rates=Rates.of_bars("USD", [pair]))
    assert len({fill.rate for fill in record.fills if fill.symbol == "BBB"}) > 3


# strategies that end badly ---------------------------------------------------------------------


def test_a_strategy_that_raises_leaves_the_same_behind() -> None:
    class Raises(Swings):
        def on_bar(self) -> None:
            super().on_bar()
            if len(self.data.close) == 13:
                raise ValueError("enough")

    backtest, session = played_twice(Raises, days(17), BacktestSettings())
    assert "enough" in backtest.error
    assert_equal(backtest, session)
