"""`slipway referee` and `--engine`: the commands that bring a second broker in."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from framework.cli.app import app
from framework.referee import rules

SHORT = "--from 2015-01-01"


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(line: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, line.split())
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_the_referee_agrees_about_a_shipped_strategy() -> None:
    shown = run(f"referee sma_cross {SHORT}")
    assert "0 different (0.0 %), 0 without a rule." in shown
    assert shown.count("buy") >= 3


def test_the_referee_shows_only_differences_when_asked() -> None:
    shown = run(f"referee sma_cross {SHORT} --only-differences")
    assert "buy" not in shown
    assert "0 without a rule" in shown


def test_a_difference_without_a_rule_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "LIMIT_SLIPS_AT_OPEN" in run("referee opening_range_breakout")
    monkeypatch.setattr(rules, "RULES", ())
    assert "UNEXPLAINED" in run("referee opening_range_breakout", code=1)


def test_the_referee_writes_nothing() -> None:
    run(f"referee sma_cross {SHORT}")
    assert list(Path().iterdir()) == []


def test_a_run_on_backtrader_says_so_and_its_run_file_repeats_it() -> None:
    shown = run(f"run sma_cross {SHORT} --engine backtrader --out a")
    assert "Broker backtrader" in shown
    assert yaml.safe_load(Path("a/run.yaml").read_text("utf-8"))["engine"] == "backtrader"
    run("run --config a/run.yaml --out b")
    assert Path("a/trades.csv").read_bytes() == Path("b/trades.csv").read_bytes()


def test_both_engines_give_the_same_fills() -> None:
    run(f"run sma_cross {SHORT} --engine backtrader --out theirs")
    run(f"run sma_cross {SHORT} --out ours")
    ours, theirs = (pd.read_csv(f"{folder}/trades.csv") for folder in ("ours", "theirs"))
    pd.testing.assert_frame_equal(ours, theirs)


def test_an_unknown_engine_is_named() -> None:
    assert "Did you mean 'backtrader'?" in run("run sma_cross --engine backtradr", code=2)


def test_what_backtrader_cannot_do_is_refused() -> None:
    shown = run(f"run sma_cross {SHORT} --engine backtrader --slippage volume_share", code=2)
    assert "slippage" in shown.lower()


def test_a_strategy_written_for_backtrader_runs_by_its_path() -> None:
    Path("theirs.py").write_text(
        "import backtrader as bt\n\n\n"
        "class Cross(bt.Strategy):\n"
        "    params = (('fast', 10), ('slow', 30))\n\n"
        "    def __init__(self):\n"
        "        fast = bt.ind.SMA(period=self.p.fast)\n"
        "        self.cross = bt.ind.CrossOver(fast, bt.ind.SMA(period=self.p.slow))\n\n"
        "    def next(self):\n"
        "        if not self.position and self.cross > 0:\n"
        "            self.buy(size=10)\n"
        "        elif self.position and self.cross < 0:\n"
        "            self.close()\n",
        "utf-8",
    )
    shown = run(f"run theirs.py {SHORT} --set fast=5 --out own")
    assert "Cross(fast=5, slow=30" in shown
    run("run --config own/run.yaml --out again")
    assert Path("own/trades.csv").read_bytes() == Path("again/trades.csv").read_bytes()
    assert "0 without a rule" in run(f"referee theirs.py {SHORT}")


@pytest.mark.parametrize("command", ["referee sma_cross", "run sma_cross --engine backtrader"])
@pytest.mark.parametrize(
    ("fill", "named"),
    [
        ("backtesting_py", "children=market_entries"),
        ("slippage_on=entries", "slippage_on=entries"),
        ("limit_fill=through", "limit_fill=through"),
        ("backtrader --fill limit_slip_cap=none", "limit_slip_cap=none"),
    ],
)
def test_fill_rules_backtrader_cannot_be_told_are_refused(
    command: str, fill: str, named: str
) -> None:
    assert named in run(f"{command} {SHORT} --fill {fill}", code=2)


@pytest.mark.parametrize(
    "fill", ["backtrader", "backtrader --fill gap_slip=true", "gap_slip=false", "slip_cap=range"]
)
def test_fill_rules_backtrader_has_are_followed(fill: str) -> None:
    assert "0 without a rule" in run(f"referee sma_cross {SHORT} --fill {fill}")
