"""Whatever happens on whatever account: the books agree, and profits and income explain equity."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.components.commission import PerShare
from framework.components.financing import IbkrFinancing, NoFinancing, SimpleInterest
from framework.components.margin import CashAccount, Leverage, RegT
from framework.components.sizing import Shares
from framework.components.slippage import FixedSlippage
from framework.domain.actions import CorporateAction, Dividend, StockSplit
from framework.domain.bars import Bars, PriceBasis
from framework.domain.currency import Rates
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Origin
from framework.ports import FinancingModel, MarginModel
from framework.research.trades import trades_of
from framework.strategy import Strategy
from tests.builders import bars_of, day_number

BARS = 14
SYMBOLS = ("AAA", "BBB", "FUT", "NXT")
FACTS = {
    "AAA": Instrument("AAA"),
    "BBB": Instrument("BBB", currency="EUR", lot=0.5),
    "FUT": Instrument(
        "FUT",
        AssetType.FUTURE,
        multiplier=10.0,
        expiry=day_number(9),
        next_contract="NXT",
        roll_days=2,
        initial_margin=300.0,
        maintenance_margin=200.0,
    ),
    "NXT": Instrument(
        "NXT",
        AssetType.FUTURE,
        multiplier=10.0,
        expiry=day_number(12),
        initial_margin=300.0,
        maintenance_margin=200.0,
    ),
}


@dataclass(frozen=True)
class Step:
    """One thing a program does at the close of a bar."""

    bar: int
    verb: str
    symbol: str
    units: int
    near: int


steps = st.builds(
    Step,
    bar=st.integers(0, BARS - 1),
    verb=st.sampled_from(["market", "limit", "stop", "protected", "close", "target"]),
    symbol=st.sampled_from(SYMBOLS),
    units=st.sampled_from([-31, -20, -7, -1, 1, 5, 13, 40]),
    near=st.integers(-6, 6),
)
splits = st.builds(
    StockSplit,
    st.sampled_from(["AAA", "BBB"]),
    st.integers(1, BARS - 1).map(day_number),
    st.sampled_from([2.0, 3.0, 1.5, 1.1, 0.5]),
)
dividends = st.builds(
    Dividend,
    st.sampled_from(["AAA", "BBB"]),
    st.integers(0, BARS - 1).map(day_number),
    st.sampled_from([0.004, 0.37, 2.0]),
)
walks = st.lists(st.integers(-8, 8), min_size=BARS, max_size=BARS)
accounts = st.sampled_from([None, CashAccount(), RegT(), Leverage(4.0), Leverage(4.0, 20.0)])
financings = st.sampled_from(
    [NoFinancing(), IbkrFinancing(5.0, free_credit=0.0, borrow=9.0), SimpleInterest(15.0, True)]
)


def program(told: list[Step]) -> type[Strategy]:
    class Program(Strategy):
        universe = True

        def on_bar(self) -> None:
            bar = len(self.data) - 1
            for step in told:
                if step.bar == bar:
                    self.take(step)

        def take(self, step: Step) -> None:
            symbol, close = step.symbol, self.data[step.symbol].close[-1]
            order = self.buy if step.units > 0 else self.sell
            units, price = abs(step.units), max(1.0, close + step.near)
            if step.verb == "close":
                self.close(symbol=symbol)
            elif step.verb == "target":
                self.target(step.units, symbol=symbol)
            elif step.verb == "limit":
                order(units, symbol=symbol, limit=price, tif="GTC")
            elif step.verb == "stop":
                order(units, symbol=symbol, stop=price, tif="GTC")
            elif step.verb == "protected":
                away = 5.0 if step.units > 0 else -5.0
                order(units, symbol=symbol, stop_loss=max(0.5, close - away))
            else:
                order(units, symbol=symbol)

    return Program


def world(walk: list[list[int]], found: list[CorporateAction]) -> list[Bars]:
    """Bars as traded: prices fall by the ratio where there is a split."""
    every = []
    for symbol, moves in zip(SYMBOLS, walk, strict=True):
        closes = 100.0 + np.cumsum(moves)
        for action in found:
            if isinstance(action, StockSplit) and action.symbol == symbol:
                closes[[day_number(i) >= action.day for i in range(BARS)]] /= action.ratio
        closes = np.maximum(np.round(closes, 2), 1.0)
        rows = [(float(c), float(c) + 2.0, max(0.5, float(c) - 2.0), float(c)) for c in closes]
        bars = bars_of(rows, symbol)
        every.append(replace(bars, instrument=FACTS[symbol], prices=PriceBasis.RAW))
    every[2], every[3] = every[2].take(0, 10), every[3].take(0, 13)
    return every


def unexplained(record: RunRecord) -> float:
    """Change of equity that neither trades nor income account for."""
    explained = sum(trade.profit for trade in trades_of(record))
    explained += sum(flow.amount for flow in record.flows)
    return float(record.equity[-1]) - record.opening_cash - explained


@given(
    told=st.lists(steps, max_size=8),
    walk=st.lists(walks, min_size=4, max_size=4),
    found=st.lists(splits | dividends, max_size=4),
    account=accounts,
    financing=financings,
    rate=st.lists(st.sampled_from([1.0, 1.1, 1.25]), min_size=BARS, max_size=BARS),
)
@settings(max_examples=300)
def test_books_agree_and_equity_is_explained(
    told: list[Step],
    walk: list[list[int]],
    found: list[CorporateAction],
    account: MarginModel | None,
    financing: FinancingModel,
    rate: list[float],
) -> None:
    days = [(a.symbol, a.day) for a in found if isinstance(a, StockSplit)]
    assume(len(set(days)) == len(days))
    pair = bars_of([(r, r, r, r) for r in rate], "EUR.USD")
    record = run(
        program(told),
        world(walk, found),
        BacktestSettings(
            cash=4_000.0,
            account=account,
            sizer=Shares(10.0),
            commission=PerShare(0.01),
            slippage=FixedSlippage(0.01),
            financing=financing,
            actions=tuple(found),
            rates=Rates.of_bars("USD", [pair]),
        ),
    )
    assert record.error == ""
    assert all(p.symbol not in ("FUT", "NXT") for p in record.positions)
    vanished = any(
        split.quantity == 0.0 and any(f.symbol == split.symbol for f in record.fills)
        for split in record.splits
    )
    if not vanished:
        assert unexplained(record) == pytest.approx(0.0, abs=1e-6)
    called = any(one.order.origin is Origin.LIQUIDATION for one in record.orders)
    assert not (called and account in (None, Leverage(4.0)))
    if isinstance(account, CashAccount):
        for symbol in ("AAA", "BBB"):
            assert (record.quantities[symbol] >= 0.0).all()
