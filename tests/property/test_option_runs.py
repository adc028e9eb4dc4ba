"""Random programs of option trades and hedges: the books agree, and nothing knows the future."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from framework.backtest.record import RunRecord
from framework.backtest.run import run, run_verified
from framework.backtest.settings import BacktestSettings
from framework.components.breakers import DailyLossMoney
from framework.components.commission import IbkrFixed, NoCommission, PerShare
from framework.components.greek_limits import MaxNetDelta
from framework.components.hedge import Hedge
from framework.components.hedging import (
    AllOf,
    DeltaBand,
    FirstOf,
    Interval,
    Leland,
    WhalleyWilmott,
)
from framework.components.limits import MaxShares
from framework.components.margin import RegT
from framework.components.slippage import FixedSlippage, HalfSpread, NoSlippage
from framework.domain.bars import Bars
from framework.domain.options import Right, Settlement, Style
from framework.domain.orders import BROKER_MADE, Origin
from framework.options.combos import Combo
from framework.options.contracts import option_terms
from framework.options.listing import ListingRule
from framework.options.model import OptionModel
from framework.options.spreads import iron_condor, straddle, vertical
from framework.options.volatility import ConstantVolatility, VolatilitySeries
from framework.strategy import Strategy
from tests.builders import Row, bars_of, five_minutes

BARS, PER_SESSION = 32, 4
SEEDS = range(28)


@dataclass(frozen=True)
class Program:
    """A strategy, what it trades, and the parts of its run."""

    strategy: type[Strategy]
    bars: tuple[Bars, ...]
    settings: BacktestSettings


def program(seed: int) -> Program:
    """The program of a seed: one or two underlyings, daily or in five-minute bars."""
    chance = random.Random(seed)
    symbols = ("AAA", "BBB")[: chance.choice([1, 1, 2])]
    intraday = seed % 4 == 2
    bars = tuple(_bars(chance, symbol, intraday) for symbol in symbols)
    settings = BacktestSettings(
        cash=chance.choice([100_000.0, 1_000_000.0]),
        account=chance.choice([None, None, RegT()]),
        commission=chance.choice([NoCommission(), IbkrFixed(), PerShare(0.01)]),
        slippage=chance.choice([NoSlippage(), FixedSlippage(0.02)]),
        option_spread=chance.choice([None, HalfSpread(percent=2.0, ticks=1.0)]),
        rules=chance.choice([(), (), (MaxShares(150.0),), (MaxNetDelta(400.0),)]),
        breakers=chance.choice([(), (), (DailyLossMoney(300.0),)]),
        options=_model(chance, bars[0]),
        hedge=_hedge(chance),
    )
    return Program(_strategy(seed, chance.random() < 0.5), bars, settings)


def _bars(chance: random.Random, symbol: str, intraday: bool) -> Bars:
    rows: list[Row] = []
    last = chance.choice([20.0, 100.0])
    for _ in range(BARS):
        start = last * (1.0 + chance.gauss(0.0, 0.01))
        last = start * (1.0 + chance.gauss(0.0, 0.02))
        high, low = max(start, last) * (1.0 + 0.01 * chance.random()), min(start, last)
        rows.append((start, high, low * (1.0 - 0.01 * chance.random()), last))
    return five_minutes(rows, PER_SESSION, symbol) if intraday else bars_of(rows, symbol)


def _model(chance: random.Random, bars: Bars) -> OptionModel:
    walk = [0.2]
    for _ in range(BARS - 1):
        walk.append(walk[-1] * np.exp(chance.gauss(0.0, 0.05)))
    series = VolatilitySeries("fear", bars.close_time, np.array(walk))
    return OptionModel(
        chance.choice([ConstantVolatility(0.25), series]),
        chance.choice([0.0, 0.03]),
        chance.choice([0.0, 0.02]),
        chance.choice([Style.EUROPEAN, Style.EUROPEAN, Style.AMERICAN]),
        chance.choice(list(Settlement)),
        chance.choice([None, 10.0]),
        ListingRule(horizon=25, width=0.3, weeklies=True),
    )


def _hedge(chance: random.Random) -> Hedge | None:
    policy = chance.choice(
        [
            None,
            Interval(),
            Interval(bars=3),
            DeltaBand(chance.choice([5.0, 60.0])),
            WhalleyWilmott(0.001, 0.01),
            Leland(0.002, bars=2),
            AllOf((DeltaBand(20.0), Interval(2))),
            FirstOf((DeltaBand(80.0), Interval(5))),
        ]
    )
    if policy is None:
        return None
    extra = chance.choice([{}, {}, {"target": 20.0}, {"max_trade": 40.0}, {"budget": 3.0}])
    return replace(Hedge(policy), **extra)


def _strategy(seed: int, every: bool) -> type[Strategy]:
    class Trader(Strategy):
        """Trades by a die that only the bars seen so far have thrown."""

        universe = every

        def on_bar(self) -> None:
            die = random.Random(f"{seed} {len(self.data)} {self.data.symbol}")
            symbol = die.choice(self._symbols)
            book = self.options[symbol]
            if not len(self.data[symbol]) or die.random() < 0.4:
                return
            act = die.random()
            if act < 0.15:
                book.close()
            elif act < 0.3:
                self.target(die.choice([-40.0, 0.0, 30.0]), symbol=symbol)
            elif len(book.positions) < 6:
                what = _wanted(die, self, symbol)
                (book.buy if die.random() < 0.4 else book.sell)(what, die.choice([1, 2, 5]))

    return Trader


def _wanted(die: random.Random, trader: Strategy, symbol: str) -> Combo | object:
    chain = trader.options[symbol].chain()
    expiry = die.choice(chain.expiries[:3])
    strikes = chain.strikes(expiry)
    low, mid, high = sorted(die.sample(range(1, len(strikes) - 1), 3))
    kind = die.choice(["single", "single", "straddle", "vertical", "condor"])
    if kind == "straddle":
        return straddle(chain, expiry, strikes[mid])
    if kind == "vertical":
        right = die.choice(list(Right))
        return vertical(chain, expiry, right, buy=strikes[low], sell=strikes[high])
    if kind == "condor":
        return iron_condor(
            chain,
            expiry,
            buy_put=strikes[0],
            sell_put=strikes[low],
            sell_call=strikes[high],
            buy_call=strikes[-1],
        )
    return chain.contract(expiry, die.choice(list(Right)), strikes[mid])


@cache
def played(seed: int) -> RunRecord:
    made = program(seed)
    record = run(made.strategy, made.bars, made.settings)
    assert record.error == ""
    return record


def closes(record: RunRecord, bars: Bars) -> Sequence[float]:
    rows = np.searchsorted(bars.close_time, record.instants, side="right") - 1
    return np.where(rows < 0, 0.0, bars.close[np.maximum(rows, 0)]).tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_books_agree_and_the_run_repeats(seed: int) -> None:
    # a run whose ledgers and broker differ raises
    first = played(seed)
    made = program(seed)
    again = run(made.strategy, made.bars, made.settings)
    assert again.error == ""
    assert list(again.fills) == list(first.fills)
    assert list(again.orders) == list(first.orders)
    assert list(again.refused) == list(first.refused)
    assert again.marks == first.marks
    assert (again.equity == first.equity).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_equity_is_cash_and_what_is_held_at_its_closes(seed: int) -> None:
    record = played(seed)
    total = record.cash.copy()
    for one in record.all_bars:
        held = record.quantities[one.symbol]
        total = total + held * one.instrument.multiplier * np.array(closes(record, one))
    assert record.equity == pytest.approx(total, abs=1e-6)
    cash = record.opening_cash - sum(c.amount for c in record.commissions)
    sizes = {one.symbol: one.instrument.multiplier for one in record.all_bars}
    cash -= sum(f.quantity * sizes[f.symbol] * f.price for f in record.fills)
    assert record.cash[-1] == pytest.approx(cash, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_option_outlives_its_expiry(seed: int) -> None:
    record = played(seed)
    for one in record.listed:
        expiry = one.instrument.expiry
        assert expiry is not None
        over = record.instants >= one.session_close[-1]
        if record.session[-1] >= expiry:
            assert not record.quantities[one.symbol][over].any()
        ended = record.instants[over][0] if over.any() else record.instants[-1]
        assert all(f.time <= ended for f in record.fills if f.symbol == one.symbol)
    for one in record.orders:
        if one.order.origin in BROKER_MADE:
            assert one.filled == one.order.quantity


@pytest.mark.parametrize("seed", SEEDS)
def test_every_delivery_is_at_the_strike_of_an_option_that_ends_there(seed: int) -> None:
    record = played(seed)
    contracts = {one.symbol: one.instrument for one in record.listed}
    used = [f for f in record.fills if f.order.origin is Origin.EXERCISE]
    for gone, shares in zip(used[::2], used[1::2], strict=True):
        contract = contracts[gone.symbol]
        terms = option_terms(contract)
        assert (shares.symbol, shares.price, gone.price) == (terms.underlying, terms.strike, 0.0)
        units = -gone.quantity * terms.right.sign * contract.multiplier
        assert shares.quantity == units


@pytest.mark.parametrize("seed", SEEDS)
def test_hedges_are_of_the_hedger_and_in_the_underlyings(seed: int) -> None:
    record, made = played(seed), program(seed)
    mine = [item.order for item in record.orders if item.order.origin is Origin.HEDGE]
    assert {order.symbol for order in mine} <= {one.symbol for one in made.bars}
    assert not mine or made.settings.hedge is not None


@pytest.mark.parametrize("seed", SEEDS[::2])
def test_a_run_cut_off_at_its_decisions_decides_alike(seed: int) -> None:
    made = program(seed)
    assert run_verified(made.strategy, made.bars, made.settings, {}, {}).error == ""


@pytest.mark.parametrize("seed", SEEDS[1::4])
def test_what_happens_later_changes_no_fill_before(seed: int) -> None:
    whole, made = played(seed), program(seed)
    shorter = tuple(one.take(0, BARS // 2) for one in made.bars)
    short = run(made.strategy, shorter, made.settings)
    assert short.error == ""
    end = int(short.instants[-1])
    assert list(short.fills) == [fill for fill in whole.fills if fill.time <= end]


def test_the_programs_do_what_they_are_for() -> None:
    origins = {f.order.origin for seed in SEEDS for f in played(seed).fills}
    assert {Origin.STRATEGY, Origin.HEDGE, Origin.EXPIRY, Origin.EXERCISE} <= origins
    assert sum(len(played(seed).listed) for seed in SEEDS) > 100
    assert any(played(seed).trips for seed in SEEDS)
    assert any(played(seed).refused for seed in SEEDS)
