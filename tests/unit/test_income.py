"""What results say of dividends, interest, splits, currencies and margin calls."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from framework.backtest.record import RunRecord
from framework.components.commission import PerOrder
from framework.components.financing import IbkrFinancing
from framework.components.margin import RegT
from framework.components.slippage import FixedSlippage
from framework.domain.actions import Dividend, StockSplit
from framework.domain.bars import Bars, PriceBasis
from framework.domain.currency import Rates
from framework.domain.instruments import Instrument
from framework.research.files import Provenance, write_run
from framework.research.report import print_result
from framework.research.results import Result, result_of
from framework.research.trades import Trade, trades_of
from tests.builders import Row, bars_of, day_number, flat_rows, free, played


def raw(rows: Sequence[Row], **instrument: object) -> Bars:
    made = Instrument("AAA", **instrument)  # type: ignore[arg-type]
    return replace(bars_of(rows), instrument=made, prices=PriceBasis.RAW)


def result(record: RunRecord) -> Result:
    return result_of(record, strategy="Test")


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / name).read_text())))


def test_a_trade_over_a_split_is_told_on_its_last_scale() -> None:
    rows = [
        *flat_rows([100.0]),
        (100.0, 120.0, 98.0, 100.0),
        (100.0, 112.0, 96.0, 100.0),
        (50.0, 54.0, 46.0, 50.0),
        (52.0, 60.0, 52.0, 52.0),
    ]
    record = played(
        {0: lambda s: s.buy(10, stop_loss=90.0), 3: lambda s: s.close()},
        raw(rows),
        free(
            actions=(StockSplit("AAA", day_number(3), 2.0),),
            commission=PerOrder(1.0),
            slippage=FixedSlippage(1.0),
        ),
    )
    (trade,) = trades_of(record)
    assert (trade.quantity, trade.entry_price, trade.exit_price) == (20.0, 50.5, 51.0)
    assert trade.profit == pytest.approx(20 * 0.5 - 2.0)
    assert trade.commission == pytest.approx(2.0)
    assert trade.slippage == pytest.approx(10 * 1.0 + 20 * 1.0)
    assert trade.return_percent == pytest.approx(100 * 8.0 / 1_010.0)
    # 11 points were at risk on the old scale, 10 units of them
    assert trade.r_multiple == pytest.approx(8.0 / 110.0)
    assert trade.best_excursion == pytest.approx(20 * (60.0 - 50.5))
    assert trade.worst_excursion == pytest.approx(20 * (46.0 - 50.5))
    assert sum(t.profit for t in (trade,)) == pytest.approx(float(record.equity[-1]) - 100_000.0)


def test_what_a_split_leaves_over_is_income_and_not_profit() -> None:
    record = played(
        {0: lambda s: s.buy(5), 1: lambda s: s.buy(3)},
        raw([*flat_rows([30.0] * 3), *flat_rows([20.0] * 2)]),
        free(actions=(StockSplit("AAA", day_number(3), 1.3),)),
    )
    found = [(trade.quantity, trade.entry_price) for trade in trades_of(record)]
    # 6.5 and 3.9 units are 10 whole ones together: the older lot keeps what the other loses
    assert [quantity for quantity, _ in found] == [7.0, 3.0]
    assert [price for _, price in found] == pytest.approx([30 / 1.3] * 2)
    assert [flow.amount for flow in record.flows] == pytest.approx([0.4 * 30 / 1.3])
    assert record.positions[0].quantity == 10.0


def test_profit_is_in_the_account_s_currency_each_end_at_its_rate() -> None:
    pair = bars_of(flat_rows([1.0, 1.1, 1.2, 1.25, 1.5]), "EUR.USD")
    bars = raw([*flat_rows([100.0] * 2), *flat_rows([110.0] * 3)], currency="EUR")
    settings = free(rates=Rates.of_bars("USD", [pair]), slippage=FixedSlippage(1.0))
    record = played(
        {0: lambda s: s.buy(10), 2: lambda s: s.close(), 3: lambda s: s.buy(1)}, bars, settings
    )
    closed, still = trades_of(record)
    assert (closed.entry_price, closed.exit_price) == (101.0, 109.0)
    assert closed.profit == pytest.approx(10 * (109 * 1.25 - 101 * 1.1))
    assert closed.slippage == pytest.approx(10 * (1.25 + 1.1))
    assert still.profit == pytest.approx(110 * 1.5 - 111 * 1.5)
    total = sum(trade.profit for trade in (closed, still))
    assert total == pytest.approx(float(record.equity[-1]) - 100_000.0)
    traded = sum(abs(f.quantity) * f.price * f.rate for f in record.fills)
    assert result(record).summary.activity.turnover == pytest.approx(
        traded / float(record.equity.mean()) / (4 / 252)
    )


def test_buying_and_holding_gets_the_dividends_and_splits_too() -> None:
    bars = raw([*flat_rows([100.0] * 2), *flat_rows([99.0]), *flat_rows([50.0] * 2)])
    days = [day_number(i) for i in range(5)]
    settings = free(
        actions=(
            Dividend("AAA", days[0], 7.0),
            Dividend("AAA", days[2], 1.0),
            StockSplit("AAA", days[3], 2.0),
            Dividend("AAA", days[4], 0.5),
        )
    )
    found = result(played({}, bars, settings))
    assert found.buy_and_hold.tolist() == [100_000.0, 100_000.0, 100_000.0, 101_000.0, 102_000.0]
    assert found.hold_label == "with the dividends and splits given, dividends not reinvested"


def test_buying_and_holding_is_in_the_account_s_currency() -> None:
    pair = bars_of(flat_rows([1.0, 1.1, 1.2]), "EUR.USD")
    bars = raw(flat_rows([100.0] * 3), currency="EUR")
    found = result(played({}, bars, free(rates=Rates.of_bars("USD", [pair]))))
    assert found.buy_and_hold == pytest.approx([100_000.0, 110_000.0, 120_000.0])


def test_what_moved_besides_trades_is_shown_and_written(tmp_path: Path) -> None:
    falling = flat_rows([100.0, 100.0, 100.0, 50.0, 33.0, 33.0])
    found = result(
        played(
            {0: lambda s: s.buy(2_000)},
            raw(falling),
            free(
                account=RegT(),
                financing=IbkrFinancing(5.0),
                actions=(Dividend("AAA", day_number(2), 0.5), StockSplit("AAA", day_number(3), 2)),
            ),
        )
    )
    income = dict(found.summary.income)
    assert income["dividend"] == 1_000.0
    assert income["interest"] < 0.0
    assert found.summary.margin_calls == 2
    console = Console(width=80, file=io.StringIO(), color_system=None)
    print_result(found, console)
    assert isinstance(console.file, io.StringIO)
    text = " ".join(console.file.getvalue().split())
    assert "Dividends, interest and margin" in text
    assert "Dividend 1,000.00" in text
    assert "Margin calls 2 orders sent by the broker" in text
    folder = write_run(found, tmp_path / "run", "strategy: test\n", Provenance())
    flows = rows_of(folder, "flows.csv")
    assert {row["kind"] for row in flows} == {"dividend", "interest", "split"}
    split = next(row for row in flows if row["kind"] == "split")
    assert (split["symbol"], split["ratio"], split["quantity"]) == ("AAA", "2", "4000.0")
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["income"] == income
    assert (summary["currency"], summary["margin_calls"]) == ("USD", 2)


def test_a_run_in_which_nothing_moved_shows_nothing(tmp_path: Path) -> None:
    found = result(played({0: lambda s: s.buy(1)}, bars_of(flat_rows([100.0] * 3))))
    console = Console(width=80, file=io.StringIO(), color_system=None)
    print_result(found, console)
    assert isinstance(console.file, io.StringIO)
    assert "interest" not in console.file.getvalue()
    folder = write_run(found, tmp_path / "run", "strategy: test\n", Provenance())
    assert rows_of(folder, "flows.csv") == []


def test_profits_and_income_add_up_to_the_change_of_equity() -> None:
    closes = [100.0, 102.0, 104.0, 53.0, 55.0, 54.0, 52.0, 51.0]
    record = played(
        {0: lambda s: s.buy(100), 4: lambda s: s.sell(303), 6: lambda s: s.buy(50)},
        raw(flat_rows(closes)),
        free(
            financing=IbkrFinancing(5.0, borrow=3.0),
            commission=PerOrder(1.0),
            slippage=FixedSlippage(0.05),
            actions=(StockSplit("AAA", day_number(3), 2.0), Dividend("AAA", day_number(5), 0.4)),
        ),
    )
    profit = sum(trade.profit for trade in _all(record)) + sum(f.amount for f in record.flows)
    assert profit == pytest.approx(float(record.equity[-1]) - 100_000.0)


def _all(record: RunRecord) -> tuple[Trade, ...]:
    return trades_of(record)
