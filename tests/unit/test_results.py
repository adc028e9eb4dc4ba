"""Results: daily sampling, drawdown lengths, buy and hold, activity, and the files written."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Sequence
from dataclasses import replace
from math import isnan, nan
from pathlib import Path

import numpy as np
import pytest

from framework.domain.bars import Bars, PriceBasis
from framework.domain.events import Commission, Halt, Refused, Trip
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import OrderStatus, Origin, Side
from framework.errors import ConfigError
from framework.research.backtest import run_backtest
from framework.research.curves import buy_and_hold, daily_returns, drawdown_curve, underwater
from framework.research.files import RUN_FILES, Provenance, write_run
from framework.research.results import Result, result_of
from framework.research.summary import Unit, measures
from framework.research.tables import iso_times
from framework.strategy import Strategy
from tests.unit.records import DAY, bars_of, fill_of, record_of, stop_of


class Still(Strategy):
    """Does nothing."""


HASHES = Provenance("c0de", "c0f1", "da7a", "0.1.0")


def ran(record, **given) -> Result:
    return result_of(record, strategy="Test", **given)


# sampling


def test_intraday_equity_is_sampled_at_the_end_of_each_session() -> None:
    bars = bars_of([100, 90, 110, 120, 60, 99], per_session=3)
    record = record_of(bars)
    returns = daily_returns(record, np.array([100.0, 90, 110, 120, 60, 99]) * 1000)
    assert returns == pytest.approx([0.1, -0.1])


def test_a_run_that_starts_on_a_session_s_last_bar_has_no_return_that_day() -> None:
    record = record_of(bars_of([1, 2, 3]))
    assert daily_returns(record, np.array([90_000.0, 110_000, 99_000])) == pytest.approx(
        [0.1, -0.1]
    )


def test_history_before_the_start_does_not_count() -> None:
    record = record_of(bars_of([50, 100, 110, 121]), start=1)
    hold = buy_and_hold(record)
    assert hold == pytest.approx([100_000, 110_000, 121_000])
    assert daily_returns(record, hold) == pytest.approx([0.1, 0.1])


def test_a_run_cut_short_ends_where_it_stopped() -> None:
    record = replace(record_of(bars_of([100, 110, 121])), stop=2)
    assert len(buy_and_hold(record)) == 2
    assert ran(record).summary.buy_and_hold.total_return == pytest.approx(0.1)


# drawdown


@pytest.mark.parametrize(
    ("values", "depth", "days", "bars", "longest"),
    [
        pytest.param([10, 9, 8, 10, 11], -0.2, 3, 3, 3, id="recovered"),
        pytest.param([10, 5, 10, 9, 9, 9], -0.5, 2, 2, 3, id="the longest is another one"),
        pytest.param([10, 12, 6, 7], -0.5, 2, 2, 2, id="never recovered"),
        pytest.param([9, 8, 8], -0.2, 2, 2, 2, id="below the opening cash from the start"),
        pytest.param([10, 11, 12], 0, 0, 0, 0, id="none"),
        pytest.param([], nan, nan, nan, nan, id="nothing ran"),
    ],
)
def test_drawdown_lengths(values, depth, days, bars, longest) -> None:
    record = record_of(bars_of([1.0] * max(len(values), 1)), cash=10.0)
    curve = np.array(values, dtype=float)
    times = np.arange(len(values), dtype=np.int64) * DAY
    found = underwater(times, drawdown_curve(record, curve))
    assert (found.depth, found.days, found.bars, found.longest_days) == pytest.approx(
        (depth, days, bars, longest), nan_ok=True
    )


# buy and hold


def test_symbols_are_held_in_equal_parts_from_their_first_close() -> None:
    first = bars_of([10, 20, 20, 20], "AAA")
    late = bars_of([10, 10, 10, 30], "BBB").take(2, 4)
    hold = buy_and_hold(record_of([first, late], cash=100.0))
    assert hold == pytest.approx([100, 150, 150, 250])


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        (PriceBasis.RAW, "splits not adjusted"),
        (PriceBasis.SPLIT, "price return, without dividends"),
        (PriceBasis.TOTAL, "total return"),
    ],
)
def test_buy_and_hold_says_what_its_prices_mean(prices, words) -> None:
    result = ran(record_of(replace(bars_of([1, 2]), prices=prices)))
    assert words in result.conventions[-1]


def test_mixed_prices_are_said_to_be_mixed() -> None:
    bars = [bars_of([1, 2]), replace(bars_of([1, 2], "BBB"), prices=PriceBasis.TOTAL)]
    assert "mixed" in ran(record_of(bars)).hold_label


# figures

BARS = bars_of([100, 102, 104, 110, 108, 90, 95, 96])


def busy() -> Result:
    entry = fill_of(BARS, 1, 100, slip=0.5, order="in")
    working = replace(stop_of(entry, stop=95.0), status=OrderStatus.WORKING)
    fills = [
        entry,
        fill_of(BARS, 3, -100, slip=0.5, touch=True),
        fill_of(BARS, 4, 100),
        fill_of(BARS, 5, -100, origin=Origin.STOP_LOSS),
        fill_of(BARS, 6, 10),
    ]
    time = int(BARS.close_time[2])
    record = record_of(BARS, fills, fee=2.0, orders=[working])
    return ran(
        replace(
            record,
            refused=(
                Refused(time, "AAA", Side.BUY, 5.0, 104.0, "max_position", "5 is too many, by far"),
                Refused(time, "AAA", Side.BUY, 9.0, 104.0, "buying_power", "no cash"),
                Refused(time, "AAA", Side.SELL, 9.0, 104.0, "buying_power", "no cash"),
            ),
            trips=(Trip("daily_loss", "lost 2 %", Halt.SESSION, time),),
            warnings=("Prices look raw.",),
        ),
        parameters=[("fast", "10")],
        settings=[("commission", "2 an order")],
    )


def test_activity_by_hand() -> None:
    """+300 of 2 wins and losses: in at 100.5 out at 103.5, in at 110 out at 108; 2 a fill."""
    activity = busy().summary.activity
    assert activity.trades == 2
    assert activity.open_trades == 1
    assert activity.win_rate == 0.5
    assert activity.profit_factor == pytest.approx(296 / 204)
    assert activity.expectancy == pytest.approx((296 - 204) / 2)
    assert activity.average_trade == pytest.approx((296 / 10_050 - 204 / 11_000) / 2)
    assert activity.best_trade == pytest.approx(296 / 10_050)
    assert activity.worst_trade == pytest.approx(-204 / 11_000)
    assert activity.average_r == pytest.approx(296 / 550)
    assert activity.average_bars == 1.5
    assert activity.commission == 10
    assert activity.slippage == pytest.approx(100)
    assert activity.exposure == pytest.approx(5 / 8)
    assert activity.working_orders == 1
    assert activity.refused_orders == 3
    assert activity.touch_fills == 1
    assert activity.breakers_tripped == 1
    assert busy().summary.refused == (("buying_power", 2), ("max_position", 1))


def test_exposure_counts_instants_with_any_position() -> None:
    other = bars_of([10, 11, 12, 13, 14, 15, 16, 17], "BBB")
    fills = [fill_of(BARS, 1, 1), fill_of(BARS, 2, -1), fill_of(other, 5, 1), fill_of(other, 7, -1)]
    assert ran(record_of([BARS, other], fills)).summary.activity.exposure == pytest.approx(3 / 8)


def test_turnover_is_value_traded_over_average_equity_and_years() -> None:
    result = busy()
    traded = 100 * (100.5 + 103.5 + 110 + 108) + 10 * 90
    equity = result.record.equity.mean()
    assert result.summary.activity.turnover == pytest.approx(traded / equity / (7 / 252))


def test_performance_by_hand() -> None:
    record = replace(record_of(BARS), equity=np.array([100, 110, 99, 99, 99, 121, 121, 121.0]))
    record = replace(record, opening_cash=100.0)
    found = ran(record).summary.strategy
    returns = np.array([0.1, -0.1, 0, 0, 22 / 99, 0, 0])
    annual = 1.21 ** (252 / 7) - 1
    assert found.final_equity == 121
    assert found.total_return == pytest.approx(0.21)
    assert found.annual_return == pytest.approx(annual)
    assert found.volatility == pytest.approx(returns.std(ddof=1) * 252**0.5)
    assert found.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * 252**0.5)
    assert found.sortino == pytest.approx(returns.mean() * 252 / (0.1 / 7**0.5 * 252**0.5))
    assert found.calmar == pytest.approx(annual / 0.1)
    assert (found.max_drawdown, found.drawdown_days) == (pytest.approx(-0.1), 4)


def test_the_risk_free_rate_is_annual() -> None:
    record = record_of(bars_of([100, 101, 99, 104]))
    rate = 1.05 ** (1 / 252) - 1
    returns = np.array([1 / 100, -2 / 101, 5 / 99]) - rate
    found = ran(record, risk_free=0.05).summary.buy_and_hold.sharpe
    assert found == pytest.approx(returns.mean() / returns.std(ddof=1) * 252**0.5)


@pytest.mark.parametrize("closes", [[100.0], [100.0, 101.0], [100.0, 100.0, 100.0]])
def test_runs_too_short_or_too_quiet_have_no_ratios_and_no_warnings(closes) -> None:
    summary = ran(record_of(bars_of(closes))).summary
    assert isnan(summary.strategy.sharpe)
    assert isnan(summary.strategy.calmar)
    assert isnan(summary.activity.win_rate)
    assert summary.activity.trades == 0


def test_a_run_that_never_started_is_all_nan() -> None:
    found = ran(replace(record_of(bars_of([1.0, 2.0])), stop=0)).summary
    assert found.strategy.final_equity == 100_000
    assert isnan(found.strategy.max_drawdown)
    assert isnan(found.activity.exposure)


def test_losing_more_than_everything_is_told_and_not_raised() -> None:
    record = record_of(bars_of([100, 300, 320]), [fill_of(bars_of([100, 300, 320]), 1, -1000)])
    found = ran(record).summary.strategy
    assert found.total_return < -1
    assert isnan(found.annual_return)


def test_every_figure_has_a_label_and_a_unit() -> None:
    summary = busy().summary
    for group in (summary.strategy, summary.activity):
        for measure in measures(group):
            assert measure.label
            assert measure.unit in Unit


# files


def test_the_files_are_byte_identical_private_and_complete(tmp_path: Path) -> None:
    one = write_run(busy(), tmp_path / "deep" / "one", "strategy: x\n", HASHES)
    two = write_run(busy(), tmp_path / "two", "strategy: x\n", HASHES)
    assert sorted(path.name for path in one.iterdir()) == sorted(RUN_FILES)
    assert stat.S_IMODE(one.stat().st_mode) == 0o700
    for name in RUN_FILES:
        content = (one / name).read_bytes()
        assert content == (two / name).read_bytes()
        assert b"\r" not in content
        assert content.endswith(b"\n")
        assert stat.S_IMODE((one / name).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_tables_read_back_as_the_same_numbers(tmp_path: Path) -> None:
    result = busy()
    folder = write_run(result, tmp_path / "run", "", HASHES)
    trades = rows_of(folder, "trades.csv")
    assert next(iter(trades[0])) == "id"
    assert [float(row["profit"]) for row in trades] == [t.profit for t in result.trades]
    assert [row["exit_reason"] for row in trades] == ["strategy", "stop_loss", "open"]
    assert [row["r_multiple"] == "" for row in trades] == [False, True, True]
    assert [row["side"] for row in trades] == ["long"] * 3
    assert trades[0]["entry_time"] == "2020-01-03T21:00:00Z"
    orders = rows_of(folder, "orders.csv")
    assert (orders[0]["decision_price"], orders[0]["average_price"]) == ("100.0", "100.5")
    assert orders[0]["decision_time"] < orders[0]["fill_time"]
    assert (orders[-1]["status"], orders[-1]["fill_time"]) == ("working", "")
    assert {row["terms"] for row in orders} == {""}
    refused = rows_of(folder, "refused.csv")
    assert refused[0]["reason"] == "5 is too many, by far"
    equity = rows_of(folder, "equity.csv")
    assert [float(row["equity"]) for row in equity] == result.record.equity.tolist()
    assert [float(row["quantity AAA"]) for row in equity] == [0, 100, 100, 0, 100, 0, 10, 10]
    assert float(equity[-1]["drawdown"]) < 0


def test_every_execution_is_a_row(tmp_path: Path) -> None:
    """Two fills of one order; slippage in money of the account, fees of several charges added."""
    bars = bars_of([100, 102, 104, 110], multiplier=50.0)
    entry = fill_of(bars, 1, 4, slip=0.5, order="in")
    rest = replace(fill_of(bars, 2, 6, order="in"), rate=1.25)
    out = replace(fill_of(bars, 3, -10, slip=0.2, order="out"), rate=1.25)
    short = fill_of(bars, 3, -5, order="short")
    record = record_of(bars, [entry, rest, out, short], fee=2.0)
    late = Commission(entry.id, "AAA", 0.5, entry.time)
    record = replace(record, commissions=(*record.commissions[:2], late))
    rows = rows_of(write_run(ran(record), tmp_path / "run", "", HASHES), "fills.csv")
    assert [tuple(row.values()) for row in rows] == [
        (entry.id, "in", "2020-01-03T21:00:00Z", "AAA", "BUY", "4", "100.5", "100.0", "100.0",
         "2.5", ""),
        (rest.id, "in", "2020-01-04T21:00:00Z", "AAA", "BUY", "6", "102.0", "102.0", "0.0",
         "2.0", "1.25"),
        (out.id, "out", "2020-01-05T21:00:00Z", "AAA", "SELL", "10", "103.8", "104.0",
         rows[2]["slippage"], "0.0", "1.25"),
        (short.id, "short", "2020-01-05T21:00:00Z", "AAA", "SELL", "5", "104.0", "104.0", "0.0",
         "0.0", ""),
    ]  # fmt: skip
    assert float(rows[2]["slippage"]) == pytest.approx(0.2 * 10 * 50 * 1.25)


def test_the_summary_has_figures_units_hashes_and_null_for_what_is_unknown(tmp_path: Path) -> None:
    folder = write_run(ran(record_of(bars_of([1, 2]))), tmp_path / "run", "", HASHES)
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert summary["hashes"] == {"code": "c0de", "config": "c0f1", "data": "da7a"}
    assert summary["version"] == "0.1.0"
    assert summary["metrics"]["strategy"]["sharpe"] is None
    assert summary["metrics"]["buy_and_hold"]["total_return"] == 1.0
    assert summary["units"]["total_return"] == "fraction"


def test_an_earlier_run_is_replaced_and_other_files_there_are_kept(tmp_path: Path) -> None:
    folder = write_run(busy(), tmp_path / "run", "old\n", HASHES)
    (folder / "notes.txt").write_text("mine")
    write_run(busy(), tmp_path / "run", "new\n", HASHES)
    assert (folder / "run.yaml").read_text() == "new\n"
    assert (folder / "notes.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_a_folder_of_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError, match=r"no run has written.*--out"):
        write_run(busy(), tmp_path, "", HASHES)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_foreign_summary_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("[]")
    with pytest.raises(ConfigError, match="no run has written"):
        write_run(busy(), tmp_path, "", HASHES)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        write_run(busy(), tmp_path / "file", "", HASHES)
    with pytest.raises(ConfigError, match="cannot be written"):
        write_run(busy(), tmp_path / "file" / "below", "", HASHES)


def test_nothing_is_left_when_writing_fails(tmp_path: Path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("framework.research.files._write_text", full)
    with pytest.raises(ConfigError, match="No space left"):
        write_run(busy(), tmp_path / "run", "", HASHES)
    assert list(tmp_path.iterdir()) == []


def test_times_get_decimals_only_when_needed() -> None:
    assert iso_times([0, 1_000_000_000]) == ["1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"]
    assert iso_times([1]) == ["1970-01-01T00:00:00.000000001Z"]
    assert iso_times([]) == []


# settings


def settings(bars: Sequence[Bars], strategy: type[Strategy] = Still, **given) -> dict[str, str]:
    rows = run_backtest(strategy, data=list(bars), commission="none", **given).settings
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def like(symbol: str, **facts) -> Bars:
    return replace(bars_of([100, 101, 102], symbol), instrument=Instrument(symbol, **facts))


def test_the_defaults_are_among_the_settings() -> None:
    rows = dict(run_backtest("sma_cross", last="1999-12-31").settings)
    assert rows["Hours"] == "regular hours of XNYS"
    assert rows["Instrument"] == "stock in USD, tick 0.01, lot 1, multiplier 1"
    assert rows["Cash"] == "100,000.00"
    assert rows["Leverage"] == "none"
    assert rows["Sizing"] == "percent(percent=95)"
    assert rows["Split"] == "equally over 1 symbol"
    assert rows["Commission"].startswith("ibkr_fixed(")
    assert rows["Slippage"] == "percent(percent=0.05) on market and stop fills"


def test_instruments_share_a_row_when_they_agree_and_have_their_own_when_not() -> None:
    alike = settings([like("A"), like("B")])
    assert alike["Instruments"] == "stock in USD, tick 0.01, lot 1, multiplier 1"
    assert not any(name.startswith("Instrument ") for name in alike)
    fx = like("EUR.USD", type=AssetType.FOREX, tick=0.00005, lot=0.0)
    mixed = settings([like("ES", type=AssetType.FUTURE, tick=0.25, multiplier=50), fx])
    assert mixed["Instrument ES"] == "future in USD, tick 0.25, lot 1, multiplier 50"
    assert mixed["Instrument EUR.USD"] == "forex in USD, tick 0.00005, lot none, multiplier 1"
    many = settings([like(f"S{number}", multiplier=number + 1) for number in range(8)])
    assert "Instrument S4" in many
    assert "Instrument S5" not in many
    assert many["Instruments"] == "3 more"


def test_how_the_account_is_split_is_among_the_settings() -> None:
    class Rotation(Strategy):
        universe = True

    pair = [like("A"), like("B")]
    assert settings(pair)["Split"] == "equally over 2 symbols"
    assert settings(pair, weights={"B": 0.25, "A": 0.5})["Split"] == "A 0.5, B 0.25"
    assert settings(pair, Rotation)["Split"] == "one instance trades 2 symbols"


def test_settings_that_are_not_the_defaults_say_so() -> None:
    rows = settings([like("A")], leverage=2, slippage="none", fill="backtesting_py")
    assert (rows["Leverage"], rows["Slippage"]) == ("2 x equity", "none")
    assert rows["Hours"] == "those of the bars given; calendar XNYS"
    slipped = settings([like("A")], slippage="fixed:0.01", fill="backtesting_py")
    assert slipped["Slippage"] == "fixed(amount=0.01) on entries"
