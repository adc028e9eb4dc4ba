"""Several strategies in a run file, and in one call: named, divided, written out, run again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from framework import Sleeve, Strategy, run_backtest
from framework.cli.flags import RunFlags
from framework.cli.running import run_command
from framework.config.plan import Plan, plan_of, run_file_of
from framework.config.request import request_of
from framework.config.runfile import dump, read, validate
from framework.errors import ConfigError, SlipwayError
from framework.research.backtest import play
from framework.sweeps.request import SweepRequest, ready_of
from tests.builders import bars_of, flat_rows

FLEET = """
data: {sample: synthetic-universe, to: 2017-12-31}
strategies:
  - {strategy: sma_cross, symbols: [SYN_A], set: {fast: 10}, weight: 0.6}
  - {strategy: rsi_reversion, symbols: [SYN_B, SYN_A], weight: 0.4}
"""


def plan(text: str) -> Plan:
    Path("fleet.yaml").write_text(text)
    return plan_of(request_of(validate(read(Path("fleet.yaml")), "fleet.yaml")))


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_run_file_names_them_and_what_they_trade() -> None:
    found = plan(FLEET)
    assert found.fleet is not None
    first, second = found.fleet[0].roles
    assert (first.name, first.symbols, first.weight) == ("SmaCross", ("SYN_A",), 0.6)
    assert (first.parameters["fast"], first.parameters["slow"]) == (10, 100)
    assert (second.name, second.symbols) == ("RsiReversion", ("SYN_B", "SYN_A"))
    assert [one.symbol for one in found.market.bars] == ["SYN_A", "SYN_B"]
    assert found.settings.owned


def test_the_run_file_that_is_written_repeats_it() -> None:
    once = plan(FLEET)
    text = dump(run_file_of(once))
    again = plan(text)
    assert dump(run_file_of(again)) == text
    assert "strategy: null" not in text
    first, second = play(once).record, play(again).record
    assert first.fills
    assert list(first.fills) == list(second.fills)
    assert first.strategies == second.strategies


def test_one_strategy_writes_what_it_always_did() -> None:
    text = dump(run_file_of(plan("strategy: sma_cross")))
    assert "strategies" not in text


def test_names_alone_have_equal_shares_of_everything() -> None:
    found = plan("data: {sample: synthetic-universe}\nstrategies: [sma_cross, sma_cross]")
    assert found.fleet is not None
    assert [(one.name, one.weight) for one in found.fleet[0].roles] == [
        ("SmaCross", 0.5), ("SmaCross2", 0.5),
    ]  # fmt: skip
    assert len(found.market.bars) == 6


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("strategy: turtle\nstrategies: [sma_cross]", "`strategy` and `strategies`"),
        ("parameters: {fast: 3}\nstrategies: [sma_cross]", "Give each strategy its own"),
        ("strategies: [{strategy: sma_cross, weight: 0.5}, turtle]", "1 of 2 strategies"),
        ("strategies: [{strategy: sma_cross, weight: 2}]", "at most 1"),
        ("strategies: [{strategy: sma_cross, wieght: 1}]", "weight"),
        ("strategies: [{strategy: sma_cross, set: {fsat: 1}}]", "fast"),
        ("strategies: [{strategy: sma_corss}]", "sma_cross"),
        ("strategies: [{strategy: sma_cross, symbols: []}]", "empty list"),
        ("strategies: [{strategy: sma_cross, name: my one}]", "letters and digits"),
        ("strategies: [{symbols: [SP500]}]", "strategy"),
        ("strategies: sma_cross", "strategies"),
        ("strategies: [sma_cross, turtle]\nweights: {SP500: 1}", "weights by symbol"),
        ("strategies: [sma_cross, turtle]\noptions: 0.2", "options on it"),
        ("strategies: [sma_cross, turtle]\naccount: reg_t", "margin calls"),
        ("strategies: [covered_call, iron_condor]", "different options"),
        ("strategies: [{strategy: sma_cross, symbols: [XYZ]}]", "XYZ"),
    ],
)
def test_what_cannot_be_is_named_before_it_runs(text: str, says: str) -> None:
    with pytest.raises(SlipwayError) as refused:
        plan(text)
    assert says in f"{refused.value}"


def test_what_takes_one_strategy_says_so() -> None:
    asked = request_of(validate(read(_written()), "fleet.yaml"))
    with pytest.raises(ConfigError, match="A sweep takes one strategy, and there are 2"):
        ready_of(SweepRequest(asked, {"fast": "5:10:5"}))


def _written() -> Path:
    path = Path("fleet.yaml")
    path.write_text(FLEET)
    return path


class Buyer(Strategy):
    """Buys some units on one bar."""

    units: int = 10

    def on_bar(self) -> None:
        if len(self.data) == 2:
            self.buy(self.units)


def test_in_one_call_and_what_it_leaves(tmp_path: Path) -> None:
    closes = [100.0, 100.0, 100.0, 110.0]
    result = run_backtest(
        [Sleeve(Buyer, {"units": 30}), Sleeve(Buyer, weight=None, name="small")],
        data=[bars_of(flat_rows(closes))],
        commission="none",
        slippage="none",
        out=None,
    )
    assert result.title() == "Buyer + small(Buyer.units=30, small.units=10)"
    assert [(book.name, book.profit) for book in result.record.strategies] == [
        ("Buyer", 300.0), ("small", 100.0),
    ]  # fmt: skip
    assert [result.strategy_of(trade) for trade in result.trades] == ["Buyer", "small"]


def test_the_files_of_a_run_say_whose_everything_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(RunFlags(config=_written(), out=Path("out"))) == 0
    shown = capsys.readouterr().out
    assert "SmaCross + RsiReversion" in shown
    assert "Cash given" in shown
    for name in ("trades.csv", "orders.csv", "fills.csv"):
        with (Path("out") / name).open() as file:
            rows = list(csv.DictReader(file))
        assert {row["strategy"] for row in rows} == {"SmaCross", "RsiReversion"}, name
    summary = json.loads((Path("out") / "summary.json").read_text())
    made = {book["name"]: book["profit"] for book in summary["strategies"]}
    assert sum(made.values()) == pytest.approx(
        summary["metrics"]["strategy"]["final_equity"] - 100_000.0, abs=1e-6
    )
