"""What lies around the bars of a session: contracts that end, currencies, options, finer bars."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

import numpy as np
import pytest

from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.config.plan import plan_of
from framework.config.request import Request
from framework.domain.bars import Bars, PriceBasis
from framework.domain.currency import Rates
from framework.domain.growing import GrowingBars, row_of
from framework.domain.instruments import AssetType
from framework.domain.options import Right
from framework.domain.orders import Origin
from framework.engine.history import Timeline
from framework.errors import ConfigError, DataError
from framework.live.core import LiveCore
from framework.live.endings import ending
from framework.live.ground import Ground
from framework.live.inputs import GrowingRates, GrowingVolatility
from framework.live.shadow import Shadow
from framework.options.model import OptionModel
from framework.options.quotes import QuoteModel
from framework.options.volatility import VolatilitySeries
from framework.series import always
from framework.strategy import Strategy
from tests.builders import Act, bars_of, day_number, five_minutes, flat_rows, free, scripted
from tests.live_runs import differences, fed, history_of, rows_at, session
from tests.unit import test_option_quotes as quotes

ROWS = flat_rows([100.0, 101.0, 99.0, 102.0, 104.0, 103.0, 105.0, 104.0, 106.0, 108.0], 1.0)
BARS = bars_of(ROWS)


# contracts that end --------------------------------------------------------------------------


def future(
    symbol: str, expiry: int, bars: Bars = BARS, following: str | None = None, roll_days: int = 1
) -> Bars:
    contract = replace(
        bars.instrument,
        symbol=symbol,
        type=AssetType.FUTURE,
        multiplier=5.0,
        expiry=day_number(expiry),
        next_contract=following,
        roll_days=roll_days,
        initial_margin=60.0,
        maintenance_margin=40.0,
    )
    return replace(bars, instrument=contract, prices=PriceBasis.TOTAL)


class Rolls(Strategy):
    """Long from the first bar on, in the first contract."""

    universe = True

    def on_bar(self) -> None:
        if len(self.data) == 1:
            self.buy(2, symbol="F1")


@pytest.mark.parametrize("history", [0, 1, 2])
@pytest.mark.parametrize("intraday", [False, True])
def test_a_contract_rolls_and_the_next_expires(history: int, intraday: bool) -> None:
    bars = five_minutes(ROWS * 2, 2) if intraday else BARS
    pair = [future("F1", 4, bars, "F2"), future("F2", 7, bars)]
    settings = free(start=int(Timeline(pair).instants[history]))

    class Late(Rolls):
        def on_bar(self) -> None:
            if len(self.data) == history + 1:
                self.buy(2, symbol="F1")

    whole = run(Late, pair, settings)
    core = fed(Late, pair, settings, history=history)
    assert differences(whole, core.record()) == []
    origins = [item.order.origin for item in whole.orders]
    assert origins == [Origin.STRATEGY, Origin.ROLL, Origin.ROLL, Origin.EXPIRY]


def test_where_the_last_bar_is_missing_a_contract_ends_with_the_next() -> None:
    kept = np.arange(len(BARS)) != 3  # the day of rolling
    pair = [future("F1", 5, BARS.where(kept), "F2", roll_days=2), future("F2", 7, BARS)]
    core = fed(Rolls, pair, free())
    rolls = [fill for fill in core.blotter.fills if fill.order.origin is Origin.ROLL]
    assert {fill.order.time for fill in rolls} == {BARS.close_time[4]}


def test_a_day_is_over_with_its_close_or_the_next_bar() -> None:
    bars = five_minutes(ROWS[:8], 4)
    first, second = int(bars.session[0]), int(bars.session[4])
    assert [ending(bars.take(0, count), first) for count in range(6)] == [*[None] * 4, 3, 3]
    assert ending(bars, second) == 7
    assert ending(bars, second + 1) is None
    assert ending(bars.take(4, 8), first) is None  # it was over before
    gap = bars.where(np.arange(8) != 3)
    assert [ending(gap.take(0, count), first) for count in range(6)] == [*[None] * 4, 3, 3]
    assert ending(bars.take(3, 8), first) == 0


# currencies ----------------------------------------------------------------------------------


@pytest.mark.parametrize("history", [0, 3])
def test_exchange_rates_that_become_known_one_by_one(history: int) -> None:
    euro = replace(BARS, instrument=replace(BARS.instrument, currency="EUR"))
    times = BARS.close_time - 1
    values = 1.1 + 0.01 * np.arange(len(BARS))
    complete = Rates("USD", {"EUR": (times, values)})
    start = int(BARS.close_time[history])
    script: dict[int, Act] = {
        history: lambda s: s.go_long(),
        6: lambda s: s.target_percent(40.0),
        8: lambda s: s.close(),
    }
    whole = run(scripted(script), [euro], free(rates=complete, start=start))
    known = Rates("USD", {"EUR": (times[: history + 1], values[: history + 1])})
    growing = GrowingRates(known)
    settings = free(rates=growing.rates, start=start)
    core = session(scripted(script), history_of([euro], history), settings, start=start)
    for k, (time, rows) in enumerate(rows_at([euro], history), history):
        if k > history:
            growing.add("EUR", int(times[k]), float(values[k]))
        core.instant(time, rows)
    assert differences(whole, core.record()) == []
    assert whole.rates["AAA"].tolist() == values.tolist()
    assert len(whole.fills) >= 2


# options -------------------------------------------------------------------------------------


@pytest.mark.parametrize("history", [0, 20])
def test_a_volatility_that_becomes_known_day_by_day(history: int) -> None:
    plan = plan_of(Request("short_straddle_hedged", first="2015-01-01"))
    bars = history_of(plan.market.bars, 45)
    model = plan.settings.options
    assert isinstance(model, OptionModel)
    known = model.volatility
    assert isinstance(known, VolatilitySeries)
    start = int(bars[0].close_time[history])
    complete = replace(plan.settings, start=start)
    whole = run(plan.found.cls, bars, complete)
    assert len(whole.listed) >= 4
    first = int(np.searchsorted(known.times, start, side="right"))
    past = replace(known, times=known.times[:first], values=known.values[:first])
    growing = GrowingVolatility(past)
    settings = replace(complete, options=replace(model, volatility=growing))
    past_bars = history_of(bars, history)
    core = session(plan.found.cls, past_bars, settings, start=start)
    told = first
    for time, rows in rows_at(bars, history):
        while told < len(known.times) and known.times[told] <= time:
            growing.add(int(known.times[told]), float(known.values[told]))
            told += 1
        core.instant(time, rows)
    assert differences(whole, core.record()) == []


def test_a_volatility_that_is_none_is_refused() -> None:
    growing = GrowingVolatility(VolatilitySeries("VIX", np.array([5]), np.array([0.2])))
    with pytest.raises(DataError, match="do not rise"):
        growing.add(5, 0.2)
    with pytest.raises(DataError, match="VIX is -1"):
        growing.add(6, -1.0)
    growing.add(6, 0.3)
    assert growing.at(np.array([5, 6, 7]), np.ones(3), np.ones(3)).tolist() == [0.2, 0.3, 0.3]


def test_an_option_asked_for_in_the_history_is_listed_from_then_on() -> None:
    plan = plan_of(Request("covered_call", first="2015-01-01"))
    bars = history_of(plan.market.bars, 30)
    settings = replace(plan.settings, start=int(bars[0].close_time[10]))

    class Early(Strategy):
        def on_bar(self) -> None:
            if len(self.data) in (3, 12):
                chain = self.options.chain()
                expiry = chain.expiry_at_least(10)
                strike = chain.nearest_strike(expiry, self.data.close[-1])
                self.options.sell(chain.contract(expiry, Right.CALL, strike))

    whole = run(Early, bars, settings)
    core = fed(Early, bars, settings, history=10)
    assert differences(whole, core.record()) == []
    assert len(whole.listed) == 2


# what a session cannot do ----------------------------------------------------------------------


def test_finer_bars_are_refused() -> None:
    with pytest.raises(ConfigError, match="finer bars"):
        Shadow(Ground([BARS]), free(policy=FillPolicy(intrabar="finer")))


def test_options_as_they_were_quoted_are_refused() -> None:
    settings = BacktestSettings(options=QuoteModel(quotes.steady()))
    ground = Ground([quotes.BARS])
    with pytest.raises(ConfigError, match="known of the past only"):
        LiveCore(scripted({}), {}, settings, ground, Shadow(ground, settings))


# bars that grow --------------------------------------------------------------------------------


def test_growing_bars_are_the_bars_they_were_given() -> None:
    bars = five_minutes(ROWS * 300, 10)
    bars = replace(bars, regular=np.arange(len(bars)) % 10 != 9)
    growing = GrowingBars(bars.take(0, 2))
    handed_out = growing.bars
    for row in range(2, len(bars)):
        growing.append(int(bars.close_time[row]), row_of(bars, row))
    names = ("close_time", "session", "session_close", "open", "high", "low", "close", "volume")
    for name in (*names, "regular"):
        assert (getattr(growing.bars, name) == getattr(bars, name)).all(), name
        assert not getattr(growing.bars, name).flags.writeable
    assert len(handed_out) == 2
    assert (growing.bars.frame, growing.bars.instrument) == (bars.frame, bars.instrument)


def test_hours_outside_the_regular_ones_may_come_later() -> None:
    growing = GrowingBars(BARS.take(0, 3))
    assert growing.bars.regular is None
    growing.append(int(BARS.close_time[3]), row_of(BARS, 3)._replace(regular=False))
    assert growing.bars.regular is not None
    assert growing.bars.regular.tolist() == [True, True, True, False]


def test_two_symbols_that_agree_in_the_history_may_part_later() -> None:
    other = replace(BARS, instrument=replace(BARS.instrument, symbol="BBB"))
    parted = other.where(np.arange(len(BARS)) != 6)

    class Spread(Strategy):
        universe = True

        def setup(self) -> None:
            self.gap = self.data.close - self.data["BBB"].close.shift(1)
            self.seen: list[float] = []
            self.when(always, self.note, gap=self.gap)

        def note(self, gap: float) -> None:
            self.seen.append(gap)
            if isfinite(gap):
                self.target(round(100 * gap) or 1, symbol="BBB")

    settings = free(start=int(BARS.close_time[5]))
    whole = run(Spread, [BARS, parted], settings)
    core = fed(Spread, [BARS, parted], settings, history=5)
    assert differences(whole, core.record()) == []
    assert whole.fills
