"""`slipway slippage` on journals of sessions: the cost is what was configured, and a backtest with
what it writes pays it again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from framework.cli.app import app
from framework.config.plan import plan_of
from framework.config.request import request_of
from framework.config.runfile import validate
from framework.domain.instruments import Instrument
from framework.engine.journal import JOURNAL_NAME, read_journal
from framework.research.backtest import play
from framework.research.executions import filled_orders
from framework.research.order_lives import journal_orders
from framework.session.lockstep import rehearsed
from tests.builders import bars_of, free
from tests.journals import journal_in, record

PLAYED = {
    "strategy": "sma_cross",
    "data": {"from": "2015-01-01"},
    "parameters": {"fast": 5, "slow": 20},
}


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


def _slippage(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["slippage", *words])
    assert result.exit_code == code, result.output
    return result.output


def _sailed(content: dict[str, object], name: str = "paper-sma_cross-1") -> Path:
    """A session in lockstep whose journal is kept."""
    folder = Path("sessions", name)
    folder.mkdir(parents=True)
    rehearsed(plan_of(request_of(validate(content, "test", {}))), None, folder / JOURNAL_NAME)
    return folder / JOURNAL_NAME


@pytest.mark.parametrize(
    "parts",
    [
        {"slippage": "percent:0.08"},
        {"slippage": "fixed:0.5", "exits": ["stop_percent:1", "target_percent:4"]},
        {"slippage": "half_spread:percent=0.02", "exits": ["trailing_percent:2"]},
    ],
)
def test_a_session_s_cost_is_the_backtest_s_slippage_to_the_cent(parts: dict[str, object]) -> None:
    content = PLAYED | parts
    journal = _sailed(content)
    backtest = play(plan_of(request_of(validate(content, "test", {}))))
    paid = {one.order.id: one.slippage for one in backtest.record.orders if one.filled}
    with read_journal(journal) as reader:
        found = list(filled_orders(journal_orders("j", reader.entries()), Instrument))
    assert {one.id for one in found} == set(paid)
    for one in found:
        assert one.slippage == pytest.approx(paid[one.id], abs=0.005), one
    total = sum(one.slippage for one in found)
    assert total == pytest.approx(backtest.summary.activity.slippage, abs=0.005)
    assert total > 100.0
    assert sum(one.fees for one in found) == pytest.approx(
        backtest.summary.activity.commission, abs=0.005
    )


@pytest.mark.parametrize("given", ["percent:0.08", "fixed:0.5"])
def test_the_calibrated_component_makes_a_backtest_pay_it_again(given: str) -> None:
    """Measured in a session, written, and read by a backtest that assumed something else."""
    _sailed(PLAYED | {"slippage": given})
    said = _slippage("sma_cross", "--write", "measured.yaml")
    assert f"Calibrated slippage: {given.partition(':')[0]}" in said
    again = play(plan_of(request_of(validate(PLAYED | {"slippage": "measured.yaml"}, "test", {}))))
    with read_journal(Path("sessions/paper-sma_cross-1", JOURNAL_NAME)) as reader:
        found = list(filled_orders(journal_orders("j", reader.entries()), Instrument))
    realised = sum(one.slippage for one in found)
    assert again.summary.activity.slippage == pytest.approx(realised, abs=0.01)
    text = Path("measured.yaml").read_text()
    assert text.startswith("# Slippage measured from sessions/paper-sma_cross-1/journal.sqlite")
    assert "95 % interval" in text
    name, _, value = given.partition(":")
    measured = yaml.safe_load(text)["slippage"]
    assert (measured["name"], list(measured.values())[1]) == (name, float(value))


def test_the_command_line_takes_the_file_too() -> None:
    Path("measured.yaml").write_text("slippage: {name: fixed, amount: 0.25}\n")
    line = "run sma_cross --from 2017-01-01 --slippage measured.yaml --quiet --out r"
    assert CliRunner().invoke(app, line.split()).exit_code == 0
    assert yaml.safe_load(Path("r/run.yaml").read_text())["slippage"] == {
        "name": "fixed",
        "amount": 0.25,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read: No such file"),
        ("slippage: [", "is not valid YAML"),
        ("slippage: percent\n", "has no slippage component"),
        ("- 1\n", "has no slippage component"),
        ("slippage: {name: percnt}\n", "Did you mean 'percent'?"),
    ],
)
def test_a_file_that_is_none_is_refused(text: str | None, said: str) -> None:
    if text is not None:
        Path("own.yaml").write_text(text)
    line = "run sma_cross --from 2017-01-01 --slippage own.yaml --quiet --out r"
    result = CliRunner().invoke(app, line.split())
    assert result.exit_code == 2
    assert said in result.output
    assert not Path("r").exists()


# what it shows ---------------------------------------------------------------------------------


@pytest.fixture
def traded() -> Path:
    """A session that went long and was stopped out in a gap."""
    rows = [(100, 101, 99, 100), (101, 102, 99, 101), (101, 103, 96, 97), (90, 93, 91, 92)]
    folder = Path("sessions/paper-Scripted-7")
    with journal_in(folder) as journal:
        record(journal, {0: lambda s: s.go_long(stop_loss=95.0)}, [bars_of(rows)], free())
    return folder


def test_the_tables_are_rounded_and_the_signs_are_said(traded: Path) -> None:
    said = _slippage("Scripted")
    assert "A cost above 0 is worse than the price of the decision" in said
    assert "of 1 the open of the next bar; of 1 the price they waited for" in said
    lines = {line.split("  ")[0].strip(): line.split() for line in said.splitlines() if line}
    assert lines["market"][1:3] == ["1", "1,000"]
    assert lines["stop"][1:3] == ["1", "950"]
    assert lines["Execution: arrival to fill"][-2] == "0.00"
    assert lines["Delay: decision to arrival"][-2] == "60.00"
    assert "-0.00" not in said
    assert "the market's own clock" in said


def test_json_and_csv_are_for_machines(traded: Path) -> None:
    result = CliRunner().invoke(app, ["slippage", "--json", "--csv", "orders.csv"])
    content = json.loads(result.stdout)
    assert content["format"] == "slipway slippage 1"
    assert content["total"]["orders"] == 2
    assert content["by_order"][0]["name"] == "market"
    assert content["calibration"] is None
    with Path("orders.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["Scripted-1", "Scripted-2"]
    assert float(rows[1]["delay"]) == 50.0
    assert (rows[0]["source"], rows[0]["bid"]) == ("open", "99.99")


def test_a_picture_is_drawn(traded: Path) -> None:
    assert "Picture: cost.png" in _slippage("--plot", "cost.png")
    assert Path("cost.png").stat().st_size > 10_000


@pytest.mark.parametrize("place", ["paper-Scripted-7", "sessions/paper-Scripted-7"])
def test_a_journal_is_found_by_name_or_folder(traded: Path, place: str) -> None:
    assert "of 1 journal (shadow)" in _slippage("--journal", place)


def test_no_fills_are_a_sentence() -> None:
    assert "nothing to measure yet" in _slippage()
    with journal_in(Path("sessions/paper-Idle-1")) as journal:
        record(journal, {}, [bars_of([(100, 101, 99, 100)] * 3)], free())
    assert "No order has filled: there is nothing to measure yet." in _slippage("Idle")
    assert json.loads(_slippage("Idle", "--json"))["total"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Scriptd"], "Did you mean 'Scripted'?"),
        (["Scripted", "--journal", "x"], "Both 'Scripted' and --journal are given."),
        (["--journal", "nowhere"], "There is no journal 'nowhere'."),
        (["--few"], "--few and --quantile are of a calibration."),
        (["--write", "own.yaml"], "Slippage cannot be calibrated from 2 orders"),
        (["--write", "own.txt"], "End its name in .yaml."),
        (["--plot", "cost.xyz"], "A picture cannot be saved as 'cost.xyz'."),
    ],
)
def test_what_cannot_be_used_is_refused(traded: Path, words: list[str], said: str) -> None:
    assert said in " ".join(_slippage(*words, code=2).split())
    assert not Path("own.yaml").exists()


def test_few_can_be_insisted_on(traded: Path) -> None:
    assert "Fewer than 30 orders: mistrust it." in _slippage("--write", "own.yaml", "--few")
    assert yaml.safe_load(Path("own.yaml").read_text())["slippage"]["name"]


def test_a_session_in_lockstep_keeps_its_journal_where_it_is_told_to() -> None:
    line = "run sma_cross --from 2017-01-01 --set fast=5 --set slow=20 --paper --gateway emulator"
    kept = f"{line} --quiet --journal sessions/paper-sma_cross-1/journal.sqlite"
    result = CliRunner().invoke(app, f"{kept} --out a".split())
    assert result.exit_code == 0, result.output
    assert "Execution quality of 1 journal (paper)" in _slippage("sma_cross")
    again = CliRunner().invoke(app, f"{kept} --out b".split())
    assert again.exit_code == 2
    assert "is there already, and the emulator begins anew" in again.output
