"""Runs published with backtesting.py 0.6.6, reproduced fill by fill through the whole machine.

More folders of the same shape are checked by naming their parent:
`SLIPWAY_CASES=path pytest tests/validation/test_backtesting_py.py`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.slippage import NoSlippage, PercentSlippage
from framework.domain.bars import Bars
from framework.research.trades import Trade, trades_of
from framework.strategy import Strategy
from tests.validation.replay import (
    ALL_IN,
    Case,
    commission_of,
    packaged_bars,
    peer_profit,
    read_csv,
    replay,
)

HERE = Path(__file__).parent / "cases" / "A_backtesting"
PARENTS = [HERE, *(Path(p) for p in [os.environ.get("SLIPWAY_CASES", "")] if p)]
FOLDERS = {
    folder.name: folder
    for parent in PARENTS
    for folder in sorted(parent.iterdir())
    if (folder / "intents.csv").exists()
}


@pytest.fixture(scope="module", params=sorted(FOLDERS))
def case(request: pytest.FixtureRequest) -> Case:
    return Case.read(FOLDERS[request.param])


def _rows(bars: Bars) -> dict[int, int]:
    return {int(time): row for row, time in enumerate(bars.close_time)}


def _key(trade: Trade, rows: dict[int, int]) -> tuple[float, ...]:
    last = len(rows) - 1
    return (
        trade.quantity * trade.side,
        rows.get(trade.entry_time, last),
        rows.get(trade.exit_time, last),
        trade.entry_price,
        trade.exit_price,
    )


def test_trades_and_equity_are_the_published_ones(case: Case) -> None:
    bars = packaged_bars(str(case.spec["data"]["name"]))  # type: ignore[index]
    record = replay(case, bars)
    assert record.error == ""
    rows = _rows(bars)
    closed = [trade for trade in trades_of(record) if not trade.is_open]
    published = read_csv(case.folder / "trades.csv")
    assert len(closed) == len(published)
    fees = commission_of(case.backtest.get("commission"))
    ours = sorted((*_key(trade, rows), *peer_profit(trade, fees)) for trade in closed)
    columns = ("Size", "EntryBar", "ExitBar", "EntryPrice", "ExitPrice", "PnL", "Commission")
    theirs = sorted(tuple(float(row[name]) for name in columns) for row in published)
    np.testing.assert_allclose(
        [key[:5] for key in ours], [key[:5] for key in theirs], rtol=0, atol=1e-6
    )
    np.testing.assert_allclose(
        [key[5:] for key in ours], [key[5:] for key in theirs], rtol=0, atol=0.01
    )
    equity = [float(row["Equity"]) for row in read_csv(case.folder / "equity.csv")]
    closing = record.equity[: len(equity)].copy()
    if case.backtest.get("finalize_trades"):
        closing[-1] = record.equity[-1]
    np.testing.assert_allclose(closing, equity, rtol=0, atol=0.01)


def test_open_lots_are_the_published_ones(case: Case) -> None:
    bars = packaged_bars(str(case.spec["data"]["name"]))  # type: ignore[index]
    record = replay(case, bars)
    rows = _rows(bars)
    ours = [
        (trade.quantity * trade.side, rows[trade.entry_time], trade.entry_price)
        for trade in trades_of(record)
        if trade.is_open
    ]
    lots = case.spec["open_at_end"]
    assert isinstance(lots, list)
    theirs = [(lot["size"], lot["entry_bar"], lot["entry_price"]) for lot in lots]
    np.testing.assert_allclose(sorted(ours), sorted(theirs), rtol=0, atol=1e-6)


def test_headline_figures_are_the_published_ones(case: Case) -> None:
    bars = packaged_bars(str(case.spec["data"]["name"]))  # type: ignore[index]
    record = replay(case, bars)
    stats = case.spec["stats"]
    assert isinstance(stats, dict)
    curve = record.equity
    assert curve[-1] == pytest.approx(stats["Equity Final [$]"], abs=0.01)
    assert curve.max() == pytest.approx(stats["Equity Peak [$]"], abs=0.01)
    drawdown = 100 * (curve / np.maximum.accumulate(curve) - 1).min()
    assert drawdown == pytest.approx(stats["Max. Drawdown [%]"], abs=1e-6)
    closed = [trade for trade in trades_of(record) if not trade.is_open]
    assert len(closed) == stats["# Trades"]
    wins = 100 * sum(trade.profit > 0 for trade in closed) / len(closed)
    assert wins == pytest.approx(stats["Win Rate [%]"], abs=1e-9)


def test_the_committed_cases_are_on_the_bars_they_were_made_with() -> None:

    package = importlib.util.find_spec("backtesting")
    assert package is not None and package.origin is not None
    raw = (Path(package.origin).parent / "test" / "GOOG.csv").read_bytes()
    specs = [json.loads((folder / "spec.json").read_text()) for folder in FOLDERS.values()]
    hashes = {spec["data"]["sha256"] for spec in specs if spec["data"]["name"] == "GOOG"}
    assert hashes == {hashlib.sha256(raw).hexdigest()}


MICRO = {case["id"]: case for case in json.loads((HERE / "A30_micro_published.json").read_text())}


class AllInThenClose(Strategy):
    """buy() with everything at the second bar, close at the next decision."""

    def on_bar(self) -> None:
        if len(self.data) == 2:
            self.buy(fraction=ALL_IN)
        elif len(self.data) == 3:
            self.close()


@pytest.mark.parametrize(
    ("name", "commission", "spread"),
    [("A30", 0.01, 0.01), ("A31", [100, 0.01], 0.0), ("A32", "size*price*.01", 0.0)],
)
def test_all_in_with_costs(name: str, commission: object, spread: float) -> None:

    bars = packaged_bars("GOOG").take(0, 5)
    record = run(
        AllInThenClose,
        [bars],
        BacktestSettings(
            cash=10_000,
            commission=commission_of(commission),
            slippage=PercentSlippage(percent=100 * spread),
            policy=FillPolicy.backtesting_py(),
        ),
    )
    expected = MICRO[name]["expect"]["equity_bars_2_3"]
    np.testing.assert_allclose(record.equity[2:4], expected, rtol=0, atol=0.01)
    assert record.fills[0].price == pytest.approx(bars.open[2] * (1 + spread), abs=1e-9)


def test_a_gapped_target_fills_at_the_open() -> None:

    prices = np.array([1.0, 1, 1, 2, 4, 1, 2])
    bars = packaged_bars("GOOG").take(0, len(prices))
    bars = replace(bars, open=prices, high=prices, low=prices, close=prices)

    class Buy100(Strategy):
        def on_bar(self) -> None:
            if len(self.data) == 2:
                self.buy(100, take_profit=3.0)

    record = run(
        Buy100,
        [bars],
        BacktestSettings(
            cash=5_000,
            commission=commission_of([10, 0.01]),
            policy=FillPolicy.backtesting_py(),
            slippage=NoSlippage(),
        ),
    )
    expected = MICRO["A33"]["expect"]
    assert [fill.price for fill in record.fills] == [1.0, 4.0]
    assert sum(c.amount for c in record.commissions) == pytest.approx(expected["commission"])
    assert record.equity[-1] == pytest.approx(expected["final"])
